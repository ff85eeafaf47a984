"""Recordings for tests: made by the keeper itself from a small stream of facts and samples."""

from __future__ import annotations

from pathlib import Path

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


def record(path: Path, *, n_seconds: int = 60, closed: bool = True, n: int = 4) -> list[str]:
    """A recording of one fact, batch and position a second; the state hash after each fact."""
    keeper = Keeper(path, with_sync=False, city="town.json")
    keeper.take_fact(
        HubInfo(epoch=EPOCH, scene="Town", version="1", seq=0, addresses=NOWHERE), START_NS
    )
    keeper.take_fact(Snapshot(epoch=EPOCH, seq=0, room=Room().to_bytes()), START_NS)
    keeper.take_samples(encode_announcement(announcement(n)), START_NS)
    hashes = [keeper.room.state_hash()]
    for i in range(1, n_seconds + 1):
        t_ns = START_NS + i * NS_PER_S
        keeper.take_fact(EventMessage(epoch=EPOCH, event=note(i, t_ns)), t_ns)
        hashes.append(keeper.room.state_hash())
        keeper.take_samples(samples(2 * i, t_ns, n), t_ns)
        keeper.take_samples(position(2 * i + 1, t_ns), t_ns)
        beat = Heartbeat(epoch=EPOCH, seq=i, state_hash=hashes[-1], t_ns=t_ns)
        keeper.take_fact(beat, t_ns)
    if closed:
        keeper.close()
    elif keeper.writer is not None:
        keeper.writer.abandon()
    return hashes
