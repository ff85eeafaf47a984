"""Parts of the live table of features: its ranges, a source's own table, views as a sequence."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, overload

import numpy as np
from numpy.typing import NDArray

from twin.arrays import BoolArray, Int64Array
from twin.city.asset import Column, Features, FeatureTable, Place
from twin.city.feature_file import Found

#: Kind of a row that holds nothing just now.
FREE_KIND = ""
#: Column of a tile that says which row of its source's own table each feature is.
ROW = "row"


class SourceTable(Protocol):
    """The attributes a streamed source keeps beside its tiles (`twin.city.stream_table`)."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of the attributes."""

    @property
    def n_features(self) -> int:
        """How many features the whole source has."""

    def attributes_of(self, row: int) -> Mapping[str, str | float]:
        """All attributes of one row of the source's own table."""
        ...

    def find(self, text: str, limit: int) -> Sequence[Found]:
        """Features of the whole source whose id and name hold all words. Blocking; any thread."""
        ...

    def ids_by(self, column: str, values: Collection[str]) -> Mapping[str, str]:
        """Value of a column ("" = the id) -> id of the feature that has it. Blocking."""
        ...

    def places(self) -> Sequence[tuple[Place, str]]:
        """Places of the whole source with the id of their feature, "" = none. Blocking."""
        ...

    def statistics(self, column: str) -> tuple[float, float] | None:
        """Least and greatest value of a column over the whole source; None = text or not known.

        Never blocks: known once `values` was asked for the column.
        """

    def values(self, column: str, rows: Int64Array) -> Column:
        """A column of some rows of the source's own table. Blocking; any thread."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ResidentRange:
    """The rows of one tile: ``first <= row < first + table.n_features``.

    Attributes
    ----------
    source_id : of the source the tile came from, "" for what was read whole
    rows_by_id : row within ``table`` by id
    built : (n,) bool, features with walls or roofs: what colours are given to
    """

    first: int
    table: Features
    source_id: str = ""
    rows_by_id: Mapping[str, int] | None = None
    built: BoolArray | None = None

    @property
    def end(self) -> int:
        """One behind the last row."""
        return self.first + self.table.n_features


def rows_by_id(table: FeatureTable) -> dict[str, int]:
    """Row by id, for `ResidentRange`; made where the tile is prepared."""
    return {feature_id: row for row, feature_id in enumerate(table.ids)}


class Ids(Sequence[str]):
    """Ids behind an array of objects."""

    def __init__(self, ids: NDArray[np.object_]) -> None:
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [str(feature_id) for feature_id in self._ids[index]]
        return str(self._ids[index])


class Columns(Mapping[str, Column]):
    """Columns that are joined when asked for."""

    def __init__(self, names: Mapping[str, None], column: Joiner) -> None:
        self._names = names
        self._column = column

    def __getitem__(self, name: str) -> Column:
        if name not in self._names:
            raise KeyError(name)
        return self._column(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Joiner(Protocol):
    """Makes a column when it is asked for."""

    def __call__(self, name: str) -> Column:
        """The column of this name."""
        ...
