"""Putting and removing marks: nobody's change is lost without a word.

Who changes or removes a mark says which revision they saw. Of two who change the same one at once
the first wins; the other is refused and told who was first, and when.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from twin.clock import NS_PER_S
from twin.hub.desks.base import Ask, Desk, DeskType, Taken
from twin.hub.hall import HUB, Hall, person, words
from twin.hub.rules import MAX_ID
from twin.hub.who import Who
from twin.room.model import Operator
from twin.room.parts.marks import Mark, MarkKind, Marks, Point

MAX_TITLE = 120
MAX_TEXT = 1_000
MAX_PURPOSE = 40
MAX_POINTS = 256
MAX_REACH_M = 200_000.0
MAX_RADIUS_M = 50_000.0
MAX_MARKS = 1_000
MAX_OF_ONE = 200
MAX_ALL_POINTS = 50_000
#: How many points each kind has: least, most.
POINTS: dict[MarkKind, tuple[int, int]] = {
    "note": (1, 1),
    "circle": (1, 1),
    "arrow": (2, 2),
    "sketch": (2, MAX_POINTS),
    "area": (3, MAX_POINTS),
}
_DAY_S = 86_400


class PutMark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "mark.put"; ``expected_rev`` 0 = it is a new one, else the revision to change."""

    id: str
    kind: MarkKind
    points: tuple[Point, ...]
    expected_rev: int = 0
    title: str = ""
    text: str = ""
    purpose: str = ""
    radius_m: float = 0.0
    incident: str = ""
    expires_ns: int = 0


