"""The bounded store of observations: filled by the ingest thread, read by the frame tick."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int64Array, UInt8Array, UInt32Array
from twin.city.frames import Origin
from twin.clock import Clock
from twin.sense.catalogue import Catalogue
from twin.sense.live_join import LiveJoins
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.snapshot import NO_DOUBTS, DeclaredLimits, Doubts, ObservationSnapshot
from twin.sense.table import ObservationTable


class ObservationStore:
    """Things, datastreams and their observations. Every method may be called on any thread.

    Parameters
    ----------
    capacity : most datastreams, and most things; what does not fit is counted and named
    history : observations kept a datastream
    """

    def __init__(self, *, capacity: int, history: int, clock: Clock) -> None:
        if capacity < 1 or history < 1:
            raise ValueError("capacity and history must be at least 1")
        self._capacity = capacity
        self._clock = clock
        self._lock = threading.Lock()
        self._catalogue = Catalogue(capacity=capacity)
        self._table = ObservationTable(capacity=capacity, history=history)
        self._declared = DeclaredLimits.of(())
        self._declared_version = 0
        self._doubts = NO_DOUBTS
        self._version = 0
        self._origin: Origin | None = None

    @property
    def capacity(self) -> int:
        """Most datastreams."""
        return self._capacity

    @property
    def version(self) -> int:
        """Moves whenever an observation or the catalogue does."""
        return self._version

    @property
    def catalogue_version(self) -> int:
        """Moves whenever a thing or datastream is added or replaced, or the origin is set."""
        return self._catalogue.version

    @property
    def n_datastreams(self) -> int:
        """How many datastreams are known; cheaper than their snapshot."""
        with self._lock:
            return self._catalogue.n_slots

    @property
    def things(self) -> Mapping[str, Thing]:
        """Things by id: an immutable snapshot."""
        with self._lock:
            return self._catalogue.things

    @property
    def datastreams(self) -> Sequence[Datastream]:
        """Datastreams by slot: an immutable snapshot."""
        with self._lock:
            return self._catalogue.datastreams

    @property
    def xyz_local_m(self) -> Float32Array:
        """(n, 3) float32, position of each slot's thing; NaN where it cannot be placed."""
        with self._lock:
            return self._catalogue.xyz_local_m

    @property
    def refused(self) -> int:
        """How many things and datastreams did not fit."""
        return self._catalogue.refused

    @property
    def refused_names(self) -> tuple[str, ...]:
        """Names of the first 20 of them."""
        with self._lock:
            return self._catalogue.refused_names

    @property
    def late(self) -> int:
        """Observations left out because a newer one of their datastream was there already."""
        return self._table.late

    @property
    def origin(self) -> Origin | None:
        """The city's origin, None before `set_origin`."""
        return self._origin

    def set_origin(self, origin: Origin) -> None:
        """Say where the city is; geographic things are placed anew."""
        with self._lock:
            self._origin = origin
            self._catalogue.set_origin(origin)
            self._version += 1

    def set_joins(self, joins: LiveJoins | None) -> None:
        """Join things of live topics to features; again when more features are known."""
        with self._lock:
            before = self._catalogue.version
            self._catalogue.set_joins(joins)
            self._version += self._catalogue.version != before

    def announce(self, announcement: Announcement) -> None:
        """Add or replace the things and datastreams of a source."""
        with self._lock:
            before = self._catalogue.version
            self._catalogue.announce(announcement)
            self._version += self._catalogue.version != before

    def observe(self, source: str, thing: Thing, datastream: Datastream) -> int:
        """Add one self-announced datastream; its slot, or -1 when the store is full."""
        with self._lock:
            before = self._catalogue.version
            slot = self._catalogue.observe(source, thing, datastream)
            self._version += self._catalogue.version != before
            return slot

    def owns(self, source: str, datastream_id: str) -> bool:
        """Whether `source` announced that datastream first, and so may rename and move it."""
        with self._lock:
            return self._catalogue.owns(source, datastream_id)

    def slots_of(self, source: str, indices: UInt32Array, epoch: str = "") -> Int64Array:
        """(n,) slots of a source's indices; -1 where not announced.

        With an `epoch` that is not the announced one all are unknown, because a restarted source
        may number its datastreams anew.
        """
        with self._lock:
            return self._catalogue.slots_of(source, indices, epoch)

    def slot_of(self, datastream_id: str) -> int:
        """Slot of a datastream, -1 unknown."""
        with self._lock:
            return self._catalogue.slot_of(datastream_id)

    def slots_of_thing(self, thing_id: str) -> Int64Array:
        """(k,) slots of a thing's datastreams."""
        with self._lock:
            return self._catalogue.slots_of_thing(thing_id)

    def slots_of_property(self, name: str) -> Int64Array:
        """(k,) slots of an observed property."""
        with self._lock:
            return self._catalogue.slots_of_property(name)

    def observed_properties(self) -> tuple[str, ...]:
        """Names of the observed properties, sorted."""
        with self._lock:
            return self._catalogue.observed_properties()

    def xyz_of_thing(self, thing_id: str) -> Float32Array:
        """(3,) float32 local metres; NaN where unknown or not placeable."""
        with self._lock:
            return self._catalogue.xyz_of_thing(thing_id)

    def path_local_m(self, thing_id: str) -> Float32Array:
        """(k, 3) float32 local metres: a thing's position and the other vertices of its path."""
        with self._lock:
            return self._catalogue.path_local_m(thing_id)

    def add(
        self,
        slots: Int64Array,
        t_ns: Int64Array,
        values: Float64Array,
        quality: UInt8Array,
        received_ns: int,
    ) -> int:
        """Take in observations; how many were kept.

        Parameters
        ----------
        slots : (n,) int64; negative ones are left out
        t_ns, values, quality : (n,) columns as in `twin.link.wire.SampleBatch`, already sifted
        received_ns : when they arrived
        """
        if len(slots) and int(slots.min()) < 0:
            known = slots >= 0
            slots, t_ns, values, quality = slots[known], t_ns[known], values[known], quality[known]
        if len(slots) == 0:
            return 0
        with self._lock:
            n_kept = self._table.add(slots, t_ns, values, quality, received_ns)
            self._table.learn(self._catalogue.n_slots, received_ns)
            self._version += n_kept > 0
            return n_kept

    def clear(self) -> None:
        """Forget every observation, and keep the catalogue: another moment is going to be shown."""
        with self._lock:
            self._table.clear()
            self._doubts = NO_DOUBTS
            self._version += 1

    def set_doubts(self, doubts: Doubts) -> None:
        """Say which datastreams must not be trusted; snapshots hand it on."""
        with self._lock:
            is_same = np.array_equal(doubts.bits, self._doubts.bits) and np.array_equal(
                doubts.is_shared, self._doubts.is_shared
            )
            self._doubts = doubts
            self._version += not is_same

    def history_of(self, slot: int) -> tuple[Int64Array, Float64Array]:
        """Times (k,) int64 ns and values (k,) of one slot, oldest first."""
        with self._lock:
            return self._table.history_of(slot)

    def snapshot_at(self, t_ns: int) -> ObservationSnapshot:
        """The newest observation of each slot as it was at `t_ns`, as far back as history is kept.

        Slots of which nothing so old is kept are as if never seen.
        """
        now = self.snapshot()
        with self._lock:
            times, values = self._table.at(t_ns, now.n_slots)
        return now.as_it_was(t_ns, times, values)

    def snapshot(self) -> ObservationSnapshot:
        """Copies of all columns, taken at one moment."""
        with self._lock:
            table, n = self._table, self._catalogue.n_slots
            if self._declared_version != self._catalogue.version:
                self._declared = DeclaredLimits.of(self._catalogue.datastreams)
                self._declared_version = self._catalogue.version
            doubts = self._doubts.fitted(n)
            learned_s = table.interval_s[:n]
            return ObservationSnapshot(
                version=self._version,
                catalogue_version=self._catalogue.version,
                t_ns=table.t_ns[:n].copy(),
                values=table.values[:n].copy(),
                quality=table.quality[:n].copy(),
                received_ns=table.received_ns[:n].copy(),
                counts=table.counts[:n].copy(),
                interval_s=np.where(doubts.interval_s > 0.0, doubts.interval_s, learned_s),
                changed_ns=table.changed_ns[:n].copy(),
                n_changes=table.n_changes[:n].copy(),
                repeats=table.repeats[:n].copy(),
                declared=self._declared,
                doubts=doubts,
            )
