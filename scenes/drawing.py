"""Base of the tools that draw marks: points are picked on the city, and the last drawing is told.

Once a drawing is complete it is told in the finding and the tool is empty again: whoever shares it
shows it as a draft until it is shared.
"""

from __future__ import annotations

import numpy as np

from scenes.measure_marks import Label, MeasureMarks
from scenes.scene_input import SceneInput
from scenes.tool import Bench, PointerAt
from scenes.view import View
from twin.analysis.finding import Drawn, Finding
from twin.arrays import Float64Array


class DrawingVisual:
    """Collects points; what they become is up to each tool. GUI thread."""

    wants_clicks = False
    #: Said before the first point, and from then on.
    first_hint = ""
    next_hint = ""

    def build(self, bench: Bench) -> None:
        """Make the marks, empty."""
        self._marks = MeasureMarks(bench.stage)
        self._points: list[Float64Array] = []
        self._hover: Float64Array | None = None
        self._is_changed = True
        self._drawn: Drawn | None = None
        self.finding = Finding(hint=self.first_hint)

    def update(self, given: SceneInput, view: View, state: object) -> bool:  # noqa: ARG002
        """Draw what there is, when it changed."""
        self._marks.fit(view)
        self.take_state(state)
        if not self._is_changed:
            return False
        self._is_changed = False
        paths, labels, dots = self.picture()
        self._marks.show(paths, labels, dots)
        hint = self.next_hint if self._points else self.first_hint
        if (hint, self._drawn) != (self.finding.hint, self.finding.drawn):
            self.finding = Finding(hint=hint, drawn=self._drawn)
        return True

    def take_state(self, state: object) -> None:
        """Take the settings; most of these tools have none."""

    def picture(self) -> tuple[list[Float64Array], list[Label], Float64Array]:
        """Lines, words and dots of the unfinished drawing."""
        path = self.path()
        return ([path] if len(path) > 1 else []), [], path

    def path(self) -> Float64Array:
        """(N, 3) the points, and where the next one would be."""
        points = [
            *self._points,
            *([] if self._hover is None or not self._points else [self._hover]),
        ]
        return np.array(points).reshape(-1, 3)

    def click(self, at: PointerAt) -> bool:
        """Add a point."""
        point = picked(at)
        if point is None:
            return False
        self._points.append(point)
        self._hover, self._is_changed = None, True
        self.end_if_complete()
        return True

    def end_if_complete(self) -> None:
        """End the drawing when its number of points is reached."""

    def move(self, at: PointerAt) -> bool:
        """Show where the next point would be."""
        if not self._points:
            return False
        self._hover, self._is_changed = picked(at), True
        return True

    def double_click(self, at: PointerAt) -> bool:  # noqa: ARG002
        """Nothing is flown to while something is drawn."""
        return True

    def key(self, name: str) -> bool:
        """Backspace takes the last point away."""
        if name != "Backspace" or not self._points:
            return False
        self._points.pop()
        self._is_changed = True
        return True

    def dispose(self) -> None:
        """Take the marks away."""
        self._marks.dispose()

    def tell(self, drawn: Drawn | None) -> None:
        """The drawing is complete (None: it was nothing); begin anew."""
        self._drawn = drawn or self._drawn
        self._points, self._hover, self._is_changed = [], None, True

    def plain_points(self) -> tuple[tuple[float, float, float], ...]:
        """The points as numbers."""
        return tuple((float(p[0]), float(p[1]), float(p[2])) for p in self._points)


def picked(at: PointerAt) -> Float64Array | None:
    """(3,) what lies under the pointer, None on the sky."""
    return None if at.pick is None else np.array(at.pick.xyz_local_m, np.float64)
