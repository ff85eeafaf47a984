"""Incidents that are worked: a ring or outline on the city, a warning sign above it, its title."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from scenes.billboards import Billboards, Quads, interleaved, joined, no_quads, sprite_quads
from scenes.draping import circle_m, draped, pieces, top_of
from scenes.label_layout import Line, TextBlock, TextCache, place_labels
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.stems import Lines
from scenes.symbol_marks import rgba_of
from scenes.symbols import SymbolSet
from scenes.view import View
from twin.arrays import Float64Array
from twin.room.parts.incidents import Incident, Severity
from twin.theme import rgb_from_hex

RANK = 41
WIDTH_PX = 4.0
GHOST = 0.3
#: Its sign stands so far above the roofs around, metres.
STEM_M = 22.0
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


class IncidentsVisual:
    """Laid over the city once a change, signs and titles once a view."""

    def build(self, stage: Stage) -> None:
        """Make everything, empty."""
        self._stage = stage
        width = WIDTH_PX * stage.pixel_ratio
        self._lines = Lines(stage.renderer, width)
        self._ghosts = Lines(stage.foreground, width, GHOST)
        self._signs = Billboards(stage.overlay, stage.atlas, RANK, on_screen=False)
        theme = stage.theme
        ink, halo = (rgb_from_hex(theme.scene[n]) for n in ("label_text", "label_halo"))
        self._texts = TextCache(stage.atlas, ink, rgb_from_hex(theme.ui["muted"]), halo)
        self._panel, self._clear = rgba_of(theme.ui["panel"]), np.zeros(4, np.float32)
        self._placed: dict[str, _Placed] = {}
        self._of: tuple[object, ...] = ()
        self._seen: tuple[object, ...] = ()
        self._visible = True

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

    def set_visible(self, visible: bool) -> None:
        """Show or hide lines, signs and words."""
        self._visible = visible
        for part in (self._lines, self._ghosts, self._signs):
            part.set_visible(visible)
        self._seen = ()
        if not visible:
            self._forget_signs()

    def dispose(self) -> None:
        """Take everything out."""
        self._forget_signs()
        for part in (self._lines, self._ghosts, self._signs):
            part.dispose()

    def _forget_signs(self) -> None:
        self._stage.symbols.remove("incidents")
        self._stage.reserved.pop("incidents", None)

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
        self._draw_lines()

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
        foot, top = self._stem(middle)
        lines = np.concatenate([pieces(line), np.array([[foot, top]])])
        return _Placed(incident=incident, colour=colour, lines_m=lines, anchor_m=top)

    def _stem(self, middle: Float64Array) -> tuple[Float64Array, Float64Array]:
        x, y = float(middle[0]), float(middle[1])
        top = top_of(self._stage.cast, x, y)
        foot = np.array([x, y, float(middle[2]) if top is None else top])
        roofs = float(self._stage.roofs.around(foot[None].astype(np.float32))[0])
        return foot, np.array([x, y, max(roofs, float(foot[2])) + STEM_M])

    def _draw_lines(self) -> None:
        parts, colours = [np.zeros((0, 2, 3))], [np.zeros((0, 3), np.uint8)]
        for placed in self._placed.values():
            parts.append(placed.lines_m)
            rgb = np.round(np.array(rgb_from_hex(placed.colour)) * 255).astype(np.uint8)
            colours.append(np.tile(rgb, (len(placed.lines_m), 1)))
        ends, rgbs = np.concatenate(parts).astype(np.float32), np.concatenate(colours)
        for part in (self._lines, self._ghosts):
            part.set_lines(ends, rgbs)
            part.set_visible(self._visible)

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
        self._signs.set_quads(joined([self._icons(shown), *letters]))
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

    def _icons(self, shown: list[_Placed]) -> Quads:
        if not shown:
            return no_quads()
        atlas, n = self._stage.atlas, len(shown)
        at = np.array([one.anchor_m for one in shown], np.float32)
        fill = np.array([rgba_of(one.colour) for one in shown], np.float32)
        zero = np.zeros((n, 2), np.float32)
        plates = [atlas.symbol("plate:incident")] * n
        glyphs = [atlas.symbol("glyph:incident")] * n
        return interleaved(
            sprite_quads(plates, at, zero, fill, self._panel),
            sprite_quads(glyphs, at, zero, self._panel, self._clear),
        )


def _look(incident: Incident) -> tuple[object, ...]:
    """What decides how it lies on the city."""
    return incident.xyz, incident.radius_m, incident.ring, incident.severity


LAYER = LayerType(
    id="incidents", title="Incidents", state=IncidentsState, visual=IncidentsVisual, order=29
)
