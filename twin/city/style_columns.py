"""Columns a style may use: attributes, observed values, and a few facts of every feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int32Array
from twin.city.asset import Features
from twin.city.style import StyleError
from twin.near_names import near_names

#: Facts of every feature (heights, in metres: of buildings); an attribute of that name comes first.
FACTS = ("id", "kind", "height", "zmin", "zmax")
#: Kinds that no filter hides and no column colours unless they have a value of it.
GROUND_KINDS = frozenset({"", "TINRelief", "LandUse", "PlantCover", "WaterBody"})


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Text of N features: a code each and the distinct words.

    Attributes
    ----------
    codes : (N,) int32, row of ``words``, -1 = none
    words : the distinct texts
    """

    codes: Int32Array
    words: tuple[str, ...]

    def each(self, of_word: np.ndarray, of_none: object) -> np.ndarray:
        """(N,) what each feature's word was given in ``of_word`` (one entry a word)."""
        table = np.append(of_word, np.array([of_none], of_word.dtype))
        return table[self.codes]


Values: TypeAlias = Float64Array | Texts


def texts_of(column: np.ndarray) -> Texts:
    """Encode a column of ``str | None``."""
    row_of: dict[str, int] = {}
    codes = np.fromiter(
        (-1 if v is None or v == "" else row_of.setdefault(str(v), len(row_of)) for v in column),
        np.int32,
        len(column),
    )
    return Texts(codes, tuple(row_of))


class StyleColumns:
    """Columns of one feature table by name, encoded once and kept. One thread.

    Parts (building parts and the like) without a value of their own have their parent's.

    Attributes
    ----------
    is_built : (N,) bool, buildings and their parts; all but ground where nothing is named so

    Parameters
    ----------
    observed : property -> (N,) float64 value of each feature now, NaN = nobody measures it
    """

    def __init__(
        self,
        features: Features,
        observed: Mapping[str, Callable[[], Float64Array]] | None = None,
    ) -> None:
        self._features = features
        self._observed = observed or {}
        self.is_built = built_rows(features)
        self._known: dict[str, Values] = {}
        self._centres: Float64Array | None = None

    @property
    def n_rows(self) -> int:
        """How many features."""
        return self._features.n_features

    @property
    def parents(self) -> Int32Array:
        """(N,) row of the parent, -1 for none."""
        return self._features.parents

    @property
    def has_geometry(self) -> BoolArray:
        """(N,) bool: features that are drawn."""
        drawn: BoolArray = ~np.isnan(self._features.bounds_min_max_local_m[:, 0])
        return drawn

    def feet_and_tops_m(self) -> tuple[Float64Array, Float64Array]:
        """Lowest and highest (N,) of each feature with the other parts of its building, metres."""
        bounds = self._features.bounds_min_max_local_m.astype(float)
        group = self._buildings()
        low, high = np.full(self.n_rows, np.inf), np.full(self.n_rows, -np.inf)
        np.fmin.at(low, group, bounds[:, 2])
        np.fmax.at(high, group, bounds[:, 5])
        low[~np.isfinite(low)] = high[~np.isfinite(high)] = np.nan
        return low[group], high[group]

    def most_of_building(self, values: Float64Array) -> Float64Array:
        """(N,) the greatest value among a feature, its parent and the parent's other parts."""
        group = self._buildings()
        most = np.full(self.n_rows, -np.inf)
        np.fmax.at(most, group, values)
        most[~np.isfinite(most)] = np.nan
        of_each: Float64Array = most[group]
        return of_each

    def _buildings(self) -> np.ndarray:
        return np.where(self.parents >= 0, self.parents, np.arange(self.n_rows))

    @property
    def names(self) -> tuple[str, ...]:
        """All columns there are."""
        return tuple(dict.fromkeys((*self._features.attributes, *self._observed, *FACTS)))

    def values(self, name: str) -> Values:
        """One column: (N,) float64 with NaN, or texts.

        Raises
        ------
        StyleError
            There is no such column; the sentence names near ones.
        """
        if name in self._observed and name not in self._features.attributes:
            return self._observed[name]()
        if name not in self._known:
            self._known[name] = self._made(name)
        return self._known[name]

    def centres_local_m(self) -> Float64Array:
        """(N, 2) middles of the features, metres; NaN without geometry."""
        if self._centres is None:
            bounds = self._features.bounds_min_max_local_m
            self._centres = 0.5 * (bounds[:, :2] + bounds[:, 3:5]).astype(float)
        return self._centres

    def _made(self, name: str) -> Values:
        features = self._features
        column = features.attributes.get(name)
        if column is not None:
            made = texts_of(column) if column.dtype == object else np.asarray(column, float)
            return inherited(made, features.parents)
        bounds = features.bounds_min_max_local_m
        if name == "id":
            return Texts(np.arange(self.n_rows, dtype=np.int32), tuple(features.ids))
        if name == "kind":
            return Texts(features.kind_codes.astype(np.int32), features.kind_names)
        low, high = bounds[:, 2], bounds[:, 5]
        heights = {"height": high - low, "zmin": low, "zmax": high}
        if name in heights:
            return np.where(self.is_built, heights[name], np.nan).astype(float)
        raise unknown_column(name, self.names)


def inherited(values: Values, parents: Int32Array) -> Values:
    """The same, where parts without a value have their parent's."""
    if isinstance(values, Texts):
        lacks = (values.codes < 0) & (parents >= 0)
        codes = np.where(lacks, values.codes[parents], values.codes).astype(np.int32)
        return Texts(codes, values.words)
    lacks = np.isnan(values) & (parents >= 0)
    return np.where(lacks, values[parents], values) if lacks.any() else values


def built_rows(features: Features) -> BoolArray:
    """(N,) bool: buildings and their parts; where no kind is called so, all but ground."""
    names = features.kind_names
    named = np.array([name.lower().startswith("building") for name in names] + [False], bool)
    if not named.any():
        named = np.array([name not in GROUND_KINDS for name in names] + [False], bool)
    rows: BoolArray = named[features.kind_codes]
    return rows


def unknown_column(name: str, names: tuple[str, ...]) -> StyleError:
    """The sentence for a column that is not there."""
    near = near_names(name, names)
    hint = f"; did you mean {near}?" if near else ""
    return StyleError(f"There is no column “{name}” in this city{hint}")
