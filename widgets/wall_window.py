"""A window of a wall: views edge to edge, a clock that is read from afar, nothing to press."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QCloseEvent, QCursor, QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from twin.clock import NS_PER_S, Clock
from twin.signals import Signal
from twin.theme import Theme
from widgets.bridge import Bridge

_TICK_MS = 500
#: The pointer disappears after resting so long.
_POINTER_RESTS_MS = 3000
_GAP_PX = 2
_MARGIN_SHARE = 0.022
#: Heights of letters as shares of a view's height, and the least that is read from afar.
_CLOCK_SHARE, _NAME_SHARE, _LEAST_PX = 0.046, 0.026, 15


class WallWindow(QWidget):
    """Some views in a grid, over a whole screen. GUI thread; the views belong to the caller.

    Signals
    -------
    left(None)
        Esc, or the window was closed.
    """

    def __init__(
        self,
        views: Sequence[tuple[QWidget, str]],
        *,
        n_columns: int,
        title: str,
        clock: Clock,
        bridge: Bridge,
        theme: Theme,
        has_clock: bool,
    ) -> None:
        super().__init__(None, Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
        self.left: Signal[None] = Signal()
        self._clock = clock
        self._theme = theme
        self._pointer = QPoint()
        self._pointer_rested_ms = 0
        self.setWindowTitle(title)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_GAP_PX)
        for number, (view, _name) in enumerate(views):
            layout.addWidget(view, number // n_columns, number % n_columns)
        #: The views and their names; the clock is above the first.
        self._labels = [(view, _label(view, name)) for view, name in views]
        self._time = _label(views[0][0], "") if has_clock else None
        self._stop = bridge.every(_TICK_MS, self._tick)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours."""
        self._theme = theme
        self.setStyleSheet(f"WallWindow {{ background: {theme.ui['line']}; }}")
        self._tick()

    def fill(self, area: QRect, *, whole_screen: bool) -> None:
        """Show it over an area of the desktop, above all other windows if it is a screen."""
        self.setGeometry(area)
        if whole_screen:
            self.showFullScreen()
        else:
            self.show()
        self.activateWindow()

    def release(self) -> None:
        """Stop the clock; the window is closed next."""
        self._stop()

    def _tick(self) -> None:
        now = datetime.fromtimestamp(self._clock.now_ns() // NS_PER_S, UTC)
        for number, (view, label) in enumerate(self._labels):
            below_px = 0
            if number == 0 and self._time is not None:
                self._time.setText(f"{now:%H:%M:%S} UTC")
                self._place(view, self._time, _CLOCK_SHARE, 0)
                below_px = self._time.geometry().bottom()
            self._place(view, label, _NAME_SHARE, below_px)
        self._rest_pointer()

    def _place(self, view: QWidget, label: QLabel, share: float, below_px: int) -> None:
        """Opaque and in the upper left corner: repainting it then draws no frame of the city."""
        size_px = max(round(view.height() * share), _LEAST_PX)
        margin_px = round(view.height() * _MARGIN_SHARE)
        ui = self._theme.ui
        style = (
            f"background: {ui['panel']}; color: {ui['text']}; border: none; border-radius: 6px;"
            f" font-size: {size_px}px; font-weight: 600;"
            f" padding: {size_px // 5}px {size_px // 2}px;"
        )
        if label.styleSheet() != style:
            label.setStyleSheet(style)
        label.setVisible(bool(label.text()))
        label.adjustSize()
        label.move(margin_px, below_px + margin_px // 2 if below_px else margin_px)
        label.raise_()

    def _rest_pointer(self) -> None:
        at = QCursor.pos()
        self._pointer_rested_ms = self._pointer_rested_ms + _TICK_MS if at == self._pointer else 0
        self._pointer = at
        rests = self._pointer_rested_ms >= _POINTER_RESTS_MS
        self.setCursor(Qt.CursorShape.BlankCursor if rests else Qt.CursorShape.ArrowCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves; all other keys are the views' own."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit(None)
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Leave the wall as a whole, which closes this window."""
        event.ignore()
        self.left.emit(None)


def _label(view: QWidget, words: str) -> QLabel:
    label = QLabel(words, view)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    return label
