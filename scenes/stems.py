"""Thin upright lines from the ground to symbols, and other plain coloured lines."""

from __future__ import annotations

import numpy as np
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from scenes.vtk_arrays import line_mesh, vtk_from_numpy
from twin.arrays import Float32Array, UInt8Array


class Lines:
    """Separate lines, each with its own colour. Depth-tested; opaque unless told. GUI thread."""

    def __init__(self, renderer: vtkRenderer, width_px: float, opacity: float = 1.0) -> None:
        self._renderer = renderer
        self._mapper = vtkPolyDataMapper()
        self._mapper.SetInputData(vtkPolyData())
        self._mapper.SetColorModeToDirectScalars()
        self._mapper.SetScalarModeToUsePointData()
        self._actor = vtkActor()
        self._actor.SetMapper(self._mapper)
        self._actor.GetProperty().LightingOff()
        self._actor.GetProperty().SetLineWidth(width_px)
        self._actor.GetProperty().SetOpacity(opacity)
        self._actor.PickableOff()
        self._actor.VisibilityOff()
        self._visible = True
        self._n = 0
        self._seen = (b"", b"")
        renderer.AddActor(self._actor)

    def set_lines(self, ends_local_m: Float32Array, rgb: UInt8Array) -> None:
        """Replace all: (N, 2, 3) ends and (N, 3) uint8 colours."""
        seen = (ends_local_m.tobytes(), rgb.tobytes())
        if seen == self._seen:
            return
        self._seen = seen
        self._n = len(ends_local_m)
        if self._n:
            mesh = line_mesh(ends_local_m.astype(np.float32))
            mesh.GetPointData().SetScalars(vtk_from_numpy(np.repeat(rgb, 2, axis=0)))
            self._mapper.SetInputData(mesh)
        self.set_visible(self._visible)

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._visible = visible
        self._actor.SetVisibility(visible and self._n > 0)

    def dispose(self) -> None:
        """Take the lines out of the renderer."""
        self._renderer.RemoveActor(self._actor)


class Stems:
    """Stems of symbols, all of one colour. GUI thread."""

    def __init__(self, renderer: vtkRenderer, rgb: tuple[float, float, float]) -> None:
        self._lines = Lines(renderer, 1.0)
        self._rgb = np.round(np.array(rgb) * 255).astype(np.uint8)

    def set_lines(self, feet: Float32Array, tops: Float32Array, visible: bool) -> None:
        """Replace all: (N, 3) lower and upper ends."""
        ends = np.stack([feet, tops], axis=1) if visible else np.zeros((0, 2, 3), np.float32)
        self._lines.set_lines(ends, np.tile(self._rgb, (len(ends), 1)))

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._lines.set_visible(visible)

    def dispose(self) -> None:
        """Take the stems out of the renderer."""
        self._lines.dispose()
