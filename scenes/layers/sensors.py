"""Sensors as symbols on stems above the roofs: shape by kind, ring by alarm, hollow if stale."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.billboards import Billboards, Quads, joined, no_quads, sprite_quads, sprite_table
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.stems import Stems
from scenes.symbol_art import SYMBOL_OF_KIND
from scenes.symbols import SymbolSet
from scenes.thing_places import ThingPlaces, places_of
from scenes.view import View
from twin.arrays import BoolArray, Float64Array
from twin.clock import NS_PER_S
from twin.theme import rgb_from_hex

RANK = 20
REFRESH_NS = NS_PER_S // 4
#: One full symbol for each cell of this size; the others become dots.
CELL_PX = 30.0
_PRIORITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class SensorsState:
    """Settings of the sensor symbols."""

    cell_px: float = field(
        default=CELL_PX,
        metadata={"unit": "px", "min": 16.0, "max": 120.0, "help": "Room for each symbol"},
    )
    stems: bool = field(default=True, metadata={"help": "Thin lines down to the ground"})


class SensorsVisual:
    """All symbols in one draw, all stems in another."""

    def build(self, stage: Stage) -> None:
        """Make both actors, empty."""
        self._stage = stage
        theme = stage.theme
        self._marks = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        self._stems = Stems(stage.renderer, rgb_from_hex(theme.ui["muted"]))
        self._places = places_of(SceneInput(), stage)
        self._fill = np.array([*rgb_from_hex(theme.scene["label_text"]), 0.92], np.float32)
        self._halo = np.array([*rgb_from_hex(theme.scene["label_halo"]), 1.0], np.float32)
        self._rings = {
            name: np.array([*rgb_from_hex(colour), 1.0], np.float32)
            for name, colour in theme.priority.items()
        }
        self._sprites_for: ThingPlaces | None = None
        self._sprites = np.zeros((2, 0, 6), np.float32)
        self._catalogue = -1
        self._seen: tuple[object, ...] = ()
        self._health = b""
        self._drawn_ns = 0

    def update(self, given: SceneInput, view: View, state: SensorsState) -> bool:
        """Lay the symbols out anew when the view, the catalogue, an alarm or a health changed."""
        self._marks.fit(view)
        if given.catalogue_version != self._catalogue:
            self._catalogue = given.catalogue_version
            self._places = places_of(given, self._stage)
        health = self._places.health(given)
        alarms = tuple(sorted(given.alarms.items()))
        seen = (view.stamp, state, self._catalogue, alarms, given.selection.thing_id)
        is_recent = abs(given.now_ns - self._drawn_ns) < REFRESH_NS
        same_health = is_recent or health.tobytes() == self._health
        if seen == self._seen and same_health:
            return False
        self._seen, self._health, self._drawn_ns = seen, health.tobytes(), given.now_ns
        self._lay_out(given, view, state, health)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide symbols and stems."""
        self._marks.set_visible(visible)
        self._stems.set_visible(visible)
        if not visible:
            self._stage.symbols.remove("sensors")
            self._seen = ()

    def dispose(self) -> None:
        """Take both actors out."""
        self._stage.symbols.remove("sensors")
        self._marks.dispose()
        self._stems.dispose()

    def _lay_out(
        self, given: SceneInput, view: View, state: SensorsState, health: np.ndarray
    ) -> None:
        places = self._places
        pixels = view.project(places.tops_local_m)
        inside = view.is_inside(pixels, 20.0) & np.isfinite(pixels[:, 0])
        weight = _weights(given, places)
        full = chosen(pixels, inside, weight, state.cell_px * view.pixel_ratio)
        rows = np.flatnonzero(inside & ~full)
        parts = [self._dots(places, rows)]
        rows = np.flatnonzero(full)
        rows = rows[np.argsort(-pixels[rows, 2], kind="stable")]  # far ones first
        parts += [self._alarm_rings(given, rows), self._symbols(rows, health)]
        self._marks.set_quads(joined(parts))
        self._stems.set_lines(places.feet_local_m[rows], places.tops_local_m[rows], state.stems)
        ids = [places.ids[row] for row in rows.tolist()]
        tops = places.tops_local_m[rows]
        self._stage.symbols.put("sensors", SymbolSet(kind="thing", xyz_local_m=tops, ids=ids))

    def _dots(self, places: ThingPlaces, rows: np.ndarray) -> Quads:
        sprite = sprite_table([self._stage.atlas.symbol("small")])
        zero = np.zeros((len(rows), 2), np.float32)
        fill = self._fill * np.array([1, 1, 1, 0.75], np.float32)
        return sprite_quads(
            np.repeat(sprite, len(rows), axis=0),
            places.tops_local_m[rows],
            zero,
            fill,
            self._halo,
        )

    def _symbols(self, rows: np.ndarray, health: np.ndarray) -> Quads:
        atlas, places = self._stage.atlas, self._places
        if self._sprites_for is not places:
            self._sprites_for = places
            kinds = [SYMBOL_OF_KIND.get(kind, "dot") for kind in places.kinds]
            solid = sprite_table([atlas.symbol(name) for name in kinds])
            hollow = sprite_table([atlas.symbol(f"hollow:{name}") for name in kinds])
            self._sprites = np.stack([solid, hollow])
        is_hollow = np.isin(health[rows], (1, 3)).astype(int)
        zero = np.zeros((len(rows), 2), np.float32)
        tops = places.tops_local_m[rows]
        return sprite_quads(self._sprites[is_hollow, rows], tops, zero, self._fill, self._halo)

    def _alarm_rings(self, given: SceneInput, rows: np.ndarray) -> Quads:
        drawn = set(rows.tolist())
        alarmed = [self._places.row_of.get(thing_id, -1) for thing_id in given.alarms]
        alarmed = [row for row in alarmed if row in drawn]
        if not alarmed:
            return no_quads()
        sprite = self._stage.atlas.symbol("ring")
        colours = np.array([self._rings[given.alarms[self._places.ids[r]]] for r in alarmed])
        zero = np.zeros((len(alarmed), 2), np.float32)
        tops = self._places.tops_local_m[alarmed]
        return sprite_quads([sprite] * len(alarmed), tops, zero, colours, self._halo)


def _weights(given: SceneInput, places: ThingPlaces) -> Float64Array:
    """(n,) what a symbol is worth: selected and alarmed ones first."""
    weight = np.zeros(len(places.ids))
    for thing_id, priority in given.alarms.items():
        row = places.row_of.get(thing_id)
        if row is not None:
            weight[row] = 1e6 * (len(_PRIORITIES) - _PRIORITIES.index(priority))
    row = places.row_of.get(given.selection.thing_id)
    if row is not None:
        weight[row] = 1e7
    return weight


def chosen(
    pixels: Float64Array, inside: BoolArray, weight: Float64Array, cell_px: float
) -> BoolArray:
    """(n,) bool: the weightiest, then nearest, symbol of each cell of the screen."""
    rows = np.flatnonzero(inside)
    order = rows[np.lexsort((pixels[rows, 2], -weight[rows]))]
    cells = np.floor(pixels[order, :2] / cell_px).astype(np.int64)
    _, first = np.unique(cells[:, 0] * 100_003 + cells[:, 1], return_index=True)
    kept = np.zeros(len(pixels), bool)
    kept[order[first]] = True
    return kept


LAYER = LayerType(id="sensors", title="Sensors", state=SensorsState, visual=SensorsVisual, order=40)
