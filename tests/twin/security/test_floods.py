"""Garbage and half handshakes on every port of a hub with keys, while honest people go on working.

The fast set makes some thousand connections; the long one a hundred thousand, a thousand of them
held open at a time.
"""

from __future__ import annotations

import contextlib
import random
import resource
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import zmq

from tests.twin.hub_rig import CLOCK, HubProcess, polled, until
from tests.twin.security.keys_rig import KeysRig
from tests.twin.security.secure_rig import POLICY
from twin.link.client import HubClient
from twin.link.control import HubAddresses
from twin.link.signing import console_id_at
from twin.room.model import Operator
from twin.security.client_security import ClientSecurity

#: Signature, version 3.1, mechanism, as-server, filler: how every ZMTP peer begins.
_SIGNATURE = b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"
MOST_GROWTH = 96 << 20


def greeting(mechanism: bytes) -> bytes:
    """A whole ZMTP greeting of a client."""
    return _SIGNATURE + b"\x03\x01" + mechanism.ljust(20, b"\x00") + b"\x00" + bytes(31)


def hello_command(chance: random.Random) -> bytes:
    """A CURVE HELLO of the right length, with a box that nobody can open."""
    body = b"\x05HELLO\x01\x00" + bytes(72) + chance.randbytes(120)
    return b"\x04" + bytes([len(body)]) + body


def payload(chance: random.Random) -> bytes:
    """What one attacker says after it connected."""
    curve = greeting(b"CURVE")
    whole = (
        b"",
        chance.randbytes(chance.randrange(1, 2_000)),
        b"GET / HTTP/1.1\r\nHost: city\r\n\r\n",
        _SIGNATURE,
        curve[: chance.randrange(1, 64)],
        greeting(b"NULL"),
        greeting(b"PLAIN"),
        greeting(chance.randbytes(20)),
        curve,
        curve + hello_command(chance),
        curve + hello_command(chance)[: chance.randrange(1, 200)],
        curve + chance.randbytes(200),
        curve + b"\x06" + (1 << 40).to_bytes(8, "big"),  # "here come a terabyte"
    )
    return chance.choice(whole)


class Attackers:
    """Connects, says something, and goes or stays; on a thread of its own."""

    def __init__(self, endpoints: list[str], *, n: int, n_held: int, seed: int) -> None:
        self._targets = [
            (host, int(port))
            for host, port in (one.removeprefix("tcp://").rsplit(":", 1) for one in endpoints)
        ]
        self._n, self._n_held = n, n_held
        self._chance = random.Random(seed)
        self.held: deque[socket.socket] = deque()
        self.n_made = self.n_failed = 0
        self._thread = threading.Thread(target=self._run, name="attackers")
        self._thread.start()

    def _run(self) -> None:
        for i in range(self._n):
            try:
                one = socket.create_connection(self._targets[i % len(self._targets)], timeout=10)
            except OSError:
                self.n_failed += 1
                continue
            with contextlib.suppress(OSError):
                one.setblocking(False)
                one.send(payload(self._chance))
            self.n_made += 1
            self.held.append(one)
            if len(self.held) > self._n_held:
                self.held.popleft().close()

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def n_still_open(self) -> int:
        """How many held connections the hub has not closed yet."""
        return sum(not _is_closed(one) for one in self.held)

    def close(self) -> None:
        self._thread.join()
        for one in self.held:
            one.close()


def _is_closed(one: socket.socket) -> bool:
    with contextlib.suppress(OSError):
        poll = select.poll()  # select() knows descriptors below 1,024 only
        poll.register(one, select.POLLIN)
        if not poll.poll(0):
            return False
        while one.recv(65_536):
            pass
    return _says_closed(one)


def _says_closed(one: socket.socket) -> bool:
    try:
        return one.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@contextlib.contextmanager
def attacked_hub(
    folder: Path, prefix: tuple[str, ...] = ()
) -> Iterator[tuple[HubProcess, HubClient]]:
    """A hub process with keys, and an honest console at it."""
    keys = KeysRig.make(folder / "keys")
    security = ClientSecurity(keys.workstation("desk-1"))
    ada = keys.person("ada", "traffic")
    policy = folder / "policy.toml"
    policy.write_text(POLICY)
    arguments = ("--keys", str(keys.folder), "--policy", str(policy), "--ephemeral")
    with HubProcess(folder / "journal.sqlite", *arguments) as hub:
        client = HubClient(
            endpoint=hub.addresses.control,
            operator=Operator(name="", department="", console_id=console_id_at("desk-1")),
            outbox_path=folder / "outbox.sqlite",
            clock=CLOCK,
            security=security,
            signer=ada,
        )
        client.start()
        try:
            until(lambda: polled(client).room.operators)
            yield hub, client
        finally:
            client.close()


