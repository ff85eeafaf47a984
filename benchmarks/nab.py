"""The score of the Numenta Anomaly Benchmark, standard profile, for a few labelled series.

Rules and weights as published (Lavin and Ahmad, 2015, "Evaluating Real-time Anomaly Detection
Algorithms: the Numenta Anomaly Benchmark"): a window counts once, the earlier the better; what lies
outside costs 0.11, nearly nothing just behind a window; a missed window costs 1; the first 15 % of
a series are for learning. 0 is a detector that never speaks, 100 a perfect one.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FALSE_ALARM, LEARNING, LONGEST_LEARNING = 0.11, 0.15, 5_000


@dataclass(frozen=True, slots=True)
class Series:
    """One labelled series; windows are pairs of indices, both inside."""

    name: str
    t_ns: Sequence[int]
    values: Sequence[float]
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """Observations that are for learning."""
        return int(LEARNING * min(len(self.values), LONGEST_LEARNING))

    @property
    def days(self) -> float:
        """Length in days."""
        return (self.t_ns[-1] - self.t_ns[0]) / 86_400e9


@dataclass(frozen=True, slots=True)
class Scored:
    """Raw score, windows that count, windows found, false alarms, delay of each find (0 … 1)."""

    raw: float
    n_windows: int
    n_found: int
    n_false: int
    delays: tuple[float, ...]


def read_all(folder: Path) -> list[Series]:
    """All series below ``data`` that have labels."""
    windows = json.loads((folder / "labels" / "combined_windows.json").read_text())
    return [
        _read(path, windows[f"{path.parent.name}/{path.name}"])
        for path in sorted((folder / "data").rglob("*.csv"))
    ]


def _read(path: Path, windows: list[list[str]]) -> Series:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    t_ns = [_ns(row["timestamp"]) for row in rows]
    found = []
    for begin, end in windows:
        inside = [i for i, t in enumerate(t_ns) if _ns(begin) <= t <= _ns(end)]
        found.append((inside[0], inside[-1]))
    values = [float(row["value"]) for row in rows]
    return Series(f"{path.parent.name}/{path.name}", t_ns, values, tuple(found))


def _ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def score(series: Series, detections: Sequence[int]) -> Scored:
    """Judge indices at which something was called unusual."""
    raw, found, n_false, delays = 0.0, set[int](), 0, []
    for i in sorted(d for d in detections if d >= series.probation):
        k = next((k for k, (a, b) in enumerate(series.windows) if a <= i <= b), None)
        if k is None:
            n_false += 1
            raw += _false_alarm(series, i)
        elif k not in found:
            found.add(k)
            a, b = series.windows[k]
            delays.append((i - a) / (b - a + 1))
            raw += _sigmoid(-(b - i + 1) / (b - a + 1)) / _sigmoid(-1.0)
    counting = [k for k, (_, b) in enumerate(series.windows) if b >= series.probation]
    raw -= sum(k not in found for k in counting)
    return Scored(raw, len(counting), len(found), n_false, tuple(delays))


def total(scored: Sequence[Scored]) -> float:
    """Score of several series together, 0 … 100."""
    perfect = sum(one.n_windows for one in scored)
    return 100.0 * (sum(one.raw for one in scored) + perfect) / (2 * perfect)


def _false_alarm(series: Series, i: int) -> float:
    before = [window for window in series.windows if window[1] < i]
    if not before:
        return -FALSE_ALARM
    a, b = before[-1]
    return FALSE_ALARM * max(-1.0, _sigmoid((i - b) / (b - a + 1)))


def _sigmoid(y: float) -> float:
    return 2.0 / (1.0 + math.exp(5.0 * y)) - 1.0
