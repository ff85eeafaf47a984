"""Choosing nodes: what is drawn, what is asked for, never a hole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.box_stream import BoxStream
from tests.twin.looks import look_from
from twin.tiles.content import NodeRecord
from twin.tiles.traversal import MOST_TIMES, cut_of
from twin.tiles.tree import Below, Content, TileTree

ABOVE = look_from((0, 0, 4000), (0, 0, 0))


def record(
    side_m, x=0.0, y=0.0, *, error_m, children=(), additive=False, contents=("a",), more=False
):
    return NodeRecord(
        centre_local_m=np.array([x, y, 5.0]),
        half_axes_local_m=np.diag([side_m / 2, side_m / 2, 5.0]),
        geometric_error_m=error_m,
        is_additive=additive,
        contents=contents,
        children=tuple(children),
        has_more=more,
    )


def quarter(side_m, error_m, **more):
    step = side_m / 4
    return [
        record(side_m / 2, x, y, error_m=error_m, **more)
        for x in (-step, step) for y in (-step, step)
    ]  # fmt: skip


def tree_of(root):
    tree = TileTree()
    tree.add_root(0, root)
    return tree


def test_a_coarse_root_is_enough_from_afar_and_not_from_near():
    tree = tree_of(record(400, error_m=10.0, children=quarter(400, 0.0)))
    far = cut_of(tree, look_from((0, 0, 40_000), (0, 0, 0)), 16.0, 0)
    assert far.wanted.tolist() == [0]
    assert tree.n == 1  # what nobody looked at did not enter
    near = cut_of(tree, look_from((0, 0, 500), (0, 0, 0)), 16.0, 0)
    assert sorted(near.wanted.tolist()) == [0, 1, 2, 3, 4]
    assert near.wanted[0] == 0  # first a first picture


def test_the_error_on_the_screen_is_metres_times_pixels_a_metre():
    tree = tree_of(record(2, error_m=3.0, children=quarter(2, 0.0)))
    look = look_from((0, 0, 1010), (0, 0, 0))
    pixels = 3.0 * 720 / (2 * np.tan(np.radians(15))) / 1000.0
    tree.set_loaded(0, 1)
    assert cut_of(tree, look, 16.0, 0).drawn_error_px == pytest.approx([pixels], rel=1e-6)


def along_the_horizon(*distances_m):
    """Nodes one behind the other, each with the error that takes 30 px where it is."""
    tree = TileTree()
    look = look_from((0, 0, 2), (1000, 0, 2))
    for number, distance in enumerate(distances_m):
        error = 30.0 / float(look.pixels_per_m(np.array([max(distance - 100.0, 0.5)]))[0])
        children = quarter(200, 0.0)
        tree.add_root(number, record(200, distance, 0.0, error_m=error, children=children))
        tree.set_loaded(number, 1)
    return tree, look


def test_far_away_at_eye_height_a_larger_error_is_allowed():
    tree, look = along_the_horizon(50.0, 1400.0, 4000.0, 30_000.0)
    cut = cut_of(tree, look, 16.0, 0)
    met = set(cut.met.tolist())
    # 30 px are too many near by, but not where 16 px have grown to 42 (4 km) and more.
    refined = [n for n in range(4) if any(c in met for c in tree.children_of(np.array([n]))[0])]
    assert refined == [0, 1]
    assert cut.drawn_error_px[-1] == pytest.approx(30.0 / MOST_TIMES, rel=0.02)


def test_from_above_detail_counts_from_the_nearest_point():
    tree = tree_of(record(400, error_m=100.0, children=quarter(400, 0.0)))
    high = look_from((0, 0, 20_000), (0, 0, 0))
    pixels = 100.0 * float(high.pixels_per_m(np.array([19_990.0]))[0])
    tree.set_loaded(0, 1)
    assert cut_of(tree, high, 1000.0, 0).drawn_error_px == pytest.approx([pixels], rel=1e-6)


def test_a_parent_stays_until_all_its_children_are_there():
    tree = tree_of(record(400, error_m=100.0, children=quarter(400, 0.0)))
    cut_of(tree, ABOVE, 1.0, 0)
    tree.set_loaded(0, 1)
    for child in (1, 2, 3):
        tree.set_loaded(child, 1)
        assert cut_of(tree, ABOVE, 1.0, 0).drawn.tolist() == [0]
    tree.set_loaded(4, 1)
    assert sorted(cut_of(tree, ABOVE, 1.0, 0).drawn.tolist()) == [1, 2, 3, 4]


def test_children_stay_until_their_parent_is_back():
    tree = tree_of(record(400, error_m=100.0, children=quarter(400, 0.0)))
    cut_of(tree, ABOVE, 1.0, 0)
    for child in (1, 2, 3, 4):
        tree.set_loaded(child, 1)
    coarse = cut_of(tree, ABOVE, 1e9, 0)
    assert sorted(coarse.drawn.tolist()) == [1, 2, 3, 4]
    assert coarse.wanted.tolist() == [0]
    tree.set_loaded(0, 1)
    assert cut_of(tree, ABOVE, 1e9, 0).drawn.tolist() == [0]


def test_additive_nodes_are_drawn_with_their_children_as_these_come():
    root = record(400, error_m=100.0, additive=True, children=quarter(400, 0.0))
    tree = tree_of(root)
    cut_of(tree, ABOVE, 1.0, 0)
    tree.set_loaded(0, 1)
    tree.set_loaded(2, 1)
    assert sorted(cut_of(tree, ABOVE, 1.0, 0).drawn.tolist()) == [0, 2]


def test_nodes_outside_the_picture_are_neither_asked_for_nor_waited_for():
    tree = tree_of(record(400, error_m=100.0, children=quarter(400, 0.0)))
    look = look_from((100, 100, 130), (100, 100, 0))  # only the quarter in the north-east
    tree.set_loaded(0, 1)
    cut = cut_of(tree, look, 1.0, 0)
    assert cut.wanted.tolist() == [4]
    tree.set_loaded(4, 1)
    assert cut_of(tree, look, 1.0, 0).drawn.tolist() == [4]


def test_a_node_without_content_is_refined_whatever_its_error():
    tree = tree_of(record(400, error_m=0.0, contents=(), children=quarter(400, 0.0)))
    assert sorted(cut_of(tree, ABOVE, 1e9, 0).wanted.tolist()) == [1, 2, 3, 4]


def test_a_missing_child_does_not_hold_its_sisters_back():
    tree = tree_of(record(400, error_m=100.0, children=quarter(400, 0.0)))
    cut_of(tree, ABOVE, 1.0, 0)
    for node in (0, 1, 2, 3):
        tree.set_loaded(node, 1)
    tree.content[4] = Content.FAILED
    assert sorted(cut_of(tree, ABOVE, 1.0, 0).drawn.tolist()) == [1, 2, 3]
    tree.content[1:5] = Content.FAILED
    assert cut_of(tree, ABOVE, 1.0, 0).drawn.tolist() == [0]


def test_children_behind_another_file_are_asked_for_once_it_is_their_turn():
    tree = tree_of(record(400, error_m=100.0, more=True))
    cut = cut_of(tree, ABOVE, 1.0, 0)
    assert cut.remote.tolist() == [0]
    tree.retry_ns[0] = 5
    assert not len(cut_of(tree, ABOVE, 1.0, 4).remote)
    assert len(cut_of(tree, ABOVE, 1.0, 5).remote) == 1
    tree.expand(0, ())
    assert tree.below[0] == Below.NONE
    assert not len(cut_of(tree, ABOVE, 1.0, 5).remote)


def test_the_middle_of_the_picture_comes_first():
    tree = tree_of(record(4000, error_m=100.0, children=quarter(4000, 5.0)))
    tree.set_loaded(0, 1)
    look = look_from((0, 0, 8000), (900, 900, 0))
    assert cut_of(tree, look, 1.0, 0).wanted[0] == 4


def test_a_turned_flat_box_is_as_far_as_its_face():
    turn = np.array([[0.6, 0.8, 0], [-0.8, 0.6, 0], [0, 0, 1.0]])
    flat = NodeRecord(
        centre_local_m=np.zeros(3),
        half_axes_local_m=turn * np.array([[50.0], [10.0], [0.0]]),
        geometric_error_m=1.0,
        is_additive=False,
        contents=("a",),
    )
    tree = tree_of(flat)
    distance = look_from((0, 0, 80), (0, 0, 0)).distance_m(
        tree.centre_m[:1], tree.axes[:1], tree.lengths_m[:1]
    )
    assert distance == pytest.approx([80.0])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(-1500, 1500),
    st.floats(-1500, 1500),
    st.floats(30, 4000),
    st.floats(1, 200),
)
def test_whatever_is_loaded_no_ground_is_drawn_twice_or_left_out_below_a_loaded_root(
    seed, x, y, height, allowed
):
    source = BoxStream(3)
    tree = TileTree()
    tree.add_root(0, source.root)
    rng = np.random.default_rng(seed)
    look = look_from((x, y - height, height), (x, y, 0))
    for _ in range(4):  # bring a part of the tree in
        for node in cut_of(tree, look, allowed, 0).remote.tolist():
            tree.expand(node, source.expand(tree.records[node]))
    for node in range(tree.n):
        if node == 0 or rng.random() < 0.6:
            tree.set_loaded(node, 1)
    drawn = cut_of(tree, look, allowed, 0).drawn
    seen = look.sees(tree.centre_m[: tree.n], tree.half_m[: tree.n])
    leaves = [n for n in range(tree.n) if tree.n_children[n] == 0 and seen[n]]
    chosen = set(drawn.tolist())
    for leaf in leaves:
        above, node = 0, leaf
        while node >= 0:
            above += node in chosen
            node = int(tree.parent[node])
        assert above == 1
