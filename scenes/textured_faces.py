"""Faces with photographs, drawn close above the plain faces of the city."""

from __future__ import annotations

import queue
import threading

import numpy as np
from vtkmodules.vtkCommonCore import vtkDataArray
from vtkmodules.vtkCommonDataModel import vtkDataObject, vtkImageData
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkPolyDataMapper,
    vtkProperty,
    vtkRenderer,
    vtkTexture,
)
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLShaderProperty

from scenes.city_shader import VERTEX_STYLE, VERTEX_STYLE_INPUTS
from scenes.photo_pages import PhotoPage, pages_of
from scenes.style_texture import StyleTexture
from scenes.view import View
from scenes.vtk_arrays import triangle_mesh, vtk_from_numpy
from twin.arrays import Float32Array, Int32Array
from twin.city.asset import CityAsset, TriangleSoup
from twin.tiles.light import base_heights, code_light, feature_tints, unit_normals
from twin.tiles.weld import equal_rows

#: Pages that wait to be attached: the worker stops decoding when the GUI thread is behind.
MOST_WAITING = 2

# Pulled 15 cm and 1.5 mm a metre towards the eye: above the plain faces and their edge lines.
_VERTEX = (
    VERTEX_STYLE
    + """
photoUvVS = photoUv;
photoLightVS = 0.62 + 0.36 * light;
gl_Position.z -= pull * (0.15 / max(gl_Position.w, 0.1) + 0.0015);
if (hidden || plain < 0.5) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
"""
)
_FRAGMENT = """vec3 ambientColor = texture(photograph, photoUvVS).rgb * photoLightVS;
vec3 diffuseColor = vec3(0.0);
float opacity = 1.0;
"""


class TexturedFaces:
    """Decodes a city's photographs on a thread of its own and draws page after page.

    A face whose feature is selected, hidden or has a colour of data leaves its photograph, so
    that the plain face below tells what it has to tell. GUI thread, apart from the decoding.
    """

    def __init__(self, renderer: vtkRenderer, style: StyleTexture, asset: CityAsset) -> None:
        self._renderer = renderer
        self._style = style
        self._asset = asset
        self._actors: list[vtkActor] = []
        self._n_bytes = 0
        self._visible = True
        self._shader = vtkOpenGLShaderProperty()
        self._write_shader()
        self._pages: queue.Queue[tuple[PhotoPage, _Mesh] | None] = queue.Queue(MOST_WAITING)
        self._stopped = threading.Event()
        self._done = False
        self._worker = threading.Thread(target=self._decode, name="photographs", daemon=True)
        self._worker.start()

    @property
    def is_complete(self) -> bool:
        """Whether every page is drawn."""
        return self._done

    @property
    def n_bytes(self) -> int:
        """What the pages drawn so far hold: pixels and meshes, and their copies in graphics."""
        return self._n_bytes

    @property
    def n_pages(self) -> int:
        """Pages drawn so far."""
        return len(self._actors)

    def attach_one(self) -> bool:
        """Draw one more page if it is ready; whether anything drawn has changed."""
        try:
            made = self._pages.get_nowait()
        except queue.Empty:
            return False
        if made is None:
            self._done = True
            return False
        actor = self._actor(*made)
        actor.SetVisibility(self._visible)
        self._actors.append(actor)
        self._n_bytes += _bytes_of(*made)
        self._renderer.AddActor(actor)
        return True

    def update(self, view: View) -> None:
        """Follow the view: how far the faces come forward depends on its near plane."""
        self._shader.GetVertexCustomUniforms().SetUniformf("pull", view.pull)

    def set_visible(self, visible: bool) -> None:
        """Show or hide all photographs."""
        self._visible = visible
        for actor in self._actors:
            actor.SetVisibility(visible)

    def dispose(self) -> None:
        """Stop decoding and take all actors out of the renderer."""
        self._stopped.set()
        while self._worker.is_alive():
            self._drop_waiting()
            self._worker.join(0.01)
        for actor in self._actors:
            self._renderer.RemoveActor(actor)
        self._actors = []

    def _drop_waiting(self) -> None:
        try:
            while True:
                self._pages.get_nowait()
        except queue.Empty:
            return

    # -- on the worker ------------------------------------------------------------------------

    def _decode(self) -> None:
        try:
            for page in pages_of(self._asset, self._stopped.is_set):
                self._pages.put((page, _mesh(self._asset, page)))
                if self._stopped.is_set():
                    break
        finally:
            self._pages.put(None)

    # -- drawing ------------------------------------------------------------------------------

    def _actor(self, page: PhotoPage, mesh: _Mesh) -> vtkActor:
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(
            triangle_mesh(
                mesh.points_local_m,
                mesh.triangles,
                feature=mesh.features,
                codeLight=mesh.code_light,
                photoUv=mesh.uv,
            )
        )
        mapper.ScalarVisibilityOff()
        mapper.StaticOn()
        points = vtkDataObject.FIELD_ASSOCIATION_POINTS
        for name in ("feature", "codeLight", "photoUv"):
            mapper.MapDataArrayToVertexAttribute(name, name, points, -1)
        look = vtkProperty()
        look.LightingOff()
        look.SetTexture("cityStyle", self._style.texture)
        look.SetTexture("photograph", _texture(page))
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.SetProperty(look)
        actor.SetShaderProperty(self._shader)
        actor.PickableOff()
        return actor

    def _write_shader(self) -> None:
        vertex = self._shader.AddVertexShaderReplacement
        outputs = "in vec2 photoUv;\nout vec2 photoUvVS;\nout float photoLightVS;\n"
        vertex("//VTK::Normal::Dec", True, VERTEX_STYLE_INPUTS + outputs, False)
        vertex("//VTK::PositionVC::Impl", True, _VERTEX, False)
        fragment = self._shader.AddFragmentShaderReplacement
        inputs = "in vec2 photoUvVS;\nin float photoLightVS;\n"
        fragment("//VTK::Normal::Dec", True, "//VTK::Normal::Dec\n" + inputs, False)
        fragment("//VTK::Color::Impl", True, _FRAGMENT, False)


