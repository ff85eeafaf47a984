"""Rows of the feature table of a generated city, series after series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from twin.arrays import Float32Array, Int64Array, UInt16Array
from twin.city.asset import Column, FeatureTable, TriangleSoup
from twin.generate.lazy import NumberedIds


@dataclass(slots=True)
class Series:
    """Reserves rows for one series of features after another.

    Attributes
    ----------
    parts : (id prefix, kind, how many)
    """

    parts: list[tuple[str, str, int]] = field(default_factory=list)
    length: int = 0

    def add(self, prefix: str, kind: str, n: int) -> Int64Array:
        """Rows of `n` new features."""
        rows = self.length + np.arange(n)
        self.parts.append((prefix, kind, n))
        self.length += n
        return rows

    def ids(self) -> NumberedIds:
        """Ids like "road-017"."""
        return NumberedIds([(prefix, n) for prefix, _, n in self.parts])

    def kinds(self) -> tuple[tuple[str, ...], UInt16Array]:
        """Distinct kinds and the code of every row."""
        names = tuple(dict.fromkeys(kind for _, kind, _ in self.parts))
        codes = [np.full(n, names.index(kind), np.uint16) for _, kind, n in self.parts]
        return names, np.concatenate([np.zeros(0, np.uint16), *codes])


def bounds_of(soup: TriangleSoup, n_features: int) -> Float32Array:
    """(N, 6) least and greatest coordinates of every feature, NaN without geometry."""
    out = np.full((n_features, 6), np.nan, dtype=np.float32)
    if not soup.n_triangles:
        return out
    order = np.argsort(soup.features, kind="stable")
    rows = soup.features[order]
    begins = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
    for axis in range(3):
        values = soup.corners_local_m[:, :, axis]
        out[rows[begins], axis] = np.minimum.reduceat(values.min(axis=1)[order], begins)
        out[rows[begins], axis + 3] = np.maximum.reduceat(values.max(axis=1)[order], begins)
    return out


def table_of(
    series: Series,
    soup: TriangleSoup,
    columns: Mapping[str, Column],
) -> FeatureTable:
    """The feature table of all series."""
    names, codes = series.kinds()
    return FeatureTable(
        ids=series.ids(),
        kind_names=names,
        kind_codes=codes,
        parents=np.full(series.length, -1, dtype=np.int32),
        bounds_min_max_local_m=bounds_of(soup, series.length),
        attributes=columns,
    )
