"""Lines, dots and words that tools draw over the city."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenes.billboards import Billboards, Quads, Rgba, joined, no_quads, rectangle, text_quads
from scenes.stage import Stage
from scenes.stems import Lines
from scenes.view import View
from twin.arrays import Float64Array
from twin.theme import rgb_from_hex

RANK = 70
LINE_PX = 2.2
DOT_PX = 3.5
LIFT_PX = 9.0
Label = tuple[Float64Array, str]


class MeasureMarks:
    """Always seen, whatever stands before them. GUI thread."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        ratio = stage.pixel_ratio
        self._lines = Lines(stage.foreground, LINE_PX * ratio)
        self._marks = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        accent = rgb_from_hex(stage.theme.ui["accent"])
        self.accent: Rgba = (*accent, 1.0)
        self._ink: Rgba = (*rgb_from_hex(stage.theme.scene["label_text"]), 1.0)
        self._halo: Rgba = (*rgb_from_hex(stage.theme.scene["label_halo"]), 1.0)

    def fit(self, view: View) -> None:
        """Follow the size of the window; once a frame."""
        self._marks.fit(view)

    def show(
        self,
        paths: Sequence[Float64Array],
        labels: Sequence[Label] = (),
        dots: Float64Array | None = None,
        colours: Sequence[Rgba] = (),
    ) -> None:
        """Replace all.

        Parameters
        ----------
        paths : each (k, 3), k >= 2
        labels : point (3,) and words above it
        dots : (n, 3)
        colours : one a path; without, the accent
        """
        ends = [np.stack([path[:-1], path[1:]], axis=1) for path in paths]
        inks = [*colours, *[self.accent] * (len(paths) - len(colours))]
        rgb = [np.tile(np.array(ink[:3]), (len(e), 1)) for e, ink in zip(ends, inks, strict=True)]
        all_ends = np.concatenate([np.zeros((0, 2, 3)), *ends]).astype(np.float32)
        all_rgb = np.round(np.concatenate([np.zeros((0, 3)), *rgb]) * 255).astype(np.uint8)
        self._lines.set_lines(all_ends, all_rgb)
        quads: list[Quads] = [self._dot(point) for point in (() if dots is None else dots)]
        quads += [self._words(at, words) for at, words in labels]
        self._marks.set_quads(joined(quads) if quads else no_quads())

    def dispose(self) -> None:
        """Take all out of the renderers."""
        self._lines.dispose()
        self._marks.dispose()

    def _dot(self, point: Float64Array) -> Quads:
        ratio = self._stage.pixel_ratio
        outer, inner = round((DOT_PX + 1.0) * ratio), round(DOT_PX * ratio)
        at = (float(point[0]), float(point[1]), float(point[2]))
        return joined(
            [
                rectangle(at, (-outer, -outer, outer, outer), self._halo),
                rectangle(at, (-inner, -inner, inner, inner), self.accent),
            ]
        )

    def _words(self, at: Float64Array, words: str) -> Quads:
        anchor = (float(at[0]), float(at[1]), float(at[2]))
        pen = (0.0, LIFT_PX * self._stage.pixel_ratio)
        return text_quads(
            self._stage.atlas, words, anchor, pen, self._ink, self._halo, font="body", align=0.5
        )
