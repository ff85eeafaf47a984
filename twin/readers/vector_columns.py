"""Columns of vector files: to ours, heights from them, tags in the words of OpenStreetMap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from twin.arrays import BoolArray, Float64Array
from twin.city.asset import Column
from twin.city.footprints import span_m
from twin.city.osm_tags import ROAD, ROADS
from twin.city.tally import Tally

#: Columns that hold the class of a road, as roads of several makers name it.
_CLASS_COLUMNS = ("highway", "fclass", "class", "road_class", "type", "kind")
_NAME_COLUMNS = ("name", "street", "streetname", "street_name", "strasse", "naam", "nom", "label")
_TAG_COLUMNS = (
    "building", "building:part", "highway", "railway", "waterway", "natural", "landuse", "leisure",
    "amenity", "water", "place", "man_made", "public_transport", "aeroway", "tunnel", "location",
    "lanes", "oneway", "width", "maxspeed", "junction", "name", "bridge",
)  # fmt: skip


def column_of(values: Any) -> Column:
    """A column as the feature table holds it: numbers with NaN, or text with None."""
    array = np.asarray(values)
    if array.dtype.kind in "iufb":
        return array.astype(np.float64)
    if array.dtype.kind == "M":
        texts = np.datetime_as_string(array, unit="s").astype(object)
        texts[np.isnat(array)] = None
        return texts
    texts = np.full(len(array), None, dtype=object)
    for row, value in enumerate(array.tolist()):
        if value is not None and value == value:  # NaN is not itself
            texts[row] = value if isinstance(value, str) else str(value)[:1000]
    return texts


def joined_columns(layers: Sequence[tuple[int, dict[str, Column]]]) -> dict[str, Column]:
    """Columns over all layers; what one layer has as text is text in all.

    Parameters
    ----------
    layers : how many rows a layer has, and its columns
    """
    names = dict.fromkeys(name for _, columns in layers for name in columns)
    out: dict[str, Column] = {}
    for name in names:
        found = [columns.get(name) for _, columns in layers]
        is_text = any(one is not None and one.dtype == object for one in found)
        pieces: list[Any] = []
        for (n_rows, _), one in zip(layers, found, strict=True):
            if one is None:
                pieces.append(
                    np.full(n_rows, None, dtype=object) if is_text else np.full(n_rows, np.nan)
                )
            elif is_text and one.dtype != object:
                texts = np.array([f"{value:g}" for value in one.tolist()], dtype=object)
                texts[np.isnan(one)] = None
                pieces.append(texts)
            else:
                pieces.append(one)
        out[name] = np.concatenate(pieces)
    return out


def spans_m(columns: Mapping[str, Column], n_rows: int) -> tuple[Float64Array, BoolArray]:
    """Foot and top (N, 2) of each feature, and whether the file tells a height (N,)."""
    silent = Tally()
    spans = np.zeros((n_rows, 2))
    known = np.zeros(n_rows, dtype=bool)
    lists = {name: column.tolist() for name, column in columns.items() if _may_be_height(name)}
    for row in range(n_rows):
        own = {
            name: column[row]
            for name, column in lists.items()
            if column[row] is not None and column[row] == column[row]
        }
        base, top, is_known = span_m(own, silent)
        spans[row] = base, top
        known[row] = is_known
    return spans, known


def _may_be_height(name: str) -> bool:
    lower = name.lower()
    words = ("height", "level", "floor", "stor", "hoehe", "hauteur", "hoogte")
    return lower == "h" or any(word in lower for word in words)


def tag_rows(columns: Mapping[str, Column], n_rows: int) -> list[dict[str, str]]:
    """Columns that are keys of OpenStreetMap as tags of each feature."""
    rows: list[dict[str, str]] = [{} for _ in range(n_rows)]
    for name, column in columns.items():
        if name.lower() in _TAG_COLUMNS:
            for row, value in enumerate(column.tolist()):
                if value is not None and value == value and value != "":
                    rows[row][name.lower()] = value if isinstance(value, str) else f"{value:g}"
    return rows


def street_tags(
    tags: Mapping[str, str], lower: Mapping[str, Column], row: int, layer_kind: str
) -> dict[str, str]:
    """Tags that make a line a street; {} where it is none.

    A line is a street where a column names a class of road, or its layer is one of roads.

    Parameters
    ----------
    lower : columns by their names in lower case
    """
    road = next(
        (
            value
            for name in _CLASS_COLUMNS
            if name in lower and (value := str(lower[name][row]).lower()) in ROADS
        ),
        "",
    )
    if not road and layer_kind != ROAD:
        return {}
    name = next(
        (str(lower[one][row]) for one in _NAME_COLUMNS if one in lower and lower[one][row]), ""
    )
    out = {**tags, "highway": road or "unclassified"}
    if name and name != "nan":
        out["name"] = name
    return out
