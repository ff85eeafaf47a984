"""What was detected on one datastream: its trace of usual and unusual, and its episodes. Bounded.

`StreamLog` takes observations of any rate and sums them up in buckets of equal length (the median
of each), because a detector counts: a second of one datastream is a day of another. Buckets begin
at whole multiples of their length since 1970, so an episode has the same id on every console.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.clock import NS_PER_S
from twin.perception.episodes import Episodes
from twin.perception.seasonal import Score, SeasonalDetector

#: A strength with the tail probability of `episodes.THRESHOLD`, in spreads.
THRESHOLD = 7.884
#: Buckets kept of a datastream: four weeks of 5 minutes.
KEPT = 8_192
EPISODES_KEPT = 100
PROBATION = 200
_MOST_IN_BUCKET = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One time of unusual values.

    Attributes
    ----------
    id : the same on every console that watches in buckets of the same length
    start_ns, end_ns : first and last unusual bucket so far
    strength : greatest distance from usual in it, in spreads
    value, expected, spread, reason, basis : of the strongest bucket, see `seasonal.Score`
    threshold : that was in force
    """

    id: str
    datastream_id: str
    start_ns: int
    end_ns: int
    is_open: bool
    strength: float
    value: float
    expected: float
    spread: float
    residual: float
    reason: str
    basis: str
    threshold: float

    def text(self, unit: str = "") -> str:
        """Why, in one sentence."""
        score = Score(
            score=1.0, expected=self.expected, spread=self.spread, residual=self.residual,
            reason=self.reason, basis=self.basis,
        )  # fmt: skip
        return f"{self.value:.4g} {unit}: ".replace(" :", ":") + score.text(unit)


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Buckets of one datastream, oldest first; columns (k,).

    Attributes
    ----------
    t_ns : beginnings
    values : medians; expected, spread : what was usual; strength : how far off, in spreads
    """

    t_ns: Int64Array
    values: Float64Array
    expected: Float64Array
    spread: Float64Array
    residual: Float64Array
    strength: Float64Array

    def between(self, start_ns: int, end_ns: int) -> Trace:
        """The buckets that begin from `start_ns` up to before `end_ns`."""
        first, last = np.searchsorted(self.t_ns, [start_ns, end_ns])
        part = slice(int(first), int(last))
        return Trace(
            self.t_ns[part], self.values[part], self.expected[part], self.spread[part],
            self.residual[part], self.strength[part],
        )  # fmt: skip


class StreamLog:
    """One watched datastream. One thread.

    Parameters
    ----------
    bucket_s : length of a bucket
    utc_offset_s : of the city
    """

    def __init__(
        self,
        datastream_id: str,
        *,
        bucket_s: float,
        threshold: float = THRESHOLD,
        probation: int = PROBATION,
        utc_offset_s: float = 0.0,
    ) -> None:
        self.datastream_id = datastream_id
        self.bucket_ns = max(round(bucket_s * NS_PER_S), 1)
        self.probation = probation
        self.n_buckets = 0
        self.episodes: tuple[Episode, ...] = ()
        per_hour = max(round(3_600 / bucket_s), 1)
        self._detector = SeasonalDetector(
            probation=probation, utc_offset_s=utc_offset_s, per_hour=per_hour
        )
        self._judge = Episodes(threshold=threshold)
        self._columns = np.full((KEPT, 5), np.nan)
        self._times = np.zeros(KEPT, np.int64)
        self._bucket = -1
        self._waiting: list[float] = []

    @property
    def threshold(self) -> float:
        """Strength from which an episode is told."""
        return self._judge.threshold

    @threshold.setter
    def threshold(self, value: float) -> None:
        self._judge.threshold = value

    def add(self, t_ns: Int64Array, values: Float64Array) -> bool:
        """Take observations, oldest first; whether a bucket was completed."""
        before = self.n_buckets
        for t, value in zip(t_ns.tolist(), values.tolist(), strict=True):
            bucket = t // self.bucket_ns
            if bucket < self._bucket or not math.isfinite(value):
                continue
            if bucket > self._bucket:
                self._close_bucket()
                self._bucket = bucket
            if len(self._waiting) < _MOST_IN_BUCKET:
                self._waiting.append(value)
        return self.n_buckets > before

    def trace(self) -> Trace:
        """Copies of all buckets that are kept."""
        n = min(self.n_buckets, KEPT)
        order = np.arange(self.n_buckets - n, self.n_buckets) % KEPT
        columns = self._columns[order]
        return Trace(self._times[order], *columns.T.copy())

    def _close_bucket(self) -> None:
        if not self._waiting:
            return
        value, t_ns = float(np.median(self._waiting)), self._bucket * self.bucket_ns
        self._waiting = []
        score = self._detector.update(t_ns, value)
        at = self.n_buckets % KEPT
        self._times[at] = t_ns
        self._columns[at] = value, score.expected, score.spread, score.residual, score.strength
        self.n_buckets += 1
        self._follow(t_ns, value, score)

    def _follow(self, t_ns: int, value: float, score: Score) -> None:
        change = self._judge.update(score.strength)
        if change == "opened":
            episode = Episode(
                id=f"{self.datastream_id}@{t_ns // NS_PER_S}", datastream_id=self.datastream_id,
                start_ns=t_ns, end_ns=t_ns + self.bucket_ns, is_open=True,
                strength=score.strength, value=value, expected=score.expected,
                spread=score.spread, residual=score.residual, reason=score.reason,
                basis=score.basis, threshold=self.threshold,
            )  # fmt: skip
            self.episodes = (*self.episodes[-EPISODES_KEPT + 1 :], episode)
            return
        if not self.episodes or not self.episodes[-1].is_open:
            return
        *before, last = self.episodes
        if change == "closed":
            last = replace(last, is_open=False)
        elif score.strength >= self.threshold:
            last = replace(last, end_ns=t_ns + self.bucket_ns)
            if score.strength > last.strength:
                last = replace(
                    last, strength=score.strength, value=value, expected=score.expected,
                    spread=score.spread, residual=score.residual, reason=score.reason,
                    basis=score.basis,
                )  # fmt: skip
        self.episodes = (*before, last)


def episodes_at(strength: Float64Array, threshold: float) -> int:
    """How many episodes a trace would have with another threshold."""
    judge = Episodes(threshold=threshold)
    return sum(judge.update(one) == "opened" for one in strength.tolist())
