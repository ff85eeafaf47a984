"""The feature table of a tile's contents: ids, kinds and attributes from whatever columns came."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float32Array, UInt8Array, UInt16Array
from twin.city.asset import Column, FeatureTable, Surface
from twin.city.kinds import BY_NORMAL, surface_of_kind
from twin.city.names import UniqueNames
from twin.tiles.tileset_parts import RawContent

#: Columns that may hold a feature's id or kind, the best first; compared in lower case.
_ID_NAMES = (
    "id", "gml_id", "gmlid", "gml:id", "identificatie", "globalid", "building_id", "uuid", "guid",
    "elementid", "osm_id", "fid", "objectid",
)  # fmt: skip
_KIND_NAMES = ("kind", "feature_type", "featuretype", "classname", "class", "type", "category")
_NO_KIND = "Feature"


def merged_columns(raw: RawContent) -> dict[str, Column]:
    """Columns over all features of the content; runs without a column are empty in it."""
    names = {name: None for block in raw.blocks.values() for name in block.columns}
    return {name: _merged(raw, name) for name in names}


def feature_table(
    raw: RawContent,
    columns: dict[str, Column],
    bounds: Float32Array,
    *,
    hidden: tuple[str, ...] = (),
) -> FeatureTable:
    """The table of a content's features.

    Parameters
    ----------
    columns : as `merged_columns` gives them
    bounds : (N, 6) float32, NaN for features without geometry
    hidden : columns that are not wanted as attributes
    """
    kind_names, kind_codes = kinds(columns, raw.n_features)
    return FeatureTable(
        ids=_ids(raw, columns),
        kind_names=kind_names,
        kind_codes=kind_codes,
        parents=np.full(raw.n_features, -1, np.int32),
        bounds_min_max_local_m=bounds,
        attributes={name: one for name, one in columns.items() if name not in hidden},
    )


def kinds(columns: dict[str, Column], n_features: int) -> tuple[tuple[str, ...], UInt16Array]:
    """Kind names, and the code (N,) of each feature."""
    column = _named(columns, _KIND_NAMES, texts_only=True)
    if column is None:
        return (_NO_KIND,), np.zeros(n_features, np.uint16)
    texts = [_NO_KIND if value is None or not value else value for value in column.tolist()]
    rows: dict[str, int] = {}
    codes = [rows.setdefault(text, len(rows)) for text in texts]
    if len(rows) > np.iinfo(np.uint16).max:  # a column of names, not of kinds
        return (_NO_KIND,), np.zeros(n_features, np.uint16)
    return tuple(rows) or (_NO_KIND,), np.array(codes, np.uint16)


def surface_codes(kind_names: tuple[str, ...], kind_codes: UInt16Array) -> UInt8Array:
    """(N,) shade of each feature by its kind, `BY_NORMAL` where the kind does not tell."""
    shades = [surface_of_kind(name) for name in kind_names]
    known = [BY_NORMAL if shade == Surface.OTHER else shade for shade in shades]
    return np.array(known, np.uint8)[kind_codes]


def _merged(raw: RawContent, name: str) -> Column:
    runs = [(block, block.columns.get(name)) for block in raw.blocks.values()]
    found = [column for _, column in runs if column is not None]
    if all(column.dtype != object for column in found):
        numbers = np.full(raw.n_features, np.nan)
        for block, column in runs:
            if column is not None:
                numbers[block.first : block.first + len(column)] = column
        return numbers
    texts: NDArray[np.object_] = np.full(raw.n_features, None, dtype=object)
    for block, column in runs:
        if column is not None:
            values = column if column.dtype == object else _as_texts(column)
            texts[block.first : block.first + len(column)] = values
    return texts


def _as_texts(column: Column) -> NDArray[np.object_]:
    texts = np.empty(len(column), dtype=object)
    texts[:] = [None if value != value else f"{value:.15g}" for value in column.tolist()]
    return texts


def _named(
    columns: dict[str, Column], names: tuple[str, ...], *, texts_only: bool = False
) -> Column | None:
    lower = {name.lower(): column for name, column in columns.items()}
    for name in names:
        column = lower.get(name)
        if column is not None and (column.dtype == object or not texts_only):
            return column
    return None


def _ids(raw: RawContent, columns: dict[str, Column]) -> list[str]:
    """Unique ids: of the id column, else the content's name and a number."""
    column = _named(columns, _ID_NAMES)
    ids: list[str | None] = [None] * raw.n_features
    if column is not None:
        ids = (column if column.dtype == object else _as_texts(column)).tolist()
    if None in ids or "" in ids:
        for key, block in raw.blocks.items():
            name = key.rpartition("/")[0] if key.endswith(("/batch", "/ids")) else key
            for row in range(block.count):
                ids[block.first + row] = ids[block.first + row] or (
                    name if block.count == 1 else f"{name}#{row}"
                )
    texts = [text or "" for text in ids]
    if len(set(texts)) == len(texts):
        return texts
    unique = UniqueNames()
    return [unique.take(text) for text in texts]
