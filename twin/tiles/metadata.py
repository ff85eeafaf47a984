"""3D metadata: property tables and entities of a schema (3D Tiles 1.1, EXT_structural_metadata)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.city.asset import Column
from twin.city.tally import Tally

#: Bytes of a buffer view, by its number.
View: TypeAlias = Callable[[int], bytes | memoryview]

#: Most rows of one table and most values of one column.
MAX_ROWS = 5_000_000
_EXACT = 1 << 53

_DTYPES = {
    "INT8": "<i1", "UINT8": "<u1", "INT16": "<i2", "UINT16": "<u2", "INT32": "<i4",
    "UINT32": "<u4", "INT64": "<i8", "UINT64": "<u8", "FLOAT32": "<f4", "FLOAT64": "<f8",
}  # fmt: skip
_COMPONENTS = {
    "SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16,
}  # fmt: skip


def columns_of_table(
    table: Mapping[str, Any], schema: Mapping[str, Any], view: View, tally: Tally
) -> tuple[int, dict[str, Column]]:
    """Rows and columns of a binary property table. Properties that make no sense are left out.

    Raises
    ------
    ValueError
        The table names no sound count.
    """
    count = table.get("count", 0)
    if type(count) is not int or not 0 <= count <= MAX_ROWS:
        raise ValueError("a property table has no sound count")
    described = class_properties(schema, table.get("class"))
    columns: dict[str, Column] = {}
    given = table.get("properties", {})
    for name, stored in given.items() if isinstance(given, Mapping) else ():
        try:
            columns[name] = _column(described[name], stored, schema, view, count)
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
            reason = " ".join(str(error).split())[:120]
            tally.add("bad-property", f"Properties that cannot be read were left out ({reason})")
    return count, columns


def class_properties(schema: Mapping[str, Any], name: object) -> Mapping[str, Any]:
    """The properties a class of a schema describes, {} where anything is absent."""
    classes = schema.get("classes")
    found = classes.get(name) if isinstance(classes, Mapping) else None
    properties = found.get("properties") if isinstance(found, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}


def entity_attributes(
    entity: Mapping[str, Any] | None, schema: Mapping[str, Any]
) -> dict[str, str | float]:
    """Attributes of a metadata entity written as JSON (of a tileset, tile, content or group)."""
    if entity is None:
        return {}
    described = class_properties(schema, entity.get("class"))
    given = entity.get("properties", {})
    out: dict[str, str | float] = {}
    for name, value in given.items() if isinstance(given, Mapping) else ():
        rule = described.get(name)
        found = _entity_value(value, rule if isinstance(rule, Mapping) else {})
        if found is not None:
            out[name] = found
    return out


def _entity_value(value: object, rule: Mapping[str, Any]) -> str | float | None:
    if value is None or ("noData" in rule and value == rule["noData"]):
        return None
    if isinstance(value, str):
        return value
    if type(value) in (int, float):
        numbers = _scaled(np.array([value], np.float64), rule, {}, rule.get("componentType"))
        return float(numbers[0])
    return msgspec.json.encode(value).decode()


def _column(
    rule: Mapping[str, Any], stored: Mapping[str, Any], schema: Mapping[str, Any], view: View,
    count: int,
) -> Column:  # fmt: skip
    kind = rule["type"]
    n_values, bounds = _array_bounds(rule, stored, view, count)
    if kind == "STRING":
        flat: NDArray[Any] = _strings(stored, view, n_values)
    elif kind == "BOOLEAN":
        flat = _booleans(view(stored["values"]), n_values)
    elif kind == "ENUM":
        flat = _enums(rule, stored, schema, view, n_values)
    else:
        return _numbers(rule, stored, view, count, n_values, bounds)
    if bounds is None:
        missing = _missing_texts(flat, rule)
        flat[missing] = _text_or_none(rule.get("default"))
        return flat
    return _rows_as_text(flat, bounds, count)


def _array_bounds(
    rule: Mapping[str, Any], stored: Mapping[str, Any], view: View, count: int
) -> tuple[int, Int64Array | None]:
    """How many values in all, and where each row's array starts (count + 1); None = no arrays."""
    if not rule.get("array"):
        return count, None
    fixed = rule.get("count")
    if fixed is not None:
        if type(fixed) is not int or not 1 <= fixed <= MAX_ROWS // max(count, 1):
            raise ValueError("a fixed array has no sound length")
        return count * fixed, np.arange(count + 1, dtype=np.int64) * fixed
    offsets = _offsets(view(stored["arrayOffsets"]), stored.get("arrayOffsetType"), count)
    return int(offsets[-1]), offsets


def _offsets(content: bytes | memoryview, kind: object, count: int) -> Int64Array:
    dtype = _DTYPES[kind if isinstance(kind, str) else "UINT32"]
    offsets = np.frombuffer(content, dtype, count + 1).astype(np.int64)
    if offsets[0] < 0 or (np.diff(offsets) < 0).any() or offsets[-1] > MAX_ROWS * 20:
        raise ValueError("offsets go backwards")
    return offsets


