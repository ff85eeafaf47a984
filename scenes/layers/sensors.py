"""Sensors and actuators on stems above the roofs: calm from afar, never silent about trouble.

What is fine is nothing or a tiny dot from afar, an icon from near. What somebody should look at
(alarm, stale, suspect, selected, target of a running command) always is a whole symbol.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.billboards import Billboards, joined
from scenes.detail import Detail, chosen, details_of
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.stems import Stems
from scenes.symbol_art import KEY_KINDS
from scenes.symbol_marks import SymbolMarks
from scenes.symbols import SymbolSet
from scenes.thing_places import ThingPlaces, places_of
from scenes.view import View
from twin.arrays import BoolArray, Float64Array
from twin.clock import NS_PER_S
from twin.theme import rgb_from_hex

RANK = 20
REFRESH_NS = NS_PER_S // 4
#: One whole symbol for each cell of this size; the others become dots.
CELL_PX = 30.0
#: One dot for each cell of this size, half way and far away.
DOT_CELL_PX, FAR_DOT_CELL_PX = 22.0, 30.0
DOT_GRAB_PX = 6.0
_PRIORITIES = ("critical", "high", "medium", "low")
#: Codes of `twin.sense.health.Health` that somebody should look at.
_STALE, _SUSPECT = 1, 2
_URGENT, _ODD, _KEY = 1e5, 1e3, 10.0


@dataclass(frozen=True, slots=True)
class SensorsState:
    """Settings of the sensor symbols."""

    cell_px: float = field(
        default=CELL_PX,
        metadata={"unit": "px", "min": 16.0, "max": 120.0, "help": "Room for each symbol"},
    )
    dots: bool = field(default=True, metadata={"help": "Sensors far away as small dots"})
    stems: bool = field(default=True, metadata={"help": "Thin lines down to the ground"})


class SensorsVisual:
    """All symbols in one draw, all stems in another."""

    def build(self, stage: Stage) -> None:
        """Make both actors, empty."""
        self._stage = stage
        self._billboards = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        self._stems = Stems(stage.foreground, rgb_from_hex(stage.theme.scene["stem"]))
        self._places = places_of(SceneInput(), stage)
        self._marks = SymbolMarks(stage.atlas, stage.theme, self._places)
        self._is_key = np.zeros(0, bool)
        self._catalogue = -1
        self._seen: tuple[object, ...] = ()
        self._health = b""
        self._drawn_ns = 0

    def update(self, given: SceneInput, view: View, state: SensorsState) -> bool:
        """Lay the symbols out anew when the view, the catalogue, an alarm or a health changed."""
        self._billboards.fit(view)
        if given.catalogue_version != self._catalogue:
            self._catalogue = given.catalogue_version
            self._places = places_of(given, self._stage)
            self._marks = SymbolMarks(self._stage.atlas, self._stage.theme, self._places)
            self._is_key = np.array([kind in KEY_KINDS for kind in self._places.kinds], bool)
        health = self._places.health(given)
        alarms = tuple(sorted(given.alarms.items()))
        seen = (
            view.stamp, state, self._catalogue, alarms, given.selection.thing_id, given.targets,
            self._stage.symbols.stood_for,
        )  # fmt: skip
        # Where the shown time stands still there is nothing to wait for.
        is_recent = 0 < abs(given.now_ns - self._drawn_ns) < REFRESH_NS
        same_health = is_recent or health.tobytes() == self._health
        if seen == self._seen and same_health:
            return False
        self._seen, self._health, self._drawn_ns = seen, health.tobytes(), given.now_ns
        self._lay_out(given, view, state, health)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide symbols and stems."""
        self._billboards.set_visible(visible)
        self._stems.set_visible(visible)
        if not visible:
            self._forget_symbols()
            self._seen = ()

    def dispose(self) -> None:
        """Take both actors out."""
        self._forget_symbols()
        self._billboards.dispose()
        self._stems.dispose()

    def _lay_out(
        self, given: SceneInput, view: View, state: SensorsState, health: np.ndarray
    ) -> None:
        places, ratio = self._places, view.pixel_ratio
        pixels = view.project(places.tops_local_m)
        inside = view.is_inside(pixels, 20.0) & np.isfinite(pixels[:, 0])
        details = details_of(view, pixels, inside)
        weight = weights(given, places, health) + _KEY * self._is_key
        inside &= ~self._stood_for()
        has_icon = (details == Detail.NEAR) | ((details == Detail.MIDDLE) & self._is_key)
        full = chosen(pixels, inside & (has_icon | (weight >= _ODD)), weight, state.cell_px * ratio)
        full |= inside & (weight >= _URGENT)
        rows = np.flatnonzero(full)
        # Far ones first, so that near ones lie above them; what is urgent above all.
        rows = rows[np.lexsort((-pixels[rows, 2], weight[rows] >= _ODD))]
        dots = (
            self._dots(pixels, inside & ~full, details, weight, ratio) if state.dots else rows[:0]
        )
        parts = [self._marks.dots(dots), self._marks.symbols(rows, health, given)]
        self._billboards.set_quads(joined(parts))
        self._stems.set_lines(places.feet_local_m[rows], places.tops_local_m[rows], state.stems)
        self._put_symbols("sensors", rows)
        self._put_symbols("sensor dots", dots, grab_px=DOT_GRAB_PX)

    def _stood_for(self) -> BoolArray:
        """(n,) bool: things that a badge stands for."""
        hidden = np.zeros(len(self._places.ids), bool)
        rows = self._places.row_of
        hidden[[rows[i] for i in self._stage.symbols.stood_for if i in rows]] = True
        return hidden

    def _dots(
        self,
        pixels: Float64Array,
        free: BoolArray,
        details: np.ndarray,
        weight: Float64Array,
        ratio: float,
    ) -> np.ndarray:
        far = free & (details == Detail.FAR)
        dots = chosen(pixels, free & ~far, weight, DOT_CELL_PX * ratio)
        dots |= chosen(pixels, far, weight, FAR_DOT_CELL_PX * ratio)
        return np.flatnonzero(dots)

    def _put_symbols(self, layer_id: str, rows: np.ndarray, **reach: float) -> None:
        ids = [self._places.ids[row] for row in rows.tolist()]
        tops = self._places.tops_local_m[rows]
        symbols = SymbolSet(kind="thing", xyz_local_m=tops, ids=ids, **reach)
        self._stage.symbols.put(layer_id, symbols)

    def _forget_symbols(self) -> None:
        for layer_id in ("sensors", "sensor dots"):
            self._stage.symbols.remove(layer_id)


def weights(given: SceneInput, places: ThingPlaces, health: np.ndarray) -> Float64Array:
    """(n,) how much each thing wants to be seen: selected, alarmed, commanded, then odd ones."""
    weight = np.where((health == _STALE) | (health == _SUSPECT), _ODD, 0.0)
    for thing_id in given.targets:
        _raise(weight, places, thing_id, _URGENT)
    for thing_id, priority in given.alarms.items():
        rank = len(_PRIORITIES) - _PRIORITIES.index(priority)
        _raise(weight, places, thing_id, 10 * _URGENT * rank)
    _raise(weight, places, given.selection.thing_id, 100 * _URGENT)
    return weight


def worth_a_symbol(given: SceneInput, places: ThingPlaces) -> BoolArray:
    """(n,) bool: things that are a symbol of their own however crowded it is."""
    worth: BoolArray = weights(given, places, places.health(given)) >= _ODD
    return worth


def _raise(weight: Float64Array, places: ThingPlaces, thing_id: str, to: float) -> None:
    row = places.row_of.get(thing_id)
    if row is not None:
        weight[row] = max(weight[row], to)


LAYER = LayerType(id="sensors", title="Sensors", state=SensorsState, visual=SensorsVisual, order=40)
