"""Marks in the city: sketches, arrows, notes, areas and cordons that everybody sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body

MarkKind = Literal["note", "arrow", "sketch", "area", "circle"]
Point = tuple[float, float, float]
#: So many removed marks are remembered, so that who changes one late is told what became of it.
GONE_KEPT = 500


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One mark.

    Attributes
    ----------
    rev : 1 when it was made, one more with each change: who changes it says which they saw
    points : local metres; a note's place, an arrow's two ends, a sketch's line, an area's outline
        (not closed), a circle's middle
    purpose : what an area is for ("cordon", "staging" …), "" = not told
    expires_ns : hub time at which the hub removes it, 0 = it stays
    owner, made_ns : who made it, and when
    by, changed_ns : who changed it last, and when
    """

    id: str
    kind: MarkKind
    points: tuple[Point, ...]
    owner: Operator
    made_ns: int
    by: Operator
    changed_ns: int
    rev: int = 1
    title: str = ""
    text: str = ""
    purpose: str = ""
    radius_m: float = 0.0
    incident: str = ""
    expires_ns: int = 0


class GoneMark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mark that was removed; ``by`` is the hub's name where it had expired."""

    id: str
    title: str
    by: str
    t_ns: int


class _Removed(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "mark.removed"."""

    id: str


class Marks(Part):
    """Marks by id, in the order they were made, and the last `GONE_KEPT` that were removed."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_id = self.table("mark", Mark, lambda entry: entry.id)
        self.gone = self.table("mark_gone", GoneMark, lambda entry: entry.id)
        self.n_points = 0

    def handlers(self) -> Mapping[str, Handler]:
        """Putting (making or changing) and removing."""
        return {"mark.put": self._put, "mark.removed": self._removed}

    def loaded(self) -> None:
        """Count the points of a picture."""
        self.n_points = sum(len(mark.points) for mark in self.by_id.values())

    def _put(self, event: Event) -> None:
        mark = read_body(event, Mark)
        old = self.by_id.get(mark.id)
        self.by_id.put(mark)
        self.n_points += len(mark.points) - (0 if old is None else len(old.points))

    def _removed(self, event: Event) -> None:
        mark = self.by_id.drop(read_body(event, _Removed).id)
        if mark is None:
            return
        self.n_points -= len(mark.points)
        self.gone.put(GoneMark(id=mark.id, title=mark.title, by=event.actor, t_ns=event.t_ns))
        if len(self.gone) > GONE_KEPT:
            self.gone.drop(next(iter(self.gone)))


PART = PartType(id="marks", make=Marks)
