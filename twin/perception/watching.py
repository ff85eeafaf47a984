"""Watches chosen datastreams of a live store for unusual values. A bounded number of them.

Where a history is at hand (`twin.history`) a datastream begins with its last four weeks, in buckets
of five minutes; otherwise with what the store holds, in short buckets, and has to learn first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.clock import NS_PER_S
from twin.errors import TwinError
from twin.perception.episode_log import KEPT, PROBATION, THRESHOLD, Episode, StreamLog, Trace
from twin.sense.store import ObservationStore

#: Most datastreams that one console watches.
MOST = 24
LEAST_BUCKET_S, HISTORY_BUCKET_S = 10.0, 300.0
#: Fewer buckets of history are not worth long buckets.
LEAST_OF_HISTORY = 24
#: What is marked as a missed anomaly: so many of the newest buckets.
MARKED_BUCKETS = 12


class PastOf(Protocol):
    """What a `twin.history.asking.Span` gives."""

    @property
    def t_ns(self) -> Int64Array:
        """Beginnings of its buckets."""
        ...

    @property
    def mean(self) -> Float64Array:
        """Their means."""
        ...


#: (datastream id, start_ns, end_ns, number of buckets) -> its past; raises `TwinError`.
AskPast = Callable[[str, int, int, int], PastOf]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamView:
    """One watched datastream as it is shown. Never changed after it was made.

    Attributes
    ----------
    has_history : it began with a history
    n_buckets, probation : values are told as unusual from `probation` buckets on
    episodes : oldest first
    trouble : why its history cannot be read, "" = it can, or there is none
    """

    datastream_id: str
    bucket_s: float
    has_history: bool
    n_buckets: int
    probation: int
    threshold: float
    episodes: tuple[Episode, ...]
    trace: Trace
    trouble: str = ""

    @property
    def n_to_learn(self) -> int:
        """Buckets until it may tell anything; 0 = it has learned."""
        return max(self.probation - self.n_buckets, 0)


@dataclass(slots=True)
class _Watched:
    log: StreamLog
    has_history: bool
    trouble: str
    last_t_ns: int = 0
    count: int = 0
    is_new: bool = True


def newest_as_episode(view: StreamView) -> Episode:
    """The newest buckets as an episode, for what an operator found and the detector did not."""
    trace = view.trace
    newest = max(len(trace.t_ns) - MARKED_BUCKETS, 0)
    at = newest + int(trace.strength[newest:].argmax())
    first_ns = int(trace.t_ns[newest])
    return Episode(
        id=f"{view.datastream_id}@{first_ns // NS_PER_S}",
        datastream_id=view.datastream_id, start_ns=first_ns,
        end_ns=int(trace.t_ns[-1]) + round(view.bucket_s * NS_PER_S), is_open=False,
        strength=float(trace.strength[at]), value=float(trace.values[at]),
        expected=float(trace.expected[at]), spread=float(trace.spread[at]),
        residual=float(trace.residual[at]), reason="", basis="all", threshold=view.threshold,
    )  # fmt: skip


class AnomalyWatch:
    """Which datastreams are watched, and what was found.

    `look` is called on one thread at a time, never the GUI thread; everything else on any.

    Parameters
    ----------
    ask_past : asks a history; None = there is none
    probation : buckets before anything is called unusual
    """

    def __init__(
        self,
        store: ObservationStore,
        *,
        ask_past: AskPast | None = None,
        utc_offset_s: float = 0.0,
        probation: int = PROBATION,
    ) -> None:
        self._store = store
        self.ask_past = ask_past
        self.utc_offset_s = utc_offset_s
        self._probation = probation
        self._lock = threading.Lock()
        self._wanted: tuple[str, ...] = ()
        self._thresholds: dict[str, float] = {}
        self._watched: dict[str, _Watched] = {}
        self._views: Mapping[str, StreamView] = {}
        #: Moves whenever `views` or `wanted` do.
        self.version = 0

    @property
    def wanted(self) -> tuple[str, ...]:
        """Ids of the datastreams that are watched, in the order they were chosen."""
        return self._wanted

    @property
    def views(self) -> Mapping[str, StreamView]:
        """What was found up to the last look, by datastream id."""
        return self._views

    def watch(self, *datastream_ids: str) -> str:
        """Watch these too; "" or why not all of them."""
        with self._lock:
            wanted = tuple(dict.fromkeys((*self._wanted, *datastream_ids)))
            self._wanted = wanted[:MOST]
            self.version += 1
        left = len(wanted) - MOST
        return f"At most {MOST} values are watched; {left} more are not" if left > 0 else ""

    def unwatch(self, datastream_id: str) -> None:
        """Watch it no longer; what was learned is forgotten."""
        with self._lock:
            self._wanted = tuple(one for one in self._wanted if one != datastream_id)
            self.version += 1

    def set_threshold(self, datastream_id: str, threshold: float) -> None:
        """Tell episodes of a datastream from another strength on, from now on."""
        with self._lock:
            self._thresholds[datastream_id] = threshold
            self.version += 1

    def threshold_of(self, datastream_id: str) -> float:
        """Strength from which episodes of a datastream are told."""
        return self._thresholds.get(datastream_id, THRESHOLD)

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Those that somebody chose, by datastream id."""
        with self._lock:
            return dict(self._thresholds)

    def look(self, now_ns: int) -> bool:
        """Take in what is new; whether anything changed. At most one history is read a look."""
        with self._lock:
            wanted, thresholds = self._wanted, dict(self._thresholds)
        moved = [gone for gone in self._watched if gone not in wanted]
        for gone in moved:
            del self._watched[gone]
        may_read = True
        for datastream_id in wanted:
            slot = self._store.slot_of(datastream_id)
            if slot < 0:
                continue
            one = self._watched.get(datastream_id)
            if one is None:
                if not may_read:
                    continue
                may_read = self.ask_past is None
                one = self._watched[datastream_id] = self._begin(datastream_id, slot, now_ns)
            one.log.threshold = thresholds.get(datastream_id, THRESHOLD)
            if self._take(one, slot) or one.log.threshold != self._shown(datastream_id):
                moved.append(datastream_id)
        if moved:
            self._publish(moved)
        return bool(moved)

    def _shown(self, datastream_id: str) -> float:
        view = self._views.get(datastream_id)
        return view.threshold if view is not None else 0.0

    def _begin(self, datastream_id: str, slot: int, now_ns: int) -> _Watched:
        t_ns, values, trouble = self._past(datastream_id, now_ns)
        has_history = len(t_ns) >= LEAST_OF_HISTORY
        interval_s = float(self._store.snapshot().only(slot).interval_s[0])
        bucket_s = HISTORY_BUCKET_S if has_history else max(LEAST_BUCKET_S, round(interval_s))
        log = StreamLog(
            datastream_id, bucket_s=bucket_s, threshold=self.threshold_of(datastream_id),
            # the first half of a history teaches, the second is judged
            probation=max(self._probation, len(t_ns) // 2 if has_history else 0),
            utc_offset_s=self.utc_offset_s,
        )  # fmt: skip
        one = _Watched(log=log, has_history=has_history, trouble=trouble)
        if has_history:
            log.add(t_ns, values)
            one.last_t_ns = int(t_ns[-1])
        return one

    def _past(self, datastream_id: str, now_ns: int) -> tuple[Int64Array, Float64Array, str]:
        nothing = np.zeros(0, np.int64), np.zeros(0)
        if self.ask_past is None:
            return (*nothing, "")
        width_ns = round(HISTORY_BUCKET_S * NS_PER_S)
        end_ns = (now_ns // width_ns + 1) * width_ns
        n = KEPT - 8
        try:
            past = self.ask_past(datastream_id, end_ns - n * width_ns, end_ns, n)
        except TwinError as error:
            return (*nothing, str(error))
        return past.t_ns, past.mean, ""

    def _take(self, one: _Watched, slot: int) -> bool:
        """Take the observations since the last look; whether there is more to show."""
        count = int(self._store.snapshot().only(slot).counts[0])
        is_new, one.is_new = one.is_new, False
        # where an earlier moment is shown nothing is newer: what was learned is kept for the return
        if count == one.count:
            return is_new
        one.count = count
        t_ns, values = self._store.history_of(slot)
        news = t_ns > one.last_t_ns
        if not news.any():
            return is_new
        one.last_t_ns = int(t_ns[-1])
        return one.log.add(t_ns[news], values[news]) or is_new

    def _publish(self, moved: Iterable[str]) -> None:
        views = {key: view for key, view in self._views.items() if key in self._watched}
        for datastream_id in moved:
            one = self._watched.get(datastream_id)
            if one is None:
                continue
            log = one.log
            views[datastream_id] = StreamView(
                datastream_id=datastream_id, bucket_s=log.bucket_ns / NS_PER_S,
                has_history=one.has_history, n_buckets=log.n_buckets, probation=log.probation,
                threshold=log.threshold, episodes=log.episodes, trace=log.trace(),
                trouble=one.trouble,
            )  # fmt: skip
        self._views = views
        with self._lock:
            self.version += 1
