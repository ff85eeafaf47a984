"""Where units were in the last minutes: a moment a second, in bounded memory.

`UnitStore` keeps the last few positions of each unit, enough to draw it smoothly now. What lies
further back is kept here, thinned to one moment a second.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float32Array
from twin.clock import NS_PER_S
from twin.sense.units import UnitsNow, UnitStore

STEP_NS = NS_PER_S
#: What older moments may take; the oldest give way.
MOST_BYTES = 48 * 1024 * 1024
#: No further back than this.
REACH_NS = 600 * NS_PER_S
#: A unit that was farther away a moment before was put there anew: nothing lies between.
_JUMP_M = 400.0


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    t_ns: int
    units: UnitsNow

    @property
    def n_bytes(self) -> int:
        units = self.units
        return units.xyz_local_m.nbytes + units.heading_rad.nbytes + units.age_s.nbytes


class UnitPast:
    """Moments of a `UnitStore`. One thread.

    Parameters
    ----------
    most_bytes : what all moments together may take
    """

    def __init__(self, units: UnitStore, *, most_bytes: int = MOST_BYTES) -> None:
        self._store = units
        self._most_bytes = most_bytes
        self._moments: deque[_Moment] = deque()
        self._n_bytes = 0

    @property
    def oldest_ns(self) -> int | None:
        """How far back it reaches, None while it knows nothing."""
        return self._moments[0].t_ns if self._moments else None

    def note(self, now_ns: int) -> None:
        """Keep this moment, if the last one is a second old; call it often enough.

        Where time went back (an earlier moment is shown) what was kept is forgotten.
        """
        if self._moments and now_ns < self._moments[-1].t_ns:
            self._moments.clear()
            self._n_bytes = 0
        if self._moments and now_ns - self._moments[-1].t_ns < STEP_NS:
            return
        moment = _Moment(now_ns, self._store.at(now_ns))
        self._moments.append(moment)
        self._n_bytes += moment.n_bytes
        while len(self._moments) > 1 and (
            self._n_bytes > self._most_bytes or now_ns - self._moments[0].t_ns > REACH_NS
        ):
            self._n_bytes -= self._moments.popleft().n_bytes

    def at(self, t_ns: int) -> UnitsNow:
        """Where all units were, between two kept moments in a straight line.

        A unit that was not there yet is nowhere (NaN); before the oldest moment all are.
        """
        n = len(self._store.units)
        after = next((m for m in self._moments if m.t_ns >= t_ns), None)
        before = next((m for m in reversed(self._moments) if m.t_ns <= t_ns), None)
        if before is None:
            return _nowhere(n)
        if after is None or after is before:
            return _filled(before.units, n, (t_ns - before.t_ns) / NS_PER_S)
        share = (t_ns - before.t_ns) / (after.t_ns - before.t_ns)
        return _between(before.units, after.units, share, n)


def _nowhere(n: int) -> UnitsNow:
    return UnitsNow(
        xyz_local_m=np.full((n, 3), np.nan, np.float32),
        heading_rad=np.full(n, np.nan, np.float32),
        age_s=np.full(n, np.inf, np.float32),
    )


def _filled(units: UnitsNow, n: int, later_s: float) -> UnitsNow:
    """The same for n units, of which the last were not known yet."""
    made = _nowhere(n)
    known = min(n, len(units.age_s))
    made.xyz_local_m[:known] = units.xyz_local_m[:known]
    made.heading_rad[:known] = units.heading_rad[:known]
    made.age_s[:known] = units.age_s[:known] + later_s
    return made


def _between(start: UnitsNow, end: UnitsNow, share: float, n: int) -> UnitsNow:
    a, b = _filled(start, n, 0.0), _filled(end, n, 0.0)
    step: Float32Array = b.xyz_local_m - a.xyz_local_m
    with np.errstate(invalid="ignore"):
        is_near = np.hypot(step[:, 0], step[:, 1]) <= _JUMP_M
    turn = (b.heading_rad - a.heading_rad + np.pi) % (2 * np.pi) - np.pi
    a.xyz_local_m[is_near] += np.float32(share) * step[is_near]
    a.heading_rad[is_near] += np.float32(share) * turn[is_near]
    return a
