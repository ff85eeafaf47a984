"""A command and the others around it, as interlocks look at them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import pairwise

from twin.clock import NS_PER_S
from twin.commands.preview import Point
from twin.hub.effects import is_good
from twin.hub.hall import Hall
from twin.hub.requests import Observation, Target
from twin.interlocks.model import OtherCommand, Reading, Subject
from twin.room.model import Command, CommandState
from twin.room.parts.commands import Commands

_EARTH_M = 6_371_008.8


def subject_of(hall: Hall, command: Command) -> Subject:
    """A command as a rule looks at it."""
    target = hall.targets.get(command.request.target_id)
    is_on_globe = target is not None and target.frame == "geographic" and target.xyz is not None
    return Subject(
        request=command.request, issued_by=command.issued_by, level=command.level,
        kind=target.kind if target else "", xyz=place_of(hall, command.request.target_id),
        lon_lat=target.xyz[:2] if target and target.xyz and is_on_globe else None,
    )  # fmt: skip


def readings_of(last: Mapping[str, Observation], now_ns: int) -> dict[str, Reading]:
    """Last samples with their age by the hub's clock."""
    return {
        datastream_id: Reading(seen.value, (now_ns - seen.t_ns) / NS_PER_S)
        for datastream_id, seen in last.items()
        if is_good(seen, now_ns)
    }


def others_near(
    hall: Hall, command: Command, types: tuple[str, ...] = ()
) -> tuple[OtherCommand, ...]:
    """Every other command that is not over, and verified ones whose effect still lasts.

    Parameters
    ----------
    types : only commands of these types, with ``*`` and ``?``; empty = all
    """
    here = hall.targets.get(command.request.target_id)
    xyz = place_of(hall, command.request.target_id)
    return tuple(
        OtherCommand(
            command=other,
            title=hall.title(other.request.type_id),
            kind=there.kind if there else "",
            distance_m=distance_m(here, there),
            route_distance_m=route_distance_m(xyz, other.route) if xyz else None,
        )
        for other in _at_work(hall, types)
        if other.request.id != command.request.id
        for there in (hall.targets.get(other.request.target_id),)
    )


def _at_work(hall: Hall, types: tuple[str, ...]) -> Iterator[Command]:
    """Commands that are not over, and of those that were verified the ones nothing has undone.

    A later verified command of the same type, or of the inverse one, on the same target ends the
    effect of an earlier one. The room keeps the last thousand commands that are over: an effect
    that must be seen for longer belongs into a rule over a datastream.
    """
    wanted: dict[str, bool] = {}
    newest: dict[tuple[str, str], int] | None = None
    for command in hall.room[Commands].by_id.values():
        type_id = command.request.type_id
        if type_id not in wanted:
            wanted[type_id] = not types or any(fnmatchcase(type_id, one) for one in types)
        if not wanted[type_id]:
            continue
        if not command.is_terminal:
            yield command
        elif command.state is CommandState.VERIFIED:
            newest = _newest_verified(hall) if newest is None else newest
            if command.ended_seq >= newest[command.request.target_id, type_id]:
                yield command


def _newest_verified(hall: Hall) -> dict[tuple[str, str], int]:
    """(target, command type) -> the event after which no effect of that type lasts there."""
    newest: dict[tuple[str, str], int] = {}
    for command in hall.room[Commands].by_id.values():
        if command.state is not CommandState.VERIFIED:
            continue
        target_id, type_id = command.request.target_id, command.request.type_id
        command_type = hall.types.get(type_id)
        for ended in {type_id, command_type.inverse if command_type else ""}:
            key = (target_id, ended)
            newest[key] = max(newest.get(key, 0), command.ended_seq)
    return newest


def place_of(hall: Hall, target_id: str) -> Point | None:
    """Where a target stands, local metres, None = not known."""
    target = hall.targets.get(target_id)
    return target.xyz if target is not None and target.frame == "local" else None


def distance_m(one: Target | None, other: Target | None) -> float | None:
    """Distance on the ground of two targets announced in the same frame, None = not known."""
    if one is None or other is None or one.xyz is None or other.xyz is None:
        return None
    if one.frame != other.frame:
        return None
    if one.frame == "local":
        return math.dist(one.xyz[:2], other.xyz[:2])
    return _great_circle_m(one.xyz, other.xyz) if one.frame == "geographic" else None


def _great_circle_m(a: Point, b: Point) -> float:
    lon_a, lat_a, lon_b, lat_b = map(math.radians, (*a[:2], *b[:2]))
    half = math.sin((lat_b - lat_a) / 2) ** 2
    half += math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(half)))


def route_distance_m(xyz: Point, route: tuple[Point, ...]) -> float | None:
    """Shortest way on the ground from a place to a route, None where there is no route."""
    if not route:
        return None
    if len(route) == 1:
        return math.dist(xyz[:2], route[0][:2])
    return min(_to_segment_m(xyz, a, b) for a, b in pairwise(route))


def _to_segment_m(p: Point, a: Point, b: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    t = 0.0 if not length2 else ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2
    t = min(1.0, max(0.0, t))
    return math.hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy)
