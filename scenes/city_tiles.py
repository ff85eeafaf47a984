"""The tiles of the city as actors that share one shader, one property and one texture."""

from __future__ import annotations

from collections.abc import Sequence

from vtkmodules.vtkCommonDataModel import vtkDataObject
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkProperty, vtkRenderer
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLShaderProperty

from scenes.city_shader import (
    TILE_FRAGMENT,
    TILE_FRAGMENT_INPUTS,
    TILE_VERTEX,
    TILE_VERTEX_INPUTS,
)
from scenes.shader_part import ShaderPart
from scenes.style_texture import StyleTexture
from scenes.vtk_arrays import triangle_mesh
from twin.tiles.tile import Tile

HATCH_PX = 7.0


class CityTiles:
    """Draws tiles unlit: (surface shade or feature colour) x baked light. GUI thread."""

    def __init__(self, renderer: vtkRenderer, style: StyleTexture, tiles: Sequence[Tile]) -> None:
        self._renderer = renderer
        self.shader = vtkOpenGLShaderProperty()
        self.surface_property = vtkProperty()
        self.surface_property.LightingOff()
        self.surface_property.SetTexture("cityStyle", style.texture)
        self._parts: dict[str, ShaderPart] = {}
        self._write_shader()
        self.set_haze(1e9, 2e9, 0.0, 0.0)
        self._actors = [self._actor(tile) for tile in tiles]
        for actor in self._actors:
            renderer.AddActor(actor)

    def set_haze(self, begin_m: float, end_m: float, most: float, beyond: float) -> None:
        """Far plain surfaces fade into the horizon between two depths, by ``most`` (0..1).

        From there on, up to 2.2 times ``end_m``, what is left fades by the share ``beyond``.
        """
        self.shader.GetVertexCustomUniforms().SetUniform4f("haze", (begin_m, end_m, most, beyond))

    def set_colours(
        self,
        horizon: tuple[float, float, float],
        no_data: tuple[float, float, float],
        pixel_ratio: float,
    ) -> None:
        """Colour of the haze and of the stripes of stale features."""
        uniforms = self.shader.GetFragmentCustomUniforms()
        uniforms.SetUniform3f("horizon", horizon)
        uniforms.SetUniform4f("hatch", (*no_data, HATCH_PX * pixel_ratio))

    def set_part(self, part: ShaderPart) -> None:
        """Add a piece to the shader, or replace that of the same id; costs a compilation."""
        if self._parts.get(part.id) != part:
            self._parts[part.id] = part
            self._write_shader()

    def remove_part(self, part_id: str) -> None:
        """Take a piece out of the shader; nothing happens when it is not there."""
        if self._parts.pop(part_id, None) is not None:
            self._write_shader()

    def set_visible(self, visible: bool) -> None:
        """Show or hide the whole city."""
        for actor in self._actors:
            actor.SetVisibility(visible)

    def dispose(self) -> None:
        """Take all actors out of the renderer."""
        for actor in self._actors:
            self._renderer.RemoveActor(actor)
        self._actors = []

    def _actor(self, tile: Tile) -> vtkActor:
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(
            triangle_mesh(
                tile.points_local_m,
                tile.triangles,
                feature=tile.point_features,
                codeLight=tile.code_light,
            )
        )
        mapper.ScalarVisibilityOff()
        mapper.StaticOn()
        points = vtkDataObject.FIELD_ASSOCIATION_POINTS
        for name in ("feature", "codeLight"):
            mapper.MapDataArrayToVertexAttribute(name, name, points, -1)
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.SetProperty(self.surface_property)
        actor.SetShaderProperty(self.shader)
        return actor

    def _write_shader(self) -> None:
        parts = [part for _, part in sorted(self._parts.items())]
        self.shader.ClearAllShaderReplacements()
        vertex = self.shader.AddVertexShaderReplacement
        inputs = "".join(part.vertex_inputs for part in parts)
        vertex("//VTK::Normal::Dec", True, TILE_VERTEX_INPUTS + inputs, False)
        vertex(
            "//VTK::PositionVC::Impl", True, TILE_VERTEX + "".join(p.vertex for p in parts), False
        )
        fragment = self.shader.AddFragmentShaderReplacement
        inputs = "".join(part.fragment_inputs for part in parts)
        fragment("//VTK::Normal::Dec", True, TILE_FRAGMENT_INPUTS + inputs, False)
        fragment(
            "//VTK::Color::Impl", True, TILE_FRAGMENT + "".join(p.fragment for p in parts), False
        )
