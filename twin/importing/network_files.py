"""Streets and places of an imported city as Parquet, and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from twin.arrays import BoolArray
from twin.city.asset import Place, StreetNetwork

STREETS, PLACES = "streets.parquet", "places.parquet"
_STREETS = pa.schema(
    [("x1", pa.float32()), ("y1", pa.float32()), ("z1", pa.float32()), ("x2", pa.float32()),
     ("y2", pa.float32()), ("z2", pa.float32()), ("name", pa.string()), ("width_m", pa.float32()),
     ("speed_mps", pa.float32()), ("one_way", pa.bool_()), ("below", pa.bool_())]
)  # fmt: skip
_PLACES = pa.schema(
    [("id", pa.string()), ("name", pa.string()), ("kind", pa.string()), ("x", pa.float32()),
     ("y", pa.float32()), ("z", pa.float32()), ("feature", pa.string()),
     ("district", pa.string())]
)  # fmt: skip


def write_network(
    base: Path, streets: StreetNetwork | None, places: Sequence[Place], ids: Sequence[str]
) -> None:
    """Write what a chunk has of both beside it, in the import's frame."""
    if streets is not None and len(streets.edges):
        ends = streets.nodes_local_m[streets.edges].reshape(-1, 6)
        columns = [pa.array(ends[:, k]) for k in range(6)]
        columns += [pa.array(list(streets.names), pa.string())]
        columns += [pa.array(streets.widths_m), pa.array(streets.speeds_mps)]
        columns += [pa.array(streets.is_one_way), pa.array(streets.is_below)]
        _write(base.with_suffix(".streets"), pa.table(columns, schema=_STREETS))
    if places:
        rows = [
            (p.id, p.name, p.kind, *p.xyz_local_m, ids[p.feature] if p.feature >= 0 else "",
             p.district)
            for p in places
        ]  # fmt: skip
        columns = [
            pa.array(c, f.type) for c, f in zip(zip(*rows, strict=True), _PLACES, strict=True)
        ]
        _write(base.with_suffix(".places"), pa.table(columns, schema=_PLACES))


def _write(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path, compression="zstd")


def gather_network(bases: Sequence[Path], folder: Path) -> None:
    """Join what the chunks have into `STREETS` and `PLACES`; no file where there is none."""
    for ending, name, schema in ((".streets", STREETS, _STREETS), (".places", PLACES, _PLACES)):
        files = [base.with_suffix(ending) for base in bases]
        files = [file for file in files if file.is_file()]
        if not files:
            continue
        with pq.ParquetWriter(folder / name, schema, compression="zstd") as writer:
            for file in files:
                writer.write_table(pq.read_table(file))


def read_streets(folder: Path) -> StreetNetwork | None:
    """The street graph of an imported city, None when it has none; ends at one place are joined."""
    path = folder / STREETS
    if not path.is_file():
        return None
    table = pq.read_table(path)
    ends = np.stack([table[name].to_numpy() for name in _STREETS.names[:6]], axis=1)
    nodes, edges = np.unique(ends.reshape(-1, 3), axis=0, return_inverse=True)
    return StreetNetwork(
        nodes_local_m=nodes,
        edges=edges.reshape(-1, 2).astype(np.int32),
        names=table["name"].to_pylist(),
        widths_m=table["width_m"].to_numpy(),
        speeds_mps=table["speed_mps"].to_numpy(),
        one_way=_flags(table, "one_way"),
        below=_flags(table, "below"),
    )


def _flags(table: pa.Table, name: str) -> BoolArray | None:
    """A column of yes and no; None in a city imported before it was written."""
    return table[name].to_numpy() if name in table.column_names else None


def read_places(folder: Path) -> tuple[Place, ...]:
    """Places of an imported city; their ``feature`` is -1, as rows are not loaded."""
    path = folder / PLACES
    if not path.is_file():
        return ()
    return tuple(
        Place(
            id=row["id"],
            name=row["name"],
            kind=row["kind"],
            xyz_local_m=(row["x"], row["y"], row["z"]),
            district=row["district"],
        )
        for row in pq.read_table(path).to_pylist()
    )
