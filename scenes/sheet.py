"""A flat see-through rectangle over the city that is blended after the ground sheet."""

from __future__ import annotations

import numpy as np
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from scenes.vtk_arrays import triangle_mesh, vtk_from_numpy

#: VTK draws see-through props front to back, by the middles of their bounds. An invisible speck
#: this far below makes the middle of a sheet the furthest, so that the ground is there first.
SPECK_M = -1e5


class Sheet:
    """One horizontal rectangle. GUI thread.

    Attributes
    ----------
    actor : for its property and texture; texture coordinates run 0..1 east and north
    """

    def __init__(self, renderer: vtkRenderer) -> None:
        self._renderer = renderer
        self._mapper = vtkPolyDataMapper()
        self._mapper.SetInputData(vtkPolyData())
        self._mapper.SetVBOShiftScaleMethod(0)
        self.actor = vtkActor()
        self.actor.SetMapper(self._mapper)
        self.actor.GetProperty().LightingOff()
        self.actor.ForceTranslucentOn()
        self.actor.PickableOff()
        self.actor.UseBoundsOff()
        self.actor.VisibilityOff()
        renderer.AddActor(self.actor)

    def place(
        self, west_m: float, south_m: float, east_m: float, north_m: float, z_m: float
    ) -> None:
        """Lay it out, metres, local frame."""
        corners = [(west_m, south_m), (east_m, south_m), (east_m, north_m), (west_m, north_m)]
        points = [(x, y, z_m) for x, y in corners]
        points.append((0.5 * (west_m + east_m), 0.5 * (south_m + north_m), SPECK_M))
        triangles = np.array([[0, 1, 2], [0, 2, 3], [4, 4, 4]], np.int32)
        mesh = triangle_mesh(np.array(points, np.float32), triangles)
        around = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], np.float32)
        mesh.GetPointData().SetTCoords(vtk_from_numpy(around))
        self._mapper.SetInputData(mesh)

    def dispose(self) -> None:
        """Take it out of the renderer."""
        self._renderer.RemoveActor(self.actor)
