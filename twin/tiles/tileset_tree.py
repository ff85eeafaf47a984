"""From the JSON of a tileset to nodes in the local frame: transforms, volumes, contents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twin.arrays import BoolArray, Float64Array
from twin.city.tally import Tally
from twin.tiles.bounding import Volume, volume_of
from twin.tiles.fetch import refused
from twin.tiles.metadata import entity_attributes
from twin.tiles.tileset_frame import TilesetFrame
from twin.tiles.tileset_node import (
    ContentLink,
    ImplicitPlace,
    TilesetDocument,
    TilesetNode,
    implicit_tiling,
    is_tileset_uri,
    links_of,
    metadata_of,
)

#: Tiles of one JSON file; larger tilesets are split into external ones.
MAX_TILES = 1_000_000


@dataclass(slots=True)
class _Draft:
    """A tile while the tree is walked: everything but its local volume."""

    tile: Mapping[str, Any]
    parent: int
    world: Float64Array
    volume: Volume
    geometric_error: float
    is_additive: bool
    links: list[ContentLink] = field(default_factory=list)
    children: list[int] = field(default_factory=list)


def read_tree(
    document: TilesetDocument,
    frame: TilesetFrame,
    tally: Tally,
    *,
    world: Float64Array,
    is_additive: bool = False,
) -> TilesetNode:
    """All tiles of a tileset JSON as nodes. Any thread.

    Parameters
    ----------
    world : (4, 4) transform of the tile that refers to this tileset, identity for the first
    is_additive : refinement of that tile, taken where this tileset's root names none

    Raises
    ------
    ReadError
        It has no usable root, or too many tiles.
    """
    drafts = _walk(document, frame, tally, world, is_additive)
    centres = np.array([draft.volume.centre_m for draft in drafts])
    half_axes = np.array([draft.volume.half_axes_m for draft in drafts])
    in_ecef = np.array([draft.volume.region is not None for draft in drafts])
    errors = np.array([draft.geometric_error for draft in drafts])
    centres, half_axes, errors = to_local(frame, centres, half_axes, in_ecef, errors)
    made: list[TilesetNode | None] = [None] * len(drafts)
    for row in range(len(drafts) - 1, -1, -1):
        below = tuple(node for child in drafts[row].children if (node := made[child]) is not None)
        made[row] = _node(
            document, drafts[row], below, centres[row], half_axes[row], float(errors[row])
        )
        for child in drafts[row].children:
            made[child] = None
    root = made[0]
    assert root is not None  # noqa: S101  # the walk raises when there is no root
    return root


def to_local(
    frame: TilesetFrame,
    centres: Float64Array,
    half_axes: Float64Array,
    in_ecef: BoolArray,
    errors: Float64Array,
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Boxes and geometric errors (N,) in the local frame; errors grow as their boxes do."""
    local_centres, local_axes = frame.boxes(centres, half_axes, in_ecef)
    if frame.is_shift and not in_ecef.any():
        return local_centres, local_axes, errors
    before = np.linalg.norm(half_axes, axis=2).max(axis=1)
    after = np.linalg.norm(local_axes, axis=2).max(axis=1)
    grown = np.divide(after, before, out=np.ones_like(before), where=before > 0)
    return local_centres, local_axes, errors * grown


def root_volume(document: TilesetDocument, tally: Tally) -> Volume:
    """Volume of the root in the tileset's frame, to find out where that is."""
    tile = _root(document)
    world, _ = _transform(tile, np.eye(4), tally)
    return _volume(tile, world, document)


def _root(document: TilesetDocument) -> Mapping[str, Any]:
    root = document.json.get("root")
    if not isinstance(root, Mapping):
        raise refused("The tileset has no root tile", document.key)
    return root


def _volume(tile: Mapping[str, Any], world: Float64Array, document: TilesetDocument) -> Volume:
    try:
        return moved(volume_of(tile.get("boundingVolume")), world)
    except ValueError as error:
        raise refused(f"The root tile cannot be placed ({error})", document.key) from error


def moved(volume: Volume, world: Float64Array) -> Volume:
    """A volume of a tile's frame in the tileset's frame; regions stay."""
    if volume.region is not None:
        return volume
    centre = world[:3, :3] @ volume.centre_m + world[:3, 3]
    return Volume(centre, volume.half_axes_m @ world[:3, :3].T)


def _walk(
    document: TilesetDocument,
    frame: TilesetFrame,
    tally: Tally,
    world: Float64Array,
    is_additive: bool,
) -> list[_Draft]:
    """Drafts of all tiles, parents before their children."""
    root = _root(document)
    is_first = len(document.ancestors) == 1
    if is_first and frame.is_own:
        root = {key: value for key, value in root.items() if key != "transform"}
    if is_first and root.get("refine") is None:
        tally.add("no-refine", "The root tile does not say how it is refined; REPLACE is taken")
    placed, scale = _transform(root, world, tally)
    first = _draft(root, -1, placed, scale, is_additive, None, tally, document)
    drafts, waiting = [first], [(0, scale)]
    while waiting:
        row, scale = waiting.pop()
        for tile in _children(drafts[row].tile, tally):
            if len(drafts) >= MAX_TILES:
                raise refused(f"The tileset has over {MAX_TILES:,} tiles in one file", document.key)
            parent = drafts[row]
            placed, grown = _transform(tile, parent.world, tally)
            draft = _draft(tile, row, placed, grown, parent.is_additive, parent, tally, document)
            parent.children.append(len(drafts))
            waiting.append((len(drafts), grown))
            drafts.append(draft)
    return drafts


