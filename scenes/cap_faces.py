"""The faces of a section: hatched areas, and the lines of all that was cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLShaderProperty

from scenes.stems import Lines
from scenes.vtk_arrays import triangle_mesh
from twin.analysis.cut import Cap

HATCH_PX = 9.0
LINE_PX = 1.8
_FRAGMENT = """
float stripe = mod(gl_FragCoord.x - gl_FragCoord.y, hatchPx);
vec3 ambientColor = stripe < 0.16 * hatchPx ? hatchInk : hatchPaper;
vec3 diffuseColor = vec3(0.0);
float opacity = 1.0;
"""


class CapFaces:
    """Draws caps in the city's own renderer, so that what stands before them hides them."""

    def __init__(
        self,
        renderer: vtkRenderer,
        *,
        ink: tuple[float, float, float],
        paper: tuple[float, float, float],
        pixel_ratio: float,
    ) -> None:
        self._renderer = renderer
        self._mapper = vtkPolyDataMapper()
        self._mapper.ScalarVisibilityOff()
        self._mapper.SetResolveCoincidentTopologyToPolygonOffset()
        self._mapper.SetRelativeCoincidentTopologyPolygonOffsetParameters(1.0, 1.0)
        self._actor = vtkActor()
        self._actor.SetMapper(self._mapper)
        self._actor.GetProperty().LightingOff()
        self._actor.PickableOff()
        self._actor.VisibilityOff()
        shader = vtkOpenGLShaderProperty()
        shader.AddFragmentShaderReplacement("//VTK::Color::Impl", True, _FRAGMENT, False)
        uniforms = shader.GetFragmentCustomUniforms()
        uniforms.SetUniform3f("hatchInk", ink)
        uniforms.SetUniform3f("hatchPaper", paper)
        uniforms.SetUniformf("hatchPx", HATCH_PX * pixel_ratio)
        self._actor.SetShaderProperty(shader)
        renderer.AddActor(self._actor)
        self._lines = Lines(renderer, LINE_PX * pixel_ratio)
        self._ink = np.round(np.array(ink) * 255).astype(np.uint8)

    def show(self, caps: Sequence[Cap]) -> None:
        """Replace all."""
        solid = np.concatenate([np.zeros((0, 3, 3)), *[cap.triangles for cap in caps]])
        lines = np.concatenate([np.zeros((0, 2, 3)), *[cap.lines for cap in caps]])
        self._actor.SetVisibility(len(solid) > 0)
        if len(solid):
            corners = np.arange(3 * len(solid), dtype=np.int32).reshape(-1, 3)
            points = solid.reshape(-1, 3).astype(np.float32)
            self._mapper.SetInputData(triangle_mesh(points, corners))
        self._lines.set_lines(lines.astype(np.float32), np.tile(self._ink, (len(lines), 1)))

    def dispose(self) -> None:
        """Take the faces out of the renderer."""
        self._renderer.RemoveActor(self._actor)
        self._lines.dispose()
