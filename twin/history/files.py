"""Where the files of a history lie, and which of them a span needs.

``raw/2026-03-01/140500-1.parquet``: a few minutes as they came. ``day/2026-03-01.parquet``: a day
in one file. ``thin/2026-03-01.parquet``: a day thinned to minutes. A day is a day in UTC. Files are
written beside their place and moved there, so what stands there is whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from twin.clock import NS_PER_S
from twin.errors import TwinError

DAY_NS: Final = 86_400 * NS_PER_S
RAW, WHOLE, THIN = "raw", "day", "thin"


class HistoryError(TwinError):
    """A history cannot be read or written."""


def day_of(t_ns: int) -> date:
    """The day of a moment, UTC."""
    return datetime.fromtimestamp(t_ns // NS_PER_S, UTC).date()


def start_of(day: date) -> int:
    """When a day begins, nanoseconds."""
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * NS_PER_S


def days_of(folder: Path, kind: str) -> dict[date, list[Path]]:
    """The files of a kind by day, in order."""
    found: dict[date, list[Path]] = {}
    root = folder / kind
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        try:
            day = date.fromisoformat(path.name.removesuffix(".parquet"))
        except ValueError:
            continue
        files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        if files:
            found[day] = files
    return dict(sorted(found.items()))


def between(first: date, last: date) -> Iterator[date]:
    """Each day from the first to the last."""
    for n in range((last - first).days + 1):
        yield first + timedelta(n)


def put_in_place(written: Path, place: Path) -> None:
    """Force a written file to the disk and move it to its place.

    Raises
    ------
    HistoryError
        The disk does not take it.
    """
    try:
        with written.open("rb") as file:
            os.fsync(file.fileno())
        written.replace(place)
    except OSError as error:
        raise HistoryError(f"The history cannot be written ({error.strerror}): {place}") from error
