"""A section through the city: an upright or level plane, or a box, with capped cuts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from scenes.cap_faces import CapFaces
from scenes.scene_input import SceneInput
from scenes.section_shader import PART_ID, section_part, write_planes
from scenes.tool import Bench, ModeVisual, PointerAt, ToolType
from scenes.view import View
from twin.analysis.cut import Cap, Plane, cap_of
from twin.analysis.finding import Finding, Row, Shape, metres, square_metres
from twin.arrays import Float32Array, Float64Array, Int32Array
from twin.theme import rgb_from_hex
from twin.tiles.tile import Tile

Cut = Literal["upright", "level", "box"]
_HINTS: dict[Cut, tuple[str, ...]] = {
    "upright": (
        "Section: click where the cut begins",
        "Section: click where it ends; what lies before it goes away",
    ),
    "level": (),
    "box": ("Clip box: click its middle",),
}


@dataclass(frozen=True, slots=True)
class SectionState:
    """How the city is cut."""

    cut: Cut = field(
        default="upright",
        metadata={
            "choices": ("upright", "level", "box"),
            "help": "Upright: through two clicks. Level: at a height. Box: around a click",
        },
    )
    height_m: float = field(
        default=10.0,
        metadata={
            "title": "Height",
            "unit": "m",
            "min": 0.0,
            "max": 120.0,
            "help": "Above the lowest ground: where a level cut lies, how high a box is",
        },
    )
    shift_m: float = field(
        default=0.0,
        metadata={
            "title": "Shift",
            "unit": "m",
            "min": -200.0,
            "max": 200.0,
            "help": "Moves an upright cut",
        },
    )
    size_m: float = field(
        default=150.0,
        metadata={"title": "Box size", "unit": "m", "min": 10.0, "max": 1000.0, "help": "Side"},
    )
    other_side: bool = field(default=False, metadata={"help": "Cut away the other half"})
    caps: bool = field(default=True, metadata={"help": "Hatch what was cut through"})


class SectionVisual(ModeVisual):
    """Planes for the shader, for the picker, and their caps."""

    def build(self, bench: Bench) -> None:
        """Make the caps, empty."""
        self._bench = bench
        theme = bench.stage.theme
        self._faces = CapFaces(
            bench.stage.renderer,
            ink=rgb_from_hex(theme.ui["text"]),
            paper=rgb_from_hex(theme.ui["panel"]),
            pixel_ratio=bench.stage.pixel_ratio,
        )
        self._clicked: list[Float64Array] = []
        self._cut: Cut = "upright"
        self._seen: tuple[object, ...] = ()
        self._n_planes = 0

    def update(self, given: SceneInput, view: View, state: SectionState) -> bool:  # noqa: ARG002
        """Cut anew when settings, clicks or tiles changed."""
        if state.cut != self._cut:
            self._cut, self._clicked = state.cut, []
        seen = (state, len(self._clicked), tuple(map(id, self._bench.tiles)))
        if seen == self._seen:
            return False
        self._seen = seen
        missing = len(_HINTS[state.cut]) - len(self._clicked)
        self.wants_clicks = missing > 0
        planes = () if missing > 0 else self._planes(state)
        self._apply(planes)
        caps = caps_of(self._bench.tiles, planes) if state.caps else []
        self._faces.show(caps)
        hint = _HINTS[state.cut][len(self._clicked)] if missing > 0 else ""
        self.finding = finding_of(hint, caps, state)
        return True

    def click(self, at: PointerAt) -> bool:
        """Take a point of the cut."""
        if at.pick is None:
            return False
        self._clicked.append(np.array(at.pick.xyz_local_m))
        return True

    def key(self, name: str) -> bool:
        """Backspace takes the first click back."""
        if name != "Backspace" or not self._clicked:
            return False
        self._clicked.pop()
        return True

    def dispose(self) -> None:
        """Make the city whole again."""
        self._bench.stage.drop_shader_part(PART_ID)
        self._bench.picker.set_cuts(())
        self._faces.dispose()

    def _planes(self, state: SectionState) -> tuple[Plane, ...]:
        ground_m = self._bench.stage.ground_z_m
        if state.cut == "level":
            return (level_plane(ground_m + state.height_m, below=state.other_side),)
        if state.cut == "box":
            return box_planes(self._clicked[0], state.size_m, ground_m + state.height_m)
        first, last = self._clicked
        eye = self._bench.camera.pose.eye() if self._seen_eye is None else self._seen_eye
        self._seen_eye = eye
        return (upright_plane(first, last, eye, state.shift_m, other_side=state.other_side),)

    #: Where the eye was when the second point was clicked: its side is cut away.
    _seen_eye: Float64Array | None = None

    def _apply(self, planes: tuple[Plane, ...]) -> None:
        stage = self._bench.stage
        self._bench.picker.set_cuts(planes)
        for shader in (stage.surface_shader, stage.edge_shader):
            write_planes(shader, planes)
        if not planes:
            self._seen_eye = None
            stage.drop_shader_part(PART_ID)
        elif len(planes) != self._n_planes:
            stage.add_shader_part(section_part(len(planes)))
        self._n_planes = len(planes)


def level_plane(z_m: float, *, below: bool) -> Plane:
    """A level cut: what is above goes away, or what is below."""
    sign = -1.0 if below else 1.0
    return Plane(np.array([0.0, 0.0, sign]), sign * z_m)


def upright_plane(
    first: Float64Array, last: Float64Array, eye: Float64Array, shift_m: float, *, other_side: bool
) -> Plane:
    """An upright cut through two points (3,); the side of the eye goes away."""
    along = (last - first)[:2]
    length = max(float(np.linalg.norm(along)), 1e-6)
    normal = np.array([along[1], -along[0], 0.0]) / length
    if float(normal @ (eye - first)) < 0:
        normal = -normal
    offset = float(normal @ first) + shift_m
    return Plane(-normal, -offset) if other_side else Plane(normal, offset)


def box_planes(middle: Float64Array, size_m: float, top_m: float) -> tuple[Plane, ...]:
    """Four walls around a point (3,) and a lid; open below."""
    half = size_m / 2
    sides = [
        (np.array([sign * (axis == 0), sign * (axis == 1), 0.0]), sign * float(middle[axis]) + half)
        for axis in (0, 1)
        for sign in (-1.0, 1.0)
    ]
    walls = tuple(Plane(normal, offset) for normal, offset in sides)
    return (*walls, Plane(np.array([0.0, 0.0, 1.0]), max(top_m, float(middle[2]) + 1.0)))


def caps_of(tiles: Sequence[Tile], planes: tuple[Plane, ...]) -> list[Cap]:
    """A cap for each plane, without what the others cut away."""
    caps = []
    for plane in planes:
        others = tuple(other for other in planes if other is not plane)
        corners, features = _near(tiles, plane)
        caps.append(cap_of(corners, features, plane, others))
    return caps


def _near(tiles: Sequence[Tile], plane: Plane) -> tuple[Float32Array, Int32Array]:
    """Triangles of the tiles that a plane meets; features are told apart over all tiles."""
    corners = [np.zeros((0, 3, 3), np.float32)]
    features = [np.zeros(0, np.int32)]
    first = 0
    for tile in tiles:
        low, high = tile.bounds_min_max_local_m[:3], tile.bounds_min_max_local_m[3:]
        middle, half = 0.5 * (low + high), 0.5 * (high - low)
        reach = float(np.abs(plane.normal) @ half)
        if abs(float(plane.distance_m(middle))) <= reach:
            corners.append(tile.points_local_m[tile.triangles])
            features.append(tile.features + first)
        first += int(tile.features.max(initial=0)) + 1
    return np.concatenate(corners), np.concatenate(features)


def finding_of(hint: str, caps: list[Cap], state: SectionState) -> Finding:
    """What was cut, in words and shapes."""
    if hint:
        return Finding(hint=hint)
    area = sum(cap.area_m2 for cap in caps)
    n_open = sum(cap.n_open for cap in caps)
    rows = [Row("Cut", state.cut)]
    if state.cut != "upright":
        rows.append(Row("Height over lowest ground", metres(state.height_m), "m"))
    if caps:
        rows.append(Row("Area cut through", square_metres(area), "m²"))
        rows.append(Row("Open geometry (lines only)", f"{n_open:,}", "features"))
    lines = [line for cap in caps for line in cap.lines]
    return Finding(rows=tuple(rows), shapes=tuple(Shape("line", line) for line in lines))


TOOL = ToolType(
    id="section",
    title="Section and clip box",
    help="Cut the city open and see inside",
    icon="section",
    kind="mode",
    key="Shift+X",
    state=SectionState,
    visual=SectionVisual,
    order=62,
)
