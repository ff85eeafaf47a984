"""The features of a streamed city that are loaded just now, with the interface of a feature table.

A row is also the texel of the feature's style. Rows come in ranges: first the features of what was
read whole, which stay, then a range for each loaded tile. A range is freed when its tile leaves,
unless one of its rows is pinned (selected): then when the pin goes.

A feature may have several rows, one in a coarse tile and one in a fine one; they share the id.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float32Array, Int32Array, Int64Array, UInt16Array
from twin.city.asset import CityAsset, Column, Features, FeatureTable
from twin.city.resident_range import FREE_KIND, ROW, Columns, Ids, ResidentRange, SourceTable

_LEAST_ROWS = 4096


class ResidentFeatures:
    """A live table of features. GUI thread, but for `reserve` and `give_back`: any thread.

    Parameters
    ----------
    whole : features of what was read whole; their rows are the first ones and stay

    Attributes
    ----------
    version : moves with every change
    wanted : columns that are brought from the sources' own tables
    """

    def __init__(self, whole: Features | None = None) -> None:
        self.version = 0
        self._lock = threading.Lock()
        self._free: list[tuple[int, int]] = []
        self._end = 0
        self._n = 0
        self._ids: NDArray[np.object_] = np.empty(0, object)
        self._codes: UInt16Array = np.empty(0, np.uint16)
        self._parents: Int32Array = np.empty(0, np.int32)
        self._bounds: Float32Array = np.empty((0, 6), np.float32)
        self._kind_codes: dict[str, int] = {FREE_KIND: 0}
        self._ranges: dict[int, ResidentRange] = {}
        self._firsts: list[int] | None = None
        self._pins: dict[int, int] = {}
        self._leaving: set[int] = set()
        self._names: dict[str, None] = {}
        self._columns: dict[str, Column] = {}
        self._tables: dict[str, SourceTable] = {}
        self.wanted: tuple[str, ...] = ()
        self._whole = whole
        if whole is not None and whole.n_features:
            self.admit(ResidentRange(self.reserve(whole.n_features), whole))

    # -- coming and going -------------------------------------------------------------------

    def reserve(self, n_features: int) -> int:
        """First row of ``n_features`` rows that nobody else gets. Any thread."""
        with self._lock:
            for index, (first, n_free) in enumerate(self._free):
                if n_free >= n_features:
                    if n_free == n_features:
                        del self._free[index]
                    else:
                        self._free[index] = (first + n_features, n_free - n_features)
                    return first
            first = self._end
            self._end += n_features
            return first

    def give_back(self, first: int, n_features: int) -> None:
        """Let go of reserved rows that were never admitted. Any thread."""
        if not n_features:
            return
        with self._lock:
            merged: list[tuple[int, int]] = []
            for begin, count in sorted([*self._free, (first, n_features)]):
                if merged and merged[-1][0] + merged[-1][1] == begin:
                    merged[-1] = (merged[-1][0], merged[-1][1] + count)
                else:
                    merged.append((begin, count))
            if merged[-1][0] + merged[-1][1] == self._end:
                self._end = merged.pop()[0]
            self._free = merged

    def admit(self, arrived: ResidentRange) -> None:
        """Fill rows that were reserved."""
        first, end, table = arrived.first, arrived.end, arrived.table
        if first == end:
            return
        self._grow(end)
        rows = slice(first, end)
        self._ids[rows] = table.ids[:]
        codes = [self._code_of(name) for name in table.kind_names]
        self._codes[rows] = np.array([*codes, 0], np.uint16)[table.kind_codes]
        parents = table.parents
        self._parents[rows] = np.where(parents >= 0, parents + first, -1)
        self._bounds[rows] = table.bounds_min_max_local_m
        self._ranges[first] = arrived
        self._firsts = None
        self._names.update(dict.fromkeys(table.attributes))
        for name in [name for name in self._columns if name in table.attributes]:
            self._fill_column(name, arrived)
        self.version += 1

    def dismiss(self, first: int) -> None:
        """Free the range that begins at ``first``; a pinned one later."""
        if first not in self._ranges:
            return
        if self._pins.get(first):
            self._leaving.add(first)
            return
        gone = self._ranges.pop(first)
        self._firsts = None
        rows = slice(first, gone.end)
        self._ids[rows] = ""
        self._codes[rows] = 0
        self._parents[rows] = -1
        self._bounds[rows] = np.nan
        for column in self._columns.values():
            column[rows] = None if column.dtype == object else np.nan
        self.give_back(first, gone.table.n_features)
        self.version += 1

    def pin(self, row: int) -> None:
        """Keep the rows around this one until `unpin`, even when their tile leaves."""
        found = self.range_of(row)
        if found is not None:
            self._pins[found.first] = self._pins.get(found.first, 0) + 1

    def unpin(self, row: int) -> None:
        """Take back one `pin`."""
        found = self.range_of(row)
        if found is None or not self._pins.get(found.first):
            return
        self._pins[found.first] -= 1
        if not self._pins[found.first] and found.first in self._leaving:
            self._leaving.discard(found.first)
            self.dismiss(found.first)

    def set_table(self, source_id: str, table: SourceTable) -> None:
        """Tell where a source keeps the attributes that are not in its tiles."""
        self._tables[source_id] = table
        self._names.update(dict.fromkeys(table.columns))

    def table_of(self, source_id: str) -> SourceTable | None:
        """Where a source keeps the attributes that are not in its tiles, None without."""
        return self._tables.get(source_id)

    @property
    def tables(self) -> Mapping[str, SourceTable]:
        """The sources' own tables, by id of the source."""
        return self._tables

    # -- attributes that are not in the tiles -----------------------------------------------

    def want(self, column: str) -> None:
        """Have an attribute brought for what is loaded and for what will be."""
        if column not in self.wanted and column in self._names:
            self.wanted = (*self.wanted, column)

    def lacking(self, rows: ResidentRange) -> tuple[str, ...]:
        """Wanted columns that a range has not and its source's table has. Any thread."""
        table = self._tables.get(rows.source_id)
        if table is None or not self.wanted or ROW not in rows.table.attributes:
            return ()
        known = rows.table.attributes
        return tuple(name for name in self.wanted if name not in known and name in table.columns)

    def completed(self, rows: ResidentRange) -> ResidentRange:
        """The same range with the columns it lacks. Blocking; any thread.

        Raises
        ------
        TwinError
            The source's table cannot be read.
        """
        names = self.lacking(rows)
        if not names or not isinstance(rows.table, FeatureTable):
            return rows
        own = np.nan_to_num(np.asarray(rows.table.attributes[ROW], float), nan=-1.0)
        source = self._tables[rows.source_id]
        more = {name: source.values(name, own.astype(np.int64)) for name in names}
        table = replace(rows.table, attributes={**rows.table.attributes, **more})
        return replace(rows, table=table)

    def exchange(self, rows: ResidentRange) -> None:
        """Put what `completed` made in the place of the range it was made from."""
        if rows.first in self._ranges:
            self._ranges[rows.first] = rows
            for name in [name for name in self._columns if name in rows.table.attributes]:
                self._fill_column(name, rows)
            self.version += 1

    # -- as a feature table -----------------------------------------------------------------

    @property
    def ids(self) -> Sequence[str]:
        """N ids, "" in free rows; not unique."""
        return Ids(self._ids[: self._n])

    @property
    def kind_names(self) -> tuple[str, ...]:
        """The kinds seen so far; the first, "", is that of free rows."""
        return tuple(self._kind_codes)

    @property
    def kind_codes(self) -> UInt16Array:
        """(N,) uint16, index into ``kind_names``."""
        return self._codes[: self._n]

    @property
    def parents(self) -> Int32Array:
        """(N,) int32, row of the parent, -1 for none."""
        return self._parents[: self._n]

    @property
    def bounds_min_max_local_m(self) -> Float32Array:
        """(N, 6) float32; NaN in free rows."""
        return self._bounds[: self._n]

    @property
    def attributes(self) -> Mapping[str, Column]:
        """Column by name, of all names seen so far; a column is joined when it is asked for."""
        return Columns(self._names, self._column)

    @property
    def n_features(self) -> int:
        """How many rows there are, free ones between them included."""
        return self._n

    @property
    def n_whole(self) -> int:
        """How many of the first rows belong to what was read whole."""
        return self._whole.n_features if self._whole is not None else 0

    @property
    def whole(self) -> Features | None:
        """The features of what was read whole: they stay as they are."""
        return self._whole

    def kind(self, row: int) -> str:
        """Kind of one feature, as the format names it."""
        return self.kind_names[int(self._codes[row])]

    def counts_by_kind(self) -> dict[str, int]:
        """How many loaded features of each kind."""
        counts = np.bincount(self.kind_codes, minlength=len(self._kind_codes))
        named = zip(self._kind_codes, counts.tolist(), strict=True)
        return {kind: n for kind, n in named if n and kind != FREE_KIND}

    def attributes_of(self, row: int) -> dict[str, str | float]:
        """The attributes one feature has: those in its tile and those in its source's table.

        Raises
        ------
        TwinError
            The source's table cannot be read.
        """
        found = self.range_of(row)
        if found is None:
            return {}
        known = found.table.attributes_of(row - found.first)
        table = self._tables.get(found.source_id)
        table_row = known.get(ROW)
        if table is None or not isinstance(table_row, float):
            return known
        del known[ROW]
        return {**known, **table.attributes_of(int(table_row))}

    def row_of(self, feature_id: str) -> int:
        """A row with this id, -1 when none is loaded; of several the one that came last."""
        rows = self.rows_of(feature_id)
        return int(rows[-1]) if len(rows) else -1

    def rows_of(self, feature_id: str) -> Int64Array:
        """(k,) all rows with this id, in the order their tiles came."""
        found = []
        for each in self._ranges.values():
            if each.rows_by_id is not None:
                row = each.rows_by_id.get(feature_id, -1)
            else:
                row = each.table.row_of(feature_id)
            if row >= 0:
                found.append(each.first + row)
        return np.array(found, np.int64)

    # -- ranges -----------------------------------------------------------------------------

    @property
    def ranges(self) -> tuple[ResidentRange, ...]:
        """All ranges that are filled, in the order they came."""
        return tuple(self._ranges.values())

    def range_of(self, row: int) -> ResidentRange | None:
        """The range a row belongs to, None for a free one."""
        if self._firsts is None:
            self._firsts = sorted(self._ranges)
        at = bisect_right(self._firsts, row) - 1
        if at < 0:
            return None
        found = self._ranges[self._firsts[at]]
        return found if row < found.end else None

    def statistics(self, column: str) -> tuple[float, float] | None:
        """Ends of a column over the whole of the sources that tell them, None when none does."""
        known = [table.statistics(column) for table in self._tables.values()]
        ends = [pair for pair in known if pair is not None]
        if not ends:
            return None
        return min(low for low, _ in ends), max(high for _, high in ends)

    # -- inside -----------------------------------------------------------------------------

    def _grow(self, n: int) -> None:
        self._n = max(self._n, n)
        size = len(self._ids)
        if n <= size:
            return
        extra = max(n, 2 * size, _LEAST_ROWS) - size
        self._ids = np.concatenate([self._ids, np.full(extra, "", object)])
        self._codes = np.concatenate([self._codes, np.zeros(extra, np.uint16)])
        self._parents = np.concatenate([self._parents, np.full(extra, -1, np.int32)])
        empty = np.full((extra, 6), np.nan, np.float32)
        self._bounds = np.concatenate([self._bounds, empty])
        self._columns = {
            name: np.concatenate([column, _empty_column(extra, column.dtype == object)])
            for name, column in self._columns.items()
        }

    def _code_of(self, kind: str) -> int:
        return self._kind_codes.setdefault(kind, len(self._kind_codes))

    def _column(self, name: str) -> Column:
        """The joined column; kept and filled as tiles come."""
        if name not in self._columns:
            self.want(name)
            holders = [each for each in self._ranges.values() if name in each.table.attributes]
            is_text = any(each.table.attributes[name].dtype == object for each in holders)
            self._columns[name] = _empty_column(len(self._ids), is_text)
            for each in holders:
                self._fill_column(name, each)
        return self._columns[name][: self._n]

    def _fill_column(self, name: str, arrived: ResidentRange) -> None:
        values, column = arrived.table.attributes[name], self._columns[name]
        if values.dtype == object and column.dtype != object:
            del self._columns[name]  # the first text in a column of numbers: joined anew
            self._column(name)
        elif values.dtype != object and column.dtype == object:
            texts = [None if np.isnan(value) else f"{value:g}" for value in values]
            column[arrived.first : arrived.end] = texts
        else:
            column[arrived.first : arrived.end] = values


def resident_city(asset: CityAsset) -> CityAsset:
    """The same city with a live table of features, into which streams can be opened."""
    if isinstance(asset.features, ResidentFeatures):
        return asset
    return replace(asset, features=ResidentFeatures(asset.features))


def _empty_column(n: int, is_text: bool) -> Column:
    return np.full(n, None, object) if is_text else np.full(n, np.nan)
