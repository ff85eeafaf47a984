"""Points of interest of OpenStreetMap as places: services, signals, stations, districts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.asset import Place
from twin.city.graph import components
from twin.city.osm_tags import Tags

#: Signals so near each other are those of one junction.
JUNCTION_M = 35.0

_KINDS: dict[tuple[str, str], str] = {
    ("amenity", "hospital"): "hospital",
    ("amenity", "fire_station"): "fire_station",
    ("amenity", "police"): "police_station",
    ("railway", "station"): "station",
    ("railway", "halt"): "station",
    ("public_transport", "station"): "station",
    ("amenity", "bus_station"): "station",
    ("amenity", "ferry_terminal"): "station",
    ("amenity", "parking"): "parking",
    ("leisure", "park"): "park",
    ("place", "square"): "square",
    ("amenity", "marketplace"): "square",
    ("place", "suburb"): "district",
    ("place", "quarter"): "district",
    ("place", "neighbourhood"): "district",
    ("place", "island"): "district",
    ("power", "substation"): "substation",
    ("man_made", "pumping_station"): "pump_station",
    ("waterway", "lock_gate"): "gate",
    ("waterway", "sluice_gate"): "gate",
    ("man_made", "bridge"): "bridge",
    ("highway", "bus_stop"): "bus_stop",
    ("railway", "tram_stop"): "tram_stop",
    ("amenity", "school"): "school",
    ("amenity", "kindergarten"): "school",
    ("amenity", "university"): "university",
    ("amenity", "college"): "university",
    ("amenity", "townhall"): "townhall",
    ("amenity", "theatre"): "theatre",
    ("amenity", "library"): "library",
    ("amenity", "place_of_worship"): "place_of_worship",
    ("amenity", "embassy"): "embassy",
    ("office", "diplomatic"): "embassy",
    ("amenity", "nursing_home"): "nursing_home",
    ("amenity", "fuel"): "fuel",
    ("tourism", "museum"): "museum",
    ("tourism", "attraction"): "attraction",
    ("tourism", "hotel"): "hotel",
}
#: Without a name these say nothing to anybody.
_ONLY_NAMED = {
    "park", "square", "district", "bridge", "attraction", "hotel", "bus_stop", "tram_stop",
    "embassy",
}  # fmt: skip
#: Of these there may be several of one name.
_MAY_REPEAT = {"parking", "bus_stop", "tram_stop", "fuel", "substation"}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a tagged thing lies: id, tags, x y z local metres, its feature or building, or -1."""

    id: str
    tags: Tags
    xyz: tuple[float, float, float]
    feature: int


def place_kind(tags: Tags) -> str:
    """Kind of place, "" for none."""
    for key in ("amenity", "railway", "public_transport", "highway", "leisure", "place", "power",
                "man_made", "waterway", "tourism", "office"):  # fmt: skip
        value = tags.get(key)
        kind = _KINDS.get((key, value)) if value is not None else None
        if kind is not None:
            return kind
    return "bridge" if tags.get("bridge", "no") != "no" and "bridge:name" in tags else ""


def places_of_spots(spots: list[Spot]) -> list[Place]:
    """Places, each named one once."""
    found = _Found()
    for spot in spots:
        kind = place_kind(spot.tags)
        if kind:
            found.add(spot, kind)
    return found.places


@dataclass(slots=True)
class _Found:
    places: list[Place] = field(default_factory=list)
    _names: set[tuple[str, str]] = field(default_factory=set)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, spot: Spot, kind: str) -> None:
        """Note a place unless it has no name and needs one, or was there already."""
        name = spot.tags.get("bridge:name", "") if kind == "bridge" else ""
        name = name or spot.tags.get("name", "")
        if not name:
            if kind in _ONLY_NAMED:
                return
            self._counts[kind] = self._counts.get(kind, 0) + 1
            name = f"{kind.replace('_', ' ').capitalize()} {self._counts[kind]}"
        elif kind not in _MAY_REPEAT:
            if (kind, name) in self._names:
                return
            self._names.add((kind, name))
        x, y, z = (round(float(value), 2) for value in spot.xyz)
        self.places.append(
            Place(id=spot.id, name=name, kind=kind, xyz_local_m=(x, y, z), feature=spot.feature)
        )


def signal_places(
    ids: list[str], rows: list[int], xy: Float64Array, names: list[list[str]], z_m: float
) -> list[Place]:
    """One place for the traffic signals of each junction.

    Parameters
    ----------
    ids, rows : id and feature row of each signal
    xy : (S, 2) local metres
    names : of the streets each signal stands on
    """
    import shapely

    if not ids:
        return []
    points = shapely.points(xy)
    pairs = shapely.STRtree(points).query(points, predicate="dwithin", distance=JUNCTION_M)
    group = components(len(ids), pairs.T.astype(np.int64))
    out = []
    for number in np.unique(group).tolist():
        members: Int64Array = np.flatnonzero(group == number)
        streets = list(dict.fromkeys(name for k in members.tolist() for name in names[k]))
        middle = xy[members].mean(axis=0)
        out.append(
            Place(
                id=ids[int(members[0])],
                name=" / ".join(streets[:2]) or "Traffic signals",
                kind="signal",
                xyz_local_m=(round(float(middle[0]), 2), round(float(middle[1]), 2), z_m),
                feature=rows[int(members[0])],
            )
        )
    return out
