"""Coloured bands along streets, as wide as a street from near, never a hairline from afar."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from scenes.view import View
from scenes.vtk_arrays import numpy_view, triangle_mesh, vtk_from_numpy
from twin.arrays import Float32Array, UInt8Array

WIDTH_M, LEAST_PX = 4.5, 3.4
#: Above the ground, so that small bumps do not swallow them; and so many pixels more from afar.
LIFT_M, LIFT_PX = 0.9, 1.5
#: Measured pieces end before the crossing; bands are drawn on towards it.
ONWARD_M, ONWARD_SHARE = 9.0, 0.25


class StreetRibbons:
    """All bands in one draw, flat on the ground. GUI thread."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self._renderer = renderer
        self._mapper = vtkPolyDataMapper()
        self._mapper.SetColorModeToDirectScalars()
        self._mapper.SetInputData(vtkPolyData())
        self._actor = vtkActor()
        self._actor.SetMapper(self._mapper)
        self._actor.GetProperty().LightingOff()
        self._actor.PickableOff()
        self._actor.VisibilityOff()
        renderer.AddActor(self._actor)
        self._visible = True
        self._ends = np.zeros((0, 2, 3), np.float32)
        self._path_of = np.zeros(0, np.intp)
        self._mesh = vtkPolyData()
        self._stamp = b""
        self._rgb = b""

    def set_paths(self, paths_local_m: Sequence[Float32Array]) -> None:
        """Replace all: one (k, 3) polyline a street. Colours and width must follow."""
        longer = [drawn_on(path) for path in paths_local_m]
        pieces = [np.stack([path[:-1], path[1:]], axis=1) for path in longer]
        self._ends = np.concatenate([np.zeros((0, 2, 3)), *pieces]).astype(np.float32)
        self._path_of = np.repeat(np.arange(len(pieces)), [len(piece) for piece in pieces])
        n = len(self._ends)
        corner = 4 * np.arange(n, dtype=np.int32)[:, None]
        triangles = (corner + np.array([[0, 1, 2, 0, 2, 3]], np.int32)).reshape(-1, 3)
        self._mesh = triangle_mesh(np.zeros((4 * n, 3), np.float32), triangles)
        self._mapper.SetInputData(self._mesh)
        self._stamp = self._rgb = b""
        self.set_visible(self._visible)

    def set_colours(self, rgb: UInt8Array) -> bool:
        """(n, 3) uint8, one row a street; False when they were the same."""
        if not len(self._ends) or rgb.tobytes() == self._rgb:
            return False
        self._rgb = rgb.tobytes()
        colours = np.repeat(rgb[self._path_of], 4, axis=0)
        self._mesh.GetPointData().SetScalars(vtk_from_numpy(np.ascontiguousarray(colours)))
        self._mesh.Modified()
        return True

    def fit(self, view: View) -> bool:
        """Follow the view, so that far bands do not vanish; False when nothing moved."""
        if not len(self._ends) or view.stamp == self._stamp:
            return False
        self._stamp = view.stamp
        depth = np.maximum(view.project(self._ends.reshape(-1, 3))[:, 2].reshape(-1, 2), 0.0)
        px_m = view.pixel_ratio * view.metres_per_px(1.0) * depth
        half = 0.5 * np.maximum(WIDTH_M, LEAST_PX * px_m)[:, :, None]
        along = self._ends[:, 1] - self._ends[:, 0]
        length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)
        side = np.column_stack([-along[:, 1], along[:, 0], 0 * length]) / length[:, None]
        left, right = self._ends + side[:, None] * half, self._ends - side[:, None] * half
        corners = np.stack([left[:, 0], right[:, 0], right[:, 1], left[:, 1]], axis=1)
        corners[:, :, 2] += LIFT_M + LIFT_PX * px_m[:, [0, 0, 1, 1]]
        points = self._mesh.GetPoints()
        numpy_view(points.GetData())[:] = corners.reshape(-1, 3)
        points.Modified()
        self._mesh.Modified()
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._visible = visible
        self._actor.SetVisibility(visible and len(self._ends) > 0)

    def dispose(self) -> None:
        """Take the bands out of the renderer."""
        self._renderer.RemoveActor(self._actor)


def drawn_on(path: Float32Array) -> Float32Array:
    """A polyline (k, 3) made a little longer at both ends."""
    steps = path[[0, -1]] - path[[1, -2]]
    length = np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-6)
    ends = path[[0, -1]] + steps / length * np.minimum(ONWARD_M, ONWARD_SHARE * length)
    longer = path.copy()
    longer[[0, -1]] = ends
    return longer
