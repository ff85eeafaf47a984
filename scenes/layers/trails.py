"""Trails of moving units: where each was in the last seconds, fading."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

from scenes.layer import LayerType
from scenes.layers.units import LETTERS
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.trail_memory import MOMENTS, TrailMemory
from scenes.view import View
from scenes.vtk_arrays import line_mesh, vtk_from_numpy
from twin.arrays import UInt8Array
from twin.theme import rgb_from_hex

#: More pieces than this are thinned: trails must not cost more than the units themselves.
MOST_PIECES = 60_000
LIFT_M = 1.5
_SELECTED_ALPHA, _ALPHA = 230.0, 150.0


@dataclass(frozen=True, slots=True)
class TrailsState:
    """Settings of the trails."""

    length_s: float = field(
        default=30.0,
        metadata={"title": "Length", "unit": "s", "min": 5.0, "max": 300.0,
                  "help": "How far back a trail reaches"},
    )  # fmt: skip


class TrailsVisual:
    """All trails in one draw, written anew with each moment that is kept."""

    def build(self, stage: Stage) -> None:
        """Make the actor, empty."""
        self._stage = stage
        self._mapper = vtkPolyDataMapper()
        self._mapper.SetInputData(vtkPolyData())
        self._mapper.SetColorModeToDirectScalars()
        self._actor = vtkActor()
        self._actor.SetMapper(self._mapper)
        self._actor.GetProperty().LightingOff()
        self._actor.GetProperty().SetLineWidth(2.0 * stage.pixel_ratio)
        self._actor.ForceTranslucentOn()
        self._actor.PickableOff()
        self._actor.UseBoundsOff()
        self._actor.VisibilityOff()
        stage.foreground.AddActor(self._actor)
        scene = stage.theme.scene
        colours = [scene["unit"], scene["unit_emergency"], stage.theme.ui["accent"]]
        self._rgb = np.array([rgb_from_hex(colour) for colour in colours]) * 255.0
        self._length_s = 0.0
        self._memory = TrailMemory(1.0)
        self._kinds = np.zeros(0, np.intp)
        self._catalogue: object = None
        self._visible, self._n = True, 0

    def update(self, given: SceneInput, view: View, state: TrailsState) -> bool:
        """Remember where the units are, now and then, and draw what is remembered."""
        if state.length_s != self._length_s:
            self._length_s, self._memory = state.length_s, TrailMemory(state.length_s)
        if given.units_now is None or not len(given.units):
            return self._show(0)
        n = min(len(given.units), len(given.units_now.xyz_local_m))
        if not self._memory.take(given.now_ns, given.units_now.xyz_local_m[:n]):
            return False
        if given.units is not self._catalogue:
            self._catalogue = given.units
            self._kinds = np.array([unit.kind in LETTERS for unit in given.units], np.intp)
        self._draw(given, view, n)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide; while hidden nothing is remembered."""
        self._visible = visible
        self._actor.SetVisibility(visible and self._n > 0)
        if not visible:
            self._memory = TrailMemory(max(self._length_s, 1.0))

    def dispose(self) -> None:
        """Take the actor out."""
        self._stage.foreground.RemoveActor(self._actor)

    def _draw(self, given: SceneInput, view: View, n: int) -> None:
        here = given.units_now.xyz_local_m[:n] if given.units_now is not None else None
        if here is None:
            return
        pixels = view.project(here)
        slots = np.flatnonzero(np.isfinite(pixels[:, 0]) & view.is_inside(pixels, 200.0))
        every = 1 + len(slots) * MOMENTS // MOST_PIECES
        ends, ages, units = self._memory.segments(slots, every)
        if len(ends):
            kinds = self._kinds[units]
            chosen = [k for k in np.unique(units) if given.units[k].id == given.selection.unit_id]
            kinds[np.isin(units, chosen)] = 2
            ends[:, :, 2] += LIFT_M
            mesh = line_mesh(ends)
            mesh.GetPointData().SetScalars(vtk_from_numpy(self._colours(kinds, ages)))
            self._mapper.SetInputData(mesh)
        self._show(len(ends))

    def _colours(self, kinds: np.ndarray, ages: np.ndarray) -> UInt8Array:
        """(2 k, 4) uint8: both ends of each piece, fading with their age."""
        strength = np.where(kinds == 2, _SELECTED_ALPHA, _ALPHA)[:, None] * (1.0 - ages) ** 1.5
        rgba = np.empty((len(kinds), 2, 4), np.uint8)
        rgba[:, :, :3] = self._rgb[kinds][:, None]
        rgba[:, :, 3] = strength
        return rgba.reshape(-1, 4)

    def _show(self, n: int) -> bool:
        had, self._n = self._n, n
        self._actor.SetVisibility(self._visible and n > 0)
        return n > 0 or had > 0


LAYER = LayerType(
    id="trails",
    title="Trails of units",
    state=TrailsState,
    visual=TrailsVisual,
    order=48,
    visible_at_start=False,
)
