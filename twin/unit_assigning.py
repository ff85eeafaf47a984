"""Putting units on incidents and freeing them, from wherever units are listed. GUI thread.

The acts are those of an incident's own page (`twin.incident_working.set_unit`). A unit that works
on another incident is freed from that one, but only once the hub has put it on the new one: a
refusal never leaves it without work.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from twin.acting import refusal_of
from twin.incident_working import set_unit
from twin.playbooks.working import middle_of
from twin.room.parts.incidents import Incident, Incidents
from twin.session import TwinSession

ASSIGNED, RELEASED = "assigned", "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class NearIncident:
    """An open incident as units see it.

    Attributes
    ----------
    nearest_m, farthest_m : over the ground to the middle of the incident, of the units whose
        position is known; None = of none, or the incident has no place
    has_all : every one of the units works on it already
    """

    incident: Incident
    nearest_m: float | None
    farthest_m: float | None
    has_all: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One act on its way: which unit, on which incident, and what it leaves afterwards."""

    act_id: str
    unit_id: str
    incident_id: str
    status: str
    leaves: tuple[str, ...] = ()


class UnitAssigning:
    """Asks the hub, and remembers what it has not answered."""

    def __init__(self, session: TwinSession) -> None:
        self._session = session
        self._asked: list[_Asked] = []

    def assign(self, unit_ids: Iterable[str], incident: Incident) -> int:
        """Put units on an open incident; those that work on it stay as they are.

        Returns
        -------
        How many were asked for.
        """
        wanted = [one for one in unit_ids if not is_working_on(incident, one)]
        for unit_id in wanted:
            before = tuple(one.id for one in self._working(unit_id))
            self._ask(unit_id, incident, ASSIGNED, before)
        return len(wanted)

    def free(self, unit_ids: Iterable[str]) -> int:
        """Free units from every open incident they work on; how many acts were sent."""
        n = 0
        for unit_id in unit_ids:
            for incident in self._working(unit_id):
                self._ask(unit_id, incident, RELEASED)
                n += 1
        return n

    def waits_for(self, unit_id: str) -> Incident | None:
        """The incident that a unit is being put on or freed from, None = nothing is asked."""
        found = next((one for one in reversed(self._asked) if one.unit_id == unit_id), None)
        return None if found is None else self._incident(found.incident_id)

    def follow(self) -> str:
        """Take in what the hub has done since; why it refused something, "" = it did not."""
        refused = ""
        asked, self._asked = self._asked, []
        for one in asked:
            why = refusal_of(self._session, one.act_id)
            incident = self._incident(one.incident_id)
            if why:
                refused = refused or why
            elif incident is None or not incident.is_open:
                continue
            elif is_working_on(incident, one.unit_id) is (one.status == ASSIGNED):
                for old in self._left_by(one):
                    self._ask(one.unit_id, old, RELEASED)
            else:
                self._asked.append(one)
        return refused

    def _left_by(self, one: _Asked) -> list[Incident]:
        return [old for old in self._working(one.unit_id) if old.id in one.leaves]

    def _ask(
        self, unit_id: str, incident: Incident, status: str, leaves: tuple[str, ...] = ()
    ) -> None:
        act_id = set_unit(self._session, incident, unit_id, status)
        self._asked.append(
            _Asked(
                act_id=act_id, unit_id=unit_id, incident_id=incident.id, status=status,
                leaves=leaves,
            )
        )  # fmt: skip

    def _working(self, unit_id: str) -> list[Incident]:
        open_ones = self._session.hub.room[Incidents].open
        return [one for one in open_ones if is_working_on(one, unit_id)]

    def _incident(self, incident_id: str) -> Incident | None:
        return self._session.hub.room[Incidents].by_id.get(incident_id)


def is_working_on(incident: Incident, unit_id: str) -> bool:
    """Whether a unit was put on an incident and not freed from it."""
    return any(one.unit_id == unit_id and one.status != RELEASED for one in incident.units)


def incidents_near(session: TwinSession, unit_ids: Iterable[str]) -> list[NearIncident]:
    """Open incidents, the nearest to any of the units first; those without a place last."""
    wanted = list(unit_ids)
    slots = [slot for slot in map(session.units.slot_of, wanted) if slot >= 0]
    at_m = session.units.at(session.clock.now_ns()).xyz_local_m
    places_m = at_m[[slot for slot in slots if slot < len(at_m)], :2].astype(float)
    places_m = places_m[np.isfinite(places_m).all(axis=1)]
    found = []
    for incident in session.hub.room[Incidents].open:
        middle = middle_of(incident)
        ways_m = np.empty(0)
        if middle is not None:
            ways_m = np.linalg.norm(places_m - np.array(middle[:2]), axis=1)
        found.append(
            NearIncident(
                incident=incident,
                nearest_m=float(ways_m.min()) if len(ways_m) else None,
                farthest_m=float(ways_m.max()) if len(ways_m) else None,
                has_all=bool(wanted) and all(is_working_on(incident, one) for one in wanted),
            )
        )
    return sorted(found, key=_order)


def _order(one: NearIncident) -> tuple[float, int]:
    way_m = math.inf if one.nearest_m is None else one.nearest_m
    return way_m, one.incident.opened_ns
