"""A compass, top right: a needle that shows where north is, and the letter N."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.billboards import Billboards, Rgba, joined, sprite_quads, text_quads
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.view import View
from twin.theme import rgb_from_hex

RANK = 62
CORNER = (1.0, 1.0, 0.0)
MARGIN_PX = 34.0
LETTER_PX = 20.0


@dataclass(frozen=True, slots=True)
class CompassState:
    """The compass has no settings."""


class CompassVisual:
    """Redrawn when the view turns by more than half a degree."""

    def build(self, stage: Stage) -> None:
        """Make the actor."""
        self._stage = stage
        self._marks = Billboards(stage.overlay, stage.atlas, RANK, on_screen=True)
        self._ink: Rgba = (*rgb_from_hex(stage.theme.scene["label_text"]), 1.0)
        self._halo: Rgba = (*rgb_from_hex(stage.theme.scene["label_halo"]), 1.0)
        self._shown: int | None = None

    def update(self, given: SceneInput, view: View, state: CompassState) -> bool:  # noqa: ARG002
        """Turn the needle."""
        self._marks.fit(view)
        east, north = view.matrix[0, :2]  # to the right of the picture, also straight down
        azimuth = float(np.arctan2(-north, east))
        step = round(np.degrees(azimuth) * 2)
        if step == self._shown:
            return False
        self._shown = step
        self._draw(-azimuth)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._marks.set_visible(visible)

    def dispose(self) -> None:
        """Take the actor out."""
        self._marks.dispose()

    def _draw(self, turn_rad: float) -> None:
        ratio = self._stage.pixel_ratio
        middle = np.array([[-MARGIN_PX * ratio, -MARGIN_PX * ratio]], np.float32)
        needle = sprite_quads(
            [self._stage.atlas.symbol("nose")],
            np.array([CORNER], np.float32),
            middle,
            np.array(self._ink, np.float32),
            np.array(self._halo, np.float32),
            np.array([turn_rad], np.float32),
        )
        out = np.array([np.sin(turn_rad), np.cos(turn_rad)]) * LETTER_PX * ratio
        pen = (float(middle[0, 0] + out[0]), float(middle[0, 1] + out[1] - 4.5 * ratio))
        letter = text_quads(
            self._stage.atlas, "N", CORNER, pen, self._ink, self._halo, font="strong", align=0.5
        )
        self._marks.set_quads(joined([needle, letter]))


LAYER = LayerType(id="compass", title="Compass", state=CompassState, visual=CompassVisual, order=92)
