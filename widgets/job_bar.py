"""The running background job: what, how far, how long still, and a way to stop it."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from twin.theme import Theme
from widgets.bridge import Bridge, Stop
from widgets.icons import icon

_INTERVAL_MS = 200


def time_left_text(seconds: float | None) -> str:
    """Estimate for a person: "about 12 s left", "" when there is none."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s left"
    return f"about {round(seconds / 60)} min left"


class JobBar(QWidget):
    """Shows the oldest titled job of a bridge; hidden while there is none. GUI thread."""

    def __init__(self, *, bridge: Bridge, theme: Theme) -> None:
        super().__init__()
        self._bridge = bridge
        self._stop: Stop | None = None
        self._title = QLabel()
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(96)
        self._left = QLabel()
        self._left.setProperty("role", "caption")
        self._cancel = QToolButton()
        self._cancel.setToolTip("Cancel this job")
        self._cancel.setAccessibleName("Cancel this job")
        self._cancel.clicked.connect(self._cancel_job)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for part in (self._title, self._bar, self._left, self._cancel):
            layout.addWidget(part)
        self.set_theme(theme)
        self._disconnect = bridge.jobs_changed.connect(self._follow)
        self._follow(None)

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours."""
        self._cancel.setIcon(icon("close", theme.ui["muted"], 12))

    def release(self) -> None:
        """Stop following the bridge."""
        self._disconnect()
        if self._stop is not None:
            self._stop()
            self._stop = None

    def _follow(self, _nothing: None) -> None:
        titled = [job for job in self._bridge.jobs if job.title]
        self.setVisible(bool(titled))
        if titled and self._stop is None:
            self._stop = self._bridge.every(_INTERVAL_MS, self._show)
        elif not titled and self._stop is not None:
            self._stop()
            self._stop = None
        self._show()

    def _show(self) -> None:
        titled = [job for job in self._bridge.jobs if job.title]
        if not titled:
            return
        job = titled[0]
        more = f" (+{len(titled) - 1})" if len(titled) > 1 else ""
        self._title.setText(job.title + more)
        self._bar.setValue(round(job.fraction * 1000))
        stopping = job.is_cancelled
        self._left.setText("stopping …" if stopping else time_left_text(job.seconds_left()))
        self._cancel.setEnabled(not stopping)

    def _cancel_job(self) -> None:
        titled = [job for job in self._bridge.jobs if job.title]
        if titled:
            titled[0].cancel()
            self._show()
