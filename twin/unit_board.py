"""How every unit stands: available, assigned, on its way, there, or out of service. Pure.

A unit stands as far along as what it reports (``distance_to_target``) and what was noted on its
incident say. What nobody reported is left open: no way, no time of arrival.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float32Array, Float64Array
from twin.clock import NS_PER_S
from twin.commands.dispatch_unit import ARRIVED_M
from twin.room.fold import Room
from twin.room.model import Command, CommandState
from twin.room.parts.incidents import Incident, Incidents, UnitStatus
from twin.room.parts.units import UnitOut, Units
from twin.sense.model import Unit
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

DISPATCH = "unit.dispatch"
#: A unit of which nothing was heard for so long is said to be silent.
SILENT_S = 60.0
#: Within what is remembered of positions, also of those that come often.
_SPEED_OVER_NS = 4 * NS_PER_S
#: Slower than this nothing is said about when it arrives.
_LEAST_M_S = 2.0


class Standing(enum.IntEnum):
    """Where a unit stands; the further along, the larger."""

    AVAILABLE = 0
    ASSIGNED = 1
    EN_ROUTE = 2
    ON_SCENE = 3
    OUT = 4


_OF_STATUS = {
    "assigned": Standing.ASSIGNED,
    "en_route": Standing.EN_ROUTE,
    "on_scene": Standing.ON_SCENE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """One unit of the board.

    Attributes
    ----------
    can_be_sent : it takes dispatches; the others run by themselves (buses on their lines)
    incident : it works on, None = none
    place : where it was sent, "" = not known
    to_go_m : straight way to its target as it reports it, None = it reports none
    eta_s : until it is there, None = not known
    silent_s : since its last position, where that is longer than `SILENT_S`; None otherwise
    out : why it is out of service
    """

    unit: Unit
    standing: Standing
    can_be_sent: bool
    incident: Incident | None = None
    place: str = ""
    to_go_m: float | None = None
    eta_s: float | None = None
    silent_s: float | None = None
    out: UnitOut | None = None


def unit_rows(
    room: Room, units: UnitStore, observations: ObservationStore, now_ns: int
) -> list[UnitRow]:
    """All units, by department, kind and name."""
    known = units.units
    now, before = units.at(now_ns), units.at(now_ns - _SPEED_OVER_NS)
    moved_m = np.linalg.norm(now.xyz_local_m - before.xyz_local_m, axis=1)
    speeds_m_s = moved_m / (_SPEED_OVER_NS / NS_PER_S)
    noted, dispatched, out = _noted(room), _dispatched(room), room[Units].out
    sent = {name: command for name, command in dispatched.items() if not command.is_terminal}
    values = observations.snapshot().values
    rows = []
    for slot in range(min(len(known), len(speeds_m_s))):
        unit = known[slot]
        incident, status = noted.get(unit.id, (None, None))
        command, last = sent.get(unit.id), dispatched.get(unit.id)
        to_go_m = _to_go(observations, values, unit.id)
        standing = _standing(status, command, to_go_m)
        row_out = out.get(unit.id)
        age_s = float(now.age_s[slot])
        is_on_way = standing is Standing.EN_ROUTE and row_out is None
        eta_s = (
            _eta(status, command, now.xyz_local_m[slot], float(speeds_m_s[slot]), now_ns)
            if is_on_way
            else None
        )
        rows.append(
            UnitRow(
                unit=unit,
                standing=Standing.OUT if row_out is not None else standing,
                can_be_sent=DISPATCH in unit.accepts,
                incident=incident,
                place=_place(last) if standing is not Standing.AVAILABLE else "",
                to_go_m=to_go_m or None,
                eta_s=eta_s,
                silent_s=age_s if SILENT_S < age_s < math.inf else None,
                out=row_out,
            )
        )
    return sorted(rows, key=_order)


def _order(row: UnitRow) -> tuple[str, str, int, str]:
    name = row.unit.name
    digits = "".join(c for c in name if c.isdigit())
    return row.unit.department, row.unit.kind, int(digits[:9] or 0), name


def _noted(room: Room) -> Mapping[str, tuple[Incident, UnitStatus]]:
    """What was noted of units on open incidents; the newest word counts."""
    noted: dict[str, tuple[Incident, UnitStatus]] = {}
    for incident in room[Incidents].open:
        for status in incident.units:
            old = noted.get(status.unit_id)
            is_newer = old is None or old[1].since_ns <= status.since_ns
            if status.status != "released" and is_newer:
                noted[status.unit_id] = (incident, status)
    return noted


def _dispatched(room: Room) -> Mapping[str, Command]:
    """The newest dispatch of each unit that is under way or was verified."""
    return {
        command.request.target_id: command
        for command in room.commands.values()
        if command.request.type_id == DISPATCH
        and (not command.is_terminal or command.state is CommandState.VERIFIED)
    }


def _place(command: Command | None) -> str:
    return "" if command is None else str(command.request.args.get("place", ""))


def _to_go(observations: ObservationStore, values: Float64Array, unit_id: str) -> float | None:
    slot = observations.slot_of(f"{unit_id}/distance_to_target")
    if not 0 <= slot < len(values) or not math.isfinite(values[slot]):
        return None
    return float(values[slot])


def _standing(
    status: UnitStatus | None, command: Command | None, to_go_m: float | None
) -> Standing:
    found = [Standing.AVAILABLE]
    if status is not None:
        found.append(_OF_STATUS.get(status.status, Standing.AVAILABLE))
    if command is not None:
        found.append(Standing.ASSIGNED)
    if to_go_m:
        found.append(Standing.ON_SCENE if to_go_m <= ARRIVED_M else Standing.EN_ROUTE)
    return max(found)


def _eta(
    status: UnitStatus | None,
    command: Command | None,
    xyz_m: Float32Array,
    speed_m_s: float,
    now_ns: int,
) -> float | None:
    """By the way that was announced and how fast it drove lately, else as it was noted."""
    if command is not None and len(command.route) > 1 and speed_m_s >= _LEAST_M_S:
        return way_ahead_m(np.array(command.route), xyz_m) / speed_m_s
    if status is not None and status.eta_s is not None and status.status != "on_scene":
        return max(status.eta_s - (now_ns - status.since_ns) / NS_PER_S, 0.0)
    return None


def way_ahead_m(route_m: Float64Array, xyz_m: Float32Array) -> float:
    """Length of a way from where it is nearest to a place on.

    Parameters
    ----------
    route_m : (k, 3) corners, local metres; at least two
    xyz_m : (3,)
    """
    start, step = route_m[:-1, :2], np.diff(route_m[:, :2], axis=0)
    lengths = np.linalg.norm(step, axis=1)
    along = ((xyz_m[:2] - start) * step).sum(axis=1) / np.maximum(lengths, 1e-9) ** 2
    along = np.clip(along, 0.0, 1.0)
    gaps = np.linalg.norm(start + step * along[:, None] - xyz_m[:2], axis=1)
    nearest = int(np.argmin(gaps))
    return float(lengths[nearest] * (1.0 - along[nearest]) + lengths[nearest + 1 :].sum())
