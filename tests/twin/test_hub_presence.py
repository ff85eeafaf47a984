"""Presence: relayed together, bounded, never a fact, told by the connection and nobody else."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest

from tests.twin.hub_rig import CLOCK, console, polled, running_hub, until
from tests.twin.security.secure_rig import secure_hub
from twin.analysis.pose import Pose
from twin.errors import WireError
from twin.hub.presence import BURST, CAPACITY, MOST_A_MESSAGE, RATE_HZ, PresenceRelay
from twin.link.control import Everybody, GetPresence, PresenceMessage, Tell
from twin.link.control_frames import (
    PROTOCOL,
    decode_published,
    decode_to_hub,
    encode_control,
    encode_presence,
)
from twin.link.presence import TTL_S, Look, PresenceState, Present
from twin.link.presences import OwnPresence, Presences
from twin.room.parts.marks import Marks

S = 1_000_000_000


def told(word: str) -> Tell:
    return Tell(state=PresenceState(selected=word))


class Relay:
    """A relay whose sessions are console ids, and a clock."""

    def __init__(self) -> None:
        self.now_ns = 1_760_000_000 * S
        self.here = {f"c{n}" for n in range(500)}
        self.relay = PresenceRelay(lambda session: session if session in self.here else "")

    def tell(self, console_id: str, word: str = "gate") -> None:
        self.relay.handle(console_id, told(word), self.now_ns)

    def due(self, after_s: float = 0.1) -> PresenceMessage | None:
        self.now_ns += round(after_s * S)
        message = self.relay.due(self.now_ns, lambda: self.here)
        if message is None:
            return None
        decoded = decode_published(encode_presence(message))
        assert isinstance(decoded, PresenceMessage)
        return decoded


@pytest.fixture
def relay() -> Relay:
    return Relay()


def test_one_message_tells_of_all_who_changed(relay: Relay) -> None:
    for number in range(50):
        relay.tell(f"c{number}", f"thing {number}")
    message = relay.due()
    assert message is not None
    assert [p.console_id for p in message.changed] == [f"c{n}" for n in range(50)]
    assert message.changed[7].state.selected == "thing 7"
    assert relay.due() is None
    relay.tell("c3", "thing 3")
    assert relay.due() is None, "nothing changed"
    relay.tell("c3", "another thing")
    message = relay.due()
    assert message is not None
    assert [(p.console_id, p.state.selected) for p in message.changed] == [("c3", "another thing")]


def test_the_newest_word_counts_and_comes_at_most_ten_times_a_second(relay: Relay) -> None:
    relay.tell("c1", "first")
    assert relay.due() is not None
    for number in range(9):
        relay.tell("c1", f"word {number}")
        assert relay.due(0.01) is None
    message = relay.due(0.02)
    assert message is not None
    assert [p.state.selected for p in message.changed] == ["word 8"]


def test_too_many_at_once_come_one_after_the_other(relay: Relay) -> None:
    n = MOST_A_MESSAGE + 30
    for number in range(n):
        relay.tell(f"c{number}")
    first, second = relay.due(), relay.due()
    assert first is not None
    assert second is not None
    assert len(first.changed) == MOST_A_MESSAGE
    assert first.here is not None
    assert len(first.here) == MOST_A_MESSAGE, "nobody is asked for who was not told yet"
    assert len({p.console_id for p in (*first.changed, *second.changed)}) == n


def test_a_console_that_tells_too_often_is_not_heard(relay: Relay) -> None:
    for number in range(1_000):
        relay.tell("c1", f"word {number}")
        relay.now_ns += S // 1_000
    assert relay.relay.n_dropped > 1_000 - BURST - RATE_HZ - 3
    relay.tell("c2", "calm")
    message = relay.due()
    assert message is not None
    assert {p.console_id for p in message.changed} == {"c1", "c2"}


def test_the_number_of_consoles_is_bounded(relay: Relay) -> None:
    for number in range(CAPACITY + 40):
        relay.tell(f"c{number}")
        relay.now_ns += S // 1_000
    answer = relay.relay.handle("c0", GetPresence(), relay.now_ns)
    assert isinstance(answer, Everybody)
    assert len(answer.present) == CAPACITY
    assert answer.present[-1].console_id == f"c{CAPACITY + 39}"


def test_who_left_is_gone_within_a_second(relay: Relay) -> None:
    relay.tell("c1")
    relay.tell("c2")
    relay.due()
    relay.here.remove("c1")
    message = relay.due(1.0)
    assert message is not None
    assert message.here is not None
    assert [key for key, _ in message.here] == ["c2"]


def test_an_actuator_shows_nothing(relay: Relay) -> None:
    relay.tell("an actuator")
    assert relay.due(1.0) is None


@pytest.mark.parametrize(
    "state",
    [
        {"selected": "x" * 121},
        {"following": "x" * 201},
        {"pointer": [1, 2]},
        {"pointer": [1.5, 2.0, 3.0]},
        {"look": [0, 0, 0, 10**9, 0, 0]},
        {"call": -1},
        {"look": "here"},
    ],
)
def test_words_without_measure_are_unreadable(state: dict) -> None:
    body = msgspec.msgpack.encode({"type": "presence", "state": state})
    with pytest.raises(WireError):
        decode_to_hub([PROTOCOL, body])


def test_nobody_speaks_for_another(relay: Relay) -> None:
    body = {
        "type": "presence",
        "state": {"selected": "gate"},
        "console_id": "c2",
        "operator": "Eve",
    }
    message = decode_to_hub([PROTOCOL, msgspec.msgpack.encode(body)])
    assert isinstance(message, Tell)
    relay.relay.handle("c1", message, relay.now_ns)
    shown = relay.due()
    assert shown is not None
    assert [p.console_id for p in shown.changed] == ["c1"]


def test_a_view_survives_the_whole_numbers() -> None:
    pose = Pose(
        focal_m=(-1234.567, 89.01, 2.345), distance_m=456.78, azimuth_rad=-7.0, elevation_rad=0.61
    )
    back = Look.of(pose).pose()
    assert back.focal_m == pytest.approx(pose.focal_m, abs=0.006)
    assert back.distance_m == pytest.approx(pose.distance_m, abs=0.006)
    assert math.cos(back.azimuth_rad - pose.azimuth_rad) == pytest.approx(1.0)
    assert back.elevation_rad == pytest.approx(pose.elevation_rad, abs=1e-4)
    assert Look.of(Pose(focal_m=(9e12, 0, 0), distance_m=1, azimuth_rad=0, elevation_rad=0)).x_cm
    assert len(encode_control(Tell(state=PresenceState(look=Look.of(pose))))[1]) < 70


def present(console_id: str, n: int, word: str = "") -> Present:
    return Present(console_id=console_id, n=n, state=PresenceState(selected=word))


def test_a_console_forgets_whom_it_does_not_hear_of() -> None:
    seen = Presences("me")
    seen.take(PresenceMessage(changed=(present("a", 1), present("me", 2))), 0)
    assert [p.console_id for p in seen.others(0)] == ["a"], "not oneself"
    seen.take(PresenceMessage(here=(("a", 1), ("me", 2))), 4 * S)
    assert seen.of("a", 8 * S) is not None
    assert seen.of("a", round((4 + TTL_S) * S) + 1) is None
    assert not seen.others(round((4 + TTL_S) * S) + 1)
    seen.take(PresenceMessage(here=(("b", 1),)), 20 * S)
    assert not seen.others(20 * S)


def test_a_console_asks_for_what_it_missed_and_not_too_often() -> None:
    seen = Presences("me")
    here = PresenceMessage(here=(("a", 5), ("me", 9)))
    assert seen.take(here, 0)
    assert not seen.take(here, S)
    assert seen.take(here, 3 * S)
    assert not seen.take(Everybody(present=(present("a", 5, "gate"),)), 3 * S)
    assert not seen.take(here, 9 * S)
    assert seen.of("a", 9 * S) == present("a", 5, "gate")
    seen.take(Everybody(present=(present("a", 4, "old"),)), 9 * S)
    assert seen.of("a", 9 * S) == present("a", 5, "gate")


def test_what_changes_is_told_ten_times_a_second_else_now_and_then() -> None:
    own = OwnPresence()
    assert own.due(0) is None
    n_told = 0
    for tick in range(1_000):
        own.set(PresenceState(selected=str(tick)))
        n_told += own.due(10 * S + tick * S // 100) is not None
    assert n_told == 100
    assert own.due(21 * S) is not None
    assert [own.due(22 * S + tick * S) is not None for tick in range(6)].count(True) == 2
    own.tell_again()
    assert own.due(28 * S) is not None


def test_operators_see_each_other_through_a_real_hub(tmp_path: Path) -> None:
    with running_hub(tmp_path / "journal.sqlite") as hub:
        control = hub.addresses.control
        with console(control, tmp_path, "Ada") as ada, console(control, tmp_path, "Ben") as ben:
            until(lambda: len(polled(ada).room.operators) == 2)
            look = Look(x_cm=100, y_cm=0, z_cm=0, distance_cm=50_000, azimuth=0, elevation=6_000)
            ben.show(PresenceState(look=look, selected="Pump 3", panel="Commands"))
            seen = until(lambda: ada.presences.of("console-Ben", CLOCK.monotonic_ns()))
            assert seen.state.look == look
            assert seen.state.selected == "Pump 3"
            with console(control, tmp_path, "Cid") as cid:
                until(lambda: cid.presences.of("console-Ben", CLOCK.monotonic_ns()), what="joiner")
            kinds = {event.kind for event in polled(ada).room.activity}
            assert kinds <= {"hub.started", "operator.joined", "operator.left"}


def test_presence_comes_back_after_the_hub_was_restarted(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    with running_hub(journal) as hub:
        addresses = hub.addresses
        clients = [console(addresses.control, tmp_path, name) for name in ("Ada", "Ben")]
        ada, ben = (client.__enter__() for client in clients)
        ben.show(PresenceState(selected="Pump 3"))
        until(lambda: ada.presences.others(CLOCK.monotonic_ns()))
    try:
        with running_hub(journal, addresses=addresses):
            ben.show(PresenceState(selected="Pump 4"))

            def seen() -> bool:
                one = ada.presences.of("console-Ben", CLOCK.monotonic_ns())
                return one is not None and one.state.selected == "Pump 4"

            until(seen, what="presence after the restart")
    finally:
        for client in clients:
            client.__exit__(None, None, None)


def test_people_with_keys_see_each_other_under_their_own_names(tmp_path: Path) -> None:
    with secure_hub(tmp_path) as rig:
        ada = rig.console(rig.person("ada", "traffic"), rig.security("desk-1"))
        ben = rig.console(rig.person("ben", "fire"), rig.security("desk-2"))
        ben.show(PresenceState(selected="Pump 3"))
        until(lambda: ada.presences.others(CLOCK.monotonic_ns()), what="presence of ben")
        (seen,) = ada.presences.others(CLOCK.monotonic_ns())
        until(lambda: seen.console_id in polled(ada).room.operators)
        assert ada.room.operators[seen.console_id].person == "ben"
        act_id = ben.act(
            "mark.put", {"id": "m", "kind": "note", "points": [[0, 0, 0]], "title": "x"}
        )
        until(lambda: polled(ada).room[Marks].by_id.get("m"), what="signed mark")
        assert ada.room[Marks].by_id.entries["m"].owner.person == "ben"
        assert not [r for r in polled(ben).refusals if r.id == act_id]
