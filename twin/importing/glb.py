"""Writes one tile as GLB: quantised mesh, feature ids, property table, baked colours."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from twin.arrays import Float32Array, Float64Array, UInt8Array, UInt32Array
from twin.city.asset import Surface
from twin.importing.welding import Welded
from twin.theme import load_theme, rgb_from_hex
from twin.tiles.light import LIGHT_STEPS
from twin.tiles.tile import LIGHT_MAX, LIGHT_SCALE

#: Cancels the turn from y-up to z-up that 3D Tiles prescribes for glTF, so that what follows is
#: in the tileset's own east-north-up frame.
_Y_UP_FROM_Z_UP = [1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1]
_FLOAT, _UBYTE, _SHORT, _USHORT, _UINT = 5126, 5121, 5122, 5123, 5125
_VERTICES, _INDICES = 34962, 34963


@dataclass(frozen=True, slots=True, kw_only=True)
class TileRows:
    """The property table of a tile, one row a feature id.

    Attributes
    ----------
    ids, names : Arrow string arrays without nulls
    kinds : (F,) uint8, index into ``kind_names``
    rows : (F,) uint32, row of ``features.parquet``
    z_min_m, z_max_m : (F,) float32, local
    merged : (F,) uint32, how many features each stands for
    """

    ids: pa.Array
    names: pa.Array
    kinds: UInt8Array
    kind_names: tuple[str, ...]
    rows: UInt32Array
    z_min_m: Float32Array
    z_max_m: Float32Array
    merged: UInt32Array

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(slots=True)
class Binary:
    """The binary chunk of a glTF under way; every view starts at a multiple of eight."""

    parts: list[bytes] = field(default_factory=list)
    views: list[dict[str, Any]] = field(default_factory=list)
    length: int = 0

    def add(self, content: bytes, **facts: int) -> int:
        """Append a view; gives its index."""
        self.views.append(
            {"buffer": 0, "byteOffset": self.length, "byteLength": len(content), **facts}
        )
        padding = -len(content) % 8
        self.parts += [content, bytes(padding)]
        self.length += len(content) + padding
        return len(self.views) - 1


def glb_bytes(mesh: Welded, table: TileRows, level: int) -> bytes:
    """One tile as a binary glTF 2.0 file. See ``docs`` for the form.

    Parameters
    ----------
    mesh : at least one triangle
    level : 0 = full detail
    """
    binary = Binary()
    accessors, attributes, indices = _mesh(binary, mesh)
    gltf = {
        "asset": {
            "version": "2.0",
            "generator": "Civitwin",
            "extras": {"civitwin": {"level": level}},
        },
        "extensionsUsed": [
            "EXT_mesh_features",
            "EXT_structural_metadata",
            "KHR_materials_unlit",
            "KHR_mesh_quantization",
        ],
        "extensionsRequired": ["KHR_mesh_quantization"],
        "extensions": {"EXT_structural_metadata": _metadata(binary, table)},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [
            {"matrix": _Y_UP_FROM_Z_UP, "children": [1]},
            {
                "mesh": 0,
                "translation": mesh.centre_local_m.tolist(),
                "scale": mesh.steps_m.tolist(),
            },
        ],
        "materials": [
            {
                "extensions": {"KHR_materials_unlit": {}},
                "pbrMetallicRoughness": {"metallicFactor": 0},
            }
        ],
        "meshes": [
            {
                "primitives": [
                    {
                        "attributes": attributes,
                        "indices": indices,
                        "material": 0,
                        "mode": 4,
                        "extensions": {
                            "EXT_mesh_features": {
                                "featureIds": [
                                    {
                                        "featureCount": len(table),
                                        "attribute": 0,
                                        "propertyTable": 0,
                                    }
                                ]
                            }
                        },
                    }
                ]
            }
        ],
        "accessors": accessors,
    }
    return container(gltf, binary)


def y_up_from_z_up() -> list[int]:
    """Matrix of the node that undoes the y-up to z-up of 3D Tiles."""
    return list(_Y_UP_FROM_Z_UP)


def container(gltf: dict[str, Any], binary: Binary) -> bytes:
    """The file of a glTF and its one buffer."""
    whole = {
        **gltf,
        "bufferViews": binary.views,
        "buffers": [{"byteLength": binary.length}],
    }
    return _container(msgspec.json.encode(whole), b"".join(binary.parts))


def _container(text: bytes, binary: bytes) -> bytes:
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(binary)
    return b"".join(
        [
            struct.pack("<4sII", b"glTF", 2, total),
            struct.pack("<I4s", len(text), b"JSON"),
            text,
            struct.pack("<I4s", len(binary), b"BIN\0"),
            binary,
        ]
    )


def _mesh(binary: Binary, mesh: Welded) -> tuple[list[dict[str, Any]], dict[str, int], int]:
    """Views and accessors of the primitive."""
    n = len(mesh.positions)
    padded = np.zeros((n, 4), "<i2")
    padded[:, :3] = mesh.positions
    index_type = "<u2" if n <= 65_535 else "<u4"
    views = [
        binary.add(padded.tobytes(), byteStride=8, target=_VERTICES),
        binary.add(mesh.features.astype("<f4").tobytes(), target=_VERTICES),
        binary.add(mesh.code_light.astype("<f4").tobytes(), target=_VERTICES),
        binary.add(baked_colours(mesh.code_light).tobytes(), target=_VERTICES),
        binary.add(mesh.triangles.astype(index_type).tobytes(), target=_INDICES),
    ]
    accessors: list[dict[str, Any]] = [
        {
            "bufferView": views[0],
            "componentType": _SHORT,
            "count": n,
            "type": "VEC3",
            "min": [int(mesh.positions[:, axis].min()) for axis in range(3)],
            "max": [int(mesh.positions[:, axis].max()) for axis in range(3)],
        },
        {"bufferView": views[1], "componentType": _FLOAT, "count": n, "type": "SCALAR"},
        {"bufferView": views[2], "componentType": _FLOAT, "count": n, "type": "SCALAR"},
        {
            "bufferView": views[3],
            "componentType": _UBYTE,
            "count": n,
            "type": "VEC4",
            "normalized": True,
        },
        {
            "bufferView": views[4],
            "componentType": _USHORT if index_type == "<u2" else _UINT,
            "count": mesh.triangles.size,
            "type": "SCALAR",
        },
    ]
    attributes = {"POSITION": 0, "_FEATURE_ID_0": 1, "_CODE_LIGHT": 2, "COLOR_0": 3}
    return accessors, attributes, 4


def _metadata(binary: Binary, table: TileRows) -> dict[str, Any]:
    properties: dict[str, dict[str, int]] = {}
    for name, texts in (("id", table.ids), ("name", table.names)):
        offsets, text = _string_buffers(texts)
        properties[name] = {"values": binary.add(text), "stringOffsets": binary.add(offsets)}
    for name, values, dtype in (
        ("kind", table.kinds, "<u1"),
        ("row", table.rows, "<u4"),
        ("zmin", table.z_min_m, "<f4"),
        ("zmax", table.z_max_m, "<f4"),
        ("merged", table.merged, "<u4"),
    ):
        properties[name] = {"values": binary.add(np.asarray(values).astype(dtype).tobytes())}
    return {
        "schema": _schema(table.kind_names),
        "propertyTables": [
            {"name": "features", "class": "feature", "count": len(table), "properties": properties}
        ],
    }


@lru_cache(maxsize=64)
def _schema(kind_names: tuple[str, ...]) -> dict[str, Any]:
    values = [{"name": name, "value": code} for code, name in enumerate(kind_names)]

    def scalar(kind: str, text: str) -> dict[str, str]:
        return {"type": "SCALAR", "componentType": kind, "description": text}

    return {
        "id": "civitwin",
        "enums": {"kind": {"name": "Kind", "valueType": "UINT8", "values": values}},
        "classes": {
            "feature": {
                "name": "Feature",
                "properties": {
                    "id": {"type": "STRING", "description": "Id in the source"},
                    "name": {"type": "STRING", "description": "What people call it"},
                    "kind": {"type": "ENUM", "enumType": "kind"},
                    "row": scalar("UINT32", "Row of features.parquet"),
                    "zmin": scalar("FLOAT32", "Lowest point, metres in the local frame"),
                    "zmax": scalar("FLOAT32", "Highest point, metres in the local frame"),
                    "merged": scalar("UINT32", "How many features it stands for"),
                },
            }
        },
    }


def _string_buffers(texts: pa.Array) -> tuple[bytes, bytes]:
    """Offsets (uint32, starting at 0) and bytes of an Arrow string array without nulls."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :][: len(texts) + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    content = texts.buffers()[2]
    text = b"" if content is None else content[first:last].to_pybytes()
    # A view of no bytes is not allowed, so empty texts keep one that no offset reaches.
    return (offsets - first).astype("<u4").tobytes(), text or b"\0"


