"""The newest observation of every datastream at one moment, as columns that nobody changes.

Pure records: any thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array, UInt8Array
from twin.sense.model import Datastream


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredLimits:
    """What the datastreams declare, as columns (n,); min = max = 0 and interval 0 = unknown."""

    min: Float64Array
    max: Float64Array
    interval_s: Float64Array
    is_percent: BoolArray

    @classmethod
    def of(cls, datastreams: Sequence[Datastream]) -> Self:
        """What these declare, in their order."""
        return cls(
            min=np.array([stream.min for stream in datastreams], dtype=np.float64),
            max=np.array([stream.max for stream in datastreams], dtype=np.float64),
            interval_s=np.array([stream.interval_s for stream in datastreams], dtype=np.float64),
            is_percent=np.array([stream.unit == "%" for stream in datastreams], dtype=np.bool_),
        )

    def only(self, slot: int) -> DeclaredLimits:
        """The same of one slot alone (n = 1)."""
        row = slice(slot, slot + 1)
        return DeclaredLimits(
            min=self.min[row],
            max=self.max[row],
            interval_s=self.interval_s[row],
            is_percent=self.is_percent[row],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Doubts:
    """What `twin.sense.trust` found about the first n slots; never changed after it was made.

    Attributes
    ----------
    bits : (n,) uint8, `twin.sense.trust.Doubt`; 0 = nothing is doubted
    since_ns : (n,) int64, since when anything is; 0 = nothing is
    interval_s : (n,) float64, median time between observations, 0 = not learned yet
    gap_s : (n,) float64, length of the newest gap, 0 = there was none
    is_shared : (n,) bool, out of its range together with many others: an event, not a fault
    """

    bits: UInt8Array
    since_ns: Int64Array
    interval_s: Float64Array
    gap_s: Float64Array
    is_shared: BoolArray

    def fitted(self, n: int) -> Doubts:
        """The same of `n` slots; of new ones nothing is known."""
        more = max(n - len(self.bits), 0)
        if n == len(self.bits):
            return self
        return Doubts(
            bits=np.pad(self.bits[:n], (0, more)),
            since_ns=np.pad(self.since_ns[:n], (0, more)),
            interval_s=np.pad(self.interval_s[:n], (0, more)),
            gap_s=np.pad(self.gap_s[:n], (0, more)),
            is_shared=np.pad(self.is_shared[:n], (0, more)),
        )

    def only(self, slot: int) -> Doubts:
        """The same of one slot alone (n = 1)."""
        row, fitted = slice(slot, slot + 1), self.fitted(max(len(self.bits), slot + 1))
        return Doubts(
            bits=fitted.bits[row],
            since_ns=fitted.since_ns[row],
            interval_s=fitted.interval_s[row],
            gap_s=fitted.gap_s[row],
            is_shared=fitted.is_shared[row],
        )


NO_DOUBTS = Doubts(
    bits=np.zeros(0, np.uint8),
    since_ns=np.zeros(0, np.int64),
    interval_s=np.zeros(0),
    gap_s=np.zeros(0),
    is_shared=np.zeros(0, bool),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationSnapshot:
    """Copies of the newest observation of each of the n slots.

    Attributes
    ----------
    version : `ObservationStore.version` when taken; equal versions = equal arrays
    t_ns, received_ns : (n,) int64, UTC; 0 where never seen
    values : (n,) float64; NaN where never seen
    quality : (n,) uint8, `twin.sense.model.Quality`
    counts : (n,) int64, observations ever
    interval_s : (n,) float64, learned time between observations, 0 before the second
    changed_ns, n_changes, repeats : (n,) int64, see `twin.sense.table.ObservationTable`
    doubts : which must not be trusted, as far as somebody watches (`twin.sense.trust`)
    """

    version: int
    catalogue_version: int
    t_ns: Int64Array
    values: Float64Array
    quality: UInt8Array
    received_ns: Int64Array
    counts: Int64Array
    interval_s: Float64Array
    changed_ns: Int64Array
    n_changes: Int64Array
    repeats: Int64Array
    declared: DeclaredLimits
    doubts: Doubts = NO_DOUBTS

    @property
    def n_slots(self) -> int:
        """How many datastreams."""
        return len(self.values)

    def only(self, slot: int) -> ObservationSnapshot:
        """The same of one slot alone (n = 1), so that a question about one costs only one."""
        row = slice(slot, slot + 1)
        return ObservationSnapshot(
            version=self.version,
            catalogue_version=self.catalogue_version,
            t_ns=self.t_ns[row],
            values=self.values[row],
            quality=self.quality[row],
            received_ns=self.received_ns[row],
            counts=self.counts[row],
            interval_s=self.interval_s[row],
            changed_ns=self.changed_ns[row],
            n_changes=self.n_changes[row],
            repeats=self.repeats[row],
            doubts=self.doubts.only(slot),
            declared=self.declared.only(slot),
        )

    def as_it_was(self, t_ns: int, times: Int64Array, values: Float64Array) -> ObservationSnapshot:
        """The same at an earlier moment.

        Quality is kept of the newest observation only: older ones count as good, and none as
        stuck.

        Parameters
        ----------
        times, values : (n,) what was newest at `t_ns`; time 0 = never seen by then
        """
        is_newest, zero = times == self.t_ns, np.zeros(self.n_slots, np.int64)
        return replace(
            self,
            version=t_ns,
            t_ns=times,
            received_ns=times,
            values=values,
            quality=np.where(is_newest, self.quality, 0).astype(np.uint8),
            counts=np.where(times > 0, self.counts, 0),
            changed_ns=zero,
            n_changes=zero,
            repeats=zero,
            doubts=NO_DOUBTS.fitted(self.n_slots),
        )
