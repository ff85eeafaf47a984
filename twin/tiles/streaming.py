"""Loads what is looked at of streamed sources, and lets go of what is not, within the budget.

What is loaded is shared: several views may look at one streamer, each with its own cut.

Hard-won invariants
1. Workers never touch the tree's columns but for reading records and sources of known nodes.
2. A range of rows is reserved on the worker, so that geometry is made with its final rows, and
   given back on every way a tile does not come in. Guard: ``tests/twin/test_streaming.py``.
3. Room is made before a tile is taken in, and workers are asked only for what still has room:
   the limit holds while tiles are under way too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np

from twin.city.resident_range import ResidentRange, rows_by_id
from twin.city.residents import ResidentFeatures
from twin.clock import NS_PER_S, Clock
from twin.errors import SourceUnreachableError, TwinError
from twin.tiles.budget import MemoryBudget
from twin.tiles.content import LoadCancelledError, NodeRecord, TileContent, TileSource
from twin.tiles.failures import FailureBook, SourceStatus
from twin.tiles.loaded import LoadedTile, Prepared, StreamFigures, built_rows, table_bytes
from twin.tiles.look import Look
from twin.tiles.request_queue import Finished, RequestQueue
from twin.tiles.tile_sizes import TileSizes
from twin.tiles.traversal import Cut, cut_of, union_of
from twin.tiles.tree import Content, TileTree

_log = logging.getLogger(__name__)

ALLOWED_PX = 16.0
HOLDER = "streamed tiles"
#: Tiles left behind in the same so many traversals are equally old: the finest goes first.
_AGE_STEP = 32
#: What a camera will see when it arrives is worth so much of what it sees now.
_AHEAD = 0.1

Task: TypeAlias = tuple[Literal["load", "open", "fill"], int]
#: What a task makes: a tile, the nodes below one, the rows of one with more columns.
Made: TypeAlias = "LoadedTile | Sequence[NodeRecord] | ResidentRange"


class TileStreamer:
    """Streams sources into one live table of features. GUI thread; loads on its own threads.

    Parameters
    ----------
    prepare : called on a worker with a content and its first row; makes what is drawn of it
    """

    def __init__(
        self,
        sources: Sequence[TileSource],
        *,
        residents: ResidentFeatures,
        prepare: Callable[[TileContent, int], Prepared],
        budget: MemoryBudget,
        clock: Clock,
        n_workers: int = 3,
        allowed_px: float = ALLOWED_PX,
    ) -> None:
        self.sources = tuple(sources)
        self.residents = residents
        self.budget = budget
        self.allowed_px = allowed_px
        self.tree = TileTree()
        self.loaded: dict[int, LoadedTile] = {}
        #: Moves when a tile came or went.
        self.version = 0
        self._prepare = prepare
        self.clock = clock
        self._books = [FailureBook(source.id, source.title) for source in self.sources]
        self._cuts: dict[int, Cut] = {}
        self._keys: dict[int, tuple[object, ...]] = {}
        self._stamps: dict[int, bytes] = {}
        self._has_viewer: list[bool] = []
        self._n_looks = self._next_retry_ns = 0
        self._unfillable: set[int] = set()
        self._sizes = TileSizes()
        for number, source in enumerate(self.sources):
            self.tree.add_root(number, source.root)
        self._queue: RequestQueue[Task, Made] = RequestQueue(
            self._work,
            n_workers=n_workers,
            most_finished=n_workers + 1,
            name="tiles",
            expected=(TwinError, LoadCancelledError),
        )

    # -- each frame -------------------------------------------------------------------------

    def collect(self, spare_ns: int) -> bool:
        """Take in what the workers have finished, for about ``spare_ns``; True when any came."""
        begin = self.clock.monotonic_ns()
        came = False
        while (done := self._queue.take_finished()) is not None:
            self._take(done)
            came = True
            if self.clock.monotonic_ns() - begin >= spare_ns:
                break
        return came

    def choose(
        self, look: Look, *, coarser: float = 1.0, ahead: Look | None = None, viewer: int = 0
    ) -> Cut:
        """What a viewer draws now; asks the workers for what is missing.

        Parameters
        ----------
        coarser : factor on the allowed error that the frame time asks for
        ahead : where the camera is flying to; loaded after what is seen now
        viewer : number of the view, 0 for the only one
        """
        now_ns = self.clock.monotonic_ns()
        allowed_px = self.allowed_px * coarser * self.budget.coarser
        key = (
            look.stamp,
            None if ahead is None else ahead.stamp,
            allowed_px,
            self.version,
            self.residents.wanted,
        )
        if key == self._keys.get(viewer) and now_ns < self._next_retry_ns:
            return self._cuts[viewer]
        self._keys[viewer] = key
        self._n_looks += 1
        cut = cut_of(self.tree, look, allowed_px, now_ns)
        self._cuts[viewer], self._stamps[viewer] = cut, look.stamp
        self.tree.last_used[cut.met] = self._n_looks
        later = None if ahead is None else cut_of(self.tree, ahead, allowed_px, now_ns)
        if later is not None:
            self.tree.last_used[later.met] = self._n_looks
        self._fit()
        self._ask(later, now_ns)
        return cut

    def set_source_visible(self, source_id: str, visible: bool) -> None:
        """Switch a source on or off; while it is off nothing of it is drawn or asked for."""
        for number, source in enumerate(self.sources):
            if source.id == source_id and visible is (number in self.tree.hidden_sources):
                self.tree.hidden_sources ^= {number}
                self.version += 1

    # -- views ------------------------------------------------------------------------------

    def join(self) -> int:
        """A further view looks at what is streamed; its number, 0 for the first."""
        self._has_viewer.append(True)
        return len(self._has_viewer) - 1

    def rest(self, viewer: int) -> None:
        """A view is not looked at for now: it holds nothing until it chooses again."""
        for known in (self._cuts, self._keys, self._stamps):
            known.pop(viewer, None)

    def leave(self, viewer: int) -> None:
        """A view has ended; with the last one the streaming ends."""
        self.rest(viewer)
        self._has_viewer[viewer] = False
        if not any(self._has_viewer):
            self.close()

    # -- asking -----------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Whether nothing is loaded or waits for it."""
        return self._queue.is_idle

    @property
    def loading(self) -> frozenset[int]:
        """Nodes that are being loaded."""
        return frozenset(node for what, node in self._queue.running if what == "load")

    def status(self) -> tuple[SourceStatus, ...]:
        """What is missing of each source."""
        now_ns = self.clock.monotonic_ns()
        return tuple(book.status(now_ns) for book in self._books)

    def figures(self, viewer: int = 0, coarser: float = 1.0) -> StreamFigures:
        """How things stand for one viewer."""
        cut = self._cuts.get(viewer)
        drawn = [] if cut is None else cut.drawn.tolist()
        return StreamFigures(
            n_nodes=self.tree.n,
            n_met=0 if cut is None else len(cut.met),
            n_drawn=len(drawn),
            n_triangles=sum(self.loaded[node].n_triangles for node in drawn if node in self.loaded),
            n_loaded=len(self.loaded),
            n_loading=len(self.loading),
            n_wanted=0 if cut is None else len(cut.wanted) + len(cut.remote),
            allowed_px=self.allowed_px * coarser * self.budget.coarser,
            is_short=self.budget.coarser > 1.0,
            streamed_bytes=self._held(),
            used_bytes=self.budget.used_bytes,
            limit_bytes=self.budget.limit_bytes,
        )

    def close(self) -> None:
        """Stop the workers, close the sources, free all rows."""
        for done in self._queue.close():
            if isinstance(done.made, LoadedTile):
                self._refuse(done.made)
        for node in list(self.loaded):
            self._drop(node)
        self.budget.hold(HOLDER, 0)
        for source in self.sources:
            source.close()

    # -- on the workers ---------------------------------------------------------------------

    def _work(self, task: Task, is_cancelled: Callable[[], bool]) -> Made:
        what, node = task
        if what == "fill":
            return self.residents.completed(self.loaded[node].rows)
        record, number = self.tree.records[node], int(self.tree.source[node])
        source = self.sources[number]
        if what == "open":
            return source.expand(record)
        content = source.load(record, is_cancelled)
        if is_cancelled():
            raise LoadCancelledError("The tile is no longer wanted")
        table = content.features
        first = self.residents.reserve(table.n_features)
        try:
            prepared = self._prepare(content, first)
        except BaseException:
            self.residents.give_back(first, table.n_features)
            raise
        rows = ResidentRange(first, table, source.id, rows_by_id(table), built_rows(content))
        with suppress(TwinError):  # a task of its own says so and does not cost the tile
            rows = self.residents.completed(rows)
        return LoadedTile(
            node=node,
            source=number,
            level=int(self.tree.level[node]),
            content=content,
            rows=rows,
            prepared=prepared,
            n_bytes=content.n_bytes + prepared.n_bytes + table_bytes(rows.table),
        )

    # -- taking in --------------------------------------------------------------------------

    def _take(self, done: Finished[Task, Made]) -> None:
        node = done.key[1]
        self.version += 1
        if done.error is not None:
            self._note_failure(done.key, done.error)
        elif isinstance(done.made, LoadedTile):
            self._book(node).note_success(done.key)
            self._take_tile(done.made)
        elif isinstance(done.made, ResidentRange):
            self._take_columns(node, done.made)
        elif done.made is not None:
            self._book(node).note_success(done.key)
            self.tree.expand(node, done.made)

    def _take_tile(self, tile: LoadedTile) -> None:
        self._sizes.note(tile.level, tile.n_bytes)
        self.tree.n_bytes[tile.node] = tile.n_bytes
        if tile.node in self.loaded or not self._make_room(tile.n_bytes):
            self._refuse(tile)
            return
        self.residents.admit(tile.rows)
        self.loaded[tile.node] = tile
        self.tree.set_loaded(tile.node, tile.n_bytes)
        self.budget.hold(HOLDER, self._held() + tile.n_bytes)

    def _take_columns(self, node: int, rows: ResidentRange) -> None:
        tile = self.loaded.get(node)
        if tile is not None and tile.rows.first == rows.first:
            self.loaded[node] = replace(tile, rows=rows)
            self.residents.exchange(rows)

    def _note_failure(self, task: Task, error: Exception) -> None:
        what, node = task
        if isinstance(error, LoadCancelledError):
            return
        book, record = self._book(node), self.tree.records[node]
        key = record.key or (record.contents[0] if record.contents else f"node {node}")
        if isinstance(error, SourceUnreachableError):
            now_ns = self.clock.monotonic_ns()
            retry_ns = book.note_unreachable(task, key, str(error), now_ns)
            self.tree.retry_ns[node] = retry_ns
            return
        if what == "fill":
            self._unfillable.add(node)
        if book.note_missing(task, key, str(error)):
            title = self.sources[int(self.tree.source[node])].title
            _log.debug("A tile of %s is missing: %s", title, error)
        if what == "open":
            self.tree.expand(node, ())
        elif what == "load":
            self.tree.content[node] = Content.FAILED

    def _refuse(self, tile: LoadedTile) -> None:
        self.residents.give_back(tile.rows.first, tile.content.features.n_features)

    # -- room -------------------------------------------------------------------------------

    def _make_room(self, n_bytes: int) -> bool:
        """Let go of the least useful until so many bytes fit; False when they cannot."""
        room = self.budget.room_for(HOLDER)
        for node in self._least_useful():
            if self._held() + n_bytes <= room:
                break
            self._drop(node)
        return self._held() + n_bytes <= room

    def _least_useful(self) -> Iterator[int]:
        """Loaded nodes that no view has met in its last look, oldest and finest first."""
        nodes = np.fromiter(self.loaded, np.int64, len(self.loaded))
        in_use = np.zeros(self.tree.n, bool)
        for cut in self._cuts.values():
            in_use[cut.met] = True
        nodes = nodes[~in_use[nodes]]
        age = self.tree.last_used[nodes] // _AGE_STEP
        yield from nodes[np.lexsort((-self.tree.level[nodes], age))].tolist()

    def _drop(self, node: int) -> None:
        tile = self.loaded.pop(node)
        self.residents.dismiss(tile.rows.first)
        self.tree.set_unloaded(node)
        self.budget.hold(HOLDER, self._held() - tile.n_bytes)
        self.version += 1

    def _held(self) -> int:
        return self.budget.held.get(HOLDER, 0)

    def _fit(self) -> None:
        """Have the pictures made coarser when all they need together would not fit."""
        full = union_of([cut.full for cut in self._cuts.values()])
        reserve = self._queue.n_slots * self._sizes.usual()
        room = self.budget.room_for(HOLDER) - reserve
        needed = int(self._sizes.of(self.tree, full).sum())
        stamps = b"".join(stamp for _, stamp in sorted(self._stamps.items()))
        self.budget.fit(needed, max(room, 1), stamps)

    # -- asking the workers -----------------------------------------------------------------

    def _ask(self, later: Cut | None, now_ns: int) -> None:
        worth: dict[Task, float] = {}
        cuts = [(cut, 1.0) for cut in self._cuts.values()]
        cuts += [(later, _AHEAD)] if later is not None else []
        for cut, share in cuts:
            for node, priority in zip(cut.wanted.tolist(), cut.priority.tolist(), strict=True):
                worth[("load", node)] = max(worth.get(("load", node), 0.0), share * priority)
            pairs = zip(cut.remote.tolist(), cut.remote_priority.tolist(), strict=True)
            for node, priority in pairs:
                worth[("open", node)] = max(worth.get(("open", node), 0.0), share * priority)
        ranked = self._to_fill() + sorted(worth, key=worth.__getitem__, reverse=True)
        paused = [now_ns < book.paused_until_ns for book in self._books]
        if any(paused):
            ranked = [task for task in ranked if not paused[self.tree.source[task[1]]]]
        self._queue.want(self._that_fit(ranked))
        self._next_retry_ns = self._retry_after(now_ns)

    def _to_fill(self) -> list[Task]:
        """Loaded tiles that lack a column somebody colours or filters by."""
        return [
            ("fill", node)
            for node, tile in self.loaded.items()
            if node not in self._unfillable and self.residents.lacking(tile.rows)
        ]

    def _that_fit(self, ranked: list[Task]) -> list[Task]:
        """The first of them, as long as there is room beside what the pictures need already."""
        if not ranked:
            return ranked
        met = union_of([cut.met for cut in self._cuts.values()])
        needed = met[self.tree.content[met] == Content.LOADED]
        room = self.budget.room_for(HOLDER) - int(self.tree.n_bytes[needed].sum())
        nodes = np.array([node for _, node in ranked], np.int64)
        is_load = np.array([what == "load" for what, _ in ranked])
        total = np.cumsum(np.where(is_load, self._sizes.of(self.tree, nodes), 0))
        n_fit = int(np.searchsorted(total, room, side="right"))
        # What is under way must fit beside what is held: the limit holds on the way too.
        self._make_room(int(total[min(n_fit, self._queue.n_slots, len(total)) - 1]) if n_fit else 0)
        return ranked[:n_fit]

    def _retry_after(self, now_ns: int) -> int:
        """When something that waits may be tried again."""
        times = self.tree.retry_ns[: self.tree.n]
        later = [int(times[times > now_ns].min(initial=now_ns + 3600 * NS_PER_S))]
        later += [book.paused_until_ns for book in self._books if book.paused_until_ns > now_ns]
        return min(later)

    def _book(self, node: int) -> FailureBook:
        return self._books[int(self.tree.source[node])]
