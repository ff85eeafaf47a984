"""Moving units as CZML, so that others can replay them on their globe.

Format: the CZML guide, "position" as cartographicDegrees with times in seconds after an epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from twin.arrays import Float32Array
from twin.city.frames import Origin, geographic_from_local
from twin.clock import NS_PER_S
from twin.errors import CrsError
from twin.sense.model import Unit

_COLOURS = {
    "ambulance": (196, 22, 42, 255),
    "fire_engine": (196, 22, 42, 255),
    "police": (47, 111, 222, 255),
    "bus": (0, 120, 110, 255),
}
_PLAIN = (90, 98, 106, 255)
#: A unit that stands still is written again only after so long.
_STILL_M, _STILL_S = 0.5, 30.0
MOST_POSITIONS = 2_000_000


@dataclass(slots=True)
class _Track:
    unit: Unit
    times_s: list[float] = field(default_factory=list)
    places: list[tuple[float, float, float]] = field(default_factory=list)
    seen_s: float = 0.0

    def add(self, moment_s: float, place: tuple[float, float, float]) -> int:
        """Take one position; how many were written (a unit that stands costs nothing)."""
        before_s, self.seen_s = self.seen_s, moment_s
        if self.times_s and _stands(self, moment_s, place):
            return 0
        n_written = 1
        if self.times_s and before_s > self.times_s[-1]:  # it stood until then: no slow drift
            self._write(before_s, self.places[-1])
            n_written = 2
        self._write(moment_s, place)
        return n_written

    def _write(self, moment_s: float, place: tuple[float, float, float]) -> None:
        self.times_s.append(round(moment_s, 3))
        self.places.append(place)


class UnitRecorder:
    """Collects where units are, moment by moment, until it is written. One thread.

    Memory is bounded: after `MOST_POSITIONS` positions ``is_full`` is set and no more are taken.
    """

    def __init__(self, origin: Origin) -> None:
        if not origin.has_crs:
            raise CrsError(
                "CZML needs longitude and latitude, but this city names no coordinate reference"
                " system; open it with --crs"
            )
        self._origin = origin
        self._tracks: dict[str, _Track] = {}
        self._epoch_ns: int | None = None
        self._last_s = 0.0
        self.n_positions = 0

    @property
    def is_full(self) -> bool:
        """Whether no more positions are taken."""
        return self.n_positions >= MOST_POSITIONS

    @property
    def n_units(self) -> int:
        """Units seen so far."""
        return len(self._tracks)

    def add(self, t_ns: int, units: Sequence[Unit], xyz_local_m: Float32Array) -> None:
        """Take in where all units are at one moment: (n, 3) local metres, NaN = not known."""
        if self._epoch_ns is None:
            self._epoch_ns = t_ns
        moment_s = (t_ns - self._epoch_ns) / NS_PER_S
        for unit, place in zip(units, xyz_local_m.tolist(), strict=False):
            if self.is_full or place[0] != place[0]:
                continue
            track = self._tracks.setdefault(unit.id, _Track(unit))
            self.n_positions += track.add(moment_s, (place[0], place[1], place[2]))
        self._last_s = moment_s

    def czml(self) -> bytes:
        """The document. Heights are those of the city's own vertical datum."""
        epoch_ns = self._epoch_ns or 0
        begin, end = _iso(epoch_ns), _iso(epoch_ns + round(self._last_s * NS_PER_S))
        document = {
            "id": "document",
            "name": "Civitwin units",
            "version": "1.0",
            "clock": {"interval": f"{begin}/{end}", "currentTime": begin, "multiplier": 1},
        }
        tracks = (track for track in self._tracks.values() if track.times_s)
        return msgspec.json.encode([document, *(self._packet(t, begin, end) for t in tracks)])

    def _packet(self, track: _Track, begin: str, end: str) -> dict[str, Any]:
        places = np.array(track.places, float)
        lon_lat = geographic_from_local(places, self._origin)
        rows = np.column_stack(
            [track.times_s, np.round(lon_lat, 7), np.round(places[:, 2] + self._origin.height_m, 2)]
        )
        return {
            "id": track.unit.id,
            "name": track.unit.name or track.unit.id,
            "availability": f"{begin}/{end}",
            "properties": {"kind": track.unit.kind},
            "position": {
                "epoch": begin,
                "interpolationAlgorithm": "LINEAR",
                "forwardExtrapolationType": "HOLD",
                "cartographicDegrees": rows.ravel().tolist(),
            },
            "point": {
                "pixelSize": 8,
                "color": {"rgba": list(_COLOURS.get(track.unit.kind, _PLAIN))},
                "heightReference": "CLAMP_TO_GROUND",
            },
        }


def _stands(track: _Track, moment_s: float, place: tuple[float, float, float]) -> bool:
    last = track.places[-1]
    moved = max(abs(a - b) for a, b in zip(place, last, strict=True))
    return moved < _STILL_M and moment_s - track.times_s[-1] < _STILL_S


def _iso(t_ns: int) -> str:
    return datetime.fromtimestamp(t_ns / NS_PER_S, UTC).isoformat().replace("+00:00", "Z")
