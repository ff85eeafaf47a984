"""Write a generated city's buildings as CityJSONSeq, for benchmarks and for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from twin.arrays import Int64Array
from twin.city.asset import CityAsset, Surface
from twin.readers.base import Progress, no_progress
from twin.tiles.weld import equal_rows

#: Vertices are whole millimetres in the file.
_SCALE_M = 0.001
_SEMANTICS = {Surface.ROOF: 0, Surface.WALL: 1}


def write_city_json_seq(city: CityAsset, path: Path, progress: Progress = no_progress) -> int:
    """Write every building with its walls, roof and attributes, one a line.

    Parameters
    ----------
    city : a generated city: triangles of one feature are next to each other in pairs that make
        a quad, which the file then holds as one polygon

    Returns
    -------
    int
        How many buildings were written.
    """
    kinds = np.array([kind == "Building" for kind in city.features.kind_names])
    is_building = kinds[city.features.kind_codes]
    rows = np.flatnonzero(is_building[city.soup.features])
    order = rows[np.argsort(city.soup.features[rows], kind="stable")]
    n_written, n_all = 0, max(1, int(is_building.sum()))
    with path.open("wb") as file:
        file.write(msgspec.json.encode(_header(city)) + b"\n")
        for line in _lines(city, order):
            file.write(line)
            n_written += 1
            if n_written % 4096 == 0:
                progress(n_written / n_all)
    progress(1.0)
    return n_written


def _header(city: CityAsset) -> dict[str, Any]:
    origin = city.origin
    return {
        "type": "CityJSON",
        "version": "2.0",
        "CityObjects": {},
        "vertices": [],
        "transform": {
            "scale": [_SCALE_M] * 3,
            "translate": [origin.east_m, origin.north_m, origin.height_m],
        },
        "metadata": {
            "referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/"
            + (origin.crs or "").removeprefix("EPSG:"),
            "title": city.title,
        },
    }


def _lines(city: CityAsset, order: Int64Array) -> Iterator[bytes]:
    encoder = msgspec.json.Encoder()
    features = city.soup.features[order]
    starts = np.flatnonzero(np.diff(features, prepend=-1))
    ends = np.append(starts[1:], len(features))
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        row = int(features[start])
        triangles = order[start:end]
        yield encoder.encode(_feature(city, row, triangles)) + b"\n"


def _feature(city: CityAsset, row: int, triangles: Int64Array) -> dict[str, Any]:
    corners = city.soup.corners_local_m[triangles]
    kinds = [_SEMANTICS.get(Surface(code), 1) for code in city.soup.surfaces[triangles].tolist()]
    grid = np.round(corners.reshape(-1, 3).astype(np.float64) / _SCALE_M).astype(np.int32)
    first, group = equal_rows(np.ascontiguousarray(grid.view(np.uint32).T))
    polygons, values = _polygons(group.reshape(-1, 3), kinds)
    name = city.features.ids[row]
    thing = {
        "type": "Building",
        "attributes": city.features.attributes_of(row),
        "geometry": [
            {
                "type": "MultiSurface",
                "lod": "2.2",
                "boundaries": [[ring] for ring in polygons],
                "semantics": {
                    "surfaces": [{"type": "RoofSurface"}, {"type": "WallSurface"}],
                    "values": values,
                },
            }
        ],
    }
    return {
        "type": "CityJSONFeature",
        "id": name,
        "CityObjects": {name: thing},
        "vertices": grid[first].tolist(),
    }


def _polygons(triangles: Int64Array, kinds: list[int]) -> tuple[list[list[int]], list[int]]:
    """Rings of vertex numbers: two triangles (a, b, c), (a, c, d) in a row become one quad."""
    rings: list[list[int]] = []
    values: list[int] = []
    for ring, kind in zip(triangles.tolist(), kinds, strict=True):
        last = rings[-1] if rings else []
        pairs = len(last) == 3 and values[-1] == kind and last[0] == ring[0] and last[2] == ring[1]
        if pairs:
            last.append(ring[2])
        else:
            rings.append(ring)
            values.append(kind)
    return rings, values
