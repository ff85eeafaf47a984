"""Flat ground as a raster, and the raster as few rectangles: what is drawn from afar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float32Array, Float64Array, Int64Array, UInt8Array
from twin.city.asset import Surface, TriangleSoup
from twin.importing.threes import greatest, least

NOTHING = 255
#: Later ones cover earlier ones where they lie on each other.
_ORDER = (
    Surface.TERRAIN, Surface.GREEN, Surface.PAVED, Surface.ROAD, Surface.RAIL, Surface.WATER,
)  # fmt: skip
FLAT_SURFACES = np.array(_ORDER, np.uint8)
_LEAST_UP = 0.5
_PIXELS_AT_ONCE = 2_000_000
#: Rectangles reach this share of a pixel over their edges: where the corner of one meets the side
#: of another, pixels of the screen would stay empty.
_OVERLAP = 0.015


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A window of the endless grid of pixels whose corner 0, 0 is the local origin.

    Attributes
    ----------
    pixel_m : side of a pixel, a power of two
    column, row : of its south-west pixel
    n_columns, n_rows : size
    """

    pixel_m: float
    column: int
    row: int
    n_columns: int
    n_rows: int

    @property
    def corner_m(self) -> tuple[float, float]:
        """South-west corner, local frame."""
        return self.column * self.pixel_m, self.row * self.pixel_m

    def coarser(self) -> Frame:
        """The window of twice as large pixels that covers this one."""
        column, row = self.column // 2, self.row // 2
        return Frame(
            pixel_m=2 * self.pixel_m,
            column=column,
            row=row,
            n_columns=-(-(self.column + self.n_columns) // 2) - column,
            n_rows=-(-(self.row + self.n_rows) // 2) - row,
        )


def frame_around(bounds: Sequence[float], n_pixels: int) -> Frame:
    """The finest window over a box (xmin ymin zmin xmax ymax zmax) of about `n_pixels` a side."""
    width = max(bounds[3] - bounds[0], bounds[4] - bounds[1], 1.0)
    pixel_m = 2.0 ** math.ceil(math.log2(width / n_pixels))
    column, row = math.floor(bounds[0] / pixel_m), math.floor(bounds[1] / pixel_m)
    return Frame(
        pixel_m=pixel_m,
        column=column,
        row=row,
        n_columns=math.ceil(bounds[3] / pixel_m) - column or 1,
        n_rows=math.ceil(bounds[4] / pixel_m) - row or 1,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundRaster:
    """What lies at the middle of each pixel.

    Attributes
    ----------
    codes : (R, C) uint8 `Surface` or `NOTHING`; row 0 in the south
    z_m : (R, C) float32, NaN where there is nothing
    """

    frame: Frame
    codes: UInt8Array
    z_m: Float32Array

    def halved(self) -> GroundRaster:
        """Twice as coarse: what most of each four pixels hold; water counts more."""
        frame, coarse = self.frame, self.frame.coarser()
        low = (frame.row - 2 * coarse.row, frame.column - 2 * coarse.column)
        margins = [
            (low[0], 2 * coarse.n_rows - frame.n_rows - low[0]),
            (low[1], 2 * coarse.n_columns - frame.n_columns - low[1]),
        ]
        codes = _fours(np.pad(self.codes, margins, constant_values=NOTHING))
        z = _fours(np.pad(self.z_m, margins, constant_values=np.nan))
        there = codes != NOTHING
        votes = ((codes[..., :, None] == codes[..., None, :]) & there[..., :, None]).sum(axis=3)
        votes = votes + 2 * (codes == Surface.WATER) - 1  # rivers stay whole longer than roads
        best = np.where(there, votes, -1).argmax(axis=2)[..., None]
        code = np.take_along_axis(codes, best, axis=2)
        same = there & (codes == code)
        mean = np.where(same, z, 0.0).sum(axis=2) / np.maximum(same.sum(axis=2), 1)
        found = same.any(axis=2)
        return GroundRaster(
            frame=coarse,
            codes=np.where(found, code[..., 0], NOTHING).astype(np.uint8),
            z_m=np.where(found, mean, np.nan).astype(np.float32),
        )

    def filled(self) -> GroundRaster:
        """Close holes of a pixel or two, such as those under buildings."""
        codes, z = self.codes, self.z_m
        for _ in range(2):
            codes, z = _closed(codes, z)
        return GroundRaster(frame=self.frame, codes=codes, z_m=z)


def _fours(values: NDArray[Any]) -> NDArray[Any]:
    """(R / 2, C / 2, 4) of (R, C)."""
    rows, columns = values.shape[0] // 2, values.shape[1] // 2
    part = values.reshape(rows, 2, columns, 2)
    return part.transpose(0, 2, 1, 3).reshape(rows, columns, 4)


def _closed(codes: UInt8Array, z: Float32Array) -> tuple[UInt8Array, Float32Array]:
    """Give empty pixels with three or four neighbours the code and height of one of them."""
    padded = np.pad(codes, 1, constant_values=NOTHING)
    heights = np.pad(z, 1, constant_values=np.nan)
    sides = [np.s_[:-2, 1:-1], np.s_[2:, 1:-1], np.s_[1:-1, :-2], np.s_[1:-1, 2:]]
    around = np.stack([padded[side] for side in sides])
    around_z = np.stack([heights[side] for side in sides])
    there = around != NOTHING
    empty = (codes == NOTHING) & (there.sum(axis=0) >= 3)
    pick = there.argmax(axis=0)[None]
    return (
        np.where(empty, np.take_along_axis(around, pick, 0)[0], codes),
        np.where(empty, np.take_along_axis(around_z, pick, 0)[0], z),
    )


def flat_rows(soup_surfaces: UInt8Array, corners_local_m: Float32Array) -> Int64Array:
    """Triangles that are ground seen from above."""
    rows: Int64Array = np.flatnonzero(np.isin(soup_surfaces, FLAT_SURFACES))
    a, b, c = (corners_local_m[rows, k].astype(np.float64) for k in range(3))
    u, v = b - a, c - a
    normal = [u[:, k - 2] * v[:, k - 1] - u[:, k - 1] * v[:, k - 2] for k in range(3)]
    length = np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
    up: Int64Array = rows[normal[2] > _LEAST_UP * length]
    return up


def painted(corners_local_m: Float32Array, surfaces: UInt8Array, frame: Frame) -> GroundRaster:
    """Paint triangles (T, 3, 3) of flat surfaces (T,) on a window; of one surface the highest."""
    shape = (frame.n_rows, frame.n_columns)
    codes = np.full(shape, NOTHING, np.uint8)
    z = np.full(shape, np.nan, np.float32)
    corners = corners_local_m.astype(np.float64)
    corners[:, :, 0] = (corners[:, :, 0] - frame.corner_m[0]) / frame.pixel_m
    corners[:, :, 1] = (corners[:, :, 1] - frame.corner_m[1]) / frame.pixel_m
    for surface in _ORDER:
        chosen = corners[surfaces == surface]
        for part in _parts(chosen, frame):
            rows, columns, heights = _covered(part, frame)
            rising = np.argsort(heights, kind="stable")  # the last of a pixel stays
            rows, columns, heights = rows[rising], columns[rising], heights[rising]
            lower = (codes[rows, columns] == surface) & (z[rows, columns] > heights)
            rows, columns, heights = rows[~lower], columns[~lower], heights[~lower]
            codes[rows, columns] = surface
            z[rows, columns] = heights
    return GroundRaster(frame=frame, codes=codes, z_m=z)


def _box(corners: Float64Array, frame: Frame) -> tuple[Int64Array, Int64Array]:
    """First pixel and number of pixels whose middles may be covered, (T, 2) each."""
    lows = np.stack([least(corners[:, :, axis]) for axis in (0, 1)], axis=1)
    highs = np.stack([greatest(corners[:, :, axis]) for axis in (0, 1)], axis=1)
    size = np.array([frame.n_columns, frame.n_rows])
    low = np.clip(np.ceil(lows - 0.5), 0, size).astype(np.int64)
    high = np.clip(np.floor(highs - 0.5), -1, size - 1)
    return low, np.maximum(high.astype(np.int64) - low + 1, 0)


def _parts(corners: Float64Array, frame: Frame) -> list[Float64Array]:
    """Pieces of the list that touch no more than `_PIXELS_AT_ONCE` pixels."""
    n = np.cumsum(_box(corners, frame)[1].prod(axis=1)) if len(corners) else np.zeros(0)
    if not len(n):
        return []
    cuts = np.searchsorted(n, np.arange(_PIXELS_AT_ONCE, n[-1], _PIXELS_AT_ONCE))
    return np.split(corners, np.unique(cuts))


def _covered(corners: Float64Array, frame: Frame) -> tuple[Int64Array, Int64Array, Float64Array]:
    """Row, column and height of every pixel whose middle lies in a triangle."""
    low, n = _box(corners, frame)
    some = n[:, 0] * n[:, 1] > 0
    corners, low, n = corners[some], low[some], n[some]
    counts = n[:, 0] * n[:, 1]
    which = np.repeat(np.arange(len(corners)), counts)
    place = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    down = place // n[which, 0]
    row, column = low[which, 1] + down, low[which, 0] + place - down * n[which, 0]
    a, u, v = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1.0 / (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
    # s, t and the height are planes over the pixels: value = a + b * column + c * row.
    s_x, s_y = v[:, 1] * scale, -v[:, 0] * scale
    t_x, t_y = -u[:, 1] * scale, u[:, 0] * scale
    x, y = column + 0.5 - a[which, 0], row + 0.5 - a[which, 1]
    with np.errstate(invalid="ignore"):
        s, t = s_x[which] * x + s_y[which] * y, t_x[which] * x + t_y[which] * y
        inside = np.flatnonzero((s >= -1e-9) & (t >= -1e-9) & (s + t <= 1 + 1e-9))
    of, s, t = which[inside], s[inside], t[inside]
    return row[inside], column[inside], a[of, 2] + s * u[of, 2] + t * v[of, 2]


def rectangles_soup(raster: GroundRaster, z_step_m: float) -> TriangleSoup:
    """Rectangles of equal pixels, two triangles each; all of feature 0.

    Parameters
    ----------
    z_step_m : pixels whose heights differ by more do not share a rectangle
    """
    rectangles = np.array(_rectangles(raster, z_step_m), np.int64).reshape(-1, 4)
    x0, x1, y0, y1 = rectangles.T
    codes = raster.codes[y0, x0]
    corner_z = _corner_heights(raster)
    columns, rows = np.stack([x0, x1, x1, x0], axis=1), np.stack([y0, y0, y1, y1], axis=1)
    quads = np.empty((len(rectangles), 4, 3), np.float32)
    quads[:, :, 0] = (raster.frame.column + columns) * raster.frame.pixel_m
    quads[:, :, 1] = (raster.frame.row + rows) * raster.frame.pixel_m
    water = codes == Surface.WATER
    quads[:, :, 2] = np.where(water[:, None], raster.z_m[y0, x0][:, None], corner_z[rows, columns])
    corners = quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3, 3)
    return TriangleSoup(
        corners_local_m=corners,
        features=np.zeros(len(corners), np.int32),
        surfaces=np.repeat(codes, 2),
    )


def overlapping(corners_local_m: Float32Array, pixel_m: float) -> Float32Array:
    """Corners of `rectangles_soup`, moved outwards by a little."""
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, -1], [1, 1], [-1, 1]], np.float32)
    out = corners_local_m.reshape(-1, 6, 3).copy()
    out[:, :, :2] += np.float32(_OVERLAP * pixel_m) * signs
    return out.reshape(-1, 3, 3)


