"""Many small discs painted by numpy into one picture over the view.

Without a graphics card each point costs a microsecond of triangle set-up, however small it is:
100,000 of them take 100 ms. Writing their pixels with numpy and drawing one picture takes a
fifth of that.
"""

from __future__ import annotations

import numpy as np
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer, vtkTexture
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLShaderProperty

from scenes.vtk_arrays import numpy_view, triangle_mesh
from twin.arrays import Float32Array, Float64Array, UInt8Array

#: Room around the picture, so that discs at its rim need no test; the widest disc's half.
PAD = 16
_VERTEX = """//VTK::PositionVC::Impl
gl_Position = vec4(vertexMC.xy, 0.0, 1.0);
"""
_FRAGMENT = f"""
vec4 splatInk = texelFetch(splats, ivec2(gl_FragCoord.xy) + {PAD}, 0);
if (splatInk.a < 0.01) discard;
vec3 ambientColor = splatInk.rgb;
vec3 diffuseColor = vec3(0.0);
float opacity = splatInk.a;
"""


class SplatPicture:
    """Discs of one size, later ones above earlier ones. GUI thread."""

    def __init__(self, renderer: vtkRenderer) -> None:
        self._renderer = renderer
        self._image = vtkImageData()
        self._texture = vtkTexture()
        self._texture.SetInputData(self._image)
        self._texture.InterpolateOff()
        self._texture.MipmapOff()
        self._texture.RepeatOff()
        self._texture.SetColorModeToDirectScalars()
        shader = vtkOpenGLShaderProperty()
        shader.AddVertexShaderReplacement("//VTK::PositionVC::Impl", True, _VERTEX, False)
        shader.AddFragmentShaderReplacement("//VTK::Color::Impl", True, _FRAGMENT, False)
        corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(triangle_mesh(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32)))
        mapper.ScalarVisibilityOff()
        mapper.SetVBOShiftScaleMethod(0)
        self._actor = vtkActor()
        self._actor.SetMapper(mapper)
        self._actor.SetShaderProperty(shader)
        self._actor.GetProperty().LightingOff()
        self._actor.GetProperty().SetTexture("splats", self._texture)
        self._actor.ForceTranslucentOn()
        self._actor.PickableOff()
        self._actor.UseBoundsOff()
        self._actor.VisibilityOff()
        renderer.AddActor(self._actor)
        self._size = (0, 0)
        self._scalars = vtkUnsignedCharArray()
        self._pixels = np.zeros(0, np.uint32)
        self._middles = np.zeros(0, np.int64)
        self._visible, self._n = True, 0

    def place(self, pixels: Float64Array, size_px: tuple[int, int]) -> np.ndarray:
        """Take (N, 3) results of `View.project`; rows of those inside, far ones first.

        Colours of `paint` belong to these rows, in their order.
        """
        width, height = size_px
        inside = (pixels[:, 2] > 0) & (pixels[:, 0] >= 0) & (pixels[:, 0] < width)
        inside &= (pixels[:, 1] >= 0) & (pixels[:, 1] < height)
        rows = np.flatnonzero(inside)
        rows = rows[np.argsort(-pixels[rows, 2].astype(np.float32), kind="stable")]
        if size_px != self._size:
            self._allocate(width, height)
        x = pixels[rows, 0].astype(np.int64) + PAD
        y = height - 1 - pixels[rows, 1].astype(np.int64) + PAD
        self._middles = y * (width + 2 * PAD) + x
        return rows

    def paint(
        self, rgba: UInt8Array, disc_px: float, rim: tuple[UInt8Array, float] | None = None
    ) -> None:
        """Draw what was placed: (k, 4) uint8 colours, diameter of the discs in device pixels.

        ``rim`` is one colour (4,) and a diameter, painted around and under all discs.
        """
        if not len(self._middles) and not self._n:
            return
        self._pixels[:] = 0
        inner = disc(disc_px)
        if rim is not None:
            outer = [offset for offset in disc(rim[1]) if offset not in inner]
            self._stamp(_packed(rim[0][None])[0], outer)
        self._stamp(_packed(rgba), inner)
        self._n = len(self._middles)
        self._scalars.Modified()
        self._image.Modified()
        self._actor.SetVisibility(self._visible and self._n > 0)

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._visible = visible
        self._actor.SetVisibility(visible and self._n > 0)

    def dispose(self) -> None:
        """Take the picture out of the renderer."""
        self._renderer.RemoveActor(self._actor)

    def _stamp(self, colours: np.ndarray, offsets: list[tuple[int, int]]) -> None:
        stride = self._size[0] + 2 * PAD
        for dx, dy in offsets:
            self._pixels[self._middles + (dy * stride + dx)] = colours

    def _allocate(self, width: int, height: int) -> None:
        self._size = (width, height)
        n = (width + 2 * PAD) * (height + 2 * PAD)
        self._scalars = vtkUnsignedCharArray()
        self._scalars.SetNumberOfComponents(4)
        self._scalars.SetNumberOfTuples(n)
        flat = numpy_view(self._scalars)
        flat[:] = 0
        self._pixels = flat.reshape(-1).view(np.uint32)
        self._image.SetDimensions(width + 2 * PAD, height + 2 * PAD, 1)
        self._image.GetPointData().SetScalars(self._scalars)


def disc(diameter_px: float) -> list[tuple[int, int]]:
    """Offsets of the pixels of a disc; at least its middle."""
    half = min(diameter_px / 2, PAD - 1.0)
    reach = int(np.ceil(half))
    span = range(-reach, reach + 1)
    # An even diameter has its middle between pixels.
    shift = 0.5 if round(diameter_px) % 2 == 0 else 0.0
    found = [
        (dx, dy)
        for dy in span
        for dx in span
        if np.hypot(dx + shift, dy + shift) <= max(half, 0.3 + shift)
    ]
    return found or [(0, 0)]


def points_size_px(n_inside: int, size_px: tuple[int, int], wanted: float, least: float) -> float:
    """Diameter at which so many points do not lie in heaps, device pixels."""
    roomy = 0.9 * float(np.sqrt(size_px[0] * size_px[1] / max(n_inside, 1)))
    return float(np.clip(roomy, min(least, wanted), wanted))


def _packed(rgba: UInt8Array) -> np.ndarray:
    packed: np.ndarray = np.ascontiguousarray(rgba).view(np.uint32).ravel()
    return packed


def rgba_bytes(colour: Float32Array) -> UInt8Array:
    """(4,) uint8 of (4,) 0..1."""
    made: UInt8Array = np.round(np.clip(colour, 0.0, 1.0) * 255).astype(np.uint8)
    return made
