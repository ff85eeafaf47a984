"""History: what the recorder keeps as tables, and what is asked of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.twin.recordings import START_NS, announcement
from twin.clock import NS_PER_S
from twin.history.asking import History
from twin.history.files import DAY_NS, HistoryError, day_of, start_of
from twin.history.keeping import Rules, apply_rules, compact
from twin.history.writing import HistoryWriter
from twin.link.wire import encode_announcement, encode_batch

MIDNIGHT_NS = START_NS // DAY_NS * DAY_NS
G1 = "g1/water_level"


def batch(
    seq: int, t_ns: list[int], values: list[float], index: int = 1, **more: int
) -> list[bytes]:
    n = len(t_ns)
    return encode_batch(
        "town", "e1", seq, np.full(n, index, np.uint32), np.array(t_ns), np.array(values),
        np.full(n, more.get("quality", 0), np.uint8), t_ns[-1],
    )  # fmt: skip


def fill(folder: Path, *, days: int = 3, step_s: int = 60) -> None:
    """Gauge 1 counts the minutes since the first midnight, gauge 2 is always 7."""
    writer = HistoryWriter(folder)
    writer.take(encode_announcement(announcement()), MIDNIGHT_NS)
    for day in range(days):
        t_ns = list(range(MIDNIGHT_NS + day * DAY_NS, MIDNIGHT_NS + (day + 1) * DAY_NS,
                          step_s * NS_PER_S))  # fmt: skip
        values = [(t - MIDNIGHT_NS) / NS_PER_S / 60 for t in t_ns]
        writer.take(batch(2 * day, t_ns, values), t_ns[-1])
        writer.take(batch(2 * day + 1, t_ns, [7.0] * len(t_ns), index=2), t_ns[-1])
        writer.flush()
    writer.close()


def test_a_past_is_thinned_to_buckets(tmp_path: Path) -> None:
    fill(tmp_path)
    history = History(tmp_path)
    assert history.datastreams() == (G1, "g2/water_level")
    assert len(history.days()) == 3
    span = history.past(G1, MIDNIGHT_NS, MIDNIGHT_NS + 3 * DAY_NS, n_buckets=72)
    assert span.width_ns == 3_600 * NS_PER_S
    assert span.count.tolist() == [60] * 72
    assert span.low.tolist() == [60.0 * h for h in range(72)]
    assert span.high.tolist() == [60.0 * h + 59 for h in range(72)]
    assert span.mean.tolist() == [60.0 * h + 29.5 for h in range(72)]
    assert span.t_ns[1] - span.t_ns[0] == span.width_ns


def test_days_can_be_compared(tmp_path: Path) -> None:
    fill(tmp_path)
    first = day_of(MIDNIGHT_NS)
    spans = History(tmp_path).compare(G1, [first, day_of(MIDNIGHT_NS + DAY_NS)], n_buckets=24)
    assert (spans[1].mean - spans[0].mean).tolist() == [1440.0] * 24
    assert spans[0].t_ns[0] == start_of(first)


def test_bad_values_and_unknown_indices_are_left_out(tmp_path: Path) -> None:
    writer = HistoryWriter(tmp_path)
    writer.take(encode_announcement(announcement()), MIDNIGHT_NS)
    writer.take(batch(0, [MIDNIGHT_NS], [1.0]), MIDNIGHT_NS)
    writer.take(batch(1, [MIDNIGHT_NS + 1], [99.0], quality=2), MIDNIGHT_NS)
    writer.take(batch(2, [MIDNIGHT_NS + 2], [5.0], index=77), MIDNIGHT_NS)
    writer.take([b"v1/s/town/", b"rubbish"], MIDNIGHT_NS)
    writer.take(
        [b"v1/j/box/", b'{"datastream": "box-7/pm25", "result": 12.5}'], MIDNIGHT_NS + NS_PER_S
    )
    writer.close()
    assert (writer.n_written, writer.n_unknown) == (3, 1)
    history = History(tmp_path)
    span = history.past(G1, MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS)
    assert (span.count.tolist(), span.high.tolist()) == ([1], [1.0])
    assert history.past("box-7/pm25", MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS).mean.tolist() == [12.5]
    assert not len(history.past("none/none", MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS).t_ns)
    assert not len(history.past(G1, MIDNIGHT_NS - DAY_NS, MIDNIGHT_NS).t_ns)


def test_segments_become_a_file_a_day_and_say_the_same(tmp_path: Path) -> None:
    fill(tmp_path)
    fill(tmp_path)  # the same again: a recording that was taken twice
    history = History(tmp_path)
    compact(tmp_path, day_of(MIDNIGHT_NS + 2 * DAY_NS))
    assert sorted(p.name for p in (tmp_path / "day").iterdir()) == [
        f"{day_of(MIDNIGHT_NS + n * DAY_NS)}.parquet" for n in range(2)
    ]
    assert [p.name for p in (tmp_path / "raw").iterdir()] == [str(day_of(MIDNIGHT_NS + 2 * DAY_NS))]
    span = history.past(G1, MIDNIGHT_NS, MIDNIGHT_NS + 2 * DAY_NS, n_buckets=48)
    assert span.count.tolist() == [60] * 48


def test_old_days_are_thinned_and_older_ones_go(tmp_path: Path) -> None:
    fill(tmp_path, step_s=10)
    today = day_of(MIDNIGHT_NS + 4 * DAY_NS)
    history = History(tmp_path)
    before = history.past(G1, MIDNIGHT_NS, MIDNIGHT_NS + 3 * DAY_NS, n_buckets=72)
    assert apply_rules(tmp_path, today, Rules(exact_days=2, thin_days=10)) == (2, 0)
    after = history.past(G1, MIDNIGHT_NS, MIDNIGHT_NS + 3 * DAY_NS, n_buckets=72)
    assert after.count.tolist() == before.count.tolist()
    assert after.low.tolist() == before.low.tolist()
    assert after.mean.tolist() == pytest.approx(before.mean.tolist())
    assert apply_rules(tmp_path, today, Rules(exact_days=2, thin_days=3)) == (0, 1)
    assert len(history.days()) == 2
    with pytest.raises(HistoryError, match="Days are kept exactly"):
        apply_rules(tmp_path, today, Rules(exact_days=5, thin_days=2))


def test_thinned_days_give_the_figures_of_exact_ones(tmp_path: Path) -> None:
    fill(tmp_path, step_s=7)
    history = History(tmp_path)
    asked = (G1, MIDNIGHT_NS + 3_600 * NS_PER_S, MIDNIGHT_NS + 3 * DAY_NS, 100)
    before = history.past(*asked)
    compact(tmp_path, day_of(MIDNIGHT_NS + 3 * DAY_NS))
    assert len(list((tmp_path / "thin").iterdir())) == 3
    after = history.past(*asked)
    assert after.t_ns.tolist() == before.t_ns.tolist()
    assert after.count.tolist() == before.count.tolist()
    assert after.low.tolist() == before.low.tolist()
    assert after.high.tolist() == before.high.tolist()
    assert after.mean.tolist() == pytest.approx(before.mean.tolist())


def test_export_to_csv_and_parquet(tmp_path: Path) -> None:
    fill(tmp_path / "h", days=1)
    history, out = History(tmp_path / "h"), tmp_path / "out.csv"
    n = history.export(out, [G1], MIDNIGHT_NS, MIDNIGHT_NS + 5 * 60 * NS_PER_S)
    lines = out.read_text().splitlines()
    assert n == 5
    assert lines[0] == "datastream,time,value,quality"
    assert lines[1].startswith(f"{G1},{day_of(MIDNIGHT_NS)} 00:00:00")
    assert history.export(tmp_path / "o.parquet", [], MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS) == 2880
    assert pq.read_table(tmp_path / "o.parquet").num_rows == 2880
    with pytest.raises(HistoryError, match=r"\.csv or \.parquet"):
        history.export(tmp_path / "o.xlsx", [], MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS)
    with pytest.raises(HistoryError, match="Nothing exact is kept"):
        history.export(out, [], 0, 1)


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="There is no history in this folder"):
        History(tmp_path)
    fill(tmp_path, days=1)
    history = History(tmp_path)
    with pytest.raises(HistoryError, match="ends after it begins"):
        history.past(G1, 5, 5)
    next((tmp_path / "raw").glob("*/*.parquet")).write_bytes(b"PAR1 but no more")
    with pytest.raises(HistoryError, match="The history cannot be read: "):
        history.past(G1, MIDNIGHT_NS, MIDNIGHT_NS + DAY_NS)
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match="The history cannot be made"):
        HistoryWriter(tmp_path / "file")


def test_days_are_days_in_utc() -> None:
    assert day_of(0) == date(1970, 1, 1)
    assert start_of(date(1970, 1, 2)) == DAY_NS
