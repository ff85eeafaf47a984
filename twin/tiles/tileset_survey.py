"""What there is in a tileset, and which of its tiles to read when it is read whole."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field

from twin.city.tally import Tally
from twin.errors import ReadError
from twin.tiles.content import NodeRecord
from twin.tiles.tileset import TilesetSource

#: Nodes and external files looked at; a larger tileset is counted in part.
MAX_NODES = 200_000
MAX_FILES = 2_000
#: Tiles read into memory at once; the rest stays coarse.
MAX_TILES = 2_000
_NAMED = 3


@dataclass(slots=True)
class Survey:
    """All nodes of a tileset, as far as they were looked at.

    Attributes
    ----------
    n_contents : named by the tileset; missing : names of those whose files are not there
    is_whole : nothing was left out of the count
    """

    root: NodeRecord
    children: dict[int, tuple[NodeRecord, ...]] = field(default_factory=dict)
    there: dict[int, bool] = field(default_factory=dict)
    n_contents: int = 0
    missing: list[str] = field(default_factory=list)
    is_whole: bool = True

    def below(self, node: NodeRecord) -> tuple[NodeRecord, ...]:
        """Children of a node, asked for where they were hidden."""
        return self.children.get(id(node), node.children)

    def nodes(self) -> Iterator[NodeRecord]:
        """Nodes that have a content whose file is there."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            if self.there.get(id(node), False):
                yield node
            waiting += self.below(node)


def survey(source: TilesetSource, tally: Tally) -> Survey:
    """Walk the tree, asking for hidden children and for which files are there."""
    found = Survey(source.root)
    waiting, n_nodes, n_files = [source.root], 0, 0
    while waiting:
        node = waiting.pop()
        n_nodes += 1
        here = source.is_there(node)
        found.there[id(node)] = bool(here) and any(one is not False for one in here)
        found.n_contents += len(here)
        found.missing += [
            name for name, one in zip(node.contents, here, strict=True) if one is False
        ]
        if node.has_more:
            n_files += 1
            if n_files > MAX_FILES or n_nodes > MAX_NODES:
                found.is_whole = False
                continue
            found.children[id(node)] = _expanded(source, node, tally)
        if n_nodes + len(waiting) > MAX_NODES:
            found.is_whole = False
            continue
        waiting += reversed(found.below(node))
    _note(found, tally)
    return found


def _expanded(source: TilesetSource, node: NodeRecord, tally: Tally) -> tuple[NodeRecord, ...]:
    try:
        return tuple(source.expand(node))
    except ReadError as error:
        tally.add("tileset-lost", f"A part of the tileset cannot be read: {error}")
        return ()


def _note(found: Survey, tally: Tally) -> None:
    if found.missing:
        n_missing = len(found.missing)
        names = ", ".join(found.missing[:_NAMED]) + (", …" if n_missing > _NAMED else "")
        tally.add(
            "tiles-missing",
            f"{found.n_contents - n_missing:,} of {found.n_contents:,} tiles are there, "
            f"{n_missing:,} {'is' if n_missing == 1 else 'are'} missing: {names}",
            n_missing,
        )
    if not found.is_whole:
        tally.add("counted-in-part", "The tileset is too large to count all of its tiles")


def finest_tiles(found: Survey, tally: Tally) -> list[NodeRecord]:
    """Nodes that show the tileset once, as finely as its files and `MAX_TILES` allow.

    The node with the largest error is refined first. A node that its children replace stays
    where one of them is missing.
    """
    chosen: list[NodeRecord] = []
    number = 0
    waiting = [(-found.root.geometric_error_m, number, found.root)]
    while waiting:
        _, _, node = heapq.heappop(waiting)
        below = found.below(node)
        is_there = found.there.get(id(node), False)
        is_full = len(chosen) + len(waiting) + len(below) > MAX_TILES
        if is_there and (node.is_additive or is_full or not _is_covered(found, below)):
            chosen.append(node)
            if is_full and below:
                tally.add("coarse", "The tileset is too large to read whole; parts stay coarse")
            if is_full or not node.is_additive:
                continue
        if is_full and len(chosen) >= MAX_TILES:
            continue
        for child in below:
            number += 1
            heapq.heappush(waiting, (-child.geometric_error_m, number, child))
    return chosen


def _is_covered(found: Survey, children: tuple[NodeRecord, ...]) -> bool:
    """Whether children can stand in for their parent: each has what it names."""
    return bool(children) and all(
        found.there.get(id(child), False) or not child.contents for child in children
    )
