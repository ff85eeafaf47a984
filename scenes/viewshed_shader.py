"""GLSL of a viewshed: what an observer sees is tinted one way, what is hidden another.

Uniforms: ``eyeAt`` (x, y, z, range); ``eyeAtlas`` (width, height, metres a texel per metre of
distance); ``eyeFace0`` … ``eyeFace5``, atlas from local of the six faces of a cube (+x, -x, +y,
-y, +z, -z); ``eyeSeen``, ``eyeHidden`` (red, green, blue, how much); ``depthPass``.
"""

from __future__ import annotations

from scenes.shader_part import ShaderPart

PART_ID = "60-viewshed"
COLUMNS, ROWS = 3, 2

_INPUTS = """
in vec3 eyePosVS;
float eyeOpen(sampler2D map, vec4 at) {
  vec3 p = at.xyz / at.w;
  return step(p.z, texelFetch(map, ivec2(p.xy * eyeAtlas.xy), 0).r);
}
"""
_FRAGMENT = """
if (depthPass == 0) {
  vec3 eyeRay = eyePosVS - eyeAt.xyz;
  float eyeFar = length(eyeRay);
  if (eyeFar < eyeAt.w) {
    vec3 eyeNormal = normalize(cross(dFdx(eyePosVS), dFdy(eyePosVS)));
    float eyeSees = 0.0;
    if (dot(eyeNormal, eyeRay) < 0.0) {
      vec4 at = vec4(eyePosVS + eyeNormal * (0.04 + 1.6 * eyeAtlas.z * eyeFar)
        - eyeRay * (0.05 / max(eyeFar, 0.05)), 1.0);
      vec3 size = abs(eyeRay);
      vec4 place;
      if (size.x >= size.y && size.x >= size.z)
        place = eyeRay.x > 0.0 ? eyeFace0 * at : eyeFace1 * at;
      else if (size.y >= size.z)
        place = eyeRay.y > 0.0 ? eyeFace2 * at : eyeFace3 * at;
      else
        place = eyeRay.z > 0.0 ? eyeFace4 * at : eyeFace5 * at;
      eyeSees = eyeOpen(eyeDepth, place);
    }
    vec4 tint = eyeSees > 0.5 ? eyeSeen : eyeHidden;
    ambientColor = mix(ambientColor, tint.rgb * (0.35 + 0.65 * ambientColor), tint.a);
  }
}
"""
VIEWSHED_PART = ShaderPart(
    id=PART_ID,
    vertex_inputs="\nout vec3 eyePosVS;\n",
    vertex="\neyePosVS = vertexMC.xyz;\n",
    fragment_inputs=_INPUTS,
    fragment=_FRAGMENT,
)
