"""A city under attack: a hub with keys, honest people, and the tools of somebody who is not.

An attack is a function that tries something and returns what it was told ("" = silence). It is
listed with `attack`, which says what it must be told and what the journal must say of it.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import zmq

from tests.twin.hub_rig import request, until
from tests.twin.security.secure_rig import Peer, SecureHub, secure_hub
from twin.ids import uuid7
from twin.link.control import Act, HelloNeeded, HubInfo, Submit
from twin.link.wire import encode_announcement
from twin.room.model import CommandRequest, CommandState
from twin.security.canonical import SUBMIT, digest_of, signed_bytes
from twin.security.client_security import ClientSecurity
from twin.security.sealed import Signer
from twin.sense.model import Announcement, Thing

POLICY = """
version = 1
roles = ["operator", "approver", "leader"]

[[allow]]
id = "own"
roles = ["operator", "leader"]
own_commands = true

[[allow]]
id = "approve"
roles = ["approver"]
actions = ["approval.give", "approval.deny"]

[[allow]]
id = "act"
actions = ["lease.*", "message.*", "note.*", "approval.break_glass", "command.*", "review.*"]

[[approval]]
id = "soon-over"
actions = ["pump.start"]
by_roles = ["approver"]
distinct_departments = true
expires_s = 1

[[approval]]
id = "two"
actions = ["siren.sound"]
needed = 2
by_roles = ["approver"]

[[approval]]
id = "gates"
actions = ["gate.*"]
by_roles = ["approver"]
distinct_departments = true
expires_s = 60

[[break_glass]]
id = "leaders"
roles = ["leader"]

[[lease]]
id = "one-hand"
kinds = ["pump_station"]

[[rate]]
id = "slow"
actions = ["message.*"]
per_s = 0.1
burst = 2
"""
ARGUMENTS = {
    "gate.set": {"opening_pct": 40.0},
    "pump.start": {"speed_pct": 50.0},
    "siren.sound": {"seconds": 20},
}
HARMLESS = {CommandState.REJECTED, CommandState.AWAITING_APPROVAL, CommandState.EXPIRED}


@dataclass(frozen=True)
class Attack:
    """Something that must not work.

    Attributes
    ----------
    told : pattern of what the attacker hears; "" = nothing at all
    audit : pattern of the journal's line about it; "" = it never reached anybody who could write
    """

    name: str
    run: Callable[[Scene], str]
    told: str
    audit: str


ATTACKS: dict[str, Attack] = {}


def attack(told: str, audit: str = "") -> Callable[[Callable[[Scene], str]], None]:
    """List an attack."""

    def take(function: Callable[[Scene], str]) -> None:
        name = function.__name__
        assert name not in ATTACKS, name
        ATTACKS[name] = Attack(name, function, told, audit)

    return take


@dataclass
class Scene:
    """Everything that an attack may use. One attack at a time."""

    rig: SecureHub
    name: str = ""
    desks: dict[str, ClientSecurity] = field(default_factory=dict)
    people: dict[str, Signer] = field(default_factory=dict)
    _open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    # --- connections

    def peer(self, desk: str, **more: Any) -> Peer:
        """A connection with a workstation's key; closed after the attack."""
        made = Peer(self.rig.hub.addresses.control, self.desks[desk].keys, **more)
        return self._open.enter_context(made)

    def seat(self, person: str, desk: str = "desk-1") -> Peer:
        """A logged-in connection."""
        peer = self.peer(desk)
        welcome = peer.log_in(self.people[person])
        assert isinstance(welcome, HubInfo), welcome
        return peer

    def actuator(self, desk: str, *asset_ids: str) -> Peer:
        """A welcome actuator."""
        peer = self.peer(desk)
        welcome = peer.ask(peer.hello(role="actuator", asset_ids=asset_ids, console_id=""))
        assert isinstance(welcome, HubInfo), welcome
        return peer

    def handshake(self, plane: str, kind: int, configure: Callable[[Any], object]) -> str:
        """Try to connect; "refused" or "let in"."""
        context: zmq.Context[Any] = zmq.Context()
        one = context.socket(kind)
        monitor = one.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH
            | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
        )  # fmt: skip
        configure(one)
        one.connect(getattr(self.rig.hub.addresses, plane))
        try:
            if not monitor.poll(5_000):
                return "no answer"
            event = zmq.utils.monitor.recv_monitor_message(monitor)["event"]
            return "let in" if event == zmq.EVENT_HANDSHAKE_SUCCEEDED else "refused"
        finally:
            one.close(0)
            monitor.close(0)
            context.term()

    # --- signatures and requests

    def signature(self, person: str, kind: str, body: Any, **more: Any) -> str:
        """Somebody's signature over something, here and live unless told otherwise."""
        fields = {"epoch": self.rig.hub.epoch, "drill": False} | more
        return self.people[person].sign(
            signed_bytes(kind=kind, body=msgspec.to_builtins(body), **fields)
        )

    def command(self, type_id: str = "gate.set", **more: Any) -> CommandRequest:
        """A valid command on an asset that only this attack touches."""
        return request(type_id, self.name, ARGUMENTS[type_id], **more)

    def submit(self, person: str, command: CommandRequest, **more: Any) -> Submit:
        """A signed submit."""
        return Submit(request=command, signature=self.signature(person, SUBMIT, command, **more))

    def act(self, person: str, kind: str, body: dict[str, Any], **more: Any) -> Act:
        """A signed act."""
        signature = self.signature(person, kind, body, **more)
        return Act(id=uuid7(), kind=kind, body=body, signature=signature)

    def waiting(self, person: str = "ada", type_id: str = "gate.set") -> CommandRequest:
        """A command of somebody honest that waits for an approval."""
        command = self.command(type_id)
        reply = self.seat(person, "desk-3").ask(self.submit(person, command))
        assert told(reply) == "acknowledged", reply
        until(lambda: self.state(command) is CommandState.AWAITING_APPROVAL)
        return command

    def approval(self, command: CommandRequest, **more: Any) -> dict[str, Any]:
        """Body of a yes."""
        return {"command_id": command.id, "digest": digest_of(command)} | more

    def state(self, command: CommandRequest) -> CommandState | None:
        found = self.rig.hub._core.room.commands.get(command.id)
        return found.state if found else None

    # --- after it

    def require_no_harm(self) -> None:
        """No command on this attack's asset got anywhere."""
        for command in tuple(self.rig.hub._core.room.commands.values()):
            if command.request.target_id == self.name:
                assert command.state in HARMLESS, (self.name, command.state, command.state_text)

    @contextlib.contextmanager
    def during(self, name: str) -> Iterator[None]:
        """One attack; its connections end with it."""
        self.name = name
        with contextlib.ExitStack() as self._open:
            yield


def told(reply: object) -> str:
    """What a peer is told, in words."""
    match reply:
        case None:
            return ""
        case HelloNeeded():
            return "hello needed"
        case _ if hasattr(reply, "text"):
            return str(reply.text)
        case _:
            return str(type(reply).__struct_config__.tag)


@contextlib.contextmanager
def scene_of_attack(folder: Path) -> Iterator[Scene]:
    """A hub, its people and machines; audits are written without a pause, to be counted."""
    with (
        mock.patch("twin.hub.hall._AUDIT_BURST", 10_000),
        mock.patch("twin.hub.admission._STRANGERS_EVERY_S", 0.0),
        secure_hub(folder, policy=POLICY) as rig,
    ):
        scene = Scene(rig)
        for name in ("desk-1", "desk-2", "desk-3"):
            scene.desks[name] = rig.security(name)
        scene.desks["sim"] = rig.security("sim", "actuator", "source")
        scene.desks["pumps"] = rig.security("pumps", "actuator", assets=("pump-*",))
        scene.desks["source"] = rig.security("source", "source")
        scene.desks["recorder"] = rig.security("recorder", "recorder")
        for person_id, department, roles, more in (
            ("ada", "water", ("operator",), {"rank": 1}),
            ("ben", "fire", ("approver",), {}),
            ("cy", "traffic", ("operator",), {"rank": 1}),
            ("dora", "fire", ("operator",), {"rank": 1}),
            ("walt", "water", ("approver", "operator"), {}),
            ("off", "water", ("operator",), {"on_shift": False}),
            ("gone", "water", ("operator",), {}),
        ):
            scene.people[person_id] = rig.person(person_id, department, *roles, **more)
        rig.keys.store.change_person("gone", revoked=True)
        until(lambda: rig.hub._admission.security.directory.person("gone").revoked)
        announce(scene)
        yield scene


def announce(scene: Scene) -> None:
    """Tell the hub of an asset for each attack, so that its kind is known."""
    kinds = ("gate", "gate.set"), ("pump_station", "pump.start"), ("siren", "siren.sound")
    things = [
        Thing(id=name, name=name, kind=kinds[0][0], accepts=tuple(kind[1] for kind in kinds))
        for name in ATTACKS
    ]
    things += [
        Thing(id=name, name=name, kind="pump_station", accepts=("pump.start",))
        for name in ("pump-a", "pump-b")
    ]
    context: zmq.Context[Any] = zmq.Context()
    push = context.socket(zmq.PUSH)
    scene.desks["source"].apply(push)
    push.connect(scene.rig.hub.addresses.samples_in)
    push.send_multipart(
        encode_announcement(
            Announcement(source="city", epoch="e", things=tuple(things), datastreams=())
        )
    )
    until(lambda: "pump-b" in scene.rig.hub._core._hall.targets)
    push.close(0)
    context.term()


class Wiretap:
    """A TCP relay in front of the hub that keeps, and may change, what clients send."""

    def __init__(self, endpoint: str, change: Callable[[bytes], bytes] = bytes) -> None:
        host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
        self._there = (host, int(port))
        self._change = change
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self.captured = b""
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, name="wiretap")]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._there)
                self._sockets += [client, server]
                for source, sink, is_kept in ((client, server, True), (server, client, False)):
                    thread = threading.Thread(
                        target=self._copy, args=(source, sink, is_kept), name="wiretap"
                    )
                    self._threads.append(thread)
                    thread.start()

    def _copy(self, source: socket.socket, sink: socket.socket, is_kept: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65_536):
                if is_kept:
                    piece = self._change(piece)
                    self.captured += piece
                sink.sendall(piece)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def replay(self) -> bytes:
        """Send everything captured once more, on a connection of its own; what came back."""
        heard = b""
        with socket.create_connection(self._there, timeout=3) as again:
            again.sendall(self.captured)
            with contextlib.suppress(OSError):
                while piece := again.recv(65_536):
                    heard += piece
        return heard

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(10)


def is_like(pattern: str, text: str) -> bool:
    """Whether a text is as expected; "" expects silence."""
    return bool(re.search(pattern, text)) if pattern else text == ""
