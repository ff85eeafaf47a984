"""GLSL that city faces and edge lines share: from feature and surface to colour and light.

The style is fetched once a vertex: on software GL that is as quick as a fetch per fragment, and
a hidden feature can leave the picture without ``discard``, which would switch off the early
depth test.
"""

from __future__ import annotations

from twin.tiles.tile import LIGHT_MAX, LIGHT_SCALE

VERTEX_STYLE_INPUTS = """//VTK::Normal::Dec
in float feature;
in float codeLight;
uniform sampler2D cityStyle;
"""

#: Leaves ``style``, ``shade``, ``plain`` (1 = use the shade), ``light`` and ``hidden``.
VERTEX_STYLE = f"""//VTK::PositionVC::Impl
int featureRow = int(feature + 0.5);
float surface = floor(codeLight);
vec4 style = texelFetch(cityStyle, ivec2(featureRow & 4095, 1 + (featureRow >> 12)), 0);
vec3 shade = texelFetch(cityStyle, ivec2(int(surface), 0), 0).rgb;
float plain = style.a < 0.25 ? 1.0 : 0.0;
float light = (codeLight - surface) * {LIGHT_MAX / LIGHT_SCALE:.6f};
// Colours of data keep near their legend: shade tells the form, no more.
light = plain > 0.5 ? light : 0.40 + 0.55 * light;
bool hidden = style.a > 0.002 && style.a < 0.01;
"""

TILE_VERTEX_INPUTS = VERTEX_STYLE_INPUTS + "flat out vec4 styleVS;\nout vec2 lightVS;\n"
TILE_VERTEX = (
    VERTEX_STYLE
    + """
float fade = plain * (haze.z * smoothstep(haze.x, haze.y, gl_Position.w)
  + (1.0 - haze.z) * haze.w * smoothstep(haze.y, 2.2 * haze.y, gl_Position.w));
styleVS = vec4(mix(style.rgb, shade, plain), style.a);
lightVS = vec2(light * (1.0 - fade), fade);
if (hidden) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
"""
)
TILE_FRAGMENT_INPUTS = """//VTK::Normal::Dec
flat in vec4 styleVS;
in vec2 lightVS;
"""
#: Replaces VTK's own colour code (the tag is not repeated).
TILE_FRAGMENT = """vec3 base = styleVS.rgb;
if (styleVS.a > 0.4 && styleVS.a < 0.6)
  base = mod(gl_FragCoord.x + gl_FragCoord.y, hatch.w) < 0.5 * hatch.w ? base : hatch.rgb;
vec3 ambientColor = base * lightVS.x + horizon * lightVS.y;
vec3 diffuseColor = vec3(0.0);
float opacity = 1.0;
"""

EDGE_VERTEX_INPUTS = VERTEX_STYLE_INPUTS + "out vec3 edgeVS;\nout float fadeVS;\n"
EDGE_VERTEX = (
    VERTEX_STYLE
    + """
edgeVS = mix(style.rgb, shade, plain) * light;
fadeVS = 1.0 - smoothstep(0.15 * reach, reach, gl_Position.w);
gl_Position.z -= pull * (0.10 / max(gl_Position.w, 0.1) + 0.0012);
if (hidden) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
"""
)
EDGE_FRAGMENT_INPUTS = "//VTK::Normal::Dec\nin vec3 edgeVS;\nin float fadeVS;\n"
EDGE_FRAGMENT = """vec3 ambientColor = edgeVS * (1.0 - edgeStrength * fadeVS);
vec3 diffuseColor = vec3(0.0);
float opacity = 1.0;
"""
