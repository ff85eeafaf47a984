"""A field between the sensors, draped over the city, with what it rests on drawn on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from scenes.billboards import Billboards, joined, sprite_quads, sprite_table
from scenes.colouring import range_of
from scenes.field_drape import FieldDrape
from scenes.layer import LayerType
from scenes.legend import Legend
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.stems import Lines
from scenes.symbol_marks import rgba_of
from scenes.view import View
from twin.analysis.interpolation import (
    CELLS,
    METHODS,
    Interpolation,
    Method,
    hull_of,
    raster_around,
)
from twin.arrays import Float64Array
from twin.clock import NS_PER_S
from twin.ramps import SEQUENTIAL, Ramp, colours_from_values
from twin.sense.model import OBSERVED_PROPERTIES
from twin.theme import rgb_from_hex

RANK = 12
REFRESH_NS = 2 * NS_PER_S
#: More sensors than this share a coarser raster, so that preparing it takes no second.
MANY = 400
#: Tried in this order while no property is chosen: what is a field in the air, first.
PREFERRED = ("pm25", "noise", "rain", "water_level", "power_load", "parking_occupancy")
AUTO = "as coloured"
#: So many sensors are asked what range they announce.
_ASKED = 64
#: Code of `twin.sense.health.Health`.
_STALE = 1


@dataclass(frozen=True, slots=True)
class HeatMapState:
    """Settings of the heat map."""

    observed: str = field(
        default=AUTO,
        metadata={
            "title": "Of",
            "choices": (AUTO, *OBSERVED_PROPERTIES),
            "help": "Observed property; “as coloured” follows “Colour by”, else takes air or noise",
        },
    )
    method: Method = field(
        default="inverse distance",
        metadata={"choices": METHODS, "help": "How values between sensors are found"},
    )
    reach_m: float = field(
        default=400.0,
        metadata={"title": "Reach", "unit": "m", "min": 50.0, "max": 3000.0,
                  "help": "Nothing is drawn further than this from every sensor"},
    )  # fmt: skip
    strength: float = field(
        default=0.75, metadata={"min": 0.1, "max": 1.0, "help": "How much of the city it covers"}
    )
    ramp: Ramp = field(default="viridis", metadata={"choices": SEQUENTIAL, "help": "Its colours"})
    support: bool = field(
        default=True, metadata={"help": "The sensors it rests on, and the line around them"}
    )


class HeatMapVisual:
    """Interpolates at most every two seconds, and only what has changed."""

    def build(self, stage: Stage) -> None:
        """Make everything, empty."""
        self._stage = stage
        self._drape = FieldDrape(stage, "field")
        scene = stage.theme.scene
        self._hull = Lines(stage.renderer, 1.5 * stage.pixel_ratio)
        self._dots = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        self._line_rgb = np.round(np.array(rgb_from_hex(scene["label_text"])) * 255).astype("u1")
        self._ink = rgba_of(scene["label_text"], 0.9)
        self._halo = rgba_of(scene["label_halo"], 0.9)
        self._known: tuple[object, ...] = ()
        self._asked: tuple[object, ...] = ()
        self._name_of = ""
        self._interpolation: Interpolation | None = None
        self._slots = np.empty(0, np.intp)
        self._drawn: tuple[object, ...] = ()
        self._drawn_ns = 0
        self._visible = True

    def update(self, given: SceneInput, view: View, state: HeatMapState) -> bool:
        """Follow catalogue, values and settings."""
        self._dots.fit(view)
        asked = (given.catalogue_version, given.colour_by, state.observed)
        if asked != self._asked:
            self._asked, self._name_of = asked, wanted_property(given, state.observed)
        name = self._name_of
        moment = (given.catalogue_version, name, state, given.version)
        is_recent = abs(given.now_ns - self._drawn_ns) < REFRESH_NS
        if moment == self._drawn or (moment[:3] == self._drawn[:3] and is_recent):
            return False
        self._drawn, self._drawn_ns = moment, given.now_ns
        slots, points, values = measured(given, name)
        if not len(slots):
            self._show_nothing()
            return True
        self._prepare(state, points)
        self._draw(given, name, state, values)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide field, support and legend."""
        self._visible = visible
        self._drape.set_visible(visible)
        self._hull.set_visible(visible)
        self._dots.set_visible(visible)
        if not visible:
            self._stage.set_legend("field", None)
        self._drawn = ()

    def dispose(self) -> None:
        """Take everything out."""
        self._stage.set_legend("field", None)
        self._drape.dispose()
        self._hull.dispose()
        self._dots.dispose()

    def _prepare(self, state: HeatMapState, points: Float64Array) -> None:
        """Weights and support, again only for other sensors or another method."""
        known = (points.tobytes(), state.method, state.reach_m, state.support)
        if known == self._known:
            return
        self._known = known
        cells = CELLS if len(points) <= MANY else CELLS // 2
        raster = raster_around(points[:, :2], state.reach_m, cells)
        self._interpolation = Interpolation(points[:, :2], state.reach_m, state.method, raster)
        self._show_support(points if state.support else points[:0])

    def _draw(
        self, given: SceneInput, name: str, state: HeatMapState, values: Float64Array
    ) -> None:
        if self._interpolation is None:
            return
        title, unit, vmin, vmax = property_range(given, name, values)
        grid = self._interpolation.field(values)
        rgba = colours_from_values(grid.ravel().astype(float), vmin, vmax, state.ramp)
        raster = self._interpolation.raster
        self._drape.set_field(raster, rgba.reshape(*grid.shape, 4), state.strength)
        self._drape.set_visible(self._visible)
        n = len(values)
        sensors = f"{n:,} sensor{'s' if n != 1 else ''}"
        self._stage.set_legend(
            "field",
            Legend(
                title=title,
                unit=unit,
                vmin=vmin,
                vmax=vmax,
                ramp=state.ramp,
                note=f"{state.method}, {state.reach_m:.0f} m around {sensors}",
            ),
        )

    def _show_support(self, points: Float64Array) -> None:
        feet = points.astype(np.float32)
        feet[:, 2] += 1.0
        zero = np.zeros((len(feet), 2), np.float32)
        dot = np.repeat(sprite_table([self._stage.atlas.symbol("dot")]), len(feet), axis=0)
        self._dots.set_quads(joined([sprite_quads(dot, feet, zero, self._ink, self._halo)]))
        corners = hull_of(points[:, :2]) if len(points) > 2 else np.empty((0, 2))
        ring = np.column_stack([corners, np.full(len(corners), self._height(points))])
        ends = np.stack([ring[:-1], ring[1:]], axis=1) if len(ring) else np.zeros((0, 2, 3))
        self._hull.set_lines(ends.astype(np.float32), np.tile(self._line_rgb, (len(ends), 1)))

    def _height(self, points: Float64Array) -> float:
        return float(np.median(points[:, 2])) + 1.0 if len(points) else self._stage.ground_z_m

    def _show_nothing(self) -> None:
        self._drape.set_visible(False)
        self._known = ()
        self._show_support(np.empty((0, 3)))
        self._stage.set_legend("field", None)


