"""Lines on the city with signs and words above them: what marks and incidents have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from scenes.billboards import Billboards, Quads, interleaved, no_quads, sprite_quads
from scenes.draping import top_of
from scenes.label_layout import TextCache
from scenes.stage import Stage
from scenes.stems import Lines
from scenes.symbol_marks import rgba_of
from twin.arrays import Float64Array, UInt8Array
from twin.theme import rgb_from_hex


@dataclass(frozen=True, slots=True, kw_only=True)
class SignStyle:
    """How one layer looks.

    Attributes
    ----------
    layer : its id, under which it reserves room on the screen and can be picked
    sign : family of its plate and glyph in the atlas
    rank : of its signs in drawing order
    ghost : opacity of lines behind what stands before them
    stem_m : signs stand so far above the roofs around, metres
    """

    layer: str
    sign: str
    rank: int
    width_px: float
    ghost: float
    stem_m: float


class SignedLines:
    """Base of a layer's visual, which calls these from `update`. GUI thread."""

    style: ClassVar[SignStyle]

    def build(self, stage: Stage) -> None:
        """Make everything, empty."""
        self._stage = stage
        width = self.style.width_px * stage.pixel_ratio
        self._lines = Lines(stage.renderer, width)
        self._ghosts = Lines(stage.foreground, width, self.style.ghost)
        self._signs = Billboards(stage.overlay, stage.atlas, self.style.rank, on_screen=False)
        theme = stage.theme
        ink, halo = (rgb_from_hex(theme.scene[n]) for n in ("label_text", "label_halo"))
        self._texts = TextCache(stage.atlas, ink, rgb_from_hex(theme.ui["muted"]), halo)
        self._panel, self._clear = rgba_of(theme.ui["panel"]), np.zeros(4, np.float32)
        self._of: tuple[object, ...] = ()
        self._seen: tuple[object, ...] = ()
        self._visible = True

    def set_visible(self, visible: bool) -> None:
        """Show or hide lines, signs and words."""
        self._visible = visible
        for part in (self._lines, self._ghosts, self._signs):
            part.set_visible(visible)
        self._seen = ()
        if not visible:
            self._forget_signs()

    def dispose(self) -> None:
        """Take everything out."""
        self._forget_signs()
        for part in (self._lines, self._ghosts, self._signs):
            part.dispose()

    def _forget_signs(self) -> None:
        self._stage.symbols.remove(self.style.layer)
        self._stage.reserved.pop(self.style.layer, None)

    def _top_at(self, point_m: Float64Array) -> float | None:
        return top_of(self._stage.cast, float(point_m[0]), float(point_m[1]))

    def _stem(self, foot_m: Float64Array) -> Float64Array:
        """Top (3,) of the stem of a sign, above the roofs around its foot (3,)."""
        roofs = float(self._stage.roofs.around(foot_m[None].astype(np.float32))[0])
        x, y, z = map(float, foot_m)
        return np.array([x, y, max(roofs, z) + self.style.stem_m])

    def _draw_lines(self, placed: Iterable[tuple[str, Float64Array]]) -> None:
        """Draw separate lines (N, 2, 3), those of each one in its colour "#RRGGBB"."""
        parts: list[Float64Array] = [np.zeros((0, 2, 3))]
        colours: list[UInt8Array] = [np.zeros((0, 3), np.uint8)]
        for colour, lines_m in placed:
            parts.append(lines_m)
            rgb = np.round(np.array(rgb_from_hex(colour)) * 255).astype(np.uint8)
            colours.append(np.tile(rgb, (len(lines_m), 1)))
        ends, rgbs = np.concatenate(parts).astype(np.float32), np.concatenate(colours)
        for part in (self._lines, self._ghosts):
            part.set_lines(ends, rgbs)
            part.set_visible(self._visible)

    def _plates(self, anchors_m: Sequence[Float64Array], colours: Sequence[str]) -> Quads:
        """Signs at places (3,), each on a plate of its colour."""
        n = len(anchors_m)
        if not n:
            return no_quads()
        atlas, at = self._stage.atlas, np.array(anchors_m, np.float32)
        fill = np.array([rgba_of(one) for one in colours], np.float32)
        zero = np.zeros((n, 2), np.float32)
        plates, glyphs = (
            [atlas.symbol(f"{layer}:{self.style.sign}")] * n for layer in ("plate", "glyph")
        )
        return interleaved(
            sprite_quads(plates, at, zero, fill, self._panel),
            sprite_quads(glyphs, at, zero, self._panel, self._clear),
        )
