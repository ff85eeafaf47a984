"""One texture that holds every colour of the city: surface shades and a colour per feature."""

from __future__ import annotations

import enum

import numpy as np
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkTexture

from scenes.vtk_arrays import numpy_view
from twin.arrays import BoolArray, UInt8Array
from twin.city.asset import Surface
from twin.theme import Theme, rgb_from_hex

WIDTH = 4096


class Alpha(enum.IntEnum):
    """What the fourth number of a feature's style means."""

    PLAIN = 0
    HIDDEN = 1
    STALE = 128
    DATA = 255


class StyleTexture:
    """Row 0 = surface shades, from row 1 on one texel a feature. GUI thread.

    Colours come in layers: what `set_colours` was given, above it the selected feature, above
    all the hidden ones. A change costs one upload of the texture and never touches geometry.

    Attributes
    ----------
    version : moves with every change
    """

    def __init__(self, n_features: int, theme: Theme) -> None:
        self.version = 0
        self._n = n_features
        self._scalars = vtkUnsignedCharArray()
        self._texels: UInt8Array = np.zeros((0, 4), np.uint8)
        self._image = vtkImageData()
        self._colours = np.zeros((n_features, 4), np.uint8)
        self._hidden_by: dict[str, BoolArray] = {}
        #: (N,) bool: what is not drawn, for whichever reason; another array after each change.
        self.hidden: BoolArray = np.zeros(n_features, bool)
        self._selected = np.empty(0, np.intp)
        self._accent = (0, 0, 0)
        self._make_room(1 + -(-max(n_features, 1) // WIDTH))
        self.texture = vtkTexture()
        self.texture.SetInputData(self._image)
        self.texture.InterpolateOff()
        self.texture.MipmapOff()
        self.texture.RepeatOff()
        self.texture.SetColorModeToDirectScalars()
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Take the surface shades and the accent of a theme."""
        for surface in Surface:
            shade = rgb_from_hex(theme.surface[surface.name.lower()])
            self._texels[surface] = [*(round(255 * c) for c in shade), 255]
        red, green, blue = (round(255 * c) for c in rgb_from_hex(theme.ui["accent"]))
        self._accent = (red, green, blue)
        self._compose()

    @property
    def n_features(self) -> int:
        """How many features have a texel."""
        return self._n

    def set_n_features(self, n_features: int) -> None:
        """Follow a live table of features; new ones are plain until somebody colours them."""
        if n_features == self._n:
            return
        rows = 1 + -(-max(n_features, 1) // WIDTH)
        if rows * WIDTH > len(self._texels):
            self._make_room(rows + rows // 2)
        self._n = n_features
        colours = np.zeros((n_features, 4), np.uint8)
        kept = min(len(self._colours), n_features)
        colours[:kept] = self._colours[:kept]
        self._colours = colours
        self._selected = self._selected[self._selected < n_features]
        self._join_hidden()
        self._compose()

    def set_colours(self, rgba: UInt8Array) -> None:
        """(N, 4) uint8 red, green, blue and `Alpha` of every feature."""
        if rgba.shape != (self._n, 4):
            raise ValueError(f"Colours must be {(self._n, 4)}, not {rgba.shape}")
        self._colours = rgba
        self._compose()

    def clear_colours(self) -> None:
        """Back to the plain model."""
        self.set_colours(np.zeros((self._n, 4), np.uint8))

    def set_selected(self, rows: np.ndarray) -> bool:
        """Features to show in the accent colour; False when they were so already."""
        if np.array_equal(rows, self._selected):
            return False
        self._selected = rows
        self._compose()
        return True

    def hide(self, owner: str, hidden: BoolArray | None) -> None:
        """(N,) bool: features that one owner (a filter, a tool) hides, None = none any more.

        What several hide is the union; each owner knows only its own.
        """
        if hidden is None and owner not in self._hidden_by:
            return
        self._hidden_by.pop(owner, None)
        if hidden is not None:
            self._hidden_by[owner] = hidden.copy()
        self._join_hidden()
        self._compose()

    def colour_of(self, feature: int) -> tuple[int, int, int, int]:
        """Style of one feature as drawn, before light."""
        red, green, blue, alpha = (int(c) for c in self._texels[WIDTH + feature])
        return red, green, blue, alpha

    def _make_room(self, rows: int) -> None:
        """A larger image for the same texture."""
        scalars = vtkUnsignedCharArray()
        scalars.SetNumberOfComponents(4)
        scalars.SetNumberOfTuples(rows * WIDTH)
        texels: UInt8Array = numpy_view(scalars)
        texels[:] = 0
        texels[: len(self._texels)] = self._texels
        self._scalars, self._texels = scalars, texels
        self._image.SetDimensions(WIDTH, rows, 1)
        self._image.GetPointData().SetScalars(scalars)

    def _join_hidden(self) -> None:
        """The union of what the owners hide; what came after their mask is not hidden."""
        self.hidden = np.zeros(self._n, bool)
        for mask in self._hidden_by.values():
            n = min(len(mask), self._n)
            self.hidden[:n] |= mask[:n]

    def _compose(self) -> None:
        styles = self._texels[WIDTH : WIDTH + self._n]
        styles[:] = self._colours
        styles[self._selected, :3] = self._accent
        styles[self._selected, 3] = Alpha.DATA
        styles[self.hidden, 3] = Alpha.HIDDEN
        self._scalars.Modified()
        self._image.Modified()
        self.version += 1
