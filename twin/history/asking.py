"""Asking a history: any datastream's past over a span, thinned for a plot. Any thread.

Hard-won rules (tests/twin/test_history.py):

1. Only the files of the days asked for are named to DuckDB, and each holds its rows sorted, so a
   month of one datastream is read without a look at the others.
2. A connection a question: one that lives on until the interpreter ends prints a list of leaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.clock import NS_PER_S
from twin.history.files import (
    DAY_NS,
    RAW,
    THIN,
    WHOLE,
    HistoryError,
    between,
    day_of,
    days_of,
    start_of,
)

_MINUTE_NS = 60 * NS_PER_S
_COARSE_NS = 2 * _MINUTE_NS
#: Values of bad quality (2) are left out of plots.
_EXACT = (
    "SELECT (t - ?) // ? AS b, count(*) AS n, min(value) AS low, max(value) AS high,"
    " sum(value) AS total FROM read_parquet(?)"
    " WHERE datastream = ? AND t >= ? AND t < ? AND quality < 2 GROUP BY b"
)
_THIN = (
    "SELECT (t - ?) // ? AS b, sum(n) AS n, min(low) AS low, max(high) AS high,"
    " sum(mean * n) AS total FROM read_parquet(?)"
    " WHERE datastream = ? AND t >= ? AND t < ? GROUP BY b"
)
_TOGETHER = (
    "SELECT b, sum(n)::BIGINT, min(low), max(high), sum(total) / sum(n) FROM ({})"
    " GROUP BY b ORDER BY b"
)
#: Good values as they came.
_GOOD = (
    "SELECT list_position(?, datastream::VARCHAR) AS k, t, value FROM read_parquet(?)"
    " WHERE datastream IN (SELECT unnest(?)) AND t >= ? AND t < ? AND quality = 0"
)
#: Of thinned days the mean of each minute, at its end.
_MINUTES = (
    "SELECT list_position(?, datastream::VARCHAR) AS k, t + ? AS t, mean AS value"
    " FROM read_parquet(?) WHERE datastream IN (SELECT unnest(?)) AND t >= ? AND t < ?"
)
_BY_TIME = "SELECT k, t, value FROM ({}) ORDER BY k, t"
_EXPORT = (
    "COPY (SELECT datastream, make_timestamp_ns(t) AS time, value, quality FROM read_parquet(?)"
    " WHERE t >= ? AND t < ? {only} ORDER BY datastream, t) TO '{place}' (FORMAT {kind})"
)


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """A datastream's past in buckets; those without a value are left out.

    Attributes
    ----------
    t_ns : (n,) start of each bucket
    width_ns : of a bucket
    count : (n,) values in it
    low, high, mean : (n,)
    """

    t_ns: Int64Array
    width_ns: int
    count: Int64Array
    low: Float64Array
    high: Float64Array
    mean: Float64Array


class History:
    """The history below a folder.

    Raises
    ------
    HistoryError
        From the constructor: there is none. From questions: a file of it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not any((folder / kind).is_dir() for kind in (RAW, WHOLE, THIN)):
            raise HistoryError(f"There is no history in this folder: {folder}")

    def datastreams(self) -> tuple[str, ...]:
        """Ids of all datastreams, sorted."""
        files = [str(f) for kind in (RAW, WHOLE, THIN) for f in self._all(kind)]
        if not files:
            return ()
        rows = self._ask("SELECT DISTINCT datastream FROM read_parquet(?) ORDER BY 1", [files])
        return tuple(name for (name,) in rows)

    def days(self) -> tuple[date, ...]:
        """The days of which something is kept."""
        kinds = (days_of(self.folder, kind) for kind in (RAW, WHOLE, THIN))
        return tuple(sorted({day for days in kinds for day in days}))

    def past(self, datastream: str, start_ns: int, end_ns: int, n_buckets: int = 600) -> Span:
        """Values of a datastream from `start_ns` up to `end_ns`, thinned to buckets.

        Buckets of two minutes or more are whole minutes and begin at one: then whole days are read
        from their thinned files, and the figures are the same.
        """
        if end_ns <= start_ns or n_buckets < 1:
            raise HistoryError("A span of history ends after it begins and has a bucket or more")
        width_ns = max(-(-(end_ns - start_ns) // n_buckets), 1)
        is_coarse = width_ns >= _COARSE_NS
        if is_coarse:
            start_ns, width_ns = start_ns // _MINUTE_NS * _MINUTE_NS, _whole_minutes(width_ns)
        exact, thin = self._files(start_ns, end_ns, is_coarse=is_coarse)
        parts, given = [], []
        if exact:
            parts.append(_EXACT)
            given += [start_ns, width_ns, exact, datastream, start_ns, end_ns]
        if thin:
            parts.append(_THIN)
            given += [start_ns, width_ns, thin, datastream, start_ns, end_ns]
        if not parts:
            return _span([], start_ns, width_ns)
        sql = _TOGETHER.format(" UNION ALL ".join(parts))
        return _span(self._ask(sql, given), start_ns, width_ns)

    def samples(
        self, datastreams: Sequence[str], start_ns: int, end_ns: int
    ) -> dict[str, tuple[Int64Array, Float64Array]]:
        """Good values of some datastreams, each with times rising; of thinned days the minutes.

        A datastream without any is left out.
        """
        exact, thin = self._files(start_ns, end_ns)
        names = list(datastreams)
        parts, given = [], []
        if exact:
            parts.append(_GOOD)
            given += [names, exact, names, start_ns, end_ns]
        if thin:
            parts.append(_MINUTES)
            given += [names, _MINUTE_NS - 1, thin, names, start_ns, end_ns]
        if not parts or not names:
            return {}
        numbers, t_ns, values = self._columns(_BY_TIME.format(" UNION ALL ".join(parts)), given)
        edges = np.searchsorted(numbers, np.arange(1, len(names) + 2))
        spans = zip(names, edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        return {name: (t_ns[a:b], values[a:b]) for name, a, b in spans if b > a}

    def span(self) -> tuple[int, int]:
        """Times of the first and last value that is kept, nanoseconds. Raises `HistoryError`."""
        files = [str(f) for kind in (RAW, WHOLE, THIN) for f in self._all(kind)]
        rows = self._ask("SELECT min(t), max(t) FROM read_parquet(?)", [files]) if files else []
        if not rows or rows[0][0] is None:
            raise HistoryError(f"The history is empty: {self.folder}")
        return int(rows[0][0]), int(rows[0][1])

    def thinned_days(self, start_ns: int, end_ns: int) -> int:
        """Of how many days of a span only minutes are kept."""
        return len(self._files(start_ns, end_ns)[1])

    def compare(self, datastream: str, days: Sequence[date], n_buckets: int = 288) -> list[Span]:
        """The same datastream on several days, with the same buckets from midnight (UTC) on."""
        return [
            self.past(datastream, start_of(day), start_of(day) + DAY_NS, n_buckets) for day in days
        ]

    def export(self, path: Path, datastreams: Sequence[str], start_ns: int, end_ns: int) -> int:
        """Write exact values to a CSV or Parquet file; how many rows.

        Raises
        ------
        HistoryError
            The name says neither, the file cannot be written, or days are thinned already.
        """
        kind = {".csv": "CSV, HEADER", ".parquet": "PARQUET"}.get(path.suffix.lower())
        if kind is None:
            raise HistoryError(f"History is exported to .csv or .parquet, not to {path.name}")
        exact, _ = self._files(start_ns, end_ns)
        if not exact:
            raise HistoryError("Nothing exact is kept of this span")
        beside = path.with_name(path.name + ".part")
        quoted = str(beside).replace("'", "''")
        only = "AND datastream IN (SELECT unnest(?))" if datastreams else ""
        sql = _EXPORT.format(only=only, place=quoted, kind=kind)
        given: list[Any] = [exact, start_ns, end_ns]
        rows = self._ask(sql, [*given, list(datastreams)] if datastreams else given)
        try:
            beside.replace(path)
        except OSError as error:
            raise HistoryError(
                f"The export cannot be written ({error.strerror}): {path}"
            ) from error
        return int(rows[0][0])

    def _all(self, kind: str) -> list[Path]:
        return [file for files in days_of(self.folder, kind).values() for file in files]

    def _files(
        self, start_ns: int, end_ns: int, *, is_coarse: bool = False
    ) -> tuple[list[str], list[str]]:
        """Files with exact values, and thinned ones, of the days of a span.

        With `is_coarse` the thinned ones of whole days, where nothing came later.
        """
        kinds = {kind: days_of(self.folder, kind) for kind in (RAW, WHOLE, THIN)}
        exact: list[str] = []
        thin: list[str] = []
        known = sorted({day for days in kinds.values() for day in days})
        if not known:
            return exact, thin
        first, last = max(day_of(start_ns), known[0]), min(day_of(end_ns - 1), known[-1])
        for day in between(first, last):
            files = [*kinds[WHOLE].get(day, ()), *kinds[RAW].get(day, ())]
            is_inside = start_ns <= start_of(day) and start_of(day) + DAY_NS <= end_ns
            if is_coarse and is_inside and day in kinds[THIN] and day not in kinds[RAW]:
                files = []
            exact += map(str, files)
            thin += map(str, () if files else kinds[THIN].get(day, ()))
        return exact, thin

    def _ask(self, sql: str, given: list[Any]) -> list[tuple[Any, ...]]:
        import duckdb

        try:
            with duckdb.connect() as database:
                return database.execute(sql, given).fetchall()
        except duckdb.Error as error:
            raise HistoryError(
                f"The history cannot be read: {str(error).splitlines()[0]}"
            ) from error

    def _columns(self, sql: str, given: list[Any]) -> tuple[np.ndarray, Int64Array, Float64Array]:
        import duckdb

        try:
            with duckdb.connect() as database:
                found = database.execute(sql, given).fetchnumpy()
        except duckdb.Error as error:
            raise HistoryError(
                f"The history cannot be read: {str(error).splitlines()[0]}"
            ) from error
        numbers, t_ns, values = (np.asarray(found[name]) for name in ("k", "t", "value"))
        return numbers.astype(np.int64), t_ns.astype(np.int64), values.astype(np.float64)


def _whole_minutes(width_ns: int) -> int:
    return -(-width_ns // _MINUTE_NS) * _MINUTE_NS


def _span(rows: Sequence[tuple[Any, ...]], start_ns: int, width_ns: int) -> Span:
    columns = list(zip(*rows, strict=True)) or [()] * 5
    return Span(
        t_ns=start_ns + np.array(columns[0], np.int64) * width_ns,
        width_ns=width_ns,
        count=np.array(columns[1], np.int64),
        low=np.array(columns[2], np.float64),
        high=np.array(columns[3], np.float64),
        mean=np.array(columns[4], np.float64),
    )
