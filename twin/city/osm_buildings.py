"""Buildings and building parts of OpenStreetMap: how high, which roof, what replaces what."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int32Array, Int64Array, UInt8Array
from twin.city.flat_map import GeometryArray
from twin.city.footprints import LEVEL_M, MAX_HEIGHT_M, metres
from twin.city.osm_tags import Tags
from twin.city.roof_shapes import FOOT_M, Bodies, RoofShape
from twin.city.tally import Tally

#: Parts that cover this share of a building replace its outline.
REPLACED_SHARE = 0.5
#: An outline that fills less of its smallest box gets no ridge.
LEAST_FILLED = 0.6
#: From so many buildings with a height on, their median is taken for those without.
FEW_KNOWN = 20

_SHAPES = {
    "flat": RoofShape.FLAT, "gabled": RoofShape.GABLED, "hipped": RoofShape.HIPPED,
    "half-hipped": RoofShape.HIPPED, "mansard": RoofShape.HIPPED, "side_hipped": RoofShape.HIPPED,
    "pyramidal": RoofShape.PYRAMIDAL, "cone": RoofShape.PYRAMIDAL, "spire": RoofShape.PYRAMIDAL,
    "skillion": RoofShape.SKILLION, "lean_to": RoofShape.SKILLION, "shed": RoofShape.SKILLION,
    "dome": RoofShape.DOME, "onion": RoofShape.DOME, "round": RoofShape.ROUND,
    "gambrel": RoofShape.GAMBREL, "saltbox": RoofShape.GABLED, "double_saltbox": RoofShape.GABLED,
    "many": RoofShape.FLAT, "sawtooth": RoofShape.FLAT, "quadruple_saltbox": RoofShape.HIPPED,
}  # fmt: skip
#: Usual heights in metres where neither height nor levels are told.
_USUAL_M = {
    "garage": 2.8, "garages": 2.8, "carport": 2.6, "shed": 2.6, "hut": 2.8, "kiosk": 3.2,
    "roof": 4.5, "service": 3.5, "toilets": 3.0, "greenhouse": 4.0, "bunker": 3.0,
    "house": 7.5, "detached": 7.5, "semidetached_house": 7.5, "terrace": 8.0, "bungalow": 4.5,
    "farm": 7.5, "barn": 8.0, "industrial": 8.0, "warehouse": 9.0, "church": 16.0,
    "chapel": 8.0, "cathedral": 24.0, "train_station": 12.0, "stadium": 18.0,
    "supermarket": 6.0, "retail": 6.0, "parking": 9.0, "pavilion": 4.0, "tent": 4.0,
}  # fmt: skip
_SMALL = ((20.0, 3.0), (60.0, 5.0))
_COMPASS = {
    name: 22.5 * k
    for k, name in enumerate(
        (
            "N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE",
            "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW",
        )
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heights:
    """What one building's tags say: foot, top, roof, and where the height is from.

    ``source`` is "height", "levels", or "" where nothing is told (then ``top_m`` is NaN).
    """

    base_m: float
    top_m: float
    rise_m: float
    shape: RoofShape
    source: str


def heights_of(tags: Tags, width_m: float, tally: Tally) -> Heights:
    """Heights in metres above the ground.

    Parameters
    ----------
    width_m : shorter side of the building, for roofs whose height is not told
    """
    shape = _shape(tags, tally)
    rise = _rise_m(tags, shape, width_m)
    top, levels = _told(tags, "height", tally), _told(tags, "building:levels", tally)
    source = "height" if top is not None else "levels" if levels is not None else ""
    if top is None:
        top = levels * LEVEL_M + rise if levels is not None else math.nan
    base = _told(tags, "min_height", tally)
    if base is None:
        base = (metres(tags.get("building:min_level")) or 0.0) * LEVEL_M
    base = base if base >= 0.0 and not base >= top else 0.0
    room = math.inf if math.isnan(top) else top - base
    return Heights(base, top, min(rise, 0.95 * room), shape, source)


def _told(tags: Tags, key: str, tally: Tally) -> float | None:
    text = tags.get(key)
    if text is None:
        return None
    number = metres(text.split(";")[0])
    limit = MAX_HEIGHT_M if key != "building:levels" else MAX_HEIGHT_M / LEVEL_M
    if number is None or not 0.0 <= number <= limit or (number == 0.0 and key == "height"):
        tally.add("odd-height", "Heights and levels that are no possible number were not used")
        return None
    return number


def _shape(tags: Tags, tally: Tally) -> RoofShape:
    text = tags.get("roof:shape", tags.get("building:roof:shape", ""))
    if text and text not in _SHAPES:
        tally.add("odd-roof", "Roof shapes that are not known are drawn flat")
    return _SHAPES.get(text, RoofShape.FLAT)


def _rise_m(tags: Tags, shape: RoofShape, width_m: float) -> float:
    """Height of the roof itself: told, by its levels or its angle, else usual for its width."""
    if shape == RoofShape.FLAT:
        return 0.0
    told = metres(tags.get("roof:height"))
    if told is not None and 0.0 < told < MAX_HEIGHT_M:
        return told
    levels = metres(tags.get("roof:levels"))
    if levels is not None and 0.0 < levels < 20:
        return levels * LEVEL_M
    angle = metres(tags.get("roof:angle"))
    if angle is not None and 1.0 <= angle <= 80.0:
        return width_m / 2 * math.tan(math.radians(angle))
    if shape == RoofShape.DOME:
        return width_m / 2
    steep = 0.2 if shape == RoofShape.SKILLION else 0.32
    return min(max(steep * width_m, 0.8), 6.0)


def ridge_rad(tags: Tags, shape: RoofShape) -> float:
    """Direction of the ridge, see `Bodies.ridge_rad`; NaN where the file does not tell it."""
    text = tags.get("roof:direction", tags.get("roof:slope:direction", ""))
    number = _COMPASS.get(text.upper())
    if number is None:
        number = metres(text)
    if number is None or not 0.0 <= number <= 360.0:
        return math.nan
    falls = math.radians(90.0 - number)  # from a compass bearing to counter-clockwise from east
    # A skillion rises to the left of its ridge: it falls to the right of it.
    return falls + math.pi / 2 if shape == RoofShape.SKILLION else falls - math.pi / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingRows:
    """Buildings and parts before they are made.

    Attributes
    ----------
    polygons : (P,) shapely
    rows : (P,) feature row of each
    is_part : (P,) bool
    tags : of each polygon
    """

    polygons: GeometryArray
    rows: Int32Array
    is_part: BoolArray
    tags: list[Tags]


def parents_of_parts(given: BuildingRows) -> tuple[Int64Array, BoolArray]:
    """The outline (P,) each part lies in, -1 for none; and the outlines its parts replace (P,)."""
    import shapely

    n = len(given.polygons)
    parent = np.full(n, -1, dtype=np.int64)
    replaced = np.zeros(n, dtype=bool)
    parts, wholes = np.flatnonzero(given.is_part), np.flatnonzero(~given.is_part)
    if not len(parts) or not len(wholes):
        return parent, replaced
    tree = shapely.STRtree(given.polygons[wholes])
    part, whole = tree.query(given.polygons[parts], predicate="intersects")
    shared = shapely.area(
        shapely.intersection(given.polygons[parts][part], given.polygons[wholes][whole])
    )
    inside = shared > 0.5 * shapely.area(given.polygons[parts])[part]
    part, whole = part[inside], whole[inside]
    # Of outlines that lie in each other a part belongs to the smallest.
    order = np.argsort(-shapely.area(given.polygons[wholes])[whole], kind="stable")
    parent[parts[part[order]]] = wholes[whole[order]]
    children = np.argsort(parent, kind="stable")[int((parent < 0).sum()) :]
    outlines, first = np.unique(parent[children], return_index=True)
    for outline, rows in zip(outlines.tolist(), np.split(children, first[1:]), strict=True):
        own = given.polygons[rows]
        outline_m2 = float(shapely.area(given.polygons[outline]))
        covered = shapely.area(
            shapely.intersection(shapely.union_all(own), given.polygons[outline])
        )
        replaced[outline] = float(covered) >= REPLACED_SHARE * outline_m2
    return parent, replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Bodies, and where the height (P,) of each polygon is from: "height", "levels", "usual"."""

    bodies: Bodies
    sources: list[str]


