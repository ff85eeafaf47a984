"""The feature table beside a streamed city: the attributes that its tiles do not bring."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from twin.arrays import Int64Array
from twin.city.asset import CityAsset, Column, Place, ReadWarning
from twin.city.feature_file import FIXED, FeatureFile, Found
from twin.city.residents import ResidentFeatures
from twin.errors import ReadError, TwinError
from twin.tiles.content import TileSource

FILE_NAME = "features.parquet"


class StreamTable:
    """Implements `twin.city.residents.SourceTable` on an imported city's file. Any thread."""

    def __init__(self, path: Path) -> None:
        self._file = FeatureFile(path)
        self._path = path
        self._lock = threading.Lock()
        self._ends: dict[str, tuple[float, float] | None] = {}
        self._local = threading.local()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the attributes."""
        return tuple(name for name in self._file.columns if name not in FIXED)

    def attributes_of(self, row: int) -> dict[str, str | float]:
        """All attributes of one row, none for one that is not in the file."""
        if not 0 <= row < self._file.n_features:
            return {}
        return self._file.attributes_of(row)

    @property
    def n_features(self) -> int:
        """How many features the whole source has."""
        return self._file.n_features

    def find(self, text: str, limit: int) -> list[Found]:
        """Features of the whole city whose id and name hold all words. Blocking; any thread."""
        return self._file.find(text, limit)

    def ids_by(self, column: str, values: Collection[str]) -> dict[str, str]:
        """Value of a column ("" = the id) -> id of the feature that has it. Blocking.

        Raises
        ------
        ReadError
            The file cannot be read.
        """
        return self._file.ids_by(column, values)

    def places(self) -> list[tuple[Place, str]]:
        """Places of the whole city with the id of their feature, "" = none. Blocking; any thread.

        Raises
        ------
        ReadError
            The file of places cannot be read.
        """
        import pyarrow.parquet as pq

        from twin.importing.network_files import PLACES, read_places

        folder = self._path.parent
        try:
            found = read_places(folder)
            ids = pq.read_table(folder / PLACES, columns=["feature"])["feature"] if found else ()
        except (OSError, ValueError, KeyError) as error:
            raise ReadError("The places cannot be read", path=folder / PLACES) from error
        return [(one, str(known or "")) for one, known in zip(found, ids, strict=True)]

    def statistics(self, column: str) -> tuple[float, float] | None:
        """Ends of a column that `values` was asked for; None = not known, or text. At once."""
        return self._ends.get(column)

    def values(self, column: str, rows: Int64Array) -> Column:
        """One attribute of some rows, none for those that are not in the file; for workers.

        Raises
        ------
        ReadError
            The file cannot be read.
        """
        self._learn_ends(column)
        file = self._reader()
        firsts = np.cumsum([0, *self._group_sizes(file)])
        group_of_row = np.searchsorted(firsts, rows, side="right") - 1
        is_number = self._file.is_number(column)
        found: Column = (
            np.full(len(rows), np.nan) if is_number else np.full(len(rows), None, object)
        )
        known = (rows >= 0) & (rows < firsts[-1])
        for group in np.unique(group_of_row[known]).tolist():
            here = np.flatnonzero(known & (group_of_row == group))
            taken = self._column_of(file, group, column).take(rows[here] - firsts[group])
            found[here] = taken.to_numpy(zero_copy_only=False) if is_number else taken.to_pylist()
        return found

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _learn_ends(self, column: str) -> None:
        with self._lock:
            if column in self._ends:
                return
            ends = None
            if self._file.is_number(column):
                known = self._file.statistics(column)
                if known.least is not None and known.greatest is not None:
                    ends = (float(known.least), float(known.greatest))
            self._ends[column] = ends

    def _reader(self) -> Any:
        """The file as this thread reads it."""
        import pyarrow.parquet as pq

        if getattr(self._local, "file", None) is None:
            self._local.file = pq.ParquetFile(self._path, memory_map=True)
        return self._local.file

    def _column_of(self, file: Any, group: int, column: str) -> Any:
        try:
            return file.read_row_group(group, columns=[column], use_threads=False)[column]
        except (OSError, ValueError) as error:
            raise ReadError("The feature table cannot be read", path=self._path) from error

    def _group_sizes(self, file: Any) -> list[int]:
        metadata = file.metadata
        return [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]


def table_beside(folder: Path | None) -> StreamTable | None:
    """The table of an imported city; None where there is none.

    Raises
    ------
    ReadError
        There is one, and it cannot be read.
    """
    path = None if folder is None else folder / FILE_NAME
    return StreamTable(path) if path is not None and path.is_file() else None


def with_tables(city: CityAsset, streams: Sequence[TileSource]) -> CityAsset:
    """The same live city, told where its imported streams keep their attributes.

    A table that cannot be read is left out with a warning: the tiles can still be seen.
    """
    warnings = []
    for stream in streams:
        folder = getattr(stream, "folder", None)
        try:
            table = table_beside(folder)
        except TwinError as error:
            warnings.append(ReadWarning("feature-table", str(error)))
            continue
        if table is not None and isinstance(city.features, ResidentFeatures):
            city.features.set_table(stream.id, table)
    return replace(city, warnings=(*city.warnings, *warnings)) if warnings else city
