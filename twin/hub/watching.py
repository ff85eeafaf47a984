"""Which samples the hub looks at: those of things that take commands, and the watched ones."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float64Array, Int64Array
from twin.hub.catalogue import targets_of
from twin.hub.requests import Observation
from twin.link.wire import SampleBatch
from twin.link.wire_json import JsonBatch
from twin.sense.model import Announcement, Quality

MAX_INDEX = 1_000_000
MAX_SOURCES = 500
MAX_LATEST = 100_000
MAX_DEFERRED = 32
MAX_DEFERRED_ROWS = 100_000


@dataclass(slots=True)
class _Source:
    """Datastreams of one source by index; the arrays are as long as the largest kept index."""

    id_of: dict[int, str] = field(default_factory=dict)
    index_of: dict[str, int] = field(default_factory=dict)
    of_thing: dict[str, set[int]] = field(default_factory=dict)
    is_kept: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    is_watched: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    last_t_ns: Int64Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    last_value: Float64Array = field(default_factory=lambda: np.zeros(0))
    keeps_any: bool = False
    deferred: list[SampleBatch] = field(default_factory=list)
    n_deferred: int = 0

    def kept_rows(self, batch: SampleBatch) -> NDArray[np.intp]:
        """Rows of a batch that are good samples of kept datastreams."""
        indices = batch.indices
        if len(indices) and int(indices.max()) >= len(self.is_kept):
            known = np.flatnonzero(indices < len(self.is_kept))
            rows = known[self.is_kept[indices[known]]]
        else:
            rows = np.flatnonzero(self.is_kept[indices])
        good = batch.quality[rows] == Quality.GOOD
        good &= np.isfinite(batch.values[rows])
        return rows if good.all() else rows[good]

    def defer(self, batch: SampleBatch) -> None:
        """Remember its values later, together with others: a numpy call costs more than a row."""
        self.deferred.append(batch)
        self.n_deferred += len(batch.indices)
        if len(self.deferred) >= MAX_DEFERRED or self.n_deferred >= MAX_DEFERRED_ROWS:
            self.settle()

    def settle(self) -> None:
        """Remember what was deferred."""
        if not self.deferred:
            return
        batches, self.deferred, self.n_deferred = self.deferred, [], 0
        joined = replace(
            batches[-1],
            indices=np.concatenate([batch.indices for batch in batches]),
            t_ns=np.concatenate([batch.t_ns for batch in batches]),
            values=np.concatenate([batch.values for batch in batches]),
            quality=np.concatenate([batch.quality for batch in batches]),
        )
        self.remember(joined, self.kept_rows(joined))

    def remember(self, batch: SampleBatch, rows: NDArray[np.intp]) -> None:
        """Keep the values of some rows; of several of one index the last."""
        index = batch.indices[rows]
        self.last_t_ns[index] = batch.t_ns[rows]
        self.last_value[index] = batch.values[rows]

    def rename(self, index: int, datastream_id: str) -> None:
        """Give an index to a datastream; what was there before is forgotten."""
        self.settle()
        old_id = self.id_of.get(index)
        if old_id is not None:
            if self.index_of.get(old_id) == index:
                del self.index_of[old_id]
            self.of_thing[old_id.rpartition("/")[0]].discard(index)
        self.last_value[index] = np.nan
        self.id_of[index] = datastream_id
        self.index_of[datastream_id] = index
        self.of_thing.setdefault(datastream_id.rpartition("/")[0], set()).add(index)

    def grow(self, n: int) -> None:
        """Make room for indices below `n`."""
        more = n - len(self.is_kept)
        if more > 0:
            self.is_kept = np.append(self.is_kept, np.zeros(more, dtype=np.bool_))
            self.is_watched = np.append(self.is_watched, np.zeros(more, dtype=np.bool_))
            self.last_t_ns = np.append(self.last_t_ns, np.zeros(more, dtype=np.int64))
            self.last_value = np.append(self.last_value, np.full(more, np.nan))


class Watching:
    """The last good value of each datastream that a command may be verified by. One thread."""

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}
        self._assets: set[str] = set()
        self._watched: frozenset[str] = frozenset()
        self._kept: frozenset[str] = frozenset()
        self._kept_like: re.Pattern[str] | None = None
        self._latest_json: dict[str, Observation] = {}

    def announce(self, announcement: Announcement) -> None:
        """Learn the indices of a source's datastreams."""
        if len(self._sources) >= MAX_SOURCES and announcement.source not in self._sources:
            return
        source = self._sources.setdefault(announcement.source, _Source())
        new_assets = {target.id for target in targets_of(announcement)} - self._assets
        self._assets |= new_assets
        streams = [s for s in announcement.datastreams if 0 <= s.index < MAX_INDEX]
        source.grow(max((s.index + 1 for s in streams), default=0))
        # A repetition costs a look-up each: a city repeats 100,000 every 5 s.
        for stream in streams:
            if source.id_of.get(stream.index) != stream.id:
                source.rename(stream.index, stream.id)
                self._mark(source, stream.id, stream.index)
        for asset in new_assets:
            for index in source.of_thing.get(asset, ()):
                self._mark(source, source.id_of[index], index)

    def watch(self, datastream_ids: frozenset[str]) -> None:
        """From now on `look` gives the samples of these datastreams, and of no others."""
        for source in self._sources.values():
            for datastream_id in self._watched | datastream_ids:
                index = source.index_of.get(datastream_id)
                if index is not None:
                    source.is_watched[index] = datastream_id in datastream_ids
                    source.is_kept[index] = True
                    source.keeps_any = True
        self._watched = datastream_ids

    def keep(self, names: tuple[str, ...]) -> None:
        """Have the last samples of these at hand too; ``*`` in a name stands for anything."""
        self._kept = frozenset(name for name in names if "*" not in name)
        patterns = [fnmatch.translate(name) for name in names if "*" in name]
        self._kept_like = re.compile("|".join(patterns)) if patterns else None
        for source in self._sources.values():
            for datastream_id, index in source.index_of.items():
                self._mark(source, datastream_id, index)

    @property
    def watched(self) -> frozenset[str]:
        """What `watch` was told last."""
        return self._watched

    def last(self, datastream_id: str) -> Observation | None:
        """The last good sample, None if none was seen."""
        for source in self._sources.values():
            source.settle()
            index = source.index_of.get(datastream_id)
            if index is not None and not np.isnan(source.last_value[index]):
                return Observation(
                    datastream_id=datastream_id,
                    t_ns=int(source.last_t_ns[index]),
                    value=float(source.last_value[index]),
                )
        return self._latest_json.get(datastream_id)

    def keeps(self, source: str) -> bool:
        """Whether a batch of this source may hold a value that is kept."""
        found = self._sources.get(source)
        return found is not None and found.keeps_any

    def look(self, batch: SampleBatch) -> Iterator[Observation]:
        """Remember the good values of a batch; gives its samples of watched datastreams."""
        source = self._sources.get(batch.source)
        if source is None or not len(source.is_kept):
            return
        if not self._watched:
            source.defer(batch)
            return
        source.settle()
        rows = source.kept_rows(batch)
        source.remember(batch, rows)
        for row in rows[source.is_watched[batch.indices[rows]]]:
            yield Observation(
                datastream_id=source.id_of[int(batch.indices[row])],
                t_ns=int(batch.t_ns[row]),
                value=float(batch.values[row]),
            )

    def look_json(self, batch: JsonBatch, now_ns: int) -> Iterator[Observation]:
        """The same for a message of the JSON lane."""
        for entry in batch.observations:
            if entry.quality is not Quality.GOOD:
                continue
            seen = Observation(
                datastream_id=entry.datastream,
                t_ns=now_ns if entry.t_ns is None else entry.t_ns,
                value=entry.result,
            )
            if entry.datastream in self._latest_json or len(self._latest_json) < MAX_LATEST:
                self._latest_json[entry.datastream] = seen
            if entry.datastream in self._watched:
                yield seen

    def _mark(self, source: _Source, datastream_id: str, index: int) -> None:
        is_watched = datastream_id in self._watched
        is_asset = datastream_id.rpartition("/")[0] in self._assets
        source.is_watched[index] = is_watched
        is_kept = is_watched or is_asset or self._is_kept(datastream_id)
        source.is_kept[index] = is_kept
        source.keeps_any |= is_kept

    def _is_kept(self, datastream_id: str) -> bool:
        like = self._kept_like
        return datastream_id in self._kept or (
            like is not None and like.match(datastream_id) is not None
        )
