"""Chosen features of a city, read whole or streamed, as plain records that any thread may write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float32Array
from twin.city.asset import Features, FeatureTable
from twin.city.resident_range import ROW, SourceTable
from twin.city.residents import ResidentFeatures
from twin.export.tables import TableRow, Value
from twin.tiles.tile import Tile

#: Columns of a tile that only serve its drawing.
_SERVING = (ROW, "zmin", "zmax")
#: Column of a tile: how many features a block of a coarse tile stands for.
MERGED = "merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some loaded tiles and the table whose rows their features are; never changed."""

    table: FeatureTable
    tiles: Sequence[Tile]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One feature.

    Attributes
    ----------
    row : of ``table``
    source : the table beside a streamed source, with all attributes; None = ``table`` has all
    """

    table: FeatureTable
    row: int
    source: SourceTable | None = None

    @property
    def id(self) -> str:
        """Id of the feature."""
        return str(self.table.ids[self.row])

    @property
    def kind(self) -> str:
        """Kind as the format names it."""
        return self.table.kind(self.row)

    @property
    def bounds_m(self) -> Float32Array:
        """(6,) xmin ymin zmin xmax ymax zmax, local metres; NaN without geometry."""
        bounds: Float32Array = self.table.bounds_min_max_local_m[self.row]
        return bounds

    @property
    def near_attributes(self) -> dict[str, str | float]:
        """The attributes that came with the tile; at once."""
        own = self.table.attributes_of(self.row)
        if self.source is None:
            return own
        if own.get(MERGED) == 1.0:
            del own[MERGED]
        return {name: value for name, value in own.items() if name not in _SERVING}

    def attributes(self) -> dict[str, str | float]:
        """All attributes. May read a file; any thread.

        Raises
        ------
        TwinError
            The table beside the source cannot be read.
        """
        own = self.table.attributes_of(self.row)
        source_row = own.get(ROW)
        if self.source is None or not isinstance(source_row, float):
            return own
        return {**self.near_attributes, **self.source.attributes_of(int(source_row))}


def chosen_of(features: Features, rows: Iterable[int]) -> list[Chosen]:
    """Records of rows that are loaded; a feature that is loaded twice comes once. GUI thread."""
    found: dict[str, Chosen] = {}
    for row in rows:
        one = chosen_at(features, row)
        if one is not None:
            found.setdefault(one.id, one)
    return list(found.values())


def chosen_at(features: Features, row: int) -> Chosen | None:
    """The record of one row, None for a row that holds nothing. GUI thread."""
    if not isinstance(features, ResidentFeatures):
        if not isinstance(features, FeatureTable) or not 0 <= row < features.n_features:
            return None
        return Chosen(table=features, row=row)
    place = features.range_of(row)
    if place is None or not isinstance(place.table, FeatureTable):
        return None
    table = features.table_of(place.source_id)
    return Chosen(table=place.table, row=row - place.first, source=table)


def table_rows(chosen: Iterable[Chosen]) -> list[TableRow]:
    """Features with kind, height and all attributes; they stand in the middle of their bounds.

    May read files; any thread.
    """
    rows = []
    for one in chosen:
        bounds = one.bounds_m.astype(float)
        values: dict[str, Value] = {"kind": one.kind}
        place = None
        if np.isfinite(bounds).all():
            middle = 0.5 * (bounds[:3] + bounds[3:])
            place = (float(middle[0]), float(middle[1]), float(bounds[2]))
            values["height_m"] = round(float(bounds[5] - bounds[2]), 2)
        values.update(one.attributes())
        rows.append(TableRow(id=one.id, xyz_local_m=place, values=values))
    return rows
