"""Selecting many features: those whose middle lies in a lasso or a box, and is seen.

Things whose symbol lies inside are taken along: symbols are seen whatever stands before them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from scenes.measure_marks import MeasureMarks
from scenes.scene_input import SceneInput
from scenes.thing_places import places_of
from scenes.tool import RELEASE, Bench, PointerAt, ToolType
from scenes.view import View
from twin.analysis.finding import Finding, Row, closed
from twin.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from twin.city.asset import Features

Outline = Literal["lasso", "box"]
_HINT = "Drag around what you want to select; Shift and drag turns the view, Esc leaves"
#: Beyond so many candidates none is asked whether it is seen: it would take too long.
MOST_RAYS = 1500
_LISTED = 40
#: Kinds that lie on the ground: never taken, as nobody means them.
GROUND_KINDS = frozenset(
    {
        "TINRelief",
        "LandUse",
        "PlantCover",
        "WaterBody",
        "Waterway",
        "Road",
        "Railway",
        "TransportSquare",
    }
)


@dataclass(frozen=True, slots=True)
class LassoState:
    """What is taken."""

    outline: Outline = field(
        default="lasso", metadata={"choices": ("lasso", "box"), "help": "Free hand, or a rectangle"}
    )
    seen_only: bool = field(
        default=True, metadata={"title": "Only what is seen", "help": "Not what stands behind"}
    )
    add: bool = field(
        default=False, metadata={"title": "Add to the last", "help": "Keep what was selected"}
    )


class LassoVisual:
    """One drag at a time."""

    wants_clicks = False

    def build(self, bench: Bench) -> None:
        """Make the line, empty."""
        self._bench = bench
        self._marks = MeasureMarks(bench.stage)
        self._drag: list[PointerAt] = []
        self._rows: tuple[int, ...] = ()
        self._things: tuple[str, ...] = ()
        self._given = SceneInput()
        self._state = LassoState()
        self._is_changed = True
        self.finding = Finding(hint=_HINT)

    def update(self, given: SceneInput, view: View, state: LassoState) -> bool:
        """Draw the line of the drag."""
        self._marks.fit(view)
        self._state, self._given = state, given
        if not self._is_changed:
            return False
        self._is_changed = False
        outline = self._outline()
        near_m = self._bench.stage.renderer.GetActiveCamera().GetClippingRange()[0]
        line = on_screen(view, closed(outline), 1.02 * near_m) if len(outline) > 2 else None
        self._marks.show([] if line is None else [line])
        return True

    def click(self, at: PointerAt) -> bool:
        """Begin."""
        self._drag, self._is_changed = [at], True
        return True

    def move(self, at: PointerAt) -> bool:
        """Go on."""
        if not self._drag:
            return False
        self._drag.append(at)
        self._is_changed = True
        return True

    def double_click(self, at: PointerAt) -> bool:  # noqa: ARG002
        """Nothing is flown to while the lasso is in hand."""
        return True

    def key(self, name: str) -> bool:
        """The button was let go: take what is inside."""
        if name != RELEASE or not self._drag:
            return False
        outline, view = self._outline(), self._drag[-1].view
        self._drag, self._is_changed = [], True
        if len(outline) > 2:
            self._take(outline, view)
        return True

    def dispose(self) -> None:
        """Take the line away."""
        self._marks.dispose()

    def _outline(self) -> Float64Array:
        """(N, 2) pixels."""
        pixels = np.array([(at.x_px, at.y_px) for at in self._drag]).reshape(-1, 2)
        if self._state.outline == "lasso" or len(pixels) < 2:
            return pixels
        (x0, y0), (x1, y1) = pixels[0], pixels[-1]
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])

    def _take(self, outline: Float64Array, view: View) -> None:
        features = self._bench.stage.asset.features
        rows = rows_inside(features, outline, view)
        unseen = 0
        is_asked = self._state.seen_only and len(rows) <= MOST_RAYS
        if is_asked:
            seen = self._seen(features, rows, view)
            unseen, rows = int((~seen).sum()), rows[seen]
        found = {*(self._rows if self._state.add else ()), *rows.tolist()}
        self._rows = tuple(sorted(found))
        places = places_of(self._given, self._bench.stage)
        inside = points_inside(places.tops_local_m, outline, view)
        before = self._things if self._state.add else ()
        self._things = tuple(dict.fromkeys([*before, *(places.ids[row] for row in inside)]))
        note = "" if is_asked or not self._state.seen_only else f"over {MOST_RAYS:,}: not asked"
        self.finding = self._finding(features, unseen, note)

    def _seen(self, features: Features, rows: Int64Array, view: View) -> BoolArray:
        """(N,) bool: which a ray to the middle or to the top meets first."""
        bounds = family_bounds(features)[rows]
        middle = 0.5 * (bounds[:, :3] + bounds[:, 3:])
        top = np.column_stack([middle[:, :2], bounds[:, 5] - 0.3])
        seen = np.zeros(len(rows), bool)
        for index, row in enumerate(rows):
            for aim in (middle[index], top[index]):
                eye = view.eyes_of(aim[None]).reshape(-1, 3)[0]
                ray = aim - eye
                hit = self._bench.cast(eye, ray / np.linalg.norm(ray))
                family = -1 if hit is None else _root(features, hit.feature)
                seen[index] |= family == row
        return seen

    def _finding(self, features: Features, unseen: int, note: str) -> Finding:
        rows = [Row("Selected", f"{len(self._rows):,}", "features")]
        rows += [Row(k, f"{n:,}") for k, n in kinds_of(features, self._rows)]
        if self._things:
            rows.append(Row("Sensors and equipment", f"{len(self._things):,}"))
        if unseen:
            rows.append(Row("Left out: not seen", f"{unseen:,}"))
        if note:
            rows.append(Row("Whether seen", note))
        rows += [self._named(features, row) for row in self._rows[:_LISTED]]
        if len(self._rows) > _LISTED:
            rows.append(Row("…", f"and {len(self._rows) - _LISTED:,} more"))
        return Finding(hint=_HINT, rows=tuple(rows), features=self._rows, things=self._things)

    def _named(self, features: Features, row: int) -> Row:
        name = self._bench.stage.name_of(row)
        return Row(features.kind(row), features.ids[row] if name == features.kind(row) else name)


def points_inside(points: Float32Array, outline: Float64Array, view: View) -> list[int]:
    """Rows of points (N, 3) that are drawn inside an outline of pixels."""
    import shapely

    pixels = view.project(points)
    ring = shapely.Polygon(outline).buffer(0)
    inside = view.is_inside(pixels) & shapely.contains_xy(ring, pixels[:, 0], pixels[:, 1])
    return [int(row) for row in np.flatnonzero(inside)]


def rows_inside(features: Features, outline: Float64Array, view: View) -> Int64Array:
    """Rows of the features (no parts, no ground) whose middle lies in an outline of pixels."""
    import shapely

    codes = np.asarray(features.kind_codes)
    ground = np.array([name in GROUND_KINDS for name in (*features.kind_names, "")], bool)
    bounds = family_bounds(features)
    usable = (np.asarray(features.parents) < 0) & ~np.isnan(bounds[:, 0]) & ~ground[codes]
    rows = np.flatnonzero(usable)
    middle = 0.5 * (bounds[rows, :3] + bounds[rows, 3:])
    pixels = view.project(middle)
    ring = shapely.Polygon(outline).buffer(0)
    inside = view.is_inside(pixels) & shapely.contains_xy(ring, pixels[:, 0], pixels[:, 1])
    chosen: Int64Array = rows[inside]
    return chosen


def family_bounds(features: Features) -> Float64Array:
    """(N, 6) bounds of features with their parts: many a building is geometry in parts only."""
    own = features.bounds_min_max_local_m.astype(np.float64)
    low = np.where(np.isnan(own[:, :3]), np.inf, own[:, :3])
    high = np.where(np.isnan(own[:, 3:]), -np.inf, own[:, 3:])
    parents = np.asarray(features.parents)
    parts = np.flatnonzero(parents >= 0)
    np.minimum.at(low, parents[parts], low[parts])
    np.maximum.at(high, parents[parts], high[parts])
    both = np.hstack([low, high])
    both[~np.isfinite(both).all(axis=1)] = np.nan
    return both


def kinds_of(features: Features, rows: tuple[int, ...]) -> list[tuple[str, int]]:
    """How many of each kind, most first."""
    return Counter(features.kind(row) for row in rows).most_common()


def on_screen(view: View, pixels: Float64Array, depth_m: float) -> Float64Array:
    """(N, 3) points at a depth before the eye that are drawn at pixels (N, 2)."""
    begun = [view.ray_from(x, y) for x, y in pixels]
    rays = np.array([ray for _, ray in begun])
    begins = np.array([begin for begin, _ in begun])
    return begins + rays * (depth_m / (rays @ view.forward))[:, None]


def _root(features: Features, row: int) -> int:
    while row >= 0 and features.parents[row] >= 0:
        row = int(features.parents[row])
    return row


TOOL = ToolType(
    id="lasso",
    title="Lasso and box",
    help="Select many features by drawing around them",
    icon="lasso",
    kind="pointer",
    grip="drag",
    key="Shift+B",
    state=LassoState,
    visual=LassoVisual,
    order=40,
)
