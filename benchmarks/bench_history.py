"""Recording, replay and history.

- The recorder's writing side against the bare library ``mcap`` writing the same messages in chunks
  of the same size (without a force to the disk, links or states), and both readers.
- How many times as fast a city of 100 million samples a day can be played at 20 frames a second.
- A day of facts: how long a recording takes to open, and to show any moment.
- A month of one datastream at 1 Hz, among others, thinned to 600 buckets.

A tenth of the day (100,000 facts) unless CIVITWIN_LONG is set (1,000,000).
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from mcap.reader import make_reader
from mcap.writer import Writer

from benchmarks.result import Result
from twin.clock import NS_PER_S, SystemClock
from twin.history.asking import History
from twin.history.files import DAY_NS, WHOLE, start_of
from twin.history.keeping import thin_day
from twin.history.writing import write_table
from twin.link.wire import encode_announcement, encode_batch
from twin.playback.replay import BUDGET_NS, Replay
from twin.recording.form import SAMPLES, pack_frames
from twin.recording.from_journal import record_events
from twin.recording.keeping import Keeper
from twin.recording.reading import Recording
from twin.room.model import Event
from twin.sense.ingest import SampleIngest
from twin.sense.model import Announcement, Datastream
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

BATCH, N_BATCHES = 5_000, 2_000
N_FACTS = 1_000_000 if os.environ.get("CIVITWIN_LONG") else 100_000
N_SEEKS = 100
PLAYED_HZ, PLAYED_S, PLAYED_LIMIT = 1_160, 600, 100.0
FRAME_NS = 50_000_000
N_DAYS, N_OTHERS = 30, 3
START_NS = 1_790_000_000 * NS_PER_S
DAY_S = 86_400
KEPT_LIMIT_HZ, OPEN_LIMIT_S, SEEK_LIMIT_MS, MONTH_LIMIT_MS = 500_000.0, 2.0, 300.0, 300.0
WRITE_LIMIT, READ_LIMIT = 3.0, 1.5


def run() -> Iterator[Result]:
    """All figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _writing(folder)
        yield from _reading(folder)
        yield from _replaying(folder)
        yield _playing(folder)
        yield _asking(folder)


def _batches() -> list[list[bytes]]:
    rng = np.random.default_rng(1)
    index = np.arange(BATCH, dtype=np.uint32)
    quality = np.zeros(BATCH, np.uint8)
    values = rng.normal(20.0, 3.0, BATCH).round(2)
    made = []
    for n in range(N_BATCHES):
        t_ns = np.full(BATCH, START_NS + n * 5_000_000)
        values = (values + rng.normal(0.0, 0.05, BATCH)).round(2)
        made.append(encode_batch("b", "e1", n, index, t_ns, values, quality, int(t_ns[0])))
    return made


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _writing(folder: Path) -> Iterator[Result]:
    batches = _batches()
    streams = tuple(
        Datastream(index=i, id=f"t{i}/noise", thing_id=f"t{i}", observed_property="noise")
        for i in range(BATCH)
    )
    ours = folder / "ours.mcap"

    def keep() -> None:
        keeper = Keeper(ours)
        for start in range(0, BATCH, 500):
            part = Announcement(source="b", epoch="e1", datastreams=streams[start : start + 500])
            keeper.take_samples(encode_announcement(part), START_NS)
        for n, frames in enumerate(batches):
            keeper.take_samples(frames, START_NS + n * 5_000_000)
        keeper.close()

    def bare() -> None:
        with (folder / "bare.mcap").open("wb") as file:
            writer = Writer(file)
            writer.start()
            channel = writer.register_channel("samples/s", "x-civitwin-frames", 0)
            for n, frames in enumerate(batches):
                t_ns = START_NS + n * 5_000_000
                writer.add_message(channel, t_ns, pack_frames(frames), t_ns)
            writer.finish()

    bare_s, ours_s = _timed(bare), _timed(keep)
    rate = BATCH * N_BATCHES / ours_s
    note = f"bare mcap {BATCH * N_BATCHES / bare_s:,.0f}/s; {ours.stat().st_size / 1e6:.0f} MB"
    yield Result(
        name="history.recorder_kept", value=rate, unit="samples/s", ratio=KEPT_LIMIT_HZ / rate,
        limit=1.0, ok=rate >= KEPT_LIMIT_HZ, note=note,
    )  # fmt: skip
    ratio = ours_s / bare_s
    yield Result(
        name="history.mcap_write", value=ours_s, unit="s", ratio=ratio, limit=WRITE_LIMIT,
        ok=ratio <= WRITE_LIMIT, note=f"bare mcap {bare_s:.2f} s, no fsync, links or states",
    )  # fmt: skip


