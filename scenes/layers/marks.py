"""Marks of the room: sketches, arrows and outlines on the city, notes above it, in words too.

Areas and cordons are filled by the layer of areas; here are their outline and their name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from scenes.billboards import joined
from scenes.draping import arrow_head, circle_m, draped, pieces
from scenes.label_layout import Line, TextBlock, place_labels
from scenes.layer import LayerType
from scenes.scene_input import SceneInput
from scenes.signed_lines import SignedLines, SignStyle
from scenes.stage import Stage
from scenes.symbols import SymbolSet
from scenes.view import View
from twin.arrays import Float32Array, Float64Array
from twin.marking import Draft
from twin.room.parts.marks import Mark
from twin.theme import department_colour

GAP_PX = 15.0
MOST_LETTERS = 44
#: So many points are laid on the city in one frame, and lines are drawn anew after so many marks.
POINTS_A_FRAME, MOST_UNDRAWN = 200, 40
_Drawn: TypeAlias = Mark | Draft


@dataclass(frozen=True, slots=True)
class MarksState:
    """Settings of the marks."""

    labels: bool = field(default=True, metadata={"help": "Their words"})
    most: int = field(default=60, metadata={"min": 0, "max": 300, "help": "Most words at a time"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Placed:
    """One mark on the city: pieces of its lines (N, 2, 3), and where its words are anchored."""

    mark: _Drawn
    colour: str
    lines_m: Float64Array
    anchor_m: Float64Array
    words: str


class MarksVisual(SignedLines):
    """Lines are laid over the city once a change, words once a view.

    A room may hold a thousand marks of 256 points, and each point costs a ray: only so much is laid
    in one frame, and the rest in the next ones.
    """

    style = SignStyle(layer="marks", sign="note", rank=39, width_px=3.0, ghost=0.28, stem_m=12.0)

    def build(self, stage: Stage) -> None:
        """Make everything, empty."""
        super().build(stage)
        self._placed: dict[str, _Placed] = {}
        self._waiting: dict[str, _Drawn] = {}
        self._n_undrawn = 0

    def update(self, given: SceneInput, view: View, state: MarksState) -> bool:
        """Follow the marks of the room and the draft of this console."""
        self._signs.fit(view)
        streamed = self._stage.streamed
        is_settled = streamed is None or streamed.is_settled
        shown = (given.marks, given.draft, is_settled)
        is_new = shown != self._of
        if is_new:
            has_settled = is_settled and self._of[-1:] != (True,)
            self._of = shown
            self._take(given, lay_anew=has_settled)
        is_new |= self._place_some()
        seen = (view.stamp, state)
        if not is_new and seen == self._seen:
            return bool(self._waiting)  # go on with the next frame
        self._seen = seen
        self._lay_out(view, state)
        return True

    # -- on the city --------------------------------------------------------------------------

    def _take(self, given: SceneInput, *, lay_anew: bool) -> None:
        """Note what is to be laid on the city, and take away what is no more."""
        wanted: dict[str, _Drawn] = {mark.id: mark for mark in given.marks}
        if given.draft is not None:
            wanted[given.draft.id] = given.draft
        self._placed = {key: one for key, one in self._placed.items() if key in wanted}
        self._waiting = {
            key: mark
            for key, mark in wanted.items()
            if lay_anew or key not in self._placed or self._placed[key].mark != mark
        }
        self._n_undrawn = MOST_UNDRAWN

    def _place_some(self) -> bool:
        """Lay the newest on the city, as many as one frame may; whether lines were drawn anew."""
        n_points, theme = 0, self._stage.theme
        while self._waiting and n_points < POINTS_A_FRAME:
            key, mark = self._waiting.popitem()
            colour = theme.ui["accent"]
            if isinstance(mark, Mark):
                colour = department_colour(theme, mark.owner.department)
            self._placed[key] = self._put(mark, colour)
            n_points += len(self._placed[key].lines_m)
            self._n_undrawn += 1
        is_due = bool(self._n_undrawn) if not self._waiting else self._n_undrawn >= MOST_UNDRAWN
        if is_due:
            self._n_undrawn = 0
            self._draw_lines((one.colour, one.lines_m) for one in self._placed.values())
        return is_due

    def _put(self, mark: _Drawn, colour: str) -> _Placed:
        points, cast = np.array(mark.points, float), self._stage.cast
        words = words_of(mark)
        if mark.kind == "note":
            height = self._top_at(points[0])
            foot = points[0].copy()
            foot[2] = max(foot[2], -np.inf if height is None else height)
            top = self._stem(foot)
            lines = np.array([[foot, top]])
            return _Placed(mark=mark, colour=colour, lines_m=lines, anchor_m=top, words=words)
        if mark.kind in ("area", "circle"):
            ring = (
                circle_m(points[0], mark.radius_m)
                if mark.kind == "circle"
                else np.concatenate([points, points[:1]])
            )
            line = draped(ring, cast, on_top=True)
            anchor = line[int(line[:, 1].argmax())]  # on its edge: what is inside stays free
            return _Placed(
                mark=mark, colour=colour, lines_m=pieces(line), anchor_m=anchor, words=words
            )
        line = draped(points, cast, on_top=False)
        lines = pieces(line)
        if mark.kind == "arrow":
            head = draped(arrow_head(line), cast, on_top=False)
            lines = np.concatenate([lines, pieces(head)])
        return _Placed(
            mark=mark, colour=colour, lines_m=lines, anchor_m=line[len(line) // 2], words=words
        )

    # -- in words -----------------------------------------------------------------------------

    def _lay_out(self, view: View, state: MarksState) -> None:
        notes = [p for p in self._placed.values() if p.mark.kind == "note"]
        lines = [p for p in self._placed.values() if p.mark.kind != "note"]
        told = [p for p in (*notes, *lines) if p.words] if state.labels else []
        blocks = [self._block(placed) for placed in told]
        ratio = view.pixel_ratio
        offsets = [(GAP_PX * ratio if p.mark.kind == "note" else 0.0, 0.0) for p in told]
        anchors = np.array([p.anchor_m for p in told]).reshape(-1, 3)
        pixels = view.project(anchors)
        kept = place_labels(
            pixels, blocks, offsets, view, state.most, self._stage.symbols.pixels(view),
            n_important=len(told), kept_free_px=self._icon_pixels(view, notes),
        )  # fmt: skip
        letters = [blocks[row].quads_at(anchors[row], offsets[row]) for row, _ in kept]
        self._stage.reserved["marks"] = [box for _, box in kept]
        plates = self._plates([one.anchor_m for one in notes], [one.colour for one in notes])
        self._signs.set_quads(joined([plates, *letters]))
        self._put_symbols(notes, lines)

    def _icon_pixels(self, view: View, notes: list[_Placed]) -> Float64Array:
        """(N, 2) middles of the signs of notes, which no words may cover."""
        at = np.array([p.anchor_m for p in notes]).reshape(-1, 3)
        pixels = view.project(at)
        return pixels[pixels[:, 2] > 0, :2]

    def _block(self, placed: _Placed) -> TextBlock:
        is_note = placed.mark.kind == "note"
        return self._texts.block((Line(placed.words, "strong"),), centred=not is_note)

    def _put_symbols(self, notes: list[_Placed], lines: list[_Placed]) -> None:
        grabbed = [p for p in (*notes, *lines) if isinstance(p.mark, Mark)]
        at: Float32Array = np.array([p.anchor_m for p in grabbed], np.float32).reshape(-1, 3)
        ids = [p.mark.id for p in grabbed]
        self._stage.symbols.put("marks", SymbolSet(kind="mark", xyz_local_m=at, ids=ids))


def words_of(mark: _Drawn) -> str:
    """What is written beside a mark: its title, else the beginning of its text."""
    text = mark.title or mark.text.replace("\n", " ") or mark.purpose.capitalize()
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1].rstrip() + "…"


LAYER = LayerType(id="marks", title="Marks", state=MarksState, visual=MarksVisual, order=28)
