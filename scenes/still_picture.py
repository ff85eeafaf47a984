"""Keeps the city's picture while nothing in it moves, so that only symbols are drawn anew.

On software GL a city of 100,000 triangles takes tens of milliseconds a frame, although with the
camera at rest only the symbols above it move. The second frame at rest is read back before the
symbols are drawn; from then on it is the background.

Hard-won invariants
1. Whatever changes the city's picture must change the stamp, else the window shows an old city.
   `stamp_of` therefore asks VTK for the modification time of every prop, of camera and renderer,
   and takes the version of style and look. Guarded by ``tests/scenes/test_still_picture.py``.
2. The picture is read in the renderer's own end event, inside the frame: only then the frame
   buffer holds the city without symbols, and the GL context is current.
"""

from __future__ import annotations

from vtkmodules.vtkCommonCore import vtkCommand, vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow, vtkTexture

#: Frames drawn at rest before the next one is read back: a moving camera never pays for it.
REST_FRAMES = 1
#: The first parts of a stamp are those of the view.
N_VIEW = 2


class StillPicture:
    """Draws `city` itself, or the picture it left. GUI thread.

    Parameters
    ----------
    window : where both renderers draw
    city : the renderer of layer 0 with everything that seldom moves
    """

    def __init__(self, window: vtkRenderWindow, city: vtkRenderer) -> None:
        self._window = window
        self._city = city
        self._texture = vtkTexture()
        self._texture.InterpolateOff()
        self._texture.MipmapOff()
        self._texture.RepeatOff()
        self._picture = vtkRenderer()
        self._picture.SetLayer(0)
        self._picture.InteractiveOff()
        self._picture.SetBackgroundTexture(self._texture)
        self._picture.TexturedBackgroundOn()
        self._picture.DrawOff()
        window.AddRenderer(self._picture)
        self._stamp: tuple[object, ...] = ()
        self._n_drawn = 0
        self._observer = city.AddObserver(vtkCommand.EndEvent, self._read_back)

    @property
    def is_shown(self) -> bool:
        """Whether the next frame shows the kept picture."""
        return bool(self._picture.GetDraw())

    def choose(self, style_version: object) -> None:
        """Decide for the frames to come: the kept picture, unless the city's has changed.

        Parameters
        ----------
        style_version : moves with the content of the style texture and with the shaders
        """
        stamp = (*stamp_of(self._city, self._window), style_version)
        if stamp != self._stamp:
            has_moved = stamp[:N_VIEW] != self._stamp[:N_VIEW]
            self._stamp = stamp
            self._n_drawn = 0 if has_moved else REST_FRAMES
            self._show(False)

    def dispose(self) -> None:
        """Go back to drawing the city."""
        self._city.RemoveObserver(self._observer)
        self._show(False)
        self._window.RemoveRenderer(self._picture)
        self._texture.ReleaseGraphicsResources(self._window)

    def _show(self, shown: bool) -> None:
        self._picture.SetDraw(shown)
        self._city.SetDraw(not shown)

    def _read_back(self, _renderer: object, _event: str) -> None:
        self._n_drawn += 1
        if self._n_drawn <= REST_FRAMES:
            return
        width, height = self._window.GetSize()
        pixels = vtkUnsignedCharArray()
        self._window.GetPixelData(0, 0, width - 1, height - 1, 0, pixels, 0)
        image = vtkImageData()
        image.SetDimensions(width, height, 1)
        image.GetPointData().SetScalars(pixels)
        self._texture.SetInputData(image)
        self._show(True)


def stamp_of(renderer: vtkRenderer, window: vtkRenderWindow) -> tuple[object, ...]:
    """Changes whenever the renderer would draw another picture (but for textures' content)."""
    props = renderer.GetViewProps()
    props.InitTraversal()
    newest = 0
    for _ in range(props.GetNumberOfItems()):
        newest = max(newest, props.GetNextProp().GetRedrawMTime())
    return (
        renderer.GetActiveCamera().GetMTime(),
        tuple(window.GetSize()),
        newest,
        props.GetNumberOfItems(),
        (renderer.GetBackground(), renderer.GetBackground2(), renderer.GetGradientBackground()),
    )
