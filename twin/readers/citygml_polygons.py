"""Polygons of a CityGML file as flat arrays, found by their number or by their id."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array, UInt8Array
from twin.city.gathering import MAX_CORNERS, Gathered
from twin.city.polygons import Polygons
from twin.city.tally import Tally
from twin.readers.citygml_stream import Element, attribute, children, local_name

#: Elements that hold rings: each becomes one polygon.
FACES = ("Polygon", "Triangle", "Rectangle", "PolygonPatch")
#: Where an emptied element keeps its polygon's number.
_NUMBER = "n"
_RINGS = ("exterior", "interior", "outerBoundaryIs", "innerBoundaryIs")

#: A polygon by its number, or an id that is not known yet; and whether it is turned over.
Ref = tuple[int | str, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Polygons that a feature is drawn with, parallel lists."""

    polygons: array[int]
    features: array[int]
    codes: array[int]
    turned: array[int]


class PolygonStore:
    """Every polygon of a file. One thread."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._coordinates = array("d")
        self._ring_sizes = array("q")
        self._polygon_rings = array("q")
        self._polygon_ids: dict[str, int] = {}
        self._groups: dict[str, list[Ref]] = {}
        #: Number of each ring that has an id, which is what textures name.
        self.ring_ids: dict[str, int] = {}

    @property
    def n_polygons(self) -> int:
        """How many polygons, drawn or not."""
        return len(self._polygon_rings)

    def take(self, element: Element) -> int:
        """Keep a polygon and empty its element, which remembers the number."""
        number = len(self._polygon_rings)
        n_rings = 0
        for name, side in children(element):
            if name in _RINGS:
                for _, ring in children(side):
                    n_rings += self._take_ring(ring)
                    break
        self._polygon_rings.append(n_rings)
        known_as = attribute(element, "id")
        if known_as:
            self._polygon_ids[known_as] = number
        if len(self._coordinates) > 3 * MAX_CORNERS:
            raise ValueError(f"over {MAX_CORNERS:,} corners")
        element.clear()
        element.set(_NUMBER, str(number))
        return number

    def refs(self, element: Element, *, turned: bool = False) -> list[Ref]:
        """All polygons inside a geometry (or its property), followed through its links."""
        name = local_name(element.tag)
        if name in FACES:
            kept = element.get(_NUMBER)
            return [(int(kept) if kept else self.take(element), turned)]
        linked = attribute(element, "href")
        if linked:
            return [(linked.rpartition("#")[2], turned)]
        if name == "OrientableSurface" and element.get("orientation") == "-":
            turned = not turned
        found: list[Ref] = []
        for _, child in children(element):
            found.extend(self.refs(child, turned=turned))
        known_as = attribute(element, "id")
        if known_as and found:
            self._groups[known_as] = found
        return found

    def numbers_of(self, known_as: str) -> list[int]:
        """Polygons of an id (of a polygon, or of a surface made of several); [] if unknown."""
        return [number for number, _ in self.resolved([(known_as, False)]) if number >= 0]

    def resolved(
        self, refs: Iterable[Ref], seen: frozenset[str] = frozenset()
    ) -> Iterator[tuple[int, bool]]:
        """Numbers of polygons, -1 for an id that is not in the file (yet)."""
        for ref, turned in refs:
            if isinstance(ref, int):
                yield ref, turned
            elif ref in self._polygon_ids:
                yield self._polygon_ids[ref], turned
            elif ref in self._groups and ref not in seen:
                for number, inner in self.resolved(self._groups[ref], seen | {ref}):
                    yield number, inner != turned
            else:
                yield -1, turned

    def _take_ring(self, ring: Element) -> int:
        try:
            numbers = _numbers(ring)
        except ValueError:
            self._tally.add("bad-coordinates", "Rings with coordinates that are no numbers")
            return 0
        if len(numbers) >= 6 and numbers[:3] == numbers[-3:]:
            del numbers[-3:]
        known_as = attribute(ring, "id")
        if known_as:
            self.ring_ids[known_as] = len(self._ring_sizes)
        self._coordinates.extend(numbers)
        self._ring_sizes.append(len(numbers) // 3)
        return 1

    # -- arrays -------------------------------------------------------------------------------

    def vertices(self) -> Float64Array:
        """(V, 3) corners of all rings, one after the other."""
        return np.array(self._coordinates, dtype=np.float64).reshape(-1, 3)

    def ring_starts(self) -> Int64Array:
        """(R + 1,) first corner of each ring, and the end."""
        return np.concatenate([[0], np.cumsum(np.array(self._ring_sizes, np.int64))])

    def ring_polygons(self) -> Int64Array:
        """(R,) polygon of each ring."""
        return np.repeat(np.arange(self.n_polygons), np.array(self._polygon_rings, np.int64))

    def gathered(
        self,
        vertices: Float64Array,
        use: Use,
        *,
        materials: Int32Array | None = None,
        uv: Float32Array | None = None,
    ) -> Gathered:
        """The polygons in use; `materials` by polygon of the store, `uv` by vertex."""
        chosen = np.array(use.polygons, dtype=np.int64)
        features = np.array(use.features, dtype=np.int32)
        codes = np.array(use.codes, dtype=np.uint8)
        turned = np.array(use.turned, dtype=bool)
        good = self._sound(vertices)[chosen]
        self._tally.add(
            "bad-coordinates",
            "Surfaces with coordinates that are no numbers were left out",
            int((~good).sum()),
        )
        chosen, turned = chosen[good], turned[good]
        polygons = self._polygons(vertices, chosen, turned)
        kept_codes: UInt8Array = codes[good]
        return Gathered(
            polygons=polygons,
            features=features[good],
            codes=kept_codes,
            materials=None if materials is None else materials[chosen],
            uv=uv,
        )

    def _sound(self, vertices: Float64Array) -> BoolArray:
        """(P,) polygons whose coordinates are all finite."""
        sound = np.ones(self.n_polygons, bool)
        bad = np.flatnonzero(~np.isfinite(vertices).all(axis=1))
        if len(bad):
            rings = np.searchsorted(self.ring_starts(), bad, side="right") - 1
            sound[self.ring_polygons()[rings]] = False
        return sound

    def _polygons(self, vertices: Float64Array, chosen: Int64Array, turned: BoolArray) -> Polygons:
        polygon_rings = np.array(self._polygon_rings, np.int64)
        ring_sizes = np.array(self._ring_sizes, np.int64)
        n_rings = polygon_rings[chosen]
        rings = _ranges(np.cumsum(polygon_rings)[chosen] - n_rings, n_rings)
        sizes = ring_sizes[rings]
        starts = self.ring_starts()[:-1][rings]
        corners = _ranges(starts, sizes)
        backwards = np.repeat(turned, n_rings)
        if backwards.any():
            corner_turned = np.repeat(backwards, sizes)
            mirrored = np.repeat(2 * starts + sizes - 1, sizes) - corners
            corners = np.where(corner_turned, mirrored, corners)
        return Polygons(vertices=vertices, corners=corners, ring_sizes=sizes, surface_rings=n_rings)


def _ranges(starts: Int64Array, sizes: Int64Array) -> Int64Array:
    """All ranges ``start .. start + size - 1``, one after the other."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    out: Int64Array = np.arange(total) + np.repeat(starts - (ends - sizes), sizes)
    return out


