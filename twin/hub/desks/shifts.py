"""Notes of the shift, taking it, and handing it over: two people, both signed."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.hub.desks.base import Ask, Desk, DeskType, Taken
from twin.hub.hall import person
from twin.hub.who import Who
from twin.room.model import Operator
from twin.room.parts.shifts import Handover, HandoverItem, Shifts
from twin.security.canonical import digest_of

MAX_ID = 64
MAX_TEXT = 2_000
MAX_ITEMS = 400
MAX_BYTES = 131_072
ITEM_KINDS = ("stage", "incident", "alarm", "queue", "lease", "sensor", "note")


class ShiftNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "shift.note"."""

    id: str
    text: str


class TakeShift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "shift.take": by whoever leads it when nobody does, or by higher rank."""

    reason: str = ""


class HandOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "shift.hand_over"; ``to_console`` "" = anybody who may accept it."""

    id: str
    to_console: str = ""
    text: str = ""
    items: tuple[HandoverItem, ...] = ()


class AcceptShift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "shift.accept"; ``digest`` of the handover that was read."""

    id: str
    digest: str
    text: str = ""


class SendShiftBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "shift.send_back": by whoever was to accept it, or by whoever sent it."""

    id: str
    text: str


class ShiftDesk(Desk):
    """Keeps the shift."""

    def acts(self) -> Mapping[str, Taken]:
        """Notes, taking, handing over and its answers."""
        return {
            "shift.note": Taken(ShiftNote, self._note),
            "shift.take": Taken(TakeShift, self._take),
            "shift.hand_over": Taken(HandOver, self._hand_over),
            "shift.accept": Taken(AcceptShift, self._accept),
            "shift.send_back": Taken(SendShiftBack, self._send_back),
        }

    def permissions(self) -> Mapping[str, Ask]:
        """Who leads and outranks; the answers by id of the handover."""
        return {
            "shift.take": self.standing("shift.take", lambda who, _: self._why_not_take(who)),
            "shift.hand_over": self.standing(
                "shift.hand_over", lambda who, _: self._why_not_give(who)
            ),
            "shift.accept": self.asked("shift.accept", self._why_not_accept),
            "shift.send_back": self.asked("shift.send_back", self._why_not_send_back),
        }

    @property
    def _part(self) -> Shifts:
        return self.hall.room[Shifts]

    @property
    def _leader(self) -> Operator | None:
        now = self._part.now
        return now.leader if now is not None else None

    def _why_not_take(self, who: Who) -> str:
        leader = self._leader
        if leader is not None and leader.identity == who.operator.identity:
            return "You lead the shift"
        if leader is not None and who.operator.rank <= leader.rank:
            return f"{person(leader)} leads the shift; have it handed over"
        return ""

    def _why_not_give(self, who: Who) -> str:
        me, leader, waiting = who.operator, self._leader, self._part.open
        if leader is not None and leader.identity != me.identity and me.rank <= leader.rank:
            return f"{person(leader)} leads the shift and hands it over"
        if waiting:
            return f"{person(waiting[0].by)} has handed the shift over; it waits for an answer"
        return ""

    def _why_not_accept(self, who: Who, handover_id: str) -> str:
        handover, me = self._answerable(handover_id), who.operator
        if isinstance(handover, str):
            return handover
        if handover.by.identity == me.identity:
            return "A shift is accepted by somebody else than who hands it over"
        if handover.to is not None and handover.to.identity != me.identity:
            return f"It is handed over to {person(handover.to)}"
        return ""

    def _why_not_send_back(self, who: Who, handover_id: str) -> str:
        handover = self._answerable(handover_id)
        if isinstance(handover, str):
            return handover
        mine = (handover.by.identity, handover.to.identity if handover.to else "")
        if handover.to is not None and who.operator.identity not in mine:
            return f"It is handed over to {person(handover.to)}"
        return ""

    def _note(self, who: Who, body: ShiftNote) -> str:
        if not 0 < len(body.id) <= MAX_ID or not 0 < len(body.text.strip()) <= MAX_TEXT:
            return f"A note of the shift has 1 to {MAX_TEXT} letters"
        self.hall.emit("shift.noted", person(who.operator), id=body.id, text=body.text.strip())
        return ""

    def _take(self, who: Who, body: TakeShift) -> str:
        why = self._why_not_take(who)
        if why:
            return why
        if self._leader is not None and not 0 < len(body.reason.strip()) <= MAX_TEXT:
            return "A shift is taken from somebody with a reason"
        self.hall.emit(
            "shift.taken", person(who.operator), by=who.operator, reason=body.reason[:MAX_TEXT]
        )
        return ""

    def _hand_over(self, who: Who, body: HandOver) -> str:
        part, me = self._part, who.operator
        why = self._why_not_give(who)
        if why:
            return why
        if not 0 < len(body.id) <= MAX_ID or body.id in part.handovers:
            return f"A handover has a new id of 1 to {MAX_ID} letters"
        if len(body.text) > MAX_TEXT or len(body.items) > MAX_ITEMS:
            return f"A handover has at most {MAX_TEXT} letters and {MAX_ITEMS} things"
        if any(one.kind not in ITEM_KINDS or not one.title for one in body.items):
            return f"What is handed over has a title and is one of {', '.join(ITEM_KINDS)}"
        if len(msgspec.json.encode(body)) > MAX_BYTES:
            return f"A handover has at most {MAX_BYTES // 1024} KiB"
        to = self.hall.room.operators.get(body.to_console) if body.to_console else None
        if body.to_console and to is None:
            return "Nobody is there to hand it to"
        if to is not None and to.identity == me.identity:
            return "A shift is handed over to somebody else"
        handover = Handover(
            id=body.id, by=me, at_ns=self.hall.now_ns, digest=digest_of(body), to=to,
            text=body.text.strip(), items=body.items,
        )  # fmt: skip
        self.hall.emit("shift.offered", person(me), handover=handover)
        return ""

    def _accept(self, who: Who, body: AcceptShift) -> str:
        why = self._why_not_accept(who, body.id)
        if why:
            return why
        handover = self._part.handovers.get(body.id)
        if handover is None or body.digest != handover.digest:
            return "This is not the handover that you read; look at it again"
        return self._answer(who, "shift.accepted", body.id, body.text)

    def _send_back(self, who: Who, body: SendShiftBack) -> str:
        why = self._why_not_send_back(who, body.id)
        if why:
            return why
        if not body.text.strip():
            return "Say what is missing: a handover is sent back with a sentence"
        return self._answer(who, "shift.sent_back", body.id, body.text)

    def _answerable(self, handover_id: str) -> Handover | str:
        handover = self._part.handovers.get(handover_id)
        if handover is None:
            return "There is no such handover"
        if handover.state != "open":
            by = person(handover.answered_by) if handover.answered_by else "Somebody"
            return f"{by} has answered it"
        return handover

    def _answer(self, who: Who, kind: str, handover_id: str, text: str) -> str:
        if len(text) > MAX_TEXT:
            return f"An answer has at most {MAX_TEXT} letters"
        actor = person(who.operator)
        self.hall.emit(kind, actor, id=handover_id, by=who.operator, text=text.strip())
        return ""


DESK = DeskType(id="shifts", make=ShiftDesk)
