"""The room: a pure fold with a fingerprint."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import TwinError, WireError
from twin.room.errors import EventError
from twin.room.fold import ACTIVITY_LENGTH, Room
from twin.room.model import TERMINAL_STATES, Command, CommandState, Event
from twin.room.parts.commands import FINISHED_KEPT, Commands
from twin.room.parts.operators import Operators
from twin.room.transitions import ALLOWED, IllegalTransitionError, is_allowed

ADA = {"name": "Ada", "department": "traffic", "console_id": "c1"}
S = CommandState


def event(seq: int, kind: str, **body: object) -> Event:
    return Event(seq=seq, t_ns=1_000 * seq, kind=kind, actor="test", body=body)


def submitted(seq: int, command_id: str = "k1") -> Event:
    request = {
        "id": command_id, "type_id": "road.close", "type_version": 1, "target_id": "r1",
        "target_name": "Harbour Street", "args": {"cause": "works"},
    }  # fmt: skip
    return event(seq, "command.submitted", request=request, operator=ADA, effect_text="it stops")


def moved(seq: int, state: CommandState, command_id: str = "k1", **more: object) -> Event:
    return event(seq, "command.state", id=command_id, state=state.value, text=f"is {state}", **more)


def room_of(*events: Event) -> Room:
    room = Room()
    for one in events:
        room.apply(one)
    return room


LIFE = (S.QUEUED, S.RELEASED, S.SENT, S.ACCEPTED, S.EXECUTING, S.VERIFIED)


def life() -> list[Event]:
    events = [submitted(1)]
    for seq, state in enumerate(LIFE, start=2):
        events.append(moved(seq, state, observed=12.5 if state is S.VERIFIED else None))
    return events


def test_a_command_is_followed_to_its_end() -> None:
    room = room_of(*life())
    command = room.commands["k1"]
    assert command.state is S.VERIFIED
    assert command.is_terminal
    assert command.observed == 12.5
    assert command.state_text == "is VERIFIED"
    assert command.times_ns == {"SUBMITTED": 1_000} | {
        state.value: 1_000 * seq for seq, state in enumerate(LIFE, start=2)
    }
    assert command.issued_by.name == "Ada"


def test_apply_says_which_parts_moved() -> None:
    room = Room()
    assert room.apply(submitted(1)) == {"commands", "shifts", "activity"}
    assert room.apply(event(2, "operator.joined", **ADA)) == {"operators", "activity"}
    assert room.apply(event(3, "note.added", id="n", text="hello")) == {"activity"}
    assert room.apply(event(4, "from.a.later.release", anything=1)) == {"activity"}


def test_operators_come_and_go_and_a_restart_clears_them() -> None:
    room = room_of(event(1, "operator.joined", **ADA))
    assert list(room.operators) == ["c1"]
    room.apply(event(2, "operator.left", console_id="c1"))
    assert not room.operators
    room.apply(event(3, "operator.joined", **ADA))
    room.apply(event(4, "hub.started", text=""))
    assert not room.operators


@pytest.mark.parametrize(
    "bad",
    [
        submitted(9),
        submitted(8, "k1"),
        moved(8, S.FAILED),
        moved(8, S.QUEUED, "nobody"),
        event(8, "command.state", id="k1"),
        event(8, "command.state", id="k1", state="LOST"),
        event(8, "command.submitted", request={}),
        event(8, "operator.joined", name=3),
        event(8, "operator.left"),
    ],
)
def test_an_event_that_does_not_fit_changes_nothing(bad: Event) -> None:
    room = room_of(*life())
    before = (room.state_hash(), room.to_bytes())
    with pytest.raises(TwinError):
        room.apply(bad)
    assert (room.state_hash(), room.to_bytes()) == before


def test_a_gap_is_named() -> None:
    with pytest.raises(EventError, match="Event 3 came where event 1 was due"):
        Room().apply(submitted(3))


def test_terminal_states_are_final_and_every_state_is_in_the_table() -> None:
    assert set(ALLOWED) == set(CommandState)
    for state in TERMINAL_STATES:
        assert not any(is_allowed(state, other) for other in CommandState)
    for state in set(CommandState) - TERMINAL_STATES:
        assert ALLOWED[state], f"{state} is a dead end"


@given(st.lists(st.sampled_from(list(CommandState)), max_size=12))
def test_only_the_table_decides_what_may_follow(states: list[CommandState]) -> None:
    room = room_of(submitted(1))
    for state in states:
        old = room.commands["k1"].state
        one = moved(room.seq + 1, state)
        if is_allowed(old, state):
            room.apply(one)
            assert room.commands["k1"].state is state
        else:
            with pytest.raises(IllegalTransitionError):
                room.apply(one)
            assert room.commands["k1"].state is old


def busy_room(n: int = 60) -> Room:
    room = Room()
    for i in range(n):
        room.apply(submitted(room.seq + 1, f"k{i}"))
        for state in LIFE[: i % 7]:
            room.apply(moved(room.seq + 1, state, f"k{i}"))
    room.apply(event(room.seq + 1, "operator.joined", **ADA))
    return room


def test_a_snapshot_is_the_room_and_goes_on_like_it() -> None:
    room = busy_room()
    copy = Room.from_bytes(room.to_bytes())
    for _ in range(3):
        assert copy.state_hash() == room.state_hash()
        assert copy.to_bytes() == room.to_bytes()
        assert list(copy.commands) == list(room.commands)
        one = submitted(room.seq + 1, f"later {room.seq}")
        assert room.apply(one) == copy.apply(one)


def test_the_fingerprint_is_the_one_the_wire_page_describes() -> None:
    room = busy_room()
    picture = msgspec.msgpack.decode(room.to_bytes())
    tables = {**picture["tables"], "event": picture["activity"]}
    total = count = 0
    for name, entries in tables.items():
        for entry in entries:
            encoded = msgspec.msgpack.encode(entry)
            digest = hashlib.blake2b(encoded, digest_size=16, person=name.encode()).digest()
            total += int.from_bytes(digest, "little")
            count += 1
    text = f"{picture['seq']}:{count}"
    text += f":{total % 2**128:x}"
    assert hashlib.blake2b(text.encode(), digest_size=16).hexdigest() == room.state_hash()


def test_every_part_is_in_the_fingerprint() -> None:
    seen = {busy_room().state_hash()}
    room = busy_room()
    for table in (room[Commands].by_id, room[Operators].by_console):
        other = Room.from_bytes(room.to_bytes())
        same = next(t for p in other._parts.values() for t in p.tables if t.name == table.name)
        assert same.drop(next(iter(same))) is not None
        seen.add(other.state_hash())
    for one in (event(room.seq + 1, "note.added", text="a"), submitted(room.seq + 1, "new")):
        other = Room.from_bytes(room.to_bytes())
        other.apply(one)
        seen.add(other.state_hash())
    assert len(seen) == 5


def test_the_room_forgets_old_commands_but_none_that_is_not_over() -> None:
    room = Room()
    room.apply(submitted(1, "open"))
    for i in range(FINISHED_KEPT + 10):
        room.apply(submitted(room.seq + 1, f"k{i}"))
        room.apply(moved(room.seq + 1, S.REJECTED, f"k{i}"))
    assert len(room.commands) == FINISHED_KEPT + 1
    assert "open" in room.commands
    assert "k9" not in room.commands
    copy = Room.from_bytes(room.to_bytes())
    for one in (copy, room):
        one.apply(submitted(one.seq + 1, "new"))
        one.apply(moved(one.seq + 1, S.REJECTED, "new"))
    assert "k10" not in copy.commands
    assert copy.state_hash() == room.state_hash()


def test_the_activity_is_a_bounded_tail() -> None:
    room = Room()
    for seq in range(1, ACTIVITY_LENGTH + 51):
        room.apply(event(seq, "note.added", text=str(seq)))
    assert len(room.activity) == ACTIVITY_LENGTH
    assert room.activity[-1].body["text"] == str(ACTIVITY_LENGTH + 50)
    assert Room.from_bytes(room.to_bytes()).state_hash() == room.state_hash()


@given(st.binary(max_size=200))
def test_garbage_is_no_snapshot(garbage: bytes) -> None:
    with pytest.raises(WireError):
        Room.from_bytes(garbage)


def test_a_command_of_the_room_is_plain_data() -> None:
    assert isinstance(busy_room().commands["k3"], Command)
