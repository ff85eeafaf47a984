"""The coarser picture of a square: joined boxes on a raster of ground, within bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int32Array, UInt8Array
from twin.city.asset import Surface
from twin.importing.boxes import Boxes, boxes_soup, cell_keys, joined_boxes, merged_boxes
from twin.importing.glb import TileRows
from twin.importing.ground import (
    NOTHING,
    Frame,
    GroundRaster,
    frame_around,
    overlapping,
    painted,
    rectangles_soup,
)
from twin.importing.lit import Lit, joined, lit_of
from twin.importing.morton import Node
from twin.importing.tile_table import Table, TileWriter
from twin.importing.tree import TileNode

#: Bounds of what a coarser tile draws: boxes (ten triangles each) just above full detail and
#: further up, and triangles of true ground.
MOST_BOXES, MOST_GROUND = (800, 1_200), 4_000
#: Tiles with fewer triangles together get no coarser picture of their own.
WORTHWHILE_TRIANGLES = 24_000
#: Pixels along the side of a tile of merged ground.
GROUND_PIXELS = 128
#: Cells along the side of a coarse tile in which buildings are joined, finest first.
_CELLS = (256, 192, 128, 96, 80, 64, 52, 44, 36, 30, 24, 16)
#: A coarser tile states at least this many times the error of the finer ones.
_STEP = 1.7
_LEAST_ERROR_M = 0.5
#: Share of the ground under buildings from which a place is drawn as built-up from afar.
_BUILT_UP = 0.16
#: Smaller pixels show the streets between houses.
_BUILT_UP_PIXEL_M = 64.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Coarse:
    """What a node hands to the node above it."""

    tile: TileNode
    boxes: Boxes | None
    raster: GroundRaster | None
    ground: Lit | None = None


def combined(
    node: Node, below: list[Coarse], table: Table, writer: TileWriter, *, is_root: bool
) -> list[Coarse]:
    """The coarser picture of some squares, written as the tile of the square around them.

    A square is left out of the tree, and what is below it handed on, where there is one part
    only or so little to draw that a coarser picture would hardly be simpler. A root is never.
    """
    n_triangles = sum(one.tile.n_triangles for one in below)
    if len(below) <= 1 or (n_triangles <= WORTHWHILE_TRIANGLES and not is_root):
        return below
    children = [one.tile for one in below]
    bounds = _around([np.array(child.bounds) for child in children], None)
    most = MOST_BOXES[any(child.level for child in children)]
    boxes = _simplified(bounds, most, [one.boxes for one in below if one.boxes is not None])
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
        n_triangles=lit.n_triangles,
        children=children,
    )
    return [Coarse(tile=tile, boxes=boxes, raster=raster)]


def _around(boxes: list[Float64Array], own: Float64Array | None) -> Float64Array:
    parts = np.array([*boxes, *([] if own is None else [own])])
    return np.concatenate([parts[:, :3].min(axis=0), parts[:, 3:].max(axis=0)])


def _simplified(bounds: Float64Array, most: int, parts: list[Boxes]) -> Boxes | None:
    """Boxes of the square, joined in the finest cells that make few enough of them."""
    if not parts:
        return None
    boxes = joined_boxes(parts)
    if len(boxes) <= most:
        return boxes
    width = float(max(bounds[3] - bounds[0], bounds[4] - bounds[1]))
    sizes = [width / cells for cells in _CELLS]
    enough = (s for s in sizes if len(np.unique(cell_keys(boxes, s))) <= most)
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
        parts.append(lit_of(soup, np.full(len(boxes), -1, np.int32), dark_feet=False))
        owners, merged = boxes.features, boxes.merged
    with_raster = ground is None and raster is not None
    if ground is not None:
        used, local = np.unique(ground.features, return_inverse=True)
        parts.append(_renumbered(ground, local.astype(np.int32) + len(owners)))
        owners = np.concatenate([owners, used])
        merged = np.concatenate([merged, np.ones(len(used), np.int64)])
    elif raster is not None:
        shown = raster
        if boxes is not None and raster.frame.pixel_m >= _BUILT_UP_PIXEL_M:
            shown = built_up(raster, boxes)
        soup = rectangles_soup(shown, max(0.5, error_m / 4))
        lit = lit_of(soup, np.array([-1], np.int32))
        parts.append(
            Lit(
                corners_local_m=overlapping(lit.corners_local_m, raster.frame.pixel_m),
                features=np.full(lit.n_triangles, len(owners), np.int32),
                code_light=lit.code_light,
            )
        )
    rows = writer.rows_of(table.taken(owners), merged, with_ground=with_raster)
    return joined(parts), rows


def built_up(raster: GroundRaster, boxes: Boxes) -> GroundRaster:
    """The raster with the shade of roofs where houses stand close.

    Boxes that stand for many houses leave gaps that the houses fill; from afar a town would look
    like its lawns without this.
    """
    frame = raster.frame
    columns = np.floor(boxes.centres[:, 0] / frame.pixel_m).astype(np.int64) - frame.column
    rows = np.floor(boxes.centres[:, 1] / frame.pixel_m).astype(np.int64) - frame.row
    inside = (rows >= 0) & (rows < frame.n_rows) & (columns >= 0) & (columns < frame.n_columns)
    ground = np.zeros(raster.codes.shape)
    np.add.at(ground, (rows[inside], columns[inside]), boxes.area_m2[inside])
    around = np.pad(ground, 1)
    near = sum(around[1 + y : 1 + y + frame.n_rows, 1 + x : 1 + x + frame.n_columns]
               for y in (-1, 0, 1) for x in (-1, 0, 1))  # fmt: skip
    dense = near >= _BUILT_UP * 9 * frame.pixel_m**2
    dense &= ~np.isin(raster.codes, [NOTHING, Surface.WATER, Surface.RAIL])
    codes = np.where(dense, np.uint8(Surface.ROOF), raster.codes)
    return GroundRaster(frame=frame, codes=codes, z_m=raster.z_m)


def _renumbered(lit: Lit, features: Int32Array) -> Lit:
    return Lit(corners_local_m=lit.corners_local_m, features=features, code_light=lit.code_light)
