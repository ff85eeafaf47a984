"""Alarms where nothing of the catalogue stands: a ring and a mark by priority, and how many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.billboards import Billboards, Quads, joined, no_quads, sprite_quads
from scenes.label_layout import Line, TextCache
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.symbol_marks import BADGE_OF_PRIORITY, rgba_of
from scenes.symbols import SymbolSet
from scenes.view import View
from twin.arrays import Float32Array
from twin.operations.alarm_places import AlarmSpot
from twin.theme import rgb_from_hex

RANK = 38


@dataclass(frozen=True, slots=True)
class AlarmSpotsState:
    """Alarms have no settings."""


class AlarmSpotsVisual:
    """One draw for all spots, laid out anew when they change."""

    def build(self, stage: Stage) -> None:
        """Make the actor, empty."""
        self._stage = stage
        self._marks = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        theme = stage.theme
        self._colours = {name: rgba_of(colour) for name, colour in theme.priority.items()}
        self._plate = rgba_of(theme.ui["panel"], 0.92)
        self._halo = rgba_of(theme.scene["label_halo"], 0.9)
        ink = rgb_from_hex(theme.scene["label_text"])
        self._texts = TextCache(stage.atlas, ink, ink, rgb_from_hex(theme.ui["panel"]))
        self._seen: tuple[AlarmSpot, ...] = ()

    def update(self, given: SceneInput, view: View, state: AlarmSpotsState) -> bool:  # noqa: ARG002
        """Draw anew when the spots have changed."""
        self._marks.fit(view)
        if given.alarm_spots == self._seen:
            return False
        self._seen = given.alarm_spots
        self._draw(given.alarm_spots)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._marks.set_visible(visible)
        if not visible:
            self._stage.symbols.remove("alarm spots")
            self._seen = ()

    def dispose(self) -> None:
        """Take the actor out."""
        self._stage.symbols.remove("alarm spots")
        self._marks.dispose()

    def _draw(self, spots: tuple[AlarmSpot, ...]) -> None:
        at = np.array([spot.xyz for spot in spots], np.float32).reshape(-1, 3)
        ids = [spot.alarm_id for spot in spots]
        self._stage.symbols.put("alarm spots", SymbolSet(kind="alarm", xyz_local_m=at, ids=ids))
        if not spots:
            self._marks.set_quads(no_quads())
            return
        # The most urgent last: above the others.
        parts = [self._spot(spot, at[n : n + 1]) for n, spot in reversed([*enumerate(spots)])]
        self._marks.set_quads(joined(parts))

    def _spot(self, spot: AlarmSpot, at: Float32Array) -> Quads:
        atlas, colour = self._stage.atlas, self._colours[spot.priority.value]
        badge = f"badge:{BADGE_OF_PRIORITY[spot.priority.value]}"
        drawn = (("disc", self._plate), ("ring", colour), (badge, colour))
        zero = np.zeros((1, 2), np.float32)
        parts = [
            sprite_quads([atlas.symbol(name)], at, zero, fill, self._halo) for name, fill in drawn
        ]
        told = f"{min(spot.n_alarms, 999)}" if spot.n_alarms > 1 else "!"
        block = self._texts.block((Line(told, "small"),), centred=True)
        parts.append(block.quads_at(at[0].astype(float), (0.0, 0.0)))
        return joined(parts)


LAYER = LayerType(
    id="alarm_spots",
    title="Alarms away from sensors",
    state=AlarmSpotsState,
    visual=AlarmSpotsVisual,
    order=47,
)
