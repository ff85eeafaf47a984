"""Every sensor of one property as a coloured point: a hundred thousand of them in one draw."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLShaderProperty

from scenes.layer import LayerType
from scenes.layers.heat_map import AUTO, property_range, wanted_property
from scenes.legend import Legend
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.view import View
from scenes.vtk_arrays import numpy_view, vtk_from_numpy, vtk_points
from twin.arrays import Float32Array, UInt8Array
from twin.clock import NS_PER_S
from twin.ramps import SEQUENTIAL, Ramp, colours_from_values
from twin.sense.model import OBSERVED_PROPERTIES
from twin.theme import rgb_from_hex

#: Colours move at most this often.
REFRESH_NS = NS_PER_S // 5
LIFT_M = 2.0
LEAST_PX = 2.5
_ROUND = """//VTK::Color::Impl
vec2 fromMiddle = gl_PointCoord - 0.5;
if (dot(fromMiddle, fromMiddle) > 0.25) discard;
"""
#: Code of `twin.sense.health.Health`.
_STALE = 1


@dataclass(frozen=True, slots=True)
class SensorPointsState:
    """Settings of the points."""

    observed: str = field(
        default=AUTO,
        metadata={
            "title": "Of",
            "choices": (AUTO, *OBSERVED_PROPERTIES),
            "help": "Observed property; “as coloured” follows “Colour by”, else takes air or noise",
        },
    )
    size_px: float = field(
        default=6.0, metadata={"title": "Size", "unit": "px", "min": 2.0, "max": 16.0}
    )
    ramp: Ramp = field(default="viridis", metadata={"choices": SEQUENTIAL, "help": "Its colours"})


class SensorPointsVisual:
    """Places are written once a catalogue, colours at most five times a second."""

    def build(self, stage: Stage) -> None:
        """Make the actor, empty."""
        self._stage = stage
        mapper = vtkPolyDataMapper()
        mapper.SetColorModeToDirectScalars()
        self._mapper = mapper
        shader = vtkOpenGLShaderProperty()
        shader.AddFragmentShaderReplacement("//VTK::Color::Impl", True, _ROUND, False)
        self._actor = vtkActor()
        self._actor.SetMapper(mapper)
        self._actor.SetShaderProperty(shader)
        self._actor.GetProperty().LightingOff()
        self._actor.PickableOff()
        self._actor.UseBoundsOff()
        stage.foreground.AddActor(self._actor)
        red, green, blue = (round(255 * c) for c in rgb_from_hex(stage.theme.scene["no_data"]))
        self._no_data = (red, green, blue)
        self._slots = np.empty(0, np.intp)
        self._colours: UInt8Array = np.empty((0, 4), np.uint8)
        self._mesh = vtkPolyData()
        self._known: tuple[object, ...] = ()
        self._asked: tuple[object, ...] = ()
        self._name_of = ""
        self._drawn: tuple[object, ...] = ()
        self._drawn_ns = 0
        self._sized = b""
        self._points = np.empty((0, 3), np.float32)
        self._show_points(self._points)

    def update(self, given: SceneInput, view: View, state: SensorPointsState) -> bool:
        """Follow catalogue, values and settings."""
        asked = (given.catalogue_version, given.colour_by, state.observed)
        if asked != self._asked:
            self._asked, self._name_of = asked, wanted_property(given, state.observed)
        name = self._name_of
        self._size(view, state)
        moment = (given.catalogue_version, name, state, given.version)
        is_recent = abs(given.now_ns - self._drawn_ns) < REFRESH_NS
        if moment == self._drawn or (moment[:3] == self._drawn[:3] and is_recent):
            return False
        self._drawn, self._drawn_ns = moment, given.now_ns
        if moment[:2] != self._known:
            self._known = moment[:2]
            self._place(given, name)
        self._colour(given, name, state)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide points and legend."""
        self._actor.SetVisibility(visible)
        if not visible:
            self._stage.set_legend("points", None)
        self._drawn = ()

    def dispose(self) -> None:
        """Take the points out."""
        self._stage.set_legend("points", None)
        self._stage.foreground.RemoveActor(self._actor)

    def _size(self, view: View, state: SensorPointsState) -> None:
        """Crowds get smaller points, so that they do not lie in heaps: found once a view."""
        stamp = view.stamp + repr((state.size_px, len(self._points))).encode()
        if stamp == self._sized:
            return
        self._sized = stamp
        n = (
            int(np.count_nonzero(view.is_inside(view.project(self._points))))
            if len(self._points)
            else 0
        )
        width, height = view.size_px
        roomy = 0.9 * float(np.sqrt(width * height / max(n, 1))) / view.pixel_ratio
        size = float(np.clip(roomy, min(LEAST_PX, state.size_px), state.size_px))
        self._actor.GetProperty().SetPointSize(size * view.pixel_ratio)

    def _place(self, given: SceneInput, name: str) -> None:
        n = len(given.xyz_local_m)
        slots = np.array(
            [k for k, s in enumerate(given.datastreams[:n]) if s.observed_property == name], np.intp
        )
        self._slots = slots[np.isfinite(given.xyz_local_m[slots]).all(axis=1)]
        points = given.xyz_local_m[self._slots].astype(np.float32)
        points[:, 2] += LIFT_M
        self._show_points(points)

    def _show_points(self, points: Float32Array) -> None:
        self._points = points
        n = len(points)
        mesh = vtkPolyData()
        mesh.SetPoints(vtk_points(points))
        cells = vtkCellArray()
        if n:
            cells.SetData(n, vtk_from_numpy(np.arange(n, dtype=np.int64)))
        mesh.SetVerts(cells)
        colours = vtkUnsignedCharArray()
        colours.SetNumberOfComponents(4)
        colours.SetNumberOfTuples(n)
        mesh.GetPointData().SetScalars(colours)
        self._colours = numpy_view(colours).reshape(n, 4)
        self._mesh = mesh
        self._mapper.SetInputData(mesh)

    def _colour(self, given: SceneInput, name: str, state: SensorPointsState) -> None:
        if not len(self._slots) or given.observations is None:
            self._stage.set_legend("points", None)
            return
        slots = self._slots[self._slots < len(given.observations.values)]
        values = given.observations.values[slots].astype(float)
        if len(given.health):
            values[given.health[slots] == _STALE] = np.nan
        title, unit, vmin, vmax = property_range(given, name, values)
        no_data = (*self._no_data, 255)
        self._colours[:] = no_data
        self._colours[: len(slots)] = colours_from_values(values, vmin, vmax, state.ramp, no_data)
        self._mesh.GetPointData().GetScalars().Modified()
        self._mesh.Modified()
        self._stage.set_legend(
            "points",
            Legend(
                title=title, unit=unit, vmin=vmin, vmax=vmax, ramp=state.ramp,
                no_data=self._no_data, note=f"{len(self._slots):,} sensors",
            ),
        )  # fmt: skip


LAYER = LayerType(
    id="sensor_points",
    title="Values as points",
    state=SensorPointsState,
    visual=SensorPointsVisual,
    order=36,
    visible_at_start=False,
)
