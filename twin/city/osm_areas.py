"""From ways and multipolygon relations of OpenStreetMap to polygons."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.flat_map import GeometryArray, only_polygons
from twin.city.osm_data import OsmData, Relation
from twin.city.osm_tags import Tags, area_look, is_building, is_line_though_closed, is_part
from twin.city.tally import Tally

_NOT_INTERESTING = {"type", "source", "created_by", "note", "fixme", "area"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlines:
    """Areas of a file.

    Attributes
    ----------
    polygons : (P,) shapely polygons, local metres, valid
    owners : (P,) row of ``ids`` each belongs to
    ids : "way/123", "relation/45"
    tags : of each id
    """

    polygons: GeometryArray
    owners: Int64Array
    ids: list[str]
    tags: list[Tags]


@dataclass(slots=True)
class _Found:
    ids: list[str] = field(default_factory=list)
    tags: list[Tags] = field(default_factory=list)
    geometries: list[object] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)

    def add(self, name: str, tags: Tags, geometries: list[object]) -> None:
        """Note one area with its polygons."""
        if not geometries:
            return
        self.geometries += geometries
        self.owners += [len(self.ids)] * len(geometries)
        self.ids.append(name)
        self.tags.append(tags)


def outlines(data: OsmData, xy: Float64Array, tally: Tally) -> Outlines:
    """All areas that are drawn: closed ways and multipolygons.

    Parameters
    ----------
    xy : (N, 2) local metres of every node, NaN where it is not placed
    """
    found = _Found()
    way_row = {int(number): row for row, number in enumerate(data.way_ids.tolist())}
    taken: dict[int, Tags] = {}
    for relation in data.relations:
        if relation.tags.get("type") == "multipolygon":
            _add_relation(relation, data, xy, way_row, taken, found, tally)
    _add_ways(data, xy, taken, found)
    polygons, rows = only_polygons(found.geometries)
    owners = np.array(found.owners, dtype=np.int64)[rows] if len(rows) else rows
    return Outlines(polygons=polygons, owners=owners, ids=found.ids, tags=found.tags)


def is_drawn_area(tags: Tags) -> bool:
    """Whether an area with these tags is part of the picture."""
    return is_building(tags) or is_part(tags) or area_look(tags) is not None


def _add_ways(data: OsmData, xy: Float64Array, taken: dict[int, Tags], found: _Found) -> None:
    import shapely

    names, tags, rings = [], [], []
    for way, own in enumerate(data.way_tags):
        if not own or not is_drawn_area(own) or is_line_though_closed(own):
            continue
        nodes = data.way_nodes[data.way_starts[way] : data.way_starts[way + 1]]
        if len(nodes) < 4 or nodes[0] != nodes[-1] or (nodes < 0).any():
            continue
        if way in taken and _look(own) == _look(taken[way]):
            continue  # its multipolygon, which has the courtyards, is drawn
        points = xy[nodes]
        if np.isfinite(points).all():
            names.append(f"way/{data.way_ids[way]}")
            tags.append(own)
            rings.append(points)
    if not rings:
        return
    sizes = [len(ring) for ring in rings]
    lines = shapely.linearrings(
        np.concatenate(rings), indices=np.repeat(np.arange(len(rings)), sizes)
    )
    for name, own, polygon in zip(names, tags, shapely.polygons(lines), strict=True):
        found.add(name, own, [polygon])


def _look(tags: Tags) -> object:
    return "building" if is_building(tags) or is_part(tags) else area_look(tags)


def _add_relation(
    relation: Relation,
    data: OsmData,
    xy: Float64Array,
    way_row: dict[int, int],
    taken: dict[int, Tags],
    found: _Found,
    tally: Tally,
) -> None:
    members = [(way_row.get(ref, -1), role) for ref, role in relation.ways]
    tags = _tags_of(relation, [row for row, role in members if role != "inner"], data)
    if not is_drawn_area(tags):
        return
    missing = sum(row < 0 for row, _ in members)
    outer_ways = [row for row, role in members if row >= 0 and role != "inner"]
    inner_ways = [row for row, role in members if row >= 0 and role == "inner"]
    outers, n_open = _rings(outer_ways, data, xy)
    inners, n_open_inner = _rings(inner_ways, data, xy)
    if missing or n_open or n_open_inner:
        tally.add(
            "incomplete-area",
            "Areas whose outline is not all in the file are drawn in part or left out",
        )
    polygons = _with_holes(outers, inners)
    found.add(f"relation/{relation.id}", tags, polygons)
    if polygons:
        taken.update(dict.fromkeys(outer_ways, tags))


def _tags_of(relation: Relation, outer_ways: list[int], data: OsmData) -> Tags:
    """The relation's own tags; of its first outer way where it says nothing itself (old style)."""
    if set(relation.tags) - _NOT_INTERESTING:
        return relation.tags
    for row in outer_ways:
        if row >= 0 and is_drawn_area(data.way_tags[row]):
            return {**data.way_tags[row], "type": "multipolygon"}
    return relation.tags


def _rings(ways: list[int], data: OsmData, xy: Float64Array) -> tuple[list[Float64Array], int]:
    """Closed rings (k, 2) joined from ways, and how many ways close none."""
    pieces: list[list[int]] = []
    n_open = 0
    for way in ways:
        nodes = data.way_nodes[data.way_starts[way] : data.way_starts[way + 1]].tolist()
        if len(nodes) > 1 and min(nodes) >= 0:
            pieces.append(nodes)
        else:
            n_open += 1
    rings = []
    for ring in joined_ends(pieces):
        points = xy[ring]
        if ring[0] == ring[-1] and len(ring) > 3 and np.isfinite(points).all():
            rings.append(points)
        else:
            n_open += 1
    return rings, n_open


def joined_ends(pieces: list[list[int]]) -> list[list[int]]:
    """Join lists of node rows where they share an end; closed ones stay as they are."""
    at: dict[int, set[int]] = {}
    for number, piece in enumerate(pieces):
        if piece[0] != piece[-1]:
            at.setdefault(piece[0], set()).add(number)
            at.setdefault(piece[-1], set()).add(number)
    left = set(range(len(pieces)))
    out = []
    for number in range(len(pieces)):
        if number not in left:
            continue
        left.discard(number)
        chain = list(pieces[number])
        for _ in range(2):  # grow at the end, then at the other
            while chain[0] != chain[-1]:
                candidates = at.get(chain[-1], set())
                following = -1
                while candidates and following not in left:
                    following = candidates.pop()
                if following not in left:
                    break
                left.discard(following)
                piece = pieces[following]
                chain += piece[1:] if piece[0] == chain[-1] else piece[-2::-1]
            chain.reverse()
        out.append(chain)
    return out


def _with_holes(outers: list[Float64Array], inners: list[Float64Array]) -> list[object]:
    import shapely

    if not outers:
        return []
    bodies, _ = only_polygons(shapely.polygons([shapely.linearrings(r) for r in outers]))
    if not inners or not len(bodies):
        return list(bodies)
    holes, _ = only_polygons(shapely.polygons([shapely.linearrings(r) for r in inners]))
    cut = shapely.difference(bodies, shapely.union_all(holes))
    return list(cut)
