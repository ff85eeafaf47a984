"""Footprints with heights, extruded to roofs and walls."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from twin.arrays import Float32Array, Float64Array, Int32Array, Int64Array
from twin.city.asset import Surface, TriangleSoup
from twin.city.polygons import Polygons, triangulate
from twin.city.tally import Tally

LEVEL_M = 3.0
#: Height of a footprint that tells none.
DEFAULT_HEIGHT_M = 9.0
#: Higher than this is a mistake (the highest building on Earth has 828 m).
MAX_HEIGHT_M = 2_000.0
FOOT_M = 0.3048

_HEIGHT_NAMES = (
    "height", "building:height", "measuredheight", "height_m", "building_height", "bldg_height",
    "heightroof", "height_roof", "roof_height", "hoehe", "hauteur", "gebouwhoogte", "h",
)  # fmt: skip
_LEVEL_NAMES = (
    "building:levels", "levels", "building_levels", "num_floors", "numfloors", "floors", "stories",
    "storeys", "storeysaboveground", "numberoffloors",
)  # fmt: skip
_BASE_NAMES = ("min_height", "building:min_height")
_BASE_LEVEL_NAMES = ("building:min_level", "min_level")
_NUMBER = re.compile(r"^\s*([-+]?\d+(?:[.,]\d+)?)\s*(m|metres?|meters?|ft|feet|')?\s*$", re.I)


@dataclass(slots=True)
class Footprints:
    """Polygons with their heights, gathered feature by feature.

    Attributes
    ----------
    rings : nested lists: polygon -> rings -> [x, y] points, the outer ring first
    features : row of each polygon
    bases_m, tops_m : heights above the ground of each polygon's bottom and top
    """

    rings: list[list[Any]] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    bases_m: list[float] = field(default_factory=list)
    tops_m: list[float] = field(default_factory=list)

    def add(self, polygon: Any, row: int, span_m: tuple[float, float], tally: Tally) -> None:
        """Add one polygon; one that is no list of rings of points is counted and left out."""
        rings = _clean_rings(polygon)
        if not rings:
            tally.add("bad-polygon", "Polygons that are no rings of points were left out")
            return
        self.rings.append(rings)
        self.features.append(row)
        self.bases_m.append(span_m[0])
        self.tops_m.append(span_m[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatFootprints:
    """Footprints as arrays; xy of every ring point (K, 2) in the file's CRS."""

    xy: Float64Array
    ring_sizes: Int64Array
    polygon_rings: Int64Array


def _clean_rings(polygon: Any) -> list[Any]:
    """The rings that are lists of at least three points; none when the outer one is not."""
    if not isinstance(polygon, list) or not polygon:
        return []
    good = [ring for ring in polygon if _is_ring(ring)]
    return good if good and good[0] is polygon[0] else []


def _is_ring(ring: Any) -> bool:
    if not isinstance(ring, list) or len(ring) < 3 or not set(map(type, ring)) <= {list}:
        return False
    if min(map(len, ring)) < 2:
        return False
    return set(map(type, chain.from_iterable(ring))) <= {int, float}


def flattened(footprints: Footprints) -> FlatFootprints:
    """Arrays of gathered footprints; heights inside the points are ignored."""
    rings = list(chain.from_iterable(footprints.rings))
    points = list(chain.from_iterable(rings))
    xy = np.array([(point[0], point[1]) for point in points], dtype=np.float64)
    return FlatFootprints(
        xy=xy.reshape(-1, 2),
        ring_sizes=np.array([len(ring) for ring in rings], dtype=np.int64),
        polygon_rings=np.array([len(one) for one in footprints.rings], dtype=np.int64),
    )


def span_m(attributes: dict[str, Any], tally: Tally) -> tuple[float, float, bool]:
    """Bottom and top of a footprint above the ground in metres, and whether the file told it."""
    lower = {name.lower(): value for name, value in attributes.items()}
    levels = _first_number(lower, _LEVEL_NAMES)
    base_level = _first_number(lower, _BASE_LEVEL_NAMES)
    top = _first_number(lower, _HEIGHT_NAMES)
    if top is None and levels is not None:
        top = levels * LEVEL_M
    base = _first_number(lower, _BASE_NAMES)
    if base is None:
        base = (base_level or 0.0) * LEVEL_M
    known = top is not None
    if top is None:
        tally.add("no-height", f"Footprints without a height stand {DEFAULT_HEIGHT_M:g} m high")
        top = max(0.0, base) + DEFAULT_HEIGHT_M
    elif not 0 < top <= MAX_HEIGHT_M:
        tally.add(
            "odd-height", f"Footprints of impossible height stand {DEFAULT_HEIGHT_M:g} m high"
        )
        top = DEFAULT_HEIGHT_M
    return (base if 0 <= base < top else 0.0), top, known


