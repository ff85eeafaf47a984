"""The time of a scene: it may run faster than the machine's, and waits where something is late."""

from __future__ import annotations

from typing import Protocol

from twin.clock import NS_PER_S, Clock

#: A pause of the machine is no time of the scene.
MOST_STEP_S = 0.25


class SceneTime(Protocol):
    """What steps measure their times with."""

    def now_s(self) -> float:
        """Seconds since the scene began."""


class WallTime:
    """The machine's time, for scripts without a scene."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._start_ns = clock, clock.monotonic_ns()

    def now_s(self) -> float:
        """Seconds since it was made."""
        return (self._clock.monotonic_ns() - self._start_ns) / NS_PER_S


class SceneClock:
    """The clock of a scene and of its city. One thread.

    Both run at the same pace from `begin` on; before, the city alone lives in the machine's time.
    While they are held neither moves; while the audience is waited for the city lives on.

    Parameters
    ----------
    pace : seconds of the scene a second

    Attributes
    ----------
    city_s : how far the city may live, seconds since its start
    held : the scene does not go on, the city does
    """

    def __init__(self, clock: Clock, pace: float) -> None:
        self._clock, self.pace = clock, pace
        self._scene_s, self._has_begun = 0.0, False
        self._last_ns = clock.monotonic_ns()
        self.city_s = 0.0
        self.held = False

    def now_s(self) -> float:
        """Seconds since the scene began."""
        return self._scene_s

    def begin(self) -> None:
        """From now on the scene's time runs."""
        self._has_begun = True

    def step(self, *, is_late: bool) -> None:
        """Let time pass; call it often.

        Parameters
        ----------
        is_late : the city, or the way to the hub, cannot follow: time stands until it can
        """
        now_ns = self._clock.monotonic_ns()
        passed_s = min((now_ns - self._last_ns) / NS_PER_S, MOST_STEP_S)
        self._last_ns = now_ns
        if is_late:
            return
        if not self._has_begun or self.held:
            self.city_s += passed_s
            return
        self.city_s += passed_s * self.pace
        self._scene_s += passed_s * self.pace


def time_text(seconds: float) -> str:
    """“00:01:30”."""
    whole = max(int(seconds), 0)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
