"""Reads an imported city back with the plainest means: JSON, struct and numpy."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from twin.importing import planning
from twin.importing.job import import_city
from twin.importing.sources import import_sources

_TYPES = {5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}


def quiet(_fraction: float, _step: str) -> None:
    pass


def imported(source: str, folder: Path, *, branch_features: int = 0, **options: Any) -> Path:
    """Import in this process, with small branches if wanted."""
    before = planning.BRANCH_FEATURES
    planning.BRANCH_FEATURES = branch_features or before
    try:
        import_city(import_sources((source,), **options), folder, told=quiet, jobs=1)
    finally:
        planning.BRANCH_FEATURES = before
    return folder


@dataclass
class Node:
    """One tile with what stands above it resolved."""

    tile: dict[str, Any]
    folder: Path
    parent: Node | None
    depth: int

    @property
    def box(self) -> np.ndarray:
        """xmin ymin zmin xmax ymax zmax."""
        numbers = np.array(self.tile["boundingVolume"]["box"], float)
        half = np.abs(numbers[3:].reshape(3, 3)).sum(axis=0)
        return np.concatenate([numbers[:3] - half, numbers[:3] + half])

    @property
    def content(self) -> Path | None:
        uri = self.tile.get("content", {}).get("uri")
        return None if uri is None else self.folder / uri


def nodes(tileset: Path) -> list[Node]:
    """All tiles, through the tilesets inside; a tile whose content is a tileset is left out."""
    out: list[Node] = []

    def walk(tile: dict[str, Any], folder: Path, parent: Node | None) -> None:
        node = Node(tile, folder, parent, 0 if parent is None else parent.depth + 1)
        content = node.content
        if content is not None and content.suffix == ".json":
            walk(json.loads(content.read_bytes())["root"], content.parent, node)
        else:
            out.append(node)
        for child in tile.get("children", []):
            walk(child, folder, node)

    walk(json.loads(tileset.read_bytes())["root"], tileset.parent, None)
    return out


class Glb:
    """A binary glTF taken apart."""

    def __init__(self, path: Path) -> None:
        self.content = path.read_bytes()
        magic, version, length = struct.unpack_from("<4sII", self.content)
        assert (magic, version, length) == (b"glTF", 2, len(self.content))
        n_json, kind = struct.unpack_from("<I4s", self.content, 12)
        assert kind == b"JSON"
        assert n_json % 4 == 0
        self.json = json.loads(self.content[20 : 20 + n_json])
        n_bin, kind = struct.unpack_from("<I4s", self.content, 20 + n_json)
        assert kind == b"BIN\0"
        self.start = 28 + n_json
        assert n_bin == len(self.content) - self.start
        assert n_bin == self.json["buffers"][0]["byteLength"]

    def view(self, index: int) -> bytes:
        view = self.json["bufferViews"][index]
        begin = self.start + view["byteOffset"]
        return self.content[begin : begin + view["byteLength"]]

    def accessor(self, index: int) -> np.ndarray:
        one = self.json["accessors"][index]
        dtype, width = np.dtype(_TYPES[one["componentType"]]), _WIDTHS[one["type"]]
        view = self.json["bufferViews"][one["bufferView"]]
        stride = view.get("byteStride", dtype.itemsize * width)
        rows = np.frombuffer(self.view(one["bufferView"]), np.uint8)
        rows = rows[: one["count"] * stride].reshape(one["count"], stride)
        values = np.ascontiguousarray(rows[:, : dtype.itemsize * width]).view(dtype)
        return values if width > 1 else values[:, 0]

    @property
    def primitive(self) -> dict[str, Any]:
        return self.json["meshes"][0]["primitives"][0]

    def attribute(self, name: str) -> np.ndarray:
        return self.accessor(self.primitive["attributes"][name])

    def points(self) -> np.ndarray:
        """(P, 3) in the local frame: the two turns of the axes cancel."""
        node = self.json["nodes"][1]
        return self.attribute("POSITION") * np.array(node["scale"]) + np.array(node["translation"])

    def triangles(self) -> np.ndarray:
        return self.accessor(self.primitive["indices"]).reshape(-1, 3).astype(int)

    @property
    def table(self) -> dict[str, Any]:
        return self.json["extensions"]["EXT_structural_metadata"]["propertyTables"][0]

    def column(self, name: str) -> list[Any]:
        """Values of a property; kinds by their name."""
        facts, count = self.table["properties"][name], self.table["count"]
        if "stringOffsets" in facts:
            offsets = np.frombuffer(self.view(facts["stringOffsets"]), "<u4")
            assert len(offsets) == count + 1
            text = self.view(facts["values"])
            return [text[a:b].decode() for a, b in pairwise(offsets)]
        kinds = {"kind": "<u1", "row": "<u4", "merged": "<u4", "zmin": "<f4", "zmax": "<f4"}
        values = np.frombuffer(self.view(facts["values"]), kinds[name])
        assert len(values) == count
        if name != "kind":
            return values.tolist()
        schema = self.json["extensions"]["EXT_structural_metadata"]["schema"]
        names = {one["value"]: one["name"] for one in schema["enums"]["kind"]["values"]}
        return [names[value] for value in values.tolist()]
