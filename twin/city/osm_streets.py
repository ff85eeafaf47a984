"""Streets of OpenStreetMap as a routable network: cut at junctions, without needless bends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.asset import StreetNetwork
from twin.city.graph import components
from twin.city.osm_data import OsmData
from twin.city.osm_tags import (
    Tags,
    is_below_ground,
    one_way_of,
    road_class,
    road_width_m,
    speed_mps,
    street_name,
    street_sort,
)

#: Bends that move a street by less than this are left out.
_SIMPLER_M = 0.6
#: Junctions closer than this are one.
_SAME_JUNCTION_M = 1.0
#: Streets at least so wide have a line along their middle.
MARKED_FROM_M = 6.4
#: A street without a name is called after a named one no farther than this.
NEAR_NAME_M = 200.0


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Ways between junctions: rows of the nodes of each, and the way each belongs to."""

    nodes: list[Int64Array]
    ways: list[int]


def is_drivable(tags: Tags) -> bool:
    """Whether vehicles may use a way."""
    road = road_class(tags)
    if road is None or not road.drivable:
        return False
    return tags.get("motor_vehicle", tags.get("access", "yes")) != "no"


def street_network(data: OsmData, xy: Float64Array, z_m: float) -> StreetNetwork | None:
    """All streets that vehicles may use; None where there is none.

    A way is cut where it meets another; straight pieces between bends are edges, in the direction
    of the way where it is one-way. Tunnels are part of the network, so that what they connect stays
    connected, and marked as below the ground.
    """
    ways = [way for way, tags in enumerate(data.way_tags) if is_drivable(tags)]
    pieces = _cut_at_junctions(data, xy, ways)
    if not pieces.nodes:
        return None
    nodes, edges, piece = _edges(pieces, xy)
    nodes, edges, piece = _welded(nodes, edges, piece)
    if not len(edges):
        return None
    names = names_of_ways(pieces.ways, [xy[run] for run in pieces.nodes], data.way_tags)
    per_way: dict[int, tuple[str, float, float]] = {}
    for way in set(pieces.ways):
        tags = data.way_tags[way]
        road = road_class(tags)
        if road is not None:
            name = names.get(way, "") or street_sort(tags)
            per_way[way] = (name, road_width_m(tags, road), speed_mps(tags, road))
    of_edge = [pieces.ways[k] for k in piece.tolist()]
    facts = [per_way[way] for way in of_edge]
    along = np.array([one_way_of(data.way_tags[way]) for way in of_edge])
    edges[along < 0] = edges[along < 0, ::-1]
    return StreetNetwork(
        nodes_local_m=np.column_stack([nodes, np.full(len(nodes), z_m)]).astype(np.float32),
        edges=edges.astype(np.int32),
        names=[name for name, _, _ in facts],
        widths_m=np.array([width for _, width, _ in facts], dtype=np.float32),
        speeds_mps=np.array([speed for _, _, speed in facts], dtype=np.float32),
        one_way=along != 0,
        below=np.array([is_below_ground(data.way_tags[way]) for way in of_edge], dtype=bool),
    )


def names_of_ways(
    ways: list[int], lines: list[Float64Array], tags: Sequence[Tags]
) -> dict[int, str]:
    """Names by way; one without is called after the named street nearest to it.

    Parameters
    ----------
    ways, lines : pieces of ways, (k, 2) local metres each
    tags : of all ways
    """
    import shapely

    shapes = np.array([shapely.LineString(line) for line in lines], dtype=object)
    named = np.array([bool(street_name(tags[way])) for way in ways], dtype=bool)
    names = {way: street_name(tags[way]) for way in ways}
    unnamed = np.flatnonzero(~named)
    if not named.any() or not len(unnamed):
        return names
    owners = np.flatnonzero(named)
    pairs = shapely.STRtree(shapes[owners]).query_nearest(
        shapes[unnamed], max_distance=NEAR_NAME_M, all_matches=False
    )
    for piece, near in zip(unnamed[pairs[0]].tolist(), owners[pairs[1]].tolist(), strict=True):
        way = ways[piece]
        if not names[way]:
            names[way] = f"{street_sort(tags[way])} by {names[ways[near]]}"
    return names


