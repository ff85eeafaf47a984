"""Lets a console notice: which sources must not be trusted, and what is unusual. GUI thread.

The looking itself is done in a job, never on the GUI thread, and never twice at a time.
"""

from __future__ import annotations

import logging

from twin.session import TwinSession
from widgets.bridge import Bridge

LOOK_MS = 1_000
_log = logging.getLogger(__name__)


class PerceptionDriver:
    """Looks about once a second for as long as the bridge is open."""

    def __init__(self, session: TwinSession, bridge: Bridge) -> None:
        self._session = session
        self._bridge = bridge
        self._is_looking = False
        self._has_failed = False
        bridge.every(LOOK_MS, self.look)

    def look(self) -> None:
        """Begin a look, unless one is under way."""
        if self._is_looking:
            return
        self._is_looking = True
        session, now_ns = self._session, self._session.clock.now_ns()

        def work(_progress: object) -> None:
            session.source_watch.look(now_ns)

        self._bridge.run_job(work, self._done, self._failed)

    def _done(self, _nothing: None) -> None:
        self._is_looking = False

    def _failed(self, error: Exception) -> None:
        self._is_looking = False
        if not self._has_failed:
            self._has_failed = True
            _log.error("Sources cannot be watched: %s", error, exc_info=error)
