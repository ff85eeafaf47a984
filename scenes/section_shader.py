"""GLSL of sections: what lies beyond any of up to six planes is not drawn."""

from __future__ import annotations

from collections.abc import Sequence

from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLShaderProperty

from scenes.shader_part import ShaderPart
from twin.analysis.cut import Plane

PART_ID = "10-section"
MOST_PLANES = 6
_NEVER = (0.0, 0.0, 0.0, 1.0)


def section_part(n_planes: int) -> ShaderPart:
    """A part that cuts by so many planes: faces and edge lines alike."""
    tests = " || ".join(f"dot(cut{k}.xyz, cutPosVS) > cut{k}.w" for k in range(n_planes))
    return ShaderPart(
        id=PART_ID,
        vertex_inputs="\nout vec3 cutPosVS;\n",
        vertex="\ncutPosVS = vertexMC.xyz;\n",
        fragment_inputs="\nin vec3 cutPosVS;\n",
        fragment=f"\nif ({tests}) discard;\n",
        on_edges=True,
    )


def write_planes(shader: vtkOpenGLShaderProperty, planes: Sequence[Plane]) -> None:
    """Hand the planes to a shader."""
    uniforms = shader.GetFragmentCustomUniforms()
    for k in range(MOST_PLANES):
        value = _NEVER
        if k < len(planes):
            x, y, z = planes[k].normal.tolist()
            value = (x, y, z, planes[k].offset_m)
        uniforms.SetUniform4f(f"cut{k}", value)
