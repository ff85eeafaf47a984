"""Depth of the loaded city seen from elsewhere (the sun, an observer), for shaders to look up.

The map is an atlas of square cells in one framebuffer of the window's own context, so that the
tiles are drawn from the buffers they already have: no geometry is copied, and streamed tiles
need nothing special.

Hard-won invariants
1. Cells are drawn inside a frame (in the city renderer's start event): only then the context is
   current. Guarded by ``tests/scenes/test_depth_map.py``.
2. VTK clips a renderer to its window. A larger map needs the window's tile scale raised for the
   moment; broken, the map has only the window's pixels.
3. VTK frees the textures of a property with any prop that leaves a renderer, and tiles share
   theirs. A map that was freed so is drawn anew; broken, all lies in shadow once a tile leaves.
4. While the map is drawn the shader must not look it up: the uniform ``depthPass`` says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from vtkmodules.vtkCommonCore import vtkCommand
from vtkmodules.vtkRenderingCore import vtkActor, vtkCamera, vtkProperty, vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import (
    vtkOpenGLFramebufferObject,
    vtkOpenGLTexture,
    vtkTextureObject,
)

from twin.arrays import Float64Array

_UNSIGNED_CHAR = 3
_DEPTH_BITS = 24


class DepthMap:
    """An atlas of depths, cell by cell. GUI thread.

    Parameters
    ----------
    city : the renderer that draws the city, in a window
    surface : the property all tile actors share; what has it casts
    columns, rows, cell_px : shape of the atlas
    pass_began, pass_ended : called around the drawing of cells (to set ``depthPass``)

    Attributes
    ----------
    texture : give it to the property of what is drawn with it; red = depth 0..1
    n_drawn : cells drawn so far
    """

    def __init__(
        self,
        city: vtkRenderer,
        surface: vtkProperty,
        *,
        cell_px: int,
        columns: int = 1,
        rows: int = 1,
        pass_began: Callable[[], None],
        pass_ended: Callable[[], None],
    ) -> None:
        self._city = city
        self._surface = surface
        self._cell_px, self._columns, self._rows = cell_px, columns, rows
        self._pass_began, self._pass_ended = pass_began, pass_ended
        self._renderer = vtkRenderer()
        self._renderer.SetRenderWindow(city.GetRenderWindow())
        self._renderer.AutomaticLightCreationOff()
        self._renderer.SetUseOIT(False)
        self._fbo: vtkOpenGLFramebufferObject | None = None
        self._depth: vtkTextureObject | None = None
        self._cameras: dict[int, vtkCamera] = {}
        self._wanted: dict[int, vtkCamera] = {}
        self.texture = vtkOpenGLTexture()
        self.n_drawn = 0
        self._observer = city.AddObserver(vtkCommand.StartEvent, self._draw_wanted)

    def want(self, cell: int, camera: vtkCamera) -> Float64Array:
        """Draw a cell with the next frame.

        Returns
        -------
        (4, 4) float64, atlas x, y and depth, all 0..1, from local coordinates (divide by w)
        """
        self._wanted[cell] = self._cameras[cell] = camera
        return atlas_from_local(camera, cell, self._columns, self._rows)

    @property
    def is_waiting(self) -> bool:
        """Whether a cell is still to be drawn."""
        return bool(self._wanted)

    def dispose(self) -> None:
        """Free the atlas. The shader parts that look it up must be gone before."""
        self._city.RemoveObserver(self._observer)
        self._renderer.GetViewProps().RemoveAllItems()
        window = self._city.GetRenderWindow()
        if window is not None and self._fbo is not None:
            window.MakeCurrent()
            self.texture.ReleaseGraphicsResources(window)
            self._fbo.ReleaseGraphicsResources(window)
        self._fbo = self._depth = None

    def _draw_wanted(self, _renderer: object, _event: str) -> None:
        if self._depth is not None and not self._depth.GetHandle():
            self._fbo, self._wanted = None, dict(self._cameras)
        if not self._wanted:
            return
        wanted, self._wanted = self._wanted, {}
        window = self._city.GetRenderWindow()
        fbo = self._framebuffer()
        fbo.SaveCurrentBindingsAndBuffers()
        fbo.Bind()
        scale = window.GetTileScale()
        need = max(self._cell_px * self._columns, self._cell_px * self._rows)
        times = math.ceil(need / min(window.GetActualSize()))
        window.SetTileScale(times, times)
        self._take_casters()
        self._pass_began()
        for cell, camera in wanted.items():
            self._draw_cell(cell, camera)
        self._pass_ended()
        window.SetTileScale(*scale)
        fbo.RestorePreviousBindingsAndBuffers()

    def _draw_cell(self, cell: int, camera: vtkCamera) -> None:
        width, height = self._city.GetRenderWindow().GetSize()
        column, row = cell % self._columns, cell // self._columns
        side = self._cell_px
        self._renderer.SetViewport(
            column * side / width,
            row * side / height,
            (column + 1) * side / width,
            (row + 1) * side / height,
        )
        self._renderer.SetActiveCamera(camera)
        self._renderer.Render()
        self.n_drawn += 1

    def _take_casters(self) -> None:
        props = self._renderer.GetViewProps()
        props.RemoveAllItems()  # RemoveViewProp would free the buffers the city is drawn from
        for actor in casters(self._city, self._surface):
            props.AddItem(actor)

    def _framebuffer(self) -> vtkOpenGLFramebufferObject:
        if self._fbo is None:
            fbo = vtkOpenGLFramebufferObject()
            fbo.SetContext(self._city.GetRenderWindow())
            fbo.SaveCurrentBindingsAndBuffers()
            width, height = self._cell_px * self._columns, self._cell_px * self._rows
            fbo.PopulateFramebuffer(
                width, height, True, 1, _UNSIGNED_CHAR, True, _DEPTH_BITS, 0, False
            )
            depth: vtkTextureObject = fbo.GetDepthAttachmentAsTextureObject()
            depth.SetMinificationFilter(vtkTextureObject.Nearest)
            depth.SetMagnificationFilter(vtkTextureObject.Nearest)
            self.texture.SetTextureObject(depth)
            fbo.RestorePreviousBindingsAndBuffers()
            self._fbo, self._depth = fbo, depth
        return self._fbo


def casters(city: vtkRenderer, surface: vtkProperty) -> Iterator[vtkActor]:
    """Actors of the city's tiles that are drawn now."""
    actors = city.GetActors()
    actors.InitTraversal()
    for _ in range(actors.GetNumberOfItems()):
        actor = actors.GetNextActor()
        if actor.GetProperty() is surface and actor.GetVisibility():
            yield actor


