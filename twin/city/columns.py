"""Attributes of features, gathered row by row and turned into columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from twin.city.asset import Column
from twin.city.tally import Tally

#: Most attribute cells kept (8 bytes each), so that odd files cannot fill the memory.
MAX_CELLS = 20_000_000


class ColumnsBuilder:
    """Takes ``{name: value}`` a feature; gives one column a name."""

    def __init__(self) -> None:
        self._cells: dict[str, tuple[list[int], list[object]]] = {}

    def add(self, row: int, attributes: dict[str, object]) -> None:
        """Note the attributes of one feature."""
        cells = self._cells
        for name, value in attributes.items():
            if value is None:
                continue
            column = cells.get(name)
            if column is None:
                column = cells[name] = ([], [])
            column[0].append(row)
            column[1].append(value)

    def add_many(self, rows: Sequence[int], columns: Mapping[str, Sequence[object]]) -> None:
        """Note the attributes of many features at once, by column; None = has none."""
        for name, values in columns.items():
            if None in values:
                pairs = zip(rows, values, strict=True)
                known = [(row, value) for row, value in pairs if value is not None]
                kept_rows = [row for row, _ in known]
                kept: Sequence[object] = [value for _, value in known]
            else:
                kept_rows, kept = list(rows), values
            if kept_rows:
                column = self._cells.setdefault(name, ([], []))
                column[0].extend(kept_rows)
                column[1].extend(kept)

    def columns(self, n_features: int, tally: Tally) -> dict[str, Column]:
        """Columns of length `n_features`: float64 with NaN, or object (str or None).

        Where there are too many names, the rarest are left out with a warning.
        """
        most = max(1, MAX_CELLS // max(1, n_features))
        names = list(self._cells)
        if len(names) > most:
            tally.add(
                "too-many-attributes",
                "The file names too many attributes; the rarest were left out",
                len(names) - most,
            )
            names = sorted(names, key=lambda name: -len(self._cells[name][0]))[:most]
        return {name: _column(*self._cells[name], n_features) for name in names}


def _column(rows: list[int], values: list[object], n_features: int) -> Column:
    types = set(map(type, values))
    if types <= {int, float}:
        numbers = np.full(n_features, np.nan)
        try:
            numbers[rows] = np.array(values, np.float64)
        except OverflowError:
            numbers[rows] = [_as_float(value) for value in values]
        return numbers
    texts = np.full(n_features, None, dtype=object)
    texts[rows] = values if types == {str} else [_as_text(value) for value in values]
    return texts


def _as_float(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]  # the caller checked the types
    except OverflowError:
        return math.nan


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
