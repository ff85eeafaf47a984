"""Small city files for the reader tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def cube(x: int = 0, size: int = 10) -> list[list[int]]:
    """Eight corners of a cube, bottom then top, both counter-clockwise from above."""
    base = [[x, 0], [x + size, 0], [x + size, size], [x, size]]
    return [[*p, 0] for p in base] + [[*p, size] for p in base]


#: Faces of `cube`, seen from outside: ground, roof, four walls.
CUBE_FACES = [
    [[0, 3, 2, 1]],
    [[4, 5, 6, 7]],
    [[0, 1, 5, 4]],
    [[1, 2, 6, 5]],
    [[2, 3, 7, 6]],
    [[3, 0, 4, 7]],
]
CUBE_SEMANTICS = {
    "surfaces": [{"type": "GroundSurface"}, {"type": "RoofSurface"}, {"type": "WallSurface"}],
    "values": [[0, 1, 2, 2, 2, 2]],
}


def rich_city() -> dict[str, Any]:
    """A CityJSON 2.0 value that uses every part of the format a reader looks at."""
    square = [[0, 0, 0], [40, 0, 0], [40, 40, 0], [0, 40, 0]]
    hole = [[10, 10, 0], [10, 30, 0], [30, 30, 0], [30, 10, 0]]
    return {
        "type": "CityJSON",
        "version": "2.0",
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/7415"},
        "transform": {"scale": [1.0, 1.0, 1.0], "translate": [85000.0, 447000.0, 0.0]},
        "vertices": cube() + square + hole,
        "CityObjects": {
            "house": {
                "type": "Building",
                "attributes": {"height": 10, "name": "Stadhuis", "mixed": 1, "nested": {"a": 1}},
                "children": ["part"],
            },
            "part": {
                "type": "BuildingPart",
                "parents": ["house"],
                "attributes": {"height": 9.5, "mixed": "two", "open": True},
                "geometry": [
                    {
                        "type": "Solid",
                        "lod": "2",
                        "boundaries": [CUBE_FACES],
                        "semantics": CUBE_SEMANTICS,
                        "texture": {"t": {"values": [[*[[[None]]] * 5, [[0, 0, 1, 2, 3]]]]}},
                        "material": {"m": {"values": [[0, 1, None, None, None, None]]}},
                    },
                    {"type": "MultiSurface", "lod": "0", "boundaries": [CUBE_FACES[0]]},
                ],
            },
            "plot": {
                "type": "LandUse",
                "attributes": {"class": "grass"},
                "geometry": [
                    {
                        "type": "MultiSurface",
                        "lod": "1",
                        "boundaries": [[[8, 9, 10, 11], [12, 13, 14, 15]]],
                    }
                ],
            },
            "tree": {
                "type": "SolitaryVegetationObject",
                "geometry": [
                    {
                        "type": "GeometryInstance",
                        "template": 0,
                        "boundaries": [9],
                        "transformationMatrix": [2, 0, 0, 5, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1],
                    }
                ],
            },
            "two": {
                "type": "OtherConstruction",
                "geometry": [
                    {"type": "MultiSolid", "lod": "1", "boundaries": [[CUBE_FACES], [CUBE_FACES]]},
                    {"type": "MultiPoint", "lod": "1", "boundaries": [0, 1]},
                ],
            },
        },
        "geometry-templates": {
            "templates": [
                {
                    "type": "MultiSurface",
                    "lod": "2",
                    "boundaries": [[[0, 1, 2]], [[0, 2, 3]]],
                    "semantics": {"surfaces": [{"type": "RoofSurface"}], "values": [0, None]},
                }
            ],
            "vertices-templates": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]],
        },
        "appearance": {
            "textures": [{"type": "JPG", "image": "absent.jpg"}],
            "vertices-texture": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]],
            "materials": [
                {"name": "stone", "diffuseColor": [0.4, 0.4, 0.4]},
                {"name": "tile", "diffuseColor": [0.8, 0.2, 0.0], "transparency": 0.5},
            ],
            "default-theme-texture": "t",
            "default-theme-material": "m",
        },
    }


def written(folder: Path, name: str, value: Any) -> Path:
    """Write a JSON value to a file in `folder`; gives its path."""
    path = folder / name
    path.write_text(json.dumps(value), encoding="utf-8")
    return path