def _strings(stored: Mapping[str, Any], view: View, n_values: int) -> NDArray[np.object_]:
    offsets = _offsets(view(stored["stringOffsets"]), stored.get("stringOffsetType"), n_values)
    content = bytes(view(stored["values"]))
    if offsets[-1] > len(content):
        raise ValueError("a string ends behind its buffer")
    bounds = offsets.tolist()
    texts = np.empty(n_values, dtype=object)
    if content.isascii():
        text = content.decode("ascii")
        texts[:] = [text[a:b] for a, b in pairwise(bounds)]
    else:
        texts[:] = [content[a:b].decode("utf-8", "replace") for a, b in pairwise(bounds)]
    return texts


def _booleans(content: bytes | memoryview, n_values: int) -> NDArray[np.object_]:
    bits = np.unpackbits(np.frombuffer(content, np.uint8), bitorder="little")
    if len(bits) < n_values:
        raise ValueError("there are too few booleans")
    return np.array(["false", "true"], dtype=object)[bits[:n_values]]


def _enums(
    rule: Mapping[str, Any], stored: Mapping[str, Any], schema: Mapping[str, Any], view: View,
    n_values: int,
) -> NDArray[np.object_]:  # fmt: skip
    described = schema["enums"][rule["enumType"]]
    dtype = _DTYPES[described.get("valueType", "UINT16")]
    codes = np.frombuffer(view(stored["values"]), dtype, n_values)
    known = {int(item["value"]): str(item["name"]) for item in described["values"]}
    distinct, rows = np.unique(codes, return_inverse=True)
    names = np.array([known.get(int(code), str(code)) for code in distinct], dtype=object)
    return names[rows]


def _numbers(
    rule: Mapping[str, Any], stored: Mapping[str, Any], view: View, count: int, n_values: int,
    bounds: Int64Array | None,
) -> Column:  # fmt: skip
    width = _COMPONENTS[rule["type"]]
    component = rule["componentType"]
    raw = np.frombuffer(view(stored["values"]), _DTYPES[component], n_values * width)
    raw = raw.reshape(n_values, width)
    if bounds is None and width == 1:
        return _scalars(raw[:, 0], rule, stored)
    numbers = _scaled(raw.astype(np.float64), rule, stored, component)
    if bounds is None:
        column = _rows_as_text(numbers, np.arange(count + 1, dtype=np.int64), count, is_flat=True)
        if "noData" in rule:
            none = (raw == np.asarray(rule["noData"], raw.dtype)).all(axis=1)
            column[none] = _text_or_none(rule.get("default"))
        return column
    return _rows_as_text(numbers[:, 0] if width == 1 else numbers, bounds, count)


def _scalars(raw: NDArray[Any], rule: Mapping[str, Any], stored: Mapping[str, Any]) -> Column:
    is_large = raw.dtype.itemsize == 8 and raw.dtype.kind in "iu" and not rule.get("normalized")
    if is_large and len(raw) and max(abs(int(raw.max())), abs(int(raw.min()))) > _EXACT:
        return np.array([str(value) for value in raw.tolist()], dtype=object)
    numbers = _scaled(raw.astype(np.float64), rule, stored, rule["componentType"])
    if "noData" in rule:
        default = rule.get("default")
        missing = np.nan if default is None else float(default)
        numbers[raw == np.asarray(rule["noData"]).astype(raw.dtype)] = missing
    return numbers


def _scaled(
    numbers: Float64Array, rule: Mapping[str, Any], stored: Mapping[str, Any], component: object
) -> Float64Array:
    """Normalised, then scaled and offset, as the specification orders it."""
    dtype = np.dtype(_DTYPES.get(str(component), "<f8"))
    if rule.get("normalized") and dtype.kind in "iu":
        numbers = np.maximum(numbers / np.iinfo(dtype).max, -1.0)
    scale = stored.get("scale", rule.get("scale"))
    offset = stored.get("offset", rule.get("offset"))
    if scale is not None:
        numbers = numbers * np.asarray(scale, np.float64).reshape(-1)
    if offset is not None:
        numbers = numbers + np.asarray(offset, np.float64).reshape(-1)
    return numbers


def _missing_texts(texts: NDArray[np.object_], rule: Mapping[str, Any]) -> BoolArray:
    if "noData" not in rule:
        return np.zeros(len(texts), np.bool_)
    return np.array([text == rule["noData"] for text in texts], np.bool_)


def _text_or_none(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _rows_as_text(
    values: NDArray[Any], bounds: Int64Array, count: int, *, is_flat: bool = False
) -> NDArray[np.object_]:
    """Each row's array as JSON text: what an inspector can show."""
    if bounds[-1] > len(values):
        raise ValueError("an array ends behind its buffer")
    texts = np.empty(count, dtype=object)
    for row in range(count):
        item = values[row] if is_flat else values[bounds[row] : bounds[row + 1]]
        texts[row] = msgspec.json.encode(item.tolist()).decode()
    return texts
