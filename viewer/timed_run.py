"""A console that ends by itself: a few commands, then a picture and figures for a script."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QImage

from twin.session import TwinSession
from viewer.rehearsal import Rehearsal
from viewer.run_recorder import RunRecorder
from widgets.bridge import Bridge

REHEARSAL_MS = 300
#: It ends this much later when the picture is not there yet.
GRACE_MS = 20_000
_LOOK_AGAIN_MS = 200
_log = logging.getLogger(__name__)


class TimedRun:
    """What is left behind of a run. GUI thread.

    Parameters
    ----------
    picture : what is on the screen
    close : closes the window

    Attributes
    ----------
    exit_status : 0, or 1 when something that was asked for could not be written
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        bridge: Bridge,
        recorder: RunRecorder,
        picture: Callable[[], QImage],
        close: Callable[[], object],
    ) -> None:
        self.exit_status = 0
        self._session, self._bridge, self._recorder = session, bridge, recorder
        self._picture, self._close = picture, close

    def end_after(
        self, seconds: float, *, screenshot: Path | None, report: Path | None, rehearse: bool
    ) -> None:
        """End by itself: give a few commands, then save a picture and figures and close."""
        if rehearse:
            self._bridge.every(REHEARSAL_MS, Rehearsal(self._session).step)
        self._bridge.after(round(seconds * 1000), lambda: self._finish(screenshot, report))
        self._bridge.after(round(seconds * 1000) + GRACE_MS, self._close)

    def save_picture(self, path: Path) -> None:
        """Save a picture of the window as it is now."""
        if not self._picture().save(str(path)):
            self._note_unwritten(path)

    def _finish(self, screenshot: Path | None, report: Path | None) -> None:
        if not self._recorder.has_drawn:  # a slow machine: the picture first
            self._bridge.after(_LOOK_AGAIN_MS, lambda: self._finish(screenshot, report))
            return
        if screenshot is not None:
            self.save_picture(screenshot)
        try:
            if report is not None:
                self._recorder.report().save(report)
        except OSError:
            self._note_unwritten(report)
        self._close()

    def _note_unwritten(self, path: Path | None) -> None:
        _log.error("The result of the run could not be written: %s", path)
        self.exit_status = 1
