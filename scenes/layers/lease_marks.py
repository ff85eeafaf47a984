"""A small lock at each asset that somebody holds: solid = somebody else, hollow = I."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.billboards import Billboards, joined, no_quads, sprite_quads
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.symbol_marks import rgba_of
from scenes.thing_places import places_of
from scenes.view import View

RANK = 36
MOST = 500


@dataclass(frozen=True, slots=True)
class LeaseMarksState:
    """Leases have no settings."""


class LeaseMarksVisual:
    """One draw for all locks."""

    def build(self, stage: Stage) -> None:
        """Make the actor, empty."""
        self._stage = stage
        self._marks = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        theme = stage.theme
        self._mine, self._others = rgba_of(theme.ui["accent"]), rgba_of(theme.scene["label_text"])
        self._halo = rgba_of(theme.scene["label_halo"], 0.9)
        self._seen: tuple[object, int] = ((), -1)

    def update(self, given: SceneInput, view: View, state: LeaseMarksState) -> bool:  # noqa: ARG002
        """Draw anew when a lease or the catalogue has changed."""
        self._marks.fit(view)
        seen = (tuple(given.leases.items()), given.catalogue_version)
        if seen == self._seen:
            return False
        self._seen = seen
        self._draw(given)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._marks.set_visible(visible)

    def dispose(self) -> None:
        """Take the actor out."""
        self._marks.dispose()

    def _draw(self, given: SceneInput) -> None:
        if not given.leases:
            self._marks.set_quads(no_quads())
            return
        places = places_of(given, self._stage)
        parts = []
        for is_mine, name, ink in (
            (False, "lock", self._others),
            (True, "hollow lock", self._mine),
        ):
            held = (asset for asset, mine in given.leases.items() if mine is is_mine)
            rows = [places.row_of[asset] for asset in held if asset in places.row_of][:MOST]
            at = places.tops_local_m[np.array(rows, np.intp)]
            sprites = [self._stage.atlas.symbol(name)] * len(rows)
            zero = np.zeros((len(rows), 2), np.float32)
            parts.append(sprite_quads(sprites, at, zero, ink, self._halo))
        self._marks.set_quads(joined(parts))


LAYER = LayerType(
    id="lease_marks", title="Leases", state=LeaseMarksState, visual=LeaseMarksVisual, order=46
)
