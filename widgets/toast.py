"""One sentence for the operator over the foot of the 3D view, gone after a few seconds."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from twin.theme import Theme
from widgets.bridge import Bridge, Stop
from widgets.icons import icon
from widgets.shape_mark import Level, level_icon

_SHOWN_MS = 6_000
_ABOVE_FOOT_PX = 16


class Toast(QFrame):
    """The newest message; an older one gives way, all stay in the activity list. GUI thread.

    Attributes
    ----------
    over : the widget whose foot it stands on
    """

    def __init__(self, window: QWidget, *, over: QWidget, bridge: Bridge, theme: Theme) -> None:
        super().__init__(window)
        self._host = window
        self.over = over
        self._bridge = bridge
        self._stop: Stop | None = None
        self._level: Level = "calm"
        self.setProperty("role", "card")
        self._mark = QLabel()
        self._text = QLabel()
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._close = QToolButton()
        self._close.setAccessibleName("Close this message")
        self._close.clicked.connect(lambda _checked=False: self.dismiss())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(8)
        for part in (self._mark, self._text, self._close):
            layout.addWidget(part)
        self.set_theme(theme)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours."""
        self._theme = theme
        self._close.setIcon(icon("close", theme.ui["muted"], 12))
        self._show_mark()

    def say(self, sentence: str, level: Level = "calm") -> None:
        """Show a sentence; alarms stay until they are closed."""
        self._level = level
        self._show_mark()
        self._text.setText(sentence)
        self._text.setWordWrap(len(sentence) > 90)
        self.setMaximumWidth(max(self.over.width() - 32, 240))
        if self._text.wordWrap():
            self._text.setMinimumWidth(min(560, self.maximumWidth() - 80))
        else:
            self._text.setMinimumWidth(0)
        self.adjustSize()
        foot = self.over.mapTo(self._host, QPoint(0, self.over.height()))
        x = foot.x() + (self.over.width() - self.width()) // 2
        self.move(max(x, 8), foot.y() - self.height() - _ABOVE_FOOT_PX)
        self.show()
        self.raise_()
        if self._stop is not None:
            self._stop()
        self._stop = None if level == "alarm" else self._bridge.after(_SHOWN_MS, self.dismiss)

    def text(self) -> str:
        """The sentence shown last."""
        return self._text.text()

    def dismiss(self) -> None:
        """Hide it."""
        if self._stop is not None:
            self._stop()
            self._stop = None
        self.hide()

    def _show_mark(self) -> None:
        mark = level_icon(self._level, self._theme)
        self._mark.setPixmap(mark.pixmap(QSize(12, 12), self.devicePixelRatioF()))
