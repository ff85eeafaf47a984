"""Delegations: who may say yes for a department that is not their own, until when."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body


class Delegation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody passes their department's yes on.

    Attributes
    ----------
    giver : who passed it on
    to, to_name : identity (person, else console) and name of who may now approve
    department : whose yes it is
    until_ns : hub time
    """

    id: str
    giver: Operator
    to: str
    to_name: str
    department: str
    until_ns: int


class _Withdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "delegation.withdrawn"."""

    id: str


class Delegations(Part):
    """Delegations by id."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_id = self.table("delegation", Delegation, lambda entry: entry.id)

    def departments_of(self, who: Operator, now_ns: int) -> tuple[str, ...]:
        """Departments somebody may approve for: the own one first, then those passed on."""
        passed_on = (
            entry.department
            for entry in self.by_id.values()
            if entry.to == who.identity and now_ns < entry.until_ns and self._is_rooted(entry)
        )
        return tuple(dict.fromkeys((who.department, *passed_on)))

    def would_loop(self, giver: str, to: str, department: str) -> bool:
        """Whether `to` already passes this department on, directly or not, to `giver`."""
        seen, todo = set(), [to]
        while todo:
            one = todo.pop()
            if one == giver:
                return True
            if one not in seen:
                seen.add(one)
                todo += [
                    entry.to
                    for entry in self.by_id.values()
                    if entry.giver.identity == one and entry.department == department
                ]
        return False

    def handlers(self) -> Mapping[str, Handler]:
        """Giving and withdrawing."""
        return {"delegation.given": self._given, "delegation.withdrawn": self._withdrawn}

    def _is_rooted(self, entry: Delegation) -> bool:
        """Whether the chain reaches back to somebody of the department itself."""
        seen: set[str] = set()
        while entry.giver.department != entry.department:
            if entry.id in seen:
                return False
            seen.add(entry.id)
            above = (
                other
                for other in self.by_id.values()
                if other.to == entry.giver.identity and other.department == entry.department
            )
            found = next(above, None)
            if found is None:
                return False
            entry = found
        return True

    def _given(self, event: Event) -> None:
        self.by_id.put(read_body(event, Delegation))

    def _withdrawn(self, event: Event) -> None:
        self.by_id.drop(read_body(event, _Withdrawn).id)


PART = PartType(id="delegations", make=Delegations)
