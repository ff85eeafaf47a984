"""The operator's style: colours by rule, a filter, heights by value. Drawn by the city itself."""

from __future__ import annotations

from dataclasses import dataclass

from scenes.feature_texture import FeatureTexture
from scenes.layer import LayerType
from scenes.legend import Legend
from scenes.observed_values import ObservedValues
from scenes.scene_input import SceneInput
from scenes.shader_part import ShaderPart
from scenes.stage import Stage
from scenes.view import View
from twin.city.cql2_mask import compiled
from twin.city.residents import ResidentFeatures
from twin.city.style import PLAIN, CityStyle, StyleError, StyleOutcome
from twin.city.style_columns import StyleColumns
from twin.city.style_paint import (
    ValueRange,
    shown_of,
    style_colours,
    style_heights,
    style_hidden,
)
from twin.clock import NS_PER_S
from twin.theme import rgb_from_hex

OWNER = "style"
#: Live columns are looked at this often.
REFRESH_NS = NS_PER_S // 2
#: Feature row -> (foot, times its height): the vertex moves up or down with it.
HEIGHTS = ShaderPart(
    id="a-heights",  # first: what tools cut and shade is the changed city
    vertex_inputs="uniform sampler2D featureHeights;\n",
    vertex="""
vec2 footAndGrowth = texelFetch(
  featureHeights, ivec2(featureRow & 4095, featureRow >> 12), 0).rg;
if (footAndGrowth.y != 1.0 && !hidden) {
  float grownZ = footAndGrowth.x + (vertexMC.z - footAndGrowth.x) * footAndGrowth.y;
  gl_Position += MCDCMatrix * vec4(0.0, 0.0, grownZ - vertexMC.z, 0.0);
}
""",
    on_edges=True,
)


@dataclass(frozen=True, slots=True)
class CityStyleState:
    """The style itself comes with the scene's input."""


class CityStyleVisual:
    """Writes into the style texture; has no actors of its own."""

    def build(self, stage: Stage) -> None:
        """Look at the features of the city."""
        self._stage = stage
        features = stage.asset.features
        self._residents = features if isinstance(features, ResidentFeatures) else None
        self._loaded = -1
        self._observed = ObservedValues(features)
        self._columns = StyleColumns(features)
        self._catalogue = -1
        red, green, blue = (round(255 * c) for c in rgb_from_hex(stage.theme.scene["no_data"]))
        self._no_data = (red, green, blue)
        self._heights = FeatureTexture()
        self._key: tuple[object, ...] = (PLAIN, False, 0, 0)
        self._version, self._drawn_ns = -1, 0
        self._is_live = self._is_painted = False

    def update(self, given: SceneInput, view: View, state: CityStyleState) -> bool:  # noqa: ARG002
        """Apply the style when it, the catalogue or a live column it reads has changed."""
        style = given.style
        needs_catalogue = 0 if style.is_plain else given.catalogue_version
        residents = self._residents
        loaded = 0 if residents is None else residents.version
        key = (style, bool(given.colour_by), needs_catalogue, 0 if style.is_plain else loaded)
        is_due = abs(given.now_ns - self._drawn_ns) >= REFRESH_NS
        has_news = self._is_live and is_due and given.version != self._version
        if key == self._key and not has_news:
            return False
        self._key, self._version, self._drawn_ns = key, given.version, given.now_ns
        self._take_columns(given)
        self._apply(style, colours_wanted=not given.colour_by)
        return True

    def set_visible(self, visible: bool) -> None:
        """Nothing of its own to show or hide."""

    def dispose(self) -> None:
        """Give back the plain model."""
        self._stage.style.hide(OWNER, None)
        self._stage.drop_shader_part(HEIGHTS.id)

    def _take_columns(self, given: SceneInput) -> None:
        loaded = 0 if self._residents is None else self._residents.version
        if loaded != self._loaded:
            self._observed = ObservedValues(self._stage.asset.features)
        self._observed.take(given)
        if (given.catalogue_version, loaded) != (self._catalogue, self._loaded):
            self._catalogue, self._loaded = given.catalogue_version, loaded
            self._columns = StyleColumns(self._stage.asset.features, self._observed.columns)

    def _apply(self, style: CityStyle, *, colours_wanted: bool) -> None:
        errors = []
        for part in (self._filter, self._raise, self._paint if colours_wanted else None):
            try:
                if part is not None:
                    part(style)
            except StyleError as error:
                errors.append(str(error))
        self._is_live = self._reads_live(style)
        shown, total = shown_of(self._stage.style.hidden, self._columns)
        self._stage.style_outcome = StyleOutcome(
            n_shown=shown, n_total=total, error=errors[0] if errors else ""
        )

    def _filter(self, style: CityStyle) -> None:
        hide = self._stage.style.hide
        try:
            hide(OWNER, style_hidden(style.filter, self._columns) if style.filter else None)
        except StyleError:
            hide(OWNER, None)
            raise

    def _raise(self, style: CityStyle) -> None:
        if style.height is None:
            self._stage.drop_shader_part(HEIGHTS.id)
            return
        self._heights.set_pairs(style_heights(style.height, self._columns))
        stage = self._stage
        for owner in (stage.surface_property, stage.edge_property):
            owner.SetTexture("featureHeights", self._heights.texture)
        # A picture kept of the old heights must not stay: uniforms are part of its stamp.
        stage.add_shader_part(HEIGHTS)
        stage.surface_shader.Modified()

    def _paint(self, style: CityStyle) -> None:
        stage = self._stage
        if style.colour is None:
            if self._is_painted:
                stage.style.clear_colours()
                stage.set_legend("city", None)
            self._is_painted = False
            return
        known = self._known_range(style.colour.column)
        made = style_colours(style.colour, self._columns, self._no_data, known)
        self._is_painted = True
        stage.style.set_colours(made.rgba)
        stage.set_legend(
            "city",
            Legend(
                title=style.name or made.title,
                unit=made.unit,
                vmin=made.vmin,
                vmax=made.vmax,
                ramp=made.ramp,
                classes=made.classes,
                no_data=self._no_data,
                note=made.note,
            ),
        )

    def _known_range(self, column: str) -> ValueRange | None:
        """As announced; of a streamed city the ends over all of it, loaded or not."""
        if column not in self._stage.asset.features.attributes:
            return self._observed.range_of(column)
        ends = None if self._residents is None else self._residents.statistics(column)
        return None if ends is None else ValueRange(title=column, vmin=ends[0], vmax=ends[1])

    def _reads_live(self, style: CityStyle) -> bool:
        names: set[str] = set()
        if style.filter:
            names |= _columns_of(style.filter)
        if style.colour is not None:
            names |= {style.colour.column}
            for condition in style.colour.conditions:
                names |= _columns_of(condition.expression)
        if style.height is not None:
            names.add(style.height.column)
        live = set(self._observed.columns) - set(self._stage.asset.features.attributes)
        return bool(names & live)


def _columns_of(expression: str) -> frozenset[str]:
    try:
        return compiled(expression).columns
    except StyleError:
        return frozenset()


LAYER = LayerType(
    id="city_style",
    title="Style",
    state=CityStyleState,
    visual=CityStyleVisual,
    order=11,
    is_listed=False,
)
