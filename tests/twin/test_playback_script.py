"""Scripts: what is read, and what is wrong with file, line and a suggestion."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.playback.script import ScriptError, parse_script, read_script
from twin.playback.verbs import VERBS
from twin.room.model import CommandState

BUNDLED = Path(__file__).resolve().parents[2] / "resources" / "scripts"
GOOD = """
title: Small
seats:
  fire: {operator: Ben, department: fire}
steps:
  - {seat: fire, do: submit, label: gate, command: gate.set, target: gate-1, args: {opening_pct: 5}}
  - {expect: {label: gate, state: VERIFIED}, within_s: 9}
"""


def parse(text: str) -> None:
    parse_script(text, Path("small.yaml"))


def test_a_script_is_read_with_its_lines() -> None:
    script = parse_script(GOOD, Path("small.yaml"))
    assert script.title == "Small"
    assert [step.line for step in script.steps] == [6, 7]
    submit, expect = script.steps
    assert submit.fields["args"] == {"opening_pct": 5}
    assert (expect.seat, expect.within_s) == ("", 9.0)
    assert expect.when.states == (CommandState.VERIFIED,)
    assert script.of_seat("fire") == (submit,)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("do: submit", "do: submitt", "line 6: nobody can do “submitt”; did you mean “submit”?"),
        ("seat: fire", "seat: firr", "line 6: there is no seat “firr”; did you mean “fire”?"),
        ("label: gate, command", "command", "line 6: “submit” needs “label”"),
        ("state: VERIFIED", "state: VERYFIED", "line 7: no command is ever “VERYFIED”"),
        ("label: gate, state", "label: gatte, state", "line 7: no step submits a command labelled"),
        ("within_s: 9", "within_s: soon", "line 7: “within_s” is a number"),
        ("state: VERIFIED", "sate: VERIFIED", "line 7: a condition has no “sate”"),
        (", state: VERIFIED", "", "line 7: a label goes with a state"),
        ("label: gate, state: VERIFIED", "datastream: a/b", "line 7: a datastream goes with one"),
        ("title: Small", "title: [", "small.yaml, line"),
        ("title: Small", "titel: Small", "a script has no “titel”"),
        ("title: Small", "title: Small\nversion: 9", "reads scripts of version 1"),
        ("args: {opening_pct: 5}", "args: {opening_pct: 5}, args: {}", "“args” stands here twice"),
        ("args: {opening_pct: 5}", "args: &a {}, reason: *a", "anchors are not used"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, sentence: str) -> None:
    assert old in GOOD
    with pytest.raises(ScriptError) as caught:
        parse(GOOD.replace(old, new, 1))
    assert sentence in str(caught.value)
    assert "small.yaml" in str(caught.value)


@pytest.mark.parametrize("text", ["", "3", "[]", "title: x", "steps: []", "steps: 5", "a: b: c"])
def test_what_is_no_script(text: str) -> None:
    with pytest.raises(ScriptError):
        parse(text)


@given(st.text(max_size=200))
def test_any_text_is_a_script_or_a_sentence(text: str) -> None:
    try:
        parse(text)
    except ScriptError as error:
        assert "small.yaml" in str(error)  # noqa: PT017


def test_yes_and_dates_are_words() -> None:
    text = GOOD.replace("title: Small", "title: No\nsummary: 2026-01-02")
    script = parse_script(text, Path("small.yaml"))
    assert (script.title, script.summary) == ("No", "2026-01-02")


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="cannot be read"):
        read_script(tmp_path / "none.yaml")


def test_a_script_that_explodes_is_refused() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40)]
    with pytest.raises(ScriptError, match="anchors"):
        parse("\n".join(lines))


@pytest.mark.parametrize("path", sorted(BUNDLED.glob("*.yaml")), ids=lambda path: path.stem)
def test_bundled_scripts_are_sound(path: Path) -> None:
    script = read_script(path)
    assert any(step.verb == "expect" for step in script.steps)
    assert {step.verb for step in script.steps} <= set(VERBS)
