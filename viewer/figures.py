"""The figures of the strip and the top bar, taken from a session now and then."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from twin.clock import NS_PER_S
from twin.samples.choosing import Lane
from twin.sense.health import Health, health_of
from twin.session import TwinSession
from widgets.frame_times import FrameTimes
from widgets.status_strip import CityMemory, StripFigures
from widgets.top_bar import RoomCounts


class FigureTaker:
    """Takes figures; rates are over the time since the last call. GUI thread."""

    def __init__(self, session: TwinSession, frame_times: FrameTimes) -> None:
        self._session = session
        self._frame_times = frame_times
        self._last_received = session.ingest.stats().received
        self._last_ns = session.clock.monotonic_ns()
        self._memory: Callable[[], CityMemory] | None = None

    def follow_memory(self, memory: Callable[[], CityMemory]) -> None:
        """Show what the city takes of its memory budget too."""
        self._memory = memory

    def strip(self) -> StripFigures:
        """What the status strip shows."""
        session = self._session
        stats = session.ingest.stats()
        now_ns = session.clock.monotonic_ns()
        elapsed_s = max((now_ns - self._last_ns) / NS_PER_S, 1e-3)
        rate = (stats.received - self._last_received) / elapsed_s
        self._last_received, self._last_ns = stats.received, now_ns
        lag_ms = stats.latency_ms_p95
        return StripFigures(
            link=session.hub.status(),
            samples_per_s=max(rate, 0.0),
            gaps=stats.gaps,
            skipped=stats.skipped,
            is_thinned=stats.lane is Lane.THIN,
            lag_ms=None if math.isnan(lag_ms) else lag_ms,
            fps=self._frame_times.fps(now_ns),
            frame_ms=self._frame_times.percentile_ms(95),
            memory_mb=memory_mb(),
            city=None if self._memory is None else self._memory(),
            now_ns=session.clock.now_ns(),
        )

    def counts(self) -> RoomCounts:
        """What the top bar shows: sensors and commands that need a look."""
        session = self._session
        codes = health_of(session.observations.snapshot(), session.clock.now_ns())
        commands = session.hub.room.commands.values()
        return RoomCounts(
            n_stale=int(np.count_nonzero(codes == Health.STALE)),
            n_suspect=int(np.count_nonzero(codes == Health.SUSPECT)),
            n_pending=sum(1 for command in commands if not command.is_terminal),
            n_unread=session.reader.n_unread(),
        )


def memory_mb() -> float:
    """Resident memory of this process in MB (10⁶ bytes); 0 where the system does not tell."""
    if not sys.platform.startswith("linux"):
        return 0.0
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
