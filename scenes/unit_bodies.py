"""Low-poly bodies of moving units, all in one mesh that is written anew for each frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from scenes.vtk_arrays import triangle_mesh, vtk_from_numpy
from twin.arrays import Float32Array, Int32Array
from twin.tiles.light import SUN, unit_normals

#: length, width, height in metres; a little larger than life, to be seen from above
_SIZE: dict[str, tuple[float, float, float]] = {
    "bus": (12.0, 3.0, 3.4),
    "ambulance": (7.0, 2.8, 3.0),
    "fire_engine": (9.5, 3.0, 3.5),
    "works": (7.5, 2.9, 3.2),
    "police": (5.5, 2.4, 1.9),
    "taxi": (5.2, 2.3, 1.8),
    "drone": (2.4, 2.4, 0.8),
}
_OTHER = (5.2, 2.3, 1.8)


def _body() -> tuple[Float32Array, Int32Array]:
    """Corners (F*3, 3) of a box with a slanted bonnet, nose to +y, 1 x 1 x 1; and face numbers."""
    side = [(-0.5, 0.0), (0.5, 0.0), (0.5, 0.45), (0.3, 1.0), (-0.5, 1.0)]  # y, z outline
    left = [(-0.5, y, z) for y, z in side]
    right = [(0.5, y, z) for y, z in side]
    triangles = []
    for k in range(5):
        after = (k + 1) % 5
        triangles += [(left[k], right[k], right[after]), (left[k], right[after], left[after])]
    for k in (1, 2, 3):
        triangles.append((right[0], right[k], right[k + 1]))
        triangles.append((left[0], left[k + 1], left[k]))
    corners = np.array(triangles, np.float32)
    middle = np.array([0.0, 0.0, 0.5], np.float32)
    inward = np.einsum("ij,ij->i", unit_normals(corners), corners.mean(axis=1) - middle) < 0
    corners[inward] = corners[inward][:, ::-1]
    return corners.reshape(-1, 3), np.arange(len(corners), dtype=np.int32)


_CORNERS, _FACES = _body()


class UnitBodies:
    """Bodies of the near units. GUI thread."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self._renderer = renderer
        self._mapper = vtkPolyDataMapper()
        self._mapper.SetInputData(vtkPolyData())
        self._mapper.SetColorModeToDirectScalars()
        self._actor = vtkActor()
        self._actor.SetMapper(self._mapper)
        self._actor.GetProperty().LightingOff()
        self._actor.PickableOff()
        self._actor.VisibilityOff()
        self._visible = True
        self._n = 0
        renderer.AddActor(self._actor)

    def set_bodies(
        self,
        kinds: Sequence[str],
        xyz_local_m: Float32Array,
        heading_rad: Float32Array,
        rgb: Float32Array,
    ) -> None:
        """Replace all: (N, 3) places on the ground, (N,) headings, (N, 3) colours 0..1."""
        self._n = len(kinds)
        if self._n:
            size = np.array([_SIZE.get(kind, _OTHER) for kind in kinds], np.float32)
            local = _CORNERS[None] * size[:, None, [1, 0, 2]]
            cos, sin = np.cos(heading_rad)[:, None], np.sin(heading_rad)[:, None]
            points = np.empty_like(local)
            points[:, :, 0] = local[:, :, 0] * cos + local[:, :, 1] * sin
            points[:, :, 1] = local[:, :, 1] * cos - local[:, :, 0] * sin
            points[:, :, 2] = local[:, :, 2]
            points += xyz_local_m[:, None, :]
            normals = unit_normals(points.reshape(-1, 3, 3))
            light = 0.45 + 0.3 * (0.5 + 0.5 * normals[:, 2]) + 0.55 * np.clip(normals @ SUN, 0, 1)
            shade = np.repeat(rgb, len(_FACES), axis=0) * light[:, None]
            colours = np.repeat(np.clip(shade * 255, 0, 255).astype(np.uint8), 3, axis=0)
            flat = points.reshape(-1, 3)
            mesh = triangle_mesh(flat, np.arange(len(flat), dtype=np.int32).reshape(-1, 3))
            mesh.GetPointData().SetScalars(vtk_from_numpy(colours))
            self._mapper.SetInputData(mesh)
        self.set_visible(self._visible)

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._visible = visible
        self._actor.SetVisibility(visible and self._n > 0)

    def dispose(self) -> None:
        """Take the bodies out of the renderer."""
        self._renderer.RemoveActor(self._actor)
