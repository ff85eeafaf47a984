"""What a recorded file becomes before it is replayed: series of values, or tracks of units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from twin.arrays import Float64Array, Int64Array, UInt32Array
from twin.errors import TwinError
from twin.sense.model import Datastream, Thing, Unit


class FeedError(TwinError):
    """A recorded file cannot be replayed; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Observations of a file, sorted by time.

    Attributes
    ----------
    recognised : what was recognised in the file, one sentence for a person
    warnings : what was left out, a sentence each
    indices : (n,) u4, `Datastream.index` of each observation
    elapsed_s : (n,) float64, seconds since the first observation, ascending
    values : (n,) float64, finite
    interval_s : usual time between two observations of one datastream
    """

    recognised: str
    warnings: tuple[str, ...]
    things: tuple[Thing, ...]
    datastreams: tuple[Datastream, ...]
    indices: UInt32Array
    elapsed_s: Float64Array
    values: Float64Array
    interval_s: float

    @property
    def duration_s(self) -> float:
        """From the first observation to one interval after the last, recorded time."""
        return float(self.elapsed_s[-1]) + self.interval_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One path with a time at each vertex: elapsed_s (k,) ascending, lonlat_deg (k, 2)."""

    elapsed_s: Float64Array
    lonlat_deg: Float64Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """Moving units of a file; ``tracks[i]`` is the way of ``units[i]``."""

    recognised: str
    warnings: tuple[str, ...]
    units: tuple[Unit, ...]
    tracks: tuple[Track, ...]

    @property
    def duration_s(self) -> float:
        """From the first vertex to the last, recorded time."""
        return max(float(track.elapsed_s[-1]) for track in self.tracks)

    def positions_at(self, elapsed_s: float) -> tuple[UInt32Array, Float64Array]:
        """Indices (k,) of the units under way and their longitudes and latitudes (k, 2)."""
        rows: list[int] = []
        places: list[tuple[float, float]] = []
        for row, track in enumerate(self.tracks):
            if track.elapsed_s[0] <= elapsed_s <= track.elapsed_s[-1]:
                rows.append(row)
                lon, lat = (
                    float(np.interp(elapsed_s, track.elapsed_s, track.lonlat_deg[:, axis]))
                    for axis in (0, 1)
                )
                places.append((lon, lat))
        return np.array(rows, dtype=np.uint32), np.array(places).reshape(-1, 2)


class Moving(Protocol):
    """Units whose places are known at every moment: recorded tracks, or a timetable."""

    @property
    def recognised(self) -> str:
        """What was recognised in the file, one sentence for a person."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out, a sentence each."""
        ...

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units; ``Unit.index`` is their row."""
        ...

    @property
    def duration_s(self) -> float:
        """Until the last moment at which one moves."""
        ...

    def positions_at(self, elapsed_s: float) -> tuple[UInt32Array, Float64Array]:
        """Indices (k,) of the units in sight and their longitudes and latitudes (k, 2)."""
        ...


Recording = Series | Moving


def usual_interval_s(indices: Int64Array | UInt32Array, elapsed_s: Float64Array) -> float:
    """Median time between two observations of the same datastream, 0 where there is none."""
    order = np.lexsort((elapsed_s, indices))
    is_same = np.diff(indices[order].astype(np.int64)) == 0
    steps = np.diff(elapsed_s[order])[is_same]
    steps = steps[steps > 0]
    return float(np.median(steps)) if len(steps) else 0.0
