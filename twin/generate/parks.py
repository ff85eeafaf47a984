"""Parks: lawns parted by two crossing paths."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.asset import Surface, TriangleSoup
from twin.generate.chance import fractions
from twin.generate.ground import flat
from twin.generate.polygons import SLOTS, Polygons, clip, fans, joined
from twin.generate.solids import joined_soup, soup_of

_PATH_HALF_M = 1.7


def parks_soup(yards: Float64Array, features: Int64Array, seed: int) -> TriangleSoup:
    """Triangles of (P, K, 2) convex park grounds at z 0."""
    if not len(yards):
        return joined_soup([])
    lawns, owner = compacted(yards), np.arange(len(yards))
    middle = lawns.centres()
    angle = fractions(seed, 81, np.arange(len(yards))) * np.pi
    paths: list[Polygons] = []
    path_owner: list[Int64Array] = []
    for turn in (0.0, 1.25):
        normal = np.stack([np.cos(angle + turn), np.sin(angle + turn)], axis=1)
        level = np.einsum("pkc,pc->pk", lawns.xy - middle[owner][:, None], normal[owner])
        none = np.full(len(lawns), -1)
        path = _clipped(lawns, level + _PATH_HALF_M, none)
        inside = np.einsum("pkc,pc->pk", path.xy - middle[owner][:, None], normal[owner])
        paths.append(_clipped(path, _PATH_HALF_M - inside, none))
        path_owner.append(owner)
        sides = [_clipped(lawns, sign * level - _PATH_HALF_M, none) for sign in (1, -1)]
        lawns, owner = joined(sides), np.concatenate([owner, owner])
    way, way_owner = joined(paths), np.concatenate(path_owner)
    return joined_soup(
        [
            _ground(lawns, features[owner], Surface.GREEN),
            _ground(way, features[way_owner], Surface.PAVED),
        ]
    )


def _clipped(polygons: Polygons, values: Float64Array, labels: Int64Array) -> Polygons:
    return clip(polygons, values, labels)


def _ground(polygons: Polygons, features: Int64Array, surface: Surface) -> TriangleSoup:
    whole = polygons.counts >= 3
    triangles, rows = fans(polygons.xy[whole])
    return soup_of(flat(triangles, 0.0), features[whole][rows], surface)


def compacted(rings: Float64Array) -> Polygons:
    """Polygons of rings that repeat corners."""
    away = np.abs(rings - np.roll(rings, 1, axis=1)).max(axis=2)
    wanted = away > 1e-3
    order = np.argsort(~wanted, axis=1, kind="stable")
    counts = wanted.sum(axis=1)
    xy = np.take_along_axis(rings, order[:, :, None], axis=1)
    empty = np.arange(SLOTS) >= counts[:, None]
    xy = np.where(empty[:, :, None], xy[:, :1], xy)
    return Polygons(xy, counts, np.full(wanted.shape, -1, dtype=np.int64))
