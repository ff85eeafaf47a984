"""One branch of the tileset in a worker: from chunks on disk to tiles and table rows."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from twin.arrays import Int32Array
from twin.city.asset import TriangleSoup
from twin.importing.boxes import Boxes
from twin.importing.branch import (
    GROUND_PIXELS,
    Branch,
    Coarse,
    Table,
    TileWriter,
    joined_tables,
    text_column,
)
from twin.importing.ground import Frame, GroundRaster, frame_around, painted
from twin.importing.lit import Lit, lit_of
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
from twin.importing.tasks import check_stop
from twin.importing.tree import TileNode, write_tileset


class BranchTask(msgspec.Struct, frozen=True, kw_only=True):
    """Build the tiles of one square.

    Attributes
    ----------
    chunks : paths of all chunks, without ending
    out : folder of the branch's tiles
    base : path without ending for rows and summary
    depth, prefix : the square
    first_row : row of its first feature in ``features.parquet``
    kinds : all kinds of the import, at last the one of merged ground
    columns : attributes of the whole import, "number" or "text"
    """

    chunks: tuple[str, ...]
    out: str
    base: str
    stop: str
    depth: int
    prefix: int
    first_row: int
    kinds: tuple[str, ...]
    columns: dict[str, str]

    @property
    def node(self) -> Node:
        """The square."""
        return Node(self.depth, self.prefix)


class BranchFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a branch.

    Attributes
    ----------
    tile : its tree, contents relative to ``out``; None when nothing is drawn
    """

    tile: TileNode | None
    n_rows: int
    n_tiles: int
    n_bytes: int
    seconds: float = 0.0


def run_branch(task: BranchTask) -> BranchFacts:
    """Build a branch unless it was built before.

    Raises
    ------
    TwinError
        The person stopped it.
    """
    base = Path(task.base)
    done = base.with_suffix(".json")
    if done.is_file():
        return msgspec.json.decode(done.read_bytes(), type=BranchFacts)
    started = time.perf_counter()
    out = Path(task.out)
    out.mkdir(parents=True, exist_ok=True)
    near, far, table, rows = _loaded(task)
    _write_rows(base.with_suffix(".rows"), rows, task)
    writer = TileWriter(folder=out, kind_names=task.kinds)
    n = len(rows)
    parents = rows["parent"].to_numpy().astype(np.int32)
    branch = Branch(
        lit=_lit(near, parents),
        keys=rows["key"].to_numpy(),
        wide=_lit(far, np.full(len(table.rows), -1, np.int32)),
        wide_keys=far.keys,
        table=table,
        writer=writer,
        tick=lambda: check_stop(task.stop),
    )
    coarse = branch.build(task.node)
    if coarse is not None:
        write_tileset(out / "tileset.json", coarse.tile)
        write_summary(base, coarse, table)
    facts = BranchFacts(
        tile=None if coarse is None else coarse.tile,
        n_rows=n,
        n_tiles=writer.n_tiles,
        n_bytes=writer.n_bytes,
        seconds=time.perf_counter() - started,
    )
    part = base.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(facts))
    part.rename(done)
    return facts


def _lit(triangles: Triangles, parents: Int32Array) -> Lit:
    soup = TriangleSoup(
        corners_local_m=triangles.corners_local_m,
        features=triangles.features,
        surfaces=triangles.surfaces,
    )
    return lit_of(soup, parents)


