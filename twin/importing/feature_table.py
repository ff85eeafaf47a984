"""Writes ``features.parquet`` piece by piece, and the text index beside it."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from twin.arrays import UInt8Array
from twin.city.text_index import bits_of, write_index

#: Rows of one row group: what is read to tell the attributes of one feature.
ROW_GROUP = 32_768


class FeatureTableFile:
    """A feature table under way. A context; one thread.

    Attributes
    ----------
    n_rows : written so far
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.n_rows = 0
        self._path = path
        self._groups: list[UInt8Array] = []
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", compression_level=1)

    def __enter__(self) -> FeatureTableFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()
        if kind is None:
            write_index(self._path.with_suffix(".find"), self._groups)

    def add(self, rows: pa.Table) -> None:
        """Append rows; they become row groups of their own."""
        for first in range(0, len(rows), ROW_GROUP):
            group = rows.slice(first, ROW_GROUP).combine_chunks()
            self._writer.write_table(group, row_group_size=ROW_GROUP)
            self._groups.append(bits_of(_texts(group)))
            self.n_rows += len(group)


def _texts(rows: pa.Table) -> list[pa.Array]:
    names = [name for name in ("id", "name") if name in rows.column_names]
    columns = [rows[name].combine_chunks() for name in names]
    return [one for one in columns if pa.types.is_string(one.type)]
