"""The thinned lane: the newest value of each datastream and unit at a low rate. One thread.

The hub makes it only while somebody listens to it. Observations and positions are never averaged:
what is sent is a real sample, the newest.

Hard-won rules (tests/twin/test_thinning.py):

1. Memory is bounded by slots, whatever indices a source sends.
2. A thinned batch carries the number of the newest message it stands for, so that a console knows
   exactly how many it did not see.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array, UInt32Array
from twin.clock import NS_PER_S
from twin.link.wire import Frame, PositionBatch, SampleBatch, encode_batch, encode_positions
from twin.link.wire_json import JsonBatch, JsonObservation, JsonPosition
from twin.link.wire_thin import encode_thin_json, thinned

#: A value is sent at most this often …
INTERVAL_S = 1.0
#: … and so much more seldom that all together stay below this many samples a second.
BUDGET_HZ = 100_000.0
#: Datastreams and units of all sources together; 72 to 120 MB at the most.
MAX_SLOTS = 2_000_000
MAX_JSON_ENTRIES = 100_000
MAX_SOURCES = 500
BATCH = 10_000

_JsonEntry: TypeAlias = JsonObservation | JsonPosition
_QUALITY_NAMES = ("good", "suspect", "bad")


@dataclass(slots=True)
class _Columns:
    """Newest row by index: one line a column of the batches, and which rows were not sent yet."""

    t_ns: Int64Array
    rows: Float64Array
    is_new: BoolArray

    @classmethod
    def empty(cls, width: int) -> _Columns:
        """No row yet, `width` values each."""
        return cls(np.zeros(0, np.int64), np.zeros((width, 0)), np.zeros(0, np.bool_))

    def grow(self, n: int) -> None:
        """Make room for indices below `n`."""
        more = n - len(self.t_ns)
        self.t_ns = np.append(self.t_ns, np.full(more, np.iinfo(np.int64).min))
        self.rows = np.append(self.rows, np.zeros((len(self.rows), more)), axis=1)
        self.is_new = np.append(self.is_new, np.zeros(more, dtype=np.bool_))

    def put(self, index: UInt32Array, t_ns: Int64Array, *columns: Float64Array) -> None:
        """Take rows that are not older than what is there; of several of one index the newest."""
        if len(t_ns) > 1 and bool((t_ns[1:] < t_ns[:-1]).any()):
            order = np.argsort(t_ns, kind="stable")
            index, t_ns = index[order], t_ns[order]
            columns = tuple(column[order] for column in columns)
        is_late = t_ns < self.t_ns[index]
        if is_late.any():
            keep = ~is_late
            index, t_ns = index[keep], t_ns[keep]
            columns = tuple(column[keep] for column in columns)
        self.t_ns[index] = t_ns
        self.is_new[index] = True
        for row, column in zip(self.rows, columns, strict=True):
            row[index] = column

    def take(self) -> Iterator[UInt32Array]:
        """Indices of the rows not sent yet, some thousands at a time; then they count as sent."""
        index = np.flatnonzero(self.is_new).astype(np.uint32)
        self.is_new[index] = False
        for start in range(0, len(index), BATCH):
            yield index[start : start + BATCH]


@dataclass(slots=True)
class _Source:
    """What is known of one source."""

    epoch: str = ""
    seq: int = 0
    frame: Frame = "local"
    samples: _Columns = field(default_factory=lambda: _Columns.empty(2))
    positions: _Columns = field(default_factory=lambda: _Columns.empty(4))
    entries: dict[str, _JsonEntry] = field(default_factory=dict)
    new_entries: set[str] = field(default_factory=set)
    n_json: int = 0

    @property
    def n_slots(self) -> int:
        """Rows in memory."""
        return len(self.samples.t_ns) + len(self.positions.t_ns)


class Thinner:
    """Merges messages, and gives the thinned ones when they are due.

    Parameters
    ----------
    epoch : the hub's, new at each start

    Attributes
    ----------
    n_refused : messages that did not fit into the bounds
    """

    def __init__(self, epoch: str, *, budget_hz: float = BUDGET_HZ) -> None:
        self._epoch = epoch
        self._budget_hz = budget_hz
        self._sources: dict[str, _Source] = {}
        self._due_ns = 0
        self._n_entries = 0
        self.n_refused = 0

    def clear(self) -> None:
        """Nobody listens any more: forget everything."""
        self._sources.clear()
        self._due_ns = 0
        self._n_entries = 0

    def merge(self, message: SampleBatch | PositionBatch | JsonBatch, now_ns: int) -> None:
        """Take a message of the full lane in; `now_ns` is the wall clock."""
        source = self._sources.get(message.source)
        if source is None:
            if len(self._sources) >= MAX_SOURCES:
                self.n_refused += 1
                return
            source = self._sources[message.source] = _Source()
        match message:
            case JsonBatch():
                self._merge_json(source, message, now_ns)
            case SampleBatch():
                if self._begin(source, message, source.samples):
                    quality = message.quality.astype(np.float64)
                    source.samples.put(message.indices, message.t_ns, message.values, quality)
            case PositionBatch():
                source.frame = message.frame
                if self._begin(source, message, source.positions):
                    columns = (message.x, message.y, message.z)
                    heading = message.heading_rad.astype(np.float64)
                    source.positions.put(message.indices, message.t_ns, *columns, heading)

    def due(self, now_ns: int, sent_ns: int) -> Iterator[list[bytes]]:
        """The thinned messages, if it is time for them.

        Parameters
        ----------
        now_ns : monotonic; `sent_ns` : the wall clock, for the headers
        """
        if now_ns < self._due_ns:
            return
        n = 0
        for name, source in self._sources.items():
            for index in source.samples.take():
                n += len(index)
                yield thinned(_sample_frames(name, source, index, sent_ns))
            for index in source.positions.take():
                n += len(index)
                yield thinned(_position_frames(name, source, index, sent_ns))
            if source.new_entries:
                n += len(source.new_entries)
                yield self._json_frames(name, source, sent_ns)
        if n:
            self._due_ns = now_ns + round(max(INTERVAL_S, n / self._budget_hz) * NS_PER_S)

    def everything(self, sent_ns: int) -> list[list[bytes]]:
        """Thinned messages of all there is, whether it was sent or not; then it counts as sent."""
        for source in self._sources.values():
            for columns in (source.samples, source.positions):
                columns.is_new |= columns.t_ns > np.iinfo(np.int64).min
            source.new_entries.update(source.entries)
        self._due_ns = 0
        return list(self.due(1, sent_ns))

    def _begin(
        self, source: _Source, batch: SampleBatch | PositionBatch, columns: _Columns
    ) -> bool:
        """Note the numbering and make room; False when there is none."""
        if batch.epoch != source.epoch:
            source.epoch = batch.epoch
            source.samples, source.positions = _Columns.empty(2), _Columns.empty(4)
            columns = source.samples if isinstance(batch, SampleBatch) else source.positions
        source.seq = batch.seq
        if not len(batch.indices):
            return False
        needed = int(batch.indices.max()) + 1
        if needed > len(columns.t_ns):
            n_slots = sum(one.n_slots for one in self._sources.values())
            if n_slots + needed - len(columns.t_ns) > MAX_SLOTS:
                self.n_refused += 1
                return False
            columns.grow(needed)
        return True

    def _merge_json(self, source: _Source, batch: JsonBatch, now_ns: int) -> None:
        source.n_json += 1
        entries: tuple[_JsonEntry, ...] = (*batch.observations, *batch.positions)
        for entry in entries:
            name = entry.datastream if isinstance(entry, JsonObservation) else f"\0{entry.unit}"
            old = source.entries.get(name)
            if old is None:
                if self._n_entries >= MAX_JSON_ENTRIES:
                    self.n_refused += 1
                    continue
                self._n_entries += 1
            source.entries[name] = _merged(old, entry, now_ns)
            source.new_entries.add(name)

    def _json_frames(self, name: str, source: _Source, sent_ns: int) -> list[bytes]:
        entries = [_written(source.entries[key]) for key in sorted(source.new_entries)]
        source.new_entries.clear()
        return encode_thin_json(name, self._epoch, source.n_json, entries, sent_ns)


def _sample_frames(name: str, source: _Source, index: UInt32Array, sent_ns: int) -> list[bytes]:
    values, quality = source.samples.rows[:, index]
    return encode_batch(
        name, source.epoch, source.seq, index, source.samples.t_ns[index], values,
        quality.astype(np.uint8), sent_ns,
    )  # fmt: skip


def _position_frames(name: str, source: _Source, index: UInt32Array, sent_ns: int) -> list[bytes]:
    x, y, z, heading = source.positions.rows[:, index]
    return encode_positions(
        name, source.epoch, source.seq, source.frame, index, source.positions.t_ns[index],
        x, y, z, heading.astype(np.float32), sent_ns,
    )  # fmt: skip


def _merged(old: _JsonEntry | None, new: _JsonEntry, now_ns: int) -> _JsonEntry:
    """The newer entry, with what the older one told and the newer does not."""
    t_ns = now_ns if new.t_ns is None else new.t_ns
    if old is not None and old.t_ns is not None and old.t_ns > t_ns:
        return old
    if isinstance(new, JsonObservation) and isinstance(old, JsonObservation):
        has_place = new.xyz is not None
        return replace(
            new, t_ns=t_ns, unit=new.unit or old.unit, name=new.name or old.name,
            frame=new.frame if has_place else old.frame, xyz=new.xyz if has_place else old.xyz,
        )  # fmt: skip
    return replace(new, t_ns=t_ns)


def _written(entry: _JsonEntry) -> dict[str, object]:
    """An entry as JSON wants it."""
    written: dict[str, object] = {"time": entry.t_ns, "name": entry.name}
    if entry.xyz is not None:
        written["local" if entry.frame == "local" else "location"] = entry.xyz
    if isinstance(entry, JsonObservation):
        return written | {
            "datastream": entry.datastream, "result": entry.result, "unit": entry.unit,
            "quality": _QUALITY_NAMES[entry.quality],
        }  # fmt: skip
    if not np.isnan(entry.heading_rad):
        written["heading"] = float(np.degrees(entry.heading_rad))
    return written | {"unit": entry.unit, "kind": entry.kind}
