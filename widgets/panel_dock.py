"""A dock around one panel: slim title, and a failing panel harms nobody else."""

from __future__ import annotations

import logging
from typing import cast

from PySide6.QtCore import QEvent, QPoint, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from twin.theme import Theme
from widgets.icons import icon
from widgets.panel import Area, Panel, PanelContext, PanelType

_log = logging.getLogger(__name__)
TITLE_PX = 28
_MIN_PX = QSize(180, 80)
_FLOATS_OFF_PX: dict[Area, QPoint] = {
    "left": QPoint(48, 48),
    "right": QPoint(-48, 48),
    "bottom": QPoint(48, -48),
}
#: Keys that belong to a list or button with the focus, before they are keys of the window.
_OWN_KEYS = frozenset({Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Space})


class PanelDock(QDockWidget):
    """One panel in its dock. GUI thread."""

    def __init__(self, record: PanelType, context: PanelContext) -> None:
        super().__init__(record.title)
        self.record = record
        self._context = context
        self._panel: Panel | None = None
        self._is_in_front = False
        self.failure = ""
        self.setObjectName(f"panel.{record.id}")
        self.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetClosable
            | QDockWidget.DockWidgetFeature.DockWidgetMovable
            | QDockWidget.DockWidgetFeature.DockWidgetFloatable
        )
        self._bar = _TitleBar(self, record)
        self._no_bar = QWidget(self)
        self._no_bar.setFixedHeight(0)
        self._no_bar.hide()
        self.setTitleBarWidget(self._bar)
        self.visibilityChanged.connect(self._note_visible)
        self.set_theme(context.theme)
        self.build()

    @property
    def is_showing(self) -> bool:
        """Whether a person can see the panel: its dock is open and in front of its tabs."""
        return self._is_in_front and self.isVisible() and not self.window().isMinimized()

    @property
    def panel(self) -> QWidget | None:
        """The panel's widget, None while it has failed."""
        return cast("QWidget | None", self._panel)

    def toggle_floating(self) -> None:
        """Make it a window of its own, a little inwards so that the change is seen, or back."""
        if self.isFloating():
            self.setFloating(False)
            return
        at = self.mapToGlobal(QPoint(0, 0))
        self.setFloating(True)
        self.move(at + _FLOATS_OFF_PX[self.record.area])

    def build(self) -> None:
        """Make the panel (again, after a failure)."""
        try:
            widget = self._context_panel()
        except Exception as error:  # noqa: BLE001 - one panel must not take the room down
            self._fail(error)
            return
        self.failure = ""
        self._panel = cast("Panel", widget)
        self._show(widget)

    def _context_panel(self) -> QWidget:
        return self.record.create(self._context)

    def refresh(self) -> None:
        """Let the panel show what is new, if it is on the screen."""
        if self._panel is None or not self.is_showing:
            return
        try:
            self._panel.refresh()
        except Exception as error:  # noqa: BLE001 - one panel must not take the room down
            self.release()
            self._fail(error)

    def release(self) -> None:
        """Let the panel go of its signals and timers."""
        panel, self._panel = self._panel, None
        if panel is None:
            return
        try:
            panel.release()
        except Exception:  # noqa: BLE001 - one panel must not take the room down
            _log.exception("The panel could not let go: %s", self.record.id)

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours."""
        self._bar.set_theme(theme)

    def show_alone(self, alone: bool) -> None:
        """Without tabs the panel has a title bar; with tabs the tab is enough."""
        wanted = self._bar if alone else self._no_bar
        if self.titleBarWidget() is not wanted:
            self.setTitleBarWidget(wanted)
            self._bar.setVisible(alone)

    def _show(self, widget: QWidget) -> None:
        old = self.widget()
        widget.setMinimumSize(_MIN_PX)
        widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWidget(widget)
        if old is not None:
            old.deleteLater()

    def _fail(self, error: Exception) -> None:
        _log.error("The panel failed: %s", self.record.id, exc_info=error)
        self.failure = f"{self.record.title} stopped: {error or type(error).__name__}"
        self._panel = None
        self._show(_FailureNotice(self.failure, self))

    def _note_visible(self, visible: bool) -> None:
        self._is_in_front = visible

    def event(self, event: QEvent) -> bool:
        """Keep Home, End and Space for the list or button that has the focus."""
        is_own = (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() in _OWN_KEYS
            and not event.modifiers()
        )
        if is_own:
            event.accept()
            return True
        return super().event(event)


class _TitleBar(QWidget):
    """Icon, name, float and close; dragging it moves the dock."""

    def __init__(self, dock: PanelDock, record: PanelType) -> None:
        super().__init__(dock)
        self._icon_name = record.icon or "layout"
        self.setProperty("role", "dock-title")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(TITLE_PX)
        self._mark = QLabel()
        self._name = QLabel(record.title)
        self._name.setProperty("role", "heading")
        self._name.setMinimumWidth(20)
        self._name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._float = _bar_button(f"Move {record.title} to a window of its own, or back")
        self._float.clicked.connect(lambda _c=False: dock.toggle_floating())
        self._close = _bar_button(f"Close {record.title}")
        self._close.clicked.connect(lambda _c=False: dock.close())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 0, 4, 0)
        layout.setSpacing(6)
        layout.addWidget(self._mark)
        layout.addWidget(self._name, 1)
        layout.addWidget(self._float)
        layout.addWidget(self._close)

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours."""
        muted = theme.ui["muted"]
        size = QSize(14, 14)
        ratio = self.devicePixelRatioF()
        self._mark.setPixmap(icon(self._icon_name, muted, 14).pixmap(size, ratio))
        self._float.setIcon(icon("float", muted, 12))
        self._close.setIcon(icon("close", muted, 12))


class _FailureNotice(QWidget):
    """What stands in the place of a panel that failed."""

    def __init__(self, sentence: str, dock: PanelDock) -> None:
        super().__init__()
        text = QLabel(f"{sentence}\n\nThe rest of the console goes on. The log has the details.")
        text.setWordWrap(True)
        retry = QPushButton(f"Open {dock.record.title} again")
        retry.clicked.connect(lambda _c=False: dock.build())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(12)
        layout.addWidget(text)
        layout.addWidget(retry, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)


def _bar_button(name: str) -> QToolButton:
    button = QToolButton()
    button.setAccessibleName(name)
    button.setToolTip(name)
    button.setIconSize(QSize(12, 12))
    button.setFixedSize(22, 22)
    return button
