"""``civitwin playbooks`` as somebody who writes playbooks meets it."""

from __future__ import annotations

from pathlib import Path

from viewer.cli import main

ROAD = "resources/playbooks/road-accident.yaml"


def test_sound_files_are_counted(capsys) -> None:
    files = sorted(Path("resources/playbooks").glob("*.yaml"))
    assert main(["playbooks", "check", *map(str, files)]) == 0
    out = capsys.readouterr()
    assert out.err == ""
    assert f"{ROAD}: 8 steps, sound" in out.out
    assert "Warning" not in out.out


def test_each_bad_file_is_told_with_its_line_and_the_good_ones_still_count(
    tmp_path: Path, capsys
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("title: x\nsteps:\n  - {id: a, title: A, after: b}\n")
    assert main(["playbooks", "check", str(bad), ROAD, str(tmp_path / "none.yaml")]) == 1
    out = capsys.readouterr()
    first, second = out.err.splitlines()
    assert first == f"{bad}, line 3: it waits for a step “b” that is not there"
    assert second.startswith("The playbook cannot be read")
    assert "8 steps, sound" in out.out


def test_departments_that_nobody_knows_are_a_warning(tmp_path: Path, capsys) -> None:
    odd = tmp_path / "odd.yaml"
    odd.write_text("title: x\ndepartments: [watr]\nsteps:\n  - {id: a, title: A}\n")
    assert main(["playbooks", "check", str(odd)]) == 0
    assert "“watr”; did you mean “water”?" in capsys.readouterr().out


def test_a_playbook_is_shown_by_its_steps(capsys) -> None:
    assert main(["playbooks", "show", ROAD]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Road accident with injuries")
    assert "(traffic, by 8 min, after lanes=blocked, road.close)" in out
