"""The door of a hub with keys: who gets in where, and how fast they are out again."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from pathlib import Path

import pytest
import zmq

from tests.twin.hub_rig import CLOCK, polled, request, running_hub, until, wait_for_state
from tests.twin.security.keys_rig import KeysRig
from tests.twin.security.secure_rig import Refused, SecureHub, secure_hub
from twin.errors import TwinError
from twin.feed.sender import NobodyListensError, SampleSender
from twin.hub.addresses import default_addresses
from twin.hub.ports import PortError
from twin.link.control import EventMessage, Ping, Snapshot
from twin.recording.listening import FactListener
from twin.room.model import CommandState
from twin.security.client_security import ClientSecurity
from twin.security.hub_security import PLANES, ROLES_OF_PLANE, HubSecurity
from twin.security.peers import Peers, peer_of
from twin.security.self_test import OpenDoorError, require_shut

CUT_WITHIN_S = 2.0
_CLIENTS = {
    "control": zmq.DEALER,
    "events": zmq.SUB,
    "samples_in": zmq.PUSH,
    "samples_out": zmq.SUB,
    "record": zmq.DEALER,
}


@pytest.fixture
def rig(tmp_path: Path):
    with secure_hub(tmp_path) as rig:
        yield rig


def test_a_person_commands_through_encrypted_sockets_and_the_city_obeys(rig: SecureHub):
    ada = rig.person("ada", "traffic")
    desk = rig.security("desk-1")
    city = rig.city(rig.security("sim", "actuator", "source"))
    client = rig.console(ada, desk)
    assert polled(client).operator.department == "traffic"
    assert client.operator.person == "ada"
    city.announce()
    command = request()
    client.submit(command)
    done = wait_for_state(client, command.id, CommandState.VERIFIED)
    assert done.issued_by.name == "Ada"
    submitted = next(e for e in rig.hub._facts._recent._ring if e.kind == "command.submitted")
    assert len(submitted.body["signature"]) == 128


def _is_connected(context, kind: int, endpoint: str, security: ClientSecurity) -> bool:
    one = context.socket(kind)
    monitor = one.get_monitor_socket(
        zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    )
    security.apply(one)
    one.connect(endpoint)
    assert monitor.poll(5000)
    event = zmq.utils.monitor.recv_monitor_message(monitor)["event"]
    one.close(0)
    monitor.close(0)
    return event == zmq.EVENT_HANDSHAKE_SUCCEEDED


def test_each_role_gets_to_its_own_sockets_only(rig: SecureHub):
    context = zmq.Context()
    for role in ("console", "actuator", "source", "recorder"):
        security = rig.security(role, role)
        for plane in PLANES:
            endpoint = getattr(rig.hub.addresses, plane)
            got = _is_connected(context, _CLIENTS[plane], endpoint, security)
            assert got == (role in ROLES_OF_PLANE[plane]), (role, plane)
    context.destroy(0)


def test_a_recorder_hears_everything_and_nobody_sits_at_it(rig: SecureHub, tmp_path: Path):
    heard = []
    listener = FactListener(
        endpoint=rig.hub.addresses.control, name="x", department="", console_id="x", clock=CLOCK,
        heard=heard.append, security=rig.security("tape", "recorder"),
    )  # fmt: skip
    listener.start()
    until(lambda: any(isinstance(one, Snapshot) for one in heard))
    client = rig.console(rig.person("ada", "traffic"), rig.security("desk-1"))
    until(
        lambda: (
            "operator.joined" in [one.event.kind for one in heard if isinstance(one, EventMessage)]
        )
    )
    assert len(polled(client).room.operators) == 1
    rig.keys.store.revoke_workstation("tape")
    until(lambda: "does not know the key" in listener.connection.handshake.text)
    listener.close()


# --- the self-test


def test_a_hub_whose_door_is_open_does_not_start(tmp_path, monkeypatch):
    keys = KeysRig.make(tmp_path / "keys")
    monkeypatch.setattr(HubSecurity, "may_connect", lambda *_: True)
    with (
        pytest.raises(OpenDoorError, match="let a stranger in"),
        running_hub(tmp_path / "j.sqlite", keys=keys.folder),
    ):
        pass


def test_a_hub_that_nobody_guards_does_not_start(tmp_path, monkeypatch):
    keys = KeysRig.make(tmp_path / "keys")
    monkeypatch.setattr(HubSecurity, "start", lambda *_: None)
    with (
        pytest.raises((OpenDoorError, zmq.ZMQError)),
        running_hub(tmp_path / "j.sqlite", keys=keys.folder),
    ):
        pass


def test_an_unencrypted_socket_is_found(tmp_path):
    with running_hub(tmp_path / "j.sqlite") as hub:
        addresses = {plane: getattr(hub.addresses, plane) for plane in PLANES}
        with pytest.raises(OpenDoorError, match="control socket let a stranger in"):
            require_shut(addresses, zmq.curve_keypair()[0])


def test_without_keys_only_this_machine_is_served(tmp_path):
    for host in ("0.0.0.0", "*"):
        with (
            pytest.raises(PortError, match="this machine only"),
            running_hub(tmp_path / "j.sqlite", addresses=default_addresses(host, 0)),
        ):
            pass


def test_a_policy_needs_keys_and_a_drill_its_own(tmp_path):
    keys = KeysRig.make(tmp_path / "keys")
    for options, text in (
        ({"policy": Path("resources/policies/city.toml")}, "A policy needs keys"),
        ({"keys": keys.folder, "drill": True}, "a drill has keys of its own"),
        ({"keys": tmp_path / "nothing"}, "no keys of a hub"),
    ):
        with pytest.raises(TwinError, match=text), running_hub(tmp_path / "j.sqlite", **options):
            pass


# --- revocation


@pytest.fixture
def real_rig(tmp_path: Path):
    """A hub that looks at its lists as seldom as it really does."""
    with secure_hub(tmp_path, review_s=None) as rig:
        yield rig


def test_a_revoked_workstation_is_cut_off_within_two_seconds(real_rig: SecureHub):
    rig = real_rig
    ada, ben = rig.person("ada", "traffic"), rig.person("ben", "traffic")
    bad, good = rig.security("desk-1"), rig.security("desk-2")
    source = rig.security("sim", "actuator", "source")
    ada_client, ben_client = rig.console(ada, bad), rig.console(ben, good)
    context = zmq.Context()
    watchers = {}
    addresses = (rig.hub.addresses.events, rig.hub.addresses.samples_out)
    for name, security in (("bad", bad), ("good", good)):
        watchers[name] = [context.socket(zmq.SUB) for _ in addresses]
        for watcher, address in zip(watchers[name], addresses, strict=True):
            security.apply(watcher)
            watcher.subscribe(b"")
            watcher.connect(address)
            assert watcher.poll(5000), "hears heartbeats, or beats"
    rig.keys.store.revoke_workstation("desk-1")
    started = time.monotonic()
    until(lambda: "revoked" in ada_client.status().text, CUT_WITHIN_S, "told why")
    until(lambda: len(polled(ben_client).room.operators) == 1, CUT_WITHIN_S, "left the room")
    for watcher in watchers["bad"]:
        _until_silent(watcher, started + CUT_WITHIN_S)
        started = time.monotonic()
    for watcher in watchers["good"]:
        while watcher.poll(0):
            watcher.recv_multipart()
        assert watcher.poll(2000), "the others still hear the hub"
    seq = ben_client.room.seq
    ada_client.submit(request())
    ben_client.add_note("still here")
    until(lambda: polled(ben_client).room.seq > seq)
    assert not ben_client.room.commands
    assert source
    context.destroy(0)


def _until_silent(watcher: zmq.Socket[bytes], end: float) -> None:
    """Heartbeats come twice a second: 1.2 s without one is silence."""
    heard = time.monotonic()
    while time.monotonic() - heard < 1.2:
        assert heard < end, "still hears the hub"
        if watcher.poll(50):
            watcher.recv_multipart()
            heard = time.monotonic()


def test_a_revoked_source_is_cut_off(rig: SecureHub):
    security = rig.security("sim", "actuator", "source")
    counts = rig.hub._forwarder.counts
    context = zmq.Context()
    push = context.socket(zmq.PUSH)
    push.set(zmq.IMMEDIATE, 1)
    security.apply(push)
    push.connect(rig.hub.addresses.samples_in)
    push.send_multipart([b"v1/s/x", b""])
    until(lambda: counts.messages)
    rig.keys.store.revoke_workstation("sim")
    until(lambda: not rig.hub._admission.security.is_welcome(security.public_key))
    n = counts.messages
    for _ in range(50):
        with contextlib.suppress(zmq.Again):
            push.send_multipart([b"v1/s/x", b""], zmq.NOBLOCK)
    until(lambda: not push.poll(0, zmq.POLLOUT), what="cut off")
    assert counts.messages == n
    push.close(0)
    context.term()


def test_a_revoked_person_is_out_and_the_workstation_stays(rig: SecureHub):
    ada, ben = rig.person("ada", "traffic"), rig.person("ben", "traffic")
    desk = rig.security("desk-1")
    ada_client, ben_client = rig.console(ada, desk), rig.console(ben, desk)
    rig.keys.store.change_person("ada", revoked=True)
    until(
        lambda: "The key of Ada was revoked" in ada_client.status().text, CUT_WITHIN_S, "told why"
    )
    ada_client.submit(request())
    until(lambda: len(polled(ben_client).room.operators) == 1)
    ben_client.add_note("still here")
    until(lambda: any(e.kind == "note.added" for e in polled(ben_client).room.activity))
    assert not ben_client.room.commands


def test_off_shift_means_no_more_commands_at_once(rig: SecureHub):
    ada = rig.person("ada", "traffic")
    client = rig.console(ada, rig.security("desk-1"))
    rig.keys.store.change_person("ada", on_shift=False)
    known = until(
        lambda: [s for s in rig.hub._door._sessions.values() if s.who and not s.who.is_on_shift]
    )
    assert known
    command = request()
    client.submit(command)
    refused = wait_for_state(client, command.id, CommandState.REJECTED)
    assert "for people on shift" in refused.state_text
    rig.keys.store.change_person("ada", on_shift=True, department="water")
    until(lambda: polled(client).operator.department == "water", CUT_WITHIN_S)


def test_a_broken_list_leaves_the_last_good_one_in_force(rig: SecureHub):
    ada = rig.person("ada", "traffic")
    client = rig.console(ada, rig.security("desk-1"))
    path = rig.keys.folder / "people.toml"
    good = path.read_text()
    path.write_text(good + "\n[[person")
    until(lambda: "not in force" in client.status().text, what="everybody is told")
    client.add_note("still here")
    until(lambda: any(e.kind == "note.added" for e in polled(client).room.activity))
    path.write_text(good)
    until(lambda: "Connected" in client.status().text, what="it is good again")


def test_a_new_policy_is_in_force_within_a_second_and_a_broken_one_never(rig: SecureHub):
    ada = rig.person("ada", "traffic")
    client = rig.console(ada, rig.security("desk-1"))
    path = rig.folder / "policy.toml"
    path.write_text(path.read_text().replace('id = "own"', 'id = "own"\nmin_rank = 9'))
    until(lambda: any(e.kind == "policy.changed" for e in polled(client).room.activity))
    command = request()
    client.submit(command)
    refused = wait_for_state(client, command.id, CommandState.REJECTED)
    assert "rank 9" in refused.state_text
    path.write_text("version = 1\n[[allow]]\nid = 'all'\nroles = ['x']")
    until(lambda: "policy is not in force" in client.status().text)


# --- connections


def test_a_descriptor_that_is_somebody_elses_by_now_is_left_alone():
    peers = Peers(is_welcome=lambda _: True)
    ours, theirs = socket.socketpair()
    peers._known[ours.fileno()] = ("key", (("127.0.0.1", 1), ("127.0.0.1", 2)))
    assert peers.cut({"key"}) == 0
    theirs.send(b"x")
    assert ours.recv(1) == b"x"
    read_end, write_end = os.pipe()
    peers._known[read_end] = ("key", (("127.0.0.1", 1), ("127.0.0.1", 2)))
    assert peers.cut({"key"}) == 0
    assert os.write(write_end, b"y") == 1
    for one in (read_end, write_end):
        os.close(one)
    ours.close()
    theirs.close()
    peers._known[10**6] = ("key", ((), ()))
    peers.forget_closed()
    assert not peers._known


def test_a_frame_without_a_key_is_of_nobody():
    context = zmq.Context()
    one, other = context.socket(zmq.PAIR), context.socket(zmq.PAIR)
    one.bind("inproc://x")
    other.connect("inproc://x")
    other.send(b"x")
    assert peer_of(one.recv(copy=False)).key == ""
    context.destroy(0)


def test_whoever_sends_rubbish_is_cut_off_and_comes_back(rig: SecureHub):
    security = rig.security("desk-1")
    peer = rig.peer(security.keys)
    for _ in range(30):
        peer.send_frames([b"civ1", b"\xc1rubbish"])
    until(lambda: rig.hub._door.n_malformed_cut == 1)
    until(lambda: any("unreadable" in audit["why"] for audit in rig.audits()))
    until(lambda: peer.ask(Ping(t_ns=1), 0.3), what="an answer after the reconnect")


def test_a_flood_of_strangers_is_one_line_of_audit(rig: SecureHub):
    context = zmq.Context()
    stranger = KeysRig.make(rig.folder / "others").workstation("desk-1")
    hub = rig.keys.store.hub_public()
    sockets = []
    for _ in range(50):
        one = context.socket(zmq.DEALER)
        one.set(zmq.LINGER, 0)
        one.set(zmq.CURVE_PUBLICKEY, stranger.own.curve_public.encode())
        one.set(zmq.CURVE_SECRETKEY, stranger.own.curve_secret.encode())
        one.set(zmq.CURVE_SERVERKEY, hub.curve_public.encode())
        one.connect(rig.hub.addresses.control)
        sockets.append(one)
    until(lambda: rig.hub._admission.security.n_refused >= 50 + len(PLANES))
    until(lambda: any(audit["who"] == "stranger" for audit in rig.audits()))
    assert len([audit for audit in rig.audits() if audit["who"] == "stranger"]) == 1
    for one in sockets:
        one.close(0)
    context.term()


def test_refused_hellos_are_audited(rig: SecureHub):
    actuator = rig.security("pump-7", "actuator", assets=("pump-*",))
    peer = rig.peer(actuator.keys)
    answer = peer.ask(peer.hello())
    assert isinstance(answer, Refused)
    assert answer.text == "The key of pump-7 is not one of a console"
    answer = peer.ask(peer.hello(role="actuator", asset_ids=("pump-1", "gate-1")))
    assert answer.text == "The key of pump-7 is not for the asset gate-1"
    until(lambda: len([a for a in rig.audits() if a["who"] == "pump-7"]) == 2)


def test_a_publisher_with_a_wrong_key_is_told_what_may_be_wrong(rig: SecureHub):
    for security, is_let_in in (
        (rig.security("desk-1"), False),
        (rig.security("s", "source"), True),
    ):
        sender = SampleSender(
            endpoint=rig.hub.addresses.samples_in, source="x", clock=CLOCK,
            configure=security.apply,
        )  # fmt: skip
        with sender:
            if is_let_in:
                sender.connect()
            else:
                with pytest.raises(NobodyListensError, match="does not know this program's key"):
                    sender.connect(0.5)
