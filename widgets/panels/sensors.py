"""All datastreams in a table: health, name, trend, value and age; filter, sort, select, fly to."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QStackedLayout,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from twin.clock import NS_PER_S
from twin.sense.health import Health
from twin.session import Selection
from widgets.actions import fill_menu
from widgets.panel import PanelContext, PanelType
from widgets.parts.datastream_table import (
    Column,
    DatastreamTable,
    SensorFilter,
    SlotRole,
    SortKey,
)
from widgets.parts.empty_state import EmptyState
from widgets.parts.filters import as_filter
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.sparkline import ROW_PX, MarkDelegate, SparklineDelegate, TwoLineDelegate
from widgets.parts.wording import count_text, property_title

_HEALTH_TITLES = {
    Health.FRESH: "Fresh",
    Health.STALE: "Stale",
    Health.SUSPECT: "Suspect",
    Health.NEVER: "No value yet",
}
FRAME_ACTION, EXPORT_ACTION = "view.frame_selection", "export.sensors"
_REORDER_NS = 2 * NS_PER_S
#: Narrower, and the trend gives its place to the name.
_TREND_FROM_PX = 270
#: Width of the value column, and beside names in a narrow panel.
_VALUE_PX, _NARROW_VALUE_PX = 92, 82


class SensorsPanel(PanelWidget):
    """Table of datastreams with text, property and health filters."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.model = DatastreamTable(self.session.observations, self.session.clock)
        self._properties: tuple[str, ...] = ()
        self._ordered_ns = 0
        self._make_filters()
        self._make_table()
        self._empty = EmptyState("")
        self._count = QLabel()
        self._count.setProperty("role", "caption")
        self._count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        stack = QWidget()
        self._stack = QStackedLayout(stack)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 4)
        layout.setSpacing(8)
        layout.addLayout(self._first_row)
        layout.addLayout(self._second_row)
        layout.addWidget(stack, 1)
        layout.addWidget(self._count)
        self.follow(self.session.selection_changed, self.show_selection)
        self.refresh()

    # -- making -----------------------------------------------------------------------------

    def _make_filters(self) -> None:
        self.text = QLineEdit()
        self.text.setPlaceholderText("Filter sensors")
        self.text.setClearButtonEnabled(True)
        self.text.setAccessibleName("Filter sensors")
        self.text.textChanged.connect(lambda _text: self.apply_filter())
        self.property_choice = _choice("Observed property")
        self.property_choice.addItem("Any property", "")
        self.property_choice.currentIndexChanged.connect(lambda _index: self.apply_filter())
        self.health_choice = _choice("Health")
        self.health_choice.addItem("Any health", None)
        for health, title in _HEALTH_TITLES.items():
            self.health_choice.addItem(title, health)
        self.health_choice.currentIndexChanged.connect(lambda _index: self.apply_filter())
        as_filter(self.text, "words")
        as_filter(self.property_choice, "property")
        as_filter(self.health_choice, "health")
        self._first_row = QHBoxLayout()
        self._first_row.setSpacing(4)
        self._first_row.addWidget(self.text, 1)
        self._first_row.addWidget(self._sort_button())
        self._second_row = QHBoxLayout()
        self._second_row.setSpacing(4)
        self._second_row.addWidget(self.property_choice, 5)
        self._second_row.addWidget(self.health_choice, 4)

    def _sort_button(self) -> QToolButton:
        button = QToolButton()
        button.setText("Sort")
        button.setToolTip("Order of the rows")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        group = QActionGroup(menu)
        for key in SortKey:
            title = "By health, worst first" if key is SortKey.STATE else f"By {key.value}"
            action = QAction(title, menu, checkable=True)
            action.setChecked(key is self.model.sorting[0])
            action.triggered.connect(lambda _on=False, k=key: self.model.sort_by(k))
            group.addAction(action)
            menu.addAction(action)
        button.setMenu(menu)
        return button

    def _make_table(self) -> None:
        table = self.table = QTableView()
        table.setModel(self.model)
        table.setAccessibleName("Sensors")
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_PX)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(20)
        for column, width in ((Column.STATE, 26), (Column.TREND, 56), (Column.VALUE, _VALUE_PX)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)
        header.setSectionResizeMode(Column.SENSOR, QHeaderView.ResizeMode.Stretch)
        header.setSortIndicator(Column.SENSOR, Qt.SortOrder.AscendingOrder)
        table.setSortingEnabled(True)
        self._delegates = (
            MarkDelegate(self.inks),
            TwoLineDelegate(self.inks),
            SparklineDelegate(self.inks),
            TwoLineDelegate(self.inks, right=True),
        )
        for position, delegate in enumerate(self._delegates):
            table.setItemDelegateForColumn(position, delegate)
        table.selectionModel().currentRowChanged.connect(self._select_row)
        table.activated.connect(self._fly_to_row)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._show_menu)

    # -- live -------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep names readable in a narrow panel."""
        super().resizeEvent(event)
        is_narrow = self.width() < _TREND_FROM_PX
        self.table.setColumnHidden(Column.TREND, is_narrow)
        value_px = _NARROW_VALUE_PX if is_narrow else _VALUE_PX
        self.table.horizontalHeader().resizeSection(Column.VALUE, value_px)

    def refresh(self) -> None:
        """Pull the newest values; only the rows on the screen are asked for."""
        moved = self.model.refresh(*self._rows_on_screen())
        self._offer_properties()
        if self.model.sorting[0] in (SortKey.VALUE, SortKey.AGE, SortKey.STATE):
            moved |= self._reorder()
        if moved:
            self.show_selection(self.session.selection)
        self._tell_count()

    def apply_filter(self) -> None:
        """List what fits the three filters."""
        self.model.set_filter(
            SensorFilter(
                text=self.text.text(),
                observed_property=self.property_choice.currentData() or "",
                health=self.health_choice.currentData(),
            )
        )
        self.show_selection(self.session.selection)
        self._tell_count()

    def show_selection(self, selection: Selection) -> None:
        """Mark the row of the selected thing, if it is listed."""
        current = self.table.currentIndex()
        if current.isValid():
            shown = self.model.datastream(current.row()).thing_id
            if shown == selection.thing_id:
                return
        row = self.model.row_of_thing(selection.thing_id) if selection.thing_id else -1
        picker = self.table.selectionModel()
        was = picker.blockSignals(True)
        if row < 0:
            self.table.setCurrentIndex(QModelIndex())
            self.table.clearSelection()
        else:
            index = self.model.index(row, Column.SENSOR)
            flags = QItemSelectionModel.SelectionFlag
            picker.setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.table.scrollTo(index)
        picker.blockSignals(was)
        self.table.viewport().update()

    def _show_menu(self, at: QPoint) -> None:
        actions = self.context.actions
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        wanted = (actions.get(name) for name in (FRAME_ACTION, EXPORT_ACTION))
        fill_menu(menu, actions, [action for action in wanted if action is not None])
        if not menu.isEmpty():
            menu.popup(self.table.viewport().mapToGlobal(at))

    def _rows_on_screen(self) -> tuple[int, int]:
        first = self.table.rowAt(0)
        last = self.table.rowAt(self.table.viewport().height() - 1)
        return first, self.model.rowCount() - 1 if last < 0 else last

    def _reorder(self) -> bool:
        now_ns = self.session.clock.monotonic_ns()
        if now_ns - self._ordered_ns < _REORDER_NS:
            return False
        self._ordered_ns = now_ns
        self.model.rearrange()
        return True

    def _offer_properties(self) -> None:
        present = self.session.observations.observed_properties()
        if present == self._properties:
            return
        self._properties = present
        chosen = self.property_choice.currentData()
        was = self.property_choice.blockSignals(True)
        self.property_choice.clear()
        self.property_choice.addItem("Any property", "")
        for name in sorted(present, key=property_title):
            self.property_choice.addItem(property_title(name), name)
        self.property_choice.setCurrentIndex(max(self.property_choice.findData(chosen), 0))
        self.property_choice.blockSignals(was)

    def _tell_count(self) -> None:
        n, listed = self.model.n_datastreams, self.model.rowCount()
        if n == 0:
            self._empty.say(
                "No sensor has announced itself yet. Start a simulator with “civitwin sim”, replay "
                "a file with “civitwin feed”, or publish to the hub’s sample port."
            )
        elif listed == 0:
            self._empty.say(
                "No sensor fits these filters. Clear the text or choose all properties."
            )
        self._stack.setCurrentWidget(self.table if listed else self._empty)
        counts = self.model.health_counts()
        odd = [
            f"{counts[health]:,} {_HEALTH_TITLES[health].lower()}"
            for health in (Health.STALE, Health.SUSPECT, Health.NEVER)
            if counts[health]
        ]
        listed_text = count_text(n, "datastream") if listed == n else f"{listed:,} of {n:,}"
        told = " · ".join([listed_text, *odd]) if n else ""
        self._count.setText(told)
        self._count.setToolTip(told)

    def _select_row(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.session.select(Selection(thing_id=self.model.datastream(current.row()).thing_id))

    def _fly_to_row(self, index: QModelIndex) -> None:
        slot = index.data(SlotRole)
        x, y, z = self.session.observations.xyz_local_m[slot].tolist()
        if x == x:  # NaN: nobody knows where it stands
            self.fly_to((x, y, z))
        else:
            self.session.message.emit(
                "This sensor has no place in this city, so it is not on the map"
            )


def _choice(name: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    box.setMinimumContentsLength(6)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box


PANEL = PanelType(
    id="sensors", title="Sensors", area="left", create=SensorsPanel, order=20, icon="sensor"
)
