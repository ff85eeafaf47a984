"""Rings around selected things or picked ground; buildings take the accent (city layer)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.billboards import Billboards, no_quads, sprite_quads
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.thing_places import places_of
from scenes.view import View
from twin.arrays import Float32Array
from twin.theme import rgb_from_hex

RANK = 25


@dataclass(frozen=True, slots=True)
class SelectionState:
    """The selection has no settings."""


class SelectionVisual:
    """One ring, or one around each of many."""

    def build(self, stage: Stage) -> None:
        """Make the actor, empty."""
        self._stage = stage
        self._ring = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        self._colour = np.array([*rgb_from_hex(stage.theme.ui["accent"]), 1.0], np.float32)
        self._halo = np.array([*rgb_from_hex(stage.theme.scene["label_halo"]), 1.0], np.float32)
        self._seen: tuple[object, ...] = ()

    def update(self, given: SceneInput, view: View, state: SelectionState) -> bool:  # noqa: ARG002
        """Move the rings to the selected things."""
        self._ring.fit(view)
        picked = self._stage.picked_on_ground(given.selection.feature)
        chosen = given.selection.thing_id, given.selection.things
        seen = (chosen, given.catalogue_version, picked)
        if seen == self._seen:
            return False
        self._seen = seen
        top = self._place(given)
        if top is None:
            self._ring.set_quads(no_quads())
            return True
        sprite = self._stage.atlas.symbol("ring")
        zero = np.zeros((len(top), 2), np.float32)
        sprites = [sprite] * len(top)
        self._ring.set_quads(sprite_quads(sprites, top, zero, self._colour, self._halo))
        return True

    def _place(self, given: SceneInput) -> Float32Array | None:
        """(N, 3) where the rings are, None for none."""
        thing_id = given.selection.thing_id
        wanted = (thing_id,) if thing_id else given.selection.things
        if wanted:
            places = places_of(given, self._stage)
            rows = [places.row_of[one] for one in wanted if one in places.row_of]
            return places.tops_local_m[rows] if rows else None
        picked = self._stage.picked_on_ground(given.selection.feature)
        return None if picked is None else np.array([picked], np.float32)

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._ring.set_visible(visible)

    def dispose(self) -> None:
        """Take the actor out."""
        self._ring.dispose()


LAYER = LayerType(
    id="selection",
    title="Selection",
    state=SelectionState,
    visual=SelectionVisual,
    order=45,
    is_listed=False,
)
