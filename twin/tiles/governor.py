"""Keeps the frame rate while the camera moves, by allowing a larger error on the screen."""

from __future__ import annotations

from collections import deque
from statistics import median

from twin.clock import NS_PER_S

#: Without a camera move for so long the picture is wanted in full.
STILL_NS = NS_PER_S // 4
SOFTWARE_FPS, GPU_FPS = 20.0, 60.0
#: Frames over this share of the budget make it coarser, below the other finer; between, nothing.
SLOW, QUICK = 1.10, 0.70
_FRAMES = 5
_MOST = 16.0
#: From here on edge lines are left out while the camera moves.
NO_EDGES = 1.5


class FrameGovernor:
    """Says how much coarser to draw, from the frame times it is told. GUI thread.

    Parameters
    ----------
    target_fps : what a moving camera should get

    Attributes
    ----------
    target_fps : may be set at any time
    """

    def __init__(self, target_fps: float = SOFTWARE_FPS) -> None:
        self.target_fps = target_fps
        self._moving_coarser = 1.0
        self._moved_ns = -STILL_NS
        self._is_moving = False
        self._times_ms: deque[float] = deque(maxlen=_FRAMES)

    @property
    def is_moving(self) -> bool:
        """Whether the camera was moved a moment ago."""
        return self._is_moving

    @property
    def coarser(self) -> float:
        """Factor on the allowed error: 1 while the camera is still."""
        return self._moving_coarser if self._is_moving else 1.0

    @property
    def draws_edges(self) -> bool:
        """Whether there is time for edge lines."""
        return self.coarser < NO_EDGES

    def note_view(self, *, has_moved: bool, now_ns: int) -> bool:
        """Note an update; True when the camera began to move or came to rest."""
        if has_moved:
            self._moved_ns = now_ns
        was_moving, self._is_moving = self._is_moving, now_ns - self._moved_ns < STILL_NS
        if was_moving != self._is_moving:
            self._times_ms.clear()
        return was_moving != self._is_moving

    def note_frame(self, took_ms: float) -> None:
        """Note how long a frame of the moving city took, update and drawing together."""
        if not self._is_moving:
            return
        self._times_ms.append(took_ms)
        if len(self._times_ms) < _FRAMES:
            return
        share = median(self._times_ms) * self.target_fps / 1e3
        if share > SLOW:
            self._change(min(share, 2.0))
        elif share < QUICK and self._moving_coarser > 1.0:
            self._change(1 / 1.25)

    def _change(self, factor: float) -> None:
        self._moving_coarser = min(max(self._moving_coarser * factor, 1.0), _MOST)
        self._times_ms.clear()  # what comes next is another picture
