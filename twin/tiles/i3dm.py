"""Instanced 3D models (i3dm): one glTF at many places, merged into plain triangles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float64Array, Int64Array
from twin.tiles.batch_table import FeatureTableJson, TileBody, batch_columns, tile_body
from twin.tiles.bounding import EARTH_A_M, EARTH_E2, east_north_up
from twin.tiles.gltf_scene import decode_gltf
from twin.tiles.tileset_parts import MAX_FEATURES, MAX_TRIANGLES, RawContent, instanced


def decode_i3dm(
    content: bytes,
    raw: RawContent,
    *,
    key: str,
    fetch: Callable[[object], bytes],
    up_axis: str = "Y",
) -> None:
    """Add an i3dm to the content: a copy of its glTF for each instance.

    Raises
    ------
    ValueError
        It breaks the format; the reason is a short clause.
    """
    body = tile_body(content, raw.tally)
    count = body.features.number("INSTANCES_LENGTH", 0)
    if not 0 < count <= MAX_FEATURES:
        raise ValueError("an i3dm has no sound count of instances")
    model = RawContent(tally=raw.tally)
    decode_gltf(_model(body, fetch), model, key=key, fetch=fetch, up_axis=up_axis)
    if count * sum(len(part.triangles) for part in model.meshes) > MAX_TRIANGLES:
        raise ValueError(f"instances in a tile make over {MAX_TRIANGLES:,} triangles")
    matrices = instance_matrices(body.features, count)
    ids = batch_ids(body.features, count)
    n_rows = int(ids.max()) + 1
    columns = batch_columns(body, n_rows, raw.tally)
    first = raw.rows_of(f"{key}/batch", n_rows, columns)
    if model.points:
        raw.tally.add("instanced-points", "Instanced points and lines are not drawn")
    for part in model.meshes:
        raw.add_mesh(instanced(part, matrices, ids + first))


def _model(body: TileBody, fetch: Callable[[object], bytes]) -> bytes:
    if body.gltf_format == 1:
        return body.rest
    if body.gltf_format == 0:
        return fetch(body.rest.rstrip(b"\0 \n").decode("utf-8"))
    raise ValueError("an i3dm says of its glTF neither where nor what it is")


def batch_ids(features: FeatureTableJson, count: int) -> Int64Array:
    """(count,) row of the batch table for each instance or point, its own number by default."""
    if "BATCH_ID" not in features:
        return np.arange(count, dtype=np.int64)
    ids = features.array("BATCH_ID", "<u2", count, 1)[:, 0].astype(np.int64)
    if int(ids.min()) < 0 or int(ids.max()) >= MAX_FEATURES:
        raise ValueError("batch ids are out of their range")
    return ids


def positions_of(features: FeatureTableJson, count: int) -> Float64Array:
    """(count, 3) float64 of POSITION or POSITION_QUANTIZED, without RTC_CENTER."""
    if "POSITION" in features:
        return features.array("POSITION", "<f4", count, 3).astype(np.float64)
    if "POSITION_QUANTIZED" not in features:
        raise ValueError("a feature table has no positions")
    stored = features.array("POSITION_QUANTIZED", "<u2", count, 3).astype(np.float64)
    scale = features.vector("QUANTIZED_VOLUME_SCALE", 3)
    offset = features.vector("QUANTIZED_VOLUME_OFFSET", 3)
    if scale is None or offset is None:
        raise ValueError("quantized positions have no volume")
    found: Float64Array = stored / 65535.0 * scale + offset
    return found


def instance_matrices(features: FeatureTableJson, count: int) -> Float64Array:
    """(count, 4, 4) of the instances: place, orientation in any of its encodings, scale."""
    moves = positions_of(features, count)
    centre = features.vector("RTC_CENTER", 3)
    if centre is not None:
        moves = moves + centre
    turn = _orientation(features, count, moves)
    scale = np.ones((count, 3))
    if "SCALE" in features:
        scale *= features.array("SCALE", "<f4", count, 1)
    if "SCALE_NON_UNIFORM" in features:
        scale *= features.array("SCALE_NON_UNIFORM", "<f4", count, 3)
    out = np.zeros((count, 4, 4))
    out[:, :3, :3] = turn * scale[:, None, :]
    out[:, :3, 3] = moves
    out[:, 3, 3] = 1.0
    return out


def _orientation(features: FeatureTableJson, count: int, moves: Float64Array) -> Float64Array:
    """(count, 3, 3) whose columns are right, up, forward (3D Tiles 1.0, section i3dm)."""
    if "NORMAL_UP" in features:
        up = features.array("NORMAL_UP", "<f4", count, 3).astype(np.float64)
        right = features.array("NORMAL_RIGHT", "<f4", count, 3).astype(np.float64)
    elif "NORMAL_UP_OCT32P" in features:
        up = from_oct(features.array("NORMAL_UP_OCT32P", "<u2", count, 2), 65535.0)
        right = from_oct(features.array("NORMAL_RIGHT_OCT32P", "<u2", count, 2), 65535.0)
    elif features.json.get("EAST_NORTH_UP") is True:
        return np.swapaxes(_local_axes(moves), 1, 2)
    else:
        return np.broadcast_to(np.eye(3), (count, 3, 3))
    return np.stack([right, up, np.cross(right, up)], axis=2)


def _local_axes(moves: Float64Array) -> Float64Array:
    """East, north, up as rows at Earth-centred points, by the normal of the ellipsoid."""
    lon = np.arctan2(moves[:, 1], moves[:, 0])
    flat = np.hypot(moves[:, 0], moves[:, 1])
    # Bowring's formula, one step: exact to 1e-9 rad near the surface.
    b = EARTH_A_M * np.sqrt(1.0 - EARTH_E2)
    angle = np.arctan2(moves[:, 2] * EARTH_A_M, flat * b)
    ep2 = EARTH_E2 / (1.0 - EARTH_E2)
    lat = np.arctan2(
        moves[:, 2] + ep2 * b * np.sin(angle) ** 3,
        flat - EARTH_E2 * EARTH_A_M * np.cos(angle) ** 3,
    )
    return east_north_up(lon, lat)


def from_oct(stored: NDArray[Any], most: float) -> Float64Array:
    """(N, 3) unit vectors of octahedral pairs (Cigolle et al. 2014)."""
    x, y = (stored.astype(np.float64) / most * 2.0 - 1.0).T
    z = 1.0 - np.abs(x) - np.abs(y)
    under = z < 0
    folded_x = np.where(under, (1.0 - np.abs(y)) * np.where(x >= 0, 1.0, -1.0), x)
    folded_y = np.where(under, (1.0 - np.abs(x)) * np.where(y >= 0, 1.0, -1.0), y)
    vectors = np.column_stack([folded_x, folded_y, z])
    out: Float64Array = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return out
