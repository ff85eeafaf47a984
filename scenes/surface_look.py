"""The shader, the property and the texture that everything of the city's model is drawn with."""

from __future__ import annotations

from vtkmodules.vtkRenderingCore import vtkProperty, vtkTexture
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLShaderProperty

from scenes.city_shader import (
    EDGE_FRAGMENT,
    EDGE_FRAGMENT_INPUTS,
    EDGE_VERTEX,
    EDGE_VERTEX_INPUTS,
    TILE_FRAGMENT,
    TILE_FRAGMENT_INPUTS,
    TILE_VERTEX,
    TILE_VERTEX_INPUTS,
)
from scenes.shader_part import ShaderPart

HATCH_PX = 7.0


class SurfaceLook:
    """How faces and edge lines look, whichever tile they belong to. GUI thread.

    Made once a scene: it outlives cities and themes, and so do the parts that tools add.

    Attributes
    ----------
    surface_shader, surface_property : of all faces
    edge_shader, edge_property : of all edge lines
    """

    def __init__(self) -> None:
        self.surface_shader = vtkOpenGLShaderProperty()
        self.surface_property = vtkProperty()
        self.surface_property.LightingOff()
        self.edge_shader = vtkOpenGLShaderProperty()
        self.edge_property = vtkProperty()
        self.edge_property.LightingOff()
        self._parts: dict[str, ShaderPart] = {}
        self._write()
        self.set_haze(1e9, 2e9, 0.0, 0.0)

    @property
    def parts(self) -> tuple[ShaderPart, ...]:
        """The parts that are switched on, in the order they are applied."""
        return tuple(part for _, part in sorted(self._parts.items()))

    @property
    def version(self) -> tuple[int, ...]:
        """Moves when shaders or uniforms change, which no prop tells."""
        return tuple(
            known.GetMTime()
            for shader in (self.surface_shader, self.edge_shader)
            for known in (
                shader,
                shader.GetVertexCustomUniforms(),
                shader.GetFragmentCustomUniforms(),
            )
        )

    def set_style_texture(self, texture: vtkTexture) -> None:
        """Take the colours of another city."""
        for shared in (self.surface_property, self.edge_property):
            if shared.GetTexture("cityStyle") is not None:
                shared.RemoveTexture("cityStyle")
            shared.SetTexture("cityStyle", texture)

    def set_haze(self, begin_m: float, end_m: float, most: float, beyond: float) -> None:
        """Far plain surfaces fade into the horizon between two depths, by ``most`` (0..1).

        From there on, up to 2.2 times ``end_m``, what is left fades by the share ``beyond``.
        """
        uniforms = self.surface_shader.GetVertexCustomUniforms()
        uniforms.SetUniform4f("haze", (begin_m, end_m, most, beyond))

    def set_colours(
        self,
        horizon: tuple[float, float, float],
        no_data: tuple[float, float, float],
        pixel_ratio: float,
    ) -> None:
        """Colour of the haze and of the stripes of stale features."""
        uniforms = self.surface_shader.GetFragmentCustomUniforms()
        uniforms.SetUniform3f("horizon", horizon)
        uniforms.SetUniform4f("hatch", (*no_data, HATCH_PX * pixel_ratio))

    def add_part(self, part: ShaderPart) -> None:
        """Add a piece to the shaders, or replace that of the same id; costs a compilation."""
        if self._parts.get(part.id) != part:
            self._parts[part.id] = part
            self._write()

    def drop_part(self, part_id: str) -> None:
        """Take a piece out of the shaders; nothing happens when it is not there."""
        if self._parts.pop(part_id, None) is not None:
            self._write()

    def _write(self) -> None:
        edged = tuple(part for part in self.parts if part.on_edges)
        _write_shader(
            self.surface_shader,
            self.parts,
            (TILE_VERTEX_INPUTS, TILE_VERTEX, TILE_FRAGMENT_INPUTS, TILE_FRAGMENT),
        )
        _write_shader(
            self.edge_shader,
            edged,
            (EDGE_VERTEX_INPUTS, EDGE_VERTEX, EDGE_FRAGMENT_INPUTS, EDGE_FRAGMENT),
        )


def _write_shader(
    shader: vtkOpenGLShaderProperty, parts: tuple[ShaderPart, ...], base: tuple[str, str, str, str]
) -> None:
    """Put the base and the parts where VTK's own shader has its tags."""
    shader.ClearAllShaderReplacements()
    vertex, fragment = shader.AddVertexShaderReplacement, shader.AddFragmentShaderReplacement
    dec, position, colour = "//VTK::Normal::Dec", "//VTK::PositionVC::Impl", "//VTK::Color::Impl"
    vertex(dec, True, base[0] + "".join(part.vertex_inputs for part in parts), False)
    vertex(position, True, base[1] + "".join(part.vertex for part in parts), False)
    fragment(dec, True, base[2] + "".join(part.fragment_inputs for part in parts), False)
    fragment(colour, True, base[3] + "".join(part.fragment for part in parts), False)
