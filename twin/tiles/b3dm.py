"""Batched 3D models (b3dm): a glTF with a batch table."""

from __future__ import annotations

from collections.abc import Callable

from twin.tiles.batch_table import batch_columns, batch_count, tile_body
from twin.tiles.gltf_features import Batch
from twin.tiles.gltf_scene import decode_gltf, translation
from twin.tiles.tileset_parts import MAX_FEATURES, RawContent


def decode_b3dm(
    content: bytes,
    raw: RawContent,
    *,
    key: str,
    fetch: Callable[[object], bytes],
    up_axis: str = "Y",
) -> None:
    """Add a b3dm to the content.

    Raises
    ------
    ValueError
        It breaks the format; the reason is a short clause.
    """
    body = tile_body(content, raw.tally)
    count = body.features.number("BATCH_LENGTH", 0) or batch_count(body)
    if count > MAX_FEATURES:
        raise ValueError(f"a tile holds over {MAX_FEATURES:,} features")
    columns = batch_columns(body, count, raw.tally)
    batch = Batch(raw.rows_of(f"{key}/batch", count, columns), count) if count else None
    centre = body.features.vector("RTC_CENTER", 3)
    decode_gltf(
        body.rest,
        raw,
        key=key,
        fetch=fetch,
        up_axis=up_axis,
        outer=None if centre is None else translation(centre),
        batch=batch,
    )
