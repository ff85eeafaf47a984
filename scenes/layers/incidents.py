"""Incidents that are worked: a ring or outline on the city, a warning sign above it, its title."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from scenes.billboards import joined
from scenes.draping import circle_m, draped, pieces
from scenes.label_layout import Line, TextBlock, place_labels
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.signed_lines import SignedLines, SignStyle
from scenes.stage import Stage
from scenes.symbols import SymbolSet
from scenes.view import View
from twin.arrays import Float64Array
from twin.room.parts.incidents import Incident, Severity

GAP_PX = 16.0
MOST_LETTERS = 40
#: Without an area a place is shown by a ring of this size, metres.
PLACE_RADIUS_M = 40.0
MOST = 100
PRIORITY_OF: Final = {
    Severity.EXTREME: "critical",
    Severity.SEVERE: "high",
    Severity.MODERATE: "medium",
    Severity.MINOR: "low",
}


@dataclass(frozen=True, slots=True)
class IncidentsState:
    """Settings of the incidents."""

    labels: bool = field(default=True, metadata={"help": "Their titles"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Placed:
    """One incident on the city: pieces of its lines (N, 2, 3), and where its sign stands."""

    incident: Incident
    colour: str
    lines_m: Float64Array
    anchor_m: Float64Array


class IncidentsVisual(SignedLines):
    """Laid over the city once a change, signs and titles once a view."""

    style = SignStyle(
        layer="incidents", sign="incident", rank=41, width_px=4.0, ghost=0.3, stem_m=22.0
    )

    def build(self, stage: Stage) -> None:
        """Make everything, empty."""
        super().build(stage)
        self._placed: dict[str, _Placed] = {}

    def update(self, given: SceneInput, view: View, state: IncidentsState) -> bool:
        """Follow the open incidents of the room."""
        self._signs.fit(view)
        streamed = self._stage.streamed
        shown = (given.incidents, streamed is None or streamed.is_settled)
        if shown != self._of:
            lay_anew = shown[1] != self._of[-1] if self._of else True
            self._of, self._seen = shown, ()
            self._take(given.incidents[:MOST], lay_anew=lay_anew)
        seen = (view.stamp, state)
        if seen == self._seen:
            return False
        self._seen = seen
        self._lay_out(view, state)
        return True

    # -- on the city --------------------------------------------------------------------------

    def _take(self, incidents: tuple[Incident, ...], *, lay_anew: bool) -> None:
        """Put on the city whose place, area or severity has changed; the others stay."""
        placed: dict[str, _Placed] = {}
        for incident in incidents:
            old = self._placed.get(incident.id)
            if old is not None and not lay_anew and _look(old.incident) == _look(incident):
                placed[incident.id] = _Placed(
                    incident=incident, colour=old.colour, lines_m=old.lines_m,
                    anchor_m=old.anchor_m,
                )  # fmt: skip
                continue
            put = self._put(incident)
            if put is not None:
                placed[incident.id] = put
        self._placed = placed
        self._draw_lines((one.colour, one.lines_m) for one in self._placed.values())

    def _put(self, incident: Incident) -> _Placed | None:
        if incident.xyz is None and not incident.ring:
            return None
        colour = self._stage.theme.priority[PRIORITY_OF[incident.severity]]
        ring = np.array(incident.ring, float).reshape(-1, 3)
        middle = np.array(incident.xyz if incident.xyz is not None else ring.mean(axis=0), float)
        if len(ring):
            outline = np.concatenate([ring, ring[:1]])
        else:
            outline = circle_m(middle, incident.radius_m or PLACE_RADIUS_M)
        line = draped(outline, self._stage.cast, on_top=True)
        height = self._top_at(middle)
        foot = middle if height is None else np.array([middle[0], middle[1], height])
        top = self._stem(foot)
        lines = np.concatenate([pieces(line), np.array([[foot, top]])])
        return _Placed(incident=incident, colour=colour, lines_m=lines, anchor_m=top)

    # -- signs and words ----------------------------------------------------------------------

    def _lay_out(self, view: View, state: IncidentsState) -> None:
        shown = list(self._placed.values())
        anchors = np.array([one.anchor_m for one in shown]).reshape(-1, 3)
        told = shown if state.labels else []
        blocks = [self._block(one) for one in told]
        offsets = [(GAP_PX * view.pixel_ratio, 0.0)] * len(told)
        pixels = view.project(anchors)
        signs = pixels[pixels[:, 2] > 0, :2]
        kept = place_labels(
            pixels[: len(told)], blocks, offsets, view, MOST, self._stage.symbols.pixels(view),
            n_important=len(told), kept_free_px=signs,
        )  # fmt: skip
        letters = [blocks[row].quads_at(anchors[row], offsets[row]) for row, _ in kept]
        self._stage.reserved["incidents"] = [box for _, box in kept]
        plates = self._plates([one.anchor_m for one in shown], [one.colour for one in shown])
        self._signs.set_quads(joined([plates, *letters]))
        self._stage.symbols.put(
            "incidents",
            SymbolSet(
                kind="incident", xyz_local_m=anchors.astype(np.float32),
                ids=[one.incident.id for one in shown],
            ),
        )  # fmt: skip

    def _block(self, placed: _Placed) -> TextBlock:
        title = placed.incident.title
        if len(title) > MOST_LETTERS:
            title = title[: MOST_LETTERS - 1].rstrip() + "…"
        return self._texts.block((Line(title, "strong"),), centred=False)


def _look(incident: Incident) -> tuple[object, ...]:
    """What decides how it lies on the city."""
    return incident.xyz, incident.radius_m, incident.ring, incident.severity


LAYER = LayerType(
    id="incidents", title="Incidents", state=IncidentsState, visual=IncidentsVisual, order=29
)
