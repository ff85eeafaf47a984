"""GLSL of the swipe: left of a line the city has the colours it had before.

Uniforms: ``swipeAt``, pixels from the left of the view; ``swipeOld``, the colours of before, laid
out as the style texture from its row 1 on.
"""

from __future__ import annotations

from scenes.shader_part import ShaderPart
from twin.tiles.tile import LIGHT_MAX, LIGHT_SCALE

PART_ID = "05-swipe"
SWIPE_PART = ShaderPart(
    id=PART_ID,
    vertex_inputs="""
uniform sampler2D swipeOld;
flat out vec4 oldVS;
out float oldLightVS;
""",
    vertex=f"""
vec4 oldStyle = texelFetch(swipeOld, ivec2(featureRow & 4095, 1 + (featureRow >> 12)), 0);
float oldPlain = oldStyle.a < 0.25 ? 1.0 : 0.0;
float oldRaw = (codeLight - surface) * {LIGHT_MAX / LIGHT_SCALE:.6f};
oldVS = vec4(mix(oldStyle.rgb, shade, oldPlain), oldStyle.a);
oldLightVS = (oldPlain > 0.5 ? oldRaw : 0.40 + 0.55 * oldRaw) * (1.0 - fade * oldPlain);
""",
    fragment_inputs="\nflat in vec4 oldVS;\nin float oldLightVS;\n",
    fragment="""
if (gl_FragCoord.x < swipeAt) {
  base = oldVS.rgb;
  if (oldVS.a > 0.4 && oldVS.a < 0.6)
    base = mod(gl_FragCoord.x + gl_FragCoord.y, hatch.w) < 0.5 * hatch.w ? base : hatch.rgb;
  ambientColor = base * oldLightVS + horizon * lightVS.y;
}
""",
)
