"""Lines of the activity list."""

from __future__ import annotations

from twin.hub import rules
from twin.hub.desks.base import Desk, DeskType
from twin.hub.hall import person
from twin.hub.who import Who
from twin.link.control import Acknowledged, FromHub, Note, Refused
from twin.security.actions import NOTE


class Notes(Desk):
    """Takes notes."""

    def note(self, who: Who, note: Note) -> FromHub:
        """Add a line to everybody's activity."""
        known = self.hall.known(note.id)
        if known is not None:
            return Acknowledged(id=note.id, seq=known.seq)
        if not note.text.strip() or len(note.text) > rules.MAX_NOTE:
            return Refused(id=note.id, text=f"A note has 1 to {rules.MAX_NOTE} letters")
        if not 0 < len(note.id) <= rules.MAX_ID:
            return Refused(id=note.id, text=f"A note needs an id of 1 to {rules.MAX_ID} letters")
        actor = person(who.operator)
        decision = self.hall.decide(who, NOTE)
        if not decision.allowed:
            self.hall.audit(actor, NOTE, decision.text)
            return Refused(id=note.id, text=decision.text)
        event = self.hall.emit("note.added", actor, key=note.id, id=note.id, text=note.text)
        return Acknowledged(id=note.id, seq=event.seq)


DESK = DeskType(id="notes", make=Notes)
