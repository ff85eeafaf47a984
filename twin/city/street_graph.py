"""A routable street network: lengths, neighbours, nearest points, quickest ways."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.city.asset import StreetNetwork
from twin.city.graph import strong_parts
from twin.errors import TwinError

MIN_SPEED_MPS = 2.0


class NoStreetsError(TwinError):
    """The city has no street long enough to drive on."""


@dataclass(frozen=True, slots=True)
class StreetPoint:
    """A point on a street: edge, metres from its first node, distance of the asked point."""

    edge: int
    along_m: float
    distance_m: float
    xyz: tuple[float, float, float]


class StreetGraph:
    """A routable view of a `StreetNetwork`. Immutable; any thread.

    Attributes
    ----------
    nodes : (N, 3) float64, metres, local
    first, second : (M,) int64, nodes of an edge; edges without length are left out
    length_m, speed_mps, width_m : (M,) float64
    one_way : (M,) bool, may be driven from ``first`` to ``second`` only
    below : (M,) bool, in a tunnel
    names : M street names, never empty
    core : (K,) int64, nodes of the largest part in which each reaches every other
    """

    def __init__(self, network: StreetNetwork) -> None:
        self.nodes: Float64Array = np.asarray(network.nodes_local_m, dtype=np.float64)
        edges = np.asarray(network.edges, dtype=np.int64).reshape(-1, 2)
        lengths = np.linalg.norm(self.nodes[edges[:, 1]] - self.nodes[edges[:, 0]], axis=1)
        keep = np.flatnonzero(lengths > 0.5)
        if not len(keep):
            raise NoStreetsError("The city has no streets, so traffic cannot be simulated")
        self.first: Int64Array = edges[keep, 0]
        self.second: Int64Array = edges[keep, 1]
        self.length_m: Float64Array = lengths[keep]
        self.speed_mps = np.maximum(
            np.asarray(network.speeds_mps, dtype=np.float64)[keep], MIN_SPEED_MPS
        )
        self.width_m = np.asarray(network.widths_m, dtype=np.float64)[keep]
        self.one_way: BoolArray = np.asarray(network.is_one_way, dtype=bool)[keep]
        self.below: BoolArray = np.asarray(network.is_below, dtype=bool)[keep]
        self.names: Sequence[str] = [network.names[i] or f"Street {i + 1}" for i in keep.tolist()]
        self._index_neighbours()
        self.core = self._largest_part()

    @property
    def n_edges(self) -> int:
        """How many street segments."""
        return len(self.length_m)

    @property
    def middles(self) -> Float64Array:
        """(M, 3) midpoints of the edges."""
        return (self.nodes[self.first] + self.nodes[self.second]) / 2

    def edges_at(self, node: int) -> list[int]:
        """Edges that meet at a node."""
        return self._edge_at[self._start[node] : self._start[node + 1]]

    def edges_beside(self, edge: int) -> list[int]:
        """Other edges that share a node with `edge`."""
        near = self.edges_at(int(self.first[edge])) + self.edges_at(int(self.second[edge]))
        return sorted(set(near) - {edge})

    def chain_of(self, edge: int) -> list[int]:
        """Segments between two junctions: `edge` and what continues it over nodes of two edges.

        Whatever drives on one of them has to drive on all.
        """
        chain, ahead = {edge}, [int(self.first[edge]), int(self.second[edge])]
        while ahead:
            node = ahead.pop()
            meeting = self.edges_at(node)
            if len(meeting) == 2:
                for other in set(meeting) - chain:
                    chain.add(other)
                    ahead.append(self._sum[other] - node)
        return sorted(chain)

    def degrees(self) -> Int64Array:
        """(N,) how many edges meet at each node."""
        return np.diff(np.asarray(self._start))

    def other_node(self, edge: int, node: int) -> int:
        """The far end of an edge."""
        first = int(self.first[edge])
        return int(self.second[edge]) if node == first else first

    def may_leave(self, edge: int, node: int) -> bool:
        """Whether one may drive along an edge out to one of its nodes."""
        return not self.one_way[edge] or node == int(self.second[edge])

    def may_enter(self, edge: int, node: int) -> bool:
        """Whether one may drive into an edge from one of its nodes."""
        return not self.one_way[edge] or node == int(self.first[edge])

    def point(self, edge: int, along_m: float) -> tuple[float, float, float]:
        """The point `along_m` metres from the first node of an edge."""
        share = along_m / float(self.length_m[edge])
        start, end = self.nodes[self.first[edge]], self.nodes[self.second[edge]]
        x, y, z = (start + (end - start) * share).tolist()
        return (x, y, z)

    def nearest(self, x: float, y: float) -> StreetPoint:
        """The point of all streets on the ground that lies nearest to (x, y)."""
        start = self.nodes[self.first, :2]
        way = self.nodes[self.second, :2] - start
        square = np.maximum((way * way).sum(axis=1), 1e-9)
        share = np.clip(((np.array([x, y]) - start) * way).sum(axis=1) / square, 0.0, 1.0)
        gaps = np.hypot(*(start + way * share[:, None] - (x, y)).T)
        if not self.below.all():
            gaps[self.below] = np.inf
        edge = int(np.argmin(gaps))
        along_m = float(share[edge] * self.length_m[edge])
        return StreetPoint(edge, along_m, float(gaps[edge]), self.point(edge, along_m))

    def route(self, start: int, goal: int, closed: BoolArray) -> list[int] | None:
        """Edges of the quickest way between two nodes that uses no closed edge, one-way as told.

        A* with the straight line at the network's top speed as the bound.

        Parameters
        ----------
        closed : (M,) bool

        Returns
        -------
        list of int or None
            None = not reachable; an empty list = already there.
        """
        xs, ys, top = self._xs, self._ys, self._top_speed
        goal_x, goal_y = xs[goal], ys[goal]
        cost = {start: 0.0}
        came: dict[int, int] = {}
        queue = [(0.0, start)]
        settled: set[int] = set()
        while queue:
            _, node = heapq.heappop(queue)
            if node == goal:
                return self._way_back(start, goal, came)
            if node in settled:
                continue
            settled.add(node)
            here = cost[node]
            for edge in self.edges_at(node):
                if closed[edge] or node == self._wrong_end[edge]:
                    continue
                other = self._sum[edge] - node
                there = here + self._seconds[edge]
                if there < cost.get(other, np.inf):
                    cost[other] = there
                    came[other] = edge
                    gap = ((xs[other] - goal_x) ** 2 + (ys[other] - goal_y) ** 2) ** 0.5
                    heapq.heappush(queue, (there + gap / top, other))
        return None

    def seconds_of(self, edges: list[int]) -> float:
        """Free-flow travel time over a list of edges."""
        return sum(self._seconds[edge] for edge in edges)

    def _way_back(self, start: int, goal: int, came: dict[int, int]) -> list[int]:
        edges = []
        node = goal
        while node != start:
            edge = came[node]
            edges.append(edge)
            node = self._sum[edge] - node
        return edges[::-1]

    def _index_neighbours(self) -> None:
        ends = np.concatenate([self.first, self.second])
        edge = np.tile(np.arange(self.n_edges), 2)
        order = np.argsort(ends, kind="stable")
        counts = np.bincount(ends, minlength=len(self.nodes))
        self._edge_at: list[int] = edge[order].tolist()
        self._start: list[int] = np.concatenate([[0], np.cumsum(counts)]).tolist()
        self._sum: list[int] = (self.first + self.second).tolist()
        self._seconds: list[float] = (self.length_m / self.speed_mps).tolist()
        self._wrong_end: list[int] = np.where(self.one_way, self.second, -1).tolist()
        self._xs: list[float] = self.nodes[:, 0].tolist()
        self._ys: list[float] = self.nodes[:, 1].tolist()
        self._top_speed = float(self.speed_mps.max())

    def _largest_part(self) -> Int64Array:
        """Nodes of the largest part that one-way streets neither trap in nor keep out of."""
        part = strong_parts(self._neighbours())
        nodes = np.unique(np.concatenate([self.first, self.second]))
        largest = int(np.argmax(np.bincount(part[nodes])))
        core: Int64Array = nodes[part[nodes] == largest]
        return core

    def _neighbours(self) -> list[list[int]]:
        """Nodes that may be driven to from each node over one edge."""
        out: list[list[int]] = [[] for _ in range(len(self.nodes))]
        for first, second, one_way in zip(
            self.first.tolist(), self.second.tolist(), self.one_way.tolist(), strict=True
        ):
            out[first].append(second)
            if not one_way:
                out[second].append(first)
        return out
