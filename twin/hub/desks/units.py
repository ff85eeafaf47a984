"""Taking units out of service and putting them back."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.hub.desks.base import Ask, Desk, DeskType, Taken
from twin.hub.hall import person
from twin.hub.who import Who
from twin.room.parts.units import Units

MAX_TEXT = 500
MAX_OUT = 5_000


class UnitTakenOut(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "unit.take_out"."""

    unit_id: str
    name: str
    reason: str


class UnitPutBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "unit.put_back"."""

    unit_id: str


class UnitDesk(Desk):
    """Keeps which units are out of service."""

    def acts(self) -> Mapping[str, Taken]:
        """Out and back."""
        return {
            "unit.take_out": Taken(UnitTakenOut, self._take_out),
            "unit.put_back": Taken(UnitPutBack, self._put_back),
        }

    def permissions(self) -> Mapping[str, Ask]:
        """By id of the unit."""
        return {
            "unit.take_out": self.asked("unit.take_out", lambda _, key: self._why_not_out(key)),
            "unit.put_back": self.asked("unit.put_back", lambda _, key: self._why_not_back(key)),
        }

    def _why_not_out(self, unit_id: str) -> str:
        out = self.hall.room[Units].out.get(unit_id)
        return f"{out.name} is out of service already" if out is not None else ""

    def _why_not_back(self, unit_id: str) -> str:
        return "" if unit_id in self.hall.room[Units].out else "This unit is in service"

    def _take_out(self, who: Who, body: UnitTakenOut) -> str:
        out = self.hall.room[Units].out
        if not 0 < len(body.unit_id) <= MAX_TEXT or not 0 < len(body.name.strip()) <= MAX_TEXT:
            return f"A unit has an id and a name of 1 to {MAX_TEXT} letters"
        why = self._why_not_out(body.unit_id)
        if why:
            return why
        if not 0 < len(body.reason.strip()) <= MAX_TEXT:
            return "A unit is taken out of service with a reason"
        if len(out) >= MAX_OUT:
            return f"{MAX_OUT:,} units are out of service, and no more can be"
        self.hall.emit(
            "unit.out_of_service",
            person(who.operator),
            unit_id=body.unit_id,
            name=body.name.strip(),
            reason=body.reason.strip(),
            by=who.operator,
        )
        return ""

    def _put_back(self, who: Who, body: UnitPutBack) -> str:
        out = self.hall.room[Units].out.get(body.unit_id)
        if out is None:
            return self._why_not_back(body.unit_id)
        self.hall.emit("unit.in_service", person(who.operator), unit_id=body.unit_id, name=out.name)
        return ""


DESK = DeskType(id="units", make=UnitDesk)
