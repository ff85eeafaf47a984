"""Shows in one renderer what a streamer has loaded and a view has chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from scenes.city_tiles import face_actor
from scenes.edge_lines import EdgeMesh
from scenes.picker import PickMesh
from scenes.streamed_parts import StreamedContent, prepared_content
from scenes.surface_look import SurfaceLook
from scenes.view import View, look_of
from twin.arrays import Float64Array
from twin.city.residents import ResidentFeatures
from twin.clock import Clock, SystemClock
from twin.tiles.budget import MemoryBudget
from twin.tiles.content import TileSource
from twin.tiles.loaded import StreamFigures
from twin.tiles.look import Look
from twin.tiles.streaming import TileStreamer
from twin.tiles.traversal import Cut

#: What of a frame may be spent on taking tiles in while the camera moves.
ATTACH_NS = 2_000_000
#: What of a frame uploads to the graphics driver may take while the camera moves …
UPLOAD_MS = 2.0
#: … at so many bytes a millisecond (measured on software GL: 1.26 ms for 0.53 MB).
UPLOAD_BYTES_PER_MS = 420_000
#: How much more of both a frame may take while the camera rests …
AT_REST = 6
#: … and until the first complete picture of a city, when there is no motion to keep smooth.
AT_FIRST = 30
#: Until then so long is left between two frames: on software GL a frame takes the processors that
#: the tiles are decoded with.
FIRST_STEP_NS = 400_000_000
#: A first picture that is not complete by then is waiting for a slow source.
FIRST_MOST_NS = 8_000_000_000
POINT_PX = 2.0


@dataclass(slots=True, eq=False)
class _Shown:
    """Actors of one loaded tile; keeps alive what their meshes share memory with."""

    content: StreamedContent
    actors: tuple[vtkActor, ...]
    is_visible: bool = True


class StreamedTiles:
    """Streamed tiles of one view. GUI thread.

    What is loaded lives in ``streamer``, which several views can share; only actors live here.

    Attributes
    ----------
    viewer : number of this view at the streamer
    graphics_bytes : what this view's own buffers on the graphics card take
    cut : what was chosen at the last update, None before the first
    version : moves when other tiles are drawn
    """

    def __init__(self, renderer: vtkRenderer, look: SurfaceLook, streamer: TileStreamer) -> None:
        self.streamer = streamer
        self.viewer = streamer.join()
        self.graphics_bytes = 0
        self.cut: Cut | None = None
        self.version = 0
        self.coarser = 1.0
        self._renderer = renderer
        self._look = look
        self._shown: dict[int, _Shown] = {}
        self._drawn: frozenset[int] = frozenset()
        self._target: frozenset[int] = frozenset()
        self._is_late = False
        self._visible = True
        self._was_complete = False
        self._begun_ns = streamer.clock.monotonic_ns()
        self._drawn_ns: int | None = None
        self._haste = AT_FIRST

    def update(
        self, view: View, *, coarser: float, ahead: Look | None, has_moved: bool = True
    ) -> bool:
        """Take in what has come and show what the view needs; True when the picture changed."""
        self.coarser = coarser
        self._haste = AT_FIRST if self._is_first else 1 if has_moved else AT_REST
        self.streamer.collect(self._haste * ATTACH_NS)
        look = look_of(view)
        cut = self.streamer.choose(look, coarser=coarser, ahead=ahead, viewer=self.viewer)
        if cut is not self.cut:
            self.cut = cut
            self._forget_gone()
            self._target = frozenset(cut.drawn.tolist()) & self.streamer.loaded.keys()
            self._is_late = True
        if not self._is_late or self._waits_for_more(cut):
            return False
        changed = self._step()
        self._was_complete |= self.is_settled
        return changed

    @property
    def _is_first(self) -> bool:
        """Whether there was no complete picture yet, and one may still come soon."""
        age_ns = self.streamer.clock.monotonic_ns() - self._begun_ns
        return not self._was_complete and age_ns < FIRST_MOST_NS

    def _waits_for_more(self, cut: Cut) -> bool:
        """Whether the first picture is still too young to be drawn again with a few more tiles."""
        if not self._is_first or not self._drawn or cut.is_complete:
            return False
        now_ns = self.streamer.clock.monotonic_ns()
        if self._drawn_ns is None:  # the first call after a frame: what it took does not count
            self._drawn_ns = now_ns
        if now_ns - self._drawn_ns < FIRST_STEP_NS:
            return True
        self._drawn_ns = None
        return False

    def _step(self) -> bool:
        """Show what is new, no more than a frame can upload; then hide what it replaces."""
        late, spent_ms = set(), 0.0
        for node in self._target - self._drawn:
            if spent_ms > self._haste * UPLOAD_MS and node not in self._shown:
                late.add(node)
                continue
            if node not in self._shown:
                spent_ms += self._content(node).upload_bytes / UPLOAD_BYTES_PER_MS
            self._show(node, visible=True)
        self._is_late = bool(late)
        kept = self._stand_ins(self._drawn - self._target, late) if late else set()
        for node in self._drawn - self._target - kept:
            self._show(node, visible=False)
        drawn = frozenset((self._target - late) | kept)
        changed = drawn != self._drawn
        self._drawn = drawn
        self.version += changed
        return changed

    def _stand_ins(self, old: frozenset[int], late: set[int]) -> set[int]:
        """Which of the nodes that are to go still stand for one that is not shown yet."""
        parent = self.streamer.tree.parent
        above_late: set[int] = set()
        for node in late:
            while node >= 0 and node not in above_late:
                above_late.add(node)
                node = int(parent[node])
        return {node for node in old if node in above_late or self._is_below(node, late)}

    def _is_below(self, node: int, others: set[int]) -> bool:
        while node >= 0:
            if node in others:
                return True
            node = int(self.streamer.tree.parent[node])
        return False

    def set_visible(self, visible: bool) -> None:
        """Show or hide all streamed tiles."""
        self._visible = visible
        for node in self._drawn:
            self._set_visible(self._shown[node], visible)

    @property
    def pick_meshes(self) -> list[PickMesh]:
        """What rays can hit now."""
        return [mesh.pick for content in self._contents() for mesh in content.meshes]

    @property
    def edge_meshes(self) -> list[EdgeMesh]:
        """What edge lines can be drawn now."""
        found = (mesh.edges for content in self._contents() for mesh in content.meshes)
        return [edges for edges in found if edges is not None]

    @property
    def figures(self) -> StreamFigures:
        """How the streaming stands."""
        return self.streamer.figures(viewer=self.viewer, coarser=self.coarser)

    @property
    def is_settled(self) -> bool:
        """Whether the picture is complete: nothing is missing and nothing comes late."""
        return self.cut is not None and self.cut.is_complete and not self._is_late

    def ground_z_m(self) -> float:
        """Lowest ground of what is drawn, a few odd tiles left out; NaN while nothing is."""
        heights = np.array([content.ground_z_m for content in self._contents()])
        heights = heights[~np.isnan(heights)]
        return float(np.percentile(heights, 5)) if len(heights) else float("nan")

    def corners_m(self) -> Float64Array:
        """(8, 3) corners of the box around all sources, metres."""
        bounds = self.streamer.tree.bounds_min_max_local_m()
        return np.array([[x, y, z] for x in bounds[[0, 3]] for y in bounds[[1, 4]]
                         for z in bounds[[2, 5]]])  # fmt: skip

    def rest(self) -> None:
        """Nobody looks at this view now: what only it needs may leave."""
        self.streamer.rest(self.viewer)
        self.cut = None

    def dispose(self) -> None:
        """Take all actors out of the renderer; with its last view the streaming ends."""
        for shown in self._shown.values():
            self._remove(shown)
        self._shown, self._drawn, self._target, self.cut = {}, frozenset(), frozenset(), None
        self.streamer.leave(self.viewer)

    # -- inside -----------------------------------------------------------------------------

    def _contents(self) -> list[StreamedContent]:
        return [self._shown[node].content for node in self._drawn]

    def _content(self, node: int) -> StreamedContent:
        content = self.streamer.loaded[node].prepared
        if not isinstance(content, StreamedContent):
            raise TypeError("The streamer prepares its tiles for somebody else")
        return content

    def _forget_gone(self) -> None:
        gone = self._shown.keys() - self.streamer.loaded.keys()
        for node in gone:
            self._remove(self._shown.pop(node))
        self._drawn -= gone
        self._target -= gone

    def _show(self, node: int, *, visible: bool) -> None:
        if visible and node not in self._shown:
            self._shown[node] = self._make(self._content(node))
        if node in self._shown:
            self._set_visible(self._shown[node], visible and self._visible)

    def _make(self, content: StreamedContent) -> _Shown:
        actors = [face_actor(self._look, mesh.mesh) for mesh in content.meshes]
        if content.points is not None:
            actors.append(_cloud_actor(content))
        for actor in actors:
            self._renderer.AddActor(actor)
        self.graphics_bytes += content.upload_bytes
        return _Shown(content, tuple(actors))

    def _set_visible(self, shown: _Shown, visible: bool) -> None:
        if shown.is_visible != visible:
            shown.is_visible = visible
            for actor in shown.actors:
                actor.SetVisibility(visible)

    def _remove(self, shown: _Shown) -> None:
        self.graphics_bytes -= shown.content.upload_bytes
        for actor in shown.actors:
            self._renderer.RemoveActor(actor)


def make_streamer(
    sources: tuple[TileSource, ...],
    residents: ResidentFeatures,
    budget: MemoryBudget,
    clock: Clock | None = None,
) -> TileStreamer:
    """A streamer whose tiles can be drawn by any `StreamedTiles`."""
    return TileStreamer(
        sources,
        residents=residents,
        prepare=prepared_content,
        budget=budget,
        clock=clock or SystemClock(),
    )


def _cloud_actor(content: StreamedContent) -> vtkActor:
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(content.points)
    mapper.StaticOn()
    actor = vtkActor()
    actor.SetMapper(mapper)
    actor.GetProperty().LightingOff()
    actor.GetProperty().SetPointSize(POINT_PX)
    actor.PickableOff()
    return actor
