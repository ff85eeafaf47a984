"""Flat pictures of constant size on the screen: all symbols or letters of a layer in one draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from vtkmodules.vtkCommonDataModel import vtkDataObject, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkPropAssembly, vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLShaderProperty

from scenes.atlas import Atlas, Font, Sprite
from scenes.view import View
from scenes.vtk_arrays import numpy_view, triangle_mesh
from twin.arrays import Float32Array

Rgba = tuple[float, float, float, float]

#: `Overlay.set_part` of a picture drawn in one go.
WHOLE = (1.0, 1.0, 0.0, 0.0)
_NAMES = ("boxPx", "texel", "fillColour", "haloColour")
_VERTEX_INPUTS = """//VTK::Normal::Dec
in vec2 boxPx;
in vec2 texel;
in vec4 fillColour;
in vec4 haloColour;
out vec2 texelVS;
out vec4 fillVS;
out vec4 haloVS;
"""
_VERTEX = """//VTK::PositionVC::Impl
vec2 anchorPx = onScreen > 0.5 ? vertexMC.xy * viewportPx
  : ((gl_Position.xy / gl_Position.w - part.zw) / part.xy * 0.5 + 0.5) * viewportPx;
if (onScreen > 0.5) gl_Position.w = 1.0;
vec2 cornerPx = floor(anchorPx + 0.5) + boxPx;
if (gl_Position.w > 0.0) {
  gl_Position.xy = ((cornerPx / viewportPx * 2.0 - 1.0) * part.xy + part.zw) * gl_Position.w;
  gl_Position.z = -0.999 * gl_Position.w;
}
texelVS = texel;
fillVS = fillColour;
haloVS = haloColour;
"""
_FRAGMENT_INPUTS = """//VTK::Normal::Dec
in vec2 texelVS;
in vec4 fillVS;
in vec4 haloVS;
"""
_FRAGMENT = """vec2 ink = texelFetch(atlas, ivec2(texelVS), 0).rg;
float body = ink.r * fillVS.a;
float cover = max(body, ink.g * haloVS.a);
vec3 ambientColor = mix(haloVS.rgb, fillVS.rgb, haloVS.a > 0.0 ? ink.r * step(0.001, body) : 1.0);
vec3 diffuseColor = vec3(0.0);
float opacity = cover;
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quads:
    """N rectangles. Pixels are device pixels, y up, relative to the anchor.

    Attributes
    ----------
    anchors : (N, 3) float32 local metres, or 0..1 of the viewport (x, y from the left bottom)
    corners_px : (N, 4, 2) float32, left bottom, right bottom, right top, left top
    texels : (N, 4, 2) float32
    fill, halo : (N, 4, 4) float32 red, green, blue, alpha of each corner
    """

    anchors: Float32Array
    corners_px: Float32Array
    texels: Float32Array
    fill: Float32Array
    halo: Float32Array

    def __len__(self) -> int:
        return len(self.anchors)


def no_quads() -> Quads:
    """Nothing."""
    return Quads(
        anchors=np.zeros((0, 3), np.float32),
        corners_px=np.zeros((0, 4, 2), np.float32),
        texels=np.zeros((0, 4, 2), np.float32),
        fill=np.zeros((0, 4, 4), np.float32),
        halo=np.zeros((0, 4, 4), np.float32),
    )


def joined(parts: Sequence[Quads]) -> Quads:
    """All rectangles of several, later ones on top."""
    parts = [part for part in parts if len(part)] or [no_quads()]
    return Quads(
        anchors=np.concatenate([part.anchors for part in parts]),
        corners_px=np.concatenate([part.corners_px for part in parts]),
        texels=np.concatenate([part.texels for part in parts]),
        fill=np.concatenate([part.fill for part in parts]),
        halo=np.concatenate([part.halo for part in parts]),
    )


def interleaved(lower: Quads, upper: Quads) -> Quads:
    """Pairs: each rectangle of ``upper`` right above the same row of ``lower``."""
    order = np.arange(2 * len(lower)).reshape(2, -1).T.ravel()
    both = joined([lower, upper])
    return Quads(
        anchors=both.anchors[order],
        corners_px=both.corners_px[order],
        texels=both.texels[order],
        fill=both.fill[order],
        halo=both.halo[order],
    )


def sprite_table(sprites: Sequence[Sprite]) -> Float32Array:
    """(N, 6) float32 left, top, width, height, dx, dy of sprites, as `sprite_quads` takes them."""
    rows = [(s.left, s.top, s.width, s.height, s.dx, s.dy) for s in sprites]
    return np.array(rows, np.float32).reshape(-1, 6)


