"""Which nodes of a tree to draw and which to load, level by level in numpy.

Refinement follows 3D Tiles: a node whose geometric error is seen under more pixels than allowed is
replaced by its children, or completed by them (ADD). No holes: a parent stays until all of its
children that are in the picture can be drawn, and children stay until their parent can.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.tiles.look import Look
from twin.tiles.tree import Below, Content, TileTree

#: Up to this distance the allowed error on the screen is the same everywhere; beyond, it grows with
#: the distance, up to so many times: at eye height most of a large city is a strip of a few pixels
#: along the horizon. From above everything is far: then it counts from the nearest point.
NEAR_M, NEAR_TIMES, MOST_TIMES = 1500.0, 3.0, 6.0
#: What a first node is worth: whatever is first seen comes before any improvement.
FIRST = 1e6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cut:
    """What one look at a tree comes to.

    Attributes
    ----------
    drawn : (d,) nodes to draw now
    drawn_error_px : (d,) what their geometric error takes on the screen; beyond `NEAR_M` less
    met : (m,) every node that was looked at: drawn ones, those above and those wanted
    wanted : (w,) nodes to load, most useful first; priority : (w,) how useful
    remote : (r,) nodes whose children must be asked for; remote_priority : (r,)
    full : (f,) all nodes the picture needs when it is complete, loaded or not
    """

    drawn: Int64Array
    drawn_error_px: Float64Array
    met: Int64Array
    wanted: Int64Array
    priority: Float64Array
    remote: Int64Array
    remote_priority: Float64Array
    full: Int64Array

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing in the picture."""
        return not len(self.wanted) and not len(self.remote)


def union_of(parts: list[Int64Array]) -> Int64Array:
    """Each node once; those of one view are distinct already."""
    return parts[0] if len(parts) == 1 else np.unique(np.concatenate(parts))


@dataclass(slots=True, eq=False)
class _Level:
    """Nodes of one level that are in the picture."""

    node: Int64Array
    parent_at: Int64Array
    in_cut: BoolArray
    error_px: Float64Array
    above_px: Float64Array
    refine: BoolArray
    descend: BoolArray
    covered: BoolArray = field(default_factory=lambda: np.empty(0, bool))
    drawable: BoolArray = field(default_factory=lambda: np.empty(0, bool))
    children_do: BoolArray = field(default_factory=lambda: np.empty(0, bool))


def cut_of(tree: TileTree, look: Look, allowed_px: float, now_ns: int) -> Cut:
    """Look at the tree; unfolds nodes that are met for the first time.

    Parameters
    ----------
    allowed_px : error on the screen up to which a node is not refined
    now_ns : monotonic; nodes whose next try is later are not asked for
    """
    levels = _descend(tree, look, allowed_px)
    _cover(tree, levels)
    drawn = _choose(tree, levels)
    return _cut(tree, look, levels, drawn, now_ns)


def _descend(tree: TileTree, look: Look, allowed_px: float) -> list[_Level]:
    levels = []
    node = tree.shown_roots()
    parent_at = np.arange(len(node))
    in_cut = np.ones(len(node), bool)
    above_px = np.full(len(node), FIRST)
    near_m = _near_m(tree, look)
    while len(node):
        seen = look.sees(tree.centre_m[node], tree.half_m[node])
        node, parent_at, in_cut, above_px = (
            node[seen], parent_at[seen], in_cut[seen], above_px[seen],
        )  # fmt: skip
        distance = look.distance_m(tree.centre_m[node], tree.axes[node], tree.lengths_m[node])
        times = np.clip(distance / near_m, 1.0, MOST_TIMES)
        error_px = tree.error_m[node] * look.pixels_per_m(distance) / times
        level = _level(tree, allowed_px, node, parent_at, in_cut, above_px, error_px)
        levels.append(level)
        open_rows = np.flatnonzero(level.descend)
        node, place = tree.children_of(level.node[open_rows])
        parent_at = open_rows[place]
        in_cut = (level.in_cut & level.refine)[parent_at]
        above_px = level.error_px[parent_at]
    return levels


def _near_m(tree: TileTree, look: Look) -> float:
    """Distance up to which detail is as fine as is allowed at all."""
    node = tree.shown_roots()
    node = node[look.sees(tree.centre_m[node], tree.half_m[node])]
    if not len(node):
        return NEAR_M
    distance = look.distance_m(tree.centre_m[node], tree.axes[node], tree.lengths_m[node])
    return max(NEAR_M, NEAR_TIMES * float(distance.min()))