def measured(given: BuildingRows, parent: Int64Array, tally: Tally) -> Measured:
    """Heights and roofs of all polygons; usual ones where none are told, with a warning."""
    widths = _widths_m(given.polygons)
    told = [
        heights_of(tags, width, tally)
        for tags, width in zip(given.tags, widths.tolist(), strict=True)
    ]
    top = np.array([one.top_m for one in told])
    unknown = np.isnan(top)
    _take_from_parents(top, unknown, parent)
    guessed = np.isnan(top)
    if guessed.any():
        known = top[~unknown & ~given.is_part]
        usual = float(np.median(known)) if len(known) >= FEW_KNOWN else 3 * LEVEL_M
        top[guessed] = _usual_m(given, guessed, usual)
        tally.add(
            "no-height",
            "Buildings without height and levels stand as high as is usual for their kind"
            f" ({usual:g} m where it says nothing)",
            int(guessed.sum()),
        )
    base = np.array([one.base_m for one in told])
    rises = np.array([one.rise_m for one in told])
    # What begins above its usual height is a tower or a dome on a roof: small.
    top = np.where(guessed & (base > 0), np.maximum(top, base + np.maximum(rises, LEVEL_M)), top)
    base = np.where(base < top, base, 0.0)
    rise = np.minimum(rises, 0.95 * (top - base))
    shapes: UInt8Array = np.array([one.shape for one in told], dtype=np.uint8)
    _flatten_winding(given.polygons, shapes, rise, tally)
    sources = [one.source or "usual" for one in told]
    ridges = [ridge_rad(tags, one.shape) for tags, one in zip(given.tags, told, strict=True)]
    bodies = Bodies(
        polygons=given.polygons,
        features=given.rows,
        base_m=np.where(base <= 0.0, -FOOT_M, base),
        top_m=top,
        rise_m=rise,
        shapes=shapes,
        ridge_rad=np.array(ridges),
        across=np.array([tags.get("roof:orientation") == "across" for tags in given.tags], bool),
    )
    return Measured(bodies=bodies, sources=sources)