def _reading(folder: Path) -> Iterator[Result]:
    path = folder / "ours.mcap"

    def ours() -> int:
        recording = Recording(path)
        n = sum(1 for _ in recording.messages(channels=1 << SAMPLES))
        recording.close()
        return n

    def bare() -> int:
        with path.open("rb") as file:
            reader = make_reader(file, validate_crcs=True)
            return sum(1 for _ in reader.iter_messages(topics=["samples/s"]))

    if ours() != bare():
        raise RuntimeError("The readers do not agree")
    bare_s, ours_s = _timed(bare), _timed(ours)
    ratio = ours_s / bare_s
    yield Result(
        name="history.mcap_read", value=ours_s, unit="s", ratio=ratio, limit=READ_LIMIT,
        ok=ratio <= READ_LIMIT, note=f"bare mcap {bare_s:.2f} s, checksums looked at by both",
    )  # fmt: skip


def _facts() -> Iterator[Event]:
    operator = {"name": "Ada", "department": "traffic", "console_id": "a"}
    step_ns = DAY_S * NS_PER_S // N_FACTS
    for seq in range(1, N_FACTS + 1):
        key, t_ns = f"n{seq}", START_NS + seq * step_ns
        if seq == 1:
            yield Event(seq=seq, t_ns=t_ns, kind="operator.joined", actor="Ada", body=operator)
        elif seq % 2:
            body = {"id": key, "text": f"Fact {seq} of a long day in the room"}
            yield Event(seq=seq, t_ns=t_ns, kind="note.added", actor="Ada", body=body)
        else:
            said = {"id": key, "channel": f"incident:{seq % 40}", "by": operator,
                    "text": f"Message {seq}", "links": []}  # fmt: skip
            yield Event(seq=seq, t_ns=t_ns, kind="message.posted", actor="Ada", body=said, key=key)


def _replaying(folder: Path) -> Iterator[Result]:
    path = folder / "day.mcap"
    record_events(_facts(), epoch="e", path=path)
    began = time.perf_counter()
    recording = Recording(path)
    replay = Replay(recording, clock=SystemClock())
    replay.seek(recording.end_ns)
    opened_s = time.perf_counter() - began
    size = f"{N_FACTS:,} facts in 24 h, {path.stat().st_size / 1e6:.0f} MB"
    yield Result(
        name="history.replay_open", value=opened_s, unit="s", ratio=None, limit=OPEN_LIMIT_S,
        ok=opened_s <= OPEN_LIMIT_S, note=f"{size}; opened and shown at its end",
    )  # fmt: skip
    rng = random.Random(2)
    took_ms = []
    for _ in range(N_SEEKS):
        t_ns = rng.randrange(recording.start_ns, recording.end_ns)
        took_ms.append(_timed(lambda t=t_ns: replay.seek(t)) * 1e3)
    p95 = float(np.percentile(took_ms, 95))
    yield Result(
        name="history.replay_seek_p95", value=p95, unit="ms", ratio=None, limit=SEEK_LIMIT_MS,
        ok=p95 <= SEEK_LIMIT_MS, note=f"{size}; p50 {np.median(took_ms):.0f} ms",
    )  # fmt: skip
    recording.close()


