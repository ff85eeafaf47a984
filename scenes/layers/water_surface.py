"""Water over the city at a level: tinted by depth, and the buildings that stand in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from scenes.feature_texture import FeatureTexture
from scenes.layer import LayerType
from scenes.legend import Legend, Rgb
from scenes.scene_input import SceneInput
from scenes.shader_part import ShaderPart
from scenes.sheet import Sheet
from scenes.stage import Stage
from scenes.view import View
from twin.city.asset import CityAsset, Surface
from twin.city.style_columns import StyleColumns
from twin.clock import NS_PER_S
from twin.theme import rgb_from_hex

LevelFrom: TypeAlias = Literal["set by hand", "river gauges"]
REFRESH_NS = NS_PER_S
GAUGE = "river_gauge"
#: Deeper than this is drawn as deep as can be, metres.
DEEP_M = 4.0
_ALPHA = 0.34
_PART = ShaderPart(
    id="water",
    vertex_inputs="""uniform sampler2D featureFeet;
out float waterDepthVS;
flat out float wetVS;
""",
    vertex="""
vec2 footAndBuilt = texelFetch(featureFeet, ivec2(featureRow & 4095, featureRow >> 12), 0).rg;
waterDepthVS = waterLevel - vertexMC.z;
wetVS = footAndBuilt.g > 0.5 && footAndBuilt.r < waterLevel - 0.05 ? 1.0 : 0.0;
""",
    fragment_inputs="in float waterDepthVS;\nflat in float wetVS;\n",
    fragment=f"""
ambientColor = mix(ambientColor, wetInk * (0.35 + 0.65 * lightVS.x), 0.55 * wetVS);
if (waterDepthVS > 0.0)
  ambientColor = mix(ambientColor, waterInk, 0.30 + 0.55 * min(waterDepthVS / {DEEP_M:.1f}, 1.0));
