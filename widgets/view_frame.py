"""The slim title bar of a 3D view and the thin frame that says which view is worked with."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from twin.signals import Signal
from twin.theme import Theme
from widgets.icons import icon

BAR_PX = 28
_LINE_PX = 2
_TAKEN_UP = (QEvent.Type.MouseButtonPress, QEvent.Type.Wheel, QEvent.Type.FocusIn)


class ViewBar(QWidget):
    """Name of a view, what it follows and when it shows; buttons for time, plan and more.

    GUI thread. What it does is told by signals; dragging it moves the dock it is the title of.

    Signals
    -------
    plan_requested(None), live_requested(None), full_screen_requested(None), close_requested(None)
        A button was pressed.
    menu_requested(QMenu)
        The menu is about to open and wants to be filled.
    """

    def __init__(self, name: str, *, is_closable: bool, fills_screens: bool) -> None:
        super().__init__()
        self.plan_requested: Signal[None] = Signal()
        self.live_requested: Signal[None] = Signal()
        self.full_screen_requested: Signal[None] = Signal()
        self.close_requested: Signal[None] = Signal()
        self.menu_requested: Signal[QMenu] = Signal()
        self.setProperty("role", "dock-title")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(BAR_PX)
        self._is_active: bool | None = None
        self._name = QLabel(name)
        self._note = QLabel()
        self._note.setProperty("role", "caption")
        self._note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._time = QToolButton()
        self._time.setToolTip("Back to live")
        self._time.clicked.connect(lambda _c=False: self.live_requested.emit(None))
        self._time.hide()
        self._plan = _button("Plan, or look aslant again", checkable=True)
        self._plan.clicked.connect(lambda _c=False: self.plan_requested.emit(None))
        self._more = _button(f"What {name} shows, follows and when")
        self._more.clicked.connect(lambda _c=False: self._open_menu())
        self._full = _button("Full screen, or back")
        self._full.clicked.connect(lambda _c=False: self.full_screen_requested.emit(None))
        self._close = _button(f"Close {name}")
        self._close.clicked.connect(lambda _c=False: self.close_requested.emit(None))
        self._full.setVisible(fills_screens)
        self._close.setVisible(is_closable)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 0, 4, 0)
        layout.setSpacing(6)
        layout.addWidget(self._name)
        layout.addWidget(self._note, 1)
        for button in (self._time, self._plan, self._more, self._full, self._close):
            layout.addWidget(button)

    def show_active(self, active: bool) -> None:
        """Say whether panels and keys act on this view."""
        if active == self._is_active:
            return
        self._is_active = active
        self._name.setStyleSheet("font-weight: 600;" if active else "")
        self._name.setProperty("role", "" if active else "muted")
        self._name.style().unpolish(self._name)
        self._name.style().polish(self._name)

    def show_note(self, words: str) -> None:
        """What the view follows, in a few words; "" for nothing."""
        if words != self._note.text():
            self._note.setText(words)

    def show_plan(self, on: bool) -> None:
        """Whether it is a plan."""
        if on != self._plan.isChecked():
            self._plan.setChecked(on)

    def show_behind(self, words: str) -> None:
        """How far it is behind live, e.g. "00:40 behind live"; "" = live."""
        if words != self._time.text():
            self._time.setText(words)
            self._time.setVisible(bool(words))

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours."""
        muted = theme.ui["muted"]
        for button, name in (
            (self._plan, "plan"),
            (self._more, "more"),
            (self._full, "full-screen"),
            (self._close, "close"),
        ):
            button.setIcon(icon(name, muted, 14, active=theme.ui["accent"]))
        colour = theme.frame["replay"]
        self._time.setStyleSheet(f"color: {colour}; font-weight: 600; padding: 2px 8px;")

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.menu_requested.emit(menu)
        menu.popup(self._more.mapToGlobal(self._more.rect().bottomLeft()))


class ViewFrame(QWidget):
    """A view with a line around it; tells when it is taken up and when nobody sees it.

    Signals
    -------
    taken_up(None)
        A button went down in the view, the wheel was turned over it, or it got the keys.
    hidden(None)
        It is not on the screen any more.
    """

    def __init__(self, view: QWidget, bar: QWidget | None = None) -> None:
        super().__init__()
        self.taken_up: Signal[None] = Signal()
        self.hidden: Signal[None] = Signal()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._colour = ""
        self._body = QWidget()
        self._body.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._inner = QVBoxLayout(self._body)
        self._inner.setContentsMargins(0, 0, 0, 0)
        self._inner.addWidget(view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        if bar is not None:
            layout.addWidget(bar)
        layout.addWidget(self._body, 1)
        self._watched = view.focusProxy() or view
        self._watched.installEventFilter(self)
        self.setMinimumSize(QSize(160, 120))

    def show_line(self, colour: str) -> None:
        """Draw the line in "#RRGGBB"; "" = none, and no room for it."""
        if colour == self._colour:
            return
        self._colour = colour
        width = _LINE_PX if colour else 0
        self._inner.setContentsMargins(width, width, width, width)
        self._body.setStyleSheet(f".QWidget {{ background: {colour}; }}" if colour else "")

    def release(self) -> None:
        """Stop listening; before the view is closed."""
        self._watched.removeEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """See who is taken up, and let everything through."""
        if event.type() in _TAKEN_UP:
            self.taken_up.emit(None)
        return False

    def hideEvent(self, event: QHideEvent) -> None:
        """Tell it."""
        super().hideEvent(event)
        self.hidden.emit(None)


def _button(name: str, *, checkable: bool = False) -> QToolButton:
    button = QToolButton()
    button.setAccessibleName(name)
    button.setToolTip(name)
    button.setIconSize(QSize(14, 14))
    button.setFixedSize(24, 24)
    button.setCheckable(checkable)
    return button
