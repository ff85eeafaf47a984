"""How long frames take: a ring of the last ones, for the status strip, reports and benchmarks."""

from __future__ import annotations

from collections import deque

import numpy as np

from twin.clock import NS_PER_S

_RING = 600


class FrameTimes:
    """Times of the last 600 frames. GUI thread.

    Attributes
    ----------
    n_frames : frames since the view was made
    first_frame_ms : from the making of the view to its first finished frame, None before
    """

    def __init__(self) -> None:
        self.n_frames = 0
        self.first_frame_ms: float | None = None
        self._took_ms: deque[float] = deque(maxlen=_RING)
        self._at_ns: deque[int] = deque(maxlen=_RING)

    def add(self, now_ns: int, took_ms: float, *, since_start_ms: float) -> None:
        """Note one finished frame (`now_ns` monotonic)."""
        self.n_frames += 1
        if self.first_frame_ms is None:
            self.first_frame_ms = since_start_ms
        self._took_ms.append(took_ms)
        self._at_ns.append(now_ns)

    def percentile_ms(self, percent: float) -> float | None:
        """Percentile of the ring, None before the first frame."""
        return float(np.percentile(np.array(self._took_ms), percent)) if self._took_ms else None

    def fps(self, now_ns: int) -> float:
        """Frames finished within the last second; a calm city needs few."""
        return float(sum(1 for at_ns in self._at_ns if now_ns - at_ns < NS_PER_S))