def _loaded(task: BranchTask) -> tuple[Triangles, Triangles, Table, pa.Table]:
    """Near triangles, wide triangles, what tiles tell of both, and the near features' rows."""
    tables: list[pa.Table] = []
    near: list[Triangles] = []
    wide: list[Triangles] = []
    wide_tables: list[Table] = []
    n_rows, n_wide, first_wide_row = 0, 0, 0
    for chunk in task.chunks:
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
        first_wide_row += facts.n_wide
    rows = _unified(tables, task.columns)
    order = np.argsort(rows["key"].to_numpy(), kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    rows = rows.take(pa.array(order))
    parents = rows["parent"].to_numpy()
    parents = np.where(parents >= 0, place[parents], -1) if len(parents) else parents
    rows = _replaced(rows, "parent", pa.array(parents.astype(np.int64)))
    told = _told(rows, task, task.first_row + np.arange(len(rows)))
    return (
        _sorted(_joined(near), place),
        _in_space(_renumbered(_joined(wide), n_rows)),
        joined_tables([told, *wide_tables]),
        rows,
    )


def _wide_of(
    base: Path, facts: ChunkFacts, task: BranchTask, first_row: int
) -> tuple[Triangles, Table | None]:
    """Triangles of a chunk's wide features here, and those features' rows."""
    triangles = read_wide_triangles(base, facts, task.node.first, task.node.end) \
        if facts.n_wide_triangles else None  # fmt: skip
    if triangles is None or not len(triangles.features):
        return _joined([]), None
    used, local = np.unique(triangles.features, return_inverse=True)
    table = _unified([read_wide(base, facts).take(pa.array(used))], task.columns)
    told = _told(table, task, first_row + used)
    return (
        Triangles(
            corners_local_m=triangles.corners_local_m,
            features=local.astype(np.int32),
            surfaces=triangles.surfaces,
            keys=triangles.keys,
        ),
        told,
    )


def _told(rows: pa.Table, task: BranchTask, numbers: np.ndarray) -> Table:  # type: ignore[type-arg]
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


def _taken(triangles: Triangles, order: np.ndarray, features: Int32Array) -> Triangles:  # type: ignore[type-arg]
    return Triangles(
        corners_local_m=triangles.corners_local_m[order],
        features=features[order],
        surfaces=triangles.surfaces[order],
        keys=triangles.keys[order],
    )


def _sorted(triangles: Triangles, place: np.ndarray) -> Triangles:  # type: ignore[type-arg]
    """By the new place of their feature."""
    features = place[triangles.features].astype(np.int32) if len(place) else triangles.features
    if len(features) and (np.diff(features) >= 0).all():
        return _taken(triangles, np.arange(len(features)), features)
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


def wide_rows(chunks: list[Path], columns: dict[str, str]) -> pa.Table:
    """Rows of all wide features, which come first in ``features.parquet``."""
    tables = []
    for base in chunks:
        facts = read_facts(base)
        if facts is not None and facts.n_wide:
            tables.append(read_wide(base, facts))
    return final_rows(_unified(tables, columns), 0, columns)


def _write_rows(path: Path, rows: pa.Table, task: BranchTask) -> None:
    table = final_rows(rows, task.first_row, task.columns)
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_file(sink, table.schema, options=options) as writer,
    ):
        writer.write_table(table)


def write_summary(base: Path, coarse: Coarse, table: Table) -> None:
    """Keep what the levels above need: the boxes, the raster, and whom the boxes stand for."""
    arrays: dict[str, np.ndarray] = {}  # type: ignore[type-arg]
    if coarse.boxes is not None:
        arrays |= {name: getattr(coarse.boxes, name) for name in Boxes.__slots__}
        told = table.taken(coarse.boxes.features)
        names = pa.table({"id": told.ids, "name": told.names})
        with pa.OSFile(str(base.with_suffix(".told")), "wb") as sink:
            with pa.ipc.new_file(sink, names.schema) as writer:
                writer.write_table(names)
        arrays |= {"told_kinds": told.kinds, "told_rows": told.rows, "told_z": told.z_m}
    raster = coarse.raster
    if raster is None and coarse.ground is not None and coarse.ground.n_triangles:
        arrays |= {"ground_corners": coarse.ground.corners_local_m}
        arrays |= {"ground_surfaces": coarse.ground.surfaces()}
    if raster is not None:
        arrays |= {"codes": raster.codes, "raster_z": raster.z_m}
        arrays["frame"] = np.array([raster.frame.column, raster.frame.row])
        arrays["pixel_m"] = np.array([raster.frame.pixel_m])
    np.savez(base.with_suffix(".npz"), **arrays)


def read_summary(base: Path, tile: TileNode, first: int) -> tuple[Coarse, Table | None]:
    """What `write_summary` kept; boxes stand for rows of the table from `first` on."""
    with np.load(base.with_suffix(".npz")) as file:
        arrays = {name: file[name] for name in file.files}
    boxes, told = None, None
    if "centres" in arrays:
        with pa.memory_map(str(base.with_suffix(".told"))) as source:
            names = pa.ipc.open_file(source).read_all()
            ids, titles = names["id"].to_pylist(), names["name"].to_pylist()
        told = Table(
            ids=pa.array(ids, pa.string()),
            names=pa.array(titles, pa.string()),
            kinds=arrays["told_kinds"],
            rows=arrays["told_rows"],
            z_m=arrays["told_z"],
        )
        fields = {name: arrays[name] for name in Boxes.__slots__}
        fields["features"] = first + np.arange(len(told.rows))
        boxes = Boxes(**fields)
    raster = None
    if "codes" in arrays:
        column, row = arrays["frame"].tolist()
        n_rows, n_columns = arrays["codes"].shape
        frame = Frame(
            pixel_m=float(arrays["pixel_m"][0]),
            column=column,
            row=row,
            n_columns=n_columns,
            n_rows=n_rows,
        )
        raster = GroundRaster(frame=frame, codes=arrays["codes"], z_m=arrays["raster_z"])
    elif "ground_corners" in arrays:
        frame = frame_around(tile.bounds, GROUND_PIXELS)
        raster = painted(arrays["ground_corners"], arrays["ground_surfaces"], frame)
    return Coarse(tile=tile, boxes=boxes, raster=raster), told
