"""Dry runs: the past answers what the watcher would have done, second by second."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.recordings import record
from tests.twin.rule_samples import N_GAUGES, START_NS, STREAMS, THINGS, rule, write_history
from twin.clock import NS_PER_S
from twin.history.asking import History
from twin.history.files import DAY_NS
from twin.perception.rules_model import EventRule, compiled
from twin.perception.rules_past import DryRun, DryRunError, Progress, Series, dry_run
from twin.perception.rules_running import RuleBook
from twin.perception.rules_saying import lines
from twin.perception.rules_selection import Directory
from twin.perception.rules_sources import HistoryPast


class Tables:
    """A past from arrays."""

    def __init__(self, series: Mapping[str, Series]) -> None:
        self.directory = Directory.of(STREAMS, {one.id: one for one in THINGS})
        self._series = series

    def prepare(self, _ids: Sequence[str], _start: int, _end: int, progress: Progress) -> bool:
        return not progress(0.0)

    def samples(self, ids: Sequence[str], start_ns: int, end_ns: int) -> Mapping[str, Series]:
        found = {}
        for one in ids:
            t_ns, values = self._series.get(one, (np.zeros(0, np.int64), np.zeros(0)))
            kept = (t_ns >= start_ns) & (t_ns < end_ns)
            found[one] = t_ns[kept], values[kept]
        return found


def series_of(seed: int, seconds: int, chance: float) -> dict[str, Series]:
    """Wandering levels, each second with a chance; with silent minutes."""
    rng = np.random.default_rng(seed)
    found = {}
    for one in STREAMS:
        told = rng.random(seconds) < chance
        silent = rng.integers(0, seconds, 2)
        for at in silent.tolist():
            told[at : at + 90] = False
        at = np.flatnonzero(told)
        jitter = rng.integers(-900_000_000, 0, len(at))
        values = 2.0 + np.cumsum(rng.normal(0.0, 0.15, seconds))[at]
        found[one.id] = START_NS + (at + 1) * NS_PER_S + jitter, values
    return found


def watched(made: EventRule, series: Mapping[str, Series], seconds: int) -> dict[str, list[Any]]:
    """What the watcher's rules do with the same samples: start and end by alarm."""
    book = RuleBook()
    book.set_rules([compiled(made)])
    book.set_directory(Directory.of(STREAMS, {one.id: one for one in THINGS}))
    running = book.running[made.id]
    t_ns, values = np.zeros(N_GAUGES, np.int64), np.zeros(N_GAUGES)
    found: dict[str, list[Any]] = {}
    was = running.is_open.copy()
    for second in range(1, seconds + 1):
        now_ns = START_NS + second * NS_PER_S
        for i, one in enumerate(STREAMS):
            times, levels = series[one.id]
            at = int(np.searchsorted(times, now_ns, side="right")) - 1
            if at >= 0:
                t_ns[i], values[i] = times[at], levels[at]
        book.step(now_ns, t_ns, values, np.zeros(N_GAUGES, np.uint8))
        for unit in np.flatnonzero(running.is_open != was).tolist():
            spans = found.setdefault(running.alarm_ids[unit], [])
            if running.is_open[unit]:
                spans.append([second, 0])
            else:
                spans[-1][1] = second
        was = running.is_open.copy()
    return found


def told(answer: DryRun, made: EventRule) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in answer.episodes:
        name = f"rule:{made.id}:{one.datastream_id or one.place}"
        end = (one.end_ns - START_NS) // NS_PER_S if one.end_ns else 0
        found.setdefault(name, []).append([(one.start_ns - START_NS) // NS_PER_S, end])
    return found


RULES = (
    rule(open="value > 2.4", close="value < 2", open_for_s=4.0, close_for_s=9.0),
    rule(open="age_s > 25", close="age_s < 3", close_for_s=5.0),
    rule(open="mean_1m > 2.3 && value > mean_1m", close="mean_1m < 2.1 || mean_5m < 2.0"),
    rule(open="rate_per_min > 0.8", close="rate_per_min < 0", open_for_s=3.0),
    rule(open="value > limit", thresholds={"limit": {"gauge-1": 2.2}}, max_age_s=7.0),
    rule(per="area", needs=2, open="value > 2.4", close="value < 2.0", open_for_s=2.0),
    rule(per="area", needs="all", open="value > 2.1", close="value < 1.9"),
    rule(open="value > 2 && level > 2.2", inputs={"level": "gauge-0/water_level"}),
)


@pytest.mark.parametrize("made", RULES, ids=lambda one: one.open[:30])
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), chance=st.sampled_from([0.1, 0.5, 1.0]))
def test_a_dry_run_says_what_the_watcher_does(made: EventRule, seed: int, chance: float) -> None:
    seconds = 420
    series = series_of(seed, seconds, chance)
    answer = dry_run(
        compiled(made), Tables(series), start_ns=START_NS, end_ns=START_NS + seconds * NS_PER_S
    )
    assert answer is not None
    assert told(answer, made) == watched(made, series, seconds)


