"""Turning routes into legs: patrols, bus lines, and the way to a destination beside a street."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from twin.arrays import BoolArray
from twin.city.street_graph import StreetGraph, StreetPoint
from twin.sim.movers import Leg
from twin.sim.sites import SiteMap

#: Longest way a unit leaves the streets for, at the end of a dispatch.
MAX_ACCESS_M = 150.0
#: From a street point this close to its destination a unit need not drive in.
NEAR_STREET_M = 20.0
STAND_OFF_M = 12.0
ACCESS_MPS = 5.0
PATROL_M = 1_500.0
STOP_SPACING_M = 280.0
STOP_S = 8.0
STOPS_A_LINE = 8


class Ways:
    """Finds ways on a street graph. Its random choices come from `rng`."""

    def __init__(self, city: SiteMap, rng: np.random.Generator) -> None:
        self._graph: StreetGraph = city.graph
        self._rng = rng
        self._core_xy = self._graph.nodes[self._graph.core, :2]
        weights = 0.05 + city.bustle_at(self._graph.nodes[self._graph.core])
        self._shares = weights / weights.sum()

    def some_nodes(self, count: int) -> list[int]:
        """Random nodes (repeats possible), the busier the likelier."""
        nodes: list[int] = self._rng.choice(self._graph.core, count, p=self._shares).tolist()
        return nodes

    def bus_line(self) -> list[int]:
        """A ring of stops around their own middle."""
        n_stops = min(STOPS_A_LINE, len(self._graph.core))
        nodes = self._rng.choice(self._graph.core, n_stops, replace=False, p=self._shares)
        xy = self._graph.nodes[nodes, :2]
        gap = xy - xy.mean(axis=0)
        line: list[int] = nodes[np.argsort(np.arctan2(gap[:, 1], gap[:, 0]))].tolist()
        return line

    def patrol(self, start: int, closed: BoolArray) -> list[Leg]:
        """Legs to a random place not far away; [] if none was found."""
        gaps = np.linalg.norm(self._core_xy - self._graph.nodes[start, :2], axis=1)
        near = self._graph.core[gaps < PATROL_M]
        for goal in self._rng.choice(near, 3).tolist() if len(near) else ():
            edges = self._graph.route(start, goal, closed)
            if edges:
                return self.along(start, edges)
        return []

    def with_stops(self, start: int, goal: int, closed: BoolArray) -> list[Leg]:
        """Legs to the next stop of a line with halts on the way; [] if unreachable or there."""
        driven_m, legs = 0.0, []
        for leg in self.along(start, self._graph.route(start, goal, closed) or []):
            driven_m += math.dist(leg.start, leg.end)
            if driven_m > STOP_SPACING_M or leg.node == goal:
                driven_m = 0.0
                legs.append(replace(leg, dwell_s=STOP_S))
            else:
                legs.append(leg)
        return legs

    def along(self, start: int, edges: list[int]) -> list[Leg]:
        """Legs over whole edges, from node `start` on."""
        legs, node = [], start
        for edge in edges:
            onward = self._graph.other_node(edge, node)
            limit = float(self._graph.speed_mps[edge])
            legs.append(
                Leg(
                    start=self._node_xyz(node),
                    end=self._node_xyz(onward),
                    edge=edge,
                    node=onward,
                    limit_mps=limit,
                )
            )
            node = onward
        return legs

    def to_point(
        self, start: int, entry: StreetPoint, target: tuple[float, float], closed: BoolArray
    ) -> list[Leg]:
        """Legs from a node to a destination beside a street; [] if no open street leads there.

        Only the segment with the destination itself may be closed. The last legs lead along a
        part of that segment and, where the destination lies further off, over private ground.
        """
        ends = (int(self._graph.first[entry.edge]), int(self._graph.second[entry.edge]))
        rests_m = (entry.along_m, float(self._graph.length_m[entry.edge]) - entry.along_m)
        limit = float(self._graph.speed_mps[entry.edge])
        best: tuple[float, int, list[int]] | None = None
        for end, rest_m in zip(ends, rests_m, strict=True):
            if not self._graph.may_enter(entry.edge, end):
                continue
            edges = self._graph.route(start, end, closed)
            if edges is None:
                continue
            cost = self._graph.seconds_of(edges) + rest_m / limit
            if best is None or cost < best[0]:
                best = (cost, end, edges)
        if best is None:
            return []
        _, end, edges = best
        legs = self.along(start, edges)
        legs.append(
            Leg(start=self._node_xyz(end), end=entry.xyz, edge=entry.edge, node=-1, limit_mps=limit)
        )
        if entry.distance_m > NEAR_STREET_M:
            legs.append(_access_leg(entry, target))
        return legs

    def back(self, here: tuple[float, float, float], entry: StreetPoint) -> list[Leg]:
        """Legs from a destination to its street and on to the next node."""
        node = int(self._graph.second[entry.edge])
        limit = float(self._graph.speed_mps[entry.edge])
        legs = []
        if math.dist(here, entry.xyz) > 1.0:
            legs.append(Leg(start=here, end=entry.xyz, edge=-1, node=-1, limit_mps=ACCESS_MPS))
        end = self._node_xyz(node)
        legs.append(Leg(start=entry.xyz, end=end, edge=entry.edge, node=node, limit_mps=limit))
        return legs

    def _node_xyz(self, node: int) -> tuple[float, float, float]:
        x, y, z = self._graph.nodes[node].tolist()
        return (x, y, z)


def _access_leg(entry: StreetPoint, target: tuple[float, float]) -> Leg:
    share = 1.0 - STAND_OFF_M / entry.distance_m
    x = entry.xyz[0] + (target[0] - entry.xyz[0]) * share
    y = entry.xyz[1] + (target[1] - entry.xyz[1]) * share
    end = (x, y, entry.xyz[2])
    return Leg(start=entry.xyz, end=end, edge=-1, node=-1, limit_mps=ACCESS_MPS)
