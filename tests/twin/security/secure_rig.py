"""A running hub with keys, its consoles, actuators, and strangers: real sockets, real files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import zmq

from tests.twin.hub_rig import FakeCity, console, obey, polled, running_hub, until
from tests.twin.security.keys_rig import KeysRig
from twin.hub.server import Hub
from twin.ids import uuid7
from twin.link.client import HubClient
from twin.link.control import Challenge, FromHub, Hello, HelloNeeded, HubInfo, Refused, ToHub
from twin.link.control_frames import decode_from_hub, encode_control
from twin.link.signing import console_id_at
from twin.room.model import Event
from twin.security.client_keys import ClientKeys
from twin.security.client_security import ClientSecurity
from twin.security.sealed import Signer

POLICY = """
version = 1
roles = ["operator", "approver", "shift_leader"]

[[allow]]
id = "own"
roles = ["operator", "shift_leader"]
own_commands = true

[[allow]]
id = "act"
actions = [
  "approval.*", "lease.*", "queue.*", "batch.*", "template.*", "delegation.*", "review.*",
  "mark.*", "message.*", "note.*",
]

[[approval]]
id = "gates"
actions = ["gate.*"]
needed = 1
by_roles = ["approver"]
distinct_departments = true
expires_s = 60

[[lease]]
id = "one-hand"
kinds = ["gate"]
"""


@dataclass
class SecureHub:
    """A hub with keys; makes consoles and strangers for it."""

    hub: Hub
    keys: KeysRig
    folder: Path
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def security(self, name: str, *roles: Any, **more: Any) -> ClientSecurity:
        """Keys of a new workstation that the hub knows already."""
        security = ClientSecurity(self.keys.workstation(name, *roles, **more))
        until(lambda: self.hub._admission.security.is_welcome(security.public_key))
        return security

    def person(self, person_id: str, *about: str, **more: Any) -> Signer:
        """Somebody whom the hub knows already."""
        signer = self.keys.person(person_id, *about, **more)
        until(lambda: self._knows(signer))
        return signer

    def _knows(self, signer: Signer) -> bool:
        found = self.hub._admission.security.directory.person(signer.person_id)
        return found is not None and found.public_key == signer.public_key

    def console(
        self, signer: Signer, security: ClientSecurity, *, is_welcome: bool = True
    ) -> HubClient:
        """A started console of a person at a workstation."""
        made = console(
            self.hub.addresses.control, self.folder, signer.person_id, "lies",
            console_id=console_id_at(security.name), security=security, signer=signer,
        )  # fmt: skip
        client = self._stack.enter_context(made)
        if is_welcome:
            until(lambda: polled(client).room.operators, what=f"{signer.person_id} in the room")
        return client

    def city(self, security: ClientSecurity, behave: Any = obey) -> FakeCity:
        """An actuator and source with keys."""
        return self._stack.enter_context(FakeCity(self.hub.addresses, behave, security=security))

    def peer(self, keys: ClientKeys | None, **more: Any) -> Peer:
        """Somebody who speaks the protocol by hand."""
        return self._stack.enter_context(Peer(self.hub.addresses.control, keys, **more))

    def events(self) -> list[Event]:
        """Everything in the journal, read from outside."""
        import apsw

        path = self.folder / "journal.sqlite"
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        with contextlib.closing(connection):
            return list(self.hub._journal.events())

    def audits(self) -> list[dict[str, Any]]:
        """What was refused, as the room of a fresh observer would tell it."""
        return [
            {"who": event.actor} | event.body
            for event in tuple(self.hub._facts._recent._ring)
            if event.kind == "audit.refused"
        ]


@contextlib.contextmanager
def secure_hub(
    folder: Path, *, policy: str = POLICY, review_s: float | None = 0.05, **more: Any
) -> Iterator[SecureHub]:
    """A hub with fresh keys on a thread of this process; it looks at its lists more often."""
    keys = KeysRig.make(folder / "keys", drill=more.pop("drill", False))
    path = folder / "policy.toml"
    path.write_text(policy)
    journal = folder / "journal.sqlite"
    pace = mock.patch("twin.hub.server._REVIEW_S", review_s) if review_s else nullcontext()
    with pace, running_hub(journal, keys=keys.folder, policy=path, **more) as hub:
        rig = SecureHub(hub, keys, folder)
        with rig._stack:
            yield rig


class Peer:
    """A control socket by hand, to say what an honest client would not."""

    def __init__(
        self,
        endpoint: str,
        keys: ClientKeys | None,
        *,
        routing_id: bytes = b"",
        kind: int = zmq.DEALER,
    ) -> None:
        self.keys = keys
        self._context: zmq.Context[Any] = zmq.Context()
        self.socket = self._context.socket(kind)
        self.socket.set(zmq.LINGER, 0)
        if routing_id:
            self.socket.set(zmq.ROUTING_ID, routing_id)
        if keys is not None:
            ClientSecurity(keys).apply(self.socket)
        self.socket.connect(endpoint)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close(0)
        self._context.term()

    def send(self, message: ToHub) -> list[bytes]:
        """Send; the frames as they went out."""
        frames = encode_control(message)
        self.send_frames(frames)
        return frames

    def send_frames(self, frames: list[bytes]) -> None:
        self.socket.send_multipart(frames)

    def receive(self, timeout_s: float = 5.0) -> FromHub | None:
        """The next message; None if there is none in time."""
        if not self.socket.poll(round(timeout_s * 1000)):
            return None
        return decode_from_hub(self.socket.recv_multipart())

    def ask(self, message: ToHub, timeout_s: float = 5.0) -> FromHub | None:
        """Send and wait for the answer."""
        self.send(message)
        return self.receive(timeout_s)

    def hello(self, **more: Any) -> Hello:
        """A console's hello."""
        assert self.keys is not None
        name = self.keys.own.name
        fields = {"role": "console", "name": "X", "console_id": console_id_at(name)} | more
        return Hello(**fields)

    def log_in(self, signer: Signer, **more: Any) -> FromHub | None:
        """Hello, challenge, proof; the hub's last word."""
        hello = self.hello(**more)
        challenge = self.ask(hello)
        if not isinstance(challenge, Challenge):
            return challenge
        assert self.keys is not None
        proof = ClientSecurity(self.keys).proof(
            signer, nonce=challenge.nonce, epoch=challenge.epoch
        )
        return self.ask(
            msgspec.structs.replace(hello, person=more.get("person", signer.person_id), proof=proof)
        )


__all__ = [
    "HelloNeeded",
    "HubInfo",
    "Peer",
    "Refused",
    "SecureHub",
    "secure_hub",
    "uuid7",
]
