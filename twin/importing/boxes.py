"""Buildings as upright boxes, and neighbours joined to larger ones: what is drawn from afar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int64Array, UInt8Array
from twin.city.asset import Surface, TriangleSoup
from twin.importing.threes import greatest, least

#: Heights at which neighbours of one cell still share a box.
_CLASS_TOPS_M = np.array([6.0, 12.0, 24.0, 48.0])
#: A box holds this much more ground than what it stands for, as gaps close to the eye.
_GENEROUS = 1.15
_LEAST_HALF_M = 0.25
#: Rise of an edge, and lean of a wall, that still count as level and upright.
_LEVEL, _UPRIGHT = 0.1, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxes:
    """N upright boxes.

    Attributes
    ----------
    centres, axes, halves : (N, 2) float64; ``axes`` is the unit direction of the first half side
    z_low_m, z_high_m, area_m2 : (N,) float64; area is the ground really built on
    features : (N,) int64, the feature each is or stands for
    merged : (N,) int64, how many features it stands for
    surfaces : (N,) uint8, `Surface` of the top
    errors_m : (N,) float64, how far the true surface may be from the box
    """

    centres: Float64Array
    axes: Float64Array
    halves: Float64Array
    z_low_m: Float64Array
    z_high_m: Float64Array
    area_m2: Float64Array
    features: Int64Array
    merged: Int64Array
    surfaces: UInt8Array
    errors_m: Float64Array

    def __len__(self) -> int:
        return len(self.features)

    def taken(self, rows: Int64Array) -> Boxes:
        """Some of the boxes."""
        return Boxes(**{name: getattr(self, name)[rows] for name in Boxes.__slots__})

    def error_m(self) -> float:
        """Error that 95 % of the built ground keep to; 0 without boxes."""
        if not len(self):
            return 0.0
        order = np.argsort(self.errors_m)
        share = np.cumsum(self.area_m2[order])
        return float(self.errors_m[order[np.searchsorted(share, 0.95 * share[-1])]])


def joined_boxes(parts: list[Boxes]) -> Boxes:
    """One table of several, at least one."""
    return Boxes(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in Boxes.__slots__
        }
    )


def fitted(soup: TriangleSoup) -> Boxes:
    """The upright box of each feature, turned like its longest level edge.

    Parameters
    ----------
    soup : sorted by feature
    """
    corners = soup.corners_local_m.astype(np.float64)
    starts = np.flatnonzero(np.diff(soup.features, prepend=-1))
    ends = np.append(starts[1:], len(soup.features))
    number = np.repeat(np.arange(len(starts)), ends - starts)
    axes = _directions(corners, starts, number)
    points = corners.reshape(len(number), 9)
    u = points[:, 0::3] * axes[number, :1] + points[:, 1::3] * axes[number, 1:]
    v = points[:, 1::3] * axes[number, :1] - points[:, 0::3] * axes[number, 1:]
    low = [np.minimum.reduceat(least(one), starts) for one in (u, v, points[:, 2::3])]
    high = [np.maximum.reduceat(greatest(one), starts) for one in (u, v, points[:, 2::3])]
    area, top, steepest = _roofs(corners, starts, low[2], high[2])
    halves = np.stack([(high[0] - low[0]) / 2, (high[1] - low[1]) / 2], axis=1)
    halves = np.maximum(halves, _LEAST_HALF_M)
    full = 4.0 * halves[:, 0] * halves[:, 1]
    area = np.clip(area, 0.05 * full, full)
    unused = halves.min(axis=1) * (1.0 - area / full)
    return Boxes(
        centres=_turned(np.stack([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2], 1), axes),
        axes=axes,
        halves=halves,
        z_low_m=low[2],
        z_high_m=top,
        area_m2=area,
        features=soup.features[starts].astype(np.int64),
        merged=np.ones(len(starts), np.int64),
        surfaces=_tops(soup.surfaces, starts),
        errors_m=np.maximum(steepest, unused),
    )


def _directions(corners: Float64Array, starts: Int64Array, number: Int64Array) -> Float64Array:
    """(F, 2) unit direction of the longest level edge of each feature.

    Edges of walls come first: the longest level edge of a roof is often a diagonal that is there
    only because polygons are drawn as triangles.
    """
    edges = (np.roll(corners, -1, axis=1) - corners).reshape(-1, 3)
    length = np.hypot(edges[:, 0], edges[:, 1])
    sloping = np.abs(edges[:, 2]) > _LEVEL * length
    u, v = edges[0::3], edges[1::3]
    normal = [u[:, k - 2] * v[:, k - 1] - u[:, k - 1] * v[:, k - 2] for k in range(3)]
    squares = normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2
    upright = normal[2] ** 2 <= _UPRIGHT**2 * squares
    weight = length * np.where(sloping, 0.01, 1.0) * np.repeat(np.where(upright, 1.0, 0.1), 3)
    longest = np.maximum.reduceat(weight, 3 * starts)
    is_it = np.flatnonzero(weight >= longest[np.repeat(number, 3)])
    first = is_it[np.diff(number[is_it // 3], prepend=-1) > 0]
    chosen = edges[first, :2]
    size = np.hypot(chosen[:, 0], chosen[:, 1])[:, None]
    unit: Float64Array = np.where(size > 1e-9, chosen / np.maximum(size, 1e-9), [[1.0, 0.0]])
    return unit


def _roofs(
    corners: Float64Array, starts: Int64Array, z_low: Float64Array, z_high: Float64Array
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Ground area under what faces up, its mean height, and how far the roof is from that."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    twice = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    up = np.maximum(twice, 0.0) / 2
    area = np.add.reduceat(up, starts)
    z = (corners[:, 0, 2] + corners[:, 1, 2] + corners[:, 2, 2]) / 3
    mean = np.add.reduceat(up * z, starts) / np.maximum(area, 1e-9)
    top = np.where(area > 1e-6, mean, z_high)
    squares = np.add.reduceat(up * (z - np.repeat(top, np.diff(np.append(starts, len(z))))) ** 2,
                              starts)  # fmt: skip
    spread = 1.7 * np.sqrt(squares / np.maximum(area, 1e-9))
    return area, np.maximum(top, z_low + 0.1), spread


def _tops(surfaces: UInt8Array, starts: Int64Array) -> UInt8Array:
    """(F,) roof for what has walls or roofs, else the greatest code of the feature."""
    built = np.maximum.reduceat((surfaces <= Surface.GROUND).astype(np.uint8), starts)
    other = np.maximum.reduceat(surfaces, starts)
    return np.where(built > 0, np.uint8(Surface.ROOF), other).astype(np.uint8)


def _turned(uv: Float64Array, axes: Float64Array) -> Float64Array:
    """From a box's own directions to x and y."""
    return np.stack(
        [
            uv[:, 0] * axes[:, 0] - uv[:, 1] * axes[:, 1],
            uv[:, 0] * axes[:, 1] + uv[:, 1] * axes[:, 0],
        ],
        axis=1,
    )


