"""Implicit tiling: nodes of a quadtree or octree, made subtree by subtree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.tally import Tally
from twin.tiles.bounding import boxes_of_regions
from twin.tiles.subtree import Subtree, read_subtree
from twin.tiles.tileset_frame import TilesetFrame
from twin.tiles.tileset_node import ContentLink, ImplicitPlace, TilesetNode, is_tileset_uri
from twin.tiles.tileset_tree import to_local

_BRANCHING = {"QUADTREE": 4, "OCTREE": 8}
#: Deeper than this no coordinate of a tile is exact any more.
_MAX_LEVELS = 40
#: From west south low east north high to the order of a region.
_REGION_ORDER = np.array([0, 1, 3, 4, 2, 5])

#: Bytes of a URI the tileset names, and how to get what that file names in turn.
Opened = Callable[[str], tuple[bytes, Callable[[object], bytes]]]


def expand_implicit(
    node: TilesetNode, opened: Opened, frame: TilesetFrame, tally: Tally
) -> list[TilesetNode]:
    """The tiles of the subtree behind a node, as a tree; the root of the subtree first.

    Raises
    ------
    ValueError
        The tiling or its subtree breaks the format; the reason is a short clause.
    """
    place = node.implicit
    if place is None:
        return []
    branching, levels, available = _rules(place.tiling)
    template = _text(place.tiling.get("subtrees"), "uri")
    uri = fill(template, place.level, place.at)
    levels = min(levels, max(available - place.level, 1))
    content, fetch = opened(uri)
    subtree = read_subtree(
        content,
        fetch,
        branching=branching,
        levels=levels,
        schema=node.document.schema,
        tally=tally,
    )
    if not subtree.tiles[0]:
        return []
    return _nodes(node, place, subtree, branching, levels, frame, available)


def fill(template: str, level: int, at: tuple[int, int, int]) -> str:
    """A URI template with its variables filled in."""
    named = {"level": level, "x": at[0], "y": at[1], "z": at[2]}
    for name, value in named.items():
        template = template.replace(f"{{{name}}}", str(value))
    return template


def _rules(tiling: Mapping[str, Any]) -> tuple[int, int, int]:
    """Branching, levels a subtree, levels in all."""
    branching = _BRANCHING.get(str(tiling.get("subdivisionScheme")))
    levels = tiling.get("subtreeLevels")
    available = tiling.get("availableLevels", tiling.get("maximumLevel"))
    if "availableLevels" not in tiling and type(available) is int:
        available += 1
    if branching is None:
        raise ValueError("an implicit tiling is neither QUADTREE nor OCTREE")
    if type(levels) is not int or type(available) is not int or levels < 1 or available < 1:
        raise ValueError("an implicit tiling has no sound number of levels")
    if levels > _MAX_LEVELS or available > _MAX_LEVELS:
        raise ValueError(f"an implicit tiling has over {_MAX_LEVELS} levels")
    return branching, levels, available


def _text(owner: object, name: str) -> str:
    text = owner.get(name) if isinstance(owner, Mapping) else None
    if not isinstance(text, str) or not text:
        raise ValueError("an implicit tiling does not say where its subtrees are")
    return text


def morton(count: int, dimensions: int) -> Int64Array:
    """(count, 3) x, y, z of the first ``count`` Morton numbers in 2 or 3 dimensions."""
    numbers = np.arange(count, dtype=np.int64)
    out = np.zeros((count, 3), np.int64)
    for bit in range(_MAX_LEVELS):
        if count <= 1 << (bit * dimensions):
            break
        for axis in range(dimensions):
            out[:, axis] |= ((numbers >> (bit * dimensions + axis)) & 1) << bit
    return out


def _nodes(
    node: TilesetNode,
    place: ImplicitPlace,
    subtree: Subtree,
    branching: int,
    levels: int,
    frame: TilesetFrame,
    available: int,
) -> list[TilesetNode]:
    dimensions = 2 if branching == 4 else 3
    cells = morton(branching ** (levels - 1) * branching, dimensions)
    tile_numbers = np.cumsum(subtree.tiles) - 1
    below: dict[int, list[TilesetNode]] = {}
    if place.level + levels < available:
        below = _further(node, place, subtree, cells, levels, frame)
    for step in range(levels - 1, -1, -1):
        first = (branching**step - 1) // (branching - 1)
        rows = np.flatnonzero(subtree.tiles[first : first + branching**step])
        at = cells[rows] + np.array(place.at) * (1 << step)
        at[:, dimensions:] = 0
        centres, axes, errors = _placed(place, place.level + step, at, dimensions, frame)
        level_nodes: dict[int, list[TilesetNode]] = {}
        for number, row in enumerate(rows.tolist()):
            made = _node(
                node,
                place,
                centres[number],
                axes[number],
                float(errors[number]),
                place.level + step,
                (int(at[number, 0]), int(at[number, 1]), int(at[number, 2])),
                [bool(kept[first + row]) for kept in subtree.contents],
                tuple(below.get(row, ())),
                _attributes(subtree, int(tile_numbers[first + row])),
            )
            level_nodes.setdefault(row // branching, []).append(made)
        below = level_nodes
    return below.get(0, [])


def _attributes(subtree: Subtree, number: int) -> dict[str, str | float]:
    out: dict[str, str | float] = {}
    for name, column in subtree.tile_columns.items():
        value = column[number]
        if value is not None and value == value:  # NaN is not itself
            out[name] = value
    return out


def _further(
    node: TilesetNode,
    place: ImplicitPlace,
    subtree: Subtree,
    cells: Int64Array,
    levels: int,
    frame: TilesetFrame,
) -> dict[int, list[TilesetNode]]:
    """Nodes that stand for subtrees below, by the row of their parent in the last level."""
    dimensions = 2 if len(cells) == 4**levels else 3
    rows = np.flatnonzero(subtree.children)
    at = cells[rows] + np.array(place.at) * (1 << levels)
    at[:, dimensions:] = 0
    level = place.level + levels
    centres, axes, errors = _placed(place, level, at, dimensions, frame)
    out: dict[int, list[TilesetNode]] = {}
    for number, row in enumerate(rows.tolist()):
        cell = (int(at[number, 0]), int(at[number, 1]), int(at[number, 2]))
        made = replace(
            node,
            centre_local_m=centres[number],
            half_axes_local_m=axes[number],
            # Drawn is what the subtree's own root says; this node only leads there.
            geometric_error_m=float(errors[number]) * 2.0,
            contents=(),
            children=(),
            has_more=True,
            key=_key(level, cell),
            links=(),
            external=(),
            hidden_children=(),
            implicit=replace(place, level=level, at=cell),
            attributes={},
        )
        out.setdefault(row // (2**dimensions), []).append(made)
    return out


def _key(level: int, at: tuple[int, int, int]) -> str:
    return f"level {level}, x {at[0]}, y {at[1]}, z {at[2]}"


def _placed(
    place: ImplicitPlace, level: int, at: Int64Array, dimensions: int, frame: TilesetFrame
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Boxes of cells (N, 3) of a level in the local frame, and their geometric errors."""
    parts = np.ones(3)
    parts[:dimensions] = 0.5**level
    if place.volume.region is not None:
        west, south, east, north, low, high = place.volume.region
        if east < west:
            east += 2 * np.pi
        start = np.array([west, south, low])
        size = np.array([east - west, north - south, high - low]) * parts
        lowest = start + at * size
        centres, axes = boxes_of_regions(np.column_stack([lowest, lowest + size])[:, _REGION_ORDER])
    else:
        middle = (2 * at + 1) * parts - 1.0
        centres = place.volume.centre_m + middle @ place.volume.half_axes_m
        axes = np.broadcast_to(place.volume.half_axes_m * parts[:, None], (len(at), 3, 3)).copy()
    in_ecef = np.full(len(at), place.volume.region is not None)
    errors = np.full(len(at), place.geometric_error_m * 0.5**level)
    centres, axes, _ = to_local(frame, centres, axes, in_ecef, errors)
    return centres, axes, errors


def _node(
    node: TilesetNode,
    place: ImplicitPlace,
    centre: Float64Array,
    half_axes: Float64Array,
    error_m: float,
    level: int,
    at: tuple[int, int, int],
    has_content: list[bool],
    below: tuple[TilesetNode, ...],
    attributes: Mapping[str, str | float],
) -> TilesetNode:
    links = tuple(
        ContentLink(uri=fill(link.uri, level, at), group=link.group, metadata=link.metadata)
        for link, is_there in zip(place.links, has_content, strict=False)
        if is_there
    )
    external = tuple(link.uri for link in links if is_tileset_uri(link.uri))
    drawn = tuple(link for link in links if not is_tileset_uri(link.uri))
    return TilesetNode(
        centre_local_m=centre,
        half_axes_local_m=half_axes,
        geometric_error_m=error_m,
        is_additive=node.is_additive,
        contents=tuple(link.uri for link in drawn),
        children=() if external else below,
        has_more=bool(external),
        key=_key(level, at),
        world=node.world,
        document=node.document,
        links=drawn,
        external=external,
        hidden_children=below if external else (),
        attributes=attributes,
    )
