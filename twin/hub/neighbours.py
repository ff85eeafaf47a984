"""Other commands around one, as interlocks look at them."""

from __future__ import annotations

import math
from itertools import pairwise

from twin.commands.preview import Point
from twin.hub.hall import Hall
from twin.interlocks.model import OtherCommand
from twin.room.model import Command, CommandState
from twin.room.parts.commands import Commands

_LASTING = (CommandState.VERIFIED,)


def others_near(hall: Hall, command: Command) -> tuple[OtherCommand, ...]:
    """Every other command that is not over, and verified ones whose effect may still last."""
    xyz = place_of(hall, command.request.target_id)
    found = []
    for other in hall.room[Commands].by_id.values():
        is_other = other.request.id != command.request.id
        if is_other and (not other.is_terminal or other.state in _LASTING):
            target = hall.targets.get(other.request.target_id)
            there = place_of(hall, other.request.target_id)
            found.append(
                OtherCommand(
                    command=other,
                    kind=target.kind if target else "",
                    distance_m=math.dist(xyz[:2], there[:2]) if xyz and there else None,
                    route_distance_m=route_distance_m(xyz, other.route) if xyz else None,
                )
            )
    return tuple(found)


def place_of(hall: Hall, target_id: str) -> Point | None:
    """Where a target stands, local metres, None = not known."""
    target = hall.targets.get(target_id)
    return target.xyz if target is not None and target.frame == "local" else None


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