def wanted_property(given: SceneInput, chosen: str) -> str:
    """The property to draw: the chosen one, that of "Colour by", or the first of the air."""
    if chosen != AUTO:
        return chosen
    there = {stream.observed_property for stream in given.datastreams}
    return next((name for name in (given.colour_by, *PREFERRED) if name in there), "")


def measured(given: SceneInput, name: str) -> tuple[np.ndarray, Float64Array, Float64Array]:
    """Slots (n,), places (n, 3) and values (n,) of fresh sensors; one for each place."""
    n = 0 if given.observations is None else len(given.observations.values)
    n = min(n, len(given.xyz_local_m))
    slots = np.array(
        [k for k, stream in enumerate(given.datastreams[:n]) if stream.observed_property == name],
        np.intp,
    )
    if given.observations is None or not len(slots):
        return slots[:0], np.empty((0, 3)), np.empty(0)
    values = given.observations.values[slots].astype(float)
    places = given.xyz_local_m[slots].astype(float)
    good = np.isfinite(values) & np.isfinite(places).all(axis=1)
    if len(given.health):
        good &= given.health[slots] != _STALE
    _, first = np.unique(np.round(places[good][:, :2], 1), axis=0, return_index=True)
    rows = np.flatnonzero(good)[np.sort(first)]
    return slots[rows], places[rows], values[rows]


def property_range(
    given: SceneInput, name: str, values: Float64Array
) -> tuple[str, str, float, float]:
    """Title, unit and ends of a property: as its first sensors announce it, known, or seen."""
    those = (k for k, stream in enumerate(given.datastreams) if stream.observed_property == name)
    few = np.array(list(islice(those, _ASKED)), np.intp)
    title, unit, vmin, vmax = range_of(replace(given, colour_by=name), few)
    finite = values[np.isfinite(values)]
    if not vmax > vmin and len(finite):
        vmin, vmax = float(finite.min()), float(finite.max())
    return title, unit, vmin, vmax


LAYER = LayerType(
    id="heat_map",
    title="Heat map",
    state=HeatMapState,
    visual=HeatMapVisual,
    order=24,
    visible_at_start=False,
)
