"""Moving units: an oriented arrow of constant size, and from near a low-poly body."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.billboards import Billboards, joined, sprite_quads
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.symbols import SymbolSet
from scenes.unit_bodies import UnitBodies
from scenes.view import View
from twin.arrays import BoolArray, Float32Array
from twin.theme import rgb_from_hex

RANK = 30
LIFT_M = 4.0
#: A unit silent for so long is drawn faint.
SILENT_S = 30.0
#: A body of this length that takes so many pixels needs no arrow above it.
BODY_M, BODY_PX = 6.0, 34.0
#: Quiet hues, told apart by lightness too; alarms stay louder.
KIND_RGB: dict[str, str] = {
    "bus": "#4C7A9E",
    "ambulance": "#2A7F77",
    "fire_engine": "#8C4A3C",
    "police": "#3B4B8F",
    "works": "#8A6D2B",
    "taxi": "#6B6F76",
    "drone": "#6A5187",
    "other": "#5F656C",
}
_RGB = {kind: rgb_from_hex(colour) for kind, colour in KIND_RGB.items()}


@dataclass(frozen=True, slots=True)
class UnitsState:
    """Settings of the moving units."""

    body_reach_m: float = field(
        default=700.0,
        metadata={"unit": "m", "min": 0.0, "max": 3000.0, "help": "Bodies are drawn up to here"},
    )


class UnitsVisual:
    """All arrows in one draw, all bodies in another."""

    def build(self, stage: Stage) -> None:
        """Make both actors, empty."""
        self._stage = stage
        self._arrows = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        self._bodies = UnitBodies(stage.renderer)
        self._halo = np.array([*rgb_from_hex(stage.theme.scene["label_halo"]), 1.0], np.float32)
        accent = rgb_from_hex(stage.theme.ui["accent"])
        self._accent = np.array([*accent, 1.0], np.float32)
        self._seen: tuple[object, ...] = ()

    def update(self, given: SceneInput, view: View, state: UnitsState) -> bool:
        """Follow positions and view."""
        self._arrows.fit(view)
        now = given.units_now
        xyz = np.zeros((0, 3), np.float32) if now is None else now.xyz_local_m
        heading = np.zeros(0, np.float32) if now is None else now.heading_rad
        seen = (view.stamp, xyz.tobytes(), heading.tobytes(), given.selection.unit_id, state)
        if seen == self._seen:
            return False
        self._seen = seen
        known = np.flatnonzero(np.isfinite(xyz).all(axis=1))[: len(given.units)]
        known = known[known < len(given.units)]
        silent = np.zeros(0, bool) if now is None else now.age_s[known] > SILENT_S
        self._lay_out(given, view, state, known, xyz[known], heading[known], silent)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide arrows and bodies."""
        self._arrows.set_visible(visible)
        self._bodies.set_visible(visible)
        self._seen = ()
        if not visible:
            self._stage.symbols.remove("units")

    def dispose(self) -> None:
        """Take both actors out."""
        self._stage.symbols.remove("units")
        self._arrows.dispose()
        self._bodies.dispose()

    def _lay_out(
        self,
        given: SceneInput,
        view: View,
        state: UnitsState,
        slots: np.ndarray,
        xyz: Float32Array,
        heading: Float32Array,
        silent: BoolArray,
    ) -> None:
        units = [given.units[slot] for slot in slots]
        fill = np.array([_RGB.get(unit.kind, _RGB["other"]) for unit in units], np.float32)
        fill = fill.reshape(-1, 3)
        near = np.linalg.norm(xyz - view.position_m, axis=1) < state.body_reach_m
        facing = np.nan_to_num(heading)
        self._bodies.set_bodies(
            [unit.kind for unit, is_near in zip(units, near, strict=True) if is_near],
            xyz[near],
            facing[near],
            fill[near],
        )
        tops = xyz + np.array([0, 0, LIFT_M], np.float32)
        pixels = view.project(tops)
        small = ~near | (BODY_M / view.metres_per_px(1.0) < BODY_PX * pixels[:, 2])
        inside = np.flatnonzero(view.is_inside(pixels, 20) & small)
        inside = inside[np.argsort(-pixels[inside, 2], kind="stable")]
        atlas = self._stage.atlas
        colours = np.column_stack([fill, np.where(silent, 0.45, 1.0)]).astype(np.float32)
        sprites = [atlas.symbol("nose" if np.isfinite(heading[row]) else "dot") for row in inside]
        turn = screen_heading(view, tops, facing)
        zero = np.zeros((len(inside), 2), np.float32)
        arrows = sprite_quads(
            sprites, tops[inside], zero, colours[inside], self._halo, turn[inside]
        )
        chosen = [row for row in inside if units[row].id == given.selection.unit_id]
        zero = np.zeros((len(chosen), 2), np.float32)
        rings = sprite_quads(
            [atlas.symbol("ring")] * len(chosen), tops[chosen], zero, self._accent, self._halo
        )
        self._arrows.set_quads(joined([arrows, rings]))
        ids = [unit.id for unit in units]
        self._stage.symbols.put("units", SymbolSet(kind="unit", xyz_local_m=tops, ids=ids))


def screen_heading(view: View, xyz: Float32Array, heading_rad: Float32Array) -> Float32Array:
    """(N,) clockwise turn on the screen of a heading (clockwise from north) on the ground."""
    step = np.column_stack([np.sin(heading_rad), np.cos(heading_rad), np.zeros(len(xyz))])
    here, ahead = view.project(xyz), view.project(xyz + 2.0 * step)
    dx, dy = ahead[:, 0] - here[:, 0], here[:, 1] - ahead[:, 1]
    return np.arctan2(dx, dy).astype(np.float32)


LAYER = LayerType(id="units", title="Moving units", state=UnitsState, visual=UnitsVisual, order=50)
