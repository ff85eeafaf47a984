"""What an operator does becomes a script that can be read and played."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.hub_rig import FakeCity, console, obey, polled, request, running_hub, until
from twin.analysis.pose import Pose
from twin.clock import NS_PER_S
from twin.ids import uuid7
from twin.link.control import Act, Cancel, Note
from twin.link.presence import Look, PresenceState
from twin.playback.noting import REST_NS, Noter, head_of, step_line
from twin.playback.script import Script, parse_script
from twin.room.fold import Room
from twin.room.model import CommandState, Operator

ADA = Operator(name="Ada: “the first”", department="water", console_id="c1")


class HandClock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.ns = 1_790_000_000 * NS_PER_S

    def now_ns(self) -> int:
        return self.ns

    def monotonic_ns(self) -> int:
        return self.ns

    def pass_s(self, seconds: float) -> None:
        self.ns += round(seconds * NS_PER_S)


class Noted:
    """A noter and its text."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.lines: list[str] = []
        self.noter = Noter(seat="water", clock=self.clock, write=self.lines.append)

    def script(self) -> Script:
        text = head_of("A drill", "water", ADA) + "\n".join(self.lines)
        return parse_script(text, Path("noted.yaml"))


def _look(x: float) -> PresenceState:
    pose = Pose(focal_m=(x, 5.0, 0.0), distance_m=200.0, azimuth_rad=0.5, elevation_rad=0.6)
    return PresenceState(look=Look.of(pose))


def test_commands_answers_and_words_become_steps_of_the_seat() -> None:
    noted = Noted()
    asked = request("gate.set", "gate-1", {"opening_pct": 40.0}, reason="It rises: quickly")
    noted.clock.pass_s(3)
    noted.noter.take(asked)
    noted.clock.pass_s(62)
    for kind, body in (
        ("approval.give", {"command_id": asked.id, "digest": "ab", "text": ""}),
        ("lease.take", {"asset_id": "gate-1", "asset_name": "Gate"}),
        ("message.post", {"channel": "room", "text": "Go – “now”", "links": []}),
        ("task.give", {"id": "t1", "title": "Barrier", "due_ns": noted.clock.ns + 300 * NS_PER_S}),
        ("approval.give", {"command_id": "of-somebody", "digest": "ab", "text": ""}),
    ):
        noted.noter.take(Act(id=uuid7(), kind=kind, body=body))
    noted.noter.take(Note(id=uuid7(), text="Noted"))
    noted.noter.take(Cancel(id=uuid7(), command_id=asked.id))
    steps = noted.script().steps
    assert [one.verb for one in steps] == [
        "submit", "approve", "take", "message", "act", "note", "cancel",
    ]  # fmt: skip
    assert {one.seat for one in steps} == {"water"}
    assert [one.at_s for one in steps[:2]] == [3.0, 65.0]
    assert steps[0].fields == {
        "label": "c1", "command": "gate.set", "target": "gate-1", "args": {"opening_pct": 40.0},
        "reason": "It rises: quickly",
    }  # fmt: skip
    assert steps[4].fields["body"]["due_ns"] == {"in_s": 300}
    assert steps[6].fields == {"label": "c1"}


def test_a_camera_is_noted_where_it_comes_to_rest() -> None:
    noted = Noted()
    for x in range(20):
        noted.noter.take(_look(float(x)))
        noted.clock.pass_s(0.1)
        noted.noter.look(Room())
    assert not noted.lines
    noted.clock.pass_s(REST_NS / NS_PER_S)
    noted.noter.look(Room())
    noted.noter.take(_look(19.0))
    noted.clock.pass_s(5)
    noted.noter.look(Room())
    (step,) = noted.script().steps
    assert (step.verb, step.seat) == ("camera", "")
    assert step.fields["to"] == [19.0, 5.0, 0.0]
    assert step.fields["seconds"] == pytest.approx(1.9, abs=0.11)


def test_the_way_of_the_camera_comes_before_what_is_done_at_its_end() -> None:
    noted = Noted()
    noted.noter.take(_look(7.0))
    noted.noter.take(PresenceState(look=_look(7.0).look, selected="Gate", selected_id="gate-1"))
    assert [one.verb for one in noted.script().steps] == ["camera", "select"]


def test_a_command_that_came_true_is_expected_of_the_next_run(tmp_path: Path) -> None:
    with running_hub(tmp_path / "j.sqlite") as hub:
        given: list[object] = []
        with (
            FakeCity(hub.addresses, obey) as city,
            console(hub.addresses.control, tmp_path, on_given=given.append) as ada,
        ):
            until(lambda: polled(ada).room.operators)
            noted = Noted()
            asked = request()
            ada.submit(asked)
            ada.add_note("Over to the others")
            assert given[0] is asked
            for one in given:
                noted.noter.take(one)  # type: ignore[arg-type]
            until(lambda: city.announce() or _is_verified(polled(ada).room, asked.id), 20.0)
            noted.clock.pass_s(20)
            noted.noter.look(ada.room)
            noted.noter.look(ada.room)
    script = noted.script()
    assert [one.verb for one in script.steps] == ["submit", "note", "expect"]
    (expected,) = script.watched()
    assert expected.when.states == (CommandState.VERIFIED,)
    assert expected.by_s == 60.0


def _is_verified(room: Room, command_id: str) -> bool:
    command = room.commands.get(command_id)
    return command is not None and command.state is CommandState.VERIFIED


@given(st.text(max_size=60), st.dictionaries(st.text(max_size=8), st.floats(allow_nan=False)))
def test_whatever_is_written_stays_one_line_and_comes_back(text: str, args: dict) -> None:
    step = {"seat": "water", "do": "message", "text": text, "args": args}
    line = step_line(step)
    assert "\n" not in line
    assert yaml.safe_load(line) == [step]


@given(st.text(min_size=1, max_size=60).filter(str.isprintable))
def test_a_message_is_read_back_as_it_was(text: str) -> None:
    noted = Noted()
    body = {"channel": "room", "text": text, "links": []}
    noted.noter.take(Act(id=uuid7(), kind="message.post", body=body))
    (step,) = noted.script().steps
    assert step.fields["text"] == text
