"""Gathers nested boundaries (surfaces of rings of vertex numbers) into `Polygons`."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from twin.arrays import (
    BoolArray,
    Float32Array,
    Float64Array,
    Int32Array,
    Int64Array,
    UInt8Array,
)
from twin.city.looks import Looks
from twin.city.polygons import Polygons
from twin.city.tally import Tally

#: Vertex numbers in one file, against files whose templates multiply without end.
MAX_CORNERS = 60_000_000

#: Heights of a city in metres; what lies beyond is an overflow or a mark for "unknown".
LOWEST_M, HIGHEST_M, NO_HEIGHT = -11_000.0, 20_000.0, -9999.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All polygons of a file.

    Attributes
    ----------
    polygons : Polygons, vertices in the file's CRS, each used at least once
    features : (S,) int32, row of each polygon
    codes : (S,) uint8, `Surface` or `kinds.BY_NORMAL`
    materials : (S,) int32, look of each polygon, -1 = none; None = no polygon has one
    uv : (V, 2) float32, texture coordinates of each vertex, NaN = none; None = no vertex has one
    """

    polygons: Polygons
    features: Int32Array
    codes: UInt8Array
    materials: Int32Array | None = None
    uv: Float32Array | None = None


class Gatherer:
    """Takes batches of nested lists, keeps compact arrays; one thread."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._vertices: list[Float64Array] = []
        self._polygons: list[Polygons] = []
        self._features: list[Int32Array] = []
        self._codes: list[UInt8Array] = []
        self._materials: list[Int32Array | None] = []
        self._uv: list[Float32Array | None] = []
        self._n_vertices = 0
        self._n_corners = 0

    def add(
        self,
        surfaces: list[Any],
        vertices: Float64Array,
        features: Sequence[int],
        codes: Sequence[int],
        *,
        looks: Looks | None = None,
    ) -> None:
        """Add surfaces whose vertex numbers count in `vertices` (V, 3)."""
        if not surfaces:
            return
        rows = np.array(features, dtype=np.int32)
        shades = np.array(codes, dtype=np.uint8)
        nested = _checked(surfaces)
        if nested is None:
            good = [_is_surface(surface) for surface in surfaces]
            self._tally.add(
                "bad-boundary",
                "Surfaces whose boundaries are no lists of vertex numbers were left out",
                len(good) - sum(good),
            )
            rows, shades = rows[good], shades[good]
            looks = None if looks is None else looks.kept(np.array(good))
            nested = _checked([s for s, ok in zip(surfaces, good, strict=True) if ok])
        if nested is not None:
            self._add_flat(vertices, nested, rows, shades, looks)

    def add_polygons(
        self,
        polygons: Polygons,
        features: Int32Array,
        codes: UInt8Array,
        *,
        materials: Int32Array | None = None,
        uv: Float32Array | None = None,
    ) -> None:
        """Add polygons that are flat already; arrays as in `Gathered`.

        Raises
        ------
        ValueError
            The file grows beyond `MAX_CORNERS`.
        """
        self._n_corners += len(polygons.corners)
        if self._n_corners > MAX_CORNERS:
            raise ValueError(f"over {MAX_CORNERS:,} corners")
        self._vertices.append(polygons.vertices)
        self._polygons.append(
            Polygons(
                vertices=polygons.vertices,
                corners=polygons.corners + self._n_vertices,
                ring_sizes=polygons.ring_sizes,
                surface_rings=polygons.surface_rings,
            )
        )
        self._features.append(features)
        self._codes.append(codes)
        self._materials.append(materials)
        self._uv.append(uv)
        self._n_vertices += len(polygons.vertices)

    def gathered(self) -> Gathered:
        """Everything added, without the vertices that nothing uses."""
        if not self._polygons:
            empty = np.empty(0, np.int64)
            polygons = Polygons(
                vertices=np.empty((0, 3)), corners=empty, ring_sizes=empty, surface_rings=empty
            )
            return Gathered(
                polygons=polygons, features=empty.astype(np.int32), codes=empty.astype(np.uint8)
            )
        corners = np.concatenate([part.corners for part in self._polygons])
        used = np.zeros(self._n_vertices, dtype=bool)
        used[corners] = True
        polygons = Polygons(
            vertices=np.concatenate(self._vertices)[used],
            corners=(np.cumsum(used) - 1)[corners],
            ring_sizes=np.concatenate([part.ring_sizes for part in self._polygons]),
            surface_rings=np.concatenate([part.surface_rings for part in self._polygons]),
        )
        return Gathered(
            polygons=polygons,
            features=np.concatenate(self._features),
            codes=np.concatenate(self._codes),
            materials=self._all_materials(),
            uv=self._all_uv(used),
        )

    def _all_materials(self) -> Int32Array | None:
        if all(part is None for part in self._materials):
            return None
        parts = zip(self._materials, self._codes, strict=True)
        return np.concatenate(
            [np.full(len(codes), -1, np.int32) if part is None else part for part, codes in parts]
        )

    def _all_uv(self, used: BoolArray) -> Float32Array | None:
        if all(part is None for part in self._uv):
            return None
        parts = zip(self._uv, self._vertices, strict=True)
        every: Float32Array = np.concatenate(
            [
                np.full((len(vertices), 2), np.nan, np.float32) if part is None else part
                for part, vertices in parts
            ]
        )
        return every[used]

    def _add_flat(
        self,
        vertices: Float64Array,
        nested: tuple[Int64Array, Int64Array, Int64Array],
        features: Int32Array,
        codes: UInt8Array,
        looks: Looks | None,
    ) -> None:
        polygons = Polygons(
            vertices=vertices, corners=nested[0], ring_sizes=nested[1], surface_rings=nested[2]
        )
        keep = np.ones(polygons.n_surfaces, dtype=bool)
        outside = (polygons.corners < 0) | (polygons.corners >= len(vertices))
        if outside.any():
            keep[polygons.corner_surfaces()[outside]] = False
            self._tally.add(
                "bad-vertex-index",
                "Surfaces that name a vertex the file does not have were left out",
                int((~keep).sum()),
            )
        finite = np.isfinite(vertices.sum(axis=1))
        if not finite.all():
            named = polygons.corners.clip(0, max(0, len(vertices) - 1))
            broken = ~outside & ~finite[named]
            n_before = int(keep.sum())
            keep[polygons.corner_surfaces()[broken]] = False
            self._tally.add(
                "bad-vertices-used",
                "Surfaces on vertices that are no three numbers were left out",
                n_before - int(keep.sum()),
            )
        if not keep.all():
            polygons, features, codes = polygons.kept(keep), features[keep], codes[keep]
            looks = None if looks is None else looks.kept(keep)
        if looks is None:
            self.add_polygons(polygons, features, codes)
        else:
            polygons, uv = looks.on(polygons)
            self.add_polygons(polygons, features, codes, materials=looks.materials, uv=uv)


def _checked(surfaces: list[Any]) -> tuple[Int64Array, Int64Array, Int64Array] | None:
    """Corners, ring sizes and rings a surface, or None where a level is of the wrong type.

    Runs in C loops only: this is where most of a file's numbers go through.
    """
    if not set(map(type, surfaces)) <= {list}:
        return None
    rings = list(chain.from_iterable(surfaces))
    if not set(map(type, rings)) <= {list}:
        return None
    try:
        corners = array("q", chain.from_iterable(rings))
    except (TypeError, OverflowError):
        return None
    return (
        np.frombuffer(corners, dtype=np.int64) if corners else np.empty(0, np.int64),
        np.fromiter(map(len, rings), dtype=np.int64, count=len(rings)),
        np.fromiter(map(len, surfaces), dtype=np.int64, count=len(surfaces)),
    )


def _is_surface(surface: Any) -> bool:
    return isinstance(surface, list) and _checked([surface]) is not None


def points_from_json(points: Any, tally: Tally) -> Float64Array:
    """(N, 3) float64 of a list of [x, y, z]; a point that is none becomes NaN and is counted.

    Raises
    ------
    ValueError
        `points` is not a list.
    """
    if not isinstance(points, list):
        raise ValueError("the vertices are no list")  # noqa: TRY004 - mapped at the border
    if set(map(type, points)) <= {list} and set(map(len, points)) <= {3}:
        try:
            numbers = array("d", chain.from_iterable(points))
        except (TypeError, OverflowError):
            pass
        else:
            return np.array(numbers, dtype=np.float64).reshape(-1, 3)
    out = np.full((len(points), 3), np.nan)
    for row, point in enumerate(points):
        if is_point(point):
            out[row] = point
    bad = int((~np.isfinite(out).all(axis=1)).sum())
    tally.add("bad-vertices", "Vertices that are no three numbers", bad)
    return out


def is_point(point: Any) -> bool:
    """Whether `point` is a list of three numbers that a float can hold."""
    if not isinstance(point, list) or len(point) != 3:
        return False
    return all(
        type(number) in (int, float) and -1e300 < number < 1e300  # also shuts out NaN
        for number in point
    )


def with_possible_heights(gathered: Gathered, tally: Tally) -> Gathered:
    """Put vertices at heights that no city has on the lowest other point of their feature.

    Overflows and "no value" marks (-9999, -2147483.648) stand for an unknown ground. Heights are
    in metres.
    """
    polygons = gathered.polygons
    heights = polygons.vertices[:, 2]
    bad = (heights < LOWEST_M) | (heights > HIGHEST_M) | (heights == NO_HEIGHT)
    if not bad.any() or bad.all():
        return gathered
    rows = np.zeros(len(heights), dtype=np.int64)
    rows[polygons.corners] = gathered.features[polygons.corner_surfaces()]
    lowest = np.full(int(rows.max()) + 1, np.inf)
    np.minimum.at(lowest, rows[~bad], heights[~bad])
    lowest[np.isinf(lowest)] = heights[~bad].min()
    vertices = polygons.vertices.copy()
    vertices[bad, 2] = lowest[rows[bad]]
    tally.add(
        "impossible-height",
        "Points at impossible heights were put on the lowest point of their feature",
        len(np.unique(polygons.vertices[bad], axis=0)),
    )
    return replace(gathered, polygons=replace(polygons, vertices=vertices))
