"""What a tileset's JSON says of a tile: records of nodes and contents, in old and new spellings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from twin.arrays import Float64Array
from twin.city.tally import Tally
from twin.tiles.bounding import Volume
from twin.tiles.content import NodeRecord

_MULTIPLE = "3DTILES_multiple_contents"
_IMPLICIT = "3DTILES_implicit_tiling"


@dataclass(frozen=True, slots=True, kw_only=True)
class TilesetDocument:
    """One opened tileset JSON.

    Attributes
    ----------
    key : of the file, for `Resources`
    ancestors : keys of the files that led here, this one last
    json : the whole document
    schema : metadata schema, {} without
    up_axis : of its glTF contents, "Y" unless an old file says otherwise
    """

    key: str
    ancestors: tuple[str, ...]
    json: Mapping[str, Any]
    schema: Mapping[str, Any]
    up_axis: str = "Y"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLink:
    """One content of a tile: where, and what metadata says of it."""

    uri: str
    group: int = -1
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImplicitPlace:
    """Where a node lies in an implicit tiling: what its subtree needs.

    Attributes
    ----------
    tiling : the ``implicitTiling`` object
    links : content templates
    volume : of the tiling's root, in the tileset's frame or a region
    geometric_error_m : of the tiling's root
    level, at : level and (x, y, z) of the subtree's root
    """

    tiling: Mapping[str, Any]
    links: tuple[ContentLink, ...]
    volume: Volume
    geometric_error_m: float
    level: int = 0
    at: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TilesetNode(NodeRecord):
    """A node with what its source needs to load it.

    Attributes
    ----------
    world : (4, 4) float64, content's frame (z up) to the tileset's frame
    document : the file that names it
    links : of the contents, in the order of ``contents``
    external : URIs of tilesets below
    hidden_children : what is known when ``has_more``
    implicit : for the root of an implicit tiling or of a further subtree
    attributes : metadata of the tile
    """

    world: Float64Array
    document: TilesetDocument
    links: tuple[ContentLink, ...] = ()
    external: tuple[str, ...] = ()
    hidden_children: tuple[NodeRecord, ...] = ()
    implicit: ImplicitPlace | None = None
    attributes: Mapping[str, str | float] = field(default_factory=dict)


def is_tileset_uri(uri: str) -> bool:
    """Whether a content is an external tileset, by its ending."""
    return urlsplit(uri).path.lower().endswith(".json")


def implicit_tiling(tile: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The ``implicitTiling`` of a tile, None without."""
    extensions = tile.get("extensions")
    old = extensions.get(_IMPLICIT) if isinstance(extensions, Mapping) else None
    found = tile.get("implicitTiling", old)
    return found if isinstance(found, Mapping) else None


def links_of(tile: Mapping[str, Any], tally: Tally) -> Iterator[ContentLink]:
    """The contents a tile names, in 1.1's and 1.0's spellings."""
    extensions = tile.get("extensions")
    old = extensions.get(_MULTIPLE) if isinstance(extensions, Mapping) else None
    many: object = tile.get("contents")
    if many is None and isinstance(old, Mapping):
        many = old.get("contents", old.get("content"))
    if many is None:
        many = [tile["content"]] if tile.get("content") is not None else []
    for content in many if isinstance(many, list) else [many]:
        link = _link(content)
        if link is None:
            tally.add("bad-content", "Contents without a URI were left out")
        else:
            yield link


def _link(content: object) -> ContentLink | None:
    if not isinstance(content, Mapping):
        return None
    uri = content.get("uri", content.get("url"))
    if not isinstance(uri, str) or not uri:
        return None
    group = content.get("group", -1)
    return ContentLink(
        uri=uri,
        group=group if type(group) is int else -1,
        metadata=metadata_of(content),
    )


def metadata_of(owner: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The metadata entity of a tileset, tile, content or group, None without."""
    extensions = owner.get("extensions")
    old = extensions.get("3DTILES_metadata") if isinstance(extensions, Mapping) else None
    found = owner.get("metadata", old)
    return found if isinstance(found, Mapping) else None
