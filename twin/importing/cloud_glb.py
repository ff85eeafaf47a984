"""Points of a tile as a binary glTF 2.0 file: places on a 16-bit grid, colours, classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.arrays import UInt8Array
from twin.importing.glb import Binary, container, y_up_from_z_up

_GRID = 32_767
_LEAST_STEP_M = 1e-4
_VERTICES = 34_962
_SHORT, _BYTE = 5122, 5121


def cloud_glb(
    xyz_local_m: NDArray[np.float32], rgb: UInt8Array, kinds: UInt8Array, level: int
) -> bytes:
    """One tile.

    Parameters
    ----------
    xyz_local_m : (n, 3), at least one point
    rgb : (n, 3); kinds : (n,) ASPRS classes, 0 = unknown
    """
    n = len(xyz_local_m)
    low = xyz_local_m.min(axis=0).astype(np.float64)
    high = xyz_local_m.max(axis=0).astype(np.float64)
    centre, steps = (low + high) / 2, np.maximum((high - low) / 2 / _GRID, _LEAST_STEP_M)
    places = np.zeros((n, 4), "<i2")
    places[:, :3] = np.rint((xyz_local_m - centre) / steps)
    colours = np.full((n, 4), 255, np.uint8)
    colours[:, :3] = rgb
    classes = np.zeros((n, 4), np.uint8)
    classes[:, 0] = kinds
    binary = Binary()
    views = [
        binary.add(places.tobytes(), byteStride=8, target=_VERTICES),
        binary.add(colours.tobytes(), byteStride=4, target=_VERTICES),
        binary.add(classes.tobytes(), byteStride=4, target=_VERTICES),
    ]
    accessors = [
        {
            "bufferView": views[0], "componentType": _SHORT, "count": n, "type": "VEC3",
            "min": places[:, :3].min(axis=0).tolist(), "max": places[:, :3].max(axis=0).tolist(),
        },
        {
            "bufferView": views[1], "componentType": _BYTE, "normalized": True, "count": n,
            "type": "VEC4",
        },
        {"bufferView": views[2], "componentType": _BYTE, "count": n, "type": "SCALAR"},
    ]  # fmt: skip
    gltf = {
        "asset": {
            "version": "2.0",
            "generator": "Civitwin",
            "extras": {"civitwin": {"level": level}},
        },
        "extensionsUsed": ["KHR_materials_unlit", "KHR_mesh_quantization"],
        "extensionsRequired": ["KHR_mesh_quantization"],
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [
            {"matrix": y_up_from_z_up(), "children": [1]},
            {"mesh": 0, "translation": centre.tolist(), "scale": steps.tolist()},
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
                        "attributes": {"POSITION": 0, "COLOR_0": 1, "_CLASSIFICATION": 2},
                        "material": 0,
                        "mode": 0,
                    }
                ]
            }
        ],
        "accessors": accessors,
    }
    return container(gltf, binary)
