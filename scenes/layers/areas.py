"""Areas and cordons: hatched over ground, roofs and façades, with a border and their name."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.area_raster import raster_of_areas
from scenes.billboards import Billboards, joined, no_quads
from scenes.field_drape import FieldDrape
from scenes.label_layout import Line, TextCache
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.view import View
from twin.city.areas import Area
from twin.marking import AREA_PREFIX
from twin.theme import rgb_from_hex

RANK = 38
#: Names stand so far above the roofs around them, metres.
LIFT_M = 10.0


@dataclass(frozen=True, slots=True)
class AreasState:
    """Settings of the areas."""

    strength: float = field(
        default=0.9, metadata={"min": 0.2, "max": 1.0, "help": "How much of the city they cover"}
    )
    names: bool = field(default=True, metadata={"help": "Names of the areas"})


class AreasVisual:
    """Drawn anew only when an area has changed."""

    def build(self, stage: Stage) -> None:
        """Make everything, empty."""
        self._stage = stage
        self._drape = FieldDrape(stage, "areas")
        self._letters = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        theme = stage.theme
        ink, halo = (rgb_from_hex(theme.scene[n]) for n in ("label_text", "label_halo"))
        self._texts = TextCache(stage.atlas, ink, rgb_from_hex(theme.ui["muted"]), halo)
        self._drawn: tuple[object, ...] = ((), AreasState())
        self._visible = True

    def update(self, given: SceneInput, view: View, state: AreasState) -> bool:
        """Follow the areas of the session."""
        self._letters.fit(view)
        if (given.areas, state) == self._drawn:
            return False
        self._drawn = (given.areas, state)
        if given.areas:
            raster, rgba = raster_of_areas(given.areas)
            self._drape.set_field(raster, rgba, state.strength)
        else:
            self._drape.clear()
        self._drape.set_visible(self._visible)
        self._name(given.areas if state.names else ())
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide fill and names."""
        self._visible = visible
        self._drape.set_visible(visible)
        self._letters.set_visible(visible)

    def dispose(self) -> None:
        """Take everything out."""
        self._drape.dispose()
        self._letters.dispose()

    def _name(self, areas: tuple[Area, ...]) -> None:
        parts = [no_quads()]
        for area in areas:
            if area.id.startswith(AREA_PREFIX):  # the layer of marks names those of the room
                continue
            ring = area.rings_local_m()[0]
            at = np.array([[*(0.5 * (ring.min(axis=0) + ring.max(axis=0))), 0.0]], np.float32)
            at[0, 2] = self._stage.ground_z_m
            at[0, 2] = max(float(self._stage.roofs.around(at)[0]), at[0, 2]) + LIFT_M
            block = self._texts.block((Line(area.name, "strong"),), centred=True)
            parts.append(block.quads_at(at[0].astype(float), (0.0, 0.0)))
        self._letters.set_quads(joined(parts))


LAYER = LayerType(
    id="areas", title="Areas and cordons", state=AreasState, visual=AreasVisual, order=26
)