class RemoveMark(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "mark.remove"."""

    id: str
    expected_rev: int


class MarkDesk(Desk):
    """Keeps marks. A mark is changed and removed by its owner, the owner's department, or rank."""

    def __init__(self, hall: Hall) -> None:
        super().__init__(hall)
        self._next_expiry_ns = 0

    def acts(self) -> Mapping[str, Taken]:
        """Mark acts."""
        return {
            "mark.put": Taken(PutMark, self._put),
            "mark.remove": Taken(RemoveMark, self._remove),
        }

    def permissions(self) -> Mapping[str, Ask]:
        """By id of the mark."""
        return {
            "mark.put": self.asked("mark.put", lambda who, key: self._why_not(who, key, rev=0)),
            "mark.remove": self.asked(
                "mark.remove", lambda who, key: self._why_not(who, key, rev=1)
            ),
        }

    def _why_not(self, who: Who, mark_id: str, *, rev: int) -> str:
        """Why the mark is not theirs; ``rev`` of one that is not there, 0 = it may be new."""
        old = self._marks.by_id.get(mark_id)
        if old is None:
            return self._overtaken(mark_id, rev, None)
        return _not_theirs(who.operator, old)

    def tick(self) -> None:
        """Remove what has expired, once a second."""
        now_ns = self.hall.now_ns
        if now_ns < self._next_expiry_ns:
            return
        self._next_expiry_ns = now_ns + NS_PER_S
        for mark in self._marks.by_id.values():
            if 0 < mark.expires_ns <= now_ns:
                self.hall.emit("mark.removed", HUB, id=mark.id, reason="Its time was over")

    @property
    def _marks(self) -> Marks:
        return self.hall.room[Marks]

    def _put(self, who: Who, body: PutMark) -> str:
        sentence = unfit_mark(body) or self._unfit_time(body)
        if sentence:
            return sentence
        old = self._marks.by_id.get(body.id)
        sentence = self._overtaken(body.id, body.expected_rev, old) or (
            self._full(who, body) if old is None else _not_theirs(who.operator, old)
        )
        if sentence:
            return sentence
        now_ns, operator = self.hall.now_ns, who.operator
        mark = Mark(
            id=body.id, kind=body.kind, points=body.points,
            owner=operator if old is None else old.owner,
            made_ns=now_ns if old is None else old.made_ns,
            by=operator, changed_ns=now_ns, rev=body.expected_rev + 1,
            title=body.title.strip(), text=body.text.strip(), purpose=body.purpose.strip(),
            radius_m=body.radius_m, incident=body.incident, expires_ns=body.expires_ns,
        )  # fmt: skip
        self.hall.emit("mark.put", person(operator), **msgspec.to_builtins(mark))
        return ""

    def _remove(self, who: Who, body: RemoveMark) -> str:
        old = self._marks.by_id.get(body.id)
        if old is None and body.id not in self._marks.gone:
            return "There is no such mark"
        sentence = self._overtaken(body.id, body.expected_rev, old)
        if old is None or sentence:
            return sentence
        sentence = _not_theirs(who.operator, old)
        if not sentence:
            self.hall.emit("mark.removed", person(who.operator), id=body.id, title=old.title)
        return sentence

    def _overtaken(self, mark_id: str, expected_rev: int, old: Mark | None) -> str:
        """Why the mark is not what they saw: who was first, and when; "" if it is."""
        if old is None:
            gone = self._marks.gone.get(mark_id)
            if gone is not None:
                by = "its time was over" if gone.by == HUB else f"{gone.by} removed it"
                return f"{named(gone.title)} is gone: {by} at {clock_utc(gone.t_ns)}"
            return "" if expected_rev == 0 else "There is no such mark"
        if old.rev == expected_rev:
            return ""
        first = "made" if expected_rev == 0 else "changed"
        return (
            f"{person(old.by)} {first} {named(old.title)} first, at {clock_utc(old.changed_ns)};"
            " look at it as it is now, then change it again"
        )

    def _full(self, who: Who, body: PutMark) -> str:
        marks = self._marks
        if len(marks.by_id) >= MAX_MARKS or marks.n_points + len(body.points) > MAX_ALL_POINTS:
            return f"The room holds {len(marks.by_id):,} marks and no more; remove some"
        own = sum(m.owner.identity == who.operator.identity for m in marks.by_id.values())
        if own >= MAX_OF_ONE:
            return f"You have {own} marks in the room and may have no more; remove some"
        return ""

    def _unfit_time(self, body: PutMark) -> str:
        if body.expires_ns and body.expires_ns <= self.hall.now_ns:
            return "The time at which the mark is removed has passed already"
        return ""


def unfit_mark(body: PutMark) -> str:
    """Why a mark cannot be kept, "" if it can."""
    if not 0 < len(body.id) <= MAX_ID or len(body.incident) > MAX_ID:
        return f"A mark and its incident have ids of 1 to {MAX_ID} letters"
    least, most = POINTS[body.kind]
    if not least <= len(body.points) <= most:
        span = f"{least}" if least == most else f"{least} to {most}"
        return f"A mark of the kind “{body.kind}” has {span} points, not {len(body.points)}"
    if not _near(body.points):
        return f"The points of a mark are metres, at most {MAX_REACH_M:,.0f} from the origin"
    if body.kind == "circle" and not 0 < body.radius_m <= MAX_RADIUS_M:
        return f"A circle has a radius of more than 0 and at most {MAX_RADIUS_M:,.0f} m"
    if body.kind != "circle" and body.radius_m != 0:
        return f"A mark of the kind “{body.kind}” has no radius"
    if body.kind == "note" and not (body.title.strip() or body.text.strip()):
        return "A note needs a text"
    if len(body.title) > MAX_TITLE or len(body.text) > MAX_TEXT:
        return f"A mark has a title of at most {MAX_TITLE} and a text of at most {MAX_TEXT} letters"
    if len(body.purpose) > MAX_PURPOSE:
        return f"The purpose of an area has at most {MAX_PURPOSE} letters"
    if not 0 <= body.expires_ns < 1 << 62:
        return "The time at which a mark is removed is nanoseconds since 1970"
    return ""


def named(title: str) -> str:
    """A mark in a sentence."""
    return f"“{title}”" if title else "this mark"


def clock_utc(t_ns: int) -> str:
    """Time of day as everybody reads it, "14:02:07 UTC"."""
    second = t_ns // NS_PER_S % _DAY_S
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d} UTC"


def _near(points: Sequence[Point]) -> bool:
    return all(math.isfinite(c) and abs(c) <= MAX_REACH_M for point in points for c in point)


def _not_theirs(operator: Operator, mark: Mark) -> str:
    owner = mark.owner
    is_theirs = operator.identity == owner.identity or operator.rank > owner.rank
    if is_theirs or (owner.department and operator.department == owner.department):
        return ""
    team = f" and the department {words(owner.department)}" if owner.department else ""
    return f"{named(mark.title)} belongs to {person(owner)}: only they{team} may change it"


DESK = DeskType(id="marks", make=MarkDesk)
