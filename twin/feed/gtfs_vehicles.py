"""Trips of a timetable chained to vehicles: who arrives leaves again."""

from __future__ import annotations

import dataclasses
import heapq
from collections import defaultdict, deque
from dataclasses import dataclass

import numpy as np

#: A vehicle that has to go elsewhere for its next trip needs at least so long.
MOVE_S = 900.0
#: Most departures of one trip that frequencies may make.
MOST_REPEATS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One departure.

    Attributes
    ----------
    knots : number of its times and metres
    way : number of its way
    start_s, end_s : seconds since the service day's midnight
    first_stop, last_stop : numbers of stops
    later_s : how much later than ``knots`` say
    """

    knots: int
    way: int
    route: str
    start_s: float
    end_s: float
    first_stop: int
    last_stop: int
    later_s: float = 0.0

    def repeated(self, frequencies: list[tuple[float, float, float]] | None) -> list[Run]:
        """Itself, or where frequencies.txt says so: a departure every so many seconds."""
        if not frequencies:
            return [self]
        out = []
        for first, last, every in frequencies:
            for start in np.arange(first, last, every)[:MOST_REPEATS].tolist():
                later = start - self.start_s
                out.append(
                    dataclasses.replace(
                        self, start_s=start, end_s=self.end_s + later, later_s=later
                    )
                )
        return out


def chained(runs: list[Run]) -> list[list[int]]:
    """Numbers of the runs of each vehicle, in the order of their times.

    A run is taken by the vehicle of its route that waits longest at its first stop; else by one
    that has had time to come from elsewhere; else by a new one.
    """
    vehicles: list[list[int]] = []
    waiting: dict[tuple[str, int], deque[int]] = defaultdict(deque)
    idle: dict[str, deque[tuple[int, float]]] = defaultdict(deque)
    under_way: list[tuple[float, int]] = []
    for number in sorted(range(len(runs)), key=lambda k: (runs[k].start_s, k)):
        run = runs[number]
        while under_way and under_way[0][0] <= run.start_s:
            _, vehicle = heapq.heappop(under_way)
            last = runs[vehicles[vehicle][-1]]
            waiting[last.route, last.last_stop].append(vehicle)
            idle[last.route].append((vehicle, last.end_s))
        vehicle = _taken(runs, vehicles, run, waiting, idle)
        if vehicle < 0:
            vehicle = len(vehicles)
            vehicles.append([])
        vehicles[vehicle].append(number)
        heapq.heappush(under_way, (run.end_s, vehicle))
    return vehicles


def _taken(
    runs: list[Run],
    vehicles: list[list[int]],
    run: Run,
    waiting: dict[tuple[str, int], deque[int]],
    idle: dict[str, deque[tuple[int, float]]],
) -> int:
    """A vehicle that is free for a run, -1 for none."""
    here = waiting[run.route, run.first_stop]
    while here:
        vehicle = here.popleft()
        if _rests_at(runs, vehicles[vehicle], run.first_stop, run.start_s):
            return vehicle
    free = idle[run.route]
    while free:
        vehicle, since_s = free[0]
        if run.start_s - since_s < MOVE_S:
            break
        free.popleft()
        if runs[vehicles[vehicle][-1]].end_s == since_s:  # else it has been taken since
            return vehicle
    return -1


def _rests_at(runs: list[Run], numbers: list[int], stop: int, now_s: float) -> bool:
    last = runs[numbers[-1]]
    return last.last_stop == stop and last.end_s <= now_s
