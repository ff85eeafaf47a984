"""What is selected: what it is, what it measures, what it accepts."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from twin.commanding import accepted_types
from twin.sense.model import OBSERVED_PROPERTIES
from twin.session import ComposeRequest, Selection
from twin.theme import Theme
from widgets.panel import PanelContext, PanelType
from widgets.parts.command_words import phrase
from widgets.parts.datastream_table import Column, DatastreamTable, SlotRole
from widgets.parts.elided_button import ElidedButton
from widgets.parts.empty_state import EmptyState
from widgets.parts.fact_table import FactView
from widgets.parts.feature_lookup import FeatureLookup
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.places import place_of_selection
from widgets.parts.selection_facts import Subject, facts_of, subject_of
from widgets.parts.sparkline import ROW_PX, MarkDelegate, SparklineDelegate, TwoLineDelegate
from widgets.parts.time_plot import TimePlot
from widgets.parts.wording import property_title

_MOST_ROWS = 6
FOLLOW_ACTION = "view.follow"
FIND_ACTION = "find.open"


class InspectorPanel(PanelWidget):
    """Follows the selection; values go on while it is visible."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._known: tuple[int, int] = (-1, -1)
        self._subject: Subject | None = None
        self._lookup = FeatureLookup(self.session, context.bridge, self._show_facts)
        self.streams = DatastreamTable(self.session.observations, self.session.clock)
        self._make_head()
        self._make_streams()
        self.plot = TimePlot(self.inks)
        self.facts = FactView(most_rows=14)
        self._facts_title = _label("heading", "Attributes")
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        for part in (self.title, self.subtitle, self._steps, self.commands, self._streams_title):
            layout.addWidget(part)
        layout.addWidget(self.table)
        layout.addWidget(self.sentence)
        layout.addWidget(self.plot)
        layout.addWidget(self._facts_title)
        layout.addWidget(self.facts)
        layout.addStretch(1)
        self._lay_out(body)
        self.follow(self.session.selection_changed, self.show_selection)
        self.show_selection(self.session.selection)

    # -- making -----------------------------------------------------------------------------

    def _make_head(self) -> None:
        self.title, self.subtitle = _label("title"), _label("muted")
        self._steps = QWidget()
        row = QHBoxLayout(self._steps)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self.fly = QPushButton("Fly there")
        self.fly.clicked.connect(lambda _checked=False: self._fly())
        self.follow_unit = QPushButton("Follow it")
        self.follow_unit.clicked.connect(
            lambda _checked=False: self.context.actions.run(FOLLOW_ACTION)
        )
        row.addWidget(self.fly)
        row.addWidget(self.follow_unit)
        row.addStretch(1)
        self.commands = QWidget()
        self._commands_layout = QVBoxLayout(self.commands)
        self._commands_layout.setContentsMargins(0, 0, 0, 0)
        self._commands_layout.setSpacing(4)

    def _make_streams(self) -> None:
        self._streams_title = _label("heading", "Measures")
        self.sentence = _label("muted")
        table = self.table = QTableView()
        table.setModel(self.streams)
        table.setAccessibleName("Datastreams of what is selected")
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.horizontalHeader().hide()
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = table.horizontalHeader()
        header.setMinimumSectionSize(20)
        for column, width in ((Column.STATE, 26), (Column.TREND, 64), (Column.VALUE, 104)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)
        header.setSectionResizeMode(Column.SENSOR, QHeaderView.ResizeMode.Stretch)
        self._delegates = (
            MarkDelegate(self.inks),
            TwoLineDelegate(self.inks),
            SparklineDelegate(self.inks),
            TwoLineDelegate(self.inks, right=True),
        )
        for position, delegate in enumerate(self._delegates):
            table.setItemDelegateForColumn(position, delegate)
        table.selectionModel().currentRowChanged.connect(self._show_series_of)

    def _lay_out(self, body: QWidget) -> None:
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        empty = EmptyState(
            "Nothing is selected. Click a building, a sensor or a unit in the view, or look for "
            "it by name.",
            step="Find a place or a sensor…",
            run=lambda: self.context.actions.run(FIND_ACTION),
        )
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(scroll)
        self._stack.addWidget(empty)

    # -- showing ----------------------------------------------------------------------------

    def show_selection(self, selection: Selection) -> None:
        """Show something else."""
        subject = self._subject = subject_of(self.session, selection)
        self._known = self._catalogue()
        self._stack.setCurrentIndex(0 if subject is not None else 1)
        if subject is None:
            return
        self.title.setText(subject.title)
        self.subtitle.setText(subject.subtitle)
        self.follow_unit.setVisible(
            bool(selection.unit_id) and self.context.actions.get(FOLLOW_ACTION) is not None
        )
        self._offer_commands(subject)
        self._show_streams(subject)
        self.refresh()

    def refresh(self) -> None:
        """Newest values of what is selected."""
        if not self.session.selection.is_empty and self._known != self._catalogue():
            self.show_selection(self.session.selection)
            return
        if self._subject is None:
            return
        self._allow_flying()
        self._show_facts()
        self.streams.refresh(0, self.streams.rowCount() - 1)
        self._show_series_of(self.table.currentIndex(), QModelIndex())

    def _show_facts(self) -> None:
        facts = facts_of(self.session, self.session.selection, self._lookup.attributes)
        self.facts.show_facts(facts)
        self._facts_title.setVisible(bool(facts))

    def take_theme(self, theme: Theme) -> None:
        """Follow a change of theme."""
        super().take_theme(theme)
        self.plot.repaint_inks()

    def release(self) -> None:
        """Let go of signals and of the plot."""
        super().release()
        self.plot.release()

    def _catalogue(self) -> tuple[int, int]:
        session = self.session
        return session.observations.catalogue_version, session.units.catalogue_version

    def _offer_commands(self, subject: Subject) -> None:
        while (item := self._commands_layout.takeAt(0)) is not None:
            button = item.widget()
            if button is not None:
                button.hide()
                button.deleteLater()
        target = subject.target
        for command_type in accepted_types(target) if target else ():
            request = ComposeRequest(target_id=target.id if target else "", type_id=command_type.id)
            name = target.name if target else ""
            is_headline = name == subject.title  # then the button need not repeat it
            words = command_type.title if is_headline else phrase(command_type, name)
            button = ElidedButton(f"{words}…")
            button.clicked.connect(lambda _checked=False, r=request: self.session.compose(r))
            self._commands_layout.addWidget(button)
        self.commands.setVisible(self._commands_layout.count() > 0)

    def _show_streams(self, subject: Subject) -> None:
        self.streams.list_only(subject.slots, with_thing_names=subject.shows_thing_names)
        n = self.streams.rowCount()
        for part in (self._streams_title, self.table, self.sentence, self.plot):
            part.setVisible(n > 0)
        self.table.setFixedHeight(ROW_PX * min(n, _MOST_ROWS) + 2)
        if n:
            self.table.selectRow(self._row_to_plot(n))

    def _row_to_plot(self, n: int) -> int:
        """First row that measures something, rather than a switch of an actuator."""
        names = (self.streams.datastream(row).observed_property for row in range(n))
        return next((row for row, name in enumerate(names) if name in OBSERVED_PROPERTIES), 0)

    def _show_series_of(self, current: QModelIndex, _previous: QModelIndex) -> None:
        slot = current.data(SlotRole) if current.isValid() else None
        if slot is None:
            return
        store = self.session.observations
        datastream = store.datastreams[slot]
        self.sentence.setText(str(current.data(Qt.ItemDataRole.ToolTipRole)))
        t_ns, values = store.history_of(slot)
        unit = f" ({datastream.unit})" if datastream.unit else ""
        self.plot.show_series(t_ns, values, f"{property_title(datastream.observed_property)}{unit}")

    def _allow_flying(self) -> None:
        has_place = place_of_selection(self.session) is not None
        kind = "unit" if self.session.selection.unit_id else "sensor"
        kind = "feature" if self.session.selection.feature >= 0 else kind
        self.fly.setEnabled(has_place)
        self.fly.setToolTip("" if has_place else f"This {kind} tells no position")

    def _fly(self) -> None:
        found = place_of_selection(self.session)
        if found is None:
            self.session.message.emit("Nobody knows where this is, so the view cannot go there")
        else:
            self.fly_to(found[1])


def _label(role: str, text: str = "") -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setProperty("role", role)
    return label


PANEL = PanelType(
    id="inspector",
    title="Inspector",
    area="right",
    create=InspectorPanel,
    order=10,
    icon="inspector",
)
