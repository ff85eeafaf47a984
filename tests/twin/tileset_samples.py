"""Small 3D Tiles and glTF files made by hand, for tests."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

#: Two triangles of a unit square in the x-y plane of a z-up frame.
SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
SQUARE_TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]], np.uint16)

_COMPONENTS = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}


def y_up(xyz):
    """(x, y, z) z-up as a glTF writes it, y-up."""
    xyz = np.asarray(xyz)
    return np.column_stack([xyz[:, 0], xyz[:, 2], -xyz[:, 1]]).astype(xyz.dtype)


class GltfMaker:
    """Gathers accessors and objects; `glb` and `gltf` write them."""

    def __init__(self, **top):
        self.json = {
            "asset": {"version": "2.0"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
            "nodes": [{"mesh": 0}],
            "meshes": [],
            "accessors": [],
            "bufferViews": [],
            "buffers": [],
        }
        self.json.update(top)
        self.body = b""

    def view(self, content, **facts):
        """Append bytes; gives the number of the buffer view."""
        self.body += b"\0" * (-len(self.body) % 8)
        view = {"buffer": 0, "byteOffset": len(self.body), "byteLength": len(content), **facts}
        self.json["bufferViews"].append(view)
        self.body += content
        return len(self.json["bufferViews"]) - 1

    def accessor(self, values, **facts):
        """Append an array; gives the number of the accessor."""
        values = np.ascontiguousarray(values)
        flat = values.reshape(len(values), -1)
        number = self.view(values.tobytes())
        return self.describe(number, values.dtype, len(values), flat.shape[1], **facts)

    def describe(self, view, dtype, count, width, **facts):
        """Append an accessor over a view that is there."""
        described = {
            "componentType": _COMPONENTS[np.dtype(dtype).str[1:]],
            "count": count,
            "type": _TYPES[width],
            **facts,
        }
        if view is not None:
            described["bufferView"] = view
        self.json["accessors"].append(described)
        return len(self.json["accessors"]) - 1

    def mesh(self, *primitives):
        """Append a mesh."""
        self.json["meshes"].append({"primitives": list(primitives)})

    def square(self, **attributes):
        """Append a mesh of one unit square with further attributes (accessor numbers)."""
        self.mesh(
            {
                "attributes": {"POSITION": self.accessor(y_up(SQUARE)), **attributes},
                "indices": self.accessor(SQUARE_TRIANGLES.reshape(-1)),
            }
        )

    def glb(self):
        """The whole as GLB."""
        body = self.body + b"\0" * (-len(self.body) % 4)
        described = dict(self.json, buffers=[{"byteLength": len(body)}])
        text = json.dumps(described).encode()
        text += b" " * (-len(text) % 4)
        total = 12 + 8 + len(text) + 8 + len(body)
        return (
            struct.pack("<4sII", b"glTF", 2, total)
            + struct.pack("<I4s", len(text), b"JSON")
            + text
            + struct.pack("<I4s", len(body), b"BIN\0")
            + body
        )

    def gltf(self, uri):
        """The whole as JSON with its buffer at ``uri``."""
        described = dict(self.json, buffers=[{"byteLength": len(self.body), "uri": uri}])
        return json.dumps(described).encode()


def square_glb():
    """One unit square."""
    maker = GltfMaker()
    maker.square()
    return maker.glb()


def table_bytes(json_part, binary, pad=8):
    """JSON and binary of a feature or batch table, padded."""
    text = json.dumps(json_part).encode() if json_part else b""
    text += b" " * (-len(text) % pad)
    return text, binary + b"\0" * (-len(binary) % pad)


def tile(magic, features, feature_binary, batch, batch_binary, rest, gltf_format=None):
    """A b3dm, i3dm or pnts."""
    texts = [*table_bytes(features, feature_binary), *table_bytes(batch, batch_binary)]
    head = 28 if gltf_format is None else 32
    rest += b"\0" * (-len(rest) % 8) if gltf_format != 0 else b""
    total = head + sum(map(len, texts)) + len(rest)
    start = struct.pack("<4sII", magic, 1, total) + struct.pack("<4I", *map(len, texts))
    if gltf_format is not None:
        start += struct.pack("<I", gltf_format)
    return start + b"".join(texts) + rest


def composite(*tiles):
    """A cmpt."""
    body = b"".join(tiles)
    return struct.pack("<4sIII", b"cmpt", 1, 16 + len(body), len(tiles)) + body


BOX = {"box": [0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0.5, 0, 0, 0, 0.5]}


def tileset(root, **more):
    """The JSON of a tileset."""
    whole = {"asset": {"version": "1.1"}, "geometricError": 10, "root": root, **more}
    whole["root"] = {"boundingVolume": BOX, "geometricError": 1, "refine": "ADD", **root}
    return whole


def write_tileset(folder: Path, root, files=None, **more):
    """A tileset in a folder with its files; gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tileset.json").write_text(json.dumps(tileset(root, **more)))
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def never():
    """Never cancelled."""
    return False


def walk(source, node=None):
    """All nodes of a source, asking for hidden ones."""
    node = source.root if node is None else node
    yield node
    for child in source.expand(node) if node.has_more else node.children:
        yield from walk(source, child)


def corners(content):
    """(T, 3, 3) of all tiles of a content."""
    return np.concatenate([one.corners_local_m for one in content.tiles])


def kinds(warnings):
    """The kinds of warnings."""
    return {warning.kind for warning in warnings}
