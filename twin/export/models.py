"""Chosen features as a glTF model (GLB): one named node each, attributes as extras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from twin.arrays import Float32Array, Int64Array
from twin.city.asset import FeatureTable
from twin.errors import TwinError
from twin.tiles.tile import Tile

#: From metres east, north, up to glTF's right, up, towards the viewer.
_Y_UP = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]], np.float64)


class NothingToExportError(TwinError):
    """What was chosen has nothing that could be written."""


def family_of(features: FeatureTable, rows: Sequence[int]) -> Int64Array:
    """The rows with the parts that belong to them, sorted."""
    chosen = np.asarray(sorted(set(rows)), np.int64)
    parts = np.flatnonzero(np.isin(features.parents, chosen))
    return np.union1d(chosen, parts)


def corners_of(tiles: Sequence[Tile], rows: Int64Array) -> dict[int, Float32Array]:
    """(T, 3, 3) float32 corners of each of the given features, in local metres."""
    found: dict[int, list[Float32Array]] = {}
    for tile in tiles:
        hits = np.flatnonzero(np.isin(tile.features, rows))
        for row in np.unique(tile.features[hits]):
            mine = hits[tile.features[hits] == row]
            found.setdefault(int(row), []).append(tile.points_local_m[tile.triangles[mine]])
    return {row: np.concatenate(pieces) for row, pieces in found.items()}


def glb_of(features: FeatureTable, tiles: Sequence[Tile], rows: Sequence[int]) -> bytes:
    """A binary glTF of features, metres, y up, origin in the middle of their ground.

    Any thread. The origin in local metres is written to the scene's extras, so that the model
    can be put back.

    Raises
    ------
    NothingToExportError
        None of them has a surface.
    """
    import trimesh

    corners = corners_of(tiles, family_of(features, rows))
    if not corners:
        raise NothingToExportError("What is selected has no surfaces, so there is no model of it")
    every = np.concatenate([part.reshape(-1, 3) for part in corners.values()]).astype(np.float64)
    low, high = every.min(axis=0), every.max(axis=0)
    origin = np.array([*(0.5 * (low + high))[:2], low[2]])
    scene = trimesh.Scene(metadata={"origin_local_m": origin.tolist()})
    for row, soup in corners.items():
        points = soup.reshape(-1, 3).astype(np.float64) - origin
        mesh = trimesh.Trimesh(points, np.arange(len(points)).reshape(-1, 3), process=False)
        mesh.metadata.update({"kind": features.kind(row), **features.attributes_of(row)})
        name = str(features.ids[row])
        scene.add_geometry(mesh, node_name=name, geom_name=name, transform=_Y_UP)
    exporter: Any = scene
    content: bytes = exporter.export(file_type="glb")
    return content
