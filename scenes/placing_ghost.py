"""The shape of a source while somebody tries where it could stand."""

from __future__ import annotations

import numpy as np
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from scenes.vtk_arrays import triangle_mesh, vtk_from_numpy
from twin.arrays import Float32Array, Float64Array
from twin.tiles.light import SUN, unit_normals

#: A source with more triangles than this is shown by some of them while it is carried.
MOST_TRIANGLES = 150_000


class PlacingGhost:
    """Triangles in the accent colour that can be moved at no cost. GUI thread.

    Parameters
    ----------
    corners_local_m : (T, 3, 3) float32, where the source stands now
    rgb : 0..1 each
    """

    def __init__(
        self,
        renderer: vtkRenderer,
        corners_local_m: Float32Array,
        rgb: tuple[float, float, float],
    ) -> None:
        self._renderer = renderer
        step = max(1, -(-len(corners_local_m) // MOST_TRIANGLES))
        corners = corners_local_m[::step]
        points = corners.reshape(-1, 3)
        mesh = triangle_mesh(points, np.arange(len(points), dtype=np.int32).reshape(-1, 3))
        mesh.GetPointData().SetScalars(vtk_from_numpy(_lit(corners, rgb)))
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(mesh)
        mapper.SetColorModeToDirectScalars()
        self._actor = vtkActor()
        self._actor.SetMapper(mapper)
        self._actor.GetProperty().LightingOff()
        self._actor.GetProperty().SetOpacity(0.85)
        self._actor.PickableOff()
        renderer.AddActor(self._actor)

    def move(self, matrix: Float64Array) -> None:
        """Show it moved by a (4, 4) matrix from where it stands now."""
        moved = vtkMatrix4x4()
        for row in range(4):
            for column in range(4):
                moved.SetElement(row, column, float(matrix[row, column]))
        self._actor.SetUserMatrix(moved)

    def dispose(self) -> None:
        """Take it out of the renderer."""
        self._renderer.RemoveActor(self._actor)


def _lit(corners: Float32Array, rgb: tuple[float, float, float]) -> np.ndarray:
    """(3T, 3) uint8 colours with a little light, so that its shape is seen."""
    facing = np.clip(unit_normals(corners) @ SUN, 0.0, 1.0)
    light = np.repeat(0.55 + 0.45 * facing, 3)[:, None]
    return np.round(np.array(rgb) * light * 255).astype(np.uint8)
