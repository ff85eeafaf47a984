"""A cloud of survey points as one actor."""

from __future__ import annotations

import numpy as np
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from scenes.vtk_arrays import vtk_from_numpy, vtk_points
from twin.arrays import BoolArray, Float32Array, UInt8Array
from twin.ramps import Ramp, colours_from_values

#: Shades of the ASPRS classes a person tells apart: ground, vegetation, building, water, road.
_GROUND, _GREEN, _BUILDING = (172, 160, 140), (122, 152, 112), (190, 120, 96)
_WATER, _ROAD, _OTHER = (104, 140, 178), (96, 100, 106), (168, 172, 178)
_CLASS_RGB = {2: _GROUND, 3: _GREEN, 4: _GREEN, 5: _GREEN, 6: _BUILDING, 9: _WATER, 11: _ROAD}
CLASS_NAMES = {
    2: "Ground", 3: "Low vegetation", 4: "Medium vegetation", 5: "High vegetation",
    6: "Building", 9: "Water", 11: "Road",
}  # fmt: skip


class PointCloudActor:
    """Points of a fixed number that are coloured anew as often as wanted. GUI thread."""

    def __init__(self, renderer: vtkRenderer, xyz_local_m: Float32Array) -> None:
        self._renderer = renderer
        self._xyz = xyz_local_m
        self._mesh = vtkPolyData()
        self._mesh.SetPoints(vtk_points(xyz_local_m))
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self._mesh)
        mapper.SetColorModeToDirectScalars()
        mapper.StaticOff()
        self._actor = vtkActor()
        self._actor.SetMapper(mapper)
        self._actor.GetProperty().LightingOff()
        self._actor.PickableOff()
        self.show_rows(None)
        renderer.AddActor(self._actor)

    def show_rows(self, shown: BoolArray | None) -> None:
        """Draw these points (P,) only; None = all."""
        rows = np.arange(len(self._xyz)) if shown is None else np.flatnonzero(shown)
        cells = vtkCellArray()
        offsets = vtk_from_numpy(np.array([0, len(rows)], np.int64))
        cells.SetData(offsets, vtk_from_numpy(rows.astype(np.int64)))
        self._mesh.SetVerts(cells)

    def set_colours(self, rgb: UInt8Array) -> None:
        """One colour a point, (P, 3)."""
        self._mesh.GetPointData().SetScalars(vtk_from_numpy(rgb))
        self._mesh.Modified()

    def set_size(self, size_px: float) -> None:
        """Size of a point on the screen, device pixels."""
        self._actor.GetProperty().SetPointSize(size_px)

    def set_visible(self, visible: bool) -> None:
        """Show or hide the points."""
        self._actor.SetVisibility(visible)

    def dispose(self) -> None:
        """Take the points out of the renderer."""
        self._renderer.RemoveActor(self._actor)


def height_colours(xyz_local_m: Float32Array, ramp: Ramp) -> tuple[UInt8Array, tuple[float, float]]:
    """(P, 3) colours by height, outliers left out of the range; and the range in local metres."""
    z = xyz_local_m[:, 2]
    low, high = (float(value) for value in np.nanpercentile(z, (1.0, 99.0)))
    high = max(high, low + 0.1)
    coloured = colours_from_values(z.astype(np.float64), low, high, ramp)
    return np.ascontiguousarray(coloured[:, :3]), (low, high)


def class_colours(classes: UInt8Array) -> UInt8Array:
    """(P, 3) colours by ASPRS class."""
    table = np.full((256, 3), _OTHER, np.uint8)
    for code, rgb in _CLASS_RGB.items():
        table[code] = rgb
    return table[classes]


def classes_there(classes: UInt8Array) -> tuple[tuple[str, tuple[int, int, int]], ...]:
    """Names and colours of the classes among the points."""
    there = np.flatnonzero(np.bincount(classes, minlength=256))
    named = [(CLASS_NAMES[code], _CLASS_RGB[code]) for code in there.tolist() if code in _CLASS_RGB]
    has_others = any(code not in _CLASS_RGB for code in there.tolist())
    return (*named, *([("Other", _OTHER)] if has_others else []))