def sprite_quads(
    sprites: Sequence[Sprite] | Float32Array,
    anchors: Float32Array,
    at_px: Float32Array,
    fill: Float32Array,
    halo: Float32Array,
    turn_rad: Float32Array | None = None,
) -> Quads:
    """One rectangle for each sprite.

    Parameters
    ----------
    sprites : N sprites, or the rows of their `sprite_table`
    at_px : (N, 2) pen or middle relative to the anchor, device pixels, y up
    fill, halo : (N, 4) or (4,) 0..1
    turn_rad : (N,) clockwise turn about the middle (symbols only)
    """
    n = len(sprites)
    if n == 0:
        return no_quads()
    table = sprites if isinstance(sprites, np.ndarray) else sprite_table(sprites)
    left, top, width, height, dx, dy = table.T
    box = np.stack([dx, dy, dx + width, dy + height], axis=1)
    corners = box[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(n, 4, 2)
    if turn_rad is not None:
        cos, sin = np.cos(turn_rad)[:, None], np.sin(turn_rad)[:, None]
        x, y = corners[:, :, 0].copy(), corners[:, :, 1].copy()
        corners = np.stack([x * cos + y * sin, y * cos - x * sin], axis=2)
    # Image rows run down, pixels up: the bottom edge has the largest row.
    low, high = top + height, top
    texels = np.stack([left, low, left + width, low, left + width, high, left, high], axis=1)
    return Quads(
        anchors=np.asarray(anchors, np.float32).reshape(-1, 3),
        corners_px=(corners + np.asarray(at_px, np.float32)[:, None, :]).astype(np.float32),
        texels=texels.reshape(n, 4, 2).astype(np.float32),
        fill=_each_corner(fill, n),
        halo=_each_corner(halo, n),
    )


def rectangle(
    anchor: tuple[float, float, float],
    box_px: tuple[float, float, float, float],
    left: Rgba,
    right: Rgba | None = None,
) -> Quads:
    """A plain rectangle (x0, y0, x1, y1) whose colour runs from left to right."""
    x0, y0, x1, y1 = box_px
    end = left if right is None else right
    colours = np.array([[left, end, end, left]], np.float32)
    return Quads(
        anchors=np.array([anchor], np.float32),
        corners_px=np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], np.float32),
        texels=np.full((1, 4, 2), 0.5, np.float32),
        fill=colours,
        halo=np.zeros_like(colours),
    )


def text_quads(
    atlas: Atlas,
    text: str,
    anchor: tuple[float, float, float],
    at_px: tuple[float, float],
    fill: Rgba,
    halo: Rgba,
    font: Font = "body",
    align: float = 0.0,
    spacing_px: float = 0.0,
) -> Quads:
    """A line of text from a pen position; ``align`` 0 = left, 0.5 = middle, 1 = right."""
    sprites = [atlas.glyph(font, character) for character in text]
    advances = np.array([0.0, *[sprite.advance + spacing_px for sprite in sprites]])
    pens = np.round(at_px[0] + np.cumsum(advances)[:-1] - align * advances.sum())
    at = np.column_stack([pens, np.full(len(sprites), np.round(at_px[1]))]).astype(np.float32)
    anchors = np.tile(np.array(anchor, np.float32), (len(sprites), 1))
    clear = np.zeros(4, np.float32)
    # All halos first: the halo of a letter must not cover the letter before it.
    halos = sprite_quads(sprites, anchors, at, clear, np.array(halo))
    return joined([halos, sprite_quads(sprites, anchors, at, np.array(fill), clear)])


def text_width_px(atlas: Atlas, text: str, font: Font = "body", spacing_px: float = 0.0) -> float:
    """Width of a line of text, device pixels."""
    return sum(atlas.glyph(font, character).advance + spacing_px for character in text)


def _each_corner(colour: Float32Array, n: int) -> Float32Array:
    rows = np.broadcast_to(np.asarray(colour, np.float32).reshape(-1, 1, 4), (n, 4, 4))
    return np.ascontiguousarray(rows)


class Overlay:
    """Keeps billboards in a fixed drawing order, above the city. GUI thread.

    All are parts of one assembly, because VTK's culler would sort them by distance.
    """

    def __init__(self, renderer: vtkRenderer) -> None:
        self._renderer = renderer
        self._assembly = vtkPropAssembly()
        self._assembly.PickableOff()
        self._ranked: list[tuple[int, vtkActor]] = []
        renderer.AddViewProp(self._assembly)

    def add(self, actor: vtkActor, rank: int) -> None:
        """Draw an actor above all of lower rank."""
        for _, known in self._ranked:
            self._assembly.RemovePart(known)
        self._ranked.append((rank, actor))
        self._ranked.sort(key=lambda pair: pair[0])
        for _, known in self._ranked:
            self._assembly.AddPart(known)

    def set_part(self, part: tuple[float, float, float, float]) -> None:
        """Draw a part of a larger picture: scale x, y and offset x, y of its clip space."""
        for _, actor in self._ranked:
            uniforms = actor.GetShaderProperty().GetVertexCustomUniforms()
            uniforms.SetUniform4f("part", part)

    def remove(self, actor: vtkActor) -> None:
        """Stop drawing an actor and free what it holds on the graphics card."""
        self._ranked = [pair for pair in self._ranked if pair[1] is not actor]
        self._assembly.RemovePart(actor)
        window = self._renderer.GetRenderWindow()
        if window is not None:
            actor.ReleaseGraphicsResources(window)

    def dispose(self) -> None:
        """Take everything out of the renderer."""
        self._renderer.RemoveViewProp(self._assembly)


