"""A console looks back while others stay live, and comes back without having lost anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.twin import recordings
from tests.twin.hub_rig import console, polled, running_hub, until
from tests.twin.recordings import START_NS
from tests.twin.watching_rig import BEN, session_of, watching
from twin.clock import NS_PER_S, FakeClock
from twin.playback.cursor_clock import CursorClock
from twin.playback.live_memory import LiveMemory
from twin.playback.no_hub import NoHub
from twin.playback.time_machine import Loop, Mode, TimeMachine
from twin.recording.reading import Recording
from twin.session import TwinSession


def test_one_console_looks_back_while_the_other_stays_live(tmp_path: Path) -> None:
    with (
        running_hub(tmp_path / "j.sqlite") as hub,
        console(hub.addresses.control, tmp_path) as ada,
        watching(hub.addresses.control, tmp_path) as ben,
    ):
        until(lambda: "Ben" in {o.name for o in polled(ada).room.operators.values()})
        until(lambda: ben.live.room.seq or ben.session.poll())
        ada.add_note("first")
        until(lambda: ben.notes() == ["first"])
        then_ns = ben.clock.now_ns()
        then_hash = ben.session.hub.room.state_hash()
        ada.add_note("second")
        until(lambda: ben.notes() == ["first", "second"])

        ben.machine.seek(then_ns)
        assert ben.machine.mode is Mode.PAUSED
        assert ben.notes() == ["first"]
        assert ben.session.hub.room.state_hash() == then_hash
        assert ben.session.clock.now_ns() == then_ns
        assert ben.machine.behind_ns > 0
        ada.add_note("third")
        until(lambda: polled(ada).room.activity[-1].body.get("text") == "third")
        assert ben.notes() == ["first"]

        n_events = polled(ada).room.seq
        ben.session.hub.add_note("from the past")
        assert "go back to live (L) to command" in ben.session.hub.refusals[-1].text
        ben.machine.go_live()
        until(lambda: ben.notes() == ["first", "second", "third"])
        assert ben.machine.is_live
        assert ben.session.hub is ben.live
        assert polled(ada).room.seq == n_events
        until(lambda: ben.session.hub.room.state_hash() == polled(ada).room.state_hash())


def test_samples_that_came_meanwhile_are_there_again(tmp_path: Path) -> None:
    clock = FakeClock(START_NS)
    cursor = CursorClock(clock)
    memory = LiveMemory(clock)
    session = session_of(cursor, NoHub(BEN), memory.take_samples)
    machine = TimeMachine(session=session, tape=memory.ring, clock=cursor)
    store = session.observations

    def arrive(frames: list[bytes]) -> None:
        memory.take_samples(frames, clock.now_ns())
        if machine.is_live:
            session.ingest.take(frames, clock.now_ns())

    for message, t_ns in recordings.heard(100):
        clock.advance_s((t_ns - clock.now_ns()) / NS_PER_S)
        if isinstance(message, list):
            arrive(message)
        else:
            memory.take_fact(message)
        memory.tick()
        if t_ns == START_NS + 80 * NS_PER_S and machine.is_live:
            machine.seek(START_NS + 20 * NS_PER_S)
    slot = store.slot_of("g1/water_level")
    assert store.snapshot().values[slot] == pytest.approx(40.1)
    assert session.hub.room.seq == 20
    machine.go_live()
    assert store.snapshot().values[slot] == pytest.approx(200.1)
    assert session.units.last_seen_ns(0) == START_NS + 100 * NS_PER_S
    assert np.isfinite(store.snapshot().values).all()


def test_a_console_that_heard_nothing_yet_stays_live() -> None:
    cursor = CursorClock(FakeClock(START_NS))
    memory = LiveMemory(cursor.real)
    machine = TimeMachine(session=session_of(cursor, NoHub(BEN)), tape=memory.ring, clock=cursor)
    machine.toggle()
    machine.skip(-10)
    machine.step(-1)
    assert machine.is_live
    assert machine.now_ns == START_NS


@pytest.fixture
def replayed(tmp_path: Path) -> Iterator[tuple[TimeMachine, TwinSession, FakeClock]]:
    path = tmp_path / "a.mcap"
    recordings.record(path)
    recording = Recording(path)
    clock = FakeClock(START_NS + 10_000 * NS_PER_S)
    cursor = CursorClock(clock)
    session = session_of(cursor, NoHub(BEN))
    machine = TimeMachine(
        session=session, tape=recording, clock=cursor, about=recording.about, place="a.mcap"
    )
    yield machine, session, clock
    recording.close()


def second(machine: TimeMachine) -> float:
    return (machine.now_ns - START_NS) / NS_PER_S


def test_a_replay_plays_stands_still_and_ends(
    replayed: tuple[TimeMachine, TwinSession, FakeClock],
) -> None:
    machine, session, clock = replayed
    assert machine.mode is Mode.PAUSED
    assert second(machine) == 0
    machine.tick()
    assert second(machine) == 0
    machine.play()
    clock.advance_s(3.0)
    machine.tick()
    assert second(machine) == pytest.approx(3.0)
    assert session.hub.room.seq == 3
    machine.set_speed(10)
    clock.advance_s(2.0)
    machine.tick()
    assert second(machine) == pytest.approx(23.0)
    machine.toggle()
    clock.advance_s(2.0)
    machine.tick()
    assert second(machine) == pytest.approx(23.0)
    machine.set_speed(100_000)
    assert machine.speed == 1_000
    machine.play()
    clock.advance_s(1.0)
    machine.tick()
    assert second(machine) == 60
    assert machine.mode is Mode.PAUSED
    assert session.hub.room.seq == 60
    machine.play()
    assert second(machine) == 0


def test_a_loop_is_played_again(replayed: tuple[TimeMachine, TwinSession, FakeClock]) -> None:
    machine, session, clock = replayed
    machine.set_loop(Loop(START_NS + 5 * NS_PER_S, START_NS + 8 * NS_PER_S))
    machine.seek(START_NS + 7 * NS_PER_S)
    machine.play()
    clock.advance_s(2.0)
    machine.tick()
    assert second(machine) == 5
    assert session.hub.room.seq == 5


def test_steps_and_skips(replayed: tuple[TimeMachine, TwinSession, FakeClock]) -> None:
    machine, _, _ = replayed
    machine.skip(10.5)
    machine.step(1)
    assert second(machine) == 11
    machine.step(-1)
    assert second(machine) == 10
    machine.skip(-100)
    assert second(machine) == 0
    machine.go_live()
    assert second(machine) == 60
    assert machine.behind_ns == 0
    machine.faster(1)
    assert machine.speed == 2
    machine.faster(-20)
    assert machine.speed == 0.1


def test_nothing_in_a_replay_reaches_a_hub(
    replayed: tuple[TimeMachine, TwinSession, FakeClock],
) -> None:
    _, session, _ = replayed
    session.hub.act("message.post", {"channel": "room", "text": "hello"})
    assert "This is a replay" in session.hub.refusals[-1].text
    assert {"refusals", "pending"} <= session.hub.poll()
    info = session.hub.hub_info()
    assert info is not None
    assert info.addresses.control == ""
    assert session.hub.status().state == "REPLAY"
