"""Nodes, ways and relations of an OpenStreetMap file as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.osm_tags import Tags


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation; of multipolygons the ways that are members: id and role."""

    id: int
    tags: Tags
    ways: list[tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OsmData:
    """One file.

    Attributes
    ----------
    node_ids : (N,) int64, ascending
    lonlat_deg : (N, 2) float64
    node_tags : tags by row, of the nodes that have some
    way_ids : (W,) int64
    way_starts : (W + 1,) int64, where each way begins in ``way_nodes``
    way_nodes : (K,) int64, rows of the nodes, -1 for a node that is not in the file
    way_tags : tags of each way
    member_ids : ids of the members of all relations, by their type "n", "w" or "r"
    box_deg : west, south, east, north of the extract, as the file's header tells; None = it is not
    """

    node_ids: Int64Array
    lonlat_deg: Float64Array
    node_tags: dict[int, Tags]
    way_ids: Int64Array
    way_starts: Int64Array
    way_nodes: Int64Array
    way_tags: list[Tags]
    relations: list[Relation]
    member_ids: Mapping[str, Int64Array] = field(default_factory=dict)
    box_deg: tuple[float, float, float, float] | None = None


def rows_of(ids: Int64Array, wanted: Int64Array) -> Int64Array:
    """Rows (K,) of wanted ids in ascending `ids`, -1 where there is none."""
    if not len(ids):
        return np.full(len(wanted), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[at] == wanted, at, -1)
