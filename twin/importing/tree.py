"""The tree of tiles, and its ``tileset.json`` files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

#: Boxes are drawn this much larger, so that 16-bit rounding stays inside.
_MARGIN_M = 0.05


class TileNode(msgspec.Struct, kw_only=True):
    """One node: a box, an error, a content, and what is below.

    Attributes
    ----------
    bounds : xmin ymin zmin xmax ymax zmax, local frame, children included
    error_m : geometric error, 0 for full detail
    uri : of the content, relative to the tileset file; "" = none
    node : name of its square
    level : 0 = full detail
    n_triangles : of the content
    adds : its children are drawn beside it, not in its place
    """

    bounds: list[float]
    error_m: float
    n_triangles: int
    uri: str = ""
    node: str = ""
    level: int = 0
    adds: bool = False
    children: list[TileNode] = []

    def walk(self) -> Iterator[TileNode]:
        """Itself and all nodes below."""
        yield self
        for child in self.children:
            yield from child.walk()


def json_of(tile: TileNode) -> dict[str, Any]:
    """A tile as 3D Tiles 1.1 writes it."""
    low, high = tile.bounds[:3], tile.bounds[3:]
    middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    half = [(b - a) / 2 + _MARGIN_M for a, b in zip(low, high, strict=True)]
    box = [*middle, half[0], 0, 0, 0, half[1], 0, 0, 0, half[2]]
    out: dict[str, Any] = {
        "boundingVolume": {"box": [round(value, 3) for value in box]},
        "geometricError": tile.error_m,
        "refine": "ADD" if tile.adds else "REPLACE",
    }
    if tile.uri:
        out["content"] = {"uri": tile.uri}
    if tile.children:
        out["children"] = [json_of(child) for child in tile.children]
    return out


def _size_m(tile: TileNode) -> float:
    """How much is missing where a tileset is not drawn at all: the diagonal of what is in it.

    Other viewers leave a whole tileset out while this error is small on the screen.
    """
    return math.dist(tile.bounds[:3], tile.bounds[3:])


def write_tileset(
    path: Path,
    root: TileNode,
    *,
    transform: list[float] | None = None,
    extras: dict[str, Any] | None = None,
) -> int:
    """Write a tileset file; gives its size in bytes."""
    tile = json_of(root)
    if transform is not None:
        tile["transform"] = transform
    asset: dict[str, Any] = {"version": "1.1"}
    if extras is not None:
        asset["extras"] = {"civitwin": extras}
    tileset = {
        "asset": asset,
        "geometricError": round(max(2.0 * root.error_m, _size_m(root)), 3),
        "root": tile,
    }
    content = msgspec.json.encode(tileset)
    path.write_bytes(content)
    return len(content)