def _cut_at_junctions(data: OsmData, xy: Float64Array, ways: list[int]) -> _Pieces:
    """Ways cut where nodes are missing and at nodes that more than one way uses."""
    uses = np.zeros(len(data.node_ids), dtype=np.int64)
    runs: list[tuple[int, Int64Array]] = []
    for way in ways:
        for run in runs_of(data, xy, way):
            runs.append((way, run))
            np.add.at(uses, run, 1)
            uses[run[[0, -1]]] += 1
    nodes: list[Int64Array] = []
    owners: list[int] = []
    for way, run in runs:
        stops = np.flatnonzero(uses[run] > 1)
        for first, last in zip(stops[:-1].tolist(), stops[1:].tolist(), strict=True):
            nodes.append(run[first : last + 1])
            owners.append(way)
    return _Pieces(nodes, owners)


def middle_lines(data: OsmData, xy: Float64Array) -> tuple[list[Float64Array], list[int]]:
    """Lines (k, 2) along which two-way streets are marked, junction to junction; and their ways."""
    ways = []
    for way, tags in enumerate(data.way_tags):
        road = road_class(tags)
        if road is None or not is_drivable(tags) or is_below_ground(tags):
            continue
        if not one_way_of(tags) and road.rank <= 4 and road_width_m(tags, road) >= MARKED_FROM_M:
            ways.append(way)
    pieces = _cut_at_junctions(data, xy, ways)
    return [xy[run] for run in pieces.nodes], pieces.ways


def runs_of(data: OsmData, xy: Float64Array, way: int) -> list[Int64Array]:
    """Node rows of a way, in runs without missing nodes, each of two nodes or more."""
    nodes = data.way_nodes[data.way_starts[way] : data.way_starts[way + 1]]
    here = nodes >= 0
    here &= np.isfinite(xy[np.maximum(nodes, 0), 0]) if len(xy) else here
    if here.all():
        return [nodes] if len(nodes) > 1 else []
    cuts = np.flatnonzero(~here)
    runs = (run[1:] if k else run for k, run in enumerate(np.split(nodes, cuts)))
    return [run for run in runs if len(run) > 1]


def _edges(pieces: _Pieces, xy: Float64Array) -> tuple[Float64Array, Int64Array, Int64Array]:
    """Nodes (N, 2), edges (M, 2) and the piece (M,) of each, bends simplified."""
    import shapely

    sizes = np.array([len(run) for run in pieces.nodes])
    rows = np.concatenate(pieces.nodes)
    lines = shapely.linestrings(xy[rows], indices=np.repeat(np.arange(len(sizes)), sizes))
    simple = shapely.simplify(lines, _SIMPLER_M, preserve_topology=False)
    points, piece = shapely.get_coordinates(simple, return_index=True)
    counts = np.bincount(piece, minlength=len(sizes))
    lasts = np.cumsum(counts) - 1
    firsts = lasts - counts + 1
    ends = np.array([[run[0], run[-1]] for run in pieces.nodes])
    junctions, place = np.unique(ends, return_inverse=True)
    place = place.reshape(-1, 2)
    number = len(junctions) + np.arange(len(points))
    number[firsts], number[lasts] = place[:, 0], place[:, 1]
    inner = np.flatnonzero(number >= len(junctions))
    number[inner] = len(junctions) + np.arange(len(inner))
    nodes = np.concatenate([xy[junctions], points[inner]])
    follows = piece[1:] == piece[:-1]
    edges = np.stack([number[:-1], number[1:]], axis=1)[follows]
    return nodes, edges.astype(np.int64), piece[1:][follows].astype(np.int64)


def _welded(
    nodes: Float64Array, edges: Int64Array, piece: Int64Array
) -> tuple[Float64Array, Int64Array, Int64Array]:
    """Draw the ends of very short edges together and leave those edges out."""
    length = np.hypot(*(nodes[edges[:, 1]] - nodes[edges[:, 0]]).T)
    short = length < _SAME_JUNCTION_M
    group = components(len(nodes), edges[short]) if short.any() else np.arange(len(nodes))
    edges = group[edges]
    keep = edges[:, 0] != edges[:, 1]
    edges, piece = edges[keep], piece[keep]
    used, edges = np.unique(edges, return_inverse=True)
    return nodes[used], edges.reshape(-1, 2).astype(np.int64), piece
