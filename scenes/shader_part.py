"""A piece of GLSL that a tool adds to the shader of the city's faces while it is switched on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ShaderPart:
    """What a tool (sun, viewshed, section, height by value …) adds; nothing is paid when it is off.

    Added with ``Stage.add_shader_part``. Uniforms and textures go to ``Stage.surface_shader`` and
    ``Stage.surface_property``, which all tiles of the city share; see `scenes.city_shader` for the
    names in scope. They and the parts outlive a change of theme and of the city.

    Attributes
    ----------
    id : permanent; parts are applied in the order of their ids
    vertex_inputs, fragment_inputs : declarations (uniforms, samplers, in/out)
    vertex : statements at the end of the vertex shader's position code: may read ``vertexMC``,
        ``vertexVC``, ``featureRow``, ``surface``, ``hidden`` and change ``gl_Position``
    fragment : statements after the base colour: may change ``ambientColor``, ``opacity``, discard
    on_edges : whether edge lines take it too (a cut must cut them); its uniforms and textures then
        go to ``Stage.edge_shader`` and ``Stage.edge_property`` as well
    """

    id: str
    vertex_inputs: str = ""
    vertex: str = ""
    fragment_inputs: str = ""
    fragment: str = ""
    on_edges: bool = False