def _level(
    tree: TileTree, allowed_px: float, node: Int64Array, parent_at: Int64Array,
    in_cut: BoolArray, above_px: Float64Array, error_px: Float64Array,
) -> _Level:  # fmt: skip
    below, content = tree.below[node], tree.content[node]
    is_bare = (content == Content.NONE) | (content == Content.FAILED)
    refine = ((error_px > allowed_px) | is_bare) & (below != Below.NONE) & in_cut
    for folded in node[refine & (below == Below.FOLDED)].tolist():
        tree.unfold(folded)
    has_children = tree.n_children[node] > 0
    lacks = (content != Content.LOADED) & (tree.n_loaded_below[node] > 0)
    return _Level(
        node=node,
        parent_at=parent_at,
        in_cut=in_cut,
        error_px=error_px,
        above_px=above_px,
        refine=refine,
        descend=has_children & (refine | lacks),
    )


def _cover(tree: TileTree, levels: list[_Level]) -> None:
    """From below: can a node's part of the picture be drawn by it or by what is below it?

    What is missing for good does not hold its sisters back; a node all of whose children in the
    picture are missing is drawn itself.
    """
    after: _Level | None = None
    for level in reversed(levels):
        children_covered = np.ones(len(level.node), bool)
        nothing_below = np.zeros(len(level.node), bool)
        if after is not None:
            children_covered[after.parent_at[~after.covered]] = False
            nothing_below[after.parent_at] = True
            nothing_below[after.parent_at[after.drawable]] = False
        content = tree.content[level.node]
        loaded = content == Content.LOADED
        is_bare = (content == Content.NONE) | (content == Content.FAILED)
        by_children = level.descend & children_covered
        ends_here = is_bare & (tree.below[level.node] == Below.NONE)
        additive = tree.is_additive[level.node]
        of_additive = (loaded | is_bare) & (~level.refine | by_children)
        level.covered = np.where(additive, of_additive, loaded | by_children) | ends_here
        level.drawable = loaded | (level.descend & ~nothing_below)
        level.children_do = children_covered & ~nothing_below
        after = level


def _choose(tree: TileTree, levels: list[_Level]) -> list[BoolArray]:
    """From above: which nodes of each level are drawn."""
    drawn = []
    active = np.ones(len(levels[0].node), bool) if levels else np.empty(0, bool)
    for index, level in enumerate(levels):
        loaded = tree.content[level.node] == Content.LOADED
        additive = tree.is_additive[level.node]
        gives_way = level.refine & level.descend & level.children_do
        draws = active & loaded & (additive | ~gives_way)
        opens = active & level.descend & np.where(additive, level.refine, ~draws)
        drawn.append(draws)
        if index + 1 < len(levels):
            active = opens[levels[index + 1].parent_at]
    return drawn


def _cut(
    tree: TileTree, look: Look, levels: list[_Level], drawn: list[BoolArray], now_ns: int
) -> Cut:
    if not levels:
        none, zero = np.empty(0, np.int64), np.empty(0)
        return Cut(
            drawn=none, drawn_error_px=zero, met=none, wanted=none, priority=zero,
            remote=none, remote_priority=zero, full=none,
        )  # fmt: skip
    node = np.concatenate([level.node for level in levels])
    in_cut = np.concatenate([level.in_cut for level in levels])
    refine = np.concatenate([level.refine for level in levels])
    error_px = np.concatenate([level.error_px for level in levels])
    above_px = np.concatenate([level.above_px for level in levels])
    draws = np.concatenate(drawn)
    content = tree.content[node]
    is_due = tree.retry_ns[node] <= now_ns
    wanting = np.flatnonzero(in_cut & (content == Content.WANTING) & is_due)
    remote = np.flatnonzero(refine & (tree.below[node] == Below.REMOTE) & is_due)
    asked = np.concatenate([wanting, remote])
    priority = np.zeros(len(node))
    if len(asked):
        nearness = look.nearness(tree.centre_m[node[asked]], tree.radius_m[node[asked]])
        priority[asked] = np.maximum(above_px[asked], error_px[asked]) * nearness
    wanting = wanting[np.argsort(-priority[wanting], kind="stable")]
    return Cut(
        drawn=node[draws],
        drawn_error_px=error_px[draws],
        met=node,
        wanted=node[wanting],
        priority=priority[wanting],
        remote=node[remote],
        remote_priority=priority[remote],
        full=node[in_cut & (content != Content.NONE) & (content != Content.FAILED)],
    )
