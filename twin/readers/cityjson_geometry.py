"""Choosing and unfolding the geometries of one city object."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from twin.city.kinds import surface_of_semantics
from twin.readers.cityjson_schema import Geometry

#: Lists around a surface: a MultiSurface is a list of surfaces, a Solid a list of shells …
DEPTHS = {
    "MultiSurface": 1,
    "CompositeSurface": 1,
    "Solid": 2,
    "MultiSolid": 3,
    "CompositeSolid": 3,
}
INSTANCE = "GeometryInstance"
UNDRAWN = ("MultiPoint", "MultiLineString")


def lod_name(lod: Any) -> str:
    """Name of a level of detail: "2.2" for both 2.2 and "2.2", "" for none."""
    if isinstance(lod, str):
        return lod.strip()
    if type(lod) in (int, float):
        return f"{lod:g}"
    return ""


def lod_rank(name: str) -> float:
    """Order of levels of detail; unnamed ones come last."""
    try:
        rank = float(name)
    except ValueError:
        return -1.0
    return rank if rank == rank else -1.0


def is_solid(geometry: Geometry) -> bool:
    """Whether it is one of the solid types."""
    return isinstance(geometry.type, str) and DEPTHS.get(geometry.type, 0) > 1


def nearest_lod(names: Sequence[str], wanted: str) -> str:
    """The wanted level, else the next lower, else the lowest; the highest for ``""``."""
    ranked = sorted(set(names), key=lod_rank)
    if not wanted:
        return ranked[-1]
    if wanted in ranked:
        return wanted
    lower = [name for name in ranked if lod_rank(name) <= lod_rank(wanted)]
    return lower[-1] if lower else ranked[0]


def surfaces_of(geometry: Geometry) -> list[Any]:
    """All surfaces of a geometry, shells and solids unfolded.

    Raises
    ------
    ValueError
        The boundaries are not nested as deeply as the type says.
    """
    level = geometry.boundaries
    _require_lists(level)
    for _ in range(DEPTHS[geometry.type] - 1):
        level = list(chain.from_iterable(level))
        _require_lists(level)
    return list(level)


def _require_lists(level: Any) -> None:
    if not isinstance(level, list) or not set(map(type, level)) <= {list}:
        raise ValueError("the boundaries are not nested as deeply as the type says")


def codes_of(geometry: Geometry, n_surfaces: int, kind_surface: int) -> list[int] | None:
    """Shade code of each surface from the semantics; None where they are malformed."""
    plain = [kind_surface] * n_surfaces
    semantics = geometry.semantics
    if semantics is None:
        return plain
    if isinstance(semantics, list):  # before 1.0: one semantic a surface, in their order
        semantics = {"surfaces": semantics, "values": list(range(len(semantics)))}
    if not isinstance(semantics, dict):
        return None
    listed, values = semantics.get("surfaces"), semantics.get("values")
    if values is None or listed is None:
        return plain
    if not isinstance(listed, list):
        return None
    codes: dict[Any, int] = {
        index: surface_of_semantics(kind_surface, one["type"])
        for index, one in enumerate(listed)
        if isinstance(one, dict) and isinstance(one.get("type"), str)
    }
    flat = values_by_surface(values, geometry.boundaries, DEPTHS[geometry.type])
    if flat is None or len(flat) != n_surfaces:
        return None
    try:
        return [codes.get(value, kind_surface) for value in flat]
    except TypeError:
        return None


def values_by_surface(values: Any, boundaries: list[Any], depth: int) -> list[Any] | None:
    """What is said of each surface; a null stands for a whole shell without anything."""
    if depth == 1:
        if values is None:
            return [None] * len(boundaries)
        return values if isinstance(values, list) else None
    if values is None:
        values = [None] * len(boundaries)
    if not isinstance(values, list) or len(values) != len(boundaries):
        return None
    out: list[Any] = []
    for value, boundary in zip(values, boundaries, strict=True):
        flat = values_by_surface(value, boundary, depth - 1)
        if flat is None or len(flat) != _n_surfaces(boundary, depth - 1):
            return None
        out.extend(flat)
    return out


def _n_surfaces(boundary: list[Any], depth: int) -> int:
    return len(boundary) if depth == 1 else sum(_n_surfaces(one, depth - 1) for one in boundary)
