"""The feature table of an imported city, asked on disk: find, attributes, statistics."""

from __future__ import annotations

import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import Any

import numpy as np

from twin.city.key_text import key_text
from twin.city.text_index import TextIndex, lowered
from twin.errors import ReadError

#: Columns that every table has; the others are attributes.
FIXED = ("id", "kind", "parent", "xmin", "ymin", "zmin", "xmax", "ymax", "zmax")
#: Threads of one search, and row groups looked at before it may end.
_READERS, _AT_ONCE = 4, 8
#: A search ends with this many times what was asked for, to have a choice of better ones.
_ENOUGH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One feature that was found.

    Attributes
    ----------
    row : of ``features.parquet``
    bounds : xmin ymin zmin xmax ymax zmax, local frame; NaN without geometry
    """

    row: int
    id: str
    name: str
    kind: str
    bounds: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What a column holds over the whole city.

    Attributes
    ----------
    n : rows with a value
    least, greatest, mean : of numbers; None for text
    n_distinct : about how many different values
    commonest : up to 20 values with how often they occur; of text
    """

    n: int
    n_distinct: int
    least: float | None = None
    greatest: float | None = None
    mean: float | None = None
    commonest: tuple[tuple[str, int], ...] = ()


class FeatureFile:
    """``features.parquet`` of an imported city. Any thread, several at once; reads what it needs.

    Raises
    ------
    ReadError
        The file is absent or no feature table.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.path = path
        try:
            metadata = pq.read_metadata(path)
        except (OSError, ValueError) as error:
            raise ReadError("The feature table cannot be read", path=path) from error
        self._types = {field.name: str(field.type) for field in metadata.schema.to_arrow_schema()}
        missing = [name for name in FIXED if name not in self._types]
        if missing:
            raise ReadError(f"The feature table lacks the column {missing[0]}", path=path)
        self.n_features: int = metadata.num_rows
        self._local = threading.local()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="feature-file")
        self._index = _index_of(path, metadata.num_row_groups)
        self._firsts = [0]
        for group in range(metadata.num_row_groups):
            self._firsts.append(self._firsts[-1] + metadata.row_group(group).num_rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the attributes."""
        return tuple(name for name in self._types if name not in FIXED)

    def is_number(self, column: str) -> bool:
        """Whether an attribute holds numbers; else it holds text."""
        return self._types[column] not in ("string", "large_string")

    def find(self, text: str, limit: int = 20) -> list[Found]:
        """Features whose id and name hold all words of `text`, upper and lower case alike.

        Exact ids and names come first, then beginnings. The search ends when it has found some
        times the limit, so that a common word costs no more than a rare one.
        """
        wanted = text.strip().lower()
        groups = self._groups_with(wanted) if wanted and limit > 0 else []
        hits: list[tuple[int, str, str]] = []
        for first in range(0, len(groups), _AT_ONCE):
            some = groups[first : first + _AT_ONCE]
            for found in self._readers.map(lambda one: self._matches(one, wanted), some):
                hits += found
            if len(hits) >= _ENOUGH * limit:
                break
        hits.sort(key=lambda one: _worse(one, wanted))
        return [self.found(row) for row, _, _ in hits[:limit]]

    def row_of(self, feature_id: str) -> int:
        """Row of an id, -1 if there is none."""
        for group in self._groups_with(feature_id):
            hits = self._matches(group, feature_id, whole=True)
            if hits:
                return hits[0][0]
        return -1

    def ids_by(self, column: str, values: Collection[str]) -> dict[str, str]:
        """Value of a column ("" = the id) -> id of the first feature that has it.

        One pass over two columns, a row group at a time: memory does not grow with the city.

        Raises
        ------
        ReadError
            The file cannot be read.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        name = column or "id"
        found: dict[str, str] = {}
        if name not in self._types:
            return found
        wanted = _wanted(values, is_number=self.is_number(name))
        typed = pa.array(wanted, self._file().schema_arrow.field(name).type)
        for group in range(len(self._firsts) - 1):
            if len(found) >= len(wanted):
                break
            try:
                names = list(dict.fromkeys(("id", name)))
                table = self._file().read_row_group(group, columns=names, use_threads=False)
            except (OSError, ValueError) as error:
                raise ReadError("The feature table cannot be read", path=self.path) from error
            hits = table.filter(pc.is_in(table[name], typed))
            for value, one in zip(hits[name].to_pylist(), hits["id"].to_pylist(), strict=True):
                found.setdefault(key_text(value), one)
        return found

    def attributes_of(self, row: int) -> dict[str, str | float]:
        """The attributes one feature has.

        Raises
        ------
        IndexError
            There is no such row.
        """
        values = self._row(row)
        return {
            name: value if isinstance(value, str) else float(value)
            for name, value in values.items()
            if name not in FIXED and value is not None
        }

    def found(self, row: int) -> Found:
        """One feature by its row.

        Raises
        ------
        IndexError
            There is no such row.
        """
        values = self._row(row)
        name = values.get("name")
        return Found(
            row=row,
            id=values["id"],
            name=name if isinstance(name, str) else "",
            kind=values["kind"],
            bounds=tuple(float(values[one]) for one in FIXED[3:]),
        )

    def parent_of(self, row: int) -> int:
        """Row of the feature it is a part of, -1 for none."""
        return int(self._row(row)["parent"])

    def statistics(self, column: str) -> Statistics:
        """What a column holds.

        Raises
        ------
        KeyError
            There is no such column.
        """
        if column not in self._types:
            raise KeyError(column)
        name = '"' + column.replace('"', '""') + '"'
        if self.is_number(column):
            row = self._asked(
                f"SELECT count({name}), approx_count_distinct({name}), min({name}), max({name}), "  # noqa: S608
                f"avg({name}) FROM {self._table} WHERE NOT isnan({name})"
            )[0]
            return Statistics(
                n=row[0], n_distinct=row[1], least=row[2], greatest=row[3], mean=row[4]
            )
        row = self._asked(f"SELECT count({name}), approx_count_distinct({name}) FROM {self._table}")[0]  # noqa: S608, E501  # fmt: skip
        common = self._asked(
            f"SELECT {name}, count(*) AS n FROM {self._table} WHERE {name} IS NOT NULL "  # noqa: S608
            f"GROUP BY 1 ORDER BY n DESC, 1 LIMIT 20"
        )
        return Statistics(
            n=row[0], n_distinct=row[1], commonest=tuple((one, n) for one, n in common)
        )

    def close(self) -> None:
        """Let go of the file."""
        self._readers.shutdown(cancel_futures=True)

    @cached_property
    def _table(self) -> str:
        quoted = str(self.path).replace("'", "''")
        return f"read_parquet('{quoted}', file_row_number = true)"

    def _asked(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query.

        The connection lives no longer than the query: one that is alive when the interpreter
        ends makes DuckDB's bindings print a list of leaks.
        """
        import duckdb

        with duckdb.connect() as database:
            database.execute("SET enable_progress_bar = false")
            rows: list[tuple[Any, ...]] = database.execute(query).fetchall()
        return rows

    def _row(self, row: int) -> dict[str, Any]:
        if not 0 <= row < self.n_features:
            raise IndexError(row)
        group = _last_at_most(self._firsts, row)
        held: tuple[int, Any] = getattr(self._local, "held", (-1, None))
        if held[0] != group:  # neighbours are often asked for one after another
            held = self._local.held = (group, self._file().read_row_group(group, use_threads=False))
        table = held[1]
        one: dict[str, Any] = table.slice(row - self._firsts[group], 1).to_pylist()[0]
        return one

    def _file(self) -> Any:
        """The file as this thread reads it."""
        import pyarrow.parquet as pq

        file = getattr(self._local, "file", None)
        if file is None:
            file = self._local.file = pq.ParquetFile(self.path, memory_map=True)
        return file

    def _groups_with(self, text: str) -> list[int]:
        """Row groups that may hold a text: all its words, for an id of several words the same."""
        may = np.ones(len(self._firsts) - 1, bool)
        if self._index is not None:
            for word in text.split():
                may &= self._index.groups_with(word)
        return [int(group) for group in np.flatnonzero(may)]

    def _matches(self, group: int, text: str, *, whole: bool = False) -> list[tuple[int, str, str]]:
        """(row, id, name) of a group whose id is `text`, or that hold all words of it."""
        import pyarrow.compute as pc

        names = ["id"] if whole or self._types.get("name") != "string" else ["id", "name"]
        table = self._file().read_row_group(group, columns=names, use_threads=False)
        if whole:
            mask = pc.equal(table["id"], text)
        else:
            texts = [lowered(table[name]) for name in names]
            held = [[pc.match_substring(one, word) for one in texts] for word in text.split()]
            mask = reduce(pc.and_, [reduce(pc.or_, some) for some in held])
        inside = np.flatnonzero(mask.to_numpy())
        hits = table.take(inside)
        ids = hits["id"].to_pylist()
        titles = hits["name"].to_pylist() if "name" in names else [""] * len(ids)
        first = self._firsts[group]
        return [
            (first + int(row), one, title or "")
            for row, one, title in zip(inside, ids, titles, strict=True)
        ]


def _wanted(values: Collection[str], *, is_number: bool) -> list[str] | list[float]:
    """Values as the column holds them; what is no number is in no column of numbers."""
    if not is_number:
        return list(values)
    numbers = []
    for value in values:
        try:
            numbers.append(float(value))
        except ValueError:
            continue
    return numbers


def _last_at_most(firsts: list[int], row: int) -> int:
    from bisect import bisect_right

    return bisect_right(firsts, row) - 1


def _worse(hit: tuple[int, str, str], wanted: str) -> tuple[int, int]:
    """Order of what was found: exact, then beginning of id or name, then of a word, then inside."""
    row, *texts = hit[0], hit[1].lower(), hit[2].lower()
    if wanted in texts:
        return 0, row
    if any(text.startswith(wanted) for text in texts):
        return 1, row
    return (2 if any(f" {wanted}" in text for text in texts) else 3), row


def _index_of(path: Path, n_groups: int) -> TextIndex | None:
    """The text index beside a table; None for a table without."""
    beside = path.with_suffix(".find")
    return TextIndex(beside, n_groups) if beside.is_file() else None
