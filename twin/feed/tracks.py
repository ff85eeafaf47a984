"""From a JSON file of paths with a time at each vertex to moving units."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from twin.feed.recording import FeedError, Track, Tracks
from twin.sense.model import Unit

MAX_FILE_BYTES = 512 * 1024 * 1024


class _Trip(msgspec.Struct):
    path: list[list[float]]
    timestamps: list[float]


def read_tracks(path: Path, kind: str = "") -> Tracks:
    """Read a list of ``{"path": [[lon, lat], …], "timestamps": [s, …]}``.

    Parameters
    ----------
    kind : of the units, see `twin.sense.model.Unit`; "" = by the file's name, else "other"

    Raises
    ------
    FeedError
        It is not such a file, or holds no usable path.
    """
    kind = kind or ("taxi" if "taxi" in path.name.lower() else "other")
    raws = _entries(path)
    starts: list[Track] = []
    n_bad, first_bad = 0, 0
    for number, raw in enumerate(raws, start=1):
        track = _track(raw)
        if track is None:
            n_bad += 1
            first_bad = first_bad or number
        else:
            starts.append(track)
    if not starts:
        raise FeedError(
            f'No entry has a "path" of [lon, lat] and as many ascending "timestamps": {path}'
        )
    zero_s = min(float(track.elapsed_s[0]) for track in starts)
    tracks = tuple(
        Track(elapsed_s=track.elapsed_s - zero_s, lonlat_deg=track.lonlat_deg) for track in starts
    )
    title = kind.replace("_", " ").capitalize()
    units = tuple(
        Unit(index=i, id=f"{kind}-{i + 1}", name=f"{title} {i + 1}", kind=kind)
        for i in range(len(tracks))
    )
    bad = f"{n_bad:,} entries are no paths with times, first entry {first_bad}"
    return Tracks(
        recognised=f"{len(tracks):,} paths with a time at each vertex, units of kind {kind}",
        warnings=(bad,) if n_bad else (),
        units=units,
        tracks=tracks,
    )


def _entries(path: Path) -> list[msgspec.Raw]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise FeedError(f"The file is larger than {MAX_FILE_BYTES >> 20} MiB: {path}")
        return msgspec.json.decode(path.read_bytes(), type=list[msgspec.Raw])
    except OSError as error:
        raise FeedError(f"The file cannot be read ({error.strerror}): {path}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FeedError(f"This is not a JSON list of paths ({error}): {path}") from error


def _track(raw: msgspec.Raw) -> Track | None:
    try:
        trip = msgspec.json.decode(raw, type=_Trip)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    seconds = np.array(trip.timestamps, dtype=np.float64)
    if any(len(vertex) < 2 for vertex in trip.path):
        return None
    lonlat = np.array([vertex[:2] for vertex in trip.path], dtype=np.float64).reshape(-1, 2)
    is_track = len(seconds) == len(lonlat) >= 2 and bool((np.diff(seconds) >= 0).all())
    is_on_earth = bool((np.abs(lonlat) <= (180.0, 90.0)).all())
    return Track(elapsed_s=seconds, lonlat_deg=lonlat) if is_track and is_on_earth else None
