"""Chosen features as a glTF model (GLB): one named node each, attributes as extras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from twin.arrays import Float32Array, Int64Array
from twin.city.asset import FeatureTable
from twin.errors import TwinError
from twin.export.chosen import Chosen, Piece
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


def glb_of_pieces(pieces: Sequence[Piece], chosen: Sequence[Chosen]) -> bytes:
    """A binary glTF of features, metres, y up, origin in the middle of their ground.

    May read files; any thread. The origin in local metres is written to the scene's extras, so
    that the model can be put back.

    Parameters
    ----------
    pieces : loaded tiles, finer ones first: each feature is taken from the first that has it

    Raises
    ------
    NothingToExportError
        None of them has a surface.
    """
    import trimesh

    bodies = _bodies_of(pieces, chosen)
    if not bodies:
        raise NothingToExportError("What is selected has no surfaces, so there is no model of it")
    every = np.concatenate([soup.reshape(-1, 3) for _, soup in bodies]).astype(np.float64)
    low, high = every.min(axis=0), every.max(axis=0)
    origin = np.array([*(0.5 * (low + high))[:2], low[2]])
    scene = trimesh.Scene(metadata={"origin_local_m": origin.tolist()})
    for one, soup in bodies:
        points = soup.reshape(-1, 3).astype(np.float64) - origin
        mesh = trimesh.Trimesh(points, np.arange(len(points)).reshape(-1, 3), process=False)
        mesh.metadata.update({"kind": one.kind, **one.attributes()})
        scene.add_geometry(mesh, node_name=one.id, geom_name=one.id, transform=_Y_UP)
    exporter: Any = scene
    content: bytes = exporter.export(file_type="glb")
    return content


def _bodies_of(
    pieces: Sequence[Piece], chosen: Sequence[Chosen]
) -> list[tuple[Chosen, Float32Array]]:
    """Each chosen feature that has surfaces, and its parts, with (T, 3, 3) float32 corners."""
    wanted = {one.id: one for one in chosen}
    bodies: list[tuple[Chosen, Float32Array]] = []
    for piece in pieces:
        family = family_of(piece.table, _rows_in(piece.table, wanted))
        corners = corners_of(piece.tiles, family)
        done = set()
        for row, soup in corners.items():
            parent = int(piece.table.parents[row])
            one = wanted.get(str(piece.table.ids[row]))
            whole = one or wanted[str(piece.table.ids[parent])]
            bodies.append((replace(whole, table=piece.table, row=row), soup))
            done.add(whole.id)
        wanted = {key: one for key, one in wanted.items() if key not in done}
    return bodies


def _rows_in(table: FeatureTable, wanted: Mapping[str, Chosen]) -> list[int]:
    """Rows of what is wanted and there."""
    if all(one.table is table for one in wanted.values()):
        return [one.row for one in wanted.values()]
    row_by_id = {feature_id: row for row, feature_id in enumerate(table.ids)}
    return [row_by_id[feature_id] for feature_id in wanted if feature_id in row_by_id]
