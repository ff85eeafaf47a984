"""Ways of scheduled vehicles: where along its shape each stop of a trip lies."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from twin.arrays import Float64Array

_M_A_DEGREE = 111_195.0
#: A stop farther than this from its shape: the shape is not that of the trip.
MOST_OFF_M = 2_000.0


@dataclass(slots=True)
class Ways:
    """Polylines with metres along them, each kept once."""

    lonlat_deg: list[Float64Array] = field(default_factory=list)
    metres: list[Float64Array] = field(default_factory=list)

    def add(self, lonlat_deg: Float64Array) -> int:
        """Number of a new way (k, 2)."""
        self.lonlat_deg.append(lonlat_deg)
        step = np.hypot(*np.diff(flat_m(lonlat_deg, lonlat_deg[0]), axis=0).T)
        self.metres.append(np.concatenate([[0.0], np.cumsum(step)]))
        return len(self.metres) - 1


def flat_m(lonlat_deg: Float64Array, origin: Float64Array) -> Float64Array:
    """(k, 2) metres east and north of a point; good to a few per mille within a city."""
    away: Float64Array = (lonlat_deg - origin) * _M_A_DEGREE
    away[:, 0] *= np.cos(np.radians(origin[1]))
    return away


def stops_along(
    way_deg: Float64Array, way_m: Float64Array, stops_deg: Float64Array
) -> Float64Array | None:
    """Metres (s,) along a way of stops in the order they are served; None where they do not fit.

    Of all places where the way passes a stop those are taken that never go back and lie nearest
    in sum (dynamic programming over the way's pieces), so that loops and ways that cross
    themselves come out right.

    Parameters
    ----------
    way_deg : (k, 2) longitude and latitude
    way_m : (k,) metres along it
    stops_deg : (s, 2)
    """
    origin = way_deg[0]
    way, stops = flat_m(way_deg, origin), flat_m(stops_deg, origin)
    start, step = way[:-1], np.diff(way, axis=0)
    square = np.maximum((step**2).sum(axis=1), 1e-9)
    away = stops[:, None] - start[None]
    share = np.clip((away * step).sum(axis=2) / square, 0.0, 1.0)
    gap = ((away - share[..., None] * step) ** 2).sum(axis=2)
    if float(np.sqrt(gap.min(axis=1)).max()) > MOST_OFF_M:
        return None
    piece = _cheapest_rising(gap)
    rows = np.arange(len(stops))
    along = way_m[piece] + share[rows, piece] * np.diff(way_m)[piece]
    rising: Float64Array = np.maximum.accumulate(along)
    return rising


def _cheapest_rising(cost: Float64Array) -> np.ndarray:
    """Column of each row so that columns never fall and the sum of (s, k) costs is least."""
    total = cost.copy()
    best = np.empty(cost.shape, dtype=np.int64)
    columns = np.arange(cost.shape[1])
    for row in range(1, len(cost)):
        least = np.minimum.accumulate(total[row - 1])
        is_new = total[row - 1] == least
        best[row] = np.maximum.accumulate(np.where(is_new, columns, 0))
        total[row] += least
    out = np.empty(len(cost), dtype=np.int64)
    out[-1] = int(total[-1].argmin())
    for row in range(len(cost) - 1, 0, -1):
        out[row - 1] = best[row, out[row]]
    return out
