"""An area or a cordon with its purpose: a polygon, or a circle around a place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from scenes.draping import circle_m
from scenes.drawing import DrawingVisual
from scenes.measure_marks import Label
from scenes.tool import PointerAt, ToolType
from twin.analysis.finding import Drawn, closed, metres, square_metres
from twin.analysis.measures import plan_area_m2
from twin.arrays import Float64Array
from twin.marking import MOST_POINTS, PURPOSES

Outline = Literal["polygon", "circle"]
#: A click so near to the first point closes the area.
CLOSE_PX = 12.0


@dataclass(frozen=True, slots=True)
class AreaState:
    """What is drawn."""

    outline: Outline = field(
        default="polygon",
        metadata={"choices": ("polygon", "circle"), "help": "Corners, or a radius around a place"},
    )
    purpose: str = field(
        default="cordon", metadata={"choices": PURPOSES[1:], "help": "What the area is for"}
    )


class AreaVisual(DrawingVisual):
    """Corners until a double click or the first one again; of a circle middle and rim."""

    first_hint = "Click the first corner of the area, or the middle of a circle; Esc leaves"
    next_hint = "Click the next corner. Double-click or the first corner ends, Backspace takes back"
    _state = AreaState()

    def take_state(self, state: object) -> None:
        """Follow outline and purpose; a half drawn outline of the other kind is dropped."""
        if isinstance(state, AreaState) and state != self._state:
            if state.outline != self._state.outline:
                self._points, self._hover = [], None
            self._state, self._is_changed = state, True

    def picture(self) -> tuple[list[Float64Array], list[Label], Float64Array]:
        """The outline, with its size."""
        path = self.path()
        if len(path) < 2:
            return [], [], path
        if self._state.outline == "circle":
            radius_m = self._radius_m(path[1])
            circle = circle_m(path[0], max(radius_m, 0.1))
            return [circle, path[:2]], [(path[1], f"{metres(radius_m)} m")], path[:1]
        labels: list[Label] = []
        if len(path) > 2:
            labels.append((path.mean(axis=0), f"{square_metres(plan_area_m2(path))} m²"))
        return [closed(path) if len(path) > 2 else path], labels, path

    def click(self, at: PointerAt) -> bool:
        """Add a corner, or close at the first one."""
        if self._state.outline == "polygon" and len(self._points) > 2 and self._is_first(at):
            self._end()
            return True
        return super().click(at)

    def end_if_complete(self) -> None:
        """A circle ends at its rim, a polygon at its most corners."""
        if self._state.outline == "circle" and len(self._points) == 2:
            radius_m = self._radius_m(self._points[1])
            middle = self.plain_points()[:1]
            purpose = self._state.purpose
            is_circle = radius_m > 0.5
            drawn = Drawn(kind="circle", points_m=middle, radius_m=radius_m, purpose=purpose)
            self.tell(drawn if is_circle else None)
        elif len(self._points) == MOST_POINTS:
            self._end()

    def double_click(self, at: PointerAt) -> bool:  # noqa: ARG002
        """End; the last corner came with the first of the two clicks."""
        if self._state.outline == "polygon":
            self._end()
        return True

    def key(self, name: str) -> bool:
        """Enter ends too."""
        if name == "Enter" and self._state.outline == "polygon" and self._points:
            self._end()
            return True
        return super().key(name)

    def _end(self) -> None:
        if len(self._points) > 2:
            points, purpose = self.plain_points(), self._state.purpose
            self.tell(Drawn(kind="area", points_m=points, purpose=purpose))

    def _radius_m(self, rim: Float64Array) -> float:
        return float(np.hypot(*(rim - self._points[0])[:2]))

    def _is_first(self, at: PointerAt) -> bool:
        pixel = at.view.project(self._points[0][None])[0]
        away = float(np.hypot(pixel[0] - at.x_px, pixel[1] - at.y_px))
        return pixel[2] > 0 and away < CLOSE_PX * at.view.pixel_ratio


TOOL = ToolType(
    id="mark_area",
    title="Area or cordon",
    help="Mark an area with its purpose, for everybody",
    icon="area",
    kind="pointer",
    key="Shift+C",
    state=AreaState,
    visual=AreaVisual,
    order=63,
)