class Billboards:
    """The rectangles of one layer. GUI thread."""

    def __init__(self, overlay: Overlay, atlas: Atlas, rank: int, *, on_screen: bool) -> None:
        self._overlay = overlay
        self._atlas = atlas
        self._shader = vtkOpenGLShaderProperty()
        self._write_shader()
        uniforms = self._shader.GetVertexCustomUniforms()
        uniforms.SetUniformf("onScreen", float(on_screen))
        uniforms.SetUniform4f("part", WHOLE)
        self._mapper = vtkPolyDataMapper()
        self._mapper.ScalarVisibilityOff()
        for name in _NAMES:
            points = vtkDataObject.FIELD_ASSOCIATION_POINTS
            self._mapper.MapDataArrayToVertexAttribute(name, name, points, -1)
        self.actor = vtkActor()
        self.actor.SetMapper(self._mapper)
        self.actor.SetShaderProperty(self._shader)
        self.actor.GetProperty().LightingOff()
        self.actor.GetProperty().SetTexture("atlas", atlas.texture)
        self.actor.ForceTranslucentOn()
        self.actor.UseBoundsOff()
        self.actor.PickableOff()
        self._visible = True
        self._size_px = (0, 0)
        self._n = self._capacity = 0
        self._mesh = vtkPolyData()
        self._columns: list[Float32Array] = []
        self._mapper.SetInputData(self._mesh)
        self.actor.VisibilityOff()
        overlay.add(self.actor, rank)

    def set_quads(self, quads: Quads) -> None:
        """Replace all rectangles. Buffers are kept while the number stays about the same."""
        self._n = n = len(quads)
        self.actor.SetVisibility(self._visible and n > 0)
        if n == 0:
            return
        if not self._capacity / 4 <= n <= self._capacity:
            self._allocate(max(8, 1 << (n - 1).bit_length()))
        points, box, texel, fill, halo = self._columns
        points[: 4 * n] = np.repeat(quads.anchors, 4, axis=0)
        points[4 * n :] = quads.anchors[0]
        box[: 4 * n] = quads.corners_px.reshape(-1, 2)
        box[4 * n :] = 0.0  # spare rectangles have no size
        texel[: 4 * n] = quads.texels.reshape(-1, 2)
        fill[: 4 * n] = quads.fill.reshape(-1, 4)
        halo[: 4 * n] = quads.halo.reshape(-1, 4)
        self._mesh.GetPoints().Modified()
        for name in _NAMES:
            self._mesh.GetPointData().GetArray(name).Modified()
        self._mesh.Modified()
        self._atlas.upload()

    def _allocate(self, capacity: int) -> None:
        corner = 4 * np.arange(capacity, dtype=np.int32)[:, None]
        triangles = (corner + np.array([[0, 1, 2, 0, 2, 3]], np.int32)).reshape(-1, 3)
        widths = dict(zip(_NAMES, (2, 2, 4, 4), strict=True))
        self._capacity = capacity
        self._mesh = triangle_mesh(
            np.zeros((4 * capacity, 3), np.float32),
            triangles,
            **{name: np.zeros((4 * capacity, k), np.float32) for name, k in widths.items()},
        )
        arrays = [self._mesh.GetPointData().GetArray(name) for name in _NAMES]
        points = self._mesh.GetPoints().GetData()
        self._columns = [numpy_view(array) for array in (points, *arrays)]
        self._mapper.SetInputData(self._mesh)

    def fit(self, view: View) -> None:
        """Follow the size of the window; call once a frame."""
        if view.size_px != self._size_px:
            self._size_px = view.size_px
            size = (float(view.size_px[0]), float(view.size_px[1]))
            self._shader.GetVertexCustomUniforms().SetUniform2f("viewportPx", size)

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._visible = visible
        self.actor.SetVisibility(visible and self._n > 0)

    def dispose(self) -> None:
        """Take the actor out of the overlay."""
        self._overlay.remove(self.actor)

    def _write_shader(self) -> None:
        self._shader.AddVertexShaderReplacement("//VTK::Normal::Dec", True, _VERTEX_INPUTS, False)
        self._shader.AddVertexShaderReplacement("//VTK::PositionVC::Impl", True, _VERTEX, False)
        fragment = self._shader.AddFragmentShaderReplacement
        fragment("//VTK::Normal::Dec", True, _FRAGMENT_INPUTS, False)
        fragment("//VTK::Color::Impl", True, _FRAGMENT, False)
