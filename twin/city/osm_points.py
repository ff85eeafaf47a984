"""Points of OpenStreetMap: which are worth a feature, and the trees among them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from twin.arrays import Float64Array, Int32Array, Int64Array
from twin.city.asset import TriangleSoup
from twin.city.flat_map import GeometryArray, joined
from twin.city.osm_data import OsmData
from twin.city.osm_streets import runs_of
from twin.city.osm_tags import Tags

_KEYS = (
    "amenity", "shop", "tourism", "office", "craft", "leisure", "emergency", "historic", "place",
    "public_transport", "healthcare", "man_made", "power",
)  # fmt: skip
_ON_ROADS = {
    "bus_stop", "traffic_signals", "street_lamp", "speed_camera", "elevator", "crossing",
    "motorway_junction",
}  # fmt: skip
_ON_RAILS = {"station", "halt", "tram_stop", "subway_entrance", "level_crossing"}

#: Trees of rows stand so far apart; a wood has one tree for so many square metres.
ROW_STEP_M, WOOD_M2 = 8.0, 90.0
#: Most trees that are drawn; of more, every second, third … one.
MOST_TREES = 12_000


def is_tree(tags: Tags) -> bool:
    """Whether a single tree."""
    return tags.get("natural") == "tree"


def is_point_of_interest(tags: Tags) -> bool:
    """Whether a node becomes a feature of its own."""
    if tags.get("highway") in _ON_ROADS or tags.get("railway") in _ON_RAILS:
        return True
    return any(key in tags for key in _KEYS)


def trees(
    data: OsmData,
    xy: Float64Array,
    woods: GeometryArray,
    wood_rows: Int32Array,
    new_row: Callable[[str, Tags, Float64Array], int],
) -> TriangleSoup:
    """Trees that are mapped one by one, rows of trees, and woods filled with trees.

    Parameters
    ----------
    woods, wood_rows : polygons (P,) and their features
    new_row : makes the feature of a tree or a row of trees: id, tags, points (k, 2)
    """
    from twin.generate.trees import trees_soup

    spots: list[Float64Array] = []
    features: list[int] = []
    for node, tags in data.node_tags.items():
        if is_tree(tags) and np.isfinite(xy[node]).all():
            spots.append(xy[[node]])
            features.append(new_row(f"node/{data.node_ids[node]}", tags, xy[[node]]))
    for way, tags in enumerate(data.way_tags):
        if tags.get("natural") == "tree_row":
            for run in runs_of(data, xy, way):
                spots.append(_along(xy[run]))
                features.append(new_row(f"way/{data.way_ids[way]}", tags, xy[run]))
    inside, of_wood = _in_woods(woods)
    place = np.concatenate([np.zeros((0, 2)), *spots, inside])
    owner = np.concatenate(
        [np.repeat(np.array(features, dtype=np.int64), [len(s) for s in spots]), wood_rows[of_wood]]
    ).astype(np.int64)
    step = max(1, -(-len(place) // MOST_TREES))
    place, owner = place[::step], owner[::step]
    return trees_soup(place, np.zeros(len(place)), owner, seed=7) if len(place) else joined([])


def _along(line: Float64Array) -> Float64Array:
    """(T, 2) points every `ROW_STEP_M` along a line (k, 2)."""
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    along = np.arange(0.0, min(run[-1], 20_000.0) + 1e-6, ROW_STEP_M)
    return np.stack([np.interp(along, run, line[:, axis]) for axis in (0, 1)], axis=1)


def _in_woods(woods: GeometryArray) -> tuple[Float64Array, Int64Array]:
    """Points (T, 2) spread over woods, the same ones every time, and their woods (T,)."""
    import shapely

    if not len(woods):
        return np.zeros((0, 2)), np.zeros(0, dtype=np.int64)
    size = shapely.area(woods)
    each = max(WOOD_M2, float(size.sum()) / MOST_TREES)
    box = shapely.bounds(woods)
    box_m2 = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
    # Long thin woods fill little of their box: no more tries than a few for each tree.
    counts = np.minimum(np.ceil(box_m2 / each), 40 * size / each + 1).astype(np.int64)
    wood = np.repeat(np.arange(len(woods)), counts)
    share = np.random.default_rng(11).random((len(wood), 2))
    at = box[wood, :2] + share * (box[wood, 2:] - box[wood, :2])
    shapely.prepare(woods)
    inside = shapely.contains_xy(woods[wood], at[:, 0], at[:, 1])
    return at[inside], wood[inside]
