"""Composite tiles (cmpt): several tiles in one file, also nested."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_MAGIC = b"cmpt"
_MAX_DEPTH = 8
_MAX_TILES = 100_000


def inner_tiles(content: bytes, depth: int = 0) -> Iterator[bytes]:
    """The tiles inside a composite, nested ones taken apart.

    Raises
    ------
    ValueError
        It breaks the format, or is nested too deeply.
    """
    if depth > _MAX_DEPTH:
        raise ValueError("composite tiles are nested too deeply")
    if len(content) < 16:
        raise ValueError("a composite tile is cut short")
    version, length, count = np.frombuffer(content, "<u4", 3, 4).tolist()
    if version != 1:
        raise ValueError(f"a composite tile has the unknown version {version}")
    if length > len(content) or count > _MAX_TILES:
        raise ValueError("a composite tile is cut short")
    start = 16
    for _ in range(count):
        if start + 12 > length:
            raise ValueError("a composite tile is cut short")
        size = int.from_bytes(content[start + 8 : start + 12], "little")
        if size < 12 or start + size > length:
            raise ValueError("a tile in a composite has no sound length")
        tile = content[start : start + size]
        if tile[:4] == _MAGIC:
            yield from inner_tiles(tile, depth + 1)
        else:
            yield tile
        start += size