def test_a_history_is_asked_with_its_kinds_and_places(tmp_path: Path) -> None:
    day = [1.0] * 600 + [3.0] * 42 + [1.0] * 500 + [3.0] * 5 + [1.0] * 293
    write_history(tmp_path, day)
    past = HistoryPast(History(tmp_path))
    made = rule(kinds=("river_gauge",), max_age_s=90.0)
    answer = dry_run(compiled(made), past, start_ns=past.start_ns, end_ns=past.end_ns)
    assert answer is not None
    assert answer.places == {"Gauge 1": 2}
    assert answer.longest is not None
    assert answer.longest.lasted_s(answer.end_ns) == pytest.approx(42 * 60, abs=1)
    assert answer.longest.xyz == (100.0, 0.0, 5.0)
    assert (answer.n_datastreams, answer.n_silent) == (1, 0)
    assert past.remark(past.start_ns, past.end_ns) == ""


def test_it_can_be_stopped_and_refuses_what_makes_no_sense() -> None:
    past = Tables(series_of(1, 60, 1.0))
    ready = compiled(rule())
    assert dry_run(ready, past, start_ns=0, end_ns=60 * NS_PER_S, progress=lambda _: True) is None
    with pytest.raises(DryRunError, match="a second or more"):
        dry_run(ready, past, start_ns=0, end_ns=0)
    with pytest.raises(DryRunError, match="at most 62 days"):
        dry_run(ready, past, start_ns=0, end_ns=100 * DAY_NS)


def test_the_answer_is_told_in_sentences(tmp_path: Path) -> None:
    write_history(tmp_path, [1.0] * 600 + [3.0] * 42 + [1.0] * 500 + [3.0] * 5 + [1.0] * 293)
    past = HistoryPast(History(tmp_path))
    made = compiled(rule(max_age_s=90.0))
    answer = dry_run(made, past, start_ns=past.start_ns, end_ns=past.end_ns)
    assert answer is not None
    first, *rest = lines(answer, 1)
    assert first == (
        "“Too high”: would have fired 2 times in 24 h at 1 place, longest at Gauge 1, from"
        " 2026-09-21 10:00:00, for 42 min"
    )
    assert rest == ["  2026-09-21 10:00:00, 42 min, Gauge 1", "  and 1 more"]


def test_the_command_line_asks_a_history_and_a_recording(tmp_path: Path) -> None:
    write_history(tmp_path / "history", [1.0] * 30 + [3.0] * 5 + [1.0] * 30)
    file = tmp_path / "city.toml"
    file.write_text(
        'version = 1\n[[rule]]\nid = "high"\ntitle = "Too high"\n'
        'open = "value > 2 && value < 4 || value > 100"\n'
        'properties = ["water_level"]\nmax_age_s = 90\nopen_for_s = 1\n', encoding="utf-8",
    )  # fmt: skip
    record(tmp_path / "town.mcap", n_seconds=60)
    for place, words in (
        (str(tmp_path / "history"), "would have fired once in 64 min at Gauge 1, for 5 min"),
        (str(tmp_path / "town.mcap"), "would have fired 4 times in 60 s at 4 places"),
        (str(tmp_path / "none"), "There is no such history"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "viewer.cli", "rules", "dry-run", str(file), "--history", place],
            capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert words in done.stdout + done.stderr, done.stderr
