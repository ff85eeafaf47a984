"""Quickest ways over a street network, with one-way streets and tunnels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from twin.city.asset import StreetNetwork
from twin.city.graph import strong_parts
from twin.city.street_graph import StreetGraph
from twin.importing.network_files import STREETS, gather_network, read_streets, write_network

OPEN = np.zeros(8, bool)


def network(
    places: list[tuple[float, float]],
    edges: list[tuple[int, int]],
    one_way: tuple[int, ...] = (),
    below: tuple[int, ...] = (),
) -> StreetNetwork:
    n = len(edges)
    flags = [np.isin(np.arange(n), rows) for rows in (one_way, below)]
    return StreetNetwork(
        nodes_local_m=np.array([(x, y, 0.0) for x, y in places], np.float32),
        edges=np.array(edges, np.int32),
        names=[f"Street {k}" for k in range(n)],
        widths_m=np.full(n, 8.0, np.float32),
        speeds_mps=np.full(n, 10.0, np.float32),
        one_way=flags[0],
        below=flags[1],
    )


SQUARE = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)]
ROUND = [(0, 1), (1, 2), (2, 3), (3, 0)]


def test_a_one_way_street_is_driven_in_its_direction_only() -> None:
    graph = StreetGraph(network(SQUARE, ROUND, one_way=(0,)))
    assert graph.route(0, 1, OPEN[:4]) == [0]
    assert graph.route(1, 0, OPEN[:4]) == [1, 2, 3]  # round the block
    assert graph.may_enter(0, 0)
    assert not graph.may_enter(0, 1)
    assert graph.may_leave(0, 1)
    assert not graph.may_leave(0, 0)
    assert graph.may_leave(1, 1)


def test_the_core_leaves_out_dead_ends_one_cannot_come_back_from() -> None:
    places = [*SQUARE, (200.0, 0.0), (-100.0, 0.0)]
    edges = [*ROUND, (1, 4), (5, 0)]
    both_ways = StreetGraph(network(places, edges))
    assert both_ways.core.tolist() == [0, 1, 2, 3, 4, 5]
    graph = StreetGraph(network(places, edges, one_way=(0, 4, 5)))
    assert graph.core.tolist() == [0, 1, 2, 3]  # 4 is a trap, 5 cannot be reached
    assert graph.route(0, 4, OPEN[:6]) == [0, 4]
    assert graph.route(4, 0, OPEN[:6]) is None


def test_a_place_on_the_ground_is_never_in_a_tunnel() -> None:
    graph = StreetGraph(network(SQUARE, ROUND, below=(0,)))
    point = graph.nearest(50.0, 5.0)
    assert point.edge != 0
    assert graph.route(0, 1, OPEN[:4]) == [0]  # but one drives through it


def test_tunnels_are_left_out_of_what_is_on_the_ground() -> None:
    whole = network(SQUARE, ROUND, one_way=(1,), below=(0, 2))
    ground = whole.on_the_ground()
    assert ground.edges.tolist() == [[1, 2], [3, 0]]
    assert (ground.names, ground.is_one_way.tolist()) == (["Street 1", "Street 3"], [True, False])
    assert network(SQUARE, ROUND).on_the_ground().edges.tolist() == [list(e) for e in ROUND]


@given(st.integers(1, 8), st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=24))
def test_strong_parts_are_those_that_reach_each_other(n: int, pairs: set[tuple[int, int]]) -> None:
    links = sorted((a, b) for a, b in pairs if a < n and b < n)
    ahead = [[b for a, b in links if a == node] for node in range(n)]
    reach = np.eye(n, dtype=bool)
    for a, b in links:
        reach[a, b] = True
    for middle in range(n):
        reach |= reach[:, middle : middle + 1] & reach[middle]
    together = reach & reach.T
    part = strong_parts(ahead)
    assert ((part[:, None] == part[None]) == together).all()


def test_directions_and_tunnels_are_kept_by_an_import(tmp_path: Path) -> None:
    whole = network(SQUARE, ROUND, one_way=(1,), below=(0, 2))
    write_network(tmp_path / "chunk", whole, (), ())
    gather_network([tmp_path / "chunk"], tmp_path)
    again = read_streets(tmp_path)
    assert again is not None
    assert (again.is_one_way.tolist(), again.is_below.tolist()) == (
        whole.is_one_way.tolist(),
        whole.is_below.tolist(),
    )
    ends = again.nodes_local_m[again.edges][1]
    assert ends.tolist() == whole.nodes_local_m[whole.edges][1].tolist()  # not turned round
    old = pq.read_table(tmp_path / STREETS).drop_columns(["one_way", "below"])
    pq.write_table(old, tmp_path / STREETS)
    before = read_streets(tmp_path)
    assert before is not None
    assert not before.is_one_way.any()
