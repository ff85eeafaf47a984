"""What OpenStreetMap tags mean for the picture: roads, rails, areas, and how wide and fast."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from twin.city.asset import Surface
from twin.city.footprints import metres

Tags = Mapping[str, str]

BUILDING, PART = "Building", "BuildingPart"
ROAD, PATH, RAILWAY, SQUARE = "Road", "Path", "Railway", "TransportationSquare"
WATER, PLANTS, TREE, LAND, BRIDGE = (
    "WaterBody", "PlantCover", "SolitaryVegetation", "LandUse", "Bridge",
)  # fmt: skip
POINT = "PointOfInterest"

_NOT = ("", "no", "none", "0", "false")
_MPH = 1.609344
LANE_M = 3.1


@dataclass(frozen=True, slots=True)
class RoadClass:
    """How a class of highway usually is.

    Attributes
    ----------
    width_m : kerb to kerb
    speed_kmh : usual, where no limit is told
    drivable : whether vehicles use it
    rank : 0 = the most important
    """

    width_m: float
    speed_kmh: float
    drivable: bool
    rank: int


ROADS: Mapping[str, RoadClass] = {
    "motorway": RoadClass(11.0, 100, True, 0),
    "trunk": RoadClass(10.5, 80, True, 0),
    "primary": RoadClass(10.0, 50, True, 1),
    "secondary": RoadClass(9.0, 50, True, 2),
    "tertiary": RoadClass(8.0, 40, True, 3),
    "motorway_link": RoadClass(6.0, 60, True, 1),
    "trunk_link": RoadClass(6.0, 50, True, 1),
    "primary_link": RoadClass(6.0, 40, True, 2),
    "secondary_link": RoadClass(6.0, 40, True, 3),
    "tertiary_link": RoadClass(6.0, 30, True, 4),
    "unclassified": RoadClass(6.5, 40, True, 4),
    "residential": RoadClass(6.5, 30, True, 4),
    "road": RoadClass(6.0, 30, True, 4),
    "living_street": RoadClass(5.5, 15, True, 5),
    "service": RoadClass(4.0, 15, True, 6),
    "busway": RoadClass(6.0, 40, True, 4),
    "pedestrian": RoadClass(5.0, 5, False, 7),
    "track": RoadClass(3.0, 10, False, 8),
    "footway": RoadClass(2.0, 5, False, 8),
    "cycleway": RoadClass(2.2, 18, False, 8),
    "path": RoadClass(1.6, 5, False, 8),
    "bridleway": RoadClass(2.0, 8, False, 8),
    "steps": RoadClass(2.0, 3, False, 8),
}  # fmt: skip

_RAIL_WIDTHS_M = {
    "rail": 2.6, "light_rail": 2.2, "subway": 2.2, "tram": 1.5, "narrow_gauge": 2.0,
    "funicular": 2.0, "monorail": 2.0, "preserved": 2.4,
}  # fmt: skip
_WATERWAY_WIDTHS_M = {"river": 12.0, "canal": 8.0, "stream": 1.6, "drain": 1.2, "ditch": 1.0}

_WATER_AREAS = {
    "natural": {"water", "bay"},
    "waterway": {"riverbank", "dock", "canal", "river", "boatyard"},
    "landuse": {"reservoir", "basin"},
    "leisure": {"swimming_pool"},
    "amenity": {"fountain"},
    "water": None,
}
_GREEN_AREAS = {
    "natural": {"wood", "scrub", "grassland", "heath", "wetland", "tree_group", "shrubbery"},
    "landuse": {
        "grass", "forest", "meadow", "cemetery", "orchard", "vineyard", "recreation_ground",
        "village_green", "flowerbed", "allotments", "farmland", "greenfield", "plant_nursery",
        "greenery",
    },
    "leisure": {
        "park", "garden", "pitch", "golf_course", "playground", "dog_park", "common",
        "miniature_golf", "stadium_pitch",
    },
    "amenity": {"grave_yard"},
}  # fmt: skip
_PAVED_AREAS = {
    "place": {"square"},
    "amenity": {"parking", "marketplace", "bus_station", "fuel", "bicycle_parking", "taxi"},
    "railway": {"platform"},
    "public_transport": {"platform"},
    "aeroway": {"apron", "runway", "taxiway", "helipad"},
    "man_made": {"pier", "breakwater", "quay"},
    "leisure": {"track", "marina_pier"},
    "area:highway": None,
    "highway": {"platform", "rest_area", "services"},
}
_BARE_AREAS = {"natural": {"beach", "sand", "bare_rock", "scree", "shingle", "rock", "stone"}}
_WOODS = {"natural": {"wood"}, "landuse": {"forest"}}


def is_building(tags: Tags) -> bool:
    """Whether the outline of a building."""
    return tags.get("building", "no") not in _NOT


def is_part(tags: Tags) -> bool:
    """Whether a part of a building with a height of its own."""
    return tags.get("building:part", "no") not in _NOT


def is_below_ground(tags: Tags) -> bool:
    """Whether not seen from above: tunnels, culverts, and what runs inside buildings."""
    if tags.get("tunnel", "no") not in _NOT or tags.get("location") == "underground":
        return True
    return tags.get("indoor", "no") not in _NOT or tags.get("covered") == "building"


def one_way_of(tags: Tags) -> int:
    """Which way vehicles may drive: 1 along the way, -1 against it, 0 both."""
    told = tags.get("oneway:motor_vehicle", tags.get("oneway", ""))
    if told in ("-1", "reverse"):
        return -1
    if told in ("yes", "1", "true"):
        return 1
    is_round = tags.get("junction") in ("roundabout", "circular")
    is_motorway = tags.get("highway") in ("motorway", "motorway_link")
    return 1 if told == "" and (is_round or is_motorway) else 0


def is_wood(tags: Tags) -> bool:
    """Whether an area is full of trees."""
    return _matches(tags, _WOODS)


def area_look(tags: Tags) -> tuple[str, Surface] | None:
    """Kind and shade of a flat area; None for what is not drawn as one."""
    if is_below_ground(tags):
        return None
    if _matches(tags, _WATER_AREAS):
        return WATER, Surface.WATER
    if tags.get("man_made") == "bridge":
        return BRIDGE, Surface.BRIDGE
    is_area = tags.get("area") == "yes" or tags.get("type") == "multipolygon"
    if _matches(tags, _PAVED_AREAS) or ("highway" in tags and is_area):
        return SQUARE, Surface.PAVED
    if _matches(tags, _GREEN_AREAS):
        return PLANTS, Surface.GREEN
    return (LAND, Surface.PAVED) if _matches(tags, _BARE_AREAS) else None


def _matches(tags: Tags, rules: Mapping[str, set[str] | None]) -> bool:
    for key, values in rules.items():
        value = tags.get(key)
        if value is not None and value not in _NOT and (values is None or value in values):
            return True
    return False


def is_line_though_closed(tags: Tags) -> bool:
    """Whether a closed way is a ring to go round (roundabout, track), not an area."""
    if tags.get("area") == "yes":
        return False
    by_foot = tags.get("highway") in ROADS or tags.get("railway") in _RAIL_WIDTHS_M
    return by_foot or (tags.get("barrier") is not None and area_look(tags) is None)


def road_class(tags: Tags) -> RoadClass | None:
    """The class of a way that is a road or path; None for others."""
    if tags.get("area") == "yes":
        return None
    return ROADS.get(tags.get("highway", ""))


def road_width_m(tags: Tags, road: RoadClass) -> float:
    """Kerb to kerb: told, by lanes, or as usual for the class."""
    told = metres(tags.get("width"))
    if told is not None and 0.5 <= told <= 60.0:
        return told
    lanes = metres(tags.get("lanes"))
    if road.drivable and lanes is not None and 1 <= lanes <= 12:
        return max(3.2, lanes * LANE_M + 0.4)
    narrow = one_way_of(tags) and road.drivable and road.rank not in (0, 6)
    return max(3.5, road.width_m * 0.65) if narrow else road.width_m


_SPEED = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(mph|km/h|kmh)?\s*$")


def speed_mps(tags: Tags, road: RoadClass) -> float:
    """Usual free-flow speed in m/s: the limit where it is a number, else usual for the class."""
    found = _SPEED.match(tags.get("maxspeed", ""))
    kmh = road.speed_kmh
    if found:
        told = float(found[1]) * (_MPH if found[2] == "mph" else 1.0)
        kmh = told if 3.0 <= told <= 200.0 else kmh
    return kmh / 3.6


def street_name(tags: Tags) -> str:
    """Name or number of a street, e.g. "Mannerheimintie" or "A 40"; "" where it has none."""
    return tags.get("name") or tags.get("ref") or ""


def street_sort(tags: Tags) -> str:
    """What sort of street it is, for one without a name: "Service road", "Residential street"."""
    kind = tags.get("highway", "road").replace("_", " ")
    if kind == "service":
        return "Service road"
    word = "" if kind.endswith(("way", "link", "road", "street")) else " street"
    return f"{kind}{word}".capitalize()


def rail_width_m(tags: Tags) -> float | None:
    """Width of a track as drawn, None for what is no track in use."""
    return _RAIL_WIDTHS_M.get(tags.get("railway", ""))


def waterway_width_m(tags: Tags) -> float | None:
    """Width of a river or canal that is a line, None for others."""
    usual = _WATERWAY_WIDTHS_M.get(tags.get("waterway", ""))
    told = metres(tags.get("width"))
    return told if usual is not None and told is not None and 0.3 <= told <= 400 else usual
