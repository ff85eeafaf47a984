"""The levels of a tileset above its branches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from twin.errors import TwinError
from twin.importing.coarse import Coarse, combined
from twin.importing.morton import Node
from twin.importing.summary import read_summary
from twin.importing.tile_table import Table, TileWriter, joined_tables
from twin.importing.tree import TileNode

TILESET, TILES, TOP = "tileset.json", "tiles", "top"


def top_levels(
    root: Node, drawn: Mapping[Node, TileNode], summaries: Path, writer: TileWriter
) -> TileNode:
    """The tree above the branches, whose contents are written by `writer`.

    A lone branch becomes the tree itself; several stay tilesets of their own, so that opening
    the city reads little.

    Parameters
    ----------
    drawn : tree of each branch, at least one
    summaries : folder with what the branches keep
    """
    below: dict[Node, Coarse] = {}
    tables: list[Table] = []
    n_told = 0
    for node, tile in drawn.items():
        coarse, table = read_summary(summaries / node.name, tile, n_told)
        if table is not None:
            tables.append(table)
            n_told += len(table.rows)
        own = _inside(tile, node.name) if len(drawn) == 1 else _outside(tile, node.name)
        below[node] = Coarse(tile=own, boxes=coarse.boxes, raster=coarse.raster)
    told = joined_tables(tables) if tables else _no_table()
    top = _over(root, below, told, writer, is_root=True)
    if not top:
        raise TwinError("There is nothing to import: no source has a surface that can be drawn")
    return top[0].tile


def _over(
    node: Node,
    below: Mapping[Node, Coarse],
    table: Table,
    writer: TileWriter,
    *,
    is_root: bool = False,
) -> list[Coarse]:
    """What stands for a square: its branch, or what is combined of those inside it."""
    if node in below:
        return [below[node]]
    if not any(node.first <= one.first < node.end for one in below):
        return []
    there = [one for child in node.children() for one in _over(child, below, table, writer)]
    made = combined(node, there, table, writer, is_root=is_root)
    if made is not there and made[0].tile.uri:
        made[0].tile.uri = f"{TILES}/{TOP}/{made[0].tile.uri}"
    return made


def _inside(tile: TileNode, name: str) -> TileNode:
    """The branch itself, with contents counted from the city's folder."""
    moved: TileNode = msgspec.convert(msgspec.to_builtins(tile), TileNode)
    for one in moved.walk():
        one.uri = f"{TILES}/{name}/{one.uri}" if one.uri else ""
    return moved


def _outside(tile: TileNode, name: str) -> TileNode:
    """A node that stands for the branch's own tileset file."""
    return TileNode(
        bounds=tile.bounds,
        error_m=tile.error_m,
        uri=f"{TILES}/{name}/{TILESET}",
        node=tile.node,
        level=tile.level,
        n_triangles=tile.n_triangles,
    )


def _no_table() -> Table:
    blank = pa.array([], pa.string())
    return Table(
        ids=blank,
        names=blank,
        kinds=np.zeros(0, np.uint8),
        rows=np.zeros(0, np.int64),
        z_m=np.zeros((0, 2), np.float32),
    )
