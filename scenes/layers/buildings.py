"""The city itself: faces, edge lines, and the colour of each building."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.city_tiles import CityTiles
from scenes.colouring import Colouring
from scenes.edge_lines import EdgeLines
from scenes.layer import LayerType
from scenes.scene_input import SceneInput, Selected
from scenes.stage import Stage
from scenes.street_colours import STREET_PROPERTIES, ramp_colours, streets_of
from scenes.street_ribbons import StreetRibbons
from scenes.view import View
from twin.city.residents import ResidentFeatures
from twin.clock import NS_PER_S
from twin.ramps import Ramp
from twin.theme import rgb_from_hex

#: Live colours move at most this often; more is flicker, not information.
RECOLOUR_NS = NS_PER_S // 4
#: How much the far side of the city fades; beyond it the country fades almost wholly.
_HAZE = {"light": 0.30, "dark": 0.24}
_HAZE_BEYOND = 0.92
#: How far one sees over a streamed city: so far, and so many times the height of the eye.
_SIGHT_M, _SIGHT_HEIGHTS = 6000.0, 14.0
_EDGES = {"light": 0.34, "dark": 0.5}


@dataclass(frozen=True, slots=True)
class BuildingsState:
    """Settings of the city layer."""

    edges: bool = field(default=True, metadata={"help": "Thin lines along creases"})
    haze: bool = field(default=True, metadata={"help": "Far tiles fade into the horizon"})
    ramp: Ramp = field(default="cividis", metadata={"help": "Colours of numbers"})
    reach_m: float = field(
        default=250.0,
        metadata={"unit": "m", "min": 10.0, "max": 2000.0, "help": "How far a sensor speaks for"},
    )


class BuildingsVisual:
    """Tiles, edges and style texture of one city."""

    def build(self, stage: Stage) -> None:
        """Make one actor a tile."""
        self._stage = stage
        theme = stage.theme
        self._tiles = CityTiles(stage.renderer, stage.look, stage.geometry.meshes)
        self._edges = EdgeLines(stage.renderer, stage.look, stage.geometry.edges)
        self._edges.set_strength(_EDGES.get(theme.name, 0.4))
        no_data = rgb_from_hex(theme.scene["no_data"])
        stage.look.set_colours(rgb_from_hex(theme.scene["horizon"]), no_data, stage.pixel_ratio)
        red, green, blue = (round(255 * c) for c in no_data)
        self._no_data = (red, green, blue)
        self._colouring = Colouring(stage.asset, self._no_data)
        self._ribbons = StreetRibbons(stage.renderer)
        self._streets_key = (-1, "")
        self._is_painted = False
        self._edges_on = True
        self._drawn = self._loaded = -1
        self._seen = b""
        self._key: tuple[str, int, str, float] | None = None
        self._moment = (-1, b"")
        self._painted_ns = 0
        self._selected: tuple[int, tuple[int, ...], int] = (-1, (), 0)

    def update(self, given: SceneInput, view: View, state: BuildingsState) -> bool:
        """Recolour when due, mark the selection, choose the edges for a new view."""
        changed = self._paint(given, state) | self._select(given.selection)
        changed |= self._ribbons.fit(view)
        streamed = self._stage.streamed
        drawn = 0 if streamed is None else streamed.version
        edges_on = state.edges and self._stage.draws_edges
        stamp = view.stamp + repr((edges_on, state.haze, drawn)).encode()
        if stamp != self._seen:
            self._seen = stamp
            self._edges_on = edges_on
            if streamed is not None and drawn != self._drawn:
                self._drawn = drawn
                self._edges.set_streamed(streamed.edge_meshes)
            self._edges.set_visible(edges_on)
            self._edges.update(view)
            self._set_haze(view, state)
            changed = True
        return changed

    def set_visible(self, visible: bool) -> None:
        """Show or hide faces and edges."""
        self._tiles.set_visible(visible)
        if self._stage.streamed is not None:
            self._stage.streamed.set_visible(visible)
        self._ribbons.set_visible(visible)
        self._edges.set_visible(visible and self._edges_on)
        self._seen = b""

    def dispose(self) -> None:
        """Take the city out of the renderer."""
        self._tiles.dispose()
        self._edges.dispose()
        self._ribbons.dispose()

    def _set_haze(self, view: View, state: BuildingsState) -> None:
        middle, radius_m = self._stage.built
        middle_m = float(np.linalg.norm(view.position_m - middle))
        most = _HAZE.get(self._stage.theme.name, 0.4) if state.haze else 0.0
        beyond = _HAZE_BEYOND if state.haze else 0.0
        begin_m = max(middle_m - radius_m, 0.5 * radius_m)
        end_m = middle_m + 1.1 * radius_m
        if self._stage.streamed is not None:  # a metropolis fades long before its far side
            height_m = float(view.position_m[2]) - self._stage.ground_z_m
            sight_m = _SIGHT_M + _SIGHT_HEIGHTS * max(height_m, 0.0)
            begin_m, end_m = min(begin_m, 0.4 * sight_m), min(end_m, sight_m)
        self._stage.look.set_haze(begin_m, end_m, most, beyond)

    def _paint(self, given: SceneInput, state: BuildingsState) -> bool:
        key = (given.colour_by, given.catalogue_version, state.ramp, state.reach_m)
        moment = (given.version, given.health.tobytes()) if given.colour_by else (-1, b"")
        features = self._stage.asset.features
        loaded = features.version if isinstance(features, ResidentFeatures) else 0
        has_come, self._loaded = bool(given.colour_by) and loaded != self._loaded, loaded
        if (key, moment) == (self._key, self._moment) and not has_come:
            return False
        if key == self._key and not has_come and abs(given.now_ns - self._painted_ns) < RECOLOUR_NS:
            return False
        self._key, self._moment, self._painted_ns = key, moment, given.now_ns
        streets = self._paint_streets(given, state)
        painted = None if streets else self._colouring.paint(given, state.ramp, state.reach_m)
        if painted is not None:
            self._stage.set_legend("city", painted.legend)
            self._stage.style.set_colours(painted.rgba)
        elif self._is_painted:
            self._stage.style.clear_colours()
        was_painted, self._is_painted = self._is_painted, painted is not None
        if streets or painted is not None:
            return True
        return self._stage.set_legend("city", None) | was_painted

    def _paint_streets(self, given: SceneInput, state: BuildingsState) -> bool:
        """Colour the streets instead of the houses, where they report the property themselves."""
        is_theirs = given.colour_by in STREET_PROPERTIES
        streets = streets_of(given, given.colour_by if is_theirs else "")
        key = (given.catalogue_version, given.colour_by)
        if key != self._streets_key:
            self._streets_key = key
            self._ribbons.set_paths(streets.paths_local_m)
        if not len(streets.slots):
            return False
        rgb, legend = ramp_colours(given, streets, state.ramp, self._no_data)
        self._ribbons.set_colours(rgb)
        self._stage.set_legend("city", legend)
        return True

    def _select(self, selection: Selected) -> bool:
        feature, many = selection.feature, selection.features
        features = self._stage.asset.features
        loaded = features.version if isinstance(features, ResidentFeatures) else 0
        if (feature, many, loaded) == self._selected:
            return False
        self._selected = (feature, many, loaded)
        parts = np.flatnonzero(np.isin(features.parents, many)) if many else ()
        rows = np.array([*many, *parts], np.intp)
        if self._stage.is_marked(feature):
            rows = self._stage.family_of(feature)
        return self._stage.style.set_selected(rows)


LAYER = LayerType(
    id="buildings",
    title="City model",
    state=BuildingsState,
    visual=BuildingsVisual,
    order=10,
)
