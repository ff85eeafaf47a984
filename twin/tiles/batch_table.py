"""Headers, feature tables and batch tables of the 3D Tiles 1.0 formats b3dm, i3dm and pnts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float64Array
from twin.city.asset import Column
from twin.city.tally import Tally

#: The first byte of text in a length field tells an old, shorter header (0x22 is a quote).
_TEXT_IN_LENGTH = 0x2200_0000
_HIERARCHY = "3DTILES_batch_table_hierarchy"
_DTYPES = {
    "BYTE": "<i1", "UNSIGNED_BYTE": "<u1", "SHORT": "<i2", "UNSIGNED_SHORT": "<u2",
    "INT": "<i4", "UNSIGNED_INT": "<u4", "FLOAT": "<f4", "DOUBLE": "<f8",
}  # fmt: skip
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class TileBody:
    """A b3dm, i3dm or pnts taken apart.

    Attributes
    ----------
    features : its feature table
    batch_json, batch_binary : its batch table
    rest : what follows (a glTF, or the URI of one)
    gltf_format : of an i3dm: 0 = ``rest`` is a URI, 1 = a glTF; 1 for the others
    """

    features: FeatureTableJson
    batch_json: Mapping[str, Any]
    batch_binary: bytes
    rest: bytes
    gltf_format: int = 1


class FeatureTableJson:
    """A feature table: JSON that points into a binary body."""

    def __init__(self, json: Mapping[str, Any], binary: bytes) -> None:
        self.json = json
        self._binary = binary

    def number(self, name: str, otherwise: int) -> int:
        """A whole number said once for all features.

        Raises
        ------
        ValueError
            It is negative or no number.
        """
        value = self.json.get(name, otherwise)
        if isinstance(value, Mapping):
            value = int(self.array(name, "<u4", 1, 1)[0, 0])
        if type(value) is not int or value < 0:
            raise ValueError(f"{name} is no count")
        return value

    def vector(self, name: str, count: int) -> Float64Array | None:
        """Numbers said once for all features, None when absent."""
        value = self.json.get(name)
        if value is None:
            return None
        if isinstance(value, Mapping):
            found: Float64Array = self.array(name, "<f4", 1, count)[0].astype(np.float64)
        else:
            found = np.array(value, np.float64).reshape(-1)
        if len(found) != count or not np.isfinite(found).all():
            raise ValueError(f"{name} has not {count} numbers")
        return found

    def array(self, name: str, dtype: str, count: int, width: int) -> NDArray[Any]:
        """(count, width) numbers of the binary body, or of a list in the JSON."""
        told = self.json[name]
        if isinstance(told, list):
            return np.array(told, np.float64).astype(dtype).reshape(count, width)
        kind = told.get("componentType")
        if name == "BATCH_ID" and kind in _DTYPES:
            dtype = _DTYPES[kind]
        elif name == "BATCH_ID":
            dtype = "<u2"
        found = np.frombuffer(self._binary, dtype, count * width, told.get("byteOffset", 0))
        return found.reshape(count, width)

    def part(self, offset: object, length: object) -> bytes:
        """Bytes of the binary body."""
        if type(offset) is not int or type(length) is not int or offset < 0 or length < 0:
            raise ValueError("a feature table has no sound place in its body")
        if offset + length > len(self._binary):
            raise ValueError("a feature table ends behind its body")
        return self._binary[offset : offset + length]

    def __contains__(self, name: str) -> bool:
        return name in self.json


def tile_body(content: bytes, tally: Tally) -> TileBody:
    """Take a b3dm, i3dm or pnts apart; old headers of b3dm are known.

    Raises
    ------
    ValueError
        It is cut short or has an unknown version.
    """
    magic = content[:4]
    head = 32 if magic == b"i3dm" else 28
    if len(content) < head:
        raise ValueError("the tile is cut short")
    version, n_bytes, *lengths = np.frombuffer(content, "<u4", head // 4 - 1, 4).tolist()
    if version != 1:
        raise ValueError(f"the tile has the unknown version {version}")
    if n_bytes > len(content):
        raise ValueError("the tile is cut short")
    old_batches = 0
    if magic == b"b3dm" and lengths[2] >= _TEXT_IN_LENGTH:
        old_batches, head, lengths = lengths[0], 20, [0, 0, lengths[1], 0]
    elif magic == b"b3dm" and lengths[3] >= _TEXT_IN_LENGTH:
        old_batches, head, lengths = lengths[2], 24, [0, 0, lengths[0], lengths[1]]
    if old_batches or head < 28:
        tally.add("old-header", "Tiles with a header from before 3D Tiles 1.0 were read")
    cuts = np.cumsum([head, *lengths[:4]]).tolist()
    if cuts[-1] > n_bytes:
        raise ValueError("the tile's tables are longer than the tile")
    pieces = [content[a:b] for a, b in pairwise(cuts)]
    features = _json(pieces[0], "feature table")
    if old_batches:
        features = {"BATCH_LENGTH": old_batches, **features}
    return TileBody(
        features=FeatureTableJson(features, pieces[1]),
        batch_json=_json(pieces[2], "batch table"),
        batch_binary=pieces[3],
        rest=content[cuts[-1] : n_bytes],
        gltf_format=lengths[4] if magic == b"i3dm" else 1,
    )


def _json(text: bytes, name: str) -> dict[str, Any]:
    text = text.strip(b" \0\t\r\n")
    if not text:
        return {}
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"the {name} holds no valid JSON") from error
    if not isinstance(found, dict):
        raise ValueError(f"the {name} is no JSON object")  # noqa: TRY004  # the file's fault
    return found


def batch_columns(body: TileBody, count: int, tally: Tally) -> dict[str, Column]:
    """The batch table as columns of ``count`` rows; what makes no sense is left out."""
    columns: dict[str, Column] = {}
    for name, told in body.batch_json.items():
        if name in ("extensions", "extras", "HIERARCHY"):
            if name == "HIERARCHY" or (isinstance(told, Mapping) and _HIERARCHY in told):
                tally.add("batch-hierarchy", "Hierarchies of batch tables are not read")
            continue
        try:
            column = _column(told, count, body.batch_binary)
        except (ValueError, TypeError, LookupError, AttributeError):
            tally.add("bad-property", "Batch table columns that cannot be read were left out")
        else:
            if column is not None:
                columns[name] = column
    return columns


def batch_count(body: TileBody) -> int:
    """Rows of the batch table, from the longest list in it."""
    lists = [len(told) for told in body.batch_json.values() if isinstance(told, list)]
    return max(lists, default=0)


def _column(told: object, count: int, binary: bytes) -> Column | None:
    if isinstance(told, list):
        return column_of(told, count)
    if not isinstance(told, Mapping):
        return None
    width = _WIDTHS[told.get("type", "SCALAR")]
    dtype = _DTYPES[told["componentType"]]
    numbers = np.frombuffer(binary, dtype, count * width, told.get("byteOffset", 0))
    if width == 1:
        return numbers.astype(np.float64)
    return column_of(numbers.reshape(count, width).tolist(), count)


def column_of(values: list[Any], count: int) -> Column:
    """A column of ``count`` rows from JSON values: numbers, else text; short lists are filled."""
    values = values[:count] + [None] * (count - len(values))
    kinds = set(map(type, values)) - {type(None)}
    if kinds and kinds <= {int, float}:
        return np.array([np.nan if value is None else value for value in values], np.float64)
    texts = np.empty(count, dtype=object)
    texts[:] = [_text(value) for value in values]
    return texts


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
