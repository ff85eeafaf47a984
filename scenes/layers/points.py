"""Points of a survey: coloured as photographed, by height or by class."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from scenes.layer import LayerType
from scenes.legend import Legend
from scenes.point_cloud import PointCloudActor, class_colours, classes_there, height_colours
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.view import View
from twin.arrays import BoolArray
from twin.city.asset import PointCloud
from twin.ramps import Ramp

Colour = Literal["photograph", "height", "class"]
LEGEND = "points"
#: A point as it was read (place, colour, class, feature), as it is drawn, and in graphics.
POINT_BYTES = 20 + 15 + 16


@dataclass(frozen=True, slots=True)
class PointsState:
    """Settings of the point cloud."""

    colour: Colour = field(
        default="photograph", metadata={"help": "Without a photograph: by class, else by height"}
    )
    ramp: Ramp = field(default="viridis", metadata={"help": "Colours of heights"})
    size_px: float = field(
        default=2.0, metadata={"unit": "px", "min": 1.0, "max": 8.0, "help": "Size of a point"}
    )


class PointsVisual:
    """One actor of all points; absent where a city has none."""

    def build(self, stage: Stage) -> None:
        """Make the actor."""
        self._stage = stage
        self._points = stage.asset.points
        self._actor = None
        if self._points is not None and self._points.n_points:
            self._actor = PointCloudActor(stage.renderer, self._points.xyz_local_m)
            stage.held["points"] = POINT_BYTES * self._points.n_points
        self._state: PointsState | None = None
        self._hidden: BoolArray | None = None

    def update(self, given: SceneInput, view: View, state: PointsState) -> bool:  # noqa: ARG002
        """Follow the settings, and which sources are switched off."""
        if self._actor is None or self._points is None:
            return False
        changed = self._follow_hidden(self._actor, self._points)
        if state != self._state:
            self._state = state
            self._colour(self._actor, self._points, state)
            self._actor.set_size(state.size_px * self._stage.pixel_ratio)
            changed = True
        return changed

    def set_visible(self, visible: bool) -> None:
        """Show or hide the points."""
        if self._actor is not None:
            self._actor.set_visible(visible)
            if visible:
                self._state = None
            else:
                self._stage.set_legend(LEGEND, None)

    def dispose(self) -> None:
        """Take the points out of the renderer."""
        if self._actor is not None:
            self._actor.dispose()
            self._stage.held.pop("points", None)
            self._stage.set_legend(LEGEND, None)

    def _follow_hidden(self, actor: PointCloudActor, points: PointCloud) -> bool:
        hidden = self._stage.style.hidden
        if hidden is self._hidden:
            return False
        self._hidden = hidden
        rows = points.features if points.features is not None else np.zeros(points.n_points, int)
        inside = rows < len(hidden)
        shown = (
            ~(inside & hidden[np.minimum(rows, max(len(hidden) - 1, 0))]) if len(hidden) else None
        )
        actor.show_rows(shown)
        return True

    def _colour(self, actor: PointCloudActor, points: PointCloud, state: PointsState) -> None:
        wanted = state.colour
        if wanted == "photograph" and points.rgb is None:
            wanted = "class"
        if wanted == "class" and points.classes is None:
            wanted = "height"
        legend = None
        if wanted == "photograph" and points.rgb is not None:
            actor.set_colours(points.rgb)
        elif wanted == "class" and points.classes is not None:
            actor.set_colours(class_colours(points.classes))
            legend = Legend(title="Class of points", classes=classes_there(points.classes))
        else:
            rgb, (low, high) = height_colours(points.xyz_local_m, state.ramp)
            actor.set_colours(rgb)
            up = self._stage.asset.origin.height_m
            legend = Legend(
                title="Height of points", unit="m", vmin=low + up, vmax=high + up, ramp=state.ramp
            )
        self._stage.set_legend(LEGEND, legend)


LAYER = LayerType(
    id="points",
    title="Point cloud",
    state=PointsState,
    visual=PointsVisual,
    order=12,
    has_any=lambda city: city.points is not None,
)
