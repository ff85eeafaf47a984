"""One branch of the tileset: the squares below a node, their tiles and coarser pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twin.arrays import (
    BoolArray,
    Float32Array,
    Float64Array,
    Int32Array,
    Int64Array,
    UInt8Array,
)
from twin.city.asset import Surface, TriangleSoup
from twin.importing.boxes import Boxes, boxes_soup, cell_keys, fitted, joined_boxes, merged_boxes
from twin.importing.glb import TileRows, glb_bytes
from twin.importing.ground import (
    FLAT_SURFACES,
    NOTHING,
    Frame,
    GroundRaster,
    flat_rows,
    frame_around,
    painted,
    rectangles_soup,
)
from twin.importing.lit import Lit, joined, lit_of
from twin.importing.morton import DEPTH, Node
from twin.importing.threes import greatest, least
from twin.importing.tree import TileNode
from twin.importing.welding import weld

#: A square with more is quartered.
LEAF_FEATURES, LEAF_TRIANGLES = 2_000, 30_000
#: Bounds of what a coarser tile draws: boxes (ten triangles each) and triangles of ground.
MOST_BOXES, MOST_GROUND = 900, 4_000
#: Pixels along the side of a tile of merged ground.
GROUND_PIXELS = 64
#: Cells along the side of a coarse tile in which buildings are joined, finest first.
_CELLS = (256, 192, 128, 96, 80, 64, 52, 44, 36, 30, 24, 16)
#: A coarser tile states at least this many times the error of the finer ones.
_STEP = 1.7
_LEAST_ERROR_M = 0.5
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
    kinds: np.ndarray  # type: ignore[type-arg]
    rows: Int64Array
    z_m: np.ndarray  # type: ignore[type-arg]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Coarse:
    """What a node hands to the node above it."""

    tile: TileNode
    boxes: Boxes | None
    raster: GroundRaster | None
    ground: Lit | None = None


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


@dataclass(slots=True, kw_only=True)
class Branch:
    """All of a square in memory, from which its tiles are made.

    Attributes
    ----------
    lit : triangles of the n near features, sorted; ``features`` are rows of ``table``
    keys : (n,) Morton numbers, rising
    wide, wide_keys : triangles of wide features, by Morton number
    table : the n near features, then the wide ones
    """

    lit: Lit
    keys: Int64Array
    wide: Lit
    wide_keys: Int64Array
    table: Table
    writer: TileWriter
    tick: Callable[[], None] = field(default=lambda: None)
    firsts: Int64Array = field(init=False)
    built: BoolArray = field(init=False)
    flat: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.keys)
        self.firsts = np.searchsorted(self.lit.features, np.arange(n + 1))
        surfaces = self.lit.surfaces()
        plain = np.isin(surfaces, FLAT_SURFACES)
        hard = (~plain) & (surfaces != Surface.MARKING)
        self.built = np.bincount(self.lit.features[hard], minlength=n) > 0
        self.flat = ~self.built & _is_low(self.lit, self.firsts, n)

    def build(self, node: Node) -> Coarse | None:
        """Write all tiles of a square; None where nothing is."""
        low, high = np.searchsorted(self.keys, [node.first, node.end]).tolist()
        wide_low, wide_high = np.searchsorted(self.wide_keys, [node.first, node.end]).tolist()
        n = int(self.firsts[high] - self.firsts[low]) + wide_high - wide_low
        if n == 0:
            return None
        if node.depth == DEPTH or (high - low <= LEAF_FEATURES and n <= LEAF_TRIANGLES):
            return self._leaf(node, slice(low, high), slice(wide_low, wide_high))
        below = [self.build(child) for child in node.children()]
        return combined(node, [one for one in below if one is not None], self.table, self.writer)

    def _leaf(self, node: Node, near: slice, far: slice) -> Coarse:
        self.tick()
        lit = joined(
            [self.lit.taken(slice(self.firsts[near.start], self.firsts[near.stop])),
             self.wide.taken(far)]
        )  # fmt: skip
        used, local = np.unique(lit.features, return_inverse=True)
        table = self.table.taken(used)
        own = Lit(
            corners_local_m=lit.corners_local_m,
            features=local.astype(np.int32),
            code_light=lit.code_light,
        )
        rows = self.writer.rows_of(table, np.ones(len(used), np.int64), with_ground=False)
        file = self.writer.write(node.name, own, rows, 0)
        tile = TileNode(bounds=lit.bounds_local_m().tolist(), error_m=0.0, uri=file, node=node.name)
        return Coarse(
            tile=tile, boxes=self._boxes(near), raster=None, ground=self._ground(near, far)
        )

    def _boxes(self, near: slice) -> Boxes | None:
        part = slice(self.firsts[near.start], self.firsts[near.stop])
        rows = np.flatnonzero(self.built[self.lit.features[part]]) + part.start
        if not len(rows):
            return None
        return fitted(
            TriangleSoup(
                corners_local_m=self.lit.corners_local_m[rows],
                features=self.lit.features[rows],
                surfaces=self.lit.code_light[rows, 0].astype(np.uint8),
            )
        )

    def _ground(self, near: slice, far: slice) -> Lit:
        part = self.lit.taken(slice(self.firsts[near.start], self.firsts[near.stop]))
        part = joined([part.taken(self.flat[part.features]), self.wide.taken(far)])
        return part.taken(flat_rows(part.surfaces(), part.corners_local_m))


def _is_low(lit: Lit, firsts: Int64Array, n: int) -> BoolArray:
    """(n,) whether a feature is wider than high, so that it can be drawn as ground."""
    low = np.zeros(n, bool)
    used = np.flatnonzero(np.diff(firsts) > 0)
    if not len(used):
        return low
    starts = firsts[used]
    spans = [
        np.maximum.reduceat(greatest(lit.corners_local_m[:, :, axis]), starts)
        - np.minimum.reduceat(least(lit.corners_local_m[:, :, axis]), starts)
        for axis in range(3)
    ]
    low[used] = spans[2] <= 0.5 * np.maximum(spans[0], spans[1])
    return low


def combined(
    node: Node,
    below: list[Coarse],
    table: Table,
    writer: TileWriter,
) -> Coarse | None:
    """The coarser picture of some squares, written as the tile of the square around them.

    A square with one part inside it is left out of the tree.
    """
    if len(below) <= 1:
        return below[0] if below else None
    children = [one.tile for one in below]
    bounds = _around([np.array(child.bounds) for child in children], None)
    boxes = _simplified(bounds, [one.boxes for one in below if one.boxes is not None])
    raster, ground = _ground_of(bounds, below)
    finer = max(child.error_m for child in children)
    error = max(
        _LEAST_ERROR_M,
        _STEP * finer,
        0.0 if boxes is None else boxes.error_m(),
        0.0 if raster is None or ground is not None else raster.frame.pixel_m / 4,
    )
    level = 1 + max(child.level for child in children)
    lit, rows = _content(boxes, ground, raster, error, table, writer)
    uri, own = "", None
    if lit.n_triangles:
        uri = writer.write(node.name, lit, rows, level)
        own = lit.bounds_local_m()
    bounds = _around([bounds], own)
    tile = TileNode(
        bounds=bounds.tolist(),
        error_m=round(error, 2),
        uri=uri,
        node=node.name,
        level=level,
        children=children,
    )
    return Coarse(tile=tile, boxes=boxes, raster=raster, ground=None)


def _around(boxes: list[Float64Array], own: Float64Array | None) -> Float64Array:
    parts = np.array([*boxes, *([] if own is None else [own])])
    return np.concatenate([parts[:, :3].min(axis=0), parts[:, 3:].max(axis=0)])


def _simplified(bounds: Float64Array, parts: list[Boxes]) -> Boxes | None:
    """Boxes of the square, joined in the finest cells that make few enough of them."""
    if not parts:
        return None
    boxes = joined_boxes(parts)
    if len(boxes) <= MOST_BOXES:
        return boxes
    width = float(max(bounds[3] - bounds[0], bounds[4] - bounds[1]))
    sizes = [width / cells for cells in _CELLS]
    enough = (s for s in sizes if len(np.unique(cell_keys(boxes, s))) <= MOST_BOXES)
    return merged_boxes(boxes, next(enough, sizes[-1]))


def _ground_of(bounds: Float64Array, below: list[Coarse]) -> tuple[GroundRaster | None, Lit | None]:
    """Raster of the square, and the true triangles while they are few."""
    grounds = [one.ground for one in below if one.ground is not None and one.ground.n_triangles]
    rasters = [one.raster for one in below if one.raster is not None]
    frame = frame_around(bounds.tolist(), GROUND_PIXELS)
    raster = _mosaic(frame, rasters)
    if grounds:
        lit = joined(grounds)
        fresh = painted(lit.corners_local_m, lit.surfaces(), frame).filled()
        raster = fresh if raster is None else _laid(raster, fresh)
        if not rasters and lit.n_triangles <= MOST_GROUND:
            return raster, lit
    return raster, None


def _mosaic(frame: Frame, rasters: list[GroundRaster]) -> GroundRaster | None:
    """Rasters inside a window, each made coarser until it fits."""
    if not rasters:
        return None
    codes = np.full((frame.n_rows, frame.n_columns), NOTHING, np.uint8)
    z = np.full(codes.shape, np.nan, np.float32)
    for one in rasters:
        fitting = one
        while fitting.frame.pixel_m < frame.pixel_m:
            fitting = fitting.halved()
        _stamp(frame, codes, z, fitting)
    return GroundRaster(frame=frame, codes=codes, z_m=z)


def _stamp(frame: Frame, codes: UInt8Array, z: Float32Array, one: GroundRaster) -> None:
    """Lay a raster with the window's pixels on it, where it holds something."""
    row, column = one.frame.row - frame.row, one.frame.column - frame.column
    first = max(0, -row), max(0, -column)
    end = (
        min(one.frame.n_rows, frame.n_rows - row),
        min(one.frame.n_columns, frame.n_columns - column),
    )
    own = np.s_[first[0] : end[0], first[1] : end[1]]
    target = np.s_[row + first[0] : row + end[0], column + first[1] : column + end[1]]
    there = one.codes[own] != NOTHING
    codes[target][there] = one.codes[own][there]
    z[target][there] = one.z_m[own][there]


