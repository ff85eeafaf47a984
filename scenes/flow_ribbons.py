"""Dashes that run along streets, one a vehicle: moved by the shader, laid out by numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from vtkmodules.vtkCommonDataModel import vtkDataObject, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLShaderProperty

from scenes.view import View
from scenes.vtk_arrays import numpy_view, triangle_mesh
from twin.arrays import Float32Array, Float64Array

WIDTH_M, LEAST_PX = 1.7, 2.2
#: Each way runs so far right of the street's middle.
SIDE_M, LIFT_M = 1.8, 1.2
#: Streets are cut into pieces of at most this length, so that hidden ones can be left out.
PIECE_M = 25.0
DASH_M = 7.0

_VERTEX_INPUTS = """//VTK::Normal::Dec
in vec4 flowMotion;
in vec4 flowInk;
out vec2 flowAlongVS;
out vec4 flowInkVS;
"""
#: Motion: metres along the street, metres run until second 0, metres a second, metres a vehicle.
_VERTEX = """//VTK::PositionVC::Impl
flowAlongVS = vec2((flowMotion.x - flowMotion.y - flowMotion.z * flowSeconds) / flowMotion.w,
  flowMotion.w);
flowInkVS = flowInk;
"""
_FRAGMENT_INPUTS = """//VTK::Normal::Dec
in vec2 flowAlongVS;
in vec4 flowInkVS;
"""
_FRAGMENT = f"""
float fromHead = (1.0 - fract(flowAlongVS.x)) * flowAlongVS.y;
float opacity = flowInkVS.a * (1.0 - smoothstep(0.35, 1.0, fromHead / {DASH_M:.1f}));
if (opacity < 0.02) discard;
vec3 ambientColor = flowInkVS.rgb;
vec3 diffuseColor = vec3(0.0);
"""


class FlowRibbons:
    """Both ways of all streets in one draw. GUI thread."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self._renderer = renderer
        self._shader = vtkOpenGLShaderProperty()
        vertex, fragment = (
            self._shader.AddVertexShaderReplacement,
            self._shader.AddFragmentShaderReplacement,
        )
        vertex("//VTK::Normal::Dec", True, _VERTEX_INPUTS, False)
        vertex("//VTK::PositionVC::Impl", True, _VERTEX, False)
        fragment("//VTK::Normal::Dec", True, _FRAGMENT_INPUTS, False)
        fragment("//VTK::Color::Impl", True, _FRAGMENT, False)
        self.set_seconds(0.0)
        self._mapper = vtkPolyDataMapper()
        self._mapper.SetInputData(vtkPolyData())
        self._mapper.ScalarVisibilityOff()
        for name in ("flowMotion", "flowInk"):
            points = vtkDataObject.FIELD_ASSOCIATION_POINTS
            self._mapper.MapDataArrayToVertexAttribute(name, name, points, -1)
        self._actor = vtkActor()
        self._actor.SetMapper(self._mapper)
        self._actor.SetShaderProperty(self._shader)
        self._actor.GetProperty().LightingOff()
        self._actor.ForceTranslucentOn()
        self._actor.PickableOff()
        self._actor.UseBoundsOff()
        self._actor.VisibilityOff()
        self._visible = True
        renderer.AddActor(self._actor)
        self._mesh = vtkPolyData()
        self.set_paths(())

    def set_paths(self, paths_local_m: Sequence[Float32Array]) -> None:
        """Replace all: one (k, 3) polyline a street, travelled both ways."""
        cut = [_pieces(path.astype(float)) for path in paths_local_m]
        there = [(ends, along) for ends, along in cut]
        back = [(ends[::-1, ::-1], along[-1, 1] - along[::-1, ::-1]) for ends, along in cut]
        both = [*there, *back]
        self.ends_local_m = np.concatenate(
            [np.zeros((0, 2, 3)), *[ends for ends, _ in both]]
        ).astype(np.float32)
        self._along = np.concatenate([np.zeros((0, 2)), *[along for _, along in both]])
        counts = [len(ends) for ends, _ in both]
        street = np.tile(np.arange(len(cut)), 2)
        #: (p,) street of each piece.
        self.street_of = np.repeat(street, counts).astype(np.intp)
        n = len(self.ends_local_m)
        corner = 4 * np.arange(n, dtype=np.int32)[:, None]
        triangles = (corner + np.array([[0, 1, 2, 0, 2, 3]], np.int32)).reshape(-1, 3)
        zero = np.zeros((4 * n, 4), np.float32)
        self._mesh = triangle_mesh(
            np.zeros((4 * n, 3), np.float32), triangles, flowMotion=zero, flowInk=zero
        )
        self._mapper.SetInputData(self._mesh)
        self._stamp = b""
        self.set_visible(self._visible)

    def set_motion(
        self, run_m: Float64Array, speed_mps: Float64Array, spacing_m: Float64Array
    ) -> None:
        """(n,) of each street: metres run until second 0, speed, and metres between vehicles."""
        column = self._column("flowMotion")
        column[:, 0] = self._along[:, [0, 0, 1, 1]].ravel()
        for at, values in enumerate((run_m, speed_mps, np.maximum(spacing_m, DASH_M))):
            column[:, at + 1] = np.repeat(values[self.street_of], 4)
        self._touch("flowMotion")

    def set_ink(self, rgb: Float32Array, alpha: Float32Array) -> None:
        """(n, 3) colours 0..1 of the streets and (p,) opacity of the pieces."""
        column = self._column("flowInk")
        column[:, :3] = np.repeat(rgb[self.street_of], 4, axis=0)
        column[:, 3] = np.repeat(alpha, 4)
        self._touch("flowInk")

    def set_seconds(self, seconds: float) -> None:
        """The moment, seconds since the motion was set."""
        self._shader.GetVertexCustomUniforms().SetUniformf("flowSeconds", seconds)

    def fit(self, view: View) -> bool:
        """Follow the view, so that far dashes do not vanish; False when nothing moved."""
        if not len(self.ends_local_m) or view.stamp == self._stamp:
            return False
        self._stamp = view.stamp
        ends = self.ends_local_m
        depth = np.maximum(view.project(ends.reshape(-1, 3))[:, 2].reshape(-1, 2), 0.0)
        px_m = view.pixel_ratio * view.metres_per_px(1.0) * depth
        half = 0.5 * np.maximum(WIDTH_M, LEAST_PX * px_m)[:, :, None]
        side_m = np.maximum(SIDE_M, 0.8 * LEAST_PX * px_m)[:, :, None]
        along = ends[:, 1] - ends[:, 0]
        length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)
        right = np.column_stack([along[:, 1], -along[:, 0], 0 * length]) / length[:, None]
        middle = ends + right[:, None] * side_m
        low, high = middle + right[:, None] * half, middle - right[:, None] * half
        corners = np.stack([low[:, 0], high[:, 0], high[:, 1], low[:, 1]], axis=1)
        corners[:, :, 2] += LIFT_M
        points = self._mesh.GetPoints()
        numpy_view(points.GetData())[:] = corners.reshape(-1, 3)
        points.Modified()
        self._mesh.Modified()
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._visible = visible
        self._actor.SetVisibility(visible and len(self.ends_local_m) > 0)

    def dispose(self) -> None:
        """Take the dashes out of the renderer."""
        self._renderer.RemoveActor(self._actor)

    def _column(self, name: str) -> Float32Array:
        return numpy_view(self._mesh.GetPointData().GetArray(name))

    def _touch(self, name: str) -> None:
        self._mesh.GetPointData().GetArray(name).Modified()
        self._mesh.Modified()


def _pieces(path: Float64Array) -> tuple[Float64Array, Float64Array]:
    """(p, 2, 3) pieces of at most `PIECE_M` and (p, 2) metres along the path at their ends."""
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    reached = np.concatenate([[0.0], np.cumsum(steps)])
    cuts = np.unique(np.concatenate([reached, np.arange(0.0, reached[-1], PIECE_M)]))
    at = np.stack([np.interp(cuts, reached, path[:, axis]) for axis in range(3)], axis=1)
    return np.stack([at[:-1], at[1:]], axis=1), np.stack([cuts[:-1], cuts[1:]], axis=1)
