"""The script panel: noting, checking, files."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from tests.twin.hub_rig import request
from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.ids import uuid7
from twin.link.control import Note
from twin.playback.script import read_script


def test_what_is_done_while_noting_becomes_text_that_can_be_played(
    full_world, open_panel, qtbot: QtBot, tmp_path: Path
) -> None:
    panel = open_panel("script")
    session = panel.session
    session.given.emit(request())
    assert panel.text.toPlainText() == ""
    panel.note.click()
    assert panel.note.text() == "Stop noting"
    session.given.emit(request("gate.set", "gate-1", {"opening_pct": 30.0}))
    panel.caption.setText("The gate opens")
    panel.add_caption()
    assert panel.caption.text() == ""
    panel.note.click()
    session.given.emit(Note(id=uuid7(), text="Not noted any more"))
    qtbot.waitUntil(lambda: panel.text.is_right, timeout=5_000)
    assert panel.said.text() == "It can be played: 2 steps, 0 of them expectations"
    path = tmp_path / "mine.yaml"
    told: list[str] = []
    stop = session.message.connect(told.append)
    panel.save_to(path)
    stop()
    assert told == [f"Saved; play it with: civitwin play {path}"]
    assert [step.verb for step in read_script(path).steps] == ["submit", "caption"]


def test_a_wrong_line_is_named_marked_and_found(
    full_world, open_panel, qtbot: QtBot, tmp_path: Path
) -> None:
    panel = open_panel("script")
    path = tmp_path / "wrong.yaml"
    path.write_text(
        "title: A\nseats:\n  a: {operator: A, department: fire}\nsteps:\n"
        "  - {seat: a, do: note, text: x}\n  - {seat: a, do: dance}\n"
    )
    panel.open_file(path)
    assert panel.said.text().startswith("Line 6: nobody can do “dance”")
    assert panel.said.property("role") == "error"
    panel.text.go_to_wrong()
    assert panel.text.textCursor().blockNumber() == 5
    panel.text.setPlainText(panel.text.toPlainText().replace("dance", "note, text: y"))
    qtbot.waitUntil(lambda: panel.text.is_right, timeout=5_000)
    assert not panel.text.extraSelections()
    assert panel.go.isHidden()


def test_a_file_that_is_none_leaves_the_text(full_world, open_panel, tmp_path: Path) -> None:
    panel = open_panel("script")
    panel.text.setPlainText("title: Kept")
    told: list[str] = []
    stop = panel.session.message.connect(told.append)
    panel.open_file(tmp_path / "absent.yaml")
    panel.save_to(tmp_path / "absent" / "x.yaml")
    stop()
    assert [one.split(" (")[0] for one in told] == [
        "The script was not opened", "The script was not saved",
    ]  # fmt: skip
    assert panel.text.toPlainText() == "title: Kept"
