"""From what rules say to what the room must hear: which alarms to raise, return and suppress.

The room is compared with the rules each time, so that nothing is repeated and nothing forgotten,
whether the watcher, the hub or the network was away meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twin.arrays import Float64Array
from twin.clock import NS_PER_S
from twin.perception.rules_inputs import InputColumns
from twin.perception.rules_naming import ALARM_PREFIX, rule_of_alarm
from twin.perception.rules_running import RunningRule
from twin.room.parts.alarms import Alarm

_LONGEST = 500


@dataclass(slots=True)
class Wanted:
    """What the room must hear.

    Attributes
    ----------
    came : bodies of alarms to raise
    returned, unsuppressed : ids
    suppressed : ids by rule
    """

    came: list[dict[str, Any]] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    suppressed: dict[str, list[str]] = field(default_factory=dict)
    unsuppressed: list[str] = field(default_factory=list)


def compare(
    running: Mapping[str, RunningRule],
    inputs: InputColumns,
    alarms: Mapping[str, Alarm],
    *,
    now_ns: int,
    left_alone: Collection[str] = (),
) -> Wanted:
    """Compare rules with the alarms of the room.

    Parameters
    ----------
    left_alone : ids of which something was asked a moment ago
    """
    wanted = Wanted()
    for one in running.values():
        for unit in np.flatnonzero(one.is_open).tolist():
            name = one.alarm_ids[unit]
            known = alarms.get(name)
            if name not in left_alone and (known is None or not known.is_active):
                wanted.came.append(_body(one, unit, running, inputs, now_ns))
    for name, alarm in alarms.items():
        if name.startswith(ALARM_PREFIX) and name not in left_alone:
            _look_at(alarm, running.get(rule_of_alarm(name)), wanted)
    return wanted


def _look_at(alarm: Alarm, one: RunningRule | None, wanted: Wanted) -> None:
    """An alarm of the room: is it over, and is it suppressed as its rule wants it?"""
    rule_id = rule_of_alarm(alarm.id)
    unit = None if one is None else one.unit_of.get(alarm.id)
    if one is None or unit is None:
        is_over = one is None or not _may_come_yet(alarm, one)
    else:
        is_over = not one.is_open[unit]
    if is_over and alarm.is_active:
        wanted.returned.append(alarm.id)
    if one is not None and unit is not None and not is_over:
        if one.is_suppressed[unit] and not alarm.suppressed_by:
            wanted.suppressed.setdefault(rule_id, []).append(alarm.id)
        elif one.is_calm[unit] and alarm.suppressed_by == rule_id:
            wanted.unsuppressed.append(alarm.id)
    elif is_over and alarm.suppressed_by == rule_id:
        wanted.unsuppressed.append(alarm.id)


def _may_come_yet(alarm: Alarm, one: RunningRule) -> bool:
    """Whether its datastream was not announced since this watcher started."""
    return bool(alarm.datastream_id) and alarm.datastream_id not in one.directory.slot_of


def _body(
    one: RunningRule,
    unit: int,
    running: Mapping[str, RunningRule],
    inputs: InputColumns,
    now_ns: int,
) -> dict[str, Any]:
    rule = one.rule
    body: dict[str, Any] = {
        "id": one.alarm_ids[unit], "title": rule.title, "priority": rule.priority.value,
        "response": rule.response, "department": rule.department, "is_latched": rule.latched,
        "rule": rule.id, "suppressed_by": rule.id if one.is_suppressed[unit] else "",
    }  # fmt: skip
    place = place_of(one, unit)
    if one.areas:
        slots = one.rows_up(unit)
        body["thing_name"] = one.areas[unit][:_LONGEST]
        body["value_text"] = f"{one.n_up[unit]:,} of {one.sizes[unit]:,}"
        body["datastream_id"] = one.directory.streams[int(slots[0])].id if len(slots) == 1 else ""
        thing_id = ""
    else:
        slot = int(one.slots[unit])
        stream, thing = one.directory.streams[slot], one.directory.things[slot]
        thing_id = stream.thing_id
        body |= {
            "thing_id": thing_id, "thing_name": (thing.name or thing_id)[:_LONGEST],
            "datastream_id": stream.id, "value_text": _value_text(one, slot, inputs, now_ns),
        }  # fmt: skip
    if np.isfinite(place).all():
        body["xyz"] = [round(one, 3) for one in place.tolist()]
    root = running.get(rule.root) if rule.root else None
    if root is not None:
        body["root"] = _root_of(root, thing_id, place)
    return body


def _value_text(one: RunningRule, slot: int, inputs: InputColumns, now_ns: int) -> str:
    if inputs.t_ns[slot] == 0:
        return ""
    text = f"{inputs.values[slot]:.6g} {one.directory.streams[slot].unit}".rstrip()
    if "age_s" in one.compiled.open.names:
        text += f", {(now_ns - int(inputs.t_ns[slot])) / NS_PER_S:,.0f} s ago"
    return text[:_LONGEST]


def place_of(one: RunningRule, unit: int) -> Float64Array:
    """(3,) where a unit of a rule is, local metres; of an area the middle of what is up there."""
    if not one.areas:
        place: Float64Array = one.directory.xyz_local[int(one.slots[unit])]
        return place
    xyz = one.directory.xyz_local[one.rows_up(unit)]
    xyz = xyz[np.isfinite(xyz).all(axis=1)]
    middle: Float64Array = xyz.mean(axis=0) if len(xyz) else np.full(3, np.nan)
    return middle


def _root_of(root: RunningRule, thing_id: str, place: Float64Array) -> str:
    """The open alarm of the root's rule at the same thing, else the nearest one, else ""."""
    opened = np.flatnonzero(root.is_open).tolist()
    for unit in opened:
        if thing_id and not root.areas:
            stream = root.directory.streams[int(root.slots[unit])]
            if stream.thing_id == thing_id:
                return root.alarm_ids[unit]
    gaps = [(float(np.linalg.norm(place_of(root, unit) - place)), unit) for unit in opened]
    near = min((gap for gap in gaps if np.isfinite(gap[0])), default=None)
    if near is None:
        return root.alarm_ids[opened[0]] if len(opened) == 1 else ""
    return root.alarm_ids[near[1]]


def acts_of(wanted: Wanted, most: int) -> Iterator[tuple[str, dict[str, Any], tuple[str, ...]]]:
    """The acts that say it, each with the ids it is about; at most so many alarms in one."""
    for start in range(0, len(wanted.came), most):
        chunk = wanted.came[start : start + most]
        yield "alarm.raise", {"alarms": chunk}, tuple(str(one["id"]) for one in chunk)
    for kind, ids in (("alarm.return", wanted.returned), ("alarm.unsuppress", wanted.unsuppressed)):
        for start in range(0, len(ids), most):
            some = ids[start : start + most]
            yield kind, {"ids": some}, tuple(some)
    for rule_id, ids in wanted.suppressed.items():
        for start in range(0, len(ids), most):
            some = ids[start : start + most]
            yield "alarm.suppress", {"ids": some, "rule": rule_id}, tuple(some)
