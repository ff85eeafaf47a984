"""Badges with a number in place of crowded symbols; whatever needs a look stays a symbol."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.billboards import Billboards, Quads, joined, sprite_quads, sprite_table
from scenes.clustering import Clusters, clusters_of
from scenes.detail import Detail, details_of
from scenes.label_layout import Line, TextCache
from scenes.layer import LayerType
from scenes.layers.sensors import worth_a_symbol
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.symbol_marks import rgba_of
from scenes.symbols import Badges
from scenes.thing_places import places_of
from scenes.view import View
from twin.clock import NS_PER_S
from twin.theme import rgb_from_hex

RANK = 18
REFRESH_NS = NS_PER_S


@dataclass(frozen=True, slots=True)
class ClustersState:
    """Settings of the clusters."""

    cell_px: float = field(
        default=90.0,
        metadata={"title": "Cell", "unit": "px", "min": 40.0, "max": 240.0,
                  "help": "Symbols this near to each other become one badge"},
    )  # fmt: skip


class ClustersVisual:
    """One draw; laid out anew for another view or when something calm became worth a look."""

    def build(self, stage: Stage) -> None:
        """Make the actor, empty."""
        self._stage = stage
        self._badges = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        theme = stage.theme
        self._plate = rgba_of(theme.ui["panel"], 0.92)
        self._rim = rgba_of(theme.ui["muted"], 0.55)
        ink = rgb_from_hex(theme.scene["label_text"])
        self._texts = TextCache(stage.atlas, ink, ink, rgb_from_hex(theme.ui["panel"]))
        self._places = places_of(SceneInput(), stage)
        self._catalogue = -1
        self._seen: tuple[object, ...] = ()
        self._drawn_ns = 0

    def update(self, given: SceneInput, view: View, state: ClustersState) -> bool:
        """Group what is calm and crowded, and tell the symbols' layer what it stands for."""
        self._badges.fit(view)
        if given.catalogue_version != self._catalogue:
            self._catalogue = given.catalogue_version
            self._places = places_of(given, self._stage)
        calm = ~worth_a_symbol(given, self._places)
        marks = (tuple(sorted(given.alarms)), given.selection.thing_id, given.targets)
        seen = (view.stamp, state, self._catalogue, marks)
        is_recent = abs(given.now_ns - self._drawn_ns) < REFRESH_NS
        stamp = (*seen, calm.tobytes())
        if stamp == self._seen or (seen == self._seen[:4] and is_recent):
            return False
        self._seen, self._drawn_ns = stamp, given.now_ns
        pixels = view.project(self._places.tops_local_m)
        inside = view.is_inside(pixels, 20.0)
        crowded = details_of(view, pixels, inside) != Detail.NEAR
        found = clusters_of(
            view,
            self._places.tops_local_m,
            pixels,
            inside & calm & crowded,
            state.cell_px * view.pixel_ratio,
        )
        rows = np.flatnonzero(found.of_row >= 0)
        ids = frozenset(self._places.ids[row] for row in rows.tolist())
        badges = Badges(
            middles_local_m=found.middles_local_m, counts=found.counts, spreads_m=found.spreads_m
        )
        self._stage.symbols.stand_for(ids, badges)
        self._badges.set_quads(self._drawn(found, view))
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide; hidden, every symbol speaks for itself."""
        self._badges.set_visible(visible)
        self._seen = ()
        if not visible:
            self._stage.symbols.stand_for(frozenset())

    def dispose(self) -> None:
        """Take the actor out."""
        self._stage.symbols.stand_for(frozenset())
        self._badges.dispose()

    def _drawn(self, found: Clusters, view: View) -> Quads:
        order = np.argsort(-view.project(found.middles_local_m)[:, 2])  # far ones first
        at = found.middles_local_m[order]
        counts = found.counts[order].tolist()
        zero = np.zeros((len(at), 2), np.float32)
        plate = np.repeat(sprite_table([self._stage.atlas.symbol("disc")]), len(at), axis=0)
        parts = [sprite_quads(plate, at, zero, self._plate, self._rim)]
        for place, count in zip(at, counts, strict=True):
            block = self._texts.block((Line(count_text(count), "small"),), centred=True)
            parts.append(block.quads_at(place.astype(float), (0.0, 0.0)))
        return joined(parts)


def count_text(count: int) -> str:
    """A number in at most four signs: 12, 999, 1.2k, 34k."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 9950 else f"{count / 1000:.0f}k"


LAYER = LayerType(
    id="clusters", title="Clusters of sensors", state=ClustersState, visual=ClustersVisual, order=39
)
