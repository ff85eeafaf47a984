"""What operators' verdicts say of a threshold: a proposal, never more. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TextIO

import numpy as np

from twin.clock import NS_PER_S
from twin.room.parts.verdicts import Verdict

#: So many labels until a threshold is proposed.
ENOUGH = 5
#: A missed anomaly counts as so many calls for nothing.
MISS_COST = 3.0
LEAST_THRESHOLD, ROOM = 3.0, 1.05
COLUMNS = ("id", "datastream_id", "thing_id", "thing_name", "start", "end", "verdict", "strength",
           "threshold", "reason", "by", "department", "given")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Another threshold, and what it would have changed.

    Attributes
    ----------
    threshold, current : in spreads
    n_labels : that it rests on
    n_false, n_missed : calls for nothing and missed anomalies with it
    n_false_now, n_missed_now : with the current one
    """

    threshold: float
    current: float
    n_labels: int
    n_false: int
    n_missed: int
    n_false_now: int
    n_missed_now: int

    def text(self) -> str:
        """The proposal in one sentence."""
        return (
            f"With {self.threshold:.1f} instead of {self.current:.1f} spreads you would have been"
            f" called for nothing {self.n_false} instead of {self.n_false_now} times, and missed"
            f" {self.n_missed} instead of {self.n_missed_now} anomalies ({self.n_labels} verdicts)"
        )


def advice_of(verdicts: Iterable[Verdict], current: float) -> Advice | None:
    """The threshold that would have cost least, None where the current one is as good.

    Of several the one nearest to the current one is taken. A missed anomaly counts `MISS_COST`.
    """
    judged = [(one.strength, one.is_anomaly) for one in verdicts if one.strength > 0.0]
    if len(judged) < ENOUGH:
        return None

    harmless = np.sort([strength for strength, is_it in judged if not is_it])
    anomalies = np.sort([strength for strength, is_it in judged if is_it])

    def costs(threshold: float) -> tuple[float, int, int]:
        n_false = len(harmless) - int(np.searchsorted(harmless, threshold))
        n_missed = int(np.searchsorted(anomalies, threshold))
        return n_false + MISS_COST * n_missed, n_false, n_missed

    best = min(
        _candidates([strength for strength, _ in judged]),
        key=lambda one: (costs(one)[0], abs(one - current), one),
    )
    cost, n_false, n_missed = costs(best)
    cost_now, n_false_now, n_missed_now = costs(current)
    if cost >= cost_now:
        return None
    return Advice(
        threshold=best, current=current, n_labels=len(judged), n_false=n_false,
        n_missed=n_missed, n_false_now=n_false_now, n_missed_now=n_missed_now,
    )  # fmt: skip


def _candidates(strengths: Sequence[float]) -> list[float]:
    """Between the labels, a little above the strongest and a little below the weakest."""
    known = sorted(set(strengths))
    between = [(a + b) / 2.0 for a, b in pairwise(known)]
    found = [known[0] / ROOM, *between, known[-1] * ROOM]
    return [max(one, LEAST_THRESHOLD) for one in found]


def write_labels(verdicts: Iterable[Verdict], file: TextIO) -> int:
    """Write labels as CSV (RFC 4180, UTC times of ISO 8601), oldest first; how many."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    ordered = sorted(verdicts, key=lambda one: (one.start_ns, one.id))
    for one in ordered:
        writer.writerow(
            (
                *(one.id, one.datastream_id, one.thing_id, one.thing_name),
                *(_utc(one.start_ns), _utc(one.end_ns)),
                "anomaly" if one.is_anomaly else "not an anomaly",
                *(f"{one.strength:.4g}", f"{one.threshold:.4g}", one.reason),
                *(one.by.name, one.by.department, _utc(one.at_ns)),
            )
        )
    return len(ordered)


def _utc(t_ns: int) -> str:
    at = datetime.fromtimestamp(t_ns // NS_PER_S, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
