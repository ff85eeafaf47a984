"""The city as previews may ask it, on a console: things, units, observations, streets, buildings.

Only reads. One thread (in a console the GUI thread); what is dear to make is made once for each
city or catalogue and kept.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twin.analysis.people_model import residents_of
from twin.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from twin.city.asset import CityAsset, Features, StreetNetwork
from twin.city.building_boxes import building_boxes, highest_roof_m
from twin.city.residents import ResidentFeatures
from twin.city.street_graph import NoStreetsError, StreetGraph, StreetPoint
from twin.clock import Clock
from twin.commands.preview import People, Point, PreviewArea, PreviewTarget, Route
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

#: A place further than this from any street has no way over streets.
MOST_OFF_STREET_M = 300.0
_ROAD = "road_segment"


@dataclass(frozen=True, slots=True)
class _Table:
    """Ids, kinds and places of what was announced; units have moving places, so NaN here.

    ``codes`` says of each row which of ``kind_names`` (sorted) it is.
    """

    version: tuple[int, int]
    ids: tuple[str, ...]
    kinds: NDArray[np.object_]
    kind_names: tuple[str, ...]
    codes: Int64Array
    xyz: Float64Array
    slots: Int64Array
    row_of: dict[str, int]


class StoreCityView:
    """A `twin.commands.preview.CityView` over the stores of a console.

    Parameters
    ----------
    city : gives the city that is open now; another one may be opened later
    """

    def __init__(
        self,
        *,
        city: Callable[[], CityAsset],
        observations: ObservationStore,
        units: UnitStore,
        clock: Clock,
    ) -> None:
        self._city, self._observations, self._units = city, observations, units
        self._clock = clock
        self._table: _Table | None = None
        self._graph: StreetGraph | None = None
        self._graph_of: StreetNetwork | None = None
        self._boxes: Float64Array | None = None
        self._boxes_of: tuple[Features, int] | None = None

    def target(self, target_id: str) -> PreviewTarget:
        """A thing or unit as previews take it; of kind "" where nobody announced it."""
        table = self._things()
        row = table.row_of.get(target_id, -1)
        return PreviewTarget(
            id=target_id,
            name=self.name_of(target_id),
            kind=str(table.kinds[row]) if row >= 0 else "",
            xyz=self.position(target_id),
        )

    def last_value(self, datastream_id: str) -> float | None:
        """Last observation that is a number, None if there is none."""
        slot = self._observations.slot_of(datastream_id)
        if slot < 0:
            return None
        _, values = self._observations.history_of(slot)
        known = values[np.isfinite(values)]
        return float(known[-1]) if len(known) else None

    def position(self, thing_id: str) -> Point | None:
        """Where a thing or unit is, local metres."""
        slot = self._units.slot_of(thing_id)
        if slot >= 0:
            return _point(self._units.at(self._clock.now_ns()).xyz_local_m[slot])
        if thing_id not in self._observations.things:
            return None
        return _point(self._observations.xyz_of_thing(thing_id))

    def path(self, thing_id: str) -> tuple[Point, ...]:
        """Vertices of a line-shaped thing, local metres; empty for others."""
        thing = self._observations.things.get(thing_id)
        if thing is None or not thing.path:
            return ()
        rows = self._observations.path_local_m(thing_id)
        points = (_point(row) for row in rows)
        return tuple(point for point in points if point is not None)

    def things_near(
        self, centre: Point, radius_m: float, kinds: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        """Ids of things and units within a radius on the ground; nearest first."""
        table = self._things()
        xyz = table.xyz.copy()
        moving = table.slots >= 0
        if moving.any():
            xyz[moving] = self._units.at(self._clock.now_ns()).xyz_local_m[table.slots[moving]]
        gaps = np.hypot(xyz[:, 0] - centre[0], xyz[:, 1] - centre[1])
        is_near: BoolArray = gaps <= radius_m  # NaN is nowhere near
        if kinds:
            is_wanted = np.array([name in kinds for name in table.kind_names], dtype=np.bool_)
            is_near &= is_wanted[table.codes]
        rows = np.flatnonzero(is_near)
        return tuple(table.ids[row] for row in rows[np.argsort(gaps[rows], kind="stable")])

    def kinds_like(self, pattern: str) -> tuple[str, ...]:
        """Kinds of things and units that were announced and fit a pattern with ``*`` and ``?``."""
        return tuple(name for name in self._things().kind_names if fnmatchcase(name, pattern))

    def name_of(self, thing_id: str) -> str:
        """Its name for people, or the id."""
        slot = self._units.slot_of(thing_id)
        if slot >= 0:
            return self._units.units[slot].name
        thing = self._observations.things.get(thing_id)
        return thing.name if thing is not None else thing_id

    def route(self, start: Point, goal: Point) -> Route | None:
        """The quickest way over streets that are open; None where none is known."""
        graph = self._streets()
        if graph is None:
            return None
        entry, leave = graph.nearest(*start[:2]), graph.nearest(*goal[:2])
        if max(entry.distance_m, leave.distance_m) > MOST_OFF_STREET_M:
            return None
        closed = self._closed(graph)
        best: Route | None = None
        if entry.edge == leave.edge and _is_ahead(graph, entry, leave):
            best = _along(graph, entry.edge, (start, entry.xyz, leave.xyz))
        for first in _ends(graph, entry.edge, graph.may_leave):
            for last in _ends(graph, leave.edge, graph.may_enter):
                found = _route(graph, start, entry.xyz, first, last, leave.xyz, closed)
                if found is not None and (best is None or found.seconds < best.seconds):
                    best = found
        return best

    def people_in(self, area: PreviewArea) -> People:
        """Buildings whose middle is in an area, and an estimate of who is in them."""
        boxes = self._buildings()
        middle = (boxes[:, :2] + boxes[:, 3:5]) / 2
        if area.ring:
            inside = _is_inside(middle, np.array([corner[:2] for corner in area.ring]))
        else:
            gaps = np.hypot(middle[:, 0] - area.centre[0], middle[:, 1] - area.centre[1])
            inside = gaps <= area.radius_m
        return People(int(inside.sum()), round(residents_of(boxes[inside])))

    def highest_roof_m(self, start: Point, end: Point, width_m: float) -> float | None:
        """Height of the highest roof within some metres of a straight line; None = none there."""
        roof = highest_roof_m(self._buildings(), np.array(start), np.array(end), width_m)
        return roof if math.isfinite(roof) else None

    def _things(self) -> _Table:
        version = (self._observations.catalogue_version, self._units.catalogue_version)
        if self._table is None or self._table.version != version:
            self._table = self._table_of(version)
        return self._table

    def _table_of(self, version: tuple[int, int]) -> _Table:
        things = tuple(self._observations.things.values())
        units = tuple(self._units.units)
        ids = (*(thing.id for thing in things), *(unit.id for unit in units))
        xyz = np.full((len(ids), 3), np.nan)
        for row, thing in enumerate(things):
            xyz[row] = self._observations.xyz_of_thing(thing.id)
        slots = np.full(len(ids), -1, dtype=np.int64)
        slots[len(things) :] = np.arange(len(units))
        kinds = np.array(
            [*(thing.kind for thing in things), *(unit.kind for unit in units)], dtype=np.object_
        )
        names = tuple(sorted(set(kinds.tolist())))
        code_of = {name: code for code, name in enumerate(names)}
        codes = np.array([code_of[name] for name in kinds.tolist()], dtype=np.int64)
        row_of = {one: k for k, one in enumerate(ids)}
        return _Table(version, ids, kinds, names, codes, xyz, slots, row_of)

    def _streets(self) -> StreetGraph | None:
        streets = self._city().streets
        if streets is not self._graph_of:
            self._graph_of, self._graph = streets, None
            if streets is not None:
                with contextlib.suppress(NoStreetsError):
                    self._graph = StreetGraph(streets)
        return self._graph

    def _closed(self, graph: StreetGraph) -> BoolArray:
        """(M,) which streets are reported closed: those in the middle of a closed segment."""
        closed: BoolArray = np.zeros(graph.n_edges, dtype=np.bool_)
        table = self._things()
        for row in np.flatnonzero(table.kinds == _ROAD).tolist():
            if self.last_value(f"{table.ids[row]}/closed") == 1.0:
                path = np.array(self.path(table.ids[row]))
                if len(path):
                    x, y = path[:, :2].mean(axis=0).tolist()
                    closed[graph.nearest(x, y).edge] = True
        return closed

    def _buildings(self) -> Float64Array:
        """(B, 6) boxes of the buildings that are loaded just now."""
        features = self._city().features
        version = features.version if isinstance(features, ResidentFeatures) else 0
        known = self._boxes_of
        if self._boxes is None or known is None or known[0] is not features or known[1] != version:
            _, self._boxes = building_boxes(features)
            self._boxes_of = (features, version)
        return self._boxes


def _point(row: Float32Array | Float64Array) -> Point | None:
    x, y, z = (float(value) for value in row)
    return (x, y, z) if math.isfinite(x) and math.isfinite(y) else None


def _ends(graph: StreetGraph, edge: int, may: Callable[[int, int], bool]) -> list[int]:
    """The nodes of a street that one may drive to, or come from."""
    return [node for node in (int(graph.first[edge]), int(graph.second[edge])) if may(edge, node)]


def _is_ahead(graph: StreetGraph, here: StreetPoint, there: StreetPoint) -> bool:
    """Whether one may drive from one point of a street to another one of it."""
    return not graph.one_way[here.edge] or there.along_m >= here.along_m


def _along(graph: StreetGraph, edge: int, corners: tuple[Point, ...]) -> Route:
    """A way along one street."""
    length_m = sum(math.dist(a[:2], b[:2]) for a, b in pairwise(corners))
    seconds = length_m / float(graph.speed_mps[edge])
    return Route(corners=corners, length_m=length_m, seconds=seconds)


def _route(
    graph: StreetGraph,
    start: Point,
    entry: Point,
    first: int,
    last: int,
    leave: Point,
    closed: BoolArray,
) -> Route | None:
    """From where somebody is along the street to a node, over open streets, and on to a place."""
    edges = graph.route(first, last, closed)
    if edges is None:
        return None
    nodes, node = [first], first
    for edge in edges:
        node = graph.other_node(edge, node)
        nodes.append(node)
    inner = [_point(graph.nodes[one]) for one in nodes]
    corners = (start, entry, *(point for point in inner if point is not None), leave)
    lengths = [math.dist(a[:2], b[:2]) for a, b in pairwise(corners)]
    ends_m = lengths[0] + lengths[1] + lengths[-1]
    speed = float(np.median(graph.speed_mps))
    return Route(
        corners=corners,
        length_m=sum(lengths),
        seconds=graph.seconds_of(edges) + ends_m / speed,
    )


def _is_inside(points: Float64Array, ring: Float64Array) -> BoolArray:
    """(N,) whether each of (N, 2) points is in a ring (K, 2), by the even-odd rule."""
    inside: BoolArray = np.zeros(len(points), dtype=np.bool_)
    x, y = points[:, 0], points[:, 1]
    for (x1, y1), (x2, y2) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if y1 == y2:
            continue
        crosses = (y1 > y) != (y2 > y)
        inside ^= crosses & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside
