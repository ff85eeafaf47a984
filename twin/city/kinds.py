"""Which shade a city object and its surfaces get, from the names CityJSON gives them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from twin.arrays import Float64Array, UInt8Array
from twin.city.asset import Surface

#: Stands for "decide by the normal" in a surface code.
BY_NORMAL = 255

#: Steeper than this (cosine) is a wall.
ROOF_MIN_UP = 0.2
GROUND_MAX_UP = -0.5

_KINDS: dict[str, int] = {
    "Building": BY_NORMAL,
    "OtherConstruction": BY_NORMAL,
    "BuildingFurniture": Surface.OTHER,
    "Bridge": Surface.BRIDGE,
    "Tunnel": Surface.OTHER,
    "Road": Surface.ROAD,
    "TransportSquare": Surface.PAVED,
    "TransportationSquare": Surface.PAVED,
    "Track": Surface.PAVED,
    "Railway": Surface.RAIL,
    "Waterway": Surface.WATER,
    "WaterBody": Surface.WATER,
    "PlantCover": Surface.GREEN,
    "SolitaryVegetation": Surface.GREEN,
    "Vegetation": Surface.GREEN,
    "LandUse": Surface.TERRAIN,
    "TINRelief": Surface.TERRAIN,
    "Relief": Surface.TERRAIN,
    "CityFurniture": Surface.OTHER,
    "GenericCityObject": Surface.OTHER,
    "GenericOccupiedSpace": Surface.OTHER,
    "TransportationComplex": Surface.ROAD,
    "Intersection": Surface.ROAD,
    "Section": Surface.ROAD,
    "TrafficSpace": Surface.ROAD,
    "AuxiliaryTrafficSpace": Surface.PAVED,
    "Room": BY_NORMAL,
    "Storey": BY_NORMAL,
}

_SEMANTICS: dict[str, int] = {
    "RoofSurface": Surface.ROOF,
    "OuterFloorSurface": Surface.ROOF,
    "WallSurface": Surface.WALL,
    "InteriorWallSurface": Surface.WALL,
    "ClosureSurface": Surface.WALL,
    "Window": Surface.WALL,
    "WindowSurface": Surface.WALL,
    "Door": Surface.WALL,
    "DoorSurface": Surface.WALL,
    "GroundSurface": Surface.GROUND,
    "OuterCeilingSurface": Surface.GROUND,
    "FloorSurface": Surface.GROUND,
    "CeilingSurface": Surface.ROOF,
    "WaterSurface": Surface.WATER,
    "WaterGroundSurface": Surface.WATER,
    "WaterClosureSurface": Surface.WATER,
    "TrafficArea": Surface.ROAD,
    "AuxiliaryTrafficArea": Surface.PAVED,
    "TransportationMarking": Surface.MARKING,
    "Marking": Surface.MARKING,
}

_UNPAVED_WORDS = ("onverhard", "unpaved", "sand", "soil", "zand")
_PAVED_WORDS = (
    "verhard", "erf", "paved", "parking", "square", "plaza", "asphalt", "urban", "industrial",
    "commercial", "residential",
)  # fmt: skip
_GREEN_WORDS = ("groen", "gras", "green", "park", "grass", "forest", "meadow", "wood", "garden")


@lru_cache(maxsize=4096)
def surface_of_kind(kind: str) -> int:
    """Shade of a kind of city object, `BY_NORMAL` where roof, wall and ground differ.

    Extension kinds ("+NoiseBuilding") follow the longest known name inside theirs.
    """
    found = [name for name in _KINDS if name in kind]
    return _KINDS[max(found, key=len)] if found else int(Surface.OTHER)


def is_semantic(name: str) -> bool:
    """Whether a name stands for a kind of surface (roof, wall, window …), not for an object."""
    return name in _SEMANTICS


@lru_cache(maxsize=4096)
def surface_of_semantics(kind_surface: int, semantic: str) -> int:
    """Shade of a surface of semantic type `semantic` on an object shaded `kind_surface`."""
    named = _SEMANTICS.get(semantic)
    if named is None or kind_surface in (Surface.BRIDGE, Surface.RAIL, Surface.GREEN):
        return kind_surface
    if kind_surface == Surface.PAVED and named == Surface.ROAD:
        return kind_surface
    return int(named)


def surface_of_land_use(attributes: object) -> int:
    """Paved, green or bare ground, from the words in a LandUse object's attributes."""
    if not isinstance(attributes, dict):
        return int(Surface.TERRAIN)
    words = " ".join(value.lower() for value in attributes.values() if isinstance(value, str))
    for surface, known in (
        (Surface.TERRAIN, _UNPAVED_WORDS),
        (Surface.PAVED, _PAVED_WORDS),
        (Surface.GREEN, _GREEN_WORDS),
    ):
        if any(word in words for word in known):
            return int(surface)
    return int(Surface.TERRAIN)


def with_normals(codes: UInt8Array, normals: Float64Array) -> UInt8Array:
    """Replace `BY_NORMAL` in codes (S,) by roof, wall or ground after the normals (S, 3)."""
    up = normals[:, 2]
    decided = np.where(up > ROOF_MIN_UP, Surface.ROOF, Surface.WALL)
    decided[up < GROUND_MAX_UP] = Surface.GROUND
    return np.where(codes == BY_NORMAL, decided, codes).astype(np.uint8)