def atlas_from_local(camera: vtkCamera, cell: int, columns: int, rows: int) -> Float64Array:
    """(4, 4) float64: from local coordinates to the atlas (x, y, depth in 0..1, times w)."""
    composite = camera.GetCompositeProjectionTransformMatrix(1.0, -1, 1)
    clip = np.array([[composite.GetElement(i, j) for j in range(4)] for i in range(4)])
    column, row = cell % columns, cell // columns
    place = np.diag([0.5 / columns, 0.5 / rows, 0.5, 1.0])
    place[:3, 3] = ((column + 0.5) / columns, (row + 0.5) / rows, 0.5)
    matrix: Float64Array = place @ clip
    return matrix


def column_major(matrix: Float64Array) -> list[float]:
    """Sixteen numbers as ``SetUniformMatrix4x4`` takes them."""
    return [float(value) for value in matrix.T.ravel()]


def look_camera(
    eye_m: Float64Array, focal_m: Float64Array, up: Float64Array, near_m: float, far_m: float
) -> vtkCamera:
    """A camera that looks from an eye to a point; perspective, 90 degrees wide."""
    camera = vtkCamera()
    camera.SetPosition(*eye_m)
    camera.SetFocalPoint(*focal_m)
    camera.SetViewUp(*up)
    camera.SetViewAngle(90.0)
    camera.SetClippingRange(near_m, far_m)
    return camera
