"""Finds the features of a city, streamed or not, by the values of one of their attributes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from twin.city.asset import CityAsset, Column, Features
from twin.city.key_text import key_text
from twin.city.residents import ResidentFeatures


class FeatureKeys:
    """Ids of features by what an attribute says. One thread at a time, any; blocks.

    Of several features with one value the first counts. Numbers without a fraction are compared
    as they are written without one: 7, 7.0 and "7" agree.
    """

    def __init__(self, city: CityAsset) -> None:
        features = city.features
        self._city = city
        self._live = features if isinstance(features, ResidentFeatures) else None
        self._whole: Features | None = features if self._live is None else self._live.whole
        self._by_value: dict[tuple[str, str], Mapping[str, str]] = {}

    def ids(self, attribute: str, values: Collection[str], source: str = "") -> dict[str, str]:
        """Value -> id of the feature that has it.

        Parameters
        ----------
        attribute : "" = the id itself
        source : id of the source whose features are meant, "" = all

        Raises
        ------
        ReadError
            A table of features cannot be read.
        """
        known = self._values_of_whole(attribute, source)
        found = {value: known[value] for value in values if value in known}
        tables = {} if self._live is None else self._live.tables
        for source_id, table in tables.items():
            rest = [value for value in values if value not in found]
            if rest and source in ("", source_id):
                found |= table.ids_by(attribute, rest)
        return found

    def _values_of_whole(self, attribute: str, source: str) -> Mapping[str, str]:
        """Of what was read whole: value -> id."""
        key = (attribute, source)
        if key not in self._by_value:
            self._by_value[key] = {} if self._whole is None else self._read_whole(*key)
        return self._by_value[key]

    def _read_whole(self, attribute: str, source: str) -> Mapping[str, str]:
        features = self._whole
        if features is None:
            return {}
        texts = list(features.ids) if not attribute else _texts(features.attributes.get(attribute))
        found: dict[str, str] = {}
        for rows in self._rows_of(source, len(texts)):
            for row in rows:
                text = texts[row]
                if text is not None:
                    found.setdefault(text, str(features.ids[row]))
        return found

    def _rows_of(self, source: str, n: int) -> list[range]:
        if not source or not self._city.parts:
            return [range(n)]
        parts = [part for part in self._city.parts if part.id == source]
        return [range(min(part.first, n), min(part.end, n)) for part in parts]


def _texts(column: Column | None) -> list[str | None]:
    if column is None:
        return []
    if column.dtype == object:
        return [None if value is None else str(value) for value in column]
    return [None if np.isnan(value) else key_text(float(value)) for value in column]
