"""Buildings as upright boxes: where they stand, how high, which roof a straight way meets."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.asset import Features


def building_boxes(features: Features) -> tuple[Int64Array, Float64Array]:
    """Top-level buildings that have a body.

    Parts count for the building they belong to.

    Returns
    -------
    rows : (B,) int64, feature rows
    boxes : (B, 6) float64, xmin ymin zmin xmax ymax zmax
    """
    is_building = np.array(["building" in kind.lower() for kind in features.kind_names])
    bounds = np.asarray(features.bounds_min_max_local_m, dtype=np.float64)
    has_body = ~np.isnan(bounds[:, 0]) & (bounds[:, 5] - bounds[:, 2] > 2.0)
    if len(is_building):
        has_body &= is_building[features.kind_codes]
    root = np.arange(features.n_features)
    for _ in range(4):  # a part of a part of a … ; deeper nesting keeps its own row
        root = np.where(features.parents[root] >= 0, features.parents[root], root)
    boxes = np.concatenate(
        [np.full((features.n_features, 3), np.inf), np.full((features.n_features, 3), -np.inf)],
        axis=1,
    )
    rows = np.flatnonzero(has_body)
    np.minimum.at(boxes[:, :3], root[rows], bounds[rows, :3])
    np.maximum.at(boxes[:, 3:], root[rows], bounds[rows, 3:])
    found = np.flatnonzero(np.isfinite(boxes[:, 0]))
    return found, boxes[found]


def highest_roof_m(
    boxes: Float64Array, start: Float64Array, end: Float64Array, width_m: float
) -> float:
    """The highest roof within some metres of a straight line, -inf where there is none.

    A building counts with the box around it, so the answer is on the safe side.

    Parameters
    ----------
    boxes : (B, 6) as from `building_boxes`
    start, end : (2,) or (3,) local metres
    """
    if not len(boxes):
        return -np.inf
    low, high = boxes[:, :2] - width_m, boxes[:, 3:5] + width_m
    way = end[:2] - start[:2]
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (low - start[:2]) / way, (high - start[:2]) / way
    inside = (low <= start[:2]) & (start[:2] <= high)
    enters = np.where(way == 0, np.where(inside, -np.inf, np.inf), np.minimum(first, second))
    leaves = np.where(way == 0, np.where(inside, np.inf, -np.inf), np.maximum(first, second))
    is_met = np.maximum(enters.max(axis=1), 0.0) <= np.minimum(leaves.min(axis=1), 1.0)
    return float(boxes[is_met, 5].max(initial=-np.inf))
