"""Names and values beside symbols: with a halo, never overlapping, the important ones first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from scenes.billboards import Billboards, Quads, joined, no_quads
from scenes.detail import Detail, details_of
from scenes.label_layout import LabelBox, Line, TextBlock, TextCache, place_labels
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.street_names import StreetNames
from scenes.thing_places import ThingPlaces, places_of
from scenes.view import View
from twin.arrays import Float64Array
from twin.clock import NS_PER_S
from twin.theme import rgb_from_hex

RANK = 40
REFRESH_NS = NS_PER_S // 2
GAP_PX = 15.0
#: The name of a selected building stands so far above its roof.
ABOVE_PX = 18.0
#: The name of a unit is anchored so far above it, metres.
UNIT_LIFT = (0.0, 0.0, 4.0)
_ALARM = {"critical": 5, "high": 4, "medium": 3, "low": 2}
#: Candidates looked at for one picture, best first.
MOST_CANDIDATES = 600
#: From this weight on (commanded, alarmed, selected) a label may cover other symbols.
IMPORTANT = 10.0
_SELECTED = 100.0
#: Codes of `twin.sense.health.Health` that are worth a label from half way on.
_ODD = (1, 2)
#: Free room around names of places, logical pixels: a map that breathes.
PLACE_ROOM_PX = 7.0
CAPITALS_PX = 1.3
#: "Hospital in GUID_A9CB4996-…": a machine's name of a building tells a person nothing.
_ID = re.compile(r"\s+in\s+\S*[0-9A-Fa-f-]{12,}\S*")
#: Corners that labels leave to the compass, the scale bar and a legend; logical pixels.
COMPASS_PX, SCALE_PX, LEGEND_PX = 68.0, (150.0, 48.0), (260.0, 130.0)


@dataclass(frozen=True, slots=True)
class LabelsState:
    """Settings of the labels."""

    most: int = field(default=120, metadata={"min": 0, "max": 300, "help": "Most labels at a time"})
    places: bool = field(default=True, metadata={"help": "Names of hospitals, parks, districts …"})
    streets: bool = field(default=True, metadata={"help": "Names of streets, from near"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A label that could be drawn."""

    anchor: tuple[float, float, float]
    lines: tuple[Line, ...]
    weight: float
    centred: bool = False
    offset_px: tuple[float, float] = (GAP_PX, 0.0)
    unit_slot: int = -1


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
        self._streets = StreetNames(stage.asset.streets)
        self._catalogue = -1
        self._seen: tuple[object, ...] = ()
        self._version = -1
        self._drawn_ns = 0
        self._resting: Quads = no_quads()
        self._moving: list[tuple[int, TextBlock, tuple[float, float]]] = []
        self._unit_places: tuple[object, ...] = ()
        #: Boxes of the labels as drawn, (N, 4) left, top, right, bottom, device pixels.
        self.boxes: list[LabelBox] = []

    def update(self, given: SceneInput, view: View, state: LabelsState) -> bool:
        """Lay labels out anew for a new view, at most twice a second for new values."""
        self._letters.fit(view)
        if given.catalogue_version != self._catalogue:
            self._catalogue = given.catalogue_version
            self._places = places_of(given, self._stage)
        alarms = tuple(sorted(given.alarms.items()))
        selected = (given.selection.thing_id, given.selection.unit_id, given.selection.feature)
        reserved = tuple(tuple(boxes) for boxes in self._stage.reserved.values())
        marks = (alarms, selected, given.targets, len(self._stage.legends), reserved)
        seen = (view.stamp, state, self._catalogue, marks, given.colour_by)
        is_recent = abs(given.now_ns - self._drawn_ns) < REFRESH_NS
        if seen == self._seen and (is_recent or given.version == self._version):
            return self._follow_units(given)
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
        candidates = self._thing_candidates(given, view) + self._selected_candidates(given)
        if state.places:
            candidates += self._place_candidates(view)
        if state.streets:
            candidates += self._street_candidates(view)
        candidates.sort(key=lambda candidate: -candidate.weight)
        candidates = candidates[:MOST_CANDIDATES]
        texts = [self._texts.block(c.lines, centred=c.centred) for c in candidates]
        anchors = np.array([c.anchor for c in candidates], float).reshape(-1, 3)
        pixels = view.project(anchors)
        ratio = view.pixel_ratio
        offsets = [(c.offset_px[0] * ratio, c.offset_px[1] * ratio) for c in candidates]
        margins = [round((PLACE_ROOM_PX if c.centred else 2.0) * ratio) for c in candidates]
        kept = place_labels(
            pixels,
            texts,
            offsets,
            view,
            state.most,
            self._stage.symbols.pixels(view),
            n_important=sum(candidate.weight >= IMPORTANT for candidate in candidates),
            margin_px=margins,
            reserved=self._reserved(view),
            kept_free_px=pixels[[c.weight >= _SELECTED and not c.centred for c in candidates], :2],
        )
        self.boxes = [box for _row, box in kept]
        slots = [candidate.unit_slot for candidate in candidates]
        self._moving = [(slots[r], texts[r], offsets[r]) for r, _box in kept if slots[r] >= 0]
        resting = [r for r, _box in kept if slots[r] < 0]
        self._resting = joined([texts[r].quads_at(anchors[r], offsets[r]) for r in resting])
        self._unit_places = ()
        self._follow_units(given)

    def _follow_units(self, given: SceneInput) -> bool:
        """Keep names of units beside them; all other letters stay as they are."""
        places = self._unit_place(given)
        if places == self._unit_places:
            return False
        self._unit_places = places
        at = dict(self._units(given))
        moving = [
            block.quads_at(np.add(at[slot], UNIT_LIFT), offset)
            for slot, block, offset in self._moving
            if slot in at
        ]
        self._letters.set_quads(joined([self._resting, *moving]))
        return True

    def _reserved(self, view: View) -> list[LabelBox]:
        """Corners of the compass, the scale bar and, when there is one, the legend."""
        width, height = view.size_px
        px = view.pixel_ratio
        boxes = [
            (round(width - COMPASS_PX * px), 0, width, round(COMPASS_PX * px)),
            (0, round(height - SCALE_PX[1] * px), round(SCALE_PX[0] * px), height),
        ]
        legends = len(self._stage.legends)
        if legends:
            left, top = width - LEGEND_PX[0] * px, height - LEGEND_PX[1] * legends * px
            boxes.append((round(left), round(top), width, height))
        for others in self._stage.reserved.values():
            boxes += others
        return boxes

    def _thing_candidates(self, given: SceneInput, view: View) -> list[Candidate]:
        """Whole symbols that are near; from half way odd ones; from anywhere what matters."""
        places = self._places
        pixels = view.project(places.tops_local_m)
        inside = view.is_inside(pixels)
        shown = np.zeros(len(places.ids), bool)
        shown[[places.row_of[i] for i in self._stage.symbols.ids("sensors")]] = True
        details = details_of(view, pixels, inside)
        odd = (details == Detail.MIDDLE) & np.isin(places.health(given), _ODD)
        weight = np.where(
            shown & ((details == Detail.NEAR) | odd), 1.0 / (1.0 + pixels[:, 2]), -1.0
        )
        weight[shown & odd] += 1.0
        for thing_id in given.targets:
            _raise(weight, places, thing_id, IMPORTANT)
        for thing_id, priority in given.alarms.items():
            _raise(weight, places, thing_id, IMPORTANT * _ALARM[priority])
        _raise(weight, places, given.selection.thing_id, _SELECTED)
        rows = np.flatnonzero(inside & (weight > 0))
        rows = rows[np.argsort(-weight[rows], kind="stable")][:MOST_CANDIDATES]
        return [
            Candidate(
                anchor=tuple(places.tops_local_m[row].tolist()),
                lines=thing_lines(
                    places.names[row],
                    value_line(given, places.slots[row].tolist()),
                    is_strong=bool(weight[row] >= IMPORTANT),
                ),
                weight=float(weight[row]),
            )
            for row in rows.tolist()
        ]

    def _selected_candidates(self, given: SceneInput) -> list[Candidate]:
        """The selected unit or feature, and units that a command is running for."""
        found = []
        for slot, xyz in self._units(given):
            unit = given.units[slot]
            slots = [k for k, stream in enumerate(given.datastreams) if stream.thing_id == unit.id]
            lines = thing_lines(unit.name or unit.id, value_line(given, slots), is_strong=True)
            is_selected = unit.id == given.selection.unit_id
            weight = _SELECTED if is_selected else IMPORTANT
            x, y, z = (float(c) for c in np.add(xyz, UNIT_LIFT))
            found.append(Candidate(anchor=(x, y, z), lines=lines, weight=weight, unit_slot=slot))
        feature = given.selection.feature
        if self._stage.is_marked(feature):
            x0, y0, _, x1, y1, top = self._stage.bounds_of(feature)
            if np.isfinite([x0, y0, x1, y1, top]).all():
                anchor = (0.5 * (x0 + x1), 0.5 * (y0 + y1), top)
                lines = thing_lines(self._stage.name_of(feature), (), is_strong=True)
                found.append(
                    Candidate(
                        anchor=anchor,
                        lines=lines,
                        weight=_SELECTED,
                        centred=True,
                        offset_px=(0.0, ABOVE_PX),
                    )
                )
        return found

    def _units(self, given: SceneInput) -> list[tuple[int, list[float]]]:
        """Slots and places of the units that are labelled."""
        wanted = {*given.targets, given.selection.unit_id} - {""}
        if given.units_now is None or not wanted:
            return []
        xyz = given.units_now.xyz_local_m
        return [
            (slot, xyz[slot].tolist())
            for slot, unit in enumerate(given.units[: len(xyz)])
            if unit.id in wanted and np.isfinite(xyz[slot]).all()
        ]

    def _unit_place(self, given: SceneInput) -> tuple[object, ...]:
        """Differs from () and moves with the labelled units, so that their labels follow."""
        return ("at", *((slot, *(round(c, 1) for c in xyz)) for slot, xyz in self._units(given)))

    def _place_candidates(self, view: View) -> list[Candidate]:
        """Districts from afar, smaller places from nearer, districts no more from very near."""
        found = []
        for place in self._stage.asset.places:
            rank = _PLACE_RANKS.get(place.kind)
            if rank is None:
                continue
            x, y, z = place.xyz_local_m
            lifted = (x, y, z + 14.0)
            depth = float(view.project(np.array([lifted]))[0, 2])
            per_px = view.metres_per_px(max(depth, 1.0)) * view.pixel_ratio
            least, most = _PLACE_REACH[place.kind]
            if depth > 0 and least <= per_px <= most:
                found.append(
                    Candidate(
                        anchor=lifted,
                        lines=(place_line(place.kind, place.name),),
                        weight=0.5 * rank / (1.0 + per_px),
                        centred=True,
                        offset_px=(0.0, 0.0),
                    )
                )
        return found

    def _street_candidates(self, view: View) -> list[Candidate]:
        """After everything else: a name on each street that is near, long enough and seen."""
        near = self._streets.near(view)
        at = np.array([place for _, place, _ in near], np.float32).reshape(-1, 3)
        seen = self._stage.sees(view.position_m, at) if len(at) else ()
        return [
            Candidate(
                anchor=place,
                lines=(Line(name, "small", is_muted=True),),
                weight=0.1 / (1.0 + per_px),
                centred=True,
                offset_px=(0.0, 0.0),
            )
            for (name, place, per_px), is_seen in zip(near, seen, strict=True)
            if is_seen
        ]


