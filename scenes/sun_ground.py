"""Shadows on the bare sheet under a city that brings no terrain."""

from __future__ import annotations

import numpy as np
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLShaderProperty, vtkOpenGLTexture

from scenes.ground import FLAT_LIGHT
from scenes.sun_rig import Frame
from scenes.sun_shader import LOOK_UP
from scenes.vtk_arrays import triangle_mesh
from twin.arrays import Float64Array

#: Above the sheet, so that the depth test takes the shadow.
LIFT_M = 0.05
#: How far beyond the city shadows are drawn, in its radii: the second ring of `scenes.ground`.
REACH = 1.5
_FRAGMENT = """
if (sunDir.z <= 0.0) discard;
float open = sunLit(sunDepth, sheetVS, vec3(0.0, 0.0, 1.0));
if (open > 0.99) discard;
vec3 sky = 0.70 * skyTint;
vec3 sun = pow(sunDir.z, 0.7) * sunTint;
vec3 ambientColor = sheetColour * (sky + open * sun) / (sky + sun);
float share = length(sheetVS.xy - sheetDisc.xy) / sheetDisc.z;
ambientColor = mix(ambientColor, sheetHorizon, clamp((share - 1.05) / 0.45, 0.0, 1.0) * 0.22);
vec3 diffuseColor = vec3(0.0);
float opacity = 1.0;
"""


class SunGround:
    """A disc over the sheet that is drawn only where it lies in shadow. GUI thread.

    Attributes
    ----------
    shader : takes the uniforms of the sun, as the city's shader does
    """

    def __init__(
        self,
        renderer: vtkRenderer,
        city: Frame,
        ground_z_m: float,
        colour: tuple[float, float, float],
        horizon: tuple[float, float, float],
        depth: vtkOpenGLTexture,
    ) -> None:
        self._renderer = renderer
        self.shader = vtkOpenGLShaderProperty()
        self.shader.AddVertexShaderReplacement(
            "//VTK::Normal::Dec", True, "//VTK::Normal::Dec\nout vec3 sheetVS;\n", False
        )
        self.shader.AddVertexShaderReplacement(
            "//VTK::PositionVC::Impl",
            True,
            "//VTK::PositionVC::Impl\nsheetVS = vertexMC.xyz;\n",
            False,
        )
        inputs = "//VTK::Normal::Dec\nin vec3 sheetVS;\n" + LOOK_UP
        fragment = self.shader.AddFragmentShaderReplacement
        fragment("//VTK::Normal::Dec", True, inputs, False)
        fragment("//VTK::Color::Impl", True, _FRAGMENT, False)
        lit = tuple(min(1.0, value * FLAT_LIGHT) for value in colour)
        uniforms = self.shader.GetFragmentCustomUniforms()
        uniforms.SetUniform3f("sheetColour", lit)
        uniforms.SetUniform3f("sheetHorizon", horizon)
        uniforms.SetUniform3f("sheetDisc", (city.x_m, city.y_m, city.radius_m))
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(triangle_mesh(*_disc(city, ground_z_m + LIFT_M)))
        mapper.ScalarVisibilityOff()
        mapper.SetVBOShiftScaleMethod(0)
        self._actor = vtkActor()
        self._actor.SetMapper(mapper)
        self._actor.SetShaderProperty(self.shader)
        self._actor.GetProperty().LightingOff()
        self._actor.GetProperty().SetTexture("sunDepth", depth)
        self._actor.PickableOff()
        self._actor.UseBoundsOff()
        self._actor.VisibilityOff()  # a frame may come before the sun's first uniforms
        renderer.AddActor(self._actor)

    def show(self) -> None:
        """The uniforms of the sun were written: draw from now on."""
        self._actor.VisibilityOn()

    def dispose(self) -> None:
        """Take the disc out of the renderer."""
        self._actor.GetProperty().RemoveTexture("sunDepth")
        self._renderer.RemoveActor(self._actor)


def _disc(city: Frame, z_m: float) -> tuple[np.ndarray, np.ndarray]:
    """A fan over the part of the sheet that has hardly faded yet."""
    n = 64
    angle = np.linspace(0.0, 2 * np.pi, n, endpoint=False)
    rim: Float64Array = np.column_stack([np.cos(angle), np.sin(angle)]) * city.radius_m
    points = np.zeros((n + 1, 3), np.float32)
    points[1:, :2] = rim * REACH
    points += np.array([city.x_m, city.y_m, z_m], np.float32)
    here = np.arange(n)
    fan = np.column_stack([np.zeros(n, int), 1 + here, 1 + (here + 1) % n])
    return points, fan.astype(np.int32)
