"""Subtrees of implicit tilings: availability as arrays, binary and JSON, with outer buffers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from twin.arrays import BoolArray
from twin.city.asset import Column
from twin.city.tally import Tally
from twin.tiles.metadata import columns_of_table

_MAGIC = b"subt"
_HEADER_BYTES = 24
#: Most nodes of one subtree.
MAX_NODES = 400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtree:
    """What is there in a subtree of L levels.

    Attributes
    ----------
    tiles : (N,) bool, level after level, in Morton order within a level
    contents : for each content of the tiling (N,) bool
    children : (branching ** L,) bool, subtrees below
    tile_columns : metadata by name, one row an available tile, in the order of ``tiles``
    """

    tiles: BoolArray
    contents: tuple[BoolArray, ...]
    children: BoolArray
    tile_columns: Mapping[str, Column]


def read_subtree(
    content: bytes,
    fetch: Callable[[object], bytes],
    *,
    branching: int,
    levels: int,
    schema: Mapping[str, Any],
    tally: Tally,
) -> Subtree:
    """Read a subtree file.

    Parameters
    ----------
    fetch : bytes of an outer buffer's URI
    branching : 4 for a quadtree, 8 for an octree

    Raises
    ------
    ValueError
        It breaks the format; the reason is a short clause.
    """
    described, inner = _parts(content)
    n_nodes = (branching**levels - 1) // (branching - 1)
    if n_nodes > MAX_NODES:
        raise ValueError(f"a subtree may hold {n_nodes:,} tiles, over {MAX_NODES:,}")
    buffers = _Buffers(described, inner, fetch)
    tiles = _available(described.get("tileAvailability"), n_nodes, buffers)
    told = described.get("contentAvailability", [])
    contents = tuple(
        _available(item, n_nodes, buffers) & tiles
        for item in (told if isinstance(told, list) else [told])
    )
    children = _available(
        described.get("childSubtreeAvailability", {"constant": 0}), branching**levels, buffers
    )
    return Subtree(
        tiles=tiles,
        contents=contents,
        children=children,
        tile_columns=_tile_columns(described, tiles, schema, buffers, tally),
    )


def _parts(content: bytes) -> tuple[Mapping[str, Any], bytes]:
    inner = b""
    text = content
    if content[:4] == _MAGIC:
        if len(content) < _HEADER_BYTES:
            raise ValueError("a subtree is cut short")
        version = int.from_bytes(content[4:8], "little")
        json_bytes = int.from_bytes(content[8:16], "little")
        inner_bytes = int.from_bytes(content[16:24], "little")
        if version != 1:
            raise ValueError(f"a subtree has the unknown version {version}")
        if _HEADER_BYTES + json_bytes + inner_bytes > len(content):
            raise ValueError("a subtree is cut short")
        text = content[_HEADER_BYTES : _HEADER_BYTES + json_bytes]
        inner = content[_HEADER_BYTES + json_bytes :][:inner_bytes]
    elif not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        raise ValueError("a subtree is neither binary nor JSON")
    try:
        described = msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError("a subtree holds no valid JSON") from error
    if not isinstance(described, dict):
        raise ValueError("a subtree is no JSON object")  # noqa: TRY004  # the file's fault
    return described, inner


class _Buffers:
    """Buffer views of one subtree; outer buffers are fetched once, when first needed."""

    def __init__(
        self, described: Mapping[str, Any], inner: bytes, fetch: Callable[[object], bytes]
    ) -> None:
        self._buffers = _objects(described.get("buffers", []))
        self._views = _objects(described.get("bufferViews", []))
        self._inner = inner
        self._fetch = fetch
        self._fetched: dict[int, bytes] = {}

    def view(self, number: object) -> bytes:
        """Bytes of one buffer view."""
        if type(number) is not int or not 0 <= number < len(self._views):
            raise ValueError("a subtree names a buffer view that is not there")
        found = self._views[number]
        start, length = found.get("byteOffset", 0), found.get("byteLength", 0)
        if type(start) is not int or type(length) is not int or start < 0 or length < 0:
            raise ValueError("a subtree's buffer view has no sound place")
        content = self._buffer(found.get("buffer"))
        if start + length > len(content):
            raise ValueError("a subtree's buffer view ends behind its buffer")
        return content[start : start + length]

    def _buffer(self, number: object) -> bytes:
        if type(number) is not int or not 0 <= number < len(self._buffers):
            raise ValueError("a subtree names a buffer that is not there")
        if number not in self._fetched:
            uri = self._buffers[number].get("uri")
            self._fetched[number] = self._inner if uri is None else self._fetch(uri)
        return self._fetched[number]


def _objects(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise ValueError("a subtree's list holds something else than objects")
    return value


def _available(told: object, count: int, buffers: _Buffers) -> BoolArray:
    if not isinstance(told, Mapping):
        raise ValueError("a subtree does not say what is available")  # noqa: TRY004
    constant = told.get("constant")
    number = told.get("bitstream", told.get("bufferView"))
    if number is None:
        if constant not in (0, 1):
            raise ValueError("an availability is neither constant nor a bitstream")
        return np.full(count, bool(constant))
    bits = np.frombuffer(buffers.view(number), np.uint8)
    if len(bits) * 8 < count:
        raise ValueError("an availability bitstream is too short")
    return np.unpackbits(bits[: (count + 7) // 8], count=count, bitorder="little").astype(np.bool_)


def _tile_columns(
    described: Mapping[str, Any], tiles: BoolArray, schema: Mapping[str, Any], buffers: _Buffers,
    tally: Tally,
) -> dict[str, Column]:  # fmt: skip
    """Metadata of the tiles, one row an available tile."""
    number = described.get("tileMetadata")
    if number is None:
        return {}
    try:
        table = described["propertyTables"][number]
        count, columns = columns_of_table(table, schema, buffers.view, tally)
    except (ValueError, TypeError, LookupError, AttributeError):
        tally.add("bad-metadata", "Metadata of tiles that cannot be read was left out")
        return {}
    if count < int(tiles.sum()):
        tally.add("bad-metadata", "Metadata for fewer tiles than there are was left out")
        return {}
    return columns
