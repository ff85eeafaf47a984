"""The sea beside a coastline: OpenStreetMap draws only the line, with the land on its left."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array
from twin.city.flat_map import GeometryArray, only_polygons
from twin.city.osm_data import OsmData
from twin.city.osm_streets import runs_of
from twin.city.tally import Tally

#: How far the sea is drawn, in radii of the city.
REACH = 2.6
#: So far from the line a point is sure to lie on its side.
_BESIDE_M = 0.3


def sea_polygons(
    data: OsmData,
    xy: Float64Array,
    centre: Float64Array,
    radius_m: float,
    edge: Float64Array | None,
    tally: Tally,
) -> GeometryArray:
    """Sea around a city; empty where there is no coastline, or it does not cut land from sea.

    Where the line ends it goes straight on outwards, to the edge of the extract; where the file
    does not tell its edge, to `REACH` radii.

    Parameters
    ----------
    xy : (N, 2) local metres of the nodes
    centre, radius_m : of what is built
    edge : (4, 2) corners of the extract, local metres
    """
    import shapely

    ways = [way for way, tags in enumerate(data.way_tags) if tags.get("natural") == "coastline"]
    none: GeometryArray = np.empty(0, dtype=object)
    runs = [run.tolist() for way in ways for run in runs_of(data, xy, way)]
    if not runs:
        return none
    chains = [xy[chain] for chain in _directed(runs)]
    reach = REACH * radius_m
    if edge is None:
        rim = shapely.Point(*centre).buffer(reach, quad_segs=24)
    else:
        rim, centre = shapely.Polygon(edge), edge.mean(axis=0)
    lines = [_extended(chain, centre, 2.0 * reach) for chain in chains]
    net = shapely.union_all([*(shapely.LineString(line) for line in lines), rim.exterior])
    faces, _ = only_polygons(shapely.get_parts(shapely.polygonize([net])))
    faces = faces[shapely.within(shapely.point_on_surface(faces), rim)]
    sea = [face for face in faces if _is_sea(face, chains)]
    if not sea:
        tally.add("coastline", "The coastline does not part land from sea, so no sea is drawn")
    elif edge is None and any(not np.array_equal(chain[0], chain[-1]) for chain in chains):
        tally.add("coastline", "Beyond the file's edge the coastline is drawn straight on")
    return np.array(sea, dtype=object) if sea else none


def _directed(runs: list[list[int]]) -> list[list[int]]:
    """Runs joined end to start, so that the land stays on the left."""
    at_start = {run[0]: number for number, run in enumerate(runs)}
    ends = {run[-1] for run in runs}
    used: set[int] = set()
    out: list[list[int]] = []
    heads_first = sorted(range(len(runs)), key=lambda number: runs[number][0] in ends)
    for number in heads_first:
        if number in used:
            continue
        chain: list[int] = []
        following: int | None = number
        while following is not None and following not in used:
            used.add(following)
            chain += runs[following][1 if chain else 0 :]
            following = at_start.get(chain[-1])
        out.append(chain)
    return out


def _extended(chain: Float64Array, centre: Float64Array, reach_m: float) -> Float64Array:
    """An open line with both ends carried outwards."""
    if np.array_equal(chain[0], chain[-1]):
        return chain
    ends = []
    for end in (chain[0], chain[-1]):
        away = end - centre
        length = float(np.hypot(*away))
        ends.append(end + away / max(length, 1.0) * reach_m)
    return np.concatenate([ends[:1], chain, ends[1:]])


def _is_sea(face: object, chains: list[Float64Array]) -> bool:
    """Whether more of the points just right of the coastline lie in a face than just left."""
    import shapely

    shapely.prepare(face)
    votes = 0.0
    for chain in chains:
        step = np.diff(chain, axis=0)
        length = np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)[:, None]
        middle = chain[:-1] + step / 2
        right = np.stack([step[:, 1], -step[:, 0]], axis=1) / length * _BESIDE_M
        weight = length[:, 0]
        votes += float((weight * shapely.contains_xy(face, *(middle + right).T)).sum())
        votes -= float((weight * shapely.contains_xy(face, *(middle - right).T)).sum())
    return votes > 0
