"""Numpy arrays into VTK data, without copies where VTK can keep a reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkDataArray, vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

from twin.arrays import Float32Array, Int32Array

# VTK publishes no types for these two.
_TO_VTK: Callable[..., vtkDataArray] = numpy_to_vtk
_TO_NUMPY: Callable[[vtkDataArray], NDArray[Any]] = vtk_to_numpy


def numpy_view(array: vtkDataArray) -> NDArray[Any]:
    """The memory of a VTK array as numpy; call ``Modified`` after writing to it."""
    return _TO_NUMPY(array)


def vtk_from_numpy(array: NDArray[Any], name: str = "") -> vtkDataArray:
    """A VTK array with its own copy of ``array`` ((N,) or (N, components))."""
    made = _TO_VTK(np.ascontiguousarray(array), deep=True)
    if name:
        made.SetName(name)
    return made


def vtk_points(xyz_local_m: Float32Array) -> vtkPoints:
    """Points of (N, 3) float32."""
    points = vtkPoints()
    points.SetData(vtk_from_numpy(xyz_local_m.astype(np.float32, copy=False)))
    return points


def vtk_cells(indices: Int32Array) -> vtkCellArray:
    """Cells of (N, k) point indices, k corners each."""
    cells = vtkCellArray()
    cells.SetData(indices.shape[1], vtk_from_numpy(indices.ravel().astype(np.int64)))
    return cells


def triangle_mesh(
    points_local_m: Float32Array, triangles: Int32Array, **point_arrays: NDArray[np.float32]
) -> vtkPolyData:
    """A triangle mesh with named arrays on its points."""
    mesh = vtkPolyData()
    mesh.SetPoints(vtk_points(points_local_m))
    mesh.SetPolys(vtk_cells(triangles))
    for name, array in point_arrays.items():
        mesh.GetPointData().AddArray(vtk_from_numpy(array, name))
    return mesh


def line_mesh(ends_local_m: Float32Array, **point_arrays: NDArray[np.float32]) -> vtkPolyData:
    """Separate lines of (N, 2, 3) ends."""
    mesh = vtkPolyData()
    mesh.SetPoints(vtk_points(ends_local_m.reshape(-1, 3)))
    mesh.SetLines(vtk_cells(np.arange(2 * len(ends_local_m), dtype=np.int32).reshape(-1, 2)))
    for name, array in point_arrays.items():
        mesh.GetPointData().AddArray(vtk_from_numpy(array, name))
    return mesh


def shared_triangle_mesh(
    points_local_m: Float32Array, triangles: Int32Array, **point_arrays: NDArray[np.float32]
) -> vtkPolyData:
    """A triangle mesh on the memory of the given arrays, which must outlive it. Any thread."""
    mesh = vtkPolyData()
    points = vtkPoints()
    points.SetData(_shared(points_local_m))
    mesh.SetPoints(points)
    cells = vtkCellArray()
    cells.SetData(3, _shared(triangles.reshape(-1)))
    mesh.SetPolys(cells)
    for name, array in point_arrays.items():
        shared = _shared(array)
        shared.SetName(name)
        mesh.GetPointData().AddArray(shared)
    return mesh


def shared_point_cloud(xyz_local_m: Float32Array, rgb: NDArray[np.uint8] | None) -> vtkPolyData:
    """Points on the memory of ``xyz_local_m``, with their own colours where there are any."""
    mesh = vtkPolyData()
    points = vtkPoints()
    points.SetData(_shared(xyz_local_m))
    mesh.SetPoints(points)
    cells = vtkCellArray()
    cells.SetData(1, vtk_from_numpy(np.arange(len(xyz_local_m), dtype=np.int32)))
    mesh.SetVerts(cells)
    if rgb is not None:
        mesh.GetPointData().SetScalars(vtk_from_numpy(rgb))
    return mesh


def _shared(array: NDArray[Any]) -> vtkDataArray:
    return _TO_VTK(np.ascontiguousarray(array), deep=False)