#: Which names come first, and between which metres a pixel they are shown.
_PLACE_RANKS = {
    "district": 9, "hospital": 5, "park": 4, "station": 4, "square": 3, "bridge": 2
}  # fmt: skip
_PLACE_REACH = {
    "district": (0.22, 60.0),
    "hospital": (0.0, 2.2),
    "station": (0.0, 2.2),
    "park": (0.0, 1.6),
    "square": (0.0, 0.9),
    "bridge": (0.0, 1.2),
}


def place_line(kind: str, name: str) -> Line:
    """Districts in spaced capitals, other places plain; all muted."""
    name = _ID.sub("", name)
    if kind == "district":
        return Line(name.upper(), "small", is_muted=True, spacing_px=CAPITALS_PX)
    return Line(name, "small", is_muted=True)


def thing_lines(name: str, values: tuple[str, ...], *, is_strong: bool) -> tuple[Line, ...]:
    """Name and value of a thing; the name steps back unless it matters."""
    first = Line(name, "strong") if is_strong else Line(name, "small", is_muted=True)
    return (first, *(Line(value, "strong") for value in values))


def _raise(weight: Float64Array, places: ThingPlaces, thing_id: str, to: float) -> None:
    row = places.row_of.get(thing_id)
    if row is not None:
        weight[row] = max(weight[row], to)


def value_line(given: SceneInput, slots: Sequence[int]) -> tuple[str, ...]:
    """("42 km/h",) of the property the city is coloured by, else of the thing's first one."""
    if given.observations is None:
        return ()
    slots = [slot for slot in slots if slot >= 0]
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