def _children(tile: Mapping[str, Any], tally: Tally) -> Iterator[Mapping[str, Any]]:
    children = tile.get("children", ())
    if not isinstance(children, list):
        if children != ():
            tally.add("bad-tile", "Children that are no list were left out")
        return
    if children and implicit_tiling(tile) is not None:
        tally.add("bad-tile", "Children of an implicit tile were left out", len(children))
        return
    for child in children:
        if isinstance(child, Mapping):
            yield child
        else:
            tally.add("bad-tile", "Tiles that are no objects were left out")


def _draft(
    tile: Mapping[str, Any],
    parent_row: int,
    world: Float64Array,
    scale: float,
    is_additive: bool,
    parent: _Draft | None,
    tally: Tally,
    document: TilesetDocument,
) -> _Draft:
    if parent is None:
        volume = _volume(tile, world, document)
        inherited = _number(document.json.get("geometricError"), 0.0)
    else:
        inherited = parent.geometric_error / 2
        try:
            volume = moved(volume_of(tile.get("boundingVolume")), world)
        except ValueError as error:
            tally.add("bad-volume", f"Where {error}, the parent's volume was taken")
            volume = parent.volume
    return _Draft(
        tile=tile,
        parent=parent_row,
        world=world,
        volume=volume,
        geometric_error=_error(tile, inherited, scale, tally),
        is_additive=_refine(tile, is_additive, tally),
        links=list(links_of(tile, tally)),
    )


def _number(value: object, otherwise: float) -> float:
    if type(value) in (int, float) and abs(float(value)) < 1e300:  # type: ignore[arg-type]
        return float(value)  # type: ignore[arg-type]
    return otherwise


def _error(tile: Mapping[str, Any], inherited: float, scale: float, tally: Tally) -> float:
    told = _number(tile.get("geometricError"), -1.0)
    if told < 0:
        tally.add(
            "bad-geometric-error", "Tiles without a sound geometric error take their parent's"
        )
        return max(inherited, 0.0)
    return told * scale


def _refine(tile: Mapping[str, Any], inherited: bool, tally: Tally) -> bool:
    told = tile.get("refine")
    if told is None:
        return inherited
    word = told.upper() if isinstance(told, str) else ""
    if word not in ("ADD", "REPLACE"):
        tally.add(
            "bad-refine", "Tiles whose refinement is neither ADD nor REPLACE take the parent's"
        )
        return inherited
    return word == "ADD"


def _transform(
    tile: Mapping[str, Any], world: Float64Array, tally: Tally
) -> tuple[Float64Array, float]:
    """The tile's (4, 4) to the tileset's frame, and how much it scales in all."""
    numbers = tile.get("transform")
    if numbers is not None:
        matrix = matrix_of(numbers)
        if matrix is None:
            tally.add("bad-transform", "Transforms that are no sound 4 x 4 matrix were left out")
        else:
            world = world @ matrix
    return world, float(np.sqrt((world[:3, :3] ** 2).sum(axis=0).max()))


def matrix_of(numbers: object) -> Float64Array | None:
    """(4, 4) float64 of 16 numbers in columns; None when it is no sound affine matrix."""
    if not isinstance(numbers, list) or len(numbers) != 16:
        return None
    if not all(type(item) in (int, float) for item in numbers):
        return None
    matrix = np.array(numbers, dtype=np.float64).reshape(4, 4).T
    if not np.isfinite(matrix).all() or np.abs(matrix).max() > 1e12:
        return None
    if np.abs(matrix[3] - (0, 0, 0, 1)).max() > 1e-6 or abs(np.linalg.det(matrix[:3, :3])) < 1e-30:
        return None
    return matrix


def _node(
    document: TilesetDocument,
    draft: _Draft,
    below: Sequence[TilesetNode],
    centre: Float64Array,
    half_axes: Float64Array,
    error_m: float,
) -> TilesetNode:
    tiling = implicit_tiling(draft.tile)
    implicit = None
    if tiling is not None:
        implicit = ImplicitPlace(
            tiling=tiling,
            links=tuple(draft.links),
            volume=draft.volume,
            geometric_error_m=error_m,
        )
    links = () if tiling is not None else tuple(draft.links)
    external = tuple(link.uri for link in links if is_tileset_uri(link.uri))
    drawn = tuple(link for link in links if not is_tileset_uri(link.uri))
    has_more = bool(external) or implicit is not None
    return TilesetNode(
        centre_local_m=centre,
        half_axes_local_m=half_axes,
        geometric_error_m=error_m,
        is_additive=draft.is_additive,
        contents=tuple(link.uri for link in drawn),
        children=() if has_more else tuple(below),
        has_more=has_more,
        key=links[0].uri if links else document.key,
        world=draft.world,
        document=document,
        links=drawn,
        external=external,
        hidden_children=tuple(below) if has_more else (),
        implicit=implicit,
        attributes=entity_attributes(metadata_of(draft.tile), document.schema),
    )
