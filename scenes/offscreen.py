"""A window without a screen: for snapshots, tests and benchmarks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 - registers the OpenGL classes
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow

from scenes.vtk_arrays import numpy_view
from twin.arrays import UInt8Array


class OffscreenWindow:
    """A renderer in a window nobody sees. Works without a display (EGL) and under X."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self.window = _render_window()
        self.window.SetOffScreenRendering(True)
        self.window.SetMultiSamples(0)
        self.window.SetSize(width_px, height_px)
        self.renderer = vtkRenderer()
        self.window.AddRenderer(self.renderer)

    def render(self) -> None:
        """Draw a frame and wait until it is there."""
        self.window.Render()
        self.window.WaitForCompletion()

    def pixels(self) -> UInt8Array:
        """(height, width, 3) uint8 of the last frame, first row at the top."""
        width, height = self.window.GetSize()
        array = vtkUnsignedCharArray()
        self.window.GetPixelData(0, 0, width - 1, height - 1, 0, array, 0)
        image: UInt8Array = numpy_view(array).reshape(height, width, 3)[::-1]
        return np.ascontiguousarray(image)

    def save_png(self, path: Path) -> None:
        """Write the last frame.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        from PIL import Image

        Image.fromarray(self.pixels()).save(path, format="PNG")

    def close(self) -> None:
        """Free the graphics memory."""
        self.window.RemoveRenderer(self.renderer)
        self.window.Finalize()


def _render_window() -> vtkRenderWindow:
    """An EGL window where VTK has one, else the platform's own."""
    try:
        from vtkmodules.vtkRenderingOpenGL2 import vtkEGLRenderWindow
    except ImportError:  # Windows and macOS have no EGL and need none
        return vtkRenderWindow()
    return vtkEGLRenderWindow()
