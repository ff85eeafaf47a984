"""An arrow on the city: from here to there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.draping import arrow_head
from scenes.drawing import DrawingVisual
from scenes.measure_marks import Label
from scenes.tool import ToolType
from twin.analysis.finding import Drawn
from twin.arrays import Float64Array


@dataclass(frozen=True, slots=True)
class ArrowState:
    """An arrow has no settings."""


class ArrowVisual(DrawingVisual):
    """Two clicks."""

    first_hint = "Click where the arrow begins; Esc leaves"
    next_hint = "Click what the arrow points at"

    def picture(self) -> tuple[list[Float64Array], list[Label], Float64Array]:
        """The arrow with its head."""
        path = self.path()
        if len(path) < 2:
            return [], [], path
        return [path, arrow_head(path)], [], path[:1]

    def end_if_complete(self) -> None:
        """At the second point, unless it is the first again."""
        if len(self._points) == 2:
            is_arrow = float(np.linalg.norm(self._points[1] - self._points[0])) > 0.5
            self.tell(Drawn(kind="arrow", points_m=self.plain_points()) if is_arrow else None)


TOOL = ToolType(
    id="mark_arrow",
    title="Arrow",
    help="Point from one place to another, for everybody",
    icon="arrow",
    kind="pointer",
    key="Shift+A",
    state=ArrowState,
    visual=ArrowVisual,
    order=61,
)
