"""A second view over the left part of a first one, and the line between them that is dragged."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from twin.signals import Signal
from twin.theme import Theme
from widgets.view_frame import BAR_PX

#: The line keeps so far from the edges: neither view may be lost.
NEAREST_PX = 160
_HANDLE_PX = 11
_LINE_PX = 3
_GRIP_PX = (7, 36)
_STEP = 0.02
_MOST_BAR_PX = 420
_NARROWEST_BAR_PX = 150


class SwipeCover(QObject):
    """Lays a view over the left part of another widget. GUI thread.

    The view keeps the whole height of what it covers, so that one picture can go on in the other.

    Signals
    -------
    moved(float)
        The line is somewhere else, or the size changed: width of the view over that of what it
        covers.
    """

    def __init__(self, over: QWidget, view: QWidget, bar: QWidget, theme: Theme) -> None:
        super().__init__(over)
        self.moved: Signal[float] = Signal()
        self._over, self._view, self._bar = over, view, bar
        self._share = 0.5
        self._told = 0.0
        for part in (view, bar):
            part.setParent(over)
        view.setMinimumSize(QSize(0, 0))
        self.handle = SwipeHandle(over, theme)
        self.handle.dragged.connect(self._drag)
        self.handle.stepped.connect(lambda steps: self.set_share(self._share + steps * _STEP))
        over.installEventFilter(self)
        self._place()
        for part in (view, bar, self.handle):
            part.show()
            part.raise_()

    @property
    def share(self) -> float:
        """Where the line is: 0 at the left edge, 1 at the right."""
        return self._share

    def set_share(self, share: float) -> None:
        """Move the line; it stays far enough from the edges."""
        margin = min(NEAREST_PX / max(self._over.width(), 1), 0.5)
        self._share = min(max(share, margin), 1.0 - margin)
        self._place()

    def set_theme(self, theme: Theme) -> None:
        """Take another theme."""
        self.handle.set_theme(theme)

    def release(self) -> None:
        """Let go of the widgets; whoever made them closes them."""
        self._over.removeEventFilter(self)
        self.handle.deleteLater()
        self.deleteLater()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Follow the size of what is covered."""
        if event.type() == QEvent.Type.Resize:
            self.set_share(self._share)
        return False

    def _drag(self, x_px: int) -> None:
        self.set_share(x_px / max(self._over.width(), 1))

    def _place(self) -> None:
        width, height = self._over.width(), self._over.height()
        at = round(self._share * width)
        self._view.setGeometry(QRect(0, 0, at, height))
        bar_width = max(min(at - _HANDLE_PX, _MOST_BAR_PX), _NARROWEST_BAR_PX)
        self._bar.setGeometry(QRect(0, 0, bar_width, BAR_PX))
        self.handle.setGeometry(QRect(at - _HANDLE_PX // 2, 0, _HANDLE_PX, height))
        true = at / max(width, 1)
        if true != self._told:
            self._told = true
            self.moved.emit(true)


class SwipeHandle(QWidget):
    """The line: dragged, or moved with the arrow keys.

    Signals
    -------
    dragged(int)
        Pixel from the left of the parent where it was dragged to.
    stepped(int)
        Steps to the right by keys; negative = left.
    """

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self.dragged: Signal[int] = Signal()
        self.stepped: Signal[int] = Signal()
        self._theme = theme
        self._hold: int | None = None
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Line between before and now")
        self.setToolTip("Drag, or move with the arrow keys")
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)

    def set_theme(self, theme: Theme) -> None:
        """Take another theme."""
        self._theme = theme
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the line."""
        self._hold = round(event.position().x()) - self.width() // 2

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Carry it."""
        if self._hold is not None:
            inside = self.mapToParent(QPoint(round(event.position().x()) - self._hold, 0))
            self.dragged.emit(inside.x())

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let it go."""
        self._hold = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrow keys move it."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if steps is None:
            super().keyPressEvent(event)
        else:
            self.stepped.emit(steps)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A line with a grip in its middle."""
        ui = self._theme.ui
        middle, height = self.width() // 2, self.height()
        painter = QPainter(self)
        painter.fillRect(QRect(middle - _LINE_PX // 2, 0, _LINE_PX, height), ui["panel"])
        painter.fillRect(QRect(middle, 0, 1, height), ui["text"])
        grip_width, grip_height = _GRIP_PX
        grip = QRect(0, 0, grip_width, grip_height)
        grip.moveCenter(QPoint(middle, height // 2))
        painter.setPen(ui["accent"] if self.hasFocus() else ui["text"])
        painter.setBrush(ui["panel"])
        painter.drawRoundedRect(grip, 3, 3)
        painter.end()
