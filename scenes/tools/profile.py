"""The elevation profile along a drawn line: roofs and ground, with a marker that follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.measure_marks import MeasureMarks
from scenes.scene_input import SceneInput
from scenes.tool import Bench, PointerAt, ToolType
from scenes.tools.lasso import GROUND_KINDS
from scenes.view import View
from twin.analysis.finding import Curve, Finding, Shape
from twin.analysis.profile import Drop, curve_along, profile_rows
from twin.arrays import Float64Array
from twin.city.asset import Surface

_FIRST = "Profile: click where the line begins"
_NEXT = "Click the next point; double-click or Enter ends, Backspace takes the last one away"
_DONE = "Point at the plot to find the place in the view. Click to draw another line, Esc leaves"
_DOWN = np.array([0.0, 0.0, -1.0])
_BELOW_M = 0.02
#: A column of more surfaces than this is not searched to its ground.
_MOST_LAYERS = 40


@dataclass(frozen=True, slots=True)
class ProfileState:
    """The profile has no settings."""


class ProfileVisual:
    """One line and its curve."""

    wants_clicks = False

    def build(self, bench: Bench) -> None:
        """Make the marks, empty."""
        self._bench = bench
        self._marks = MeasureMarks(bench.stage)
        self._path: list[Float64Array] = []
        self._hover: Float64Array | None = None
        self._curve: Curve | None = None
        self._seen: tuple[object, ...] = ()
        self.finding = Finding(hint=_FIRST)

    def update(self, given: SceneInput, view: View, state: ProfileState) -> bool:  # noqa: ARG002
        """Draw the line; the marker follows the plot's cursor."""
        self._marks.fit(view)
        points = [*self._path, *([] if self._hover is None else [self._hover])]
        marker = self._bench.marker_m if self._curve is not None else None
        seen = (tuple(p.tobytes() for p in points), id(self._curve), marker)
        if seen == self._seen:
            return False
        self._seen = seen
        self._draw(points, marker)
        return True

    def click(self, at: PointerAt) -> bool:
        """Add a point."""
        if at.pick is None:
            return False
        if self._curve is not None:
            self._path, self._curve = [], None
            self._bench.marker_m = None
        self._path.append(np.array(at.pick.xyz_local_m))
        self._hover = None
        self.finding = Finding(hint=_NEXT)
        return True

    def move(self, at: PointerAt) -> bool:
        """Show where the line would go."""
        if not self._path or self._curve is not None or at.pick is None:
            return False
        self._hover = np.array(at.pick.xyz_local_m)
        return True

    def double_click(self, at: PointerAt) -> bool:  # noqa: ARG002
        """End the line and cast the rays."""
        self._end()
        return True

    def key(self, name: str) -> bool:
        """Enter ends, Backspace takes the last point away."""
        if name == "Enter" and len(self._path) > 1:
            self._end()
        elif name == "Backspace" and self._path and self._curve is None:
            self._path.pop()
        else:
            return False
        return True

    def dispose(self) -> None:
        """Take the marks away."""
        self._bench.marker_m = None
        self._marks.dispose()

    def _end(self) -> None:
        self._hover = None
        path = np.array(self._path).reshape(-1, 3)
        if len(path) < 2 or not np.any(path[0, :2] != path[-1, :2]):
            return
        datum_m = self._bench.stage.asset.origin.height_m
        self._curve = curve_along(path, Plumb(self._bench), datum_m)
        self.finding = Finding(
            hint=_DONE,
            rows=profile_rows(self._curve),
            shapes=(Shape("line", self._curve.xyz_local_m.astype(float), "profile"),),
            curve=self._curve,
        )

    def _draw(self, points: list[Float64Array], marker: float | None) -> None:
        dots = np.array(points).reshape(-1, 3)
        curve = self._curve
        if curve is None:
            self._marks.show([dots] if len(dots) > 1 else [], [], dots)
            return
        xyz = curve.xyz_local_m.astype(float)
        labels = []
        if marker is not None:
            row = int(np.argmin(np.abs(curve.distance_m - marker)))
            height = float(xyz[row, 2]) + self._bench.stage.asset.origin.height_m
            dots, labels = xyz[row][None], [(xyz[row], f"{height:,.2f} m")]
        self._marks.show([xyz], labels, dots)


class Plumb:
    """Drops a plumb line: the surface it meets first, then the ground under it."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        tiles = bench.tiles
        tops = [float(tile.bounds_min_max_local_m[5]) for tile in tiles]
        self._from_m = max([bench.stage.ground_z_m, *tops]) + 10.0

    def __call__(self, x: float, y: float) -> Drop:
        """Heights at a place, metres, local frame."""
        features = self._bench.stage.asset.features
        eye = np.array([x, y, self._from_m])
        top = float("nan")
        for _ in range(_MOST_LAYERS):
            hit = self._bench.cast(eye, _DOWN)
            if hit is None:
                return Drop(top, float("nan"))
            z = hit.xyz_local_m[2]
            top = z if np.isnan(top) else top
            on_ground = hit.feature < 0 or hit.surface not in (Surface.WALL, Surface.ROOF)
            if on_ground or features.kind(hit.feature) in GROUND_KINDS:
                return Drop(top, z)
            eye = np.array([x, y, z - _BELOW_M])
        return Drop(top, float("nan"))


TOOL = ToolType(
    id="profile",
    title="Elevation profile",
    help="Heights of roofs and ground along a line",
    icon="profile",
    kind="pointer",
    key="Shift+P",
    state=ProfileState,
    visual=ProfileVisual,
    order=20,
)