def _first_number(lower: dict[str, Any], names: tuple[str, ...]) -> float | None:
    for name in names:
        number = metres(lower.get(name))
        if number is not None:
            return number
    return None


def metres(value: Any) -> float | None:
    """Metres of 12, "12", "12.5 m" and "40 ft"; None for anything else."""
    if type(value) in (int, float):
        return float(value) if abs(value) < 1e9 else None
    found = _NUMBER.match(value) if isinstance(value, str) and len(value) < 40 else None
    if found is None:
        return None
    number = float(found[1].replace(",", "."))
    return number * FOOT_M if (found[2] or "").lower() in ("ft", "feet", "'") else number


def extruded(
    footprints: Footprints, flat: FlatFootprints, xyz_local_m: Float32Array, tally: Tally
) -> tuple[TriangleSoup, int]:
    """Roofs and walls of footprints whose points lie at `xyz_local_m` (K, 3), z = ground.

    Gives the soup and how many surfaces it had before triangulation.
    """
    polygons = Polygons(
        vertices=xyz_local_m.astype(np.float64),
        corners=_turned(flat, xyz_local_m),
        ring_sizes=flat.ring_sizes,
        surface_rings=flat.polygon_rings,
    )
    roofs = triangulate(polygons)
    tally.add(
        "degenerate-surface",
        "Surfaces without an area (or crossing themselves) are not drawn",
        roofs.n_degenerate,
    )
    drawn = np.zeros(polygons.n_surfaces, dtype=bool)
    drawn[roofs.surfaces] = True
    rows: Int32Array = np.array(footprints.features, dtype=np.int32)
    tops = np.array(footprints.tops_m, dtype=np.float32)
    roof_corners = xyz_local_m[roofs.corners]
    roof_corners[:, :, 2] += tops[roofs.surfaces][:, None]
    walls, wall_polygons = _walls(polygons.kept(drawn), xyz_local_m)
    polygon_numbers = np.flatnonzero(drawn)[wall_polygons]
    bases = np.array(footprints.bases_m, dtype=np.float32)
    lift = np.stack([bases, tops], axis=1)[polygon_numbers]
    walls[:, :, 2] += lift[:, [0, 0, 1, 1]]
    quads = walls[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3, 3)
    features = np.concatenate([rows[roofs.surfaces], np.repeat(rows[polygon_numbers], 2)])
    surfaces = np.full(len(features), Surface.WALL, dtype=np.uint8)
    surfaces[: len(roof_corners)] = Surface.ROOF
    order = np.argsort(features, kind="stable")
    corners = np.concatenate([roof_corners, quads])
    soup = TriangleSoup(
        corners_local_m=corners[order], features=features[order], surfaces=surfaces[order]
    )
    return soup, int(drawn.sum()) + len(walls)


def _turned(flat: FlatFootprints, xyz_local_m: Float32Array) -> Int64Array:
    """Corner order that makes outer rings counter-clockwise and holes clockwise."""
    sizes = flat.ring_sizes
    n_corners = int(sizes.sum())
    if not n_corners:
        return np.empty(0, np.int64)
    starts = np.cumsum(sizes) - sizes
    following = np.arange(1, n_corners + 1)
    following[starts + sizes - 1] = starts
    xy = xyz_local_m[:, :2].astype(np.float64)
    arms = xy - np.repeat(xy[starts], sizes, axis=0)
    twice = arms[:, 0] * arms[following, 1] - arms[:, 1] * arms[following, 0]
    areas = np.add.reduceat(twice, starts)
    is_outer = np.zeros(len(sizes), dtype=bool)
    is_outer[np.cumsum(flat.polygon_rings) - flat.polygon_rings] = True
    flip = np.repeat((areas > 0) != is_outer, sizes)
    order = np.arange(n_corners)
    mirrored = np.repeat(2 * starts + sizes - 1, sizes) - order
    return np.where(flip, mirrored, order)


def _walls(polygons: Polygons, xyz_local_m: Float32Array) -> tuple[Float32Array, Int64Array]:
    """Quads (Q, 4, 3) bottom-bottom-top-top at ground height, and their polygons (Q,)."""
    sizes = polygons.ring_sizes
    starts = np.cumsum(sizes) - sizes
    following = np.arange(1, len(polygons.corners) + 1)
    following[starts + sizes - 1] = starts
    a = xyz_local_m[polygons.corners]
    b = a[following]
    has_length = (a[:, :2] != b[:, :2]).any(axis=1)
    quads = np.stack([a, b, b, a], axis=1)[has_length]
    return quads, polygons.corner_surfaces()[has_length]