def _numbers(ring: Element) -> list[float]:
    """Coordinates of a ring, x y z after each other; heights of flat ones are 0."""
    numbers: list[float] = []
    for element in ring.iter():
        if not isinstance(element.tag, str) or not element.text:
            continue
        name = local_name(element.tag)
        if name in ("posList", "pos"):
            values = list(map(float, element.text.split()))
        elif name == "coordinates":
            values = _old_coordinates(element)
        else:
            continue
        numbers.extend(_in_space(values, element.get("srsDimension")))
    return numbers


def _in_space(values: list[float], dimension: str | None) -> list[float]:
    """Triples; pairs get the height 0. Closed rings of pairs are known without being told."""
    is_flat = len(values) % 3 != 0 and len(values) % 2 == 0 and values[:2] == values[-2:]
    if dimension == "2" or (dimension != "3" and is_flat):
        return [number for x, y in zip(values[::2], values[1::2], strict=False)
                for number in (x, y, 0.0)]  # fmt: skip
    if len(values) % 3:
        raise ValueError("coordinates that are no triples")
    return values


def _old_coordinates(element: Element) -> list[float]:
    """GML 2: tuples apart by ``ts``, numbers by ``cs``, fractions by ``decimal``."""
    between = element.get("cs") or ","
    text = str(element.text).replace(element.get("ts") or " ", " ")
    decimal = element.get("decimal") or "."
    tuples = [one.split(between) for one in text.split()]
    values = [[float(number.replace(decimal, ".")) for number in one] for one in tuples]
    if any(not math.isfinite(number) for one in values for number in one):
        raise ValueError("coordinates that are no numbers")
    return [number for one in values for number in (*one[:3], *[0.0] * (3 - len(one[:3])))]


def new_use() -> Use:
    """Nothing in use yet."""
    return Use(polygons=array("q"), features=array("q"), codes=array("B"), turned=array("B"))