def _flatten_winding(
    polygons: GeometryArray, shapes: UInt8Array, rise: Float64Array, tally: Tally
) -> None:
    """Make roofs flat over outlines far from a rectangle: one ridge would span their courts."""
    import shapely

    ridged = ~np.isin(shapes, [RoofShape.FLAT, RoofShape.PYRAMIDAL, RoofShape.DOME])
    rows = np.flatnonzero(ridged)
    if not len(rows):
        return
    box = shapely.area(shapely.oriented_envelope(polygons[rows]))
    winding = rows[shapely.area(polygons[rows]) < LEAST_FILLED * box]
    shapes[winding], rise[winding] = RoofShape.FLAT, 0.0
    tally.add(
        "winding-roof",
        "Sloping roofs over outlines far from a rectangle are drawn flat",
        len(winding),
    )


def _take_from_parents(top: Float64Array, unknown: BoolArray, parent: Int64Array) -> None:
    """A part that tells no height is as high as its building."""
    rows = np.flatnonzero(unknown & (parent >= 0))
    top[rows] = top[parent[rows]]


def _usual_m(given: BuildingRows, rows: BoolArray, usual: float) -> Float64Array:
    import shapely

    size = shapely.area(given.polygons)
    out = []
    for row in np.flatnonzero(rows).tolist():
        tags = given.tags[row]
        kind = tags.get("building", tags.get("building:part", ""))
        small = next((m for most, m in _SMALL if size[row] < most), usual)
        out.append(_USUAL_M.get(kind, min(small, usual)))
    return np.array(out)


def _widths_m(polygons: GeometryArray) -> Float64Array:
    """(P,) shorter side of each polygon's smallest box."""
    import shapely

    if not len(polygons):
        return np.zeros(0)
    rings = shapely.get_exterior_ring(shapely.oriented_envelope(polygons))
    a, b, c = (shapely.get_coordinates(shapely.get_point(rings, k)) for k in range(3))
    width: Float64Array = np.minimum(np.hypot(*(b - a).T), np.hypot(*(c - b).T))
    return width
