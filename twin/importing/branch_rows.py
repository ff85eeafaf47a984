"""Features and triangles of one square, gathered from all chunks, and their table rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from twin.arrays import Int32Array, Int64Array
from twin.importing.morton import Node
from twin.importing.spill import (
    ATTRIBUTE,
    BOUNDS,
    ChunkFacts,
    Triangles,
    read_facts,
    read_part,
    read_wide,
    read_wide_triangles,
)
from twin.importing.tile_table import Table, joined_tables, text_column


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """All of a square in memory.

    Attributes
    ----------
    near : triangles of the n near features, sorted; ``features`` are rows of ``table``
    wide : triangles of wide features, by Morton number
    table : the n near features, then the wide ones
    rows : the near features' rows by Morton number, with all attributes
    """

    near: Triangles
    wide: Triangles
    table: Table
    rows: pa.Table


def read_square(
    chunks: Sequence[tuple[str, int]],
    node: Node,
    *,
    first_row: int,
    kinds: tuple[str, ...],
    columns: dict[str, str],
) -> Square:
    """Gather a square from all chunks.

    Parameters
    ----------
    chunks : paths without ending, each with the row of its first wide feature
    first_row : row of its first near feature in ``features.parquet``
    kinds : all kinds, which ``Table.kinds`` counts in
    columns : attributes of the whole import, "number" or "text"
    """
    task = _Wanted(node, first_row, kinds, columns)
    tables: list[pa.Table] = []
    near: list[Triangles] = []
    wide: list[Triangles] = []
    wide_tables: list[Table] = []
    n_rows, n_wide = 0, 0
    for chunk, first_wide_row in chunks:
        base = Path(chunk)
        facts = read_facts(base)
        if facts is None:  # the planner only names finished chunks
            continue
        part, triangles = read_part(base, facts, task.node.first, task.node.end)
        if len(part):
            tables.append(_shifted(part, n_rows))
            near.append(_renumbered(triangles, n_rows))
            n_rows += len(part)
        far, told = _wide_of(base, facts, task, first_wide_row)
        if told is not None:
            wide.append(_renumbered(far, n_wide))
            wide_tables.append(told)
            n_wide += len(told.rows)
    rows = _unified(tables, task.columns)
    order = np.argsort(rows["key"].to_numpy(), kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    rows = rows.take(pa.array(order))
    parents = rows["parent"].to_numpy()
    parents = np.where(parents >= 0, place[parents], -1) if len(parents) else parents
    rows = _replaced(rows, "parent", pa.array(parents.astype(np.int64)))
    told = _told(rows, task, task.first_row + np.arange(len(rows)))
    return Square(
        near=_sorted(_joined(near), place),
        wide=_in_space(_renumbered(_joined(wide), n_rows)),
        table=joined_tables([told, *wide_tables]),
        rows=rows,
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is asked for, see `read_square`."""

    node: Node
    first_row: int
    kinds: tuple[str, ...]
    columns: dict[str, str]


def _wide_of(
    base: Path, facts: ChunkFacts, task: _Wanted, first_row: int
) -> tuple[Triangles, Table | None]:
    """Triangles of a chunk's wide features here, and those features' rows."""
    triangles = read_wide_triangles(base, facts, task.node.first, task.node.end) \
        if facts.n_wide_triangles else None  # fmt: skip
    if triangles is None or not len(triangles.features):
        return _joined([]), None
    used, local = np.unique(triangles.features, return_inverse=True)
    table = _unified([read_wide(base, facts).take(pa.array(used))], task.columns)
    told = _told(table, task, first_row + used.astype(np.int64))
    return (
        Triangles(
            corners_local_m=triangles.corners_local_m,
            features=local.astype(np.int32),
            surfaces=triangles.surfaces,
            keys=triangles.keys,
        ),
        told,
    )


def _told(rows: pa.Table, task: _Wanted, numbers: Int64Array) -> Table:
    codes = {kind: code for code, kind in enumerate(task.kinds)}
    kinds = rows["kind"].combine_chunks().dictionary_encode() if len(rows) else None
    if kinds is None:
        own = np.zeros(0, np.uint8)
    else:
        lut = np.array([codes[name] for name in kinds.dictionary.to_pylist()], np.uint8)
        own = lut[kinds.indices.to_numpy()]
    z = [np.nan_to_num(rows[name].to_numpy()) for name in ("zmin", "zmax")]
    return Table(
        ids=text_column(rows, "id"),
        names=text_column(rows, ATTRIBUTE + "name"),
        kinds=own,
        rows=np.asarray(numbers, np.int64),
        z_m=np.stack(z, axis=1).astype(np.float32),
    )


