"""A scale bar, bottom left: a round length as it appears in the middle of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.billboards import Billboards, Rgba, joined, rectangle, text_quads
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.view import View
from twin.theme import rgb_from_hex

RANK = 61
CORNER = (0.0, 0.0, 0.0)
MARGIN_PX = 20.0
LONGEST_PX = 140.0


@dataclass(frozen=True, slots=True)
class ScaleBarState:
    """The scale bar has no settings."""


class ScaleBarVisual:
    """Redrawn only when the length changes."""

    def build(self, stage: Stage) -> None:
        """Make the actor."""
        self._stage = stage
        self._marks = Billboards(stage.overlay, stage.atlas, RANK, on_screen=True)
        self._ink: Rgba = (*rgb_from_hex(stage.theme.scene["label_text"]), 1.0)
        self._halo: Rgba = (*rgb_from_hex(stage.theme.scene["label_halo"]), 0.9)
        self._shown = (0.0, 0)

    def update(self, given: SceneInput, view: View, state: ScaleBarState) -> bool:  # noqa: ARG002
        """Choose the length for this view."""
        self._marks.fit(view)
        shown = bar_length(view.metres_per_px(depth_of_ground(view, self._stage.ground_z_m)), view)
        if shown == self._shown:
            return False
        self._shown = shown
        self._draw(*shown)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._marks.set_visible(visible)

    def dispose(self) -> None:
        """Take the actor out."""
        self._marks.dispose()

    def _draw(self, length_m: float, width_px: int) -> None:
        ratio = self._stage.pixel_ratio
        x0, y0, thin = round(MARGIN_PX * ratio), round(MARGIN_PX * ratio), max(1, round(ratio))
        x1, tick = x0 + width_px, round(6 * ratio)
        edge = [
            rectangle(CORNER, (x0 - thin, y0 - thin, x1 + thin, y0 + 2 * thin), self._halo),
            rectangle(CORNER, (x0, y0, x1, y0 + thin), self._ink),
            rectangle(CORNER, (x0, y0, x0 + thin, y0 + tick), self._ink),
            rectangle(CORNER, (x1 - thin, y0, x1, y0 + tick), self._ink),
        ]
        text = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
        pen = (x0 + width_px / 2, y0 + 7 * ratio)
        label = text_quads(
            self._stage.atlas, text, CORNER, pen, self._ink, self._halo, font="body", align=0.5
        )
        self._marks.set_quads(joined([*edge, label]))


def depth_of_ground(view: View, ground_z_m: float) -> float:
    """Depth at which the middle of the picture meets the ground (1 km when it meets the sky)."""
    if view.is_parallel:
        return view.flat_depth_m
    if view.forward[2] > -0.01:
        return 1000.0
    return max(float((ground_z_m - view.position_m[2]) / view.forward[2]), 1.0)


def bar_length(metres_per_px: float, view: View) -> tuple[float, int]:
    """The longest 1, 2 or 5 x 10^k metres that fits, and its width in device pixels."""
    longest_m = metres_per_px * LONGEST_PX * view.pixel_ratio
    power = 10.0 ** np.floor(np.log10(max(longest_m, 1e-6)))
    length_m = max(float(step * power) for step in (1, 2, 5) if step * power <= longest_m)
    return length_m, round(length_m / metres_per_px)


LAYER = LayerType(
    id="scale_bar", title="Scale bar", state=ScaleBarState, visual=ScaleBarVisual, order=91
)
