"""From ways to streets: which pieces are one street, how wide and how fast it is."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.asset import StreetNetwork
from twin.city.graph import components
from twin.city.medial import Ways

_NARROWEST_M, _WIDEST_M = 4.0, 16.0
#: Two pieces are one street when it turns by less than this at their junction.
_STRAIGHT_COS = 0.80


def streets_of_ways(ways: Ways, z_m: Float64Array) -> StreetNetwork:
    """A street network; names are "Street 1" and so on, the longest street first.

    Parameters
    ----------
    z_m : (N,) height of every node
    """
    step = ways.nodes[ways.edges[:, 1]] - ways.nodes[ways.edges[:, 0]]
    length = np.hypot(step[:, 0], step[:, 1])
    street = _through_streets(ways, step / np.maximum(length, 1e-9)[:, None])
    total = np.bincount(street, weights=length, minlength=1)
    rank = np.empty(len(total), dtype=np.int64)
    rank[np.argsort(-total, kind="stable")] = np.arange(len(total))
    room = _mean_by(street, ways.clearance_m)
    widths = np.clip(1.25 * room, _NARROWEST_M, _WIDEST_M)
    speeds = np.where(widths > 11, 13.9, np.where(widths > 6.5, 8.3, 5.6))
    return StreetNetwork(
        nodes_local_m=np.column_stack([ways.nodes, z_m]).astype(np.float32),
        edges=ways.edges.astype(np.int32),
        names=[f"Street {k + 1}" for k in rank[street].tolist()],
        widths_m=widths.astype(np.float32),
        speeds_mps=speeds.astype(np.float32),
    )


def _mean_by(group: Int64Array, values: Float64Array) -> Float64Array:
    """Mean of the values of each one's group."""
    total = np.bincount(group, weights=values, minlength=1)
    count = np.bincount(group, minlength=1)
    mean: Float64Array = (total / np.maximum(count, 1))[group]
    return mean


def _through_streets(ways: Ways, along: Float64Array) -> Int64Array:
    """(M,) number of the street of every edge: straight on at junctions, round bends on a way."""
    at: dict[int, list[tuple[int, float]]] = {}
    for k, (a, b) in enumerate(ways.edges.tolist()):
        at.setdefault(a, []).append((k, 1.0))
        at.setdefault(b, []).append((k, -1.0))
    pairs: list[tuple[int, int]] = []
    for ends in at.values():
        if len(ends) == 2:
            (first, _), (second, _) = ends
            if ways.ways[first] == ways.ways[second]:
                pairs.append((first, second))
            continue
        pairs += _straight_pairs(ends, along)
    if not pairs:
        return np.arange(len(ways.edges))
    group = components(len(ways.edges), np.array(pairs))
    return np.unique(group, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _straight_pairs(ends: list[tuple[int, float]], along: Float64Array) -> list[tuple[int, int]]:
    """Pieces at one junction that run on as each other, the straightest first."""
    options: list[tuple[float, int, int]] = []
    for i, (first, sign_1) in enumerate(ends):
        for second, sign_2 in ends[i + 1 :]:
            bend = -sign_1 * sign_2 * float(along[first] @ along[second])
            if bend > _STRAIGHT_COS:
                options.append((-bend, first, second))
    taken: set[int] = set()
    out: list[tuple[int, int]] = []
    for _, first, second in sorted(options):
        if first not in taken and second not in taken:
            taken |= {first, second}
            out.append((first, second))
    return out