def _corner_heights(raster: GroundRaster) -> Float32Array:
    """(R + 1, C + 1) mean height of the dry pixels round each corner."""
    dry = np.where(raster.codes == Surface.WATER, np.nan, raster.z_m)
    padded = np.pad(dry, 1, constant_values=np.nan)
    around = np.stack([padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]])
    n = np.isfinite(around).sum(axis=0)
    mean: Float32Array = (np.nansum(around, axis=0) / np.maximum(n, 1)).astype(np.float32)
    return mean


def _rectangles(raster: GroundRaster, z_step_m: float) -> list[tuple[int, int, int, int]]:
    """(x0, x1, y0, y1) in pixels: runs of each row, joined with equal runs of the row below."""
    steps = np.floor(np.nan_to_num(raster.z_m) / z_step_m).astype(np.int64)
    keys = np.where(raster.codes == NOTHING, -1, steps * 256 + raster.codes + (1 << 40))
    open_runs: dict[tuple[int, int, int], int] = {}
    done: list[tuple[int, int, int, int]] = []
    for y in range(len(keys) + 1):
        runs: dict[tuple[int, int, int], int] = {}
        for x0, x1, key in _runs(keys[y]) if y < len(keys) else ():
            runs[x0, x1, key] = open_runs.pop((x0, x1, key), y)
        done += [(x0, x1, y0, y) for (x0, x1, _), y0 in open_runs.items()]
        open_runs = runs
    return done


def _runs(row: Int64Array) -> list[tuple[int, int, int]]:
    starts = np.flatnonzero(np.diff(row, prepend=row[0] - 1))
    ends = np.append(starts[1:], len(row))
    keys = row[starts]
    return [
        (x0, x1, key)
        for x0, x1, key in zip(starts.tolist(), ends.tolist(), keys.tolist(), strict=True)
        if key >= 0
    ]
