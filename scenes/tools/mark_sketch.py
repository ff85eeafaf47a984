"""A sketch: a line drawn by hand on the ground, over roofs or along a façade."""

from __future__ import annotations

from dataclasses import dataclass

from scenes.drawing import DrawingVisual, picked
from scenes.measure_marks import Label
from scenes.tool import RELEASE, PointerAt, ToolType
from twin.analysis.finding import Drawn
from twin.arrays import Float64Array
from twin.marking import simplified

#: A point nearer than so many pixels to the last one is left out.
STEP_PX = 4.0


@dataclass(frozen=True, slots=True)
class SketchState:
    """A sketch has no settings."""


class SketchVisual(DrawingVisual):
    """One drag a line."""

    first_hint = "Drag to draw on the city; Shift and drag turns the view, Esc leaves"
    next_hint = first_hint

    def picture(self) -> tuple[list[Float64Array], list[Label], Float64Array]:
        """The line without dots."""
        path = self.path()
        return ([path] if len(path) > 1 else []), [], path[:0]

    def click(self, at: PointerAt) -> bool:
        """Begin a line."""
        self._points, self._at_px = [], (at.x_px, at.y_px)
        point = picked(at)
        if point is not None:
            self._points.append(point)
        self._is_changed = True
        return True

    def move(self, at: PointerAt) -> bool:
        """Go on, leaving out the sky."""
        if not self._points:
            return False
        away = abs(at.x_px - self._at_px[0]) + abs(at.y_px - self._at_px[1])
        self._hover = picked(at)
        if self._hover is not None and away >= STEP_PX * at.view.pixel_ratio:
            self._points.append(self._hover)
            self._at_px = (at.x_px, at.y_px)
        self._is_changed = True
        return True

    def key(self, name: str) -> bool:
        """The button was let go: the line is complete."""
        if name != RELEASE or not self._points:
            return False
        if self._hover is not None:
            self._points.append(self._hover)
        line = simplified(self.plain_points()) if len(self._points) > 1 else ()
        self.tell(Drawn(kind="sketch", points_m=line) if len(line) > 1 else None)
        return True


TOOL = ToolType(
    id="mark_sketch",
    title="Sketch",
    help="Draw by hand on the city, for everybody",
    icon="sketch",
    kind="pointer",
    grip="drag",
    key="Shift+D",
    state=SketchState,
    visual=SketchVisual,
    order=62,
)
