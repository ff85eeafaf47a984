"""A real hub with real sockets: the life of commands, two consoles, garbage, a full disk."""

from __future__ import annotations

import dataclasses
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq

from tests.twin.hub_bench import room_of
from tests.twin.hub_rig import (
    CLOCK,
    QUICK,
    FakeCity,
    HubProcess,
    console,
    obey,
    polled,
    request,
    running_hub,
    until,
    wait_for_state,
)
from twin.commands import set_signal_plan
from twin.hub.addresses import default_addresses
from twin.hub.options import HubOptions
from twin.hub.ports import PortError
from twin.hub.server import Hub
from twin.journal.base import JournalError
from twin.journal.sqlite import SqliteJournal as Journal
from twin.link.actuator import Reply
from twin.link.client import HubClient
from twin.link.control import Hello, Ping
from twin.link.control_frames import PROTOCOL, encode_control
from twin.link.status import LinkState
from twin.room.model import CommandRequest, CommandState

S = CommandState


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with running_hub(tmp_path / "journal.sqlite", times=QUICK, scene="Test town") as hub:
        yield hub


@pytest.fixture
def ada(hub: Hub, tmp_path: Path) -> Iterator[HubClient]:
    with console(hub.addresses.control, tmp_path) as client:
        yield client


def same_room(*clients: HubClient) -> None:
    """Wait until all stand at the same event; their fingerprints must agree then."""

    def agreed() -> bool:
        for client in clients:
            client.poll()
        return len({(c.room.seq, c.room.state_hash()) for c in clients}) == 1

    until(agreed, what="the same room everywhere")
    assert clients[0].room.seq > 0


def test_a_command_is_verified_and_two_consoles_see_the_same(
    hub: Hub, ada: HubClient, tmp_path: Path
) -> None:
    with FakeCity(hub.addresses, obey), console(hub.addresses.control, tmp_path, "Bob") as bob:
        one = request()
        ada.submit(one)
        command = wait_for_state(bob, one.id, S.VERIFIED)
        assert command.observed == 2.0
        assert command.issued_by.name == "Ada"
        same_room(ada, bob)
        assert list(ada.room.operators) == ["console-Ada", "console-Bob"]
        assert not ada.pending
        assert ada.status().state is LinkState.LIVE
        assert ada.status().n_in_outbox == 0
        info = ada.hub_info()
        assert info is not None
        assert (info.scene, info.addresses) == ("Test town", hub.addresses)
    until(lambda: "console-Bob" not in polled(ada).room.operators, what="Bob left")


def test_the_effect_must_come_after_the_acceptance(hub: Hub, ada: HubClient) -> None:
    replies: list[Reply] = []
    with FakeCity(hub.addresses, lambda c, r, city: replies.append(r)) as city:
        city.keep_showing("signal-1", 2.0)
        one = request()
        ada.submit(one)
        wait_for_state(ada, one.id, S.SENT)
        until(lambda: replies)
        assert "VERIFIED" not in ada.room.commands[one.id].times_ns
        replies[0].accepted()
        times = wait_for_state(ada, one.id, S.VERIFIED).times_ns
        assert times["VERIFIED"] >= times["ACCEPTED"]


def test_samples_of_bad_quality_or_of_last_year_verify_nothing(hub: Hub, ada: HubClient) -> None:
    with FakeCity(hub.addresses, lambda c, r, city: r.executing()) as city:
        one = request()
        ada.submit(one)
        wait_for_state(ada, one.id, S.EXECUTING)
        city.show_plan("signal-1", 2.0, quality=2)
        city.show_plan("signal-1", float("nan"))
        city.show_plan("signal-1", 2.0, age_s=366 * 86_400)
        city.show_plan("signal-1", 3.0)
        two = request(target_id="signal-2")
        ada.submit(two)
        wait_for_state(ada, two.id, S.EXECUTING)
        city.show_plan("signal-2", 2.0)
        wait_for_state(ada, two.id, S.VERIFIED)
        assert ada.room.commands[one.id].state is S.EXECUTING


def end_of(city_behaves: Any, hub: Hub, ada: HubClient, one: CommandRequest) -> Any:
    with FakeCity(hub.addresses, city_behaves):
        ada.submit(one)
        return wait_for_state(ada, one.id, *[s for s in S if s in _ENDS])


