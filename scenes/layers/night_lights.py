"""The city at night, in the dark theme: lit windows, and street lamps as bright as they report."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLPointGaussianMapper

from scenes.colouring import nearest_within
from scenes.feature_texture import FeatureTexture
from scenes.lamps import lamps_of
from scenes.layer import LayerType
from scenes.observed_values import ObservedValues
from scenes.scene_input import SceneInput
from scenes.shader_part import ShaderPart
from scenes.sheet import SPECK_M
from scenes.stage import Stage
from scenes.view import View
from scenes.vtk_arrays import vtk_from_numpy, vtk_points
from twin.arrays import Float64Array
from twin.city.asset import Surface
from twin.city.style_columns import built_rows
from twin.clock import NS_PER_S

REFRESH_NS = 5 * NS_PER_S
#: A group of street lights speaks for the lamps around it.
GROUP_REACH_M = 600.0
_WARM, _GLOW_M = (255, 208, 140), 2.4
#: Windows are cells of a wall, 2.7 m by 3.1 m; which are lit tells a hash of building and cell.
_PART = ShaderPart(
    id="night",
    vertex_inputs="""uniform sampler2D litWindows;
out vec3 nightAtVS;
flat out vec3 nightVS;
""",
    vertex=f"""
nightAtVS = vertexMC.xyz;
nightVS = vec3(surface, fract(float(featureRow) * 0.61803399),
  texelFetch(litWindows, ivec2(featureRow & 4095, featureRow >> 12), 0).r);
if (int(surface) != {int(Surface.WALL)}) nightVS.z = 0.0;
""",
    fragment_inputs="in vec3 nightAtVS;\nflat in vec3 nightVS;\n",
    fragment="""
