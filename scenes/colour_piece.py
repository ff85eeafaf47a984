"""Rows of a city that are coloured together, and their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int32Array
from twin.city.asset import Features


@dataclass(slots=True, eq=False)
class Piece:
    """Rows that come and go together: a loaded tile, or all of a city that was read whole.

    Attributes
    ----------
    slot_row : (n,) which row of the sensors' colours each feature takes, None = not known yet
    is_painted : whether its attribute colours stand in the joined array
    """

    first: int
    table: Features
    built: BoolArray
    rows_by_id: Mapping[str, int] | None = None
    slot_row: np.ndarray | None = None
    is_painted: bool = False

    @property
    def rows(self) -> slice:
        """Its rows in the table of the city."""
        return slice(self.first, self.first + self.table.n_features)


def rows_near(points: Float64Array, places: Float64Array, reach_m: float) -> np.ndarray:
    """Rows of the places that may be within reach of any of the points."""
    known = points[~np.isnan(points[:, 0])]
    if not len(known):
        return np.empty(0, np.intp)
    low, high = known.min(axis=0) - reach_m, known.max(axis=0) + reach_m
    return np.flatnonzero(np.all((places >= low) & (places <= high), axis=1))


def numbers_of(piece: Piece, name: str) -> Float64Array:
    """(n,) values of an attribute, NaN for none; parts without one have their parent's."""
    column, parents = piece.table.attributes.get(name), piece.table.parents
    if column is None or column.dtype == object:
        return np.full(len(parents), np.nan)
    values = np.asarray(column, float)
    from_parent = np.isnan(values) & (parents >= 0)
    return np.where(from_parent, values[parents], values)


def texts_of(piece: Piece, name: str) -> np.ndarray:
    """(n,) texts of an attribute, "" for none; parts without one have their parent's."""
    column, parents = piece.table.attributes.get(name), piece.table.parents
    if column is None:
        return np.full(len(parents), "", dtype=str)
    if column.dtype == object:
        return inherited_text(column, parents).astype(str)
    return np.array(["" if np.isnan(value) else f"{value:g}" for value in column], dtype=str)


def round_ends(low: float, high: float) -> tuple[float, float]:
    """Ends on round numbers around both, so that they seldom move."""
    step = 10.0 ** np.floor(np.log10(max(high - low, 1e-9)))
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step)


def inherited_text(column: np.ndarray, parents: Int32Array) -> np.ndarray:
    """Texts with "" for none; parts without one take their parent's."""
    texts = np.array(["" if value is None else str(value) for value in column], object)
    inherits = (texts == "") & (parents >= 0)
    texts[inherits] = texts[parents[inherits]]
    return texts
