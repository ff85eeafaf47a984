"""Recordings for tests: made by the keeper itself from a small stream of facts and samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np

from twin.clock import NS_PER_S
from twin.link.control import EventMessage, Heartbeat, HubAddresses, HubInfo, Snapshot
from twin.link.wire import encode_announcement, encode_batch, encode_positions
from twin.recording.keeping import Keeper
from twin.room.fold import Room
from twin.room.model import Event
from twin.sense.model import Announcement, Datastream, Thing, Unit

START_NS = 1_790_000_000 * NS_PER_S
EPOCH = "epoch-1"
Fact: TypeAlias = HubInfo | Snapshot | EventMessage | Heartbeat
NOWHERE = HubAddresses(control="", events="", samples_in="", samples_out="")


def note(seq: int, t_ns: int) -> Event:
    """A fact."""
    body = {"id": f"n{seq}", "text": f"Note {seq}"}
    return Event(seq=seq, t_ns=t_ns, kind="note.added", actor="Ada (traffic)", body=body)


def announcement(n: int = 4) -> Announcement:
    """Some gauges and a bus."""
    return Announcement(
        source="town", epoch="e1",
        things=tuple(Thing(id=f"g{i}", name=f"Gauge {i}", kind="sensor", xyz=(i, 0, 0))
                     for i in range(n)),
        datastreams=tuple(
            Datastream(index=i, id=f"g{i}/water_level", thing_id=f"g{i}",
                       observed_property="water_level") for i in range(n)),
        units=(Unit(index=0, id="bus-1", name="Bus 1", kind="bus"),),
    )  # fmt: skip


def samples(seq: int, t_ns: int, n: int = 4) -> list[bytes]:
    """Gauge i shows seq + i / 10."""
    return encode_batch(
        "town", "e1", seq, np.arange(n, dtype=np.uint32), np.full(n, t_ns), seq + np.arange(n) / 10,
        np.zeros(n, np.uint8), t_ns,
    )  # fmt: skip


def position(seq: int, t_ns: int) -> list[bytes]:
    """The bus is at x = seq."""
    one = np.array([float(seq)])
    zero = np.zeros(1)
    return encode_positions(
        "town", "e1", seq, "local", np.zeros(1, np.uint32), np.array([t_ns]), one, zero, zero,
        np.zeros(1, np.float32), t_ns,
    )  # fmt: skip


def heard(n_seconds: int, n: int = 4) -> Iterator[tuple[Fact | list[bytes], int]]:
    """One fact, batch and position a second, as a recorder hears them."""
    yield HubInfo(epoch=EPOCH, scene="Town", version="1", seq=0, addresses=NOWHERE), START_NS
    room = Room()
    yield Snapshot(epoch=EPOCH, seq=0, room=room.to_bytes()), START_NS
    yield encode_announcement(announcement(n)), START_NS
    for i in range(1, n_seconds + 1):
        t_ns = START_NS + i * NS_PER_S
        room.apply(note(i, t_ns))
        yield EventMessage(epoch=EPOCH, event=note(i, t_ns)), t_ns
        yield samples(2 * i, t_ns, n), t_ns
        yield position(2 * i + 1, t_ns), t_ns
        yield Heartbeat(epoch=EPOCH, seq=i, state_hash=room.state_hash(), t_ns=t_ns), t_ns


def record(path: Path, *, n_seconds: int = 60, closed: bool = True, n: int = 4) -> list[str]:
    """A recording of `heard`; the state hash after each fact."""
    keeper = Keeper(path, with_sync=False, city="town.json")
    hashes = [Room().state_hash()]
    for message, t_ns in heard(n_seconds, n):
        if isinstance(message, list):
            keeper.take_samples(message, t_ns)
            continue
        keeper.take_fact(message, t_ns)
        if isinstance(message, EventMessage):
            hashes.append(keeper.room.state_hash())
    if closed:
        keeper.close()
    elif keeper.writer is not None:
        keeper.writer.abandon()
    return hashes