def _bytes_of(page: PhotoPage, mesh: _Mesh) -> int:
    """Arrays here and in graphics; pixels there with a fourth byte and a third for mipmaps."""
    arrays = (mesh.points_local_m, mesh.triangles, mesh.features, mesh.code_light, mesh.uv)
    pixels = page.pixels.nbytes
    return 2 * sum(one.nbytes for one in arrays) + pixels + pixels * 16 // 9


class _Mesh:
    """Triangles of one page with shared corners."""

    __slots__ = ("code_light", "features", "points_local_m", "triangles", "uv")

    def __init__(
        self, soup: TriangleSoup, lit: Float32Array, uv: Float32Array, rows: np.ndarray
    ) -> None:
        points = np.ascontiguousarray(soup.corners_local_m[rows].reshape(-1, 3))
        corner_uv = np.ascontiguousarray(uv.reshape(-1, 2), np.float32)
        features = np.repeat(soup.features[rows], 3)
        codes = np.ascontiguousarray(lit.reshape(-1), np.float32)
        columns = np.vstack(
            [
                points.view(np.uint32).T,
                corner_uv.view(np.uint32).T,
                codes.view(np.uint32),
                features.astype(np.uint32),
            ]
        )
        first, group = equal_rows(columns)
        self.points_local_m: Float32Array = points[first]
        self.triangles: Int32Array = group.reshape(-1, 3).astype(np.int32)
        self.features: Float32Array = features[first].astype(np.float32)
        self.code_light: Float32Array = codes[first]
        self.uv: Float32Array = corner_uv[first]


def _mesh(asset: CityAsset, page: PhotoPage) -> _Mesh:
    soup = asset.soup
    part = TriangleSoup(
        corners_local_m=soup.corners_local_m[page.rows],
        features=soup.features[page.rows],
        surfaces=soup.surfaces[page.rows],
    )
    lit = code_light(
        part,
        unit_normals(part.corners_local_m),
        base_heights(part, asset.features.parents),
        feature_tints(asset.features.n_features),
    )
    return _Mesh(soup, lit, page.uv, page.rows)


def _texture(page: PhotoPage) -> vtkTexture:
    height, width = page.pixels.shape[:2]
    image = vtkImageData()
    image.SetDimensions(width, height, 1)
    scalars: vtkDataArray = vtk_from_numpy(page.pixels.reshape(-1, 3))
    image.GetPointData().SetScalars(scalars)
    texture = vtkTexture()
    texture.SetInputData(image)
    texture.SetColorModeToDirectScalars()
    texture.SetInterpolate(not page.is_palette)
    texture.SetMipmap(not page.is_palette)
    texture.SetRepeat(page.repeats)
    texture.SetEdgeClamp(not page.repeats)
    return texture
