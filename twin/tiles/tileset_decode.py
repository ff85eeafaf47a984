"""Which decoder a content of a tile needs, by its first bytes."""

from __future__ import annotations

from collections.abc import Callable

from twin.tiles.b3dm import decode_b3dm
from twin.tiles.cmpt import inner_tiles
from twin.tiles.gltf_scene import decode_gltf
from twin.tiles.i3dm import decode_i3dm
from twin.tiles.pnts import decode_pnts
from twin.tiles.tileset_parts import RawContent

_NOT_DRAWN = {
    b"vctr": "vector tiles (vctr)",
    b"geom": "geometry tiles (geom)",
    b"PK\x03\x04": "tilesets packed inside a tileset (3tz)",
}


def decode_content(
    content: bytes,
    raw: RawContent,
    *,
    key: str,
    fetch: Callable[[object], bytes],
    up_axis: str = "Y",
) -> None:
    """Add one content of any known format. Worker thread.

    Parameters
    ----------
    key : names its features when the content does not
    fetch : bytes of a URI the content names

    Raises
    ------
    ValueError
        It breaks its format, or its format is not known; the reason is a short clause.
    """
    magic = content[:4]
    if magic == b"cmpt":
        for number, tile in enumerate(inner_tiles(content)):
            decode_content(tile, raw, key=f"{key}/{number}", fetch=fetch, up_axis=up_axis)
    elif magic == b"b3dm":
        decode_b3dm(content, raw, key=key, fetch=fetch, up_axis=up_axis)
    elif magic == b"i3dm":
        decode_i3dm(content, raw, key=key, fetch=fetch, up_axis=up_axis)
    elif magic == b"pnts":
        decode_pnts(content, raw, key=key)
    elif magic == b"glTF":
        decode_gltf(content, raw, key=key, fetch=fetch, up_axis=up_axis)
    elif magic in _NOT_DRAWN:
        raw.tally.add("unknown-content", f"The tileset holds {_NOT_DRAWN[magic]}: not drawn")
    elif content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        _decode_json(content, raw, key, fetch, up_axis)
    elif not content:
        raise ValueError("the content is empty")
    else:
        raise ValueError("the content is of no known format")


def _decode_json(
    content: bytes, raw: RawContent, key: str, fetch: Callable[[object], bytes], up_axis: str
) -> None:
    """A glTF as JSON, or GeoJSON, which is not drawn."""
    if b'"FeatureCollection"' in content[:4096] or key.lower().endswith(".geojson"):
        raw.tally.add("unknown-content", "The tileset holds GeoJSON: not drawn")
        return
    if b'"geometricError"' in content[:4096]:
        raw.tally.add(
            "hidden-tileset", "Tilesets below that are not named .json cannot be followed"
        )
        return
    decode_gltf(content, raw, key=key, fetch=fetch, up_axis=up_axis)
