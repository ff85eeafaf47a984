"""GLSL of sun and shadows: the baked light is exchanged for that of the true sun.

Uniforms (VTK declares those that are set): ``sunNear`` and ``sunFar``, atlas from local;
``sunDir``; ``sunTint`` and ``skyTint``; ``sunTexels``: size of the atlas in texels and how far in
metres a point of each cell is moved off its face; ``depthPass``.
"""

from __future__ import annotations

from scenes.shader_part import ShaderPart
from twin.tiles.light import SUN

PART_ID = "50-sun"
#: Cells of the depth map: near the middle of the picture, and the whole city.
NEAR_CELL, FAR_CELL, N_CELLS = 0, 1, 2

#: How much of the sun is seen from a point: for the city and for the sheet under it.
LOOK_UP = """
// How much of the sun a point of the atlas sees: bilinear over four comparisons.
float sunSeen(sampler2D map, vec3 at) {
  vec2 texel = at.xy * sunTexels.xy - 0.5;
  ivec2 low = ivec2(floor(texel));
  vec2 share = texel - vec2(low);
  vec4 depths = vec4(
    texelFetch(map, low, 0).r, texelFetch(map, low + ivec2(1, 0), 0).r,
    texelFetch(map, low + ivec2(0, 1), 0).r, texelFetch(map, low + ivec2(1, 1), 0).r);
  vec4 open = step(vec4(at.z), depths);
  return mix(mix(open.x, open.y, share.x), mix(open.z, open.w, share.x), share.y);
}
float sunLit(sampler2D map, vec3 position, vec3 normal) {
  vec3 at = (sunNear * vec4(position + normal * sunTexels.z, 1.0)).xyz;
  vec2 edge = 2.0 / sunTexels.xy;
  if (all(greaterThan(at.xy, edge)) && at.x < 0.5 - edge.x && at.y < 1.0 - edge.y)
    return sunSeen(map, at);
  at = (sunFar * vec4(position + normal * sunTexels.w, 1.0)).xyz;
  if (at.x > 0.5 + edge.x && all(lessThan(at.xy, 1.0 - edge)) && at.y > edge.y)
    return sunSeen(map, at);
  return 1.0;
}
"""
_BAKED_SUN = f"vec3({SUN[0]:.5f}, {SUN[1]:.5f}, {SUN[2]:.5f})"
_FRAGMENT = f"""
if (depthPass == 0) {{
  vec3 sunNormal = normalize(cross(dFdx(sunPosVS), dFdy(sunPosVS)));
  float sky = 0.28 + 0.42 * (0.5 + 0.5 * sunNormal.z);
  float baked = sky + 0.55 * max(dot(sunNormal, {_BAKED_SUN}), 0.0);
  float facing = dot(sunNormal, sunDir);
  // The haze keeps the light of the sky behind it, and dims only at night.
  float hazeLight = clamp(0.35 + 3.0 * sunDir.z, 0.35, 1.0);
  float lit = facing > 0.0 ? sunLit(sunDepth, sunPosVS, sunNormal) * pow(facing, 0.7) : 0.0;
  vec3 ratio = (sky * skyTint + lit * sunTint) / baked;
  ambientColor = base * lightVS.x * ratio + horizon * lightVS.y * hazeLight;
}}
"""
SUN_PART = ShaderPart(
    id=PART_ID,
    vertex_inputs="\nout vec3 sunPosVS;\n",
    vertex="\nsunPosVS = vertexMC.xyz;\n",
    fragment_inputs="\nin vec3 sunPosVS;\n" + LOOK_UP,
    fragment=_FRAGMENT,
)
