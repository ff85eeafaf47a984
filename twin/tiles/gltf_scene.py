"""The triangles and points of a glTF: nodes, instances, primitives of every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float64Array
from twin.tiles.gltf import Gltf, extension_of
from twin.tiles.gltf_accessors import Primitive, numbers
from twin.tiles.gltf_features import Batch, GltfFeatures
from twin.tiles.tileset_parts import (
    MAX_TRIANGLES,
    MeshPart,
    PointPart,
    RawContent,
    instanced,
)

#: Most uses of nodes in one glTF.
MAX_NODES = 100_000
_POINTS, _LINES, _TRIANGLES, _STRIP, _FAN = 0, 1, 4, 5, 6
_INSTANCING, _INSTANCE_FEATURES = "EXT_mesh_gpu_instancing", "EXT_instance_features"

#: To z up, from the axis that is up in the file (glTF: y; old tilesets may say otherwise).
_TO_Z_UP = {
    "X": np.array([[0, 0, -1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]], np.float64),
    "Y": np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], np.float64),
    "Z": np.eye(4),
}


def decode_gltf(
    content: bytes,
    raw: RawContent,
    *,
    key: str,
    fetch: Callable[[object], bytes],
    up_axis: str = "Y",
    outer: Float64Array | None = None,
    batch: Batch | None = None,
) -> None:
    """Add the triangles and points of a glTF to the content.

    Parameters
    ----------
    key : names its features when the file does not
    fetch : bytes of an outer buffer's URI
    outer : (4, 4) from its frame (z up) to the content's, None = the same
    batch : feature rows of the b3dm around it

    Raises
    ------
    ValueError
        It breaks the format; the reason is a short clause.
    """
    gltf = Gltf(content, fetch, raw.tally)
    features = GltfFeatures(gltf, raw, key, fetch, batch)
    start = _TO_Z_UP.get(up_axis, _TO_Z_UP["Y"])
    centre = gltf.extension("CESIUM_RTC").get("center")
    if centre is not None:
        start = translation(np.array(centre, np.float64)) @ start
    if outer is not None:
        start = outer @ start
    meshes: dict[int, list[MeshPart | PointPart]] = {}
    for node, matrix in _nodes(gltf, start):
        number = node.get("mesh")
        if number is None:
            continue
        if number not in meshes:
            meshes[number] = _mesh(gltf, number, features, raw)
        _use(gltf, node, meshes[number], matrix, features, raw)


def translation(xyz: Float64Array) -> Float64Array:
    """(4, 4) that moves by (3,)."""
    if xyz.shape != (3,) or not np.isfinite(xyz).all():
        raise ValueError("a relative-to-centre point has not 3 numbers")
    matrix = np.eye(4)
    matrix[:3, 3] = xyz
    return matrix


def _nodes(gltf: Gltf, start: Float64Array) -> list[tuple[Mapping[str, Any], Float64Array]]:
    """All nodes of the scene with their (4, 4) to the content's frame."""
    found: list[tuple[Mapping[str, Any], Float64Array]] = []
    waiting = [(number, start) for number in _roots(gltf)]
    seen: set[int] = set()
    while waiting:
        number, above = waiting.pop()
        node = gltf.item("nodes", number)
        if number in seen or len(seen) >= MAX_NODES:
            raise ValueError("its glTF has nodes in a circle, or far too many")
        seen.add(number)
        matrix = above @ _node_matrix(node)
        found.append((node, matrix))
        children = node.get("children", ())
        waiting += [(child, matrix) for child in (children if isinstance(children, list) else ())]
    return found


def _roots(gltf: Gltf) -> list[int]:
    scenes = gltf.items("scenes")
    if scenes:
        return list(gltf.item("scenes", gltf.json.get("scene", 0)).get("nodes", ()))
    children = {child for node in gltf.items("nodes") for child in (node.get("children") or ())}
    return [number for number in range(len(gltf.items("nodes"))) if number not in children]


def _node_matrix(node: Mapping[str, Any]) -> Float64Array:
    told = node.get("matrix")
    if told is None and node.keys().isdisjoint(("translation", "rotation", "scale")):
        return _TO_Z_UP["Z"]
    if told is not None:
        matrix: Float64Array = np.array(told, np.float64)
        if matrix.shape != (16,) or not np.isfinite(matrix).all():
            raise ValueError("a node of its glTF has no sound matrix")
        return matrix.reshape(4, 4).T
    matrix = transforms(
        np.array([node.get("translation", (0, 0, 0))], np.float64),
        np.array([node.get("rotation", (0, 0, 0, 1))], np.float64),
        np.array([node.get("scale", (1, 1, 1))], np.float64),
    )[0]
    if not np.isfinite(matrix).all():
        raise ValueError("a node of its glTF has no sound place")
    return matrix


def transforms(
    moves: Float64Array, quaternions: Float64Array, scales: Float64Array
) -> Float64Array:
    """(N, 4, 4) from translations (N, 3), rotations (N, 4) as x y z w, and scales (N, 3)."""
    lengths = np.linalg.norm(quaternions, axis=1, keepdims=True)
    x, y, z, w = (quaternions / np.where(lengths > 0, lengths, 1.0)).T
    turn = np.empty((len(moves), 3, 3))
    turn[:, 0] = np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], 1)
    turn[:, 1] = np.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], 1)
    turn[:, 2] = np.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], 1)
    out = np.zeros((len(moves), 4, 4))
    out[:, :3, :3] = turn * scales[:, None, :]
    out[:, :3, 3] = moves
    out[:, 3, 3] = 1.0
    return out


