"""The journal beside bare commits: appending, starting with a million rows, verifying.

The million rows are whole commands of six events each, folded into a real room for its snapshots;
they are made once in a temporary folder (about a minute).
"""

from __future__ import annotations

import contextlib
import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import psycopg

from benchmarks.result import Result
from tests.services.postgres import running_postgres
from twin.clock import NS_PER_S
from twin.hub.restoring import SNAPSHOT_EVERY, Snapshots
from twin.ids import uuid7
from twin.journal.base import Journal
from twin.journal.logs import require_sound
from twin.journal.postgres import PostgresJournal
from twin.journal.sqlite import SqliteJournal
from twin.room.fold import Room
from twin.room.model import Event

N_ROWS = 1_000_000
N_SINGLE, N_GROUPS, GROUP = 1_000, 150, 100
N_WARM, BLOCK = 1_200, 50
SINGLE_LIMIT, GROUP_LIMIT, START_LIMIT_S, VERIFY_LIMIT = 1.5, 3.0, 2.0, 5.0
T0_NS = 1_760_000_000 * NS_PER_S
STATES = ("QUEUED", "RELEASED", "SENT", "ACCEPTED", "VERIFIED")


def run() -> Iterator[Result]:
    """All figures."""
    with tempfile.TemporaryDirectory(prefix="civitwin-bench-") as name:
        folder = Path(name)
        yield appending_to_sqlite(folder, 1, N_SINGLE, SINGLE_LIMIT)
        yield appending_to_sqlite(folder, GROUP, N_GROUPS, GROUP_LIMIT)
        yield from appending_to_postgresql()
        yield from a_million_rows(folder)


# --- appending ------------------------------------------------------------------------------------


def commands(first_seq: int) -> Iterator[Event]:
    """Events of commands that go their whole way, for ever."""
    operator = {"name": "Ada", "department": "traffic", "console_id": "console-1"}
    seq = first_seq
    while True:
        key = uuid7()
        request = {
            "id": key, "type_id": "signal.set_plan", "type_version": 1,
            "target_id": f"signal-{seq % 500}", "target_name": f"Signal {seq % 500}",
            "args": {"plan": 2}, "reason": "Congestion on the ring",
        }  # fmt: skip
        body = {"request": request, "operator": operator, "effect_text": "the plan is 2"}
        yield event(seq, "command.submitted", "Ada (traffic)", body, key)
        for n, state in enumerate(STATES, 1):
            change = {"id": key, "state": state, "text": f"It is {state.lower()} now"}
            yield event(seq + n, "command.state", "hub", change, "")
        seq += 1 + len(STATES)


def event(seq: int, kind: str, actor: str, body: dict[str, object], key: str) -> Event:
    return Event(
        seq=seq, t_ns=T0_NS + seq * NS_PER_S // 10, kind=kind, actor=actor, body=body, key=key
    )


def taken_s(deed: Callable[[], object]) -> float:
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start


class RawSqlite:
    """A table with the same columns and no chain, committed as durably."""

    def __init__(self, path: Path) -> None:
        self.connection = apsw.Connection(str(path))
        self.connection.pragma("journal_mode", "wal")
        self.connection.pragma("synchronous", "full")
        self.connection.execute("CREATE TABLE t(seq INTEGER PRIMARY KEY, t_ns, kind, actor, body)")

    def append(self, events: list[Event]) -> None:
        rows = [(e.seq, e.t_ns, e.kind, e.actor, str(e.body)) for e in events]
        with self.connection:
            self.connection.executemany("INSERT INTO t VALUES(?, ?, ?, ?, ?)", rows)


def warmed(append: Callable[[list[Event]], object], size: int) -> int:
    """Write until both logs have been round once; the last event."""
    source, n = commands(1), 0
    while n < N_WARM:
        append([next(source) for _ in range(size)])
        n += size
    return n