_ENDS = {S.REJECTED, S.VERIFIED, S.FAILED, S.TIMED_OUT, S.CANCELLED, S.UNKNOWN}


def test_failed(hub: Hub, ada: HubClient) -> None:
    command = end_of(lambda c, r, city: r.failed("The lamp is broken"), hub, ada, request())
    assert (command.state, command.state_text) == (S.FAILED, "The lamp is broken")


def test_failed_without_an_actuator(hub: Hub, ada: HubClient) -> None:
    command = end_of(obey, hub, ada, request(target_id="signal-77"))
    assert command.state is S.FAILED
    assert command.state_text == "No actuator serves Name of signal-77"


def test_rejected_by_the_hub_and_by_the_actuator(hub: Hub, ada: HubClient) -> None:
    command = end_of(obey, hub, ada, request(args={"plan": 9}))
    assert command.state is S.REJECTED
    assert "Plan must be one of" in command.state_text
    command = end_of(lambda c, r, city: r.rejected("Hand control"), hub, ada, request())
    assert (command.state, command.state_text) == (S.REJECTED, "Hand control")


def test_rejected_for_another_department(hub: Hub, tmp_path: Path) -> None:
    with console(hub.addresses.control, tmp_path, "Wim", "water") as wim:
        one = request()
        wim.submit(one)
        text = wait_for_state(wim, one.id, S.REJECTED).state_text
        assert "to water" in text


def test_unknown_when_the_actuator_does_not_answer(hub: Hub, ada: HubClient) -> None:
    command = end_of(lambda c, r, city: None, hub, ada, request())
    assert command.state is S.UNKNOWN
    assert "did not answer" in command.state_text


def test_unknown_when_the_actuator_is_lost_under_way(hub: Hub, ada: HubClient) -> None:
    with FakeCity(hub.addresses, lambda c, r, city: r.executing()) as city:
        one = request()
        ada.submit(one)
        wait_for_state(ada, one.id, S.EXECUTING)
        city.close()
        command = wait_for_state(ada, one.id, S.UNKNOWN)
        assert "was lost" in command.state_text


def test_a_restarted_actuator_does_not_do_it_again(tmp_path: Path) -> None:
    times = dataclasses.replace(QUICK, n_tries=1)
    with (
        running_hub(tmp_path / "journal.sqlite", times=times) as hub,
        console(hub.addresses.control, tmp_path) as ada,
    ):
        one = request()
        with FakeCity(hub.addresses, lambda c, r, city: r.executing()):
            ada.submit(one)
            wait_for_state(ada, one.id, S.EXECUTING)
        with FakeCity(hub.addresses, obey) as city:
            command = wait_for_state(ada, one.id, S.UNKNOWN)
            assert "no memory" in command.state_text
            assert city.executed == []


def test_what_may_be_repeated_is_tried_again_by_a_restarted_actuator(
    hub: Hub, ada: HubClient
) -> None:
    one = request()
    with FakeCity(hub.addresses, lambda c, r, city: r.executing()):
        ada.submit(one)
        wait_for_state(ada, one.id, S.EXECUTING)
    with FakeCity(hub.addresses, obey) as city:
        command = wait_for_state(ada, one.id, S.VERIFIED)
        assert command.n_failed == 1
        assert city.executed == [one.id]


def test_cancelled_and_the_actuator_is_told(hub: Hub, ada: HubClient) -> None:
    with FakeCity(hub.addresses, lambda c, r, city: r.executing()) as city:
        one = request()
        ada.submit(one)
        wait_for_state(ada, one.id, S.EXECUTING)
        ada.cancel(one.id)
        command = wait_for_state(ada, one.id, S.CANCELLED)
        assert "Cancelled by Ada" in command.state_text
        until(lambda: city.cancelled == [one.id], what="revoke at the actuator")


def test_a_refusal_reaches_the_console_and_leaves_the_outbox(hub: Hub, ada: HubClient) -> None:
    ada.cancel("no such command")
    until(lambda: polled(ada).refusals, what="a refusal")
    assert "no such command" in ada.refusals[0].text
    assert ada.status().n_in_outbox == 0


def test_a_note_is_in_the_activity_of_everybody(hub: Hub, ada: HubClient, tmp_path: Path) -> None:
    with console(hub.addresses.control, tmp_path, "Bob") as bob:
        ada.add_note("Fog at the harbour")
        until(
            lambda: "Fog at the harbour" in [e.body.get("text") for e in polled(bob).room.activity]
        )
        same_room(ada, bob)


