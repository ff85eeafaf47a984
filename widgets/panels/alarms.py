"""Alarms: what is wrong, where, how pressing; answering them; the figures of the shift."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from twin.clock import NS_PER_S
from twin.operations.alarm_book import AlarmBook, AlarmFilter, Listing, Shown
from twin.operations.alarm_rates import figures_of, flood_at, times_of
from twin.room.parts.alarms import Alarms, Priority
from twin.session import Selection
from widgets.panel import PanelContext, PanelType
from widgets.parts.alarm_details import AlarmDetails
from widgets.parts.alarm_figures import AlarmFiguresPage
from widgets.parts.alarm_rows import AlarmView
from widgets.parts.alarm_table import AlarmTable, Column
from widgets.parts.alarm_words import (
    PRIORITY_TITLES,
    SHOWN_TITLES,
    count_line,
    department_title,
    flood_sentence,
)
from widgets.parts.choices import offer
from widgets.parts.command_details import selection_of
from widgets.parts.empty_state import EmptyState
from widgets.parts.labels import wrapped
from widgets.parts.panel_widget import PanelWidget
from widgets.shape_mark import level_icon

_DETAILS_PX = 340
_WIDE_PX = 640
#: Where thousands come and go, listing them takes at most one part in so many of the time.
_REST = 5
#: What is listed changes although no alarm has.
_BY_TIME = (Shown.CHATTERING, Shown.STALE)
_RESTATE_NS = NS_PER_S
_EMPTY = (
    "There is no alarm. Rules raise alarms when the city leaves its limits; a source raises its "
    "own with the act “alarm.raise”"
)


class AlarmsPanel(PanelWidget):
    """Filters on top, the list, what is chosen beside it; or the figures."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.book = AlarmBook()
        self.filter = AlarmFilter()
        self.model = AlarmTable(self.session.clock)
        self._has_moved = True
        self._told_ns = 0
        self._not_before_ns = 0
        self._is_choosing = False
        self._listing = Listing()
        self._make_filters()
        self.table = AlarmView(self.model, self.inks, acknowledge=self.acknowledge)
        self.details = AlarmDetails(self.session)
        self.figures = AlarmFiguresPage(self.inks)
        self.figures.span.currentIndexChanged.connect(lambda _index: self._show_figures())
        self.figures.department.currentIndexChanged.connect(lambda _index: self._show_figures())
        self._lay_out()
        self.table.selectionModel().selectionChanged.connect(lambda _on, _off: self._chosen())
        self.table.doubleClicked.connect(lambda _index: self.details.fly_there())
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._show_menu)
        self.follow(self.session.room_changed, self._follow_room)
        self.follow(self.session.selection_changed, self._follow_selection)
        self.follow(self.session.alarm_inspected, self.choose)
        self.show_alarms()

    # -- making -----------------------------------------------------------------------------

    def _make_filters(self) -> None:
        self.text = QLineEdit()
        self.text.setPlaceholderText("Filter alarms")
        self.text.setClearButtonEnabled(True)
        self.text.setAccessibleName("Filter alarms")
        self.text.textChanged.connect(lambda _text: self._take_filter())
        self.priority, self.shown, self.department = QComboBox(), QComboBox(), QComboBox()
        self.priority.addItem("Any priority", None)
        for priority, title in PRIORITY_TITLES.items():
            self.priority.addItem(title, priority.value)
        for shown, title in SHOWN_TITLES.items():
            self.shown.addItem(title, shown.value)
        self.department.addItem("All departments", "")
        named = (
            (self.priority, "Priority"),
            (self.shown, "State"),
            (self.department, "Department"),
        )
        for box, name in named:
            box.setAccessibleName(name)
            box.setMinimumContentsLength(4)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.currentIndexChanged.connect(lambda _index: self._take_filter())
        self.show_figures = QPushButton("Figures")
        self.show_figures.setCheckable(True)
        self.show_figures.setToolTip("How many alarms come, and which come most")
        self.show_figures.toggled.connect(lambda _on: self._show_page())

    def _lay_out(self) -> None:
        self._filters = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._filters.setSpacing(8)
        self.text.setMinimumWidth(120)
        self._filters.addWidget(self.text, 1)
        for pair in ((self.priority, self.shown), (self.department, self.show_figures)):
            beside = QHBoxLayout()
            beside.setSpacing(8)
            for part in pair:
                beside.addWidget(part, int(part is not self.show_figures))
            self._filters.addLayout(beside, 2)
        self._banner_icon, self.banner = QLabel(), wrapped()
        self._banner_row = QFrame()
        self._banner_row.setProperty("role", "card")
        row = QHBoxLayout(self._banner_row)
        row.setContentsMargins(10, 3, 10, 3)
        row.setSpacing(8)
        row.addWidget(self._banner_icon)
        row.addWidget(self.banner, 1)
        self._banner_row.hide()
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self.details)
        self._scroll.setMinimumWidth(200)
        self._scroll.hide()
        split = self._split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(self._scroll)
        split.setStretchFactor(0, 1)
        split.setSizes([900, _DETAILS_PX])
        self._empty = EmptyState(_EMPTY)
        pages = QWidget()
        self._pages = QStackedLayout(pages)
        for page in (split, self._empty, self.figures):
            self._pages.addWidget(page)
        self.count = QLabel()
        self.count.setProperty("role", "caption")
        self.count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 4)
        layout.setSpacing(6)
        layout.addLayout(self._filters)
        layout.addWidget(self._banner_row)
        layout.addWidget(pages, 1)
        layout.addWidget(self.count)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow panels have filters and details below each other."""
        super().resizeEvent(event)
        is_wide = self.width() >= _WIDE_PX
        direction = QBoxLayout.Direction
        self._filters.setDirection(direction.LeftToRight if is_wide else direction.TopToBottom)
        self._split.setOrientation(
            Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical
        )

    # -- showing ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Take in what has moved since the last time; times go on."""
        if self._has_moved and self.session.clock.monotonic_ns() >= self._not_before_ns:
            self.show_alarms()
            return
        now_ns = self.session.clock.now_ns()
        if abs(now_ns - self._told_ns) < _RESTATE_NS:
            return
        if self.filter.shown in _BY_TIME:
            self._list()
        else:
            self._told_ns = now_ns
            self.model.tell_time(*self.table.rows_on_screen())
            self._show_chosen()
            self._tell_count()
            self._show_page()
        self._show_banner()

    def show_alarms(self) -> None:
        """List the alarms of the room as they are."""
        self._has_moved = False
        began_ns = self.session.clock.monotonic_ns()
        if self.book.follow(self.session.hub.room[Alarms].by_id.entries):
            for box in (self.department, self.figures.department):
                self._offer(box)
        self._list()
        self._show_banner()
        now_ns = self.session.clock.monotonic_ns()
        self._not_before_ns = now_ns + _REST * (now_ns - began_ns)

    def _list(self) -> None:
        now_ns = self._told_ns = self.session.clock.now_ns()
        self._listing = self.book.listed(self.filter, now_ns)
        self.model.show_groups(self._listing.groups)
        self._show_chosen()
        self._tell_count()
        self._show_page()

    def _show_page(self) -> None:
        if self.show_figures.isChecked():
            self._show_figures()
            self._pages.setCurrentWidget(self.figures)
            return
        has_some = bool(self.book.alarms)
        self._empty.say("No alarm fits these filters" if has_some else _EMPTY)
        self._pages.setCurrentIndex(0 if self.model.rowCount() else 1)

    def _show_banner(self) -> None:
        now_ns = self.session.clock.now_ns()
        times = times_of(self.book.alarms.values(), self.filter.department)
        n_operators = self.n_operators(self.filter.department)
        flood = flood_at(times, now_ns, n_operators)
        self._banner_row.setVisible(flood is not None)
        if flood is None:
            return
        n_entries = len(self.book.groups)
        self.banner.setText(flood_sentence(flood, len(times), n_entries, n_operators))
        pixmap = level_icon("warning", self.inks.theme, 14).pixmap(14, 14)
        self._banner_icon.setPixmap(pixmap)

    def _tell_count(self) -> None:
        told = count_line(self.book, self._listing, self.filter.shown, self._told_ns)
        self.count.setText(told)

    def _show_figures(self) -> None:
        now_ns = self.session.clock.now_ns()
        department = str(self.figures.department.currentData() or "")
        n_operators = self.n_operators(department)
        figures = figures_of(
            self.session.hub.room[Alarms].counts.values(),
            now_ns=now_ns,
            hours=self.figures.hours,
            n_operators=n_operators,
            department=department,
        )
        self.figures.show_figures(
            figures,
            standing=sum(alarm.is_active for alarm in self.book.alarms.values()),
            chattering=self.book.n_of(Shown.CHATTERING, now_ns),
            stale=self.book.n_of(Shown.STALE, now_ns),
            n_operators=n_operators,
        )

    def n_operators(self, department: str) -> int:
        """Who shares the alarms of a department, or all of them."""
        there = self.session.hub.room.operators.values()
        return sum(not department or one.department == department for one in there)

    def _offer(self, box: QComboBox) -> None:
        """Offer the departments that have alarms."""
        there = [(one, department_title(one)) for one in self.book.departments()]
        offer(box, [("", "All departments"), *there])

    def _take_filter(self) -> None:
        priority = self.priority.currentData()
        wanted = AlarmFilter(
            words=tuple(self.text.text().casefold().split()),
            priority=Priority(priority) if priority else None,
            department=str(self.department.currentData() or ""),
            shown=Shown(self.shown.currentData()),
        )
        if wanted != self.filter:
            self.filter = wanted
            self._list()

    def _follow_room(self, changed: frozenset[str]) -> None:
        self._has_moved = self._has_moved or "alarms" in changed
        if "permissions" in changed:
            self.details.tell_permissions()

    # -- choosing ---------------------------------------------------------------------------

    def _show_menu(self, at: QPoint) -> None:
        """What can be done about the chosen alarms, beside the pointer."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        for button in self.details.answers():
            action = menu.addAction(button.text())
            action.setEnabled(button.isEnabled())
            action.setToolTip(button.toolTip())
            action.triggered.connect(lambda _checked=False, b=button: b.click())
        if not menu.isEmpty():
            menu.popup(self.table.viewport().mapToGlobal(at))

    def _chosen(self) -> None:
        self._show_chosen()
        rows = self.table.chosen_rows()
        if len(rows) != 1 or self._is_choosing:
            return
        thing_id = rows[0].head.thing_id
        chosen = selection_of(self.session, thing_id)
        is_known = chosen.unit_id or thing_id in self.session.observations.things
        if thing_id and is_known and chosen != self.session.selection:
            self.session.select(chosen)

    def _show_chosen(self) -> None:
        rows = self.table.chosen_rows()
        alarms = dict.fromkeys(alarm.id for row in rows for alarm in row.alarms)
        known = self.book.alarms
        chosen = [known[alarm_id] for alarm_id in alarms if alarm_id in known]
        group = rows[0].group if len(rows) == 1 and rows[0].is_face else None
        self.details.show_chosen(group, chosen)
        self._scroll.setVisible(bool(chosen))

    def choose(self, alarm_id: str) -> None:
        """Choose the row of an alarm, if it is listed."""
        self._catch_up()
        self._choose_row(self.model.row_of_alarm(alarm_id))

    def choose_first(self) -> None:
        """Choose what somebody has to look at first, unless something is chosen."""
        self._catch_up()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        if not self.table.chosen_rows() and self.model.rowCount():
            self._choose_row(0)

    def acknowledge(self) -> bool:
        """Acknowledge what is chosen; False when there is nothing to."""
        return self.details.acknowledge_chosen()

    def _catch_up(self) -> None:
        """Nothing is refreshed while nobody sees the panel."""
        if self._has_moved:
            self.show_alarms()

    def _choose_row(self, row: int) -> None:
        if row < 0:
            return
        self._is_choosing = True
        index = self.model.index(row, Column.ALARM)
        flags = QItemSelectionModel.SelectionFlag
        self.table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.table.scrollTo(index)
        self._is_choosing = False

    def _follow_selection(self, selection: Selection) -> None:
        """Somebody selected a thing: choose its most urgent alarm."""
        target_id = selection.thing_id or selection.unit_id
        if not target_id or any(one.head.thing_id == target_id for one in self.table.chosen_rows()):
            return
        self._catch_up()
        for group in self.book.groups:
            for alarm in group.alarms:
                if alarm.thing_id == target_id:
                    self.choose(alarm.id)
                    return


PANEL = PanelType(
    id="alarms",
    title="Alarms",
    area="bottom",
    create=AlarmsPanel,
    order=3,
    icon="alarm",
    key="Alt+A",
    enter=AlarmsPanel.choose_first,
    acknowledge=AlarmsPanel.acknowledge,
    workspaces=("monitor", "incidents", "command"),
)