def baked_colours(code_light: Float32Array) -> UInt8Array:
    """(P, 4) colours for other viewers, linear light: the light theme's shade times the light."""
    codes = code_light.astype(np.int64)
    steps = np.round((code_light - codes) * (LIGHT_STEPS / LIGHT_SCALE)).astype(np.int64)
    table = _shades()
    flat = table[codes * (LIGHT_STEPS + 1) + np.clip(steps, 0, LIGHT_STEPS)]
    return flat.view(np.uint8).reshape(-1, 4)


@lru_cache(maxsize=1)
def _shades() -> NDArray[np.uint32]:
    """(12 * (LIGHT_STEPS + 1),) RGBA of each surface in each light."""
    theme = load_theme("light").surface
    shades = np.array([rgb_from_hex(theme[surface.name.lower()]) for surface in Surface])
    light = np.arange(LIGHT_STEPS + 1) / LIGHT_STEPS * LIGHT_MAX
    rgb = _linear_from_srgb(np.clip(shades[:, None, :] * light[None, :, None], 0.0, 1.0))
    rgba = np.concatenate([rgb, np.ones((*rgb.shape[:2], 1))], axis=2)
    return np.ascontiguousarray(np.round(rgba * 255.0).astype(np.uint8)).view(np.uint32).reshape(-1)


def _linear_from_srgb(srgb: Float64Array) -> Float64Array:
    """IEC 61966-2-1."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
