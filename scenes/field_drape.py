"""A coloured raster laid over the city: ground, roofs and façades take its colours from above."""

from __future__ import annotations

import numpy as np
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkTexture

from scenes.shader_part import ShaderPart
from scenes.sheet import Sheet
from scenes.stage import Stage
from scenes.vtk_arrays import numpy_view
from twin.analysis.interpolation import Raster
from twin.arrays import UInt8Array

#: How far the sheet on bare ground lies above it, metres.
LIFT_M = 0.08


class FieldDrape:
    """One raster of colours (premultiplied) over everything that shows its plain shade.

    Selected features and those coloured by data keep their colour. GUI thread.

    Parameters
    ----------
    part_id : of the shader part; one a drape
    """

    def __init__(self, stage: Stage, part_id: str) -> None:
        self._stage = stage
        self._name = part_id.replace("-", "_")
        self._part = _part(part_id, self._name)
        self._image = vtkImageData()
        self._texture = vtkTexture()
        self._texture.SetInputData(self._image)
        self._texture.InterpolateOn()
        self._texture.MipmapOff()
        self._texture.RepeatOff()
        self._texture.SetColorModeToDirectScalars()
        self._texture.SetPremultipliedAlpha(True)
        self._sheet = Sheet(stage.renderer)
        self._sheet.actor.SetTexture(self._texture)
        self._has_field = False
        self._n_changes = 0.0

    def set_field(self, raster: Raster, rgba: UInt8Array, strength: float) -> None:
        """Show (n_rows, n_columns, 4) uint8, colours not premultiplied, alpha 0 = nothing there."""
        scalars = vtkUnsignedCharArray()
        scalars.SetNumberOfComponents(4)
        scalars.SetNumberOfTuples(raster.n_rows * raster.n_columns)
        weight = strength * rgba[..., 3:].astype(np.float32) / 255.0
        texels = numpy_view(scalars).reshape(rgba.shape)
        texels[..., :3] = np.round(rgba[..., :3] * weight)
        texels[..., 3:] = np.round(255.0 * weight)
        self._image.SetDimensions(raster.n_columns, raster.n_rows, 1)
        self._image.GetPointData().SetScalars(scalars)
        self._image.Modified()
        self._texture.Modified()
        self._place(raster)
        self._has_field = True
        self.set_visible(True)

    def clear(self) -> None:
        """Show nothing any more."""
        self._has_field = False
        self.set_visible(False)

    def set_visible(self, visible: bool) -> None:
        """Show or hide; hidden it costs nothing."""
        shown = visible and self._has_field
        self._sheet.actor.SetVisibility(shown)
        if shown:
            self._stage.surface_property.SetTexture(f"{self._name}Map", self._texture)
            self._stage.add_shader_part(self._part)
        else:
            self._stage.drop_shader_part(self._part.id)
            self._stage.surface_property.RemoveTexture(f"{self._name}Map")

    def dispose(self) -> None:
        """Take it off the city."""
        self.set_visible(False)
        self._sheet.dispose()

    def _place(self, raster: Raster) -> None:
        east, north = raster.size_m
        west, south, z = raster.west_m, raster.south_m, self._stage.ground_z_m + LIFT_M
        self._sheet.place(west, south, west + east, south + north, z)
        box = (west, south, 1.0 / east, 1.0 / north)
        self._stage.surface_shader.GetVertexCustomUniforms().SetUniform4f(f"{self._name}Box", box)
        # The kept picture knows of uniforms, not of what is in a texture.
        self._n_changes = (self._n_changes + 1.0) % 1e6
        uniforms = self._stage.surface_shader.GetFragmentCustomUniforms()
        uniforms.SetUniformf(f"{self._name}Change", self._n_changes)


def _part(part_id: str, name: str) -> ShaderPart:
    return ShaderPart(
        id=part_id,
        vertex_inputs=f"out vec2 {name}VS;\n",
        vertex=f"{name}VS = (vertexMC.xy - {name}Box.xy) * {name}Box.zw;\n",
        fragment_inputs=f"in vec2 {name}VS;\n",
        fragment=f"""
if (styleVS.a < 0.25 && {name}VS == clamp({name}VS, 0.0, 1.0)) {{
  vec4 fieldInk = texture({name}Map, {name}VS + 0.0 * {name}Change);
  float fieldLight = 0.35 + 0.6 * min(lightVS.x / max(1.0 - lightVS.y, 0.05), 1.1);
  ambientColor = ambientColor * (1.0 - fieldInk.a) + fieldInk.rgb * fieldLight;
}}
""",
    )
