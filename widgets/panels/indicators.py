"""Indicators of the city with small trends; each opens down to the observations behind it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QListView,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from twin.indicators.base import (
    CityNow,
    IndicatorType,
    Input,
    Result,
    Trends,
    city_now,
    compute_all,
    how_computed,
    indicator_registry,
)
from twin.session import Selection
from widgets.panel import PanelContext, PanelType
from widgets.parts.elided_button import ElidedButton
from widgets.parts.indicator_list import (
    LINE_PX,
    IndicatorDelegate,
    IndicatorList,
    IndicatorRow,
    InputDelegate,
    InputTable,
)
from widgets.parts.labels import say, wrapped
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.places import place_of
from widgets.parts.wording import clock_text, count_text

#: Computed this often, whether or not the panel is in sight: the trends go on.
EVERY_MS = 5_000
_MOST_SELECTED = 2_000


class IndicatorsPanel(PanelWidget):
    """A list of indicators, and below it what the chosen one stands on."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._types: list[IndicatorType] = sorted(indicator_registry(), key=lambda one: one.order)
        self._results: dict[str, Result] = {}
        self._trends = Trends()
        self._is_computing = False
        self._city: CityNow | None = None
        self._chosen: IndicatorRow | None = None
        self.model = IndicatorList()
        self._delegate = IndicatorDelegate(self.inks)
        self._make_list()
        self._make_details()
        self._lay_out()
        self._disconnects.append(context.bridge.every(EVERY_MS, self.compute))
        self.follow(self.session.room_changed, self._follow_room)
        self.show_rows()
        self.compute()

    # -- making -----------------------------------------------------------------------------

    def _make_list(self) -> None:
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(self._delegate)
        self.list.setAccessibleName("Indicators")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.selectionModel().currentChanged.connect(lambda now, _before: self._choose(now))

    def _make_details(self) -> None:
        self.formula, self.since = wrapped(), wrapped("muted")
        self.missing = wrapped("error")
        self.select_all = ElidedButton()
        self.select_all.clicked.connect(lambda _checked=False: self._select_all())
        self.close_it = QPushButton("Close")
        self.close_it.clicked.connect(lambda _checked=False: self._close())
        self.inputs = InputTable()
        self._input_delegate = InputDelegate(self.inks)
        table = self.table = QTableView()
        table.setModel(self.inputs)
        table.setItemDelegate(self._input_delegate)
        table.setAccessibleName("Observations behind it")
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(LINE_PX)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in ((1, 92), (2, 72)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)
        table.selectionModel().currentRowChanged.connect(lambda now, _before: self._select(now))
        table.activated.connect(self._fly)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.select_all)
        row.addWidget(self.close_it)
        row.addStretch(1)
        top = QVBoxLayout()
        top.setContentsMargins(12, 8, 12, 8)
        top.setSpacing(6)
        top.addWidget(self.formula)
        top.addWidget(self.since)
        top.addWidget(self.missing)
        top.addLayout(row)
        self._details = QWidget()
        column = QVBoxLayout(self._details)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.table, 1)
        self._details.hide()
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(self._details)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split)
        self.setFocusProxy(self.list)

    # -- computing --------------------------------------------------------------------------

    def compute(self) -> None:
        """Capture the city and compute all indicators on a worker; one at a time."""
        if self._is_computing:
            return
        self._is_computing = True
        city, types = city_now(self.session, self._city), tuple(self._types)
        self._city = city
        self.context.bridge.run_job(
            lambda _progress: compute_all(types, city),
            lambda results: self._take(results, city.now_ns),
            self._fail,
        )

    def _take(self, results: dict[str, Result], now_ns: int) -> None:
        self._is_computing = False
        self._results = results
        self._trends.note(results, now_ns)
        self.show_rows()

    def _fail(self, error: Exception) -> None:
        self._is_computing = False
        self.session.message.emit(f"The indicators could not be computed: {error}")

    def _follow_room(self, changed: frozenset[str]) -> None:
        if "units" in changed:
            self.compute()

    # -- showing ----------------------------------------------------------------------------

    def show_rows(self) -> None:
        """List all indicators with what was computed last."""
        waiting = Result(missing="Is being computed")
        rows = [
            IndicatorRow(
                kind, self._results.get(kind.id, waiting), tuple(self._trends.values(kind.id))
            )
            for kind in self._types
        ]
        self.model.show_rows(rows)
        if self._chosen is not None:
            self._show(next((r for r in rows if r.kind is self._chosen.kind), None))

    def choose_first(self) -> None:
        """Open the first one where none is open: somebody went to the panel."""
        if self._chosen is None:
            self.list.setCurrentIndex(self.model.index(0))

    def _choose(self, now: QModelIndex) -> None:
        self._show(self.model.row(now.row()))

    def _show(self, row: IndicatorRow | None) -> None:
        self._chosen = row
        self._details.setVisible(row is not None)
        if row is None:
            return
        kind, result = row.kind, row.result
        self.formula.setText(how_computed(kind))
        begins_ns = self._trends.begins_ns(kind.id)
        say(self.since, f"Trend since {clock_text(begins_ns)}" if begins_ns else "")
        say(self.missing, f"{result.missing}." if result.missing else "")
        self.inputs.show_inputs(result.inputs)
        n = len(self._things())
        self.select_all.setVisible(n > 0)
        self.select_all.say(f"Select {count_text(n, 'sensor')} in the city")

    def _things(self) -> tuple[str, ...]:
        """Things behind the chosen value, those that count."""
        known = self.session.observations.things
        found = dict.fromkeys(one.thing_id for one in self.inputs.inputs if not one.note)
        return tuple(one for one in found if one in known)

    # -- choosing ---------------------------------------------------------------------------

    def _select_all(self) -> None:
        things = self._things()[:_MOST_SELECTED]
        if len(things) == 1:
            self.session.select(Selection(thing_id=things[0]))
        elif things:
            self.session.select(Selection(things=things))

    def _input(self, index: QModelIndex) -> Input | None:
        inputs = self.inputs.inputs
        return inputs[index.row()] if 0 <= index.row() < len(inputs) else None

    def _selection(self, one: Input) -> Selection:
        if self.session.units.slot_of(one.thing_id) >= 0:
            return Selection(unit_id=one.thing_id)
        return Selection(thing_id=one.thing_id)

    def _select(self, index: QModelIndex) -> None:
        one = self._input(index)
        if one is not None and one.thing_id:
            self.session.select(self._selection(one))

    def _fly(self, index: QModelIndex) -> None:
        one = self._input(index)
        place = place_of(self.session, self._selection(one)) if one is not None else None
        if place is not None:
            self.fly_to(place[1])

    def _close(self) -> None:
        self.list.setCurrentIndex(QModelIndex())
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)


PANEL = PanelType(
    id="indicators",
    title="Indicators",
    area="right",
    create=IndicatorsPanel,
    order=66,
    icon="chart",
    key="Ctrl+I",
    workspaces=("review",),
    enter=IndicatorsPanel.choose_first,
)