def corners_of(boxes: Boxes) -> Float64Array:
    """(N, 4, 2) ground corners, counter-clockwise."""
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float)
    along = np.stack([boxes.axes, np.stack([-boxes.axes[:, 1], boxes.axes[:, 0]], 1)], axis=1)
    reach = boxes.halves[:, :, None] * along
    out: Float64Array = boxes.centres[:, None] + np.einsum("ks,nsd->nkd", signs, reach)
    return out


def cell_keys(boxes: Boxes, cell_m: float) -> Int64Array:
    """(N,) equal for boxes whose centres share a cell and that are about as high."""
    cells = np.floor(boxes.centres / cell_m).astype(np.int64)
    tall = np.searchsorted(_CLASS_TOPS_M, boxes.z_high_m - boxes.z_low_m)
    return (cells[:, 0] << 34) + ((cells[:, 1] + (1 << 30)) << 3) + tall


def merged_boxes(boxes: Boxes, cell_m: float) -> Boxes:
    """Join boxes whose centres share a cell of `cell_m` and that are about as high.

    The joint box is turned like its largest member, as high as the mean over their ground, and
    covers a little more ground than they do.
    """
    if not len(boxes):
        return boxes
    key = cell_keys(boxes, cell_m)
    order = np.lexsort((-boxes.area_m2, key))
    boxes, key = boxes.taken(order), key[order]
    starts = np.flatnonzero(np.diff(key, prepend=key[0] - 1))
    group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(key))))
    axes = boxes.axes[starts]
    own = axes[group]
    uv = _corners_in(corners_of(boxes), own)
    low = np.minimum.reduceat(uv.min(axis=1), starts, axis=0)
    high = np.maximum.reduceat(uv.max(axis=1), starts, axis=0)
    halves = np.maximum((high - low) / 2, _LEAST_HALF_M)
    area = np.add.reduceat(boxes.area_m2, starts)
    top = np.add.reduceat(boxes.area_m2 * boxes.z_high_m, starts) / area
    share = np.minimum(1.0, _GENEROUS * area / (4.0 * halves[:, 0] * halves[:, 1]))
    middle = np.add.reduceat(boxes.area_m2[:, None] * uv.mean(axis=1), starts) / area[:, None]
    middle = np.where(share[:, None] < 1.0, middle, (low + high) / 2)
    halves = halves * np.sqrt(share)[:, None]
    beyond = np.abs(uv - middle[group][:, None]) - halves[group][:, None]
    errors = np.maximum(beyond.max(axis=(1, 2)), np.abs(boxes.z_high_m - top[group]))
    alone = np.diff(np.append(starts, len(key))) == 1
    errors = np.where(alone[group], boxes.errors_m, np.maximum(errors, 0.5 * boxes.errors_m))
    return Boxes(
        centres=_turned(middle, axes),
        axes=axes,
        halves=halves,
        z_low_m=np.minimum.reduceat(boxes.z_low_m, starts),
        z_high_m=top,
        area_m2=area,
        features=boxes.features[starts],
        merged=np.add.reduceat(boxes.merged, starts),
        surfaces=boxes.surfaces[starts],
        errors_m=np.maximum.reduceat(errors, starts),
    )


