"""Things, datastreams and units, in the vocabulary of OGC SensorThings (Part 1, 18-088).

They are announced on the sample lane (docs/wire-protocol.md) and kept by id. A city has a million
of them, and none holds another: the garbage collector need not look at them (``gc=False``).
"""

from __future__ import annotations

import enum

import msgspec


class Quality(enum.IntEnum):
    """Quality of one observation (OPC UA's three classes, plus simulated)."""

    GOOD = 0
    SUSPECT = 1
    BAD = 2


class Thing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something in the city that senses or acts.

    Attributes
    ----------
    kind : see `twin.city.asset.Place`, plus "building", "unit", "road_segment"
    frame : "local" (x, y, z in metres of the city's local frame) or "geographic" (lon, lat, height)
    xyz : position in that frame
    feature_id : id of the city feature it belongs to, "" for none
    own_only : its values speak for that feature alone, not for what stands around it
    path : for linear things (road segments) the other vertices, flat x y z …, same frame
    accepts : ids of the command types it acts on; not empty = an asset that can be commanded
    department : which department runs it
    """

    id: str
    name: str
    kind: str
    frame: str = "local"
    xyz: tuple[float, float, float] = (0.0, 0.0, 0.0)
    feature_id: str = ""
    own_only: bool = False
    path: tuple[float, ...] = ()
    accepts: tuple[str, ...] = ()
    department: str = ""


class Datastream(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One observed property of one thing.

    Attributes
    ----------
    index : u4 of the columnar batches, unique within its source
    id : "thing/property", unique in the city
    observed_property : e.g. "traffic_speed"
    unit : UCUM-like symbol for a person: "km/h", "µg/m³"
    min, max : usual range for legends; both 0 = unknown
    interval_s : expected time between observations, 0 = unknown
    """

    index: int
    id: str
    thing_id: str
    observed_property: str
    name: str = ""
    unit: str = ""
    min: float = 0.0
    max: float = 0.0
    interval_s: float = 0.0


class Unit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A moving unit. ``index`` is the u4 of position batches, unique within its source.

    ``kind``: bus, ambulance, fire_engine, police, works, taxi, drone, other.
    """

    index: int
    id: str
    name: str
    kind: str
    department: str = ""
    accepts: tuple[str, ...] = ()


class Announcement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a source has. Repeated every few seconds; later ones add to or replace earlier ones."""

    source: str
    epoch: str
    things: tuple[Thing, ...] = ()
    datastreams: tuple[Datastream, ...] = ()
    units: tuple[Unit, ...] = ()


#: The eight properties of the simulated city: id -> (title, unit, usual min, usual max).
OBSERVED_PROPERTIES: dict[str, tuple[str, str, float, float]] = {
    "traffic_speed": ("Traffic speed", "km/h", 0.0, 60.0),
    "traffic_flow": ("Traffic flow", "veh/h", 0.0, 1800.0),
    "pm25": ("PM2.5", "µg/m³", 0.0, 75.0),
    "noise": ("Noise", "dB(A)", 35.0, 85.0),
    "water_level": ("Water level", "m", 0.0, 4.0),
    "rain": ("Rain", "mm/h", 0.0, 120.0),
    "power_load": ("Power load", "kW", 0.0, 400.0),
    "parking_occupancy": ("Parking occupancy", "%", 0.0, 100.0),
}