""",
)


@dataclass(frozen=True, slots=True)
class WaterSurfaceState:
    """Settings of the water."""

    level_from: LevelFrom = field(
        default="set by hand",
        metadata={"title": "Level", "choices": ("set by hand", "river gauges"),
                  "help": "What tells how high the water stands"},
    )  # fmt: skip
    rise_m: float = field(
        default=2.0,
        metadata={"title": "Rise", "unit": "m", "min": -2.0, "max": 15.0,
                  "help": "By hand: so far above the city's water, or its lowest ground"},
    )  # fmt: skip
    normal_m: float = field(
        default=1.5,
        metadata={"title": "Normal", "unit": "m", "min": -10.0, "max": 20.0,
                  "help": "Gauges: what they read when the water stands as it is drawn"},
    )  # fmt: skip


class WaterSurfaceVisual:
    """A plane for bare ground, a shader part for everything else. Still water, no flow."""

    def build(self, stage: Stage) -> None:
        """Make the plane; look how high every building's foot is."""
        self._stage = stage
        water = np.array(rgb_from_hex(stage.theme.surface["water"]))
        is_dark = stage.theme.name == "dark"
        self._water = np.clip(water * (0.95 if is_dark else 0.72) + [0.0, 0.02, 0.06], 0, 1)
        self._wet = np.array(rgb_from_hex(stage.theme.ui["accent"]))
        self._zero_m = water_height(stage.asset, stage.ground_z_m)
        columns = StyleColumns(stage.asset.features)
        self._feet, _ = columns.feet_and_tops_m()
        self._built = columns.is_built & columns.has_geometry
        self._whole = np.where(columns.parents >= 0, columns.parents, np.arange(columns.n_rows))
        self._texture = FeatureTexture()
        pairs = np.column_stack([np.nan_to_num(self._feet, nan=1e6), self._built])
        self._texture.set_pairs(pairs.astype(np.float32))
        self._sheet = Sheet(stage.renderer)
        self._sheet.actor.GetProperty().SetColor(*self._water)
        self._sheet.actor.GetProperty().SetOpacity(_ALPHA)
        middles = columns.centres_local_m()[self._built]
        ends = np.percentile(middles, (1, 99), axis=0) if len(middles) else np.zeros((2, 2))
        self._middle = ends.mean(axis=0)
        self._half_m = max(1500.0, 5.0 * float((ends[1] - ends[0]).max()))
        self._level_m = float("nan")
        self._drawn_ns = 0
        self._key: tuple[object, ...] = ()
        self.set_visible(True)

    def update(self, given: SceneInput, view: View, state: WaterSurfaceState) -> bool:  # noqa: ARG002
        """Raise or lower the water when its level has changed by a centimetre."""
        key = (state, given.catalogue_version, given.version)
        is_recent = abs(given.now_ns - self._drawn_ns) < REFRESH_NS
        if key == self._key or (key[:2] == self._key[:2] and is_recent):
            return False
        self._key, self._drawn_ns = key, given.now_ns
        rise_m, told = self._rise(given, state)
        level_m = round(self._zero_m + rise_m, 2)
        if level_m == self._level_m:
            return False
        self._level_m = level_m
        self._place(level_m)
        self._tell(rise_m, told)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide the water; hidden it costs nothing."""
        stage = self._stage
        self._sheet.actor.VisibilityOff()
        self._level_m, self._key = float("nan"), ()
        if not visible:
            stage.drop_shader_part(_PART.id)
            stage.set_legend("water", None)
            return
        uniforms = stage.surface_shader.GetFragmentCustomUniforms()
        uniforms.SetUniform3f("waterInk", tuple(self._water))
        uniforms.SetUniform3f("wetInk", tuple(self._wet))
        stage.surface_shader.GetVertexCustomUniforms().SetUniformf("waterLevel", -1e6)
        stage.surface_property.SetTexture("featureFeet", self._texture.texture)
        stage.add_shader_part(_PART)

    def dispose(self) -> None:
        """Let the water run off."""
        self.set_visible(False)
        self._stage.surface_property.RemoveTexture("featureFeet")
        self._sheet.dispose()

    def _rise(self, given: SceneInput, state: WaterSurfaceState) -> tuple[float, str]:
        if state.level_from == "set by hand":
            return state.rise_m, "set by hand"
        values = gauge_values(given)
        if not len(values):
            return 0.0, "no river gauge reports"
        gauges = f"{len(values)} river gauge{'s' if len(values) > 1 else ''}"
        return float(np.median(values)) - state.normal_m, f"median of {gauges}"

    def _place(self, level_m: float) -> None:
        (x, y), half = self._middle, self._half_m
        # The ground sheet leaves no depth behind: under it there is nothing to be seen.
        self._sheet.actor.SetVisibility(level_m > self._stage.ground_z_m)
        self._sheet.place(x - half, y - half, x + half, y + half, level_m)
        self._stage.surface_shader.GetVertexCustomUniforms().SetUniformf("waterLevel", level_m)

    def _tell(self, rise_m: float, told: str) -> None:
        wet = self._built & (self._feet < self._level_m - 0.05)
        n_wet = len(np.unique(self._whole[wet]))
        classes: tuple[tuple[str, Rgb], ...] = (
            ("under water", _rgb(self._water)),
            (f"{n_wet:,} building{'s' if n_wet != 1 else ''} standing in it", _rgb(self._wet)),
        )
        title = f"Water {rise_m:+.2f} m"
        note = f"{told}; still water, no flow"
        self._stage.set_legend("water", Legend(title=title, classes=classes, note=note))


def water_height(asset: CityAsset, ground_z_m: float) -> float:
    """Where the water is drawn: middle height of its surfaces; without any the lowest ground."""
    soup = asset.soup
    z = soup.corners_local_m[soup.surfaces == Surface.WATER][:, :, 2]
    return float(np.median(z)) if z.size else ground_z_m


def gauge_values(given: SceneInput) -> np.ndarray:
    """Levels that river gauges report now, metres."""
    if given.observations is None:
        return np.empty(0)
    n = len(given.observations.values)
    slots = [
        slot
        for slot, stream in enumerate(given.datastreams[:n])
        if stream.observed_property == "water_level"
        and stream.thing_id in given.things
        and given.things[stream.thing_id].kind == GAUGE
    ]
    values = given.observations.values[slots] if slots else np.empty(0)
    return values[np.isfinite(values)]


def _rgb(colour: np.ndarray) -> Rgb:
    red, green, blue = (round(255 * float(c)) for c in colour)
    return red, green, blue


LAYER = LayerType(
    id="water_surface",
    title="Water level",
    state=WaterSurfaceState,
    visual=WaterSurfaceVisual,
    order=14,
    visible_at_start=False,
)
