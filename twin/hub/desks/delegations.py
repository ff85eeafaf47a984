"""Passing a department's yes on to somebody else, for a time, never in a circle."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.clock import NS_PER_S
from twin.hub.desks.base import Desk, DeskType, Taken
from twin.hub.hall import person, words
from twin.hub.who import Who
from twin.room.parts.delegations import Delegation, Delegations

MAX_ID = 64
MAX_NAME = 200
MAX_DELEGATIONS = 1_000
LONGEST_S = 7 * 86_400


class Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "delegation.give"; ``until_ns`` is hub time."""

    id: str
    to: str
    to_name: str
    department: str
    until_ns: int


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "delegation.withdraw"."""

    id: str


class DelegationDesk(Desk):
    """Keeps delegations; those whose time is over go by themselves."""

    def acts(self) -> Mapping[str, Taken]:
        """Delegation acts."""
        return {
            "delegation.give": Taken(Given, self._give),
            "delegation.withdraw": Taken(Withdrawn, self._withdraw),
        }

    def tick(self) -> None:
        """Drop what is over."""
        for entry in self._table.by_id.values():
            if self.hall.now_ns >= entry.until_ns:
                self.hall.emit("delegation.withdrawn", "hub", id=entry.id, reason="time is over")

    @property
    def _table(self) -> Delegations:
        return self.hall.room[Delegations]

    def _give(self, who: Who, body: Given) -> str:
        me = who.operator
        if not all(0 < len(text) <= MAX_ID for text in (body.id, body.to)):
            return f"A delegation and a person have ids of 1 to {MAX_ID} letters"
        if not 0 < len(body.to_name) <= MAX_NAME or body.id in self._table.by_id:
            return "A delegation names somebody, under an id that is new"
        if len(self._table.by_id) >= MAX_DELEGATIONS:
            return f"There are {MAX_DELEGATIONS} delegations already; withdraw some"
        left_s = (body.until_ns - self.hall.now_ns) / NS_PER_S
        if not 0 < left_s <= LONGEST_S:
            return "A delegation ends within the next seven days"
        if body.department not in self._table.departments_of(me, self.hall.now_ns):
            return f"You cannot pass on what {words(body.department) or 'nobody'} may approve"
        if body.to == me.identity or self._table.would_loop(me.identity, body.to, body.department):
            return "That would be a circle: they pass it on to you already"
        entry = Delegation(giver=me, **msgspec.structs.asdict(body))
        self.hall.emit("delegation.given", person(me), **msgspec.to_builtins(entry))
        return ""

    def _withdraw(self, who: Who, body: Withdrawn) -> str:
        entry = self._table.by_id.get(body.id)
        if entry is None:
            return "There is no such delegation"
        if entry.giver.identity != who.operator.identity:
            return f"Only {person(entry.giver)} can withdraw it"
        self.hall.emit("delegation.withdrawn", person(who.operator), id=body.id, reason="withdrawn")
        return ""


DESK = DeskType(id="delegations", make=DelegationDesk)
