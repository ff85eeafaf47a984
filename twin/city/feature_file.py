"""The feature table of an imported city on disk: find, attributes and statistics without loading it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from twin.errors import ReadError

#: Columns that every table has; the others are attributes.
FIXED = ("id", "kind", "parent", "xmin", "ymin", "zmin", "xmax", "ymax", "zmax")
_BOUNDS = ", ".join(FIXED[3:])


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
        import duckdb
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
        self._database = duckdb.connect()
        self._database.execute("SET enable_progress_bar = false")
        self._local = threading.local()
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
        """Features whose id or name holds `text`, upper and lower case alike.

        Exact ids come first, then beginnings of words, in the order of the table.
        """
        wanted = text.strip().lower()
        if not wanted or limit <= 0:
            return []
        named = '"name"' if self._types.get("name") == "string" else "NULL"
        where = f"contains(lower(id), ?) OR contains(lower({named}), ?)" if named != "NULL" \
            else "contains(lower(id), ?)"  # fmt: skip
        places = [wanted, wanted] if named != "NULL" else [wanted]
        # Enough to find the better ones among them, few enough to stop early.
        rows = self._asked(
            f"SELECT file_row_number, id, {named}, kind, {_BOUNDS} "  # noqa: S608 - no foreign text
            f"FROM {self._table} WHERE {where} LIMIT {20 * limit}",
            places,
        )
        found = [
            Found(row=row[0], id=row[1], name=row[2] or "", kind=row[3], bounds=tuple(row[4:]))
            for row in rows
        ]
        return sorted(found, key=lambda one: _worse(one, wanted))[:limit]

    def row_of(self, feature_id: str) -> int:
        """Row of an id, -1 if there is none."""
        rows = self._asked(
            f"SELECT file_row_number FROM {self._table} WHERE id = ? LIMIT 1",  # noqa: S608
            [feature_id],
        )
        return int(rows[0][0]) if rows else -1

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
        self._database.close()

    @cached_property
    def _table(self) -> str:
        quoted = str(self.path).replace("'", "''")
        return f"read_parquet('{quoted}', file_row_number = true)"

    def _asked(self, query: str, values: list[str] | None = None) -> list[tuple[Any, ...]]:
        """Rows of a query, on a cursor of the calling thread's own."""
        rows: list[tuple[Any, ...]] = (
            self._database.cursor().execute(query, values or []).fetchall()
        )
        return rows

    def _row(self, row: int) -> dict[str, Any]:
        import pyarrow.parquet as pq

        if not 0 <= row < self.n_features:
            raise IndexError(row)
        file = getattr(self._local, "file", None)
        if file is None:
            file = self._local.file = pq.ParquetFile(self.path, memory_map=True)
        group = _last_at_most(self._firsts, row)
        table = file.read_row_group(group, use_threads=False)
        one: dict[str, Any] = table.slice(row - self._firsts[group], 1).to_pylist()[0]
        return one


def _last_at_most(firsts: list[int], row: int) -> int:
    from bisect import bisect_right

    return bisect_right(firsts, row) - 1


def _worse(one: Found, wanted: str) -> tuple[int, int]:
    """Order of what was found: exact, then beginning of id or name, then of a word, then inside."""
    texts = [one.id.lower(), one.name.lower()]
    if wanted in texts:
        return 0, one.row
    if any(text.startswith(wanted) for text in texts):
        return 1, one.row
    return (2 if any(f" {wanted}" in text for text in texts) else 3), one.row