def _joined(parts: list[Triangles]) -> Triangles:
    return Triangles(
        corners_local_m=np.concatenate(
            [np.zeros((0, 3, 3), np.float32), *(p.corners_local_m for p in parts)]
        ),
        features=np.concatenate([np.zeros(0, np.int32), *(p.features for p in parts)]),
        surfaces=np.concatenate([np.zeros(0, np.uint8), *(p.surfaces for p in parts)]),
        keys=np.concatenate([np.zeros(0, np.int64), *(p.keys for p in parts)]),
    )


def _renumbered(triangles: Triangles, add: int) -> Triangles:
    return Triangles(
        corners_local_m=triangles.corners_local_m,
        features=triangles.features + np.int32(add),
        surfaces=triangles.surfaces,
        keys=triangles.keys,
    )


def _taken(triangles: Triangles, order: Int64Array, features: Int32Array) -> Triangles:
    return Triangles(
        corners_local_m=triangles.corners_local_m[order],
        features=features[order],
        surfaces=triangles.surfaces[order],
        keys=triangles.keys[order],
    )


def _sorted(triangles: Triangles, place: Int64Array) -> Triangles:
    """By the new place of their feature."""
    features = place[triangles.features].astype(np.int32) if len(place) else triangles.features
    if not len(features) or (np.diff(features) >= 0).all():
        return Triangles(
            corners_local_m=triangles.corners_local_m,
            features=features,
            surfaces=triangles.surfaces,
            keys=triangles.keys,
        )
    return _taken(triangles, np.argsort(features, kind="stable"), features)


def _in_space(triangles: Triangles) -> Triangles:
    return _taken(triangles, np.argsort(triangles.keys, kind="stable"), triangles.features)


def _shifted(part: pa.Table, add: int) -> pa.Table:
    parents = part["parent"].to_numpy()
    return _replaced(part, "parent", pa.array(np.where(parents >= 0, parents + add, -1)))


def _replaced(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)


def _unified(tables: list[pa.Table], columns: dict[str, str]) -> pa.Table:
    """Tables of chunks with the same columns in the same order, numbers as text where needed."""
    fixed = [("key", pa.int64()), ("id", pa.string()), ("kind", pa.string()),
             ("parent", pa.int64()), *((name, pa.float32()) for name in BOUNDS)]  # fmt: skip
    types = dict(fixed) | {
        ATTRIBUTE + name: pa.string() if kind == "text" else pa.float64()
        for name, kind in columns.items()
    }
    schema = pa.schema(list(types.items()))
    parts = []
    for table in tables:
        arrays = [
            table[name].cast(kind) if name in table.column_names else pa.nulls(len(table), kind)
            for name, kind in types.items()
        ]
        parts.append(pa.table(arrays, schema=schema))
    return pa.concat_tables(parts).combine_chunks() if parts else schema.empty_table()


def parquet_names(columns: dict[str, str]) -> dict[str, str]:
    """Column of ``features.parquet`` by attribute; names that are taken get an underscore."""
    taken = {"id", "kind", "parent", *BOUNDS}
    out: dict[str, str] = {}
    for name in columns:
        own = name or "_"
        while own in taken:
            own += "_"
        taken.add(own)
        out[name] = own
    return out


def final_rows(rows: pa.Table, first_row: int, columns: dict[str, str]) -> pa.Table:
    """Rows as they stand in ``features.parquet``; ``parent`` becomes a row of the whole table."""
    parents = rows["parent"].to_numpy()
    named = {"id": rows["id"], "kind": rows["kind"]}
    named["parent"] = pa.array(np.where(parents >= 0, parents + first_row, -1).astype(np.int64))
    named |= {name: rows[name] for name in BOUNDS}
    named |= {own: rows[ATTRIBUTE + name] for name, own in parquet_names(columns).items()}
    return pa.table(named)


def wide_rows(chunks: Sequence[Path], columns: dict[str, str]) -> pa.Table:
    """Rows of all wide features, which come first in ``features.parquet``."""
    tables = []
    for base in chunks:
        facts = read_facts(base)
        if facts is not None and facts.n_wide:
            tables.append(read_wide(base, facts))
    return final_rows(_unified(tables, columns), 0, columns)
