"""Why this tile: boxes of drawn tiles by level, the error each leaves, and how streaming stands."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.billboards import (
    Billboards,
    Quads,
    joined,
    no_quads,
    rectangle,
    text_quads,
    text_width_px,
)
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.stems import Lines
from scenes.streamed_tiles import StreamedTiles
from scenes.view import View
from twin.arrays import Float64Array, Int64Array
from twin.clock import NS_PER_S
from twin.ramps import ramp_table
from twin.theme import rgb_from_hex
from twin.tiles.tree import Below

RANK = 60
REFRESH_NS = NS_PER_S // 2
#: Levels from the root after which colours repeat.
_LEVELS = 10
_LEFT_TOP = (0.0, 1.0, 0.0)
_MARGIN_PX, _LINE_PX, _BELOW_TOP_PX = 20, 17, 40
_EDGES = ((0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (1, 3), (4, 6), (5, 7), (0, 4), (1, 5),
          (2, 6), (3, 7))  # fmt: skip
_SIGNS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)


@dataclass(frozen=True, slots=True)
class TileDebugState:
    """Settings of the overlay."""

    labels: int = field(
        default=40, metadata={"min": 0, "max": 300, "help": "Tiles that are labelled at most"}
    )
    boxes: bool = field(default=True, metadata={"help": "Boxes of the drawn tiles by level"})
    figures: bool = field(default=True, metadata={"help": "Nodes, memory and allowed error"})


class TileDebugVisual:
    """Boxes in the city, labels and figures above it."""

    def build(self, stage: Stage) -> None:
        """Make the actors, empty."""
        self._stage = stage
        self._lines = Lines(stage.renderer, stage.pixel_ratio)
        self._labels = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        self._block = Billboards(stage.overlay, stage.atlas, RANK + 1, on_screen=True)
        self._ink = (*rgb_from_hex(stage.theme.scene["label_text"]), 1.0)
        self._halo = (*rgb_from_hex(stage.theme.scene["label_halo"]), 0.9)
        self._ramp = np.asarray(ramp_table("viridis"))[:, :3]
        self._seen: tuple[object, ...] = ()
        self._text: tuple[str, ...] = ()
        self._drawn_ns = 0

    def update(self, given: SceneInput, view: View, state: TileDebugState) -> bool:
        """Follow the cut; the figures twice a second."""
        self._labels.fit(view)
        self._block.fit(view)
        streamed = self._stage.streamed
        # The cut itself, not its number, which another may get: cuts are compared by identity.
        seen = (state, streamed.cut, streamed.version) if streamed else (state,)
        if seen == self._seen and abs(given.now_ns - self._drawn_ns) < REFRESH_NS:
            return False
        self._drawn_ns = given.now_ns
        changed = self._show_figures(streamed, state)
        if seen != self._seen:
            self._seen = seen
            self._show_tiles(streamed, view, state)
            changed = True
        return changed

    def set_visible(self, visible: bool) -> None:
        """Show or hide all of it."""
        self._lines.set_visible(visible)
        self._labels.set_visible(visible)
        self._block.set_visible(visible)
        self._seen = ()

    def dispose(self) -> None:
        """Take the actors out."""
        self._lines.dispose()
        self._labels.dispose()
        self._block.dispose()

    def _show_tiles(
        self, streamed: StreamedTiles | None, view: View, state: TileDebugState
    ) -> None:
        if streamed is None or streamed.cut is None:
            self._labels.set_quads(no_quads())
            self._lines.set_lines(np.zeros((0, 2, 3), np.float32), np.zeros((0, 3), np.uint8))
            return
        node, error_px = streamed.cut.drawn, streamed.cut.drawn_error_px
        tree = streamed.streamer.tree
        ends = box_edges(tree.centre_m[node], tree.half_m[node]) if state.boxes else np.zeros(
            (0, 2, 3))  # fmt: skip
        rgb = self._ramp[(tree.level[node] % _LEVELS) * 255 // (_LEVELS - 1)]
        rows = np.repeat(rgb, len(_EDGES), axis=0)[: len(ends)]
        self._lines.set_lines(ends.astype(np.float32), rows.astype(np.uint8))
        self._label(streamed, view, node, error_px, state.labels)

    def _label(
        self, streamed: StreamedTiles, view: View, node: Int64Array, error_px: Float64Array, n: int
    ) -> None:
        tree = streamed.streamer.tree
        nearest = np.argsort(np.linalg.norm(tree.centre_m[node] - view.position_m, axis=1))[:n]
        parts: list[Quads] = []
        allowed_px = streamed.figures.allowed_px
        for row in nearest[::-1].tolist():
            number = int(node[row])
            x, y, z = tree.centre_m[number].tolist()
            top = (x, y, z + float(np.abs(tree.half_m[number, :, 2]).sum()))
            text = tile_text(streamed, number, float(error_px[row]), allowed_px)
            parts.append(
                text_quads(
                    self._stage.atlas, text, top, (0.0, 4.0), self._ink, self._halo, "small", 0.5
                )
            )
        self._labels.set_quads(joined(parts))

    def _show_figures(self, streamed: StreamedTiles | None, state: TileDebugState) -> bool:
        text = figure_lines(streamed) if state.figures else ()
        if text == self._text:
            return False
        self._text = text
        ratio = self._stage.pixel_ratio
        widest = max(
            (text_width_px(self._stage.atlas, line, "small") for line in text), default=0.0
        )
        x0, x1 = (_MARGIN_PX - 8) * ratio, _MARGIN_PX * ratio + widest + 8 * ratio
        low = -(_BELOW_TOP_PX + (len(text) - 1) * _LINE_PX + 9) * ratio
        plate = (x0, low, x1, -(_BELOW_TOP_PX - 20) * ratio)
        parts = [rectangle(_LEFT_TOP, plate, (*self._halo[:3], 0.85))] if text else []
        for number, line in enumerate(text):
            pen = (_MARGIN_PX * ratio, -(_BELOW_TOP_PX + number * _LINE_PX) * ratio)
            parts.append(
                text_quads(self._stage.atlas, line, _LEFT_TOP, pen, self._ink, self._halo, "small")
            )
        self._block.set_quads(joined(parts))
        return True


def box_edges(centre_m: Float64Array, half_m: Float64Array) -> Float64Array:
    """(12 N, 2, 3) edges of N oriented boxes: (N, 3) middles and (N, 3, 3) half axes."""
    corners = centre_m[:, None] + np.einsum("ki,nij->nkj", _SIGNS, half_m)
    edges: Float64Array = corners[:, np.array(_EDGES)].reshape(-1, 2, 3)
    return edges


def tile_text(streamed: StreamedTiles, node: int, error_px: float, allowed_px: float) -> str:
    """Level, error on the screen, triangles, and why this tile and not its children."""
    tree = streamed.streamer.tree
    tile = streamed.streamer.loaded.get(node)
    n_triangles = 0 if tile is None else tile.n_triangles
    if tree.below[node] == Below.NONE:
        why = "finest"
    elif error_px <= allowed_px:
        why = "fine enough"
    elif tree.is_additive[node]:
        why = "with its children"
    else:
        why = "until its children are here"
    return (
        f"L{int(tree.level[node])}  {error_px:.0f} px  {n_triangles / 1e3:.1f} k triangles  {why}"
    )


def figure_lines(streamed: StreamedTiles | None) -> tuple[str, ...]:
    """The block of figures, one line each."""
    if streamed is None:
        return ("Nothing is streamed: this city was read whole",)
    now = streamed.figures
    missing = sum(len(each.missing) for each in streamed.streamer.status())
    waiting = sum(len(each.waiting) for each in streamed.streamer.status())
    short = "  (the memory budget makes it coarser)" if now.is_short else ""
    return (
        f"Error allowed {now.allowed_px:.0f} px{short}",
        f"Nodes {now.n_nodes:,} known, {now.n_met:,} looked at, {now.n_drawn:,} drawn",
        f"Triangles {now.n_triangles:,} drawn",
        f"Tiles {now.n_loaded:,} held, {now.n_loading:,} loading, {now.n_wanted:,} to come",
        f"Memory {now.used_bytes / 2**20:,.0f} of {now.limit_bytes / 2**20:,.0f} MiB",
        f"Missing {missing:,} tiles, {waiting:,} tried again",
    )


LAYER = LayerType(
    id="tile_debug",
    title="Why this tile",
    state=TileDebugState,
    visual=TileDebugVisual,
    order=95,
    visible_at_start=False,
)
