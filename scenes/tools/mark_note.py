"""A note: text pinned at a place."""

from __future__ import annotations

from dataclasses import dataclass

from scenes.drawing import DrawingVisual
from scenes.tool import ToolType
from twin.analysis.finding import Drawn


@dataclass(frozen=True, slots=True)
class NoteState:
    """A note has no settings; its words are written beside the list of marks."""


class NoteVisual(DrawingVisual):
    """One click."""

    first_hint = next_hint = "Click where the note belongs, then write it; Esc leaves"

    def end_if_complete(self) -> None:
        """At the first point."""
        self.tell(Drawn(kind="note", points_m=self.plain_points()))


TOOL = ToolType(
    id="mark_note",
    title="Note",
    help="Pin a note at a place, for everybody",
    icon="note",
    kind="pointer",
    key="Shift+N",
    state=NoteState,
    visual=NoteVisual,
    order=60,
)
