"""What an observer sees from a point: seen and hidden surfaces, and how much of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from scenes.legend import Legend
from scenes.measure_marks import MeasureMarks
from scenes.scene_input import SceneInput
from scenes.tool import Bench, ModeVisual, PointerAt, ToolType
from scenes.view import View
from scenes.viewshed_map import ViewshedMap
from twin.analysis.finding import Finding, Row, Shape, metres, square_metres
from twin.analysis.sampling import Samples, surface_samples
from twin.arrays import BoolArray, Float32Array, Float64Array, UInt8Array
from twin.city.asset import Surface
from twin.theme import rgb_from_hex
from twin.tiles.tile import Tile

SEEN, HIDDEN = "#F2B134", "#5B4B7A"
_HINT = "Viewshed: click where the observer stands"
#: Rays cast for the areas, and how many of them in one frame.
N_SAMPLES = 6000
SAMPLES_A_FRAME = 200
_GROUPS = (
    ("Ground seen", (Surface.TERRAIN, Surface.ROAD, Surface.GREEN, Surface.WATER)),
    ("Roofs seen", (Surface.ROOF,)),
    ("Façades seen", (Surface.WALL,)),
)


@dataclass(frozen=True, slots=True)
class ViewshedState:
    """Who looks, and how far."""

    height_m: float = field(
        default=1.7,
        metadata={
            "title": "Eye height",
            "unit": "m",
            "min": 0.2,
            "max": 100.0,
            "help": "Above the point that was clicked",
        },
    )
    range_m: float = field(
        default=300.0,
        metadata={"title": "Range", "unit": "m", "min": 20.0, "max": 3000.0, "help": "How far"},
    )


class ViewshedVisual(ModeVisual):
    """One observer."""

    wants_clicks = True

    def build(self, bench: Bench) -> None:
        """Make the maps; nothing is tinted before the click."""
        self._bench = bench
        self._map = ViewshedMap(
            bench.stage,
            seen=(*rgb_from_hex(SEEN), 0.62),
            hidden=(*rgb_from_hex(HIDDEN), 0.62),
        )
        self._marks = MeasureMarks(bench.stage)
        self._foot: Float64Array | None = None
        self._asked: tuple[object, ...] = ()
        self._census: Census | None = None
        self.finding = Finding(hint=_HINT)

    def update(self, given: SceneInput, view: View, state: ViewshedState) -> bool:  # noqa: ARG002
        """Look from where the observer stands; areas come in over the next frames."""
        self._marks.fit(view)
        if self._foot is None:
            return False
        eye = self._foot + np.array([0.0, 0.0, state.height_m])
        changed = self._map.look(eye, state.range_m)
        if changed:
            self._marks.show([np.stack([self._foot, eye])], [], np.array([eye]))
            self._bench.stage.set_legend("viewshed", _legend(state))
        self._count(eye, state)
        return changed

    def click(self, at: PointerAt) -> bool:
        """Stand there."""
        if at.pick is None:
            return False
        self._foot, self.wants_clicks = np.array(at.pick.xyz_local_m), False
        return True

    def dispose(self) -> None:
        """Take tint, mark and legend away."""
        self._bench.stage.set_legend("viewshed", None)
        self._map.dispose()
        self._marks.dispose()

    def _count(self, eye: Float64Array, state: ViewshedState) -> None:
        asked = (eye.tobytes(), state.range_m, tuple(map(id, self._bench.tiles)))
        if asked != self._asked:
            self._asked = asked
            self._census = Census(self._bench, eye, state.range_m)
        if self._census is not None and self._census.go_on():
            self.finding = finding_of(eye, state, self._census)


class Census:
    """Casts rays to sample points, some a frame."""

    def __init__(self, bench: Bench, eye: Float64Array, range_m: float) -> None:
        self._bench, self._eye = bench, eye
        corners, surfaces = triangles_within(bench.tiles, eye, range_m)
        samples = surface_samples(corners, surfaces, N_SAMPLES)
        near = np.linalg.norm(samples.points_m - eye, axis=1) <= range_m
        self.samples = Samples(samples.points_m[near], samples.surfaces[near], samples.area_each_m2)
        self.seen: BoolArray = np.zeros(len(self.samples.points_m), bool)
        self.n_done = -1

    def go_on(self) -> bool:
        """Cast some more; False when all were cast before."""
        n = len(self.seen)
        if self.n_done >= n:
            return False
        first = max(self.n_done, 0)
        chunk = slice(first, first + SAMPLES_A_FRAME)
        self.seen[chunk] = self._bench.picker.sees(self._eye, self.samples.points_m[chunk])
        self.n_done = min(first + SAMPLES_A_FRAME, n)
        return True


def triangles_within(
    tiles: Sequence[Tile], eye: Float64Array, range_m: float
) -> tuple[Float32Array, UInt8Array]:
    """Corners (T, 3, 3) and surfaces (T,) of the triangles that come within range."""
    corners = [np.zeros((0, 3, 3), np.float32)]
    surfaces = [np.zeros(0, np.uint8)]
    for tile in tiles:
        low, high = tile.bounds_min_max_local_m[:3], tile.bounds_min_max_local_m[3:]
        if np.linalg.norm(np.maximum(np.maximum(low - eye, eye - high), 0.0)) > range_m:
            continue
        both = tile.points_local_m[tile.triangles]
        near = np.all(
            (both.min(axis=1) < eye + range_m) & (both.max(axis=1) > eye - range_m), axis=1
        )
        corners.append(both[near])
        surfaces.append(tile.code_light[tile.triangles[near, 0]].astype(np.uint8))
    return np.concatenate(corners), np.concatenate(surfaces)


def finding_of(eye: Float64Array, state: ViewshedState, census: Census) -> Finding:
    """Who looks from where, and the areas with their sampling errors."""
    rows = [
        Row("Eye at", ", ".join(metres(value) for value in eye), "m local"),
        Row("Eye height", metres(state.height_m), "m"),
        Row("Range", metres(state.range_m), "m"),
    ]
    n = len(census.seen)
    if census.n_done < n:
        rows.append(Row("Areas", f"counting {census.n_done:,} of {n:,} rays"))
    else:
        for name, group in _GROUPS:
            area, error = census.samples.area_m2(census.seen & _in(census.samples, group))
            rows.append(Row(name, f"{square_metres(area)} ± {square_metres(error)}", "m²"))
        rows.append(Row("By", f"{n:,} rays to evenly spread points", "(1 standard error)"))
    legend = (("seen", SEEN), ("hidden", HIDDEN))
    return Finding(rows=tuple(rows), legend=legend, shapes=(Shape("point", eye[None], "observer"),))


def _in(samples: Samples, group: tuple[Surface, ...]) -> BoolArray:
    chosen: BoolArray = np.isin(samples.surfaces, group)
    return chosen


def _legend(state: ViewshedState) -> Legend:
    def rgb(colour: str) -> tuple[int, int, int]:
        red, green, blue = (round(255 * c) for c in rgb_from_hex(colour))
        return red, green, blue

    return Legend(
        title="Viewshed",
        classes=(("seen", rgb(SEEN)), ("hidden", rgb(HIDDEN))),
        note=f"eye {state.height_m:.1f} m above the point, range {state.range_m:.0f} m",
    )


TOOL = ToolType(
    id="viewshed",
    title="Viewshed",
    help="What can be seen from a point",
    icon="viewshed",
    kind="mode",
    key="Shift+V",
    state=ViewshedState,
    visual=ViewshedVisual,
    order=30,
)