def _use(
    gltf: Gltf,
    node: Mapping[str, Any],
    parts: list[MeshPart | PointPart],
    matrix: Float64Array,
    features: GltfFeatures,
    raw: RawContent,
) -> None:
    """Add a mesh where a node puts it, once or as instances."""
    packed = extension_of(node, _INSTANCING)
    if packed is None:
        flips = float(np.linalg.det(matrix[:3, :3])) < 0
        for part in parts:
            if isinstance(part, PointPart):
                raw.add_points(replace(part, matrix=matrix))
            else:
                faces = part.triangles[:, ::-1] if flips else part.triangles
                raw.add_mesh(replace(part, matrix=matrix, triangles=faces))
        return
    n_triangles = sum(len(part.triangles) for part in parts if isinstance(part, MeshPart))
    matrices, rows = _instances(gltf, node, packed, features, n_triangles)
    for part in parts:
        if isinstance(part, PointPart) or part.code_light is not None:
            raw.tally.add("instanced-points", "Instanced points and lines are not drawn")
        else:
            raw.add_mesh(instanced(part, matrix @ matrices, rows))


def _instances(
    gltf: Gltf,
    node: Mapping[str, Any],
    packed: Mapping[str, Any],
    features: GltfFeatures,
    n_triangles: int,
) -> tuple[Float64Array, NDArray[Any] | None]:
    """Matrices (I, 4, 4) and feature rows (I,) of a node's instances."""
    told = packed.get("attributes")
    named: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    for number in named.values():
        if gltf.item("accessors", number).get("count", 0) * max(n_triangles, 1) > MAX_TRIANGLES:
            raise ValueError(f"instances in a tile make over {MAX_TRIANGLES:,} triangles")

    def attribute(name: str) -> NDArray[Any] | None:
        return numbers(gltf, named[name]).astype(np.float64) if name in named else None

    moves, turns, scales = (attribute(name) for name in ("TRANSLATION", "ROTATION", "SCALE"))
    counts = {len(found) for found in (moves, turns, scales) if found is not None}
    if len(counts) != 1:
        raise ValueError("instances of its glTF have no single count")
    count = counts.pop()
    matrices = transforms(
        np.zeros((count, 3)) if moves is None else moves,
        np.tile([0.0, 0.0, 0.0, 1.0], (count, 1)) if turns is None else turns,
        np.ones((count, 3)) if scales is None else scales,
    )
    described = extension_of(node, _INSTANCE_FEATURES)
    rows = None if described is None else features.of_instances(described, attribute, count)
    return matrices, rows


def _mesh(
    gltf: Gltf, number: object, features: GltfFeatures, raw: RawContent
) -> list[MeshPart | PointPart]:
    parts = []
    for described in gltf.item("meshes", number).get("primitives", ()):
        if isinstance(described, Mapping) and (part := _primitive(gltf, described, features, raw)):
            parts.append(part)
    return parts


def _primitive(
    gltf: Gltf, described: Mapping[str, Any], features: GltfFeatures, raw: RawContent
) -> MeshPart | PointPart | None:
    primitive = Primitive(gltf, described)
    positions = primitive.attribute("POSITION")
    if positions is None or positions.shape[1] != 3:
        raw.tally.add("no-positions", "Primitives without positions were left out")
        return None
    mode = described.get("mode", _TRIANGLES)
    if mode == _POINTS:
        kinds = primitive.attribute("_CLASSIFICATION")
        return PointPart(
            positions=positions,
            matrix=np.eye(4),
            rgb=primitive.colours(),
            classes=None if kinds is None else kinds[:, 0].astype(np.uint8),
            features=features.of_vertices(primitive, len(positions)),
        )
    light = primitive.attribute("_CODE_LIGHT")
    indices = primitive.indices()
    if indices is None:
        indices = np.arange(len(positions), dtype=np.uint32)
    if light is not None and mode == _LINES:
        triangles, lines = np.empty((0, 3), np.uint32), indices[: len(indices) // 2 * 2]
    elif mode in (_TRIANGLES, _STRIP, _FAN):
        triangles, lines = triangle_list(indices, mode), None
    else:
        raw.tally.add("lines", "Lines are not drawn")
        return None
    return MeshPart(
        positions=positions,
        triangles=triangles,
        matrix=np.eye(4),
        features=features.of_vertices(primitive, len(positions)),
        code_light=None if light is None else light[:, 0].astype(np.float32),
        lines=None if lines is None else lines.reshape(-1, 2),
    )


def triangle_list(indices: NDArray[Any], mode: int) -> NDArray[Any]:
    """(T, 3) of the indices of a list, strip or fan (glTF 2.0, section 3.7.2.1)."""
    if mode == _TRIANGLES:
        return indices[: len(indices) // 3 * 3].reshape(-1, 3)
    if len(indices) < 3:
        return np.empty((0, 3), indices.dtype)
    if mode == _FAN:
        first = np.broadcast_to(indices[0], len(indices) - 2)
        return np.column_stack([first, indices[1:-1], indices[2:]])
    triangles = np.column_stack([indices[:-2], indices[1:-1], indices[2:]])
    triangles[1::2] = triangles[1::2, [1, 0, 2]]
    return triangles
