"""DRILL over the whole picture, faint: nothing here is real. In pictures and films too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenes.billboards import Billboards, Quads, no_quads, sprite_quads
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.symbol_marks import rgba_of
from scenes.view import View

RANK = 80
WORD = "DRILL"
STRENGTH = 0.16
#: Where the words stand, as shares of the picture from the left bottom.
PLACES = ((0.25, 0.25), (0.75, 0.25), (0.5, 0.5), (0.25, 0.75), (0.75, 0.75))


@dataclass(frozen=True, slots=True)
class DrillMarkState:
    """The mark has no settings, and nobody can switch it off."""


class DrillMarkVisual:
    """Five words in one draw."""

    def build(self, stage: Stage) -> None:
        """Make the actor, empty."""
        self._stage = stage
        self._marks = Billboards(stage.overlay, stage.atlas, RANK, on_screen=True)
        self._ink = rgba_of(stage.theme.frame["drill"], STRENGTH)
        self._is_shown = False

    def update(self, given: SceneInput, view: View, state: DrillMarkState) -> bool:  # noqa: ARG002
        """Follow whether this is a drill."""
        self._marks.fit(view)
        if given.is_drill == self._is_shown:
            return False
        self._is_shown = given.is_drill
        self._marks.set_quads(self._words() if given.is_drill else no_quads())
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide."""
        self._marks.set_visible(visible)

    def dispose(self) -> None:
        """Take the actor out."""
        self._marks.dispose()

    def _words(self) -> Quads:
        at = np.array([(x, y, 0.0) for x, y in PLACES], np.float32)
        sprites = [self._stage.atlas.symbol(f"word:{WORD}")] * len(at)
        zero, clear = np.zeros((len(at), 2), np.float32), np.zeros(4, np.float32)
        return sprite_quads(sprites, at, zero, self._ink, clear)


LAYER = LayerType(
    id="drill_mark",
    title="Drill",
    state=DrillMarkState,
    visual=DrillMarkVisual,
    order=95,
    is_listed=False,
)