def _laid(under: GroundRaster, over: GroundRaster) -> GroundRaster:
    there = over.codes != NOTHING
    return GroundRaster(
        frame=under.frame,
        codes=np.where(there, over.codes, under.codes).astype(np.uint8),
        z_m=np.where(there, over.z_m, under.z_m).astype(np.float32),
    )


def _content(
    boxes: Boxes | None,
    ground: Lit | None,
    raster: GroundRaster | None,
    error_m: float,
    table: Table,
    writer: TileWriter,
) -> tuple[Lit, TileRows]:
    """Triangles of a coarse tile and its property table: boxes, then ground."""
    parts: list[Lit] = []
    owners = np.zeros(0, np.int64)
    merged = np.zeros(0, np.int64)
    if boxes is not None:
        soup = boxes_soup(boxes)
        parts.append(lit_of(soup, np.full(len(boxes), -1, np.int32)))
        owners, merged = boxes.features, boxes.merged
    with_raster = ground is None and raster is not None
    if ground is not None:
        used, local = np.unique(ground.features, return_inverse=True)
        parts.append(_renumbered(ground, local.astype(np.int32) + len(owners)))
        owners = np.concatenate([owners, used])
        merged = np.concatenate([merged, np.ones(len(used), np.int64)])
    elif raster is not None:
        soup = rectangles_soup(raster, max(0.5, error_m / 4))
        lit = lit_of(soup, np.array([-1], np.int32))
        parts.append(_renumbered(lit, np.full(lit.n_triangles, len(owners), np.int32)))
    rows = writer.rows_of(table.taken(owners), merged, with_ground=with_raster)
    return joined(parts), rows


def _renumbered(lit: Lit, features: Int32Array) -> Lit:
    return Lit(corners_local_m=lit.corners_local_m, features=features, code_light=lit.code_light)


def text_column(table: pa.Table, name: str) -> pa.Array:
    """A text column without nulls, in one piece; empty texts where there is no such column."""
    if name not in table.column_names or not pa.types.is_string(table.schema.field(name).type):
        return pa.array([""] * len(table), pa.string())
    return pc.fill_null(table[name].combine_chunks(), "")
