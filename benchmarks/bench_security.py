"""What keys cost: a round trip and a durable command, with them over without.

Both hubs run in this process and are asked in turns.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import zmq

from benchmarks.result import Result
from twin.hub.addresses import default_addresses
from twin.hub.options import HubOptions
from twin.hub.server import Hub
from twin.ids import uuid7
from twin.link.control import Acknowledged, Challenge, Hello, HubInfo, Ping, Pong, Submit
from twin.link.control_frames import decode_from_hub, encode_control
from twin.link.signing import console_id_at
from twin.room.model import CommandRequest
from twin.security.canonical import SUBMIT, signed_bytes
from twin.security.client_keys import load_client_keys
from twin.security.client_security import ClientSecurity
from twin.security.keystore import KeyStore, new_workstation_secret
from twin.security.records import Person, Workstation
from twin.security.sealed import Signer, new_signer

N_PINGS = 2_000
N_COMMANDS = 300
PING_LIMIT = 1.5
COMMAND_LIMIT = 2.0
POLICY = """
version = 1
[[allow]]
id = "everything"
"""


def run() -> list[Result]:
    """Both ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = KeyStore(folder / "keys")
        store.init("bench")
        secret = new_workstation_secret("desk")
        bundle = store.add_workstation(
            Workstation(name="desk", public_key=secret.curve_public), secret
        )
        signer = new_signer("ada")
        person = Person(id="ada", name="Ada", public_key=signer.public_key, on_shift=True)
        store.add_person(person, None)
        (folder / "policy.toml").write_text(POLICY)
        security = ClientSecurity(load_client_keys(bundle or folder))
        with (
            hub_in(folder / "open.sqlite") as bare,
            hub_in(
                folder / "keys.sqlite", keys=store.folder, policy=folder / "policy.toml"
            ) as with_keys,
        ):
            plain, secure = Seat(bare), Seat(with_keys, security, signer)
            results = [round_trip(plain, secure), command(plain, secure)]
            plain.close()
            secure.close()
        return results


@contextlib.contextmanager
def hub_in(journal: Path, **more: Any) -> Iterator[Hub]:
    hub = Hub(HubOptions(journal=journal, addresses=default_addresses(base_port=0), **more))
    ready = threading.Event()
    thread = threading.Thread(target=hub.run, args=(ready.set,))
    thread.start()
    ready.wait()
    try:
        yield hub
    finally:
        hub.stop()
        thread.join()


class Seat:
    """A welcome console, spoken by hand."""

    def __init__(
        self, hub: Hub, security: ClientSecurity | None = None, signer: Signer | None = None
    ) -> None:
        self._epoch, self._signer = hub.epoch, signer
        self._context: zmq.Context[Any] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        name = "x"
        if security is not None:
            security.apply(self._socket)
            name = security.name
        self._socket.connect(hub.addresses.control)
        hello = Hello(
            role="console", name="Ada", department="traffic", console_id=console_id_at(name)
        )
        answer = self.ask(hello)
        if isinstance(answer, Challenge) and security is not None and signer is not None:
            proof = security.proof(signer, nonce=answer.nonce, epoch=answer.epoch)
            answer = self.ask(msgspec.structs.replace(hello, person="ada", proof=proof))
        if not isinstance(answer, HubInfo):
            raise TypeError(f"Not welcome: {answer}")

    def ask(self, message: Any) -> Any:
        self._socket.send_multipart(encode_control(message))
        return decode_from_hub(self._socket.recv_multipart())

    def submit(self, n: int) -> float:
        request = CommandRequest(
            id=uuid7(), type_id="signal.set_plan", type_version=1, target_id=f"signal-{n}",
            target_name=f"Signal {n}", args={"plan": 2},
        )  # fmt: skip
        started = time.perf_counter()
        signature = ""
        if self._signer is not None:
            body = msgspec.to_builtins(request)
            signature = self._signer.sign(
                signed_bytes(kind=SUBMIT, body=body, epoch=self._epoch, drill=False)
            )
        answer = self.ask(Submit(request=request, signature=signature))
        if not isinstance(answer, Acknowledged):
            raise TypeError(f"Not acknowledged: {answer}")
        return time.perf_counter() - started

    def ping(self) -> float:
        started = time.perf_counter()
        if not isinstance(self.ask(Ping(t_ns=1)), Pong):
            raise TypeError("No pong")
        return time.perf_counter() - started

    def close(self) -> None:
        self._socket.close(0)
        self._context.term()


def round_trip(plain: Seat, secure: Seat) -> Result:
    """Encryption and the check of each message."""
    pairs = [(plain.ping(), secure.ping()) for _ in range(N_PINGS)]
    bare, mine = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
    return Result(
        name="security.round_trip_p50", value=mine, unit="ms", ratio=mine / bare,
        limit=PING_LIMIT, ok=mine / bare <= PING_LIMIT, note=f"without keys: {bare:.3f} ms",
    )  # fmt: skip


def command(plain: Seat, secure: Seat) -> Result:
    """The same with a signature made, checked and journalled, and a policy asked."""
    pairs = [(plain.submit(n), secure.submit(n)) for n in range(N_COMMANDS)]
    bare, mine = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
    return Result(
        name="security.command_p50", value=mine, unit="ms", ratio=mine / bare,
        limit=COMMAND_LIMIT, ok=mine / bare <= COMMAND_LIMIT,
        note=f"durable, without keys: {bare:.3f} ms",
    )  # fmt: skip