def test_timed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = set_signal_plan.COMMAND.effect
    quick = dataclasses.replace(
        set_signal_plan.COMMAND,
        effect=lambda target, params: dataclasses.replace(usual(target, params), deadline_s=0.3),
    )
    monkeypatch.setattr(set_signal_plan, "COMMAND", quick)
    with (
        running_hub(tmp_path / "j.sqlite", times=QUICK) as hub,
        console(hub.addresses.control, tmp_path) as ada,
        FakeCity(hub.addresses, lambda c, r, city: r.done("Switched")) as city,
    ):
        city.keep_showing("signal-1", 1.0)
        one = request()
        ada.submit(one)
        command = wait_for_state(ada, one.id, S.TIMED_OUT)
        assert "nobody observed that the signal reports plan 2" in command.state_text


# --- hostile and broken surroundings -------------------------------------------------------------


def garbage_messages(seed: int) -> list[list[bytes]]:
    rng = random.Random(seed)
    valid = encode_control(Hello(role="console", name="Eve", console_id="eve"))
    return [
        [rng.randbytes(rng.randrange(200)) for _ in range(rng.randrange(1, 9))] for _ in range(300)
    ] + [
        [b"civ9", valid[1]],
        [PROTOCOL],
        [PROTOCOL, b""],
        [PROTOCOL, valid[1][:-3]],
        [PROTOCOL, valid[1], b"more"],
        [PROTOCOL, msgspec.msgpack.encode({"type": "submit", "request": {"id": 3}})],
        [PROTOCOL, msgspec.msgpack.encode({"type": "no such"})],
        [PROTOCOL, b"\x81" * 5_000],
        [b"v1/s/fake/", b"\x00"],
        [b"v1/a/fake/", b"{"],
        [b"v1/j/fake/", b'{"datastream": "x", "result": 1e999}'],
        [b"v2/s/fake/", b"\x80", b"", b"", b"", b""],
        [b"v1/s/fake/", msgspec.msgpack.encode({"v": 2}), b"", b"", b"", b""],
    ]


def test_garbage_on_every_port_changes_nothing_but_counters(hub: Hub, ada: HubClient) -> None:
    with FakeCity(hub.addresses, obey):
        until(lambda: len(polled(ada).room.activity) >= 3)
        before = ada.room.state_hash()
        context: zmq.Context[Any] = zmq.Context()
        endpoints = msgspec.structs.asdict(hub.addresses)
        kinds = {"control": zmq.DEALER, "events": zmq.SUB, "samples_in": zmq.PUSH}
        for name, endpoint in endpoints.items():
            spoken = context.socket(kinds.get(name, zmq.SUB))
            spoken.set(zmq.LINGER, 2_000)
            spoken.connect(endpoint)
            if spoken.type == zmq.SUB:
                spoken.subscribe(b"\xff\x00nonsense" * 100)
            else:
                for frames in garbage_messages(seed=7):
                    spoken.send_multipart(frames)
                if name == "control":
                    spoken.send_multipart([PROTOCOL, bytes(3 << 20)])
            spoken.close()
            host, port = endpoint.removeprefix("tcp://").split(":")
            for head in (b"", b"GET / HTTP/1.1\r\n\r\n", random.Random(1).randbytes(70_000)):
                with socket.create_connection((host, int(port))) as raw:
                    raw.sendall(head)
        until(lambda: hub.counts.malformed >= 300, what="counted on the control socket")
        until(lambda: hub._forwarder.counts.malformed >= 300, what="counted on the sample lane")
        one = request()
        same = ada.room.seq
        ada.poll()
        assert (ada.room.seq, ada.room.state_hash()) == (same, before)
        ada.submit(one)
        wait_for_state(ada, one.id, S.VERIFIED)
        context.term()


def test_a_broken_command_type_costs_one_command_not_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(target_id: str, params: Any) -> Any:
        raise ZeroDivisionError

    bad = dataclasses.replace(set_signal_plan.COMMAND, effect=broken)
    monkeypatch.setattr(set_signal_plan, "COMMAND", bad)
    with (
        running_hub(tmp_path / "j.sqlite", times=QUICK) as hub,
        console(hub.addresses.control, tmp_path) as ada,
    ):
        ada.add_note("before")
        ada.submit(request())
        ada.add_note("after")
        until(lambda: polled(ada).refusals, what="a refusal")
        assert "broke down" in ada.refusals[0].text
        until(lambda: polled(ada).room.activity[-1].body.get("text") == "after")
        same_room(ada)
        assert not ada.room.commands
        assert "ZeroDivisionError" in caplog.text


