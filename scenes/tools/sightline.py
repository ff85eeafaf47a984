"""Line of sight between two points: free, or what stands in it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.billboards import Rgba
from scenes.measure_marks import Label, MeasureMarks
from scenes.pick import Pick
from scenes.scene_input import SceneInput
from scenes.tool import Bench, PointerAt, ToolType
from scenes.view import View
from twin.analysis.finding import Finding, Row, Shape, metres
from twin.arrays import Float64Array
from twin.theme import rgb_from_hex

_FIRST = "Line of sight: click where the eye stands"
_NEXT = "Click what it looks at"
_DONE = "Click for another line of sight, Esc leaves"
#: A hit so near to the target is the target.
_AT_TARGET_M = 0.25


@dataclass(frozen=True, slots=True)
class SightlineState:
    """How high both ends stand above what was clicked."""

    eye_m: float = field(
        default=1.7,
        metadata={"title": "Eye height", "unit": "m", "min": 0.0, "max": 60.0, "help": "Above"},
    )
    target_m: float = field(
        default=0.0,
        metadata={"title": "Target height", "unit": "m", "min": 0.0, "max": 60.0, "help": "Above"},
    )


class SightlineVisual:
    """One line."""

    wants_clicks = False

    def build(self, bench: Bench) -> None:
        """Make the marks, empty."""
        self._bench = bench
        self._marks = MeasureMarks(bench.stage)
        self._blocked: Rgba = (*rgb_from_hex(bench.stage.theme.priority["critical"]), 1.0)
        self._feet: list[Float64Array] = []
        self._hover: Float64Array | None = None
        self._seen: tuple[object, ...] = ()
        self.finding = Finding(hint=_FIRST)

    def update(self, given: SceneInput, view: View, state: SightlineState) -> bool:  # noqa: ARG002
        """Cast the ray when an end has moved."""
        self._marks.fit(view)
        feet = [*self._feet, *([] if self._hover is None else [self._hover])][:2]
        seen = (state, tuple(foot.tobytes() for foot in feet), len(self._feet))
        if seen == self._seen:
            return False
        self._seen = seen
        lifts = (state.eye_m, state.target_m)
        ends = [foot + np.array([0.0, 0.0, lift]) for foot, lift in zip(feet, lifts, strict=False)]
        self._draw(ends)
        return True

    def click(self, at: PointerAt) -> bool:
        """Take an end."""
        if at.pick is None:
            return False
        if len(self._feet) == 2:
            self._feet = []
        self._feet.append(np.array(at.pick.xyz_local_m))
        self._hover = None
        return True

    def move(self, at: PointerAt) -> bool:
        """Try the other end where the pointer is."""
        if len(self._feet) != 1 or at.pick is None:
            return False
        self._hover = np.array(at.pick.xyz_local_m)
        return True

    def double_click(self, at: PointerAt) -> bool:  # noqa: ARG002
        """A double click is two ends at one place: nothing more."""
        return True

    def key(self, name: str) -> bool:
        """Backspace takes an end back."""
        if name != "Backspace" or not self._feet:
            return False
        self._feet.pop()
        self._hover = None
        return True

    def dispose(self) -> None:
        """Take the marks away."""
        self._marks.dispose()

    def _draw(self, ends: list[Float64Array]) -> None:
        hint = (_FIRST, _NEXT, _DONE)[len(self._feet)]
        dots = np.array(ends).reshape(-1, 3)
        if len(ends) < 2:
            self._marks.show([], [], dots)
            self.finding = Finding(hint=hint)
            return
        eye, target = ends
        hit = blocking(self._bench, eye, target)
        block = None if hit is None else np.array(hit.xyz_local_m)
        paths = (
            [ends_path(eye, target)]
            if block is None
            else [ends_path(eye, block), ends_path(block, target)]
        )
        labels: list[Label] = [] if block is None else [(block, "blocked here")]
        more = dots if block is None else np.vstack([dots, block])
        colours = [self._marks.accent] if block is None else [self._marks.accent, self._blocked]
        self._marks.show(paths, labels, more, colours)
        rows = rows_of(self._bench, eye, target, hit)
        self.finding = Finding(hint=hint, rows=rows, shapes=(Shape("line", dots),))


def blocking(bench: Bench, eye: Float64Array, target: Float64Array) -> Pick | None:
    """What a ray from an eye (3,) meets before a target (3,); None = it is free."""
    away = target - eye
    distance = float(np.linalg.norm(away))
    if distance < _AT_TARGET_M:
        return None
    hit = bench.cast(eye, away / distance)
    if hit is None:
        return None
    reach = float(np.linalg.norm(np.array(hit.xyz_local_m) - eye))
    return hit if reach < distance - _AT_TARGET_M else None


def ends_path(first: Float64Array, last: Float64Array) -> Float64Array:
    """(2, 3) a straight path."""
    return np.stack([first, last])


def rows_of(
    bench: Bench, eye: Float64Array, target: Float64Array, hit: Pick | None
) -> tuple[Row, ...]:
    """Free or blocked, where and by what."""
    distance = float(np.linalg.norm(target - eye))
    rows = [Row("Line of sight", "free" if hit is None else "blocked")]
    rows.append(Row("Distance", metres(distance), "m"))
    if hit is not None:
        block = np.array(hit.xyz_local_m)
        name = bench.stage.name_of(hit.feature) if hit.feature >= 0 else "the ground"
        rows += [
            Row("Blocked by", name),
            Row("Blocked after", metres(float(np.linalg.norm(block - eye))), "m"),
            Row("Blocked at", ", ".join(metres(value) for value in block), "m local"),
        ]
    rows.append(Row("Eye above target", f"{eye[2] - target[2]:+,.2f}", "m"))
    return tuple(rows)


TOOL = ToolType(
    id="sightline",
    title="Line of sight",
    help="Whether one point sees another, and what stands between",
    icon="sightline",
    kind="pointer",
    key="Shift+L",
    state=SightlineState,
    visual=SightlineVisual,
    order=28,
)