def compared(
    append: Callable[[list[Event]], object],
    bare: Callable[[list[Event]], object],
    size: int,
    n: int,
) -> tuple[float, float]:
    """Median seconds of both, a block of commits in turns.

    Not one by one: a disk that syncs two files alternately is many times slower, for both.
    """
    first = warmed(append, size)
    assert warmed(bare, size) == first
    ours, theirs = [], []
    source = commands(first + 1)
    for _ in range(n // BLOCK):
        groups = [[next(source) for _ in range(size)] for _ in range(BLOCK)]
        ours += [taken_s(lambda g=g: append(g)) for g in groups]
        theirs += [taken_s(lambda g=g: bare(g)) for g in groups]
    return statistics.median(ours), statistics.median(theirs)


def appending_to_sqlite(folder: Path, size: int, n: int, limit: float) -> Result:
    journal = SqliteJournal(folder / f"append-{size}.sqlite")
    raw = RawSqlite(folder / f"raw-{size}.sqlite")
    ours, theirs = compared(journal.append, raw.append, size, n)
    journal.close()
    raw.connection.close()
    return Result(
        name=f"journal.append_{size}", value=ours * 1e6, unit="us", ratio=ours / theirs,
        limit=limit, ok=ours <= limit * theirs,
        note=f"p50 of a commit of {size}; bare FULL commit {theirs * 1e6:.0f} us",
    )  # fmt: skip


def appending_to_postgresql() -> Iterator[Result]:
    with running_postgres() as server:
        journal = PostgresJournal(server.room_url())
        bare = psycopg.connect(server.url, autocommit=True)
        bare.execute(
            "CREATE TABLE t(seq bigint PRIMARY KEY, t_ns bigint, kind text, actor text, body text)"
        )

        def insert(events: list[Event]) -> None:
            rows = [(e.seq, e.t_ns, e.kind, e.actor, str(e.body)) for e in events]
            with bare.transaction(), bare.cursor() as cursor:
                cursor.executemany("INSERT INTO t VALUES(%s, %s, %s, %s, %s)", rows)

        def insert_one(events: list[Event]) -> None:
            (e,) = events
            row = (e.seq, e.t_ns, e.kind, e.actor, str(e.body))
            bare.execute("INSERT INTO t VALUES(%s, %s, %s, %s, %s)", row)

        for size, n, deed, limit in (
            (1, N_SINGLE, insert_one, 2.0),
            (GROUP, N_GROUPS, insert, GROUP_LIMIT),
        ):
            bare.execute("TRUNCATE t")
            start = journal.last_seq
            ours, theirs = compared(
                lambda group, start=start: journal.append(shifted(group, start)), deed, size, n
            )
            yield Result(
                name=f"journal.postgresql_append_{size}", value=ours * 1e6, unit="us",
                ratio=ours / theirs, limit=limit, ok=ours <= limit * theirs,
                note=f"p50 of a commit of {size}, with the lease's term checked;"
                f" bare INSERT {theirs * 1e6:.0f} us",
            )  # fmt: skip
        bare.close()
        journal.close()


def shifted(events: list[Event], by: int) -> list[Event]:
    if not by:
        return events
    return [event(e.seq + by, e.kind, e.actor, e.body, e.key) for e in events]


# --- a million rows -------------------------------------------------------------------------------


def a_million_rows(folder: Path) -> Iterator[Result]:
    path = folder / "million.sqlite"
    fill(SqliteJournal(path), N_ROWS)
    yield starting(path)
    yield verifying(path)


def fill(journal: Journal, n_rows: int) -> None:
    """Make rows as a hub would have, with its snapshots, but for the last few thousand."""
    room, snapshots = Room(), Snapshots(journal)
    source = commands(1)
    while journal.last_seq < n_rows:
        events = [next(source) for _ in range(min(2_000, n_rows - journal.last_seq))]
        for one in events:
            room.apply(one)
        journal.append(events)
        if n_rows - journal.last_seq > SNAPSHOT_EVERY - 2_000:
            snapshots.save_if_due(room, 50_000 if journal.last_seq < n_rows - 60_000 else 5_000)
    journal.close()


def starting(path: Path) -> Result:
    """From the start of the process to its line that says it serves."""
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "viewer.cli",
                "hub",
                "--journal",
                str(path),
                "--ephemeral",
                "--insecure-loopback",
            ],
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        taken.append(time.perf_counter() - start)
        assert b"ready" in line
        process.kill()
        process.communicate()
    start = time.perf_counter()
    with contextlib.closing(SqliteJournal(path)):
        opened_s = time.perf_counter() - start
    value = max(taken)  # the first also folds what came after the last snapshot
    return Result(
        name="journal.start_1m", value=value, unit="s", ratio=None, limit=START_LIMIT_S,
        ok=value <= START_LIMIT_S,
        note=f"hub process to serving with {N_ROWS:,} rows, killed before; journal alone"
        f" {opened_s:.3f} s; {path.stat().st_size / 1e6:.0f} MB",
    )  # fmt: skip


def verifying(path: Path) -> Result:
    ours = min(taken_s(lambda: require_sound(path)) for _ in range(2))
    bare = min(taken_s(lambda: read_and_hash(path)) for _ in range(2))
    return Result(
        name="journal.verify_rate", value=N_ROWS / ours, unit="rows/s", ratio=ours / bare,
        limit=VERIFY_LIMIT, ok=ours <= VERIFY_LIMIT * bare,
        note=f"chain, seals, pages; reading and hashing alone {N_ROWS / bare:.0f} rows/s",
    )  # fmt: skip


def read_and_hash(path: Path) -> None:
    chain = bytes(32)
    with contextlib.closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as file:
        for row in file.execute("SELECT * FROM events ORDER BY seq"):
            chain = hashlib.sha256(chain + row[4].encode()).digest()
