"""Point clouds (pnts): positions, colours, classes, batches, Draco."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Int32Array, UInt8Array
from twin.tiles.batch_table import FeatureTableJson, TileBody, batch_columns, tile_body
from twin.tiles.gltf_accessors import draco_array
from twin.tiles.gltf_scene import translation
from twin.tiles.i3dm import batch_ids, positions_of
from twin.tiles.tileset_parts import MAX_FEATURES, MAX_POINTS, PointPart, RawContent

_DRACO = "3DTILES_draco_point_compression"
_CLASS_NAMES = ("classification", "class", "classes")


def decode_pnts(content: bytes, raw: RawContent, *, key: str) -> None:
    """Add a pnts to the content.

    Raises
    ------
    ValueError
        It breaks the format; the reason is a short clause.
    """
    body = tile_body(content, raw.tally)
    features = body.features
    count = features.number("POINTS_LENGTH", 0)
    if not 0 < count <= MAX_POINTS:
        raise ValueError("a pnts has no sound count of points")
    packed = _draco(features)
    positions = packed.get("POSITION")
    if positions is None:
        positions = positions_of(features, count)
    if positions.shape != (count, 3):
        raise ValueError("a pnts has not as many positions as points")
    centre = features.vector("RTC_CENTER", 3)
    raw.add_points(
        PointPart(
            positions=positions,
            matrix=np.eye(4) if centre is None else translation(centre),
            rgb=_colours(features, packed, count),
            classes=_classes(body, count),
            features=_features(body, packed, count, raw, key),
        )
    )


def _draco(features: FeatureTableJson) -> dict[str, NDArray[Any]]:
    """Properties that are packed with Draco, by name."""
    extensions = features.json.get("extensions")
    described = extensions.get(_DRACO) if isinstance(extensions, Mapping) else None
    if not isinstance(described, Mapping):
        return {}
    import DracoPy

    content = features.part(described.get("byteOffset"), described.get("byteLength"))
    try:
        cloud = DracoPy.decode(content)
    except (DracoPy.FileTypeException, ValueError, RuntimeError) as error:
        raise ValueError("the Draco part of a pnts cannot be unpacked") from error
    names = described.get("properties")
    out = {}
    for name, number in names.items() if isinstance(names, Mapping) else ():
        found = cloud.get_attribute_by_unique_id(number)
        if found is not None:
            out[name] = draco_array(found)
    return out


def _colours(
    features: FeatureTableJson, packed: Mapping[str, NDArray[Any]], count: int
) -> UInt8Array | None:
    for name, width in (("RGBA", 4), ("RGB", 3)):
        if name in packed:
            return packed[name][:, :3].astype(np.uint8)
        if name in features:
            return features.array(name, "<u1", count, width)[:, :3].astype(np.uint8)
    if "RGB565" in features:
        bits = features.array("RGB565", "<u2", count, 1)[:, 0].astype(np.uint32)
        shares = np.column_stack(
            [(bits >> 11) * 255 // 31, (bits >> 5 & 63) * 255 // 63, (bits & 31) * 255 // 31]
        )
        return shares.astype(np.uint8)
    constant = features.vector("CONSTANT_RGBA", 4) if "CONSTANT_RGBA" in features else None
    if constant is None:
        return None
    return np.tile(np.clip(constant[:3], 0, 255).astype(np.uint8), (count, 1))


def _classes(body: TileBody, count: int) -> UInt8Array | None:
    """Classes of the points from a binary column that is named so."""
    for name, told in body.batch_json.items():
        if name.lower() not in _CLASS_NAMES or not isinstance(told, Mapping):
            continue
        if told.get("componentType") == "UNSIGNED_BYTE" and "BATCH_ID" not in body.features:
            start = told.get("byteOffset", 0)
            return np.frombuffer(body.batch_binary, np.uint8, count, start).copy()
    return None


def _features(
    body: TileBody, packed: Mapping[str, NDArray[Any]], count: int, raw: RawContent, key: str
) -> Int32Array:
    """Feature rows of the points: of their batches, else of the cloud as a whole."""
    if "BATCH_ID" in packed:
        ids = packed["BATCH_ID"][:, 0].astype(np.int64)
    elif "BATCH_ID" in body.features:
        ids = batch_ids(body.features, count)
    else:
        return np.full(count, raw.rows_of(key, 1), np.int32)
    n_rows = max(body.features.number("BATCH_LENGTH", 0), int(ids.max()) + 1)
    if n_rows > MAX_FEATURES or int(ids.min()) < 0:
        raise ValueError("batch ids are out of their range")
    columns = batch_columns(body, n_rows, raw.tally)
    first = raw.rows_of(f"{key}/batch", n_rows, columns)
    return (ids + first).astype(np.int32)
