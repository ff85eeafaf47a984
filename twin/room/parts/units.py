"""What people say of units, and how fast help came: units out of service, response times.

A unit is out of service because somebody said so. How it stands on an incident is kept with the
incident; here stays, of each incident, when it was opened and when the first unit was there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body

RESPONSES_KEPT = 200


class UnitOut(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A unit that is out of service."""

    unit_id: str
    name: str
    reason: str
    by: Operator
    since_ns: int


class Response(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How fast help came to one incident.

    Attributes
    ----------
    assigned_ns, on_scene_ns : when the first unit was, 0 = none yet
    unit_id : the unit that was there first, "" = none yet
    """

    id: str
    title: str
    kind: str
    opened_ns: int
    assigned_ns: int = 0
    on_scene_ns: int = 0
    unit_id: str = ""
    unit_name: str = ""


class _Out(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "unit.out_of_service"."""

    unit_id: str
    name: str
    reason: str
    by: Operator


class _In(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "unit.in_service"."""

    unit_id: str


class Units(Part):
    """Units out of service by id, and responses by id of the incident."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.out = self.table("unit_out", UnitOut, lambda entry: entry.unit_id)
        self.responses = self.table("response", Response, lambda entry: entry.id)

    def handlers(self) -> Mapping[str, Handler]:
        """Out of service and back; incidents and their units. The latter never raise."""
        return {
            "unit.out_of_service": self._take_out,
            "unit.in_service": self._put_back,
            "incident.opened": self._opened,
            "incident.unit": self._moved,
        }

    def _take_out(self, event: Event) -> None:
        body = read_body(event, _Out)
        out = UnitOut(
            unit_id=body.unit_id, name=body.name, reason=body.reason, by=body.by,
            since_ns=event.t_ns,
        )  # fmt: skip
        self.out.put(out)

    def _put_back(self, event: Event) -> None:
        self.out.drop(read_body(event, _In).unit_id)

    def _opened(self, event: Event) -> None:
        incident: Any = event.body.get("incident")
        if not isinstance(incident, dict) or not isinstance(incident.get("id"), str):
            return
        if incident["id"] in self.responses:
            return
        title, kind = str(incident.get("title", "")), str(incident.get("kind", ""))
        response = Response(id=incident["id"], title=title, kind=kind, opened_ns=event.t_ns)
        self.responses.put(response)
        if len(self.responses) > RESPONSES_KEPT:
            self.responses.drop(next(iter(self.responses)))

    def _moved(self, event: Event) -> None:
        unit: Any = event.body.get("unit")
        response = self.responses.get(str(event.body.get("id", "")))
        if response is None or response.on_scene_ns or not isinstance(unit, dict):
            return
        if not response.assigned_ns:
            response = msgspec.structs.replace(response, assigned_ns=event.t_ns)
        if unit.get("status") == "on_scene":
            response = msgspec.structs.replace(
                response,
                on_scene_ns=event.t_ns,
                unit_id=str(unit.get("unit_id", "")),
                unit_name=str(unit.get("name", "")),
            )
        self.responses.put(response)


PART = PartType(id="units", make=Units)
