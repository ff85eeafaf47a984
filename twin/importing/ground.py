"""Flat ground as a raster, and the raster as few rectangles: what is drawn from afar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int64Array, UInt8Array
from twin.city.asset import Surface, TriangleSoup

NOTHING = 255
#: Later ones cover earlier ones where they lie on each other.
_ORDER = (
    Surface.TERRAIN, Surface.GREEN, Surface.PAVED, Surface.ROAD, Surface.RAIL, Surface.WATER,
)  # fmt: skip
FLAT_SURFACES = np.array(_ORDER, np.uint8)
_LEAST_UP = 0.5
_PIXELS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundRaster:
    """What lies at the middle of each pixel.

    Attributes
    ----------
    corner_m : south-west corner, local frame
    pixel_m : side of a pixel
    codes : (R, C) uint8 `Surface` or `NOTHING`; row 0 in the south
    z_m : (R, C) float32, NaN where there is nothing
    """

    corner_m: tuple[float, float]
    pixel_m: float
    codes: UInt8Array
    z_m: Float32Array

    def halved(self) -> GroundRaster:
        """Twice as coarse: what most of each four pixels hold, at their mean height."""
        rows, columns = (n // 2 for n in self.codes.shape)
        codes = _fours(self.codes, rows, columns)
        z = _fours(self.z_m, rows, columns)
        there = codes != NOTHING
        votes = ((codes[..., :, None] == codes[..., None, :]) & there[..., :, None]).sum(axis=3)
        votes = np.where(there, votes, 0)
        best = votes.argmax(axis=2)[..., None]
        code = np.take_along_axis(codes, best, axis=2)
        same = there & (codes == code)
        mean = np.where(same, z, 0.0).sum(axis=2) / np.maximum(same.sum(axis=2), 1)
        found = same.any(axis=2)
        return GroundRaster(
            corner_m=self.corner_m,
            pixel_m=2 * self.pixel_m,
            codes=np.where(found, code[..., 0], NOTHING).astype(np.uint8),
            z_m=np.where(found, mean, np.nan).astype(np.float32),
        )

    def window(self, corner_m: tuple[float, float], n_pixels: int) -> GroundRaster:
        """A square of `n_pixels` with its south-west corner at a pixel's corner."""
        column = round((corner_m[0] - self.corner_m[0]) / self.pixel_m)
        row = round((corner_m[1] - self.corner_m[1]) / self.pixel_m)
        part = np.s_[row : row + n_pixels, column : column + n_pixels]
        return GroundRaster(
            corner_m=corner_m, pixel_m=self.pixel_m, codes=self.codes[part], z_m=self.z_m[part]
        )

    def filled(self) -> GroundRaster:
        """Close holes of a pixel or two, such as those under buildings."""
        codes, z = self.codes, self.z_m
        for _ in range(2):
            codes, z = _closed(codes, z)
        return GroundRaster(corner_m=self.corner_m, pixel_m=self.pixel_m, codes=codes, z_m=z)


def _fours(values: np.ndarray, rows: int, columns: int) -> np.ndarray:  # type: ignore[type-arg]
    part = values[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
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
    rows = np.flatnonzero(np.isin(soup_surfaces, FLAT_SURFACES))
    a, b, c = (corners_local_m[rows, k].astype(np.float64) for k in range(3))
    normal = np.cross(b - a, c - a)
    return rows[normal[:, 2] > _LEAST_UP * np.linalg.norm(normal, axis=1)]


def painted(
    corners_local_m: Float32Array,
    surfaces: UInt8Array,
    corner_m: tuple[float, float],
    size_m: float,
    n_pixels: int,
) -> GroundRaster:
    """Paint triangles (T, 3, 3) of flat surfaces (T,) on a square of `n_pixels` a side."""
    codes = np.full((n_pixels, n_pixels), NOTHING, np.uint8)
    z = np.full((n_pixels, n_pixels), np.nan, np.float32)
    pixel_m = size_m / n_pixels
    corners = corners_local_m.astype(np.float64)
    corners[:, :, 0] = (corners[:, :, 0] - corner_m[0]) / pixel_m
    corners[:, :, 1] = (corners[:, :, 1] - corner_m[1]) / pixel_m
    for surface in _ORDER:
        chosen = corners[surfaces == surface]
        for part in _parts(chosen, n_pixels):
            rows, columns, heights = _covered(part, n_pixels)
            codes[rows, columns] = surface
            z[rows, columns] = heights
    return GroundRaster(corner_m=corner_m, pixel_m=pixel_m, codes=codes, z_m=z)


def _box(corners: Float64Array, n_pixels: int) -> tuple[Int64Array, Int64Array]:
    """First pixel and number of pixels whose middles may be covered, (T, 2) each."""
    low = np.clip(np.ceil(corners[:, :, :2].min(axis=1) - 0.5), 0, n_pixels).astype(np.int64)
    high = np.clip(np.floor(corners[:, :, :2].max(axis=1) - 0.5), -1, n_pixels - 1)
    return low, np.maximum(high.astype(np.int64) - low + 1, 0)


def _parts(corners: Float64Array, n_pixels: int) -> list[Float64Array]:
    """Pieces of the list that touch no more than `_PIXELS_AT_ONCE` pixels."""
    n = np.cumsum(_box(corners, n_pixels)[1].prod(axis=1)) if len(corners) else np.zeros(0)
    if not len(n):
        return []
    cuts = np.searchsorted(n, np.arange(_PIXELS_AT_ONCE, n[-1], _PIXELS_AT_ONCE))
    return np.split(corners, np.unique(cuts))


def _covered(corners: Float64Array, n_pixels: int) -> tuple[Int64Array, Int64Array, Float64Array]:
    """Row, column and height of every pixel whose middle lies in a triangle."""
    low, n = _box(corners, n_pixels)
    counts = n.prod(axis=1)
    which = np.repeat(np.arange(len(corners)), counts)
    place = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    column = low[which, 0] + place % np.maximum(n[which, 0], 1)
    row = low[which, 1] + place // np.maximum(n[which, 0], 1)
    a, b, c = (corners[which, k] for k in range(3))
    x, y = column + 0.5 - a[:, 0], row + 0.5 - a[:, 1]
    u, v = b - a, c - a
    whole = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        s = (x * v[:, 1] - y * v[:, 0]) / whole
        t = (u[:, 0] * y - u[:, 1] * x) / whole
        inside = (s >= -1e-9) & (t >= -1e-9) & (s + t <= 1 + 1e-9)
        height = a[:, 2] + s * u[:, 2] + t * v[:, 2]
    return row[inside], column[inside], height[inside]


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
    quads[:, :, 0] = raster.corner_m[0] + columns * raster.pixel_m
    quads[:, :, 1] = raster.corner_m[1] + rows * raster.pixel_m
    water = codes == Surface.WATER
    quads[:, :, 2] = np.where(water[:, None], raster.z_m[y0, x0][:, None], corner_z[rows, columns])
    corners = quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3, 3)
    return TriangleSoup(
        corners_local_m=corners,
        features=np.zeros(len(corners), np.int32),
        surfaces=np.repeat(codes, 2),
    )


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
