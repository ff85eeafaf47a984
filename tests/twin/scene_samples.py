"""Small files that scenes are made of: footprints, terrain tiles and rasters, point clouds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

#: A corner of UTM zone 32 that lies in the tile N43E007.
EAST, NORTH = 374_000.0, 4_843_000.0


def square(east: float, north: float, side: float = 20.0) -> list[list[float]]:
    """A closed ring."""
    steps = ((0, 0), (side, 0), (side, side), (0, side), (0, 0))
    return [[east + x, north + y] for x, y in steps]


def footprints(path: Path, places: dict[str, tuple[float, float]], crs: str = "EPSG:32632") -> Path:
    """GeoJSON of 10 m high squares whose south-west corners are at `places`."""
    features = [
        {
            "type": "Feature",
            "id": name,
            "properties": {"height": 10.0, "street": f"{name} street"},
            "geometry": {"type": "Polygon", "coordinates": [square(*at)]},
        }
        for name, at in places.items()
    ]
    head = {"type": "name", "properties": {"name": crs}}
    path.write_text(
        json.dumps({"type": "FeatureCollection", "crs": head, "features": features}),
        encoding="utf-8",
    )
    return path


def hgt(path: Path, heights: np.ndarray) -> Path:
    """A terrain tile of a square array, north row first."""
    path.write_bytes(heights.astype(">i2").tobytes())
    return path


def slope_tile(folder: Path) -> Path:
    """N43E007: rises by 1 m a sample to the east from 100 m, 1,201 samples a side."""
    return hgt(folder / "N43E007.hgt", np.tile(100 + np.arange(1201), (1201, 1)))


def obj_box(path: Path, side: float = 20.0) -> Path:
    """A box without a CRS, its foot at 0."""
    corners = [(x, y, z) for z in (0.0, side) for y in (0.0, side) for x in (0.0, side)]
    faces = [
        (1, 3, 4), (1, 4, 2), (5, 6, 8), (5, 8, 7), (1, 2, 6), (1, 6, 5),
        (2, 4, 8), (2, 8, 6), (4, 3, 7), (4, 7, 8), (3, 1, 5), (3, 5, 7),
    ]  # fmt: skip
    lines = [f"v {x} {y} {z}" for x, y, z in corners]
    lines += [f"f {a} {b} {c}" for a, b, c in faces]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