def _corners_in(xy: Float64Array, axes: Float64Array) -> Float64Array:
    """(N, 4, 2) corners along and across (N, 2) axes."""
    return np.stack(
        [
            xy[:, :, 0] * axes[:, None, 0] + xy[:, :, 1] * axes[:, None, 1],
            xy[:, :, 1] * axes[:, None, 0] - xy[:, :, 0] * axes[:, None, 1],
        ],
        axis=2,
    )


def boxes_soup(boxes: Boxes) -> TriangleSoup:
    """Four walls and a top each: ten triangles; ``features`` is the number of the box."""
    n = len(boxes)
    foot, top = np.empty((n, 4, 3)), np.empty((n, 4, 3))
    foot[:, :, :2] = top[:, :, :2] = corners_of(boxes)
    foot[:, :, 2], top[:, :, 2] = boxes.z_low_m[:, None], boxes.z_high_m[:, None]
    after, over = np.roll(foot, -1, axis=1), np.roll(top, -1, axis=1)
    walls = np.stack([foot, after, over, foot, over, top], axis=2).reshape(n, 8, 3, 3)
    lid = top[:, [0, 1, 2, 0, 2, 3]].reshape(n, 2, 3, 3)
    corners: Float32Array = np.concatenate([walls, lid], axis=1).astype(np.float32)
    surfaces = np.full((n, 10), Surface.WALL, np.uint8)
    surfaces[:, 8:] = boxes.surfaces[:, None]
    plain = boxes.surfaces != Surface.ROOF
    surfaces[plain] = boxes.surfaces[plain, None]
    return TriangleSoup(
        corners_local_m=corners.reshape(-1, 3, 3),
        features=np.repeat(np.arange(n), 10).astype(np.int32),
        surfaces=surfaces.reshape(-1),
    )
