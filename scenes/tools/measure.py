"""Measuring: click points; distances, heights, angles, areas."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.measure_marks import Label, MeasureMarks
from scenes.measure_snap import snapped
from scenes.scene_input import SceneInput
from scenes.tool import Bench, PointerAt, ToolType
from scenes.view import View
from twin.analysis.finding import Finding, Shape, ShapeKind, closed, metres, square_metres
from twin.analysis.measures import lengths_m, path_rows, plan_area_m2
from twin.arrays import Float64Array

_FIRST = "Measure: click the first point"
_NEXT = "Click the next point. Double-click ends, Backspace takes the last one away, Esc leaves"
_DONE = "Click to measure something else, Esc leaves"


@dataclass(frozen=True, slots=True)
class MeasureState:
    """How points are taken."""

    snap: bool = field(
        default=True, metadata={"title": "Snap", "help": "To corners and edges within a few pixels"}
    )
    area: bool = field(
        default=False, metadata={"title": "Close to an area", "help": "From three points on"}
    )


class MeasureVisual:
    """One path at a time."""

    wants_clicks = False

    def build(self, bench: Bench) -> None:
        """Make the marks, empty."""
        self._bench = bench
        self._marks = MeasureMarks(bench.stage)
        self._path: list[Float64Array] = []
        self._hover: Float64Array | None = None
        self._state = MeasureState()
        self._is_done = False
        self._is_changed = True
        self.finding = Finding(hint=_FIRST)

    def update(self, given: SceneInput, view: View, state: MeasureState) -> bool:  # noqa: ARG002
        """Draw the path when it or the settings changed."""
        self._marks.fit(view)
        if state == self._state and not self._is_changed:
            return False
        self._state, self._is_changed = state, False
        self._draw()
        return True

    def click(self, at: PointerAt) -> bool:
        """Add a point."""
        point = snapped(at, self._bench, snap=self._state.snap)
        if point is None:
            return False
        if self._is_done:
            self._path, self._is_done = [], False
        self._path.append(point)
        self._hover, self._is_changed = None, True
        return True

    def move(self, at: PointerAt) -> bool:
        """Show where the next point would be."""
        if self._is_done:
            return False
        self._hover = snapped(at, self._bench, snap=self._state.snap)
        self._is_changed = True
        return True

    def double_click(self, at: PointerAt) -> bool:  # noqa: ARG002
        """End the path; its last point came with the first of the two clicks."""
        self._is_done, self._hover, self._is_changed = True, None, True
        return True

    def key(self, name: str) -> bool:
        """Backspace takes the last point away, Enter ends."""
        if name == "Backspace" and self._path:
            self._path.pop()
            self._is_done = False
        elif name == "Enter" and self._path:
            self._is_done, self._hover = True, None
        else:
            return False
        self._is_changed = True
        return True

    def dispose(self) -> None:
        """Take the marks away."""
        self._marks.dispose()

    def _draw(self) -> None:
        points = [*self._path, *([] if self._hover is None else [self._hover])]
        path = np.array(points).reshape(-1, 3)
        is_area = self._state.area and len(path) > 2
        line = closed(path) if is_area else path
        self._marks.show([line] if len(line) > 1 else [], labels_of(path, is_area), path)
        hint = _DONE if self._is_done else _NEXT if self._path else _FIRST
        kind: ShapeKind = "polygon" if is_area else "line"
        shapes = (Shape(kind, np.array(self._path)),) if len(self._path) > 1 else ()
        self.finding = Finding(hint=hint, rows=path_rows(path), shapes=shapes)


def labels_of(path: Float64Array, is_area: bool) -> list[Label]:
    """A length at each piece, the whole at the end, the area in the middle."""
    middles = 0.5 * (path[1:] + path[:-1])
    pieces = lengths_m(path)
    labels: list[Label] = [
        (middle, f"{metres(length)} m") for middle, length in zip(middles, pieces, strict=True)
    ]
    if is_area:
        labels.append((path.mean(axis=0), f"{square_metres(plan_area_m2(path))} m²"))
    elif len(path) > 2:
        labels.append((path[-1], f"total {metres(float(pieces.sum()))} m"))
    return labels


TOOL = ToolType(
    id="measure",
    title="Measure",
    help="Distance, height, angle and area between points",
    icon="ruler",
    kind="pointer",
    key="M",
    state=MeasureState,
    visual=MeasureVisual,
    order=10,
)