def endpoints_of(addresses: HubAddresses) -> list[str]:
    return [addresses.control, addresses.events, addresses.samples_in, addresses.samples_out]


def work_on(client: HubClient, n: int) -> None:
    """One thing that an honest person does, seen in the room; it must always get through."""
    client.add_note(f"note {n}")
    until(
        lambda: any(e.body.get("text") == f"note {n}" for e in polled(client).room.activity),
        20,
        f"note {n} in the room",
    )


def attack_and_work(folder: Path, *, n: int, n_held: int) -> float:
    """A flood, and work meanwhile and afterwards; by how many MiB the hub grew."""
    with attacked_hub(folder) as (hub, client):
        process = psutil.Process(hub.process.pid)
        work_on(client, 0)
        before = process.memory_info().rss
        attackers = Attackers(endpoints_of(hub.addresses), n=n, n_held=n_held, seed=18)
        n_notes = 1
        try:
            while not attackers.is_over:
                work_on(client, n_notes)
                n_notes += 1
            work_on(client, n_notes)
            assert attackers.n_made > 0.9 * n
            # half a handshake is over after two seconds
            until(lambda: attackers.n_still_open() == 0, 20, "all held connections are closed")
        finally:
            attackers.close()
        work_on(client, n_notes + 1)
        grown = process.memory_info().rss - before
        assert grown < MOST_GROWTH, f"{grown / 2**20:.0f} MiB more"
        notes = [e.body["text"] for e in client.room.activity if e.kind == "note.added"]
        assert len(set(notes)) == len(notes), "nothing came twice"
        strangers = {e.kind for e in client.room.activity} - {
            "note.added", "operator.joined", "hub.started", "audit.refused",
        }  # fmt: skip
        assert not strangers, "only honest people made events"
        return grown / 2**20


def test_thousands_of_bad_connections(tmp_path: Path):
    attack_and_work(tmp_path, n=3_000, n_held=150)


def test_a_hub_that_runs_out_of_descriptors_goes_on(tmp_path: Path):
    with attacked_hub(tmp_path) as (hub, client):
        work_on(client, 0)
        n_files = psutil.Process(hub.process.pid).num_fds()
        limit = n_files + 40
        resource.prlimit(hub.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
        attackers = Attackers(endpoints_of(hub.addresses), n=300, n_held=300, seed=1)
        try:
            for n in range(1, 6):
                work_on(client, n)
            until(lambda: attackers.is_over, 60)
            work_on(client, 6)
        finally:
            attackers.close()
        assert hub.process.poll() is None
        until(lambda: _can_connect(hub.addresses.control), 20, "new connections are taken again")
        work_on(client, 7)


def _can_connect(endpoint: str) -> bool:
    host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 2) as one:
        one.settimeout(2)
        one.sendall(greeting(b"CURVE"))
        return len(one.recv(64)) > 0
    return False


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_a_hundred_thousand_bad_connections(tmp_path: Path, figure):
    started = time.monotonic()
    grown_mib = attack_and_work(tmp_path, n=100_000, n_held=1_000)
    figure(
        f"100,000 bad connections in {time.monotonic() - started:.0f} s, 1,000 of them held; the"
        f" hub worked on, its memory grew by {grown_mib:.0f} MiB"
    )


def test_many_honest_connections_at_once_get_in(tmp_path: Path):
    """A flood must not be confused with a city in which everybody comes back at once."""
    with attacked_hub(tmp_path) as (hub, _):
        from twin.security.client_keys import load_client_keys

        security = ClientSecurity(load_client_keys(tmp_path / "keys" / "workstations" / "desk-1"))
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        sockets = []
        for _ in range(100):
            one = context.socket(zmq.SUB)
            security.apply(one)
            one.subscribe(b"")
            one.connect(hub.addresses.events)
            sockets.append(one)
        for one in sockets:
            assert one.poll(20_000), "hears the heartbeat"
            one.close(0)
        context.term()