def _playing(folder: Path) -> Result:
    """A city of 100 million samples a day, at how many times its speed a console keeps up."""
    path, clock = folder / "played.mcap", SystemClock()
    rng = np.random.default_rng(5)
    streams = tuple(
        Datastream(index=i, id=f"t{i}/noise", thing_id=f"t{i}", observed_property="noise")
        for i in range(PLAYED_HZ)
    )
    keeper = Keeper(path, with_sync=False)
    for second in range(PLAYED_S):
        t_ns = START_NS + second * NS_PER_S
        if second % 5 == 0:
            for start in range(0, PLAYED_HZ, 500):
                part = Announcement(
                    source="p", epoch="e1", datastreams=streams[start : start + 500]
                )
                keeper.take_samples(encode_announcement(part), t_ns)
        for n in range(10):
            index = np.arange(n, PLAYED_HZ, 10, dtype=np.uint32)
            frames = encode_batch(
                "p", "e1", second * 10 + n, index, np.full(len(index), t_ns),
                rng.normal(50.0, 5.0, len(index)), np.zeros(len(index), np.uint8), t_ns,
            )  # fmt: skip
            keeper.take_samples(frames, t_ns + n)
    keeper.close()
    store = ObservationStore(capacity=100_000, history=256, clock=clock)
    units = UnitStore(capacity=100, history=16, clock=clock)
    ingest = SampleIngest(endpoint="", store=store, units=units, clock=clock)
    recording = Recording(path)
    replay = Replay(recording, clock=clock, samples=ingest)
    replay.seek(recording.start_ns)
    began = time.process_time()
    replay.advance(recording.end_ns, budget_ns=None)
    speed = PLAYED_S / (time.process_time() - began) * BUDGET_NS / FRAME_NS
    recording.close()
    return Result(
        name="history.replay_speed", value=speed, unit="x", ratio=PLAYED_LIMIT / speed, limit=1.0,
        ok=speed >= PLAYED_LIMIT,
        note=f"{PLAYED_HZ} samples/s in 10 batches; 20 ms of each 50 ms frame, CPU time",
    )  # fmt: skip


def _asking(folder: Path) -> Result:
    root, first = folder / "history", date(2026, 3, 1)
    (root / WHOLE).mkdir(parents=True)
    names = pa.array([f"gauge-{n}/water_level" for n in range(N_OTHERS + 1)])
    rng = np.random.default_rng(3)
    for n in range(N_DAYS):
        day = first + timedelta(n)
        t_ns = start_of(day) + np.arange(DAY_S) * NS_PER_S
        numbers = np.repeat(np.arange(N_OTHERS + 1, dtype=np.int32), DAY_S)
        table = pa.table({
            "datastream": pa.DictionaryArray.from_arrays(pa.array(numbers), names),
            "t": np.tile(t_ns, N_OTHERS + 1),
            "value": rng.normal(2.0, 0.3, len(numbers)).round(3),
            "quality": np.zeros(len(numbers), np.uint8),
        })  # fmt: skip
        place = root / WHOLE / f"{day.isoformat()}.parquet"
        write_table(table, place)
        thin_day(root, day, [place])
    history, start_ns = History(root), start_of(first)
    took_ms = []
    for _ in range(7):
        ask = lambda: history.past("gauge-1/water_level", start_ns, start_ns + N_DAYS * DAY_NS)  # noqa: E731
        took_ms.append(_timed(ask) * 1e3)
    value = float(np.median(took_ms))
    return Result(
        name="history.month_at_1_hz", value=value, unit="ms", ratio=None, limit=MONTH_LIMIT_MS,
        ok=value <= MONTH_LIMIT_MS,
        note=f"{N_DAYS * DAY_S:,} values among {N_OTHERS + 1} datastreams; slowest of 7"
        f" {max(took_ms):.0f} ms",
    )  # fmt: skip
