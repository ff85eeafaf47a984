"""What a streamer holds of each loaded node, and the figures it tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from twin.arrays import BoolArray
from twin.city.asset import Features, FeatureTable, Surface
from twin.city.resident_range import ResidentRange
from twin.tiles.content import TileContent

#: An id as text and in a dictionary; a text with its place in a column.
_ID_BYTES, _TEXT_BYTES = 180, 64


class Prepared(Protocol):
    """What a drawing side makes of a content on the worker."""

    @property
    def n_bytes(self) -> int:
        """What it holds beyond the content's arrays, graphics memory included."""
        ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LoadedTile:
    """The content of one node, ready to be drawn. Shared by all views.

    Attributes
    ----------
    rows : its rows in the live table of features
    prepared : what ``prepare`` made of it
    n_bytes : all it holds
    """

    node: int
    source: int
    level: int
    content: TileContent
    rows: ResidentRange
    prepared: Prepared
    n_bytes: int

    @property
    def n_triangles(self) -> int:
        """Of all meshes."""
        return sum(tile.n_triangles for tile in self.content.tiles)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFigures:
    """How the streaming stands.

    Attributes
    ----------
    n_nodes : nodes known; n_met : looked at for this picture; n_drawn : drawn
    n_triangles : drawn; n_loaded : nodes held; n_loading : under way; n_wanted : still to come
    allowed_px : error on the screen that is left; is_short : the budget makes it coarser
    """

    n_nodes: int
    n_met: int
    n_drawn: int
    n_triangles: int
    n_loaded: int
    n_loading: int
    n_wanted: int
    allowed_px: float
    is_short: bool
    streamed_bytes: int
    used_bytes: int
    limit_bytes: int


def built_rows(content: TileContent) -> BoolArray:
    """(n,) bool: features of a content with walls or roofs; only these are coloured.

    Where it names some of them buildings, quays, fences and the like are left out.
    """
    table: FeatureTable = content.features
    built = np.zeros(table.n_features, bool)
    for tile in content.tiles:
        surface = tile.code_light[tile.triangles[:, 0]]
        built[tile.features[surface < Surface.ROOF + 1]] = True
    named = [name.lower().startswith("building") for name in table.kind_names]
    buildings: BoolArray = built & np.array([*named, False], bool)[table.kind_codes]
    return buildings if buildings.any() else built


def table_bytes(table: Features) -> int:
    """About what ids, the look-up by id and the attributes of a content take."""
    per_value = {True: _TEXT_BYTES, False: 8}
    values = sum(per_value[column.dtype == object] for column in table.attributes.values())
    return table.n_features * (_ID_BYTES + values)
