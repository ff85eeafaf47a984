"""What tiles tell of features, and the writer of a branch's tiles."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twin.arrays import Float32Array, Int64Array, UInt8Array
from twin.importing.glb import TileRows, glb_bytes
from twin.importing.lit import Lit
from twin.importing.welding import weld

#: Row of a feature that is none: ground of many features in one.
NO_ROW = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What tiles tell of features: N rows.

    Attributes
    ----------
    ids, names : Arrow string arrays without nulls
    kinds : (N,) uint8
    rows : (N,) int64, row of ``features.parquet``
    z_m : (N, 2) float32, lowest and highest
    """

    ids: pa.Array
    names: pa.Array
    kinds: UInt8Array
    rows: Int64Array
    z_m: Float32Array

    def taken(self, rows: Int64Array) -> Table:
        """Some of the rows."""
        index = pa.array(rows)
        return Table(
            ids=self.ids.take(index),
            names=self.names.take(index),
            kinds=self.kinds[rows],
            rows=self.rows[rows],
            z_m=self.z_m[rows],
        )


def joined_tables(parts: list[Table]) -> Table:
    """One of several, at least one."""
    return Table(
        ids=pa.concat_arrays([part.ids for part in parts]),
        names=pa.concat_arrays([part.names for part in parts]),
        kinds=np.concatenate([part.kinds for part in parts]),
        rows=np.concatenate([part.rows for part in parts]),
        z_m=np.concatenate([part.z_m for part in parts]),
    )


@dataclass(slots=True, kw_only=True)
class TileWriter:
    """Writes tiles of one branch into its folder.

    Attributes
    ----------
    kind_names : of the whole import, "" for merged ground at the end
    n_bytes, n_tiles : written so far
    """

    folder: Path
    kind_names: tuple[str, ...]
    n_bytes: int = 0
    n_tiles: int = 0

    def write(self, name: str, lit: Lit, rows: TileRows, level: int) -> str:
        """Write one GLB; gives its file name."""
        content = glb_bytes(weld(lit), rows, level)
        file = f"{name}.glb"
        (self.folder / file).write_bytes(content)
        self.n_bytes += len(content)
        self.n_tiles += 1
        return file

    def rows_of(self, table: Table, merged: Int64Array, *, with_ground: bool) -> TileRows:
        """The property table of a tile; with one more row for merged ground if wanted."""
        n = len(table.rows)
        extra = int(with_ground)
        kinds = np.append(table.kinds, np.full(extra, len(self.kind_names) - 1)).astype(np.uint8)
        z = np.concatenate([table.z_m, np.zeros((extra, 2))]).astype(np.float32)
        blank = pa.array([""] * extra, pa.string())
        return TileRows(
            ids=pa.concat_arrays([table.ids, blank]),
            names=pa.concat_arrays([table.names, blank]),
            kinds=kinds,
            kind_names=self.kind_names,
            rows=np.append(table.rows, np.full(extra, NO_ROW)).astype(np.uint32),
            z_min_m=z[:, 0],
            z_max_m=z[:, 1],
            merged=np.append(merged[:n], np.zeros(extra)).astype(np.uint32),
        )


def text_column(table: pa.Table, name: str) -> pa.Array:
    """A text column without nulls, in one piece; empty texts where there is no such column."""
    if name not in table.column_names or not pa.types.is_string(table.schema.field(name).type):
        return pa.array([""] * len(table), pa.string())
    return pc.fill_null(table[name].combine_chunks(), "")
