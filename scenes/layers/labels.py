"""Names and values beside symbols: with a halo, never overlapping, the important ones first."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.billboards import Billboards, Quads, joined
from scenes.label_layout import LabelBox, TextCache, place_labels
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.thing_places import ThingPlaces, places_of
from scenes.view import View
from twin.clock import NS_PER_S
from twin.theme import rgb_from_hex

RANK = 40
REFRESH_NS = NS_PER_S // 2
GAP_PX = 15.0
_ALARM = {"critical": 4, "high": 3, "medium": 2, "low": 1}
#: Candidates looked at for one picture, best first.
MOST_CANDIDATES = 600
#: From this weight on (alarmed, selected) a label may cover symbols.
IMPORTANT = 10.0


@dataclass(frozen=True, slots=True)
class LabelsState:
    """Settings of the labels."""

    most: int = field(default=120, metadata={"min": 0, "max": 300, "help": "Most labels at a time"})
    reach_m: float = field(
        default=900.0,
        metadata={
            "unit": "m",
            "min": 50.0,
            "max": 20000.0,
            "help": "Things further away are labelled only when selected or alarmed",
        },
    )
    places: bool = field(default=True, metadata={"help": "Names of hospitals, parks, districts …"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A label that could be drawn."""

    anchor: tuple[float, float, float]
    lines: tuple[str, ...]
    weight: float
    centred: bool = False


class LabelsVisual:
    """All letters in one draw."""

    def build(self, stage: Stage) -> None:
        """Make the actor, empty."""
        self._stage = stage
        theme = stage.theme
        self._letters = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        fill, halo = (rgb_from_hex(theme.scene[n]) for n in ("label_text", "label_halo"))
        self._texts = TextCache(stage.atlas, fill, rgb_from_hex(theme.ui["muted"]), halo)
        self._places = places_of(SceneInput(), stage)
        self._catalogue = -1
        self._seen: tuple[object, ...] = ()
        self._version = -1
        self._drawn_ns = 0
        #: Boxes of the labels as drawn, (N, 4) left, top, right, bottom, device pixels.
        self.boxes: list[LabelBox] = []

    def update(self, given: SceneInput, view: View, state: LabelsState) -> bool:
        """Lay labels out anew for a new view, at most twice a second for new values."""
        self._letters.fit(view)
        if given.catalogue_version != self._catalogue:
            self._catalogue = given.catalogue_version
            self._places = places_of(given, self._stage)
        alarms = tuple(sorted(given.alarms.items()))
        selected = (given.selection.thing_id, given.selection.unit_id)
        seen = (view.stamp, state, self._catalogue, alarms, selected, given.colour_by)
        is_recent = abs(given.now_ns - self._drawn_ns) < REFRESH_NS
        if seen == self._seen and (is_recent or given.version == self._version):
            return False
        self._seen, self._version, self._drawn_ns = seen, given.version, given.now_ns
        self._lay_out(given, view, state)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide all labels."""
        self._letters.set_visible(visible)
        self._seen = ()

    def dispose(self) -> None:
        """Take the actor out."""
        self._letters.dispose()

    def _lay_out(self, given: SceneInput, view: View, state: LabelsState) -> None:
        candidates = self._thing_candidates(given, view, state)
        if state.places:
            candidates += self._place_candidates(view, state)
        candidates.sort(key=lambda candidate: -candidate.weight)
        candidates = candidates[:MOST_CANDIDATES]
        texts = [self._texts.block(c.lines, centred=c.centred) for c in candidates]
        anchors = np.array([c.anchor for c in candidates], float).reshape(-1, 3)
        pixels = view.project(anchors)
        offsets = [
            (0.0, 0.0) if c.centred else (GAP_PX * view.pixel_ratio, 0.0) for c in candidates
        ]
        symbols_px = self._stage.symbols.pixels(view)
        n_important = sum(candidate.weight >= IMPORTANT for candidate in candidates)
        kept = place_labels(
            pixels, texts, offsets, view, state.most, symbols_px, n_important=n_important
        )
        parts: list[Quads] = []
        self.boxes = []
        for row, box in kept:
            parts.append(texts[row].quads_at(anchors[row], offsets[row]))
            self.boxes.append(box)
        self._letters.set_quads(joined(parts))

    def _thing_candidates(
        self, given: SceneInput, view: View, state: LabelsState
    ) -> list[Candidate]:
        places = self._places
        pixels = view.project(places.tops_local_m)
        inside = view.is_inside(pixels)
        reach_m = state.reach_m * view.size_px[1] / (720 * view.pixel_ratio)
        weight = np.where(inside & (pixels[:, 2] < reach_m), 1.0 - pixels[:, 2] / reach_m, -1.0)
        for thing_id in {*given.alarms, given.selection.thing_id}:
            row = places.row_of.get(thing_id, -1)
            if row >= 0 and inside[row]:
                weight[row] = IMPORTANT * _ALARM.get(given.alarms.get(thing_id, ""), 5)
        rows = np.flatnonzero(weight > 0)
        rows = rows[np.argsort(-weight[rows], kind="stable")][:MOST_CANDIDATES]
        return [
            Candidate(
                anchor=tuple(places.tops_local_m[row].tolist()),
                lines=(places.names[row], *value_line(given, places, int(row))),
                weight=float(weight[row]),
            )
            for row in rows.tolist()
        ]

    def _place_candidates(self, view: View, state: LabelsState) -> list[Candidate]:
        found = []
        for place in self._stage.asset.places:
            importance = _PLACE_WEIGHT.get(place.kind)
            if importance is None:
                continue
            x, y, z = place.xyz_local_m
            lifted = (x, y, z + 18.0)
            depth = float(np.linalg.norm(np.array(lifted) - view.position_m))
            if importance < 5 and depth > 2.5 * state.reach_m:
                continue
            found.append(
                Candidate(
                    anchor=lifted, lines=("", place.name), weight=importance / 10, centred=True
                )
            )
        return found


_PLACE_WEIGHT = {"district": 7, "park": 5, "square": 5, "hospital": 6, "station": 5, "bridge": 3}


def value_line(given: SceneInput, places: ThingPlaces, row: int) -> tuple[str, ...]:
    """("42 km/h",) of the property the city is coloured by, else of the thing's first one."""
    if given.observations is None:
        return ()
    slots = [int(slot) for slot in places.slots[row] if slot >= 0]
    best = next(
        (s for s in slots if given.datastreams[s].observed_property == given.colour_by),
        slots[0] if slots else -1,
    )
    if best < 0 or best >= len(given.observations.values):
        return ()
    value = float(given.observations.values[best])
    if not np.isfinite(value):
        return ("no data",)
    unit = given.datastreams[best].unit
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return (f"{text} {unit}".strip(),)


LAYER = LayerType(id="labels", title="Labels", state=LabelsState, visual=LabelsVisual, order=60)
