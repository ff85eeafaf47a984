"""The seasonal detector: what it learns, what it calls unusual and why."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.nab import read_all, score
from twin.perception.episodes import Episodes
from twin.perception.seasonal import HOUR_NS, SeasonalDetector

NAB = Path(__file__).resolve().parents[3] / "shared" / "data" / "anomaly" / "nab"
STEP_NS = HOUR_NS // 4
WEEK = 4 * 24 * 7


def normal(weeks: float = 3.0, seed: int = 1) -> list[tuple[int, float]]:
    """A street: quiet at night, busy by day, quieter at weekends, with noise."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(round(weeks * WEEK)):
        hour, day = (i // 4) % 24, (i // 96) % 7
        level = 20.0 + 60.0 * max(0.0, math.sin((hour - 6) / 12 * math.pi)) * (
            0.6 if day > 4 else 1
        )
        found.append((i * STEP_NS, level + float(rng.normal(0, 3))))
    return found


def learned() -> tuple[SeasonalDetector, int]:
    detector = SeasonalDetector()
    series = normal()
    for t_ns, value in series:
        detector.update(t_ns, value)
    return detector, series[-1][0] + STEP_NS


def test_ordinary_weeks_give_less_than_one_false_alarm_each() -> None:
    detector, episodes = SeasonalDetector(), Episodes()
    opened = [episodes.update(detector.update(t, v).score) for t, v in normal(6.0)]
    assert opened.count("opened") < 6


def test_one_value_far_off_is_told_with_what_would_be_usual() -> None:
    detector, t_ns = learned()
    score_ = detector.update(t_ns, 400.0)
    assert score_.score > 0.999_999
    assert score_.reason == "value"
    assert "spreads off (usual for this hour of week" in score_.text("veh/h")


def test_the_same_value_is_usual_by_day_and_unusual_at_night() -> None:
    for hour, is_unusual in ((12, False), (2, True)):
        detector, t_ns = learned()
        t_ns += hour * HOUR_NS
        assert (detector.update(t_ns, 80.0).score > 0.999_99) is is_unusual


def test_a_little_off_for_long_is_a_drift_or_another_level() -> None:
    detector, t_ns = learned()
    found = set()
    for i in range(60):
        hour = (t_ns // HOUR_NS) % 24
        level = 20.0 + 60.0 * max(0.0, math.sin((hour - 6) / 12 * math.pi))
        found.add(detector.update(t_ns + i * STEP_NS, level + 14.0).reason)
    assert found & {"drift", "level"}


def test_what_is_not_a_number_is_no_news() -> None:
    detector, t_ns = learned()
    before = detector.update(t_ns, 20.0)
    for bad in (math.nan, math.inf, -math.inf):
        assert detector.update(t_ns, bad).score == 0.0
    assert detector.update(t_ns + 1, 20.0).expected == pytest.approx(before.expected, rel=0.05)


def test_a_constant_series_never_divides_by_nothing() -> None:
    detector = SeasonalDetector(probation=20)
    scores = [detector.update(i * STEP_NS, 5.0).score for i in range(500)]
    assert max(scores) < 0.5
    assert detector.update(500 * STEP_NS, 9.0).score > 0.99


def test_an_episode_begins_once_and_ends_after_calm() -> None:
    episodes = Episodes(threshold=0.9, calm=3, gap=5)
    said = [episodes.update(s) for s in (0.1, 0.95, 0.2, 0.95, 0.1, 0.1, 0.1, 0.95, 0.95)]
    assert said == ["", "opened", "", "", "", "", "closed", "opened", ""]


@pytest.mark.skipif(not NAB.is_dir(), reason="the labelled series are not here")
def test_labelled_traffic_is_found_with_few_false_alarms() -> None:
    series = next(one for one in read_all(NAB) if one.name.endswith("speed_t4013.csv"))
    detector, episodes = SeasonalDetector(probation=series.probation), Episodes()
    opened = [
        i
        for i, (t, v) in enumerate(zip(series.t_ns, series.values, strict=True))
        if episodes.update(detector.update(t, v).score) == "opened"
    ]
    judged = score(series, opened)
    assert judged.n_found == judged.n_windows == 2
    assert judged.n_false / series.days < 1.0


def test_the_score_is_that_of_the_benchmark() -> None:
    from benchmarks.nab import Series, total

    series = Series("x", [i * 10**9 for i in range(1_000)], [0.0] * 1_000, ((400, 499),))
    nothing, perfect = score(series, []), score(series, [400])
    assert total([nothing]) == 0.0
    assert total([perfect]) == pytest.approx(100.0)
    late = score(series, [495])
    assert 0.0 < late.raw < perfect.raw
    assert score(series, [400, 900]).raw == pytest.approx(perfect.raw - 0.11, abs=1e-3)