if (nightVS.z > 0.0 && styleVS.a < 0.25) {
  vec2 away = normalize(cross(dFdx(nightAtVS), dFdy(nightAtVS)).xy + vec2(1e-6, 0.0));
  vec2 wall = vec2(dot(nightAtVS.xy, vec2(-away.y, away.x)) / 2.7, nightAtVS.z / 3.1);
  vec2 cell = floor(wall);
  vec2 inCell = wall - cell;
  float chance = fract(sin(dot(cell, vec2(12.9898, 78.233)) + 37.0 * nightVS.y) * 43758.5453);
  float isLit = step(chance, nightVS.z);
  float pane = step(0.24, inCell.x) * step(inCell.x, 0.72) * step(0.28, inCell.y)
    * step(inCell.y, 0.74);
  // Far windows are smaller than a pixel: the wall glows as bright as they are together.
  float blur = smoothstep(0.35, 1.1, max(fwidth(wall.x), fwidth(wall.y)));
  float warmth = 0.7 + 0.6 * fract(chance * 91.7);
  float shine = mix(pane * isLit * warmth, 0.22 * nightVS.z, blur);
  ambientColor += shine * (1.0 - lightVS.y) * vec3(0.85, 0.66, 0.40);
}
""",
)
#: A soft round glow, added to what is behind.
_SPLAT = """//VTK::Color::Impl
float fromMiddle = dot(offsetVCVSOutput.xy, offsetVCVSOutput.xy);
if (fromMiddle > 6.0) discard;
opacity = 0.85 * exp(-1.3 * fromMiddle) * opacity;
"""


@dataclass(frozen=True, slots=True)
class NightLightsState:
    """Settings of the lights at night."""

    windows: float = field(
        default=0.3, metadata={"min": 0.0, "max": 1.0, "help": "Share of windows that are lit"}
    )
    lamps: bool = field(default=True, metadata={"help": "Street lamps"})


class NightLightsVisual:
    """Windows in the shader of the city, lamps as one actor; in the light theme nothing."""

    def build(self, stage: Stage) -> None:
        """Place the lamps."""
        self._stage = stage
        self._is_night = stage.theme.name == "dark"
        features = stage.asset.features
        self._observed = ObservedValues(features)
        self._texture = FeatureTexture()
        self._lamps = lamps_of(stage.asset.streets if self._is_night else None)
        mesh = vtkPolyData()
        # One more far below, unlit: see `scenes.sheet`.
        speck = np.array([[0.0, 0.0, SPECK_M]], np.float32)
        mesh.SetPoints(vtk_points(np.concatenate([self._lamps, speck])))
        self._mesh = mesh
        mapper = vtkOpenGLPointGaussianMapper()
        mapper.SetInputData(mesh)
        mapper.SetVBOShiftScaleMethod(0)
        mapper.SetScaleFactor(_GLOW_M)
        mapper.SetSplatShaderCode(_SPLAT)
        mapper.SetColorModeToDirectScalars()
        mapper.EmissiveOn()
        self._actor = vtkActor()
        self._actor.SetMapper(mapper)
        self._actor.GetProperty().LightingOff()
        # After all solid things: a glow writes no depth, and what came later would cover it.
        self._actor.ForceTranslucentOn()
        self._actor.PickableOff()
        self._actor.UseBoundsOff()
        stage.renderer.AddActor(self._actor)
        self._shares = self._shown_lamps = b""
        self._key: tuple[object, ...] = ()
        self._drawn_ns = 0
        self.set_visible(True)

    def update(self, given: SceneInput, view: View, state: NightLightsState) -> bool:  # noqa: ARG002
        """Follow power and dimming now and then."""
        key = (state, given.catalogue_version, given.version)
        is_recent = abs(given.now_ns - self._drawn_ns) < REFRESH_NS
        if not self._is_night or key == self._key or (key[:2] == self._key[:2] and is_recent):
            return False
        self._key, self._drawn_ns = key, given.now_ns
        self._observed.take(given)
        return self._light_windows(state) | self._light_lamps(given, state)

    def set_visible(self, visible: bool) -> None:
        """Switch all lights on or off."""
        shown = visible and self._is_night
        self._actor.SetVisibility(shown and len(self._lamps) > 0)
        self._key = ()
        if shown:
            self._stage.surface_property.SetTexture("litWindows", self._texture.texture)
            self._stage.add_shader_part(_PART)
        else:
            self._stage.drop_shader_part(_PART.id)

    def dispose(self) -> None:
        """Take the lights away."""
        self.set_visible(False)
        self._stage.surface_property.RemoveTexture("litWindows")
        self._stage.renderer.RemoveActor(self._actor)

    def _light_windows(self, state: NightLightsState) -> bool:
        """Where the power used is measured, more of it lights more windows."""
        features = self._stage.asset.features
        share = np.where(built_rows(features), state.windows, 0.0)
        if "power_load" in self._observed.columns:
            known = self._observed.range_of("power_load")
            most = known.vmax if known is not None and known.vmax else 1.0
            used = np.clip(self._observed.values("power_load") / most, 0.0, 1.0)
            share = np.where(np.isnan(used), share, share * (0.4 + 1.2 * used))
        pairs = np.column_stack([share, 0.0 * share]).astype(np.float32)
        if np.round(pairs, 2).tobytes() == self._shares:
            return False
        self._shares = np.round(pairs, 2).tobytes()
        self._texture.set_pairs(pairs)
        self._texture.texture.Modified()
        self._actor.Modified()  # the kept picture is stale
        return True

    def _light_lamps(self, given: SceneInput, state: NightLightsState) -> bool:
        bright = self._brightness(given) if state.lamps else np.zeros(len(self._lamps))
        rgba = np.zeros((len(bright) + 1, 4), np.uint8)
        rgba[:, :3] = _WARM
        rgba[:-1, 3] = np.round(255 * bright)
        if rgba.tobytes() == self._shown_lamps:
            return False
        self._shown_lamps = rgba.tobytes()
        self._mesh.GetPointData().SetScalars(vtk_from_numpy(rgba))
        self._mesh.Modified()
        return True

    def _brightness(self, given: SceneInput) -> Float64Array:
        """(n,) 0..1: what the nearest group of street lights reports, fully lit without any."""
        n = 0 if given.observations is None else len(given.observations.values)
        slots = np.array(
            [k for k, s in enumerate(given.datastreams[:n]) if s.observed_property == "dimming"],
            np.intp,
        )
        if given.observations is None or not len(slots):
            return np.ones(len(self._lamps))
        places = given.xyz_local_m[slots, :2].astype(float)
        nearest = nearest_within(self._lamps[:, :2].astype(float), places, GROUP_REACH_M)
        level = np.append(np.nan_to_num(given.observations.values[slots], nan=100.0), 100.0)
        bright: Float64Array = np.clip(level[nearest] / 100.0, 0.0, 1.0)
        return bright


LAYER = LayerType(
    id="night_lights",
    title="Night lights",
    state=NightLightsState,
    visual=NightLightsVisual,
    order=13,
    visible_at_start=False,
)
