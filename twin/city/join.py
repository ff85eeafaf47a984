"""Joins the columns of a CSV or Parquet table to the features of a city by id or attribute."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.city.asset import CityAsset, Column
from twin.city.key_text import key_text
from twin.city.merging import table_of
from twin.city.scene_file import LIVE, LIVE_KEYS, Join
from twin.city.tally import Tally
from twin.errors import ReadError

if TYPE_CHECKING:
    import pyarrow

_ID = "join"
_PARQUET = (".parquet", ".pq", ".geoparquet")
MAX_ROWS = 20_000_000
MAX_COLUMNS = 200


def join_from_text(text: str) -> Join:
    """A join as a command line gives it: ``FILE:KEY`` or ``FILE:KEY=ATTRIBUTE``.

    ``topic:NAME`` in the place of the file stands for live values.

    Raises
    ------
    ReadError
        There is no key, or none that things of a topic have.
    """
    path, _, key = text.rpartition(":")
    if not path or not key:
        raise ReadError(
            "A join is written FILE:KEY or FILE:KEY=ATTRIBUTE", path=Path(text), reader_id=_ID
        )
    key, _, attribute = key.partition("=")
    if not path.startswith(LIVE):
        path = str(Path(path).absolute())
    elif key not in LIVE_KEYS:
        raise ReadError(
            f"Things of a topic are joined by {', '.join(LIVE_KEYS)}, not by {key!r}",
            path=Path(text),
            reader_id=_ID,
        )
    return Join(path=path, key=key, feature_key=attribute)


def join_all(
    assets: Mapping[str, CityAsset], join: Join, path: Path, tally: Tally
) -> dict[str, CityAsset]:
    """Join a table to the source it names, or to each that it fits; trouble becomes a warning."""
    found = dict(assets)
    troubles, n_fitting = [], 0
    for key in [join.source] if join.source else list(assets):
        if key not in assets or assets[key].terrain is not None:
            continue
        try:
            asset = joined(assets[key], join, path)
        except ReadError as error:
            troubles.append(str(error))
            continue
        if join.source or _n_joined(asset) > _n_joined(assets[key]):
            found[key], n_fitting = asset, n_fitting + 1
    if not n_fitting:
        sentence = troubles[0] if troubles else f"No feature fits a row of {path.name}"
        tally.add("join-failed", f"Nothing was joined: {sentence}")
    return found


def _n_joined(asset: CityAsset) -> int:
    return sum(one.count for one in asset.warnings if one.kind == "joined")


def joined(asset: CityAsset, join: Join, path: Path) -> CityAsset:
    """An asset with the columns of a table as further attributes.

    A column that the features have already gets the table's name in front. How many features
    found a row, and how many rows found no feature, is said in the warnings.

    Raises
    ------
    ReadError
        The table cannot be read, has no such column, or the features no such attribute.
    """
    table = _read_table(path)
    if join.key not in table.column_names:
        there = ", ".join(table.column_names[:20])
        raise ReadError(f"The table has no column {join.key!r}; it has {there}", path=path)
    row_of = _rows_by_key(table.column(join.key).to_pylist())
    keys = _feature_keys(asset, join, path)
    rows = np.array([-1 if key is None else row_of.get(key, -1) for key in keys], np.int64)
    tally = Tally()
    n_used = len(np.unique(rows[rows >= 0]))
    tally.add("joined", f"{path.name}: features that found a row", int((rows >= 0).sum()))
    tally.add("join-unmatched", f"{path.name}: rows without a feature", len(row_of) - n_used)
    tally.add(
        "join-repeated", f"{path.name}: rows whose key came before", table.num_rows - len(row_of)
    )
    features = table_of(asset)
    attributes = dict(features.attributes)
    for name in [one for one in table.column_names if one != join.key][:MAX_COLUMNS]:
        wanted = name if name not in attributes else f"{path.stem}.{name}"
        attributes[wanted] = _spread(table.column(name), rows)
    return dataclasses.replace(
        asset,
        features=dataclasses.replace(features, attributes=attributes),
        warnings=(*asset.warnings, *tally.warnings()),
    )


def _read_table(path: Path) -> pyarrow.Table:
    import pyarrow
    import pyarrow.csv
    import pyarrow.parquet

    if not path.is_file():
        raise ReadError("There is no such table to join", path=path, reader_id=_ID)
    try:
        if path.suffix.lower() in _PARQUET:
            file = pyarrow.parquet.ParquetFile(path)
            if file.metadata.num_rows > MAX_ROWS:
                raise ReadError("The table has too many rows to join", path=path, reader_id=_ID)
            return file.read()
        return pyarrow.csv.read_csv(
            path, parse_options=pyarrow.csv.ParseOptions(delimiter=_delimiter(path))
        )
    except (pyarrow.ArrowException, OSError, UnicodeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ReadError(f"The table cannot be read ({reason})", path=path, reader_id=_ID) from error


def _delimiter(path: Path) -> str:
    with path.open("rb") as stream:
        line = stream.readline(65_536).decode("utf-8", "replace")
    return max((",", ";", "\t"), key=line.count)


def _rows_by_key(keys: list[Any]) -> dict[str, int]:
    rows: dict[str, int] = {}
    for row, key in enumerate(keys):
        if key is not None:
            rows.setdefault(key_text(key), row)
    return rows


def _feature_keys(asset: CityAsset, join: Join, path: Path) -> list[str | None]:
    features = table_of(asset)
    if not join.feature_key:
        return list(features.ids)
    column = features.attributes.get(join.feature_key)
    if column is None:
        raise ReadError(
            f"The features of {asset.title} have no attribute {join.feature_key!r}", path=path
        )
    if column.dtype == object:
        return [None if value is None else str(value) for value in column]
    return [None if np.isnan(value) else key_text(float(value)) for value in column]


def _spread(column: pyarrow.ChunkedArray, rows: np.ndarray) -> Column:
    """Values of a table's column for each feature, by its row of the table (-1 = none)."""
    import pyarrow

    has = rows >= 0
    kind = column.type
    if pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind):
        values = column.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False)
        numbers = np.full(len(rows), np.nan)
        numbers[has] = values[rows[has]]
        return numbers
    texts = np.full(len(rows), None, dtype=object)
    values = column.to_pylist()
    texts[has] = [None if values[row] is None else str(values[row]) for row in rows[has]]
    return texts
