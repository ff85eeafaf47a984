"""What several command types tell in the same way before they are released. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from twin.commands.preview import (
    CityView,
    Point,
    Prediction,
    Preview,
    PreviewArea,
    PreviewTarget,
)

#: Most things a preview names one by one; the notes tell how many there are.
MOST_THINGS = 200
UNIT_KINDS = ("ambulance", "fire_engine", "police", "works", "bus", "tram")
#: A unit or thing this near to a street counts as on it.
BESIDE_M = 40.0
STRAIGHT_MPS = 8.0


def report_of(
    observed_property: str, value: Callable[[Any], float], *, seconds: float, basis: str
) -> Callable[[PreviewTarget, Any, CityView], Preview]:
    """A preview for types that set one figure which their target then reports.

    Parameters
    ----------
    value : from the parameters
    seconds : until it is reported, from acceptance on
    """

    def preview(target: PreviewTarget, params: Any, city: CityView) -> Preview:
        datastream_id = f"{target.id}/{observed_property}"
        words = observed_property.replace("_", " ")
        prediction = Prediction(
            datastream_id=datastream_id,
            text=f"{target.name} reports {words} {value(params):g}",
            unit="",
            before=city.last_value(datastream_id),
            after=value(params),
            after_s=seconds,
        )
        return Preview(things=(target.id,), predictions=(prediction,), basis=basis)

    return preview


def way_to(
    target: PreviewTarget, goal: tuple[float, float], place: str, city: CityView, haste: float
) -> Preview:
    """The way of a unit to a place, and when it will be there.

    Parameters
    ----------
    haste : share of the streets' speeds that it drives
    """
    start = city.position(target.id) or target.xyz
    if start is None:
        note = f"Nobody knows where {target.name} is, so its way cannot be told"
        return Preview(things=(target.id,), basis="no model: no position is known", notes=(note,))
    end = (goal[0], goal[1], start[2])
    route = city.route(start, end)
    if route is None:
        gap_m = math.dist(start[:2], goal)
        corners: tuple[Point, ...] = (start, end)
        driven_m, seconds = gap_m, gap_m / STRAIGHT_MPS
        basis = f"the straight line at {STRAIGHT_MPS * 3.6:.0f} km/h: no open street is known"
    else:
        corners, driven_m = route.corners, route.length_m
        seconds = route.seconds / haste
        basis = "the quickest way over open streets at their speeds, without traffic and signals"
    datastream_id = f"{target.id}/distance_to_target"
    arrival = Prediction(
        datastream_id=datastream_id,
        text=f"{target.name} is at {place}",
        unit="m",
        before=city.last_value(datastream_id),
        after=0.0,
        after_s=seconds,
    )
    note = f"{driven_m / 1000:.1f} km, about {minutes_text(seconds)}"
    return Preview(
        things=(target.id,), lines=(corners,), predictions=(arrival,), basis=basis, notes=(note,)
    )


def along_street(target: PreviewTarget, city: CityView) -> tuple[tuple[Point, ...], list[str]]:
    """The line of a road segment, and the ids of what drives or stands on it."""
    path = city.path(target.id)
    if not path:
        return (), []
    middle = _middle(path)
    reach = max(math.dist(middle[:2], corner[:2]) for corner in path) + BESIDE_M
    near = city.things_near(middle, reach, (*UNIT_KINDS, "signal", "message_sign"))
    beside = [one for one in near if _gap_m(city.position(one), path) < BESIDE_M]
    return path, beside


def length_m(path: Sequence[Point]) -> float:
    """Length of a polyline on the ground."""
    return sum(math.dist(a[:2], b[:2]) for a, b in pairwise(path))


def people_note(area: PreviewArea, city: CityView) -> str:
    """A sentence on who is in an area."""
    people = city.people_in(area)
    if not people.n_buildings:
        return "No building is known in the area"
    return f"About {people.n_people:,} people in {people.n_buildings:,} buildings are in the area"


def count_text(count: int, one: str, many: str = "") -> str:
    """How many of what: "1 street light group", "4 street light groups"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def minutes_text(seconds: float) -> str:
    """How long: "40 s" or "12 min"."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _middle(path: Sequence[Point]) -> Point:
    x, y, z = (sum(corner[k] for corner in path) / len(path) for k in range(3))
    return (x, y, z)


def _gap_m(here: Point | None, path: Sequence[Point]) -> float:
    """Distance of a place from a polyline on the ground."""
    if here is None:
        return math.inf
    gaps = [_gap_to_piece_m(here, a, b) for a, b in pairwise(path)]
    return min(gaps, default=math.dist(here[:2], path[0][:2]))


def _gap_to_piece_m(here: Point, start: Point, end: Point) -> float:
    way = (end[0] - start[0], end[1] - start[1])
    square = way[0] ** 2 + way[1] ** 2
    along = (here[0] - start[0]) * way[0] + (here[1] - start[1]) * way[1]
    share = min(max(along / square, 0.0), 1.0) if square else 0.0
    return math.dist(here[:2], (start[0] + share * way[0], start[1] + share * way[1]))
