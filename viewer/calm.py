"""Whether anything can change the picture of a view: if nothing can, it is looked at less often."""

from __future__ import annotations

from twin.clock import NS_PER_S
from twin.session import TwinSession

#: So many updates without a change, one after the other, until a view counts as calm.
LOOKS = 12
#: How often a calm view is brought up to date: values go stale by time alone.
PACE_NS = NS_PER_S // 2
#: Units glide on for a while after their last position came.
GLIDE_NS = 5 * NS_PER_S


class Calm:
    """Follows one view. GUI thread.

    A view is calm when its last updates changed nothing and no observation or position has come
    since. Whatever the person does, and what the room tells, must call `stir`.
    """

    def __init__(self, session: TwinSession) -> None:
        self._session = session
        self._seen: tuple[int, ...] = ()
        self._moved_ns = 0
        self._n_looks = 0

    def stir(self) -> None:
        """Something was done or told: look closely again."""
        self._n_looks = 0

    def note_update(self, *, changed: bool) -> None:
        """The view was brought up to date."""
        self._n_looks = 0 if changed else self._n_looks + 1

    def pause_ns(self) -> int:
        """How long after an update the next one may wait; 0 while something may move."""
        session = self._session
        store, units = session.observations, session.units
        seen = (store.version, units.version)
        now_ns = session.clock.monotonic_ns()
        if seen != self._seen:
            if self._seen and seen[1] != self._seen[1]:
                self._moved_ns = now_ns
            self._seen = seen
            self._n_looks = 0
        if self._moved_ns and now_ns - self._moved_ns < GLIDE_NS:
            return 0
        return PACE_NS if self._n_looks >= LOOKS else 0
