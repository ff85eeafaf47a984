"""Areas and cordons: named polygons and circles that somebody drew or a file brought."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin.arrays import Float64Array
from twin.city.frames import Origin, local_from_geographic
from twin.city.scene_file import SceneFile
from twin.errors import ReadError, TwinError

CIRCLE_CORNERS = 96
COLOUR = "#2F6FDE"
#: A file of areas larger than this is none.
MAX_BYTES = 64 << 20


class AreaError(TwinError):
    """An area cannot be used; says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One area.

    Attributes
    ----------
    rings : closed outlines as (x, y) pairs, local metres; the even-odd rule tells what is inside
    colour : "#RRGGBB"
    """

    id: str
    name: str
    rings: tuple[tuple[tuple[float, float], ...], ...]
    colour: str = COLOUR

    def rings_local_m(self) -> list[Float64Array]:
        """Each ring as (k, 2) float64."""
        return [np.array(ring, float) for ring in self.rings]


def circle_area(
    area_id: str, name: str, middle_m: tuple[float, float], radius_m: float, colour: str = COLOUR
) -> Area:
    """A cordon: everything within a radius of a point, metres.

    Raises
    ------
    AreaError
        The radius is not positive.
    """
    if not radius_m > 0:
        raise AreaError(f"The cordon “{name}” needs a radius of more than 0 m")
    angle = np.linspace(0, 2 * np.pi, CIRCLE_CORNERS, endpoint=False)
    x = middle_m[0] + radius_m * np.cos(angle)
    y = middle_m[1] + radius_m * np.sin(angle)
    return Area(id=area_id, name=name, rings=(_closed(np.column_stack([x, y])),), colour=colour)


def areas_of_scene(scene: SceneFile | None, origin: Origin) -> tuple[tuple[Area, ...], list[str]]:
    """Areas of a scene file, and one sentence for each ``[[area]]`` that cannot be used.

    A table has ``rings`` (x, y in local metres), or ``middle`` and ``radius_m``, or the ``path``
    of a GeoJSON file.
    """
    tables = [] if scene is None else scene.tables.get("area", [])
    if scene is None or not isinstance(tables, list):
        return (), [] if scene is None else ["The areas of the scene are no list of tables"]
    areas: list[Area] = []
    complaints: list[str] = []
    for number, table in enumerate(tables, 1):
        try:
            if isinstance(table, dict) and "path" in table:
                areas += areas_from_geojson(scene.folder / str(table["path"]), origin)
            else:
                areas.append(area_from_table(table, number))
        except TwinError as error:
            complaints.append(str(error))
    return tuple(areas), complaints


def table_from_area(area: Area) -> dict[str, Any]:
    """An area as a table for a scene file."""
    rings = [[list(point) for point in ring] for ring in area.rings]
    return {"id": area.id, "name": area.name, "colour": area.colour, "rings": rings}


def areas_from_geojson(path: Path, origin: Origin) -> tuple[Area, ...]:
    """Polygons of a GeoJSON file (longitude, latitude) in the city's frame; points with a
    ``radius_m`` are circles.

    Raises
    ------
    ReadError
        The file cannot be read, is no GeoJSON or holds no area.
    CrsError
        The city is not georeferenced.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ReadError("The file is too large to hold areas", path=path)
        document = json.loads(path.read_text(encoding="utf-8-sig"))
        features = document.get("features", [document])
        found = [
            area
            for number, feature in enumerate(features, 1)
            for area in _of_feature(feature, number, origin)
        ]
    except OSError as error:
        raise ReadError(f"The areas cannot be read ({error.strerror})", path=path) from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ReadError("The file is not GeoJSON with polygons", path=path) from error
    if not found:
        raise ReadError("The file holds no polygon and no point with a radius_m", path=path)
    return tuple(found)


def area_from_table(table: object, number: int = 1) -> Area:
    """One ``[[area]]`` of a scene file.

    Raises
    ------
    AreaError
        The table is no area.
    """
    if not isinstance(table, Mapping):
        raise AreaError(f"Area {number} of the scene is no table")
    name = str(table.get("name") or f"Area {number}")
    area_id, colour = str(table.get("id") or f"area-{number}"), str(table.get("colour") or COLOUR)
    try:
        if "radius_m" in table:
            x, y = table["middle"]
            middle = (float(x), float(y))
            return circle_area(area_id, name, middle, float(table["radius_m"]), colour)
        rings = tuple(_closed(np.array(ring, float)) for ring in table["rings"])
    except (KeyError, TypeError, ValueError) as error:
        raise AreaError(f"The area “{name}” needs rings, or a middle and a radius_m") from error
    return Area(id=area_id, name=name, rings=rings, colour=colour)


def _of_feature(feature: Mapping[str, Any], number: int, origin: Origin) -> list[Area]:
    properties = feature.get("properties") or {}
    geometry = feature.get("geometry") or feature
    kind, coordinates = geometry.get("type"), geometry.get("coordinates", [])
    name = str(properties.get("name") or f"Area {number}")
    area_id = str(feature.get("id") or f"area-{number}")
    colour = str(properties.get("fill") or properties.get("colour") or COLOUR)
    if kind == "Point" and "radius_m" in properties:
        x, y = _local(np.array([coordinates[:2]], float), origin)[0].tolist()
        return [circle_area(area_id, name, (x, y), float(properties["radius_m"]), colour)]
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(str(kind), [])
    rings = [ring for polygon in polygons for ring in polygon]
    if not rings:
        return []
    local = tuple(_closed(_local(np.array(ring, float)[:, :2], origin)) for ring in rings)
    return [Area(id=area_id, name=name, rings=local, colour=colour)]


def _local(lon_lat_deg: Float64Array, origin: Origin) -> Float64Array:
    return local_from_geographic(lon_lat_deg[:, 0], lon_lat_deg[:, 1], origin)


def _closed(points: Float64Array) -> tuple[tuple[float, float], ...]:
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
        raise ValueError("a ring needs three points or more")
    if not np.isfinite(points).all():
        raise ValueError("a ring has a point without coordinates")
    ring = [(float(x), float(y)) for x, y in points]
    return tuple(ring) if ring[0] == ring[-1] else (*ring, ring[0])
