"""The legend inside the view, bottom right: title, unit, ramp or classes, "no data". No box."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap

import numpy as np

from scenes.atlas import Atlas, Font
from scenes.billboards import Billboards, Quads, Rgba, joined, no_quads, rectangle, text_quads
from scenes.layer import LayerType
from scenes.legend import Legend
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.view import View
from twin.ramps import ramp_table
from twin.theme import rgb_from_hex

RANK = 60
CORNER = (1.0, 0.0, 0.0)
WIDTH_PX = 220.0
MARGIN_PX = 20.0
BAR_PX = 10.0
LINE_PX = 17.0
_PIECES = 32
#: Letters of a note in a line: as many as the legend is wide.
NOTE_LETTERS = 40


@dataclass(frozen=True, slots=True)
class LegendState:
    """The legend has no settings."""


class LegendVisual:
    """Redrawn only when its content changes."""

    def build(self, stage: Stage) -> None:
        """Make the actor, empty."""
        self._stage = stage
        self._marks = Billboards(stage.overlay, stage.atlas, RANK, on_screen=True)
        scene = stage.theme.scene
        self._ink: Rgba = (*rgb_from_hex(scene["label_text"]), 1.0)
        self._quiet: Rgba = (*rgb_from_hex(stage.theme.ui["muted"]), 1.0)
        self._halo: Rgba = (*rgb_from_hex(scene["label_halo"]), 0.9)
        self._shown: tuple[Legend, ...] = ()

    def update(self, given: SceneInput, view: View, state: LegendState) -> bool:  # noqa: ARG002
        """Follow the stage's legends."""
        self._marks.fit(view)
        legends = tuple(self._stage.legends.values())
        if legends == self._shown:
            return False
        self._shown = legends
        self._marks.set_quads(self._drawn(legends) if legends else no_quads())
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._marks.set_visible(visible)

    def dispose(self) -> None:
        """Take the actor out."""
        self._marks.dispose()

    def _drawn(self, legends: tuple[Legend, ...]) -> Quads:
        """From the bottom line upwards."""
        column = _Column(self._stage.atlas, self._stage.pixel_ratio, self._ink, self._halo)
        for legend in legends:
            self._add(column, legend)
            column.gap()
        return joined(column.parts)

    def _add(self, column: _Column, legend: Legend) -> None:
        for line in reversed(wrap(legend.note, NOTE_LETTERS)):
            column.text(line, "small", self._quiet)
        if legend.no_data is not None:
            column.swatch(legend.no_data, "no data", self._quiet)
        if legend.ramp is not None:
            column.ends(_number(legend.vmin), _number(legend.vmax))
            column.bar(ramp_table(legend.ramp) / 255.0)
        for name, colour in reversed(legend.classes):
            column.swatch(colour, name, self._ink)
        title = f"{legend.title} ({legend.unit})" if legend.unit else legend.title
        column.text(title, "strong", self._ink)


class _Column:
    """Lines of the legend, stacked upwards from the corner; logical pixels inside."""

    def __init__(self, atlas: Atlas, ratio: float, ink: Rgba, halo: Rgba) -> None:
        self.parts: list[Quads] = []
        self._atlas, self._ratio, self._ink, self._halo = atlas, ratio, ink, halo
        self._y = MARGIN_PX
        self._left = -MARGIN_PX - WIDTH_PX

    def gap(self) -> None:
        """Room before the next legend."""
        self._y += LINE_PX

    def text(self, text: str, font: Font, colour: Rgba) -> None:
        """A line of text."""
        self._write(text, self._left, self._y, font, colour)
        self._y += LINE_PX

    def ends(self, low: str, high: str) -> None:
        """Numbers at both ends of the bar."""
        self._write(low, self._left, self._y, "body", self._ink)
        self._write(high, self._left + WIDTH_PX, self._y, "body", self._ink, align=1.0)
        self._y += LINE_PX - 2

    def bar(self, table: np.ndarray) -> None:
        """The ramp as a row of pieces whose colours run into each other."""
        stops = np.linspace(0, len(table) - 1, _PIECES + 1).astype(int)
        step = WIDTH_PX / _PIECES
        for piece in range(_PIECES):
            x = self._left + piece * step
            ends = [(*table[stops[piece + k]].tolist(), 1.0) for k in (0, 1)]
            self._box(x, x + step, self._y, self._y + BAR_PX, ends[0], ends[1])
        self._y += BAR_PX + 8

    def swatch(self, colour: tuple[int, int, int], text: str, ink: Rgba) -> None:
        """A square of colour and what it means."""
        rgba: Rgba = (colour[0] / 255, colour[1] / 255, colour[2] / 255, 1.0)
        self._box(self._left, self._left + 14, self._y, self._y + BAR_PX, rgba, rgba)
        self._write(text, self._left + 22, self._y, "body", ink)
        self._y += LINE_PX

    def _box(self, x0: float, x1: float, y0: float, y1: float, left: Rgba, right: Rgba) -> None:
        ratio = self._ratio
        box = (round(x0 * ratio), round(y0 * ratio), round(x1 * ratio), round(y1 * ratio))
        self.parts.append(rectangle(CORNER, box, left, right))

    def _write(
        self, text: str, x: float, y: float, font: Font, colour: Rgba, align: float = 0.0
    ) -> None:
        at = (x * self._ratio, y * self._ratio)
        self.parts.append(
            text_quads(self._atlas, text, CORNER, at, colour, self._halo, font=font, align=align)
        )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"


LAYER = LayerType(id="legend", title="Legend", state=LegendState, visual=LegendVisual, order=90)
