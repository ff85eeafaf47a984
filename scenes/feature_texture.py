"""Two numbers a feature for the shader, laid out like the style texture."""

from __future__ import annotations

from vtkmodules.vtkCommonCore import vtkFloatArray
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkTexture

from scenes.style_texture import WIDTH
from scenes.vtk_arrays import numpy_view
from twin.arrays import Float32Array


class FeatureTexture:
    """A float texture of (row & 4095, row >> 12); fetched with ``texelFetch``. GUI thread."""

    def __init__(self) -> None:
        self._image = vtkImageData()
        self._scalars = vtkFloatArray()
        self.texture = vtkTexture()
        self.texture.InterpolateOff()
        self.texture.MipmapOff()
        self.texture.RepeatOff()
        self.texture.SetColorModeToDirectScalars()
        self.texture.SetInputData(self._image)

    def set_pairs(self, pairs: Float32Array) -> None:
        """(N, 2) float32, one pair a feature."""
        rows = max(1, -(-len(pairs) // WIDTH))
        scalars = vtkFloatArray()
        scalars.SetNumberOfComponents(3)
        scalars.SetNumberOfTuples(rows * WIDTH)
        texels = numpy_view(scalars)
        texels[:] = 0.0
        texels[: len(pairs), :2] = pairs
        self._scalars = scalars
        self._image.SetDimensions(WIDTH, rows, 1)
        self._image.GetPointData().SetScalars(scalars)
        self._image.Modified()
