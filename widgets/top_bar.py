"""The bar at the top of the window: where am I, where can I go, what needs a look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from twin.theme import Theme
from widgets.actions import ActionTable, fill_menu, key_text
from widgets.alarm_counts import AlarmCounts
from widgets.icons import icon
from widgets.shape_mark import LEVEL_OF_SIGNIFICANCE, SIGNIFICANCE_WORDS, Level, level_icon
from widgets.style import set_role

HEIGHT_PX = 44
COUNTERS = ("stale", "suspect", "pending", "unread")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomCounts:
    """How much needs a look."""

    n_stale: int = 0
    n_suspect: int = 0
    n_pending: int = 0
    n_unread: int = 0


class TopBar(QWidget):
    """Menu, scene, workspaces, find, counters, operator. GUI thread.

    Parameters
    ----------
    workspaces : (id, title) in order
    choose_workspace : called with an id
    open_find : shows the find box
    open_counter : called with one of `COUNTERS`, or the panel of what waits for me
    """

    def __init__(
        self,
        *,
        actions: ActionTable,
        theme: Theme,
        workspaces: Sequence[tuple[str, str]],
        choose_workspace: Callable[[str], object],
        open_find: Callable[[], object],
        open_counter: Callable[[str], object],
    ) -> None:
        super().__init__()
        self.setProperty("role", "top-bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT_PX)
        self._actions = actions
        self._counts = RoomCounts()
        self._numbers: dict[str, int] = {}
        self._menu_button = self._make_menu()
        self._scene = QLabel()
        self._scene.setProperty("role", "title")
        self._scene.setMinimumWidth(60)
        self._frame = QLabel()
        self._frame.setFixedHeight(20)
        self._frame.hide()
        self._tabs = QButtonGroup(self)
        self._find = self._make_find(open_find)
        self._counters = {name: QPushButton() for name in COUNTERS}
        for name, button in self._counters.items():
            button.setProperty("role", "counter")
            button.setIconSize(QSize(16, 12))
            button.clicked.connect(lambda _checked=False, n=name: open_counter(n))
        self.alarms = AlarmCounts(theme)
        self.alarms.clicked.connect(lambda _checked=False: open_counter("alarms"))
        self._queue = QPushButton()
        self._queue.setIconSize(QSize(16, 12))
        self._queue_shown: tuple[int, int, str] = (-1, 0, "")
        self._queue.clicked.connect(lambda _checked=False: open_counter(self._queue_shown[2]))
        self._operator = QLabel()
        self._operator_mark = QLabel()
        self._lay_out(workspaces, choose_workspace)
        self.set_theme(theme)

    def _make_menu(self) -> QToolButton:
        button = QToolButton()
        button.setAccessibleName("Menu")
        button.setToolTip("Menu")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(button)
        self._menu.aboutToShow.connect(self._fill_menu)
        button.setMenu(self._menu)
        return button

    def _make_find(self, open_find: Callable[[], object]) -> QPushButton:
        button = QPushButton()
        button.setProperty("role", "find")
        button.setAccessibleName("Find")
        button.setToolTip("Find any place, sensor, unit, building, panel or action")
        button.setMinimumWidth(150)
        button.setMaximumWidth(320)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        hint = QLabel(key_text("Ctrl+K"))
        hint.setProperty("role", "key")
        hint.setFixedHeight(18)
        inner = QHBoxLayout(button)
        inner.setContentsMargins(8, 0, 6, 0)
        inner.addStretch(1)
        inner.addWidget(hint, 0, Qt.AlignmentFlag.AlignVCenter)
        button.clicked.connect(lambda _checked=False: open_find())
        return button

    def _lay_out(
        self, workspaces: Sequence[tuple[str, str]], choose: Callable[[str], object]
    ) -> None:
        layout = self._row = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 12, 0)
        layout.setSpacing(4)
        layout.addWidget(self._menu_button)
        layout.addSpacing(4)
        layout.addWidget(self._scene)
        layout.addWidget(self._frame)
        layout.addSpacing(16)
        for workspace_id, title in workspaces:
            tab = QPushButton(title)
            tab.setProperty("role", "tab")
            tab.setCheckable(True)
            tab.setProperty("workspace", workspace_id)
            tab.clicked.connect(lambda _checked=False, w=workspace_id: choose(w))
            self._tabs.addButton(tab)
            layout.addWidget(tab)
        layout.addStretch(1)
        layout.addWidget(self._find, 2)
        layout.addStretch(1)
        self._more = QHBoxLayout()
        self._more.setSpacing(4)
        layout.addLayout(self._more)
        layout.addWidget(self.alarms)
        layout.addWidget(self._queue)
        for button in self._counters.values():
            layout.addWidget(button)
        layout.addSpacing(12)
        layout.addWidget(self._operator_mark)
        layout.addSpacing(2)
        layout.addWidget(self._operator)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow bars leave out what is zero, then who sits here."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        quiet = [self._counters[name] for name in COUNTERS if not self._numbers.get(name)]
        if self._queue_shown[0] <= 0:
            quiet.append(self._queue)
        seat: list[QWidget] = [self._operator, self._operator_mark]
        hidden: list[QWidget] = []
        for yielding in (quiet, seat):
            if self._needed(hidden) <= self.width():
                break
            hidden += yielding
        for widget in (*self._counters.values(), self._queue, *seat):
            if widget.isHidden() is not (widget in hidden):
                widget.setVisible(widget not in hidden)

    def _needed(self, hidden: Sequence[QWidget]) -> int:
        """Least width of the bar without some of its widgets."""
        layout = self._row
        yielding = (*self._counters.values(), self._queue, self._operator, self._operator_mark)
        margins = layout.contentsMargins()
        needed = margins.left() + margins.right()
        for n in range(layout.count()):
            item = layout.itemAt(n)
            widget = item.widget() if item is not None else None
            if item is None or widget in hidden:
                continue
            if widget is None:
                needed += item.minimumSize().width()
            elif widget in yielding or not widget.isHidden():
                least = max(widget.minimumWidth(), widget.minimumSizeHint().width())
                needed += least + layout.spacing()
        return needed

    def add_widget(self, widget: QWidget) -> None:
        """Put a widget before the counters; it dresses itself."""
        self._more.addWidget(widget)

    def _fill_menu(self) -> None:
        self._menu.clear()
        for group in self._actions.groups():
            actions = self._actions.in_group(group)
            fill_menu(self._menu.addMenu(group), self._actions, actions)

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours."""
        self._theme = theme
        self._menu_button.setIcon(icon("menu", theme.ui["text"], 18))
        self._menu_button.setIconSize(QSize(18, 18))
        self._find.setIcon(icon("search", theme.ui["muted"], 14))
        self._find.setText("Find")
        user = icon("user", theme.ui["muted"], 16)
        self._operator_mark.setPixmap(user.pixmap(QSize(16, 16), self.devicePixelRatioF()))
        self.alarms.set_theme(theme)
        self._dress_counters()

    def show_scene(self, title: str) -> None:
        """Name of the open city."""
        self._scene.setText(title)
        self._scene.setToolTip(title)

    def show_operator(self, name: str, department: str) -> None:
        """Who sits here."""
        self._operator.setText(f"{name} · {department}" if department else name)

    def show_workspace(self, workspace_id: str) -> None:
        """Mark the tab of the present workspace."""
        for tab in self._tabs.buttons():
            tab.setChecked(tab.property("workspace") == workspace_id)

    def show_frame(self, text: str, colour: str, ink: str) -> None:
        """Say that this is a drill or a replay; "" = live."""
        self._frame.setVisible(bool(text))
        self._frame.setText(text)
        self._frame.setStyleSheet(
            f"background: {colour}; color: {ink}; border-radius: 4px; padding: 2px 8px;"
            "font-size: 11px; font-weight: 600;"
        )

    def show_counts(self, counts: RoomCounts) -> None:
        """Show how much needs a look; zero stays grey. Nothing is drawn for the same counts."""
        if counts != self._counts:
            self._counts = counts
            self._dress_counters()
        self._fit()

    def show_queue(self, n: int, level: int, panel_id: str) -> None:
        """Show how many things wait for whoever sits here; zero stays grey.

        Parameters
        ----------
        level : significance of the gravest, 1 … 4
        panel_id : what a click opens
        """
        if (n, level, panel_id) != self._queue_shown:
            self._queue_shown = (n, level, panel_id)
            self._dress_queue()
            self._fit()

    def _dress_queue(self) -> None:
        n, level, _ = self._queue_shown
        n = max(n, 0)
        text = f"{n:,} waits for you" if n == 1 else f"{n:,} wait for you"
        self._queue.setText(text)
        word = SIGNIFICANCE_WORDS.get(level, "")
        self._queue.setAccessibleName(f"{text}, {word}" if n and word else text)
        self._queue.setToolTip("Approvals and leases that others ask of you")
        shape = LEVEL_OF_SIGNIFICANCE.get(level, "low") if n else "calm"
        self._queue.setIcon(level_icon(shape, self._theme, gap_px=4))
        set_role(self._queue, "queue" if n else "counter")

    def _dress_counters(self) -> None:
        self._dress_queue()
        counts = self._counts
        given: dict[str, tuple[int, str, Level, str]] = {
            "stale": (counts.n_stale, "stale", "notice", "Sensors not heard in time"),
            "suspect": (counts.n_suspect, "suspect", "warning", "Sensors with doubtful values"),
            "pending": (counts.n_pending, "pending", "pending", "Commands not yet finished"),
            "unread": (counts.n_unread, "unread", "notice", "Messages that you have not read"),
        }
        self._numbers = {name: n for name, (n, *_) in given.items()}
        for name, (n, word, level, tip) in given.items():
            button = self._counters[name]
            button.setText(f"{n:,} {word}")
            button.setIcon(level_icon(level if n else "calm", self._theme, gap_px=4))
            button.setToolTip(tip)
            button.setStyleSheet(f"color: {self._theme.ui['text']};" if n else "")
