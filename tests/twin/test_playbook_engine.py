"""Playbooks: how they go on, as pure functions; files that are wrong; what the plan says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.playbook_samples import GOOD
from twin.clock import NS_PER_S
from twin.commands.base import command_registry
from twin.errors import TwinError
from twin.playbooks.engine import OVER, guard_state, next_moves, plan_of, progress_of, refusal
from twin.playbooks.library import bundled_playbook, bundled_playbooks
from twin.playbooks.model import (
    After,
    Choice,
    Evidence,
    Playbook,
    PlaybookRun,
    Reading,
    Source,
    Step,
    task_id,
)
from twin.playbooks.reading import PlaybookError, parse_playbook, read_playbook
from twin.playbooks.rules import ancestors_of, circle_of, filled_args, first_fault
from twin.room.model import Operator
from twin.room.parts.incidents import Task

TYPES = command_registry()
ADA = Operator(name="Ada", department="water", console_id="c1")
T0 = 1_000 * NS_PER_S


def read(text: str = GOOD) -> Playbook:
    return parse_playbook(text, Path("flood.yaml"), TYPES)


def run_of(playbook: Playbook, **passed: str) -> PlaybookRun:
    return PlaybookRun(
        id="r", incident="i", playbook=playbook, started_by=ADA, started_ns=T0, passed=passed
    )


def task(step: str, status: str = "done", at_s: float = 0.0, **evidence: Any) -> Task:
    return Task(
        id=task_id("r", step), incident="i", title=step, status=status, step=step, by=ADA,
        at_ns=T0 + round(at_s * NS_PER_S), given_ns=T0,
        evidence=Evidence(**evidence) if evidence else None,
    )  # fmt: skip


def moves(playbook: Playbook, *tasks: Task, at_s: float = 0.0, **passed: str) -> Any:
    by_id = {one.id: one for one in tasks}
    return next_moves(run_of(playbook, **passed), by_id.get, T0 + round(at_s * NS_PER_S))


def test_a_file_becomes_steps() -> None:
    playbook = read()
    assert (playbook.id, playbook.kind) == ("flood", "flood")
    measure = playbook.step("measure")
    assert measure is not None
    assert (measure.deadline_s, measure.deadline_of) == (300.0, "start")
    assert [one.id for one in measure.choices] == ["yes", "no"], "no word becomes a truth value"
    assert measure.collect[0].take == "highest"
    assert playbook.step("close").command.args == {"cause": "flood"}  # type: ignore[union-attr]


def test_steps_open_when_what_they_wait_for_is_over() -> None:
    playbook = read()
    first = moves(playbook)
    assert [(step.id, due) for step, due in first.opened] == [("measure", T0 + 300 * NS_PER_S)]
    assert not first.passed
    assert moves(playbook, task("measure", "taken")) == moves(playbook, task("measure", "open"))
    then = moves(playbook, task("measure", choice="yes"), at_s=60)
    assert [(step.id, due) for step, due in then.opened] == [("close", T0 + 150 * NS_PER_S)]
    assert then.passed == {"watch": "“How deep is it?” was answered “Over 30 cm”"}


def test_branches_join_again_and_the_run_ends() -> None:
    playbook = read()
    done = [task("measure", at_s=10, choice="no"), task("watch", at_s=20)]
    last = moves(playbook, *done, close="not chosen")
    assert [(step.id, due) for step, due in last.opened] == [("open", T0 + 3_610 * NS_PER_S)]
    ended = moves(playbook, *done, task("open", "skipped"), close="not chosen")
    assert ended.is_ended
    assert not ended.opened
    assert not moves(playbook, *done, close="x").is_ended


def test_a_question_that_is_skipped_passes_all_its_branches_and_what_only_they_lead_to() -> None:
    playbook = read()
    skipped = moves(playbook, task("measure", "skipped"))
    assert set(skipped.passed) == {"close", "watch", "open"}
    assert "was not answered" in skipped.passed["close"]
    assert "was not needed" in skipped.passed["open"]
    assert skipped.is_ended


def test_the_plan_adds_up_and_is_shown_against_what_was_done() -> None:
    playbook = read()
    assert plan_of(playbook) == {"measure": 300.0, "close": 390.0, "watch": 300.0, "open": 3900.0}
    run = run_of(playbook, watch="not chosen")
    tasks = {t.id: t for t in (task("measure", at_s=320, choice="yes"), task("close", "open"))}
    rows = {row.step.id: row for row in progress_of(run, tasks.get)}
    assert rows["measure"].ended_ns - rows["measure"].planned_ns == 20 * NS_PER_S
    assert [rows[i].status for i in ("measure", "close", "watch", "open")] == [
        "done", "open", "passed", "waiting"
    ]  # fmt: skip


def test_a_guard_asks_the_values_that_were_attached() -> None:
    step = read().step("open")
    assert step is not None
    facts = {"minutes": 3.0, "severity": 2.0, "units_on_scene": 0.0, "departments_waiting": 0.0}

    def level(value: float) -> Evidence:
        one = Reading(name="level", datastream_id="g/water_level", thing_name="G", value=value)
        return Evidence(readings=(one,))

    assert guard_state(step, {"level": 0.05}) is True
    assert "Water under 10 cm" in refusal(step, "done", level(0.4), facts)
    assert "level is not known" in refusal(step, "done", Evidence(), facts)
    assert not refusal(step, "done", level(0.05), facts)
    assert not refusal(step, "taken", level(0.4), facts), "it may be taken while it waits"
    assert not refusal(step, "done", Evidence(override="Gauge is broken"), facts)


def test_the_guard_of_a_command_is_asked_before_it_and_not_when_it_has_worked() -> None:
    text = GOOD.replace("    command: {type", "    guard: minutes < 5.0\n    command: {type")
    step = read(text).step("close")
    assert step is not None
    given, late = Evidence(commands=("k",)), {"minutes": 9.0}
    assert "waits" in refusal(step, "taken", given, late, gives_command=True)
    assert "waits" in refusal(step, "done", given, late, gives_command=True), "nor at one stroke"
    assert not refusal(step, "taken", given, {"minutes": 1.0}, gives_command=True)
    assert not refusal(step, "done", given, late)


def test_a_step_with_a_command_is_done_when_the_city_shows_it() -> None:
    step = read().step("close")
    assert step is not None
    assert "was not given" in refusal(step, "done", Evidence(), {})
    given = Evidence(commands=("k",))
    assert "is EXECUTING" in refusal(step, "done", given, {}, ("“Close” is EXECUTING",))
    assert not refusal(step, "done", given, {})


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
(
            "title: Flooded underpass",
            "titel: x",
            "line 2: a playbook has no “titel”; did you mean “title”?",
        ),
        (
            "after: measure=yes",
            "after: mesure=yes",
            "line 18: it waits for a step “mesure” that is not there; did you mean “measure”?",
        ),
        (
            "after: measure=yes",
            "after: measure=yess",
            "line 18: “measure” has no choice “yess”; did you mean “yes”?",
        ),
        ("after: measure=no", "after: open", "it waits for itself: watch after open"),
        ("deadline: 90 s", "deadline: soon", "line 19: a deadline is like “5 min”"),
        ("deadline: 90 s", "deadline: 90", "“deadline” is a text, not 90"),
        (
            "deadline: 1 h after measure",
            "deadline: 1 h after watched",
            "which is no step before it; did you mean “watch”?",
        ),
        (
            "type: road.close",
            "type: road.clos",
            "no command is called “road.clos”; did you mean “road.close”",
        ),
        ("cause: flood", "cause: cats", "Cause must be one of works, accident, event, flood"),
        ("department: traffic", "department: energy", "energy may not give “Close road”"),
        (
            "level < 0.1",
            "levl < 0.1",
            "its guard: nothing is called “levl”; known are level, minutes",
        ),
        ("level < 0.1", "level", "it is no yes or no"),
        ("level < 0.1", "target.x < 1.0", "“target.x” is for interlocks"),
        ("take: highest", "take: tallest", "“take” is one of nearest, highest, lowest, every"),
        ("within_m: 400", "within_m: far", "“within_m” is a number, not 'far'"),
        ("level: {kind", "severity: {kind", "a value cannot be called “severity”"),
        ("id: watch", "id: close", "a second step is called “close”"),
        ("id: watch", "id: Watch it", "is no word of 1 to 24 small letters"),
        ("title: Watch it", "title: 7", "“title” is a text, not 7; put it in quotes"),
        ("no: Shallow", "maybe: Shallow", "has no choice “no”"),
        ("steps:", "steps: []\nmore:", "has no “more”"),
        ("kind: flood", "kind: flood\nkind: fire", "“kind” stands here twice"),
        (
            "departments: [water, traffic]",
            "departments: {a: b}",
            "“departments” is a list of names",
        ),
        ("  - id: open", "  - id: [", "line 2"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(PlaybookError) as caught:
        read(GOOD.replace(old, new, 1))
    text = str(caught.value)
    assert text.startswith("flood.yaml, line ")
    assert says in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "text", ["", "- a\n- b", "steps: 5", "\x00", "a: &x 1\nb: *x", "title: t\nsteps: [7]"]
)
def test_what_is_no_playbook_at_all(text: str) -> None:
    with pytest.raises(PlaybookError, match=r"flood.yaml, line"):
        read(text)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match="cannot be read"):
        read_playbook(tmp_path / "none.yaml", TYPES)
    binary = tmp_path / "b.yaml"
    binary.write_bytes(b"title: x\n\xff\xfe")
    with pytest.raises(PlaybookError, match=r"line 2: this is no UTF-8"):
        read_playbook(binary, TYPES)
    long = tmp_path / "long.yaml"
    long.write_text("# " + "x" * 300_000)
    with pytest.raises(PlaybookError, match="several playbooks"):
        read_playbook(long, TYPES)


def test_arguments_take_the_place_of_the_incident() -> None:
    args = {"x_m": "{incident.x}", "place": "At {incident.title}", "n": 3}
    stands_for = {"incident.x": 12.5, "incident.title": "Quay"}
    assert filled_args(args, stands_for) == {"x_m": 12.5, "place": "At Quay", "n": 3}


def test_the_bundled_playbooks_are_sound() -> None:
    playbooks = bundled_playbooks()
    assert {one.kind for one in playbooks} >= {"flood", "fire", "crowd", "accident"}
    for one in playbooks:
        assert first_fault(one, TYPES) is None
        assert any(step.command is not None for step in one.steps), one.title
    assert bundled_playbook(playbooks[0].id) is playbooks[0]
    with pytest.raises(TwinError, match="known are"):
        bundled_playbook("nothing")


@st.composite
def playbooks(draw: st.DrawFn) -> Playbook:
    """Acyclic playbooks with branches."""
    n = draw(st.integers(1, 9))
    steps: list[Step] = []
    for k in range(n):
        is_question = draw(st.booleans())
        choices = tuple(Choice(id=c, title=c.upper()) for c in "ab") if is_question else ()
        after = []
        for other in draw(st.sets(st.integers(0, max(0, k - 1)), max_size=3)) if k else ():
            choice = draw(st.sampled_from(["", "a", "b"])) if steps[other].choices else ""
            after.append(After(step=f"s{other}", choice=choice))
        steps.append(
            Step(
                id=f"s{k}", title=f"Step {k}", after=tuple(after), choices=choices,
                deadline_s=draw(st.sampled_from([0.0, 60.0, 600.0])),
                collect=(Source(name="v"),),
            )
        )  # fmt: skip
    return Playbook(id="p", title="P", steps=tuple(steps))


@settings(max_examples=150, deadline=None)
@given(playbook=playbooks(), data=st.data())
def test_every_playbook_comes_to_an_end_whatever_is_done(playbook: Playbook, data: Any) -> None:
    assert first_fault(playbook, TYPES) is None
    assert not circle_of(playbook)
    tasks: dict[str, Task] = {}
    run, now_ns = run_of(playbook), T0
    for _ in range(3 * len(playbook.steps) + 2):
        found = next_moves(run, tasks.get, now_ns)
        run = run_of(playbook, **{**run.passed, **found.passed})
        for step, due_ns in found.opened:
            assert task_id("r", step.id) not in tasks, "a step opens once"
            before = ancestors_of(playbook, step.id)
            assert all(i in run.passed or tasks[task_id("r", i)].status in OVER for i in before), (
                "nothing opens before what it waits for"
            )
            one = task(step.id, "open")
            tasks[one.id] = Task(
                id=one.id, incident="i", title="x", step=step.id, due_ns=due_ns, given_ns=now_ns
            )
        again = next_moves(run, tasks.get, now_ns)
        assert not again.opened, "asking twice opens nothing twice"
        assert not again.passed
        if found.is_ended:
            break
        waiting = [t for t in tasks.values() if t.status == "open"]
        assert waiting, "there is always something to do until it ends"
        chosen = data.draw(st.sampled_from(waiting))
        now_ns += 30 * NS_PER_S
        step = playbook.step(chosen.step)
        assert step is not None
        status = data.draw(st.sampled_from(["done", "skipped"]))
        answer = data.draw(st.sampled_from("ab")) if step.choices else ""
        tasks[chosen.id] = task(step.id, status, (now_ns - T0) / NS_PER_S, choice=answer)
    assert next_moves(run, tasks.get, now_ns).is_ended
    assert all(row.status in OVER for row in progress_of(run, tasks.get))


@settings(max_examples=200, deadline=None)
@given(
    at=st.integers(0, len(GOOD) - 1),
    n=st.integers(0, 40),
    put=st.one_of(
        st.text(max_size=12),
        st.sampled_from(["{", "[", ": ", "- ", "'", "\n", "\t", "null", "1e9", ".inf", "!!set"]),
    ),
)
def test_a_file_that_was_damaged_is_read_or_told_in_one_sentence(at: int, n: int, put: str) -> None:
    text = GOOD[:at] + put + GOOD[at + n :]
    told, playbook = "", None
    try:
        playbook = read(text)
    except PlaybookError as error:
        told = str(error)
    assert told.startswith("flood.yaml, line ") or playbook is not None
    assert playbook is None or first_fault(playbook, TYPES) is None