def test_a_stranger_is_asked_to_say_hello(hub: Hub) -> None:
    context: zmq.Context[Any] = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.connect(hub.addresses.control)
    dealer.send_multipart(encode_control(Ping(t_ns=1)))
    frames = dealer.recv_multipart()
    assert msgspec.msgpack.decode(frames[1]) == {"type": "hello_needed"}
    dealer.close(0)
    context.term()


def test_a_full_disk_refuses_says_so_and_heals(
    hub: Hub, ada: HubClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeCity(hub.addresses, obey), console(hub.addresses.control, tmp_path, "Bob") as bob:
        same_room(ada, bob)
        real = Journal.append
        is_full = True

        def append(self: Journal, events: Any) -> None:
            if events and is_full:
                self.store.connection.pragma(
                    "max_page_count", self.store.connection.pragma("page_count")
                )
            real(self, events)

        monkeypatch.setattr(Journal, "append", append)
        monkeypatch.setattr(Journal, "probe", lambda self: _probe(self, is_full))
        big = [request(target_id=f"far-{i}", reason="x" * 1_900) for i in range(40)]
        for one in big:
            ada.submit(one)
        until(lambda: "cannot write its journal" in bob.status().text, what="said to everybody")
        n_stored = len(ada.room.commands)
        assert ada.status().n_in_outbox > 0
        same_room(ada, bob)
        is_full = False
        until(lambda: not polled(ada).pending, 15.0, "all stored after the disk has room")
        assert n_stored < len(big)
        same_room(ada, bob)
        until(lambda: "Connected" in bob.status().text, what="all is well again")
        one = request()
        ada.submit(one)
        wait_for_state(ada, one.id, S.VERIFIED)


def _probe(journal: Journal, is_full: bool) -> None:
    if is_full:
        raise JournalError("The hub cannot write its journal (full)")
    journal.store.connection.pragma("max_page_count", 1_000_000)


def test_the_journal_holds_what_the_consoles_saw(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with running_hub(path, times=QUICK) as hub, console(hub.addresses.control, tmp_path) as ada:
        with FakeCity(hub.addresses, obey):
            one = request()
            ada.submit(one)
            wait_for_state(ada, one.id, S.VERIFIED)
        same_room(ada)
        seen = ada.room.seq
        seen_hash = ada.room.state_hash()
    journal = Journal(path)
    room = room_of(event for event in journal.events() if event.seq <= seen)
    journal.close()
    assert room.state_hash() == seen_hash


# --- the process ----------------------------------------------------------------------------------


def test_the_command_says_ready_stops_on_sigterm_and_refuses_a_second(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    with HubProcess(journal, "--ephemeral", "--scene", "Drill") as first:
        assert first.ready["ready"] is True
        assert first.ready["journal"] == str(journal)
        with pytest.raises(RuntimeError, match="Another hub has this journal open"):
            HubProcess(journal, "--ephemeral")
        with console(first.addresses.control, tmp_path) as ada:
            until(lambda: polled(ada).room.operators)
        assert first.stop() == 0
    with HubProcess(journal, "--ephemeral") as again:
        assert again.ready["epoch"] == first.ready["epoch"]
        assert again.stop() == 0


def test_a_taken_port_is_one_sentence(hub: Hub, tmp_path: Path) -> None:
    port = int(hub.addresses.control.rpartition(":")[2])
    wanted = default_addresses(base_port=0)
    with pytest.raises(PortError, match=f"127.0.0.1:{port} is taken"):
        Hub(
            HubOptions(
                journal=tmp_path / "other.sqlite",
                addresses=msgspec.structs.replace(wanted, control=hub.addresses.control),
            ),
            CLOCK,
        )


def test_default_addresses() -> None:
    addresses = default_addresses()
    assert addresses.control == "tcp://127.0.0.1:5710"
    assert addresses.samples_out == "tcp://127.0.0.1:5713"
    assert default_addresses("0.0.0.0", 0).events == "tcp://0.0.0.0:*"
