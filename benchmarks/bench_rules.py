"""What event rules cost: 100,000 datastreams at 1 Hz, as the watcher runs them.

The share of one core is CPU time over the time that passes in the city: decoding and storing each
second's samples, asking the rules, and comparing what is open with the alarms of the room. The
yardstick is the bare CEL library on the same rows.
"""

from __future__ import annotations

import time

import numpy as np
from cel_expr_python import cel

from benchmarks.result import Result
from twin.clock import NS_PER_S, SystemClock
from twin.link.wire import encode_announcement, encode_batch, split_announcement
from twin.perception.rules_alarms import compare
from twin.perception.rules_file import read_rules
from twin.perception.rules_running import RuleBook
from twin.perception.rules_selection import Directory
from twin.perception.rules_tree import cel_of
from twin.room.parts.alarms import Alarm
from twin.sense.intake import Intake
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

N = 100_000
N_SECONDS, N_WARM = 40, 3
N_BATCHES = 20
N_SCALAR = 20_000
#: Of one core.
SHARE_LIMIT = 0.30
PROPERTIES = ("water_level", "pm25", "traffic_speed", "power_load")
RULES = b"""
version = 1
[thresholds.limit]
default = 95.0
"thing-7" = 80.0
[areas.west]
local = [[0, 0], [2000, 0], [2000, 4000], [0, 4000]]
[[rule]]
id = "level"
title = "Level high"
properties = ["water_level"]
open = "value > limit"
close = "value < limit - 10"
open_for_s = 5
close_for_s = 10
[[rule]]
id = "everything"
title = "Far out"
properties = ["*"]
open = "value > 99.5 || value < -99.5"
close = "value < 95 && value > -95"
open_for_s = 2
[[rule]]
id = "silent"
title = "Silent"
properties = ["*"]
open = "age_s > 30"
[[rule]]
id = "smoke"
title = "Smoke"
properties = ["pm25"]
open = "mean_1m > 90 && value > mean_1m + 5"
close = "mean_1m < 60"
[[rule]]
id = "rising"
title = "Rises"
properties = ["water_level"]
open = "rate_per_min > 500"
[[rule]]
id = "jam"
title = "Jam"
properties = ["traffic_speed"]
per = "area"
areas = ["west"]
needs = 50
open = "value < -98"
close = "value > -90"
open_for_s = 10
[[rule]]
id = "load"
title = "Overload"
properties = ["power_load"]
open = "has(inputs.value) && value * 1.1 - 2 > limit && age_s < 10"
"""


def run() -> list[Result]:
    """Both figures."""
    cpu_s, decode_s, n_rules, n_open = watched()
    share = cpu_s / N_SECONDS
    ours_us, library_us = per_row()
    return [
        Result(
            name="rules.share_of_core", value=round(share, 3), unit="of one core", ratio=None,
            limit=SHARE_LIMIT, ok=share <= SHARE_LIMIT,
            note=f"{N:,} datastreams at 1 Hz, {n_rules} rules, {n_open} open; of it decoding and"
            f" storing {decode_s / N_SECONDS:.3f}",
        ),
        Result(
            name="rules.row_us", value=round(ours_us, 4), unit="µs a row",
            ratio=round(ours_us / library_us, 4), limit=0.1, ok=ours_us <= 0.1 * library_us,
            note=f"one condition of three comparisons; the library {library_us:.2f} µs",
        ),
    ]  # fmt: skip


def watched() -> tuple[float, float, int, int]:
    """CPU seconds of `N_SECONDS` of a city: all of it, of it decoding; rules; open alarms."""
    clock = SystemClock()
    store = ObservationStore(capacity=N, history=1, clock=clock)
    intake = Intake(store=store, units=UnitStore(capacity=1, history=8, clock=clock))
    start_ns = clock.now_ns()
    for chunk in split_announcement(_announcement()):
        intake.take(encode_announcement(chunk), start_ns)
    book = RuleBook()
    book.set_rules(read_rules(RULES, "bench").rules)
    xyz = np.asarray(store.xyz_local_m, np.float64)
    book.set_directory(Directory.of(store.datastreams, store.things, xyz))
    rng = np.random.default_rng(1)
    values = rng.uniform(-90.0, 90.0, N)
    cpu_s = decode_s = 0.0
    room: dict[str, Alarm] = {}
    for second in range(N_SECONDS + N_WARM):
        now_ns = start_ns + second * NS_PER_S
        values += rng.normal(0.0, 3.0, N)
        np.clip(values, -100.0, 100.0, out=values)
        messages = _messages(values, now_ns, second)
        begun = time.process_time()
        for frames in messages:
            intake.take(frames, now_ns)
        decoded = time.process_time()
        snapshot = store.snapshot()
        book.step(now_ns, snapshot.t_ns, snapshot.values, snapshot.quality)
        wanted = compare(book.running, book.inputs, dict(room), now_ns=now_ns)
        ended = time.process_time()
        if second >= N_WARM:
            cpu_s += ended - begun
            decode_s += decoded - begun
        for body in wanted.came:
            room[body["id"]] = Alarm(**body)
        for name in wanted.returned:
            del room[name]
    n_open = sum(int(one.is_open.sum()) for one in book.running.values())
    return cpu_s, decode_s, len(book.running), n_open


def per_row() -> tuple[float, float]:
    """Microseconds a row: ours over 100,000 at once, the library's one by one."""
    from twin.perception.rules_columns import Column, ask
    from twin.perception.rules_language import parse_condition

    condition = parse_condition("value > 90 && age_s < 10 || value < -90")
    rng = np.random.default_rng(2)
    values, ages = rng.uniform(-100, 100, N), rng.uniform(0, 20, N)
    columns = {"value": Column(values, np.ones(N, np.bool_)), "age_s": Column(ages)}
    begun = time.perf_counter()
    for _ in range(20):
        ask(condition, columns)
    ours = (time.perf_counter() - begun) / 20 / N * 1e6
    numbers = dict.fromkeys(("value", "age_s"), cel.Type.DOUBLE)
    program = cel.NewEnv(variables=numbers).compile(cel_of(condition.tree))
    rows = [{"value": v, "age_s": a} for v, a in zip(values, ages, strict=True)][:N_SCALAR]
    begun = time.perf_counter()
    for row in rows:
        program.eval(data=row)
    return ours, (time.perf_counter() - begun) / N_SCALAR * 1e6


def _announcement() -> Announcement:
    things = tuple(
        Thing(id=f"thing-{i}", name=f"Thing {i}", kind="sensor", xyz=(i % 4_000, i / 25.0, 0.0))
        for i in range(N)
    )
    streams = tuple(
        Datastream(
            index=i, id=f"thing-{i}/{PROPERTIES[i % 4]}", thing_id=f"thing-{i}",
            observed_property=PROPERTIES[i % 4], interval_s=1.0,
        )
        for i in range(N)
    )  # fmt: skip
    return Announcement(source="bench", epoch="e", things=things, datastreams=streams)


def _messages(values: np.ndarray, now_ns: int, second: int) -> list[list[bytes]]:
    size = N // N_BATCHES
    found = []
    for k in range(N_BATCHES):
        rows = np.arange(k * size, (k + 1) * size, dtype=np.uint32)
        found.append(
            encode_batch(
                "bench", "e", second * N_BATCHES + k + 1, rows, np.full(size, now_ns),
                values[rows], np.zeros(size, np.uint8), now_ns,
            )
        )  # fmt: skip
    return found
