"""Units board: every moving unit by where it stands, kind and department; sending and following."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from PySide6.QtCore import QItemSelection, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from twin.clock import NS_PER_S
from twin.duty import put_unit_back, take_unit_out
from twin.session import ComposeRequest, Selection
from twin.unit_board import Standing, UnitRow, unit_rows
from widgets.panel import PanelContext, PanelType
from widgets.parts.choices import offer
from widgets.parts.elided_button import ElidedButton
from widgets.parts.empty_state import EmptyState
from widgets.parts.filters import as_filter
from widgets.parts.labels import say, wrapped
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.places import place_of
from widgets.parts.section_list import (
    KeyRole,
    Row,
    Section,
    SectionDelegate,
    SectionList,
    section_view,
)
from widgets.parts.wording import age_text, duration_text, kind_title
from widgets.shape_mark import Level

FOLLOW_ACTION = "view.follow"
_EVERY_NS = NS_PER_S
_TITLES = {
    Standing.AVAILABLE: "Available",
    Standing.ASSIGNED: "Assigned",
    Standing.EN_ROUTE: "En route",
    Standing.ON_SCENE: "On scene",
    Standing.OUT: "Out of service",
}


class UnitLane(QWidget):
    """Units of one standing: heading with a count, and the list."""

    def __init__(self, standing: Standing, delegate: SectionDelegate) -> None:
        super().__init__()
        self.standing = standing
        self.model = SectionList()
        self.label = QLabel()
        self.label.setProperty("role", "heading")
        self.label.setContentsMargins(12, 0, 6, 0)
        self.list: QListView = section_view(self.model, delegate, _TITLES[standing])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.label)
        layout.addWidget(self.list, 1)

    def show_rows(self, rows: Sequence[UnitRow]) -> None:
        """List units under their department and kind."""
        sections: list[Section] = []
        for (department, kind), members in groupby(
            rows, key=lambda row: (row.unit.department, row.unit.kind)
        ):
            units = [_row(one) for one in members]
            words = department.replace("_", " ")
            title = f"{kind_title(kind)} · {words}" if words else kind_title(kind)
            sections.append((f"{title}  {len(units)}", units))
        self.model.show_sections(sections)
        title = _TITLES[self.standing]
        self.label.setText(f"{title}  {len(rows):,}")
        self.list.setAccessibleName(f"{title}, {len(rows):,} units")


class UnitsPanel(PanelWidget):
    """Filters on top, a lane for each standing, and what can be done with the chosen unit."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._rows: list[UnitRow] = []
        self._chosen_id = ""
        self._looked_ns = 0
        self._make_filters()
        self._delegate = SectionDelegate(self.inks)
        self.lanes = [UnitLane(standing, self._delegate) for standing in Standing]
        for lane in self.lanes:
            lane.list.selectionModel().selectionChanged.connect(
                lambda on, _off, one=lane: self._choose(one, on)
            )
            lane.list.doubleClicked.connect(lambda _index: self._fly())
        self._make_deeds()
        self._lay_out()
        self.follow(self.session.room_changed, self._follow_room)
        self.follow(self.session.selection_changed, self._follow_selection)
        self.show_units()

    # -- making -----------------------------------------------------------------------------

    def _make_filters(self) -> None:
        self.text = QLineEdit()
        self.text.setPlaceholderText("Filter units")
        self.text.setClearButtonEnabled(True)
        self.text.setAccessibleName("Filter units")
        self.text.textChanged.connect(lambda _text: self.show_lanes())
        self.department, self.kind = QComboBox(), QComboBox()
        for box, name in ((self.department, "Department"), (self.kind, "Kind")):
            box.setAccessibleName(name)
            box.setMinimumContentsLength(12)
            box.currentIndexChanged.connect(lambda _index: self.show_lanes())
        self.all = QCheckBox("Buses and others too")
        self.all.setToolTip("Also units that run by themselves and cannot be sent")
        self.all.toggled.connect(lambda _on: self.show_lanes())

        as_filter(self.text, "words")
        as_filter(self.department, "department")
        as_filter(self.kind, "kind")
        as_filter(self.all, "all")

    def _make_deeds(self) -> None:
        self.name = wrapped()
        self.fly = QPushButton("Fly there")
        self.fly.clicked.connect(lambda _checked=False: self._fly())
        self.follow_it = QPushButton("Follow it")
        self.follow_it.clicked.connect(
            lambda _checked=False: self.context.actions.run(FOLLOW_ACTION)
        )
        self.dispatch = QPushButton("Dispatch…")
        self.dispatch.setProperty("role", "primary")
        self.dispatch.clicked.connect(lambda _checked=False: self._compose("unit.dispatch"))
        self.recall = QPushButton("Recall…")
        self.recall.clicked.connect(lambda _checked=False: self._compose("unit.recall"))
        self.reason = QLineEdit()
        self.reason.setMaxLength(300)
        self.reason.setAccessibleName("Why it is out of service")
        self.reason.setPlaceholderText("Why it is out of service")
        self.reason.returnPressed.connect(self._take_out)
        self.take_out = QPushButton("Take out of service")
        self.take_out.clicked.connect(lambda _checked=False: self._take_out())
        self.put_back = ElidedButton("Put back in service")
        self.put_back.clicked.connect(lambda _checked=False: self._put_back())
        self.problem = wrapped("error")
        self.problem.hide()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(12, 8, 12, 4)
        top.setSpacing(8)
        for part, share in ((self.text, 1), (self.department, 0), (self.kind, 0), (self.all, 0)):
            top.addWidget(part, share)
        lanes = QWidget()
        row = QHBoxLayout(lanes)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for lane in self.lanes:
            row.addWidget(lane, 1)
        self._deeds = QWidget()
        deeds = QHBoxLayout(self._deeds)
        deeds.setContentsMargins(12, 4, 12, 8)
        deeds.setSpacing(8)
        deeds.addWidget(self.name, 1)
        for button in (self.fly, self.follow_it, self.dispatch, self.recall):
            deeds.addWidget(button)
        deeds.addWidget(self.reason, 1)
        for button in (self.take_out, self.put_back):
            deeds.addWidget(button)
        self._empty = EmptyState(
            "No unit has said where it is yet. Start a simulator with “civitwin sim”, replay "
            "tracks with “civitwin feed”, or publish positions to the hub’s sample port."
        )
        middle = QWidget()
        self._stack = QStackedLayout(middle)
        self._stack.addWidget(lanes)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(middle, 1)
        layout.addWidget(self.problem)
        layout.addWidget(self._deeds)

    # -- showing ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Once a second: where everybody stands now."""
        now_ns = self.session.clock.monotonic_ns()
        if now_ns - self._looked_ns >= _EVERY_NS:
            self.show_units()

    def show_units(self) -> None:
        """Look at all units anew."""
        session = self.session
        self._looked_ns = session.clock.monotonic_ns()
        self._rows = unit_rows(
            session.hub.room, session.units, session.observations, session.clock.now_ns()
        )
        self._offer()
        self.show_lanes()

    def show_lanes(self) -> None:
        """Sort the units that fit the filters into the lanes."""
        rows = [row for row in self._rows if self._fits(row)]
        for lane in self.lanes:
            lane.show_rows([row for row in rows if row.standing is lane.standing])
        self._stack.setCurrentIndex(0 if self._rows else 1)
        self._show_deeds()

    def _fits(self, row: UnitRow) -> bool:
        unit = row.unit
        if not (row.can_be_sent or self.all.isChecked() or row.standing is not Standing.AVAILABLE):
            return False
        if self.department.currentData() not in ("", None, unit.department):
            return False
        if self.kind.currentData() not in ("", None, unit.kind):
            return False
        incident = row.incident.title if row.incident is not None else ""
        told = f"{unit.name} {unit.kind} {unit.department} {incident} {row.place}".casefold()
        return all(word in told for word in self.text.text().casefold().split())

    def _offer(self) -> None:
        departments = sorted({row.unit.department for row in self._rows if row.unit.department})
        kinds = sorted({row.unit.kind for row in self._rows})
        words = [(d, d.replace("_", " ").capitalize()) for d in departments]
        offer(self.department, [("", "All departments"), *words])
        offer(self.kind, [("", "All kinds"), *((k, kind_title(k)) for k in kinds)])

    def _show_deeds(self) -> None:
        row = self._row()
        self._deeds.setVisible(row is not None)
        if row is None:
            return
        self.name.setText(_sentence(row))
        is_out = row.standing is Standing.OUT
        self.dispatch.setVisible(row.can_be_sent and not is_out)
        is_sent = row.standing in (Standing.ASSIGNED, Standing.EN_ROUTE, Standing.ON_SCENE)
        can_recall = "unit.recall" in row.unit.accepts and bool(row.to_go_m)
        self.recall.setVisible(can_recall and is_sent)
        self.follow_it.setVisible(self.context.actions.get(FOLLOW_ACTION) is not None)
        self.reason.setVisible(not is_out)
        self.take_out.setVisible(not is_out)
        self.put_back.setVisible(is_out)

    # -- choosing ---------------------------------------------------------------------------

    def _row(self) -> UnitRow | None:
        found = (row for row in self._rows if row.unit.id == self._chosen_id)
        return next(found, None) if self._chosen_id else None

    def _choose(self, lane: UnitLane, chosen: QItemSelection) -> None:
        indexes = chosen.indexes()
        if not indexes:
            return
        for other in self.lanes:
            if other is not lane:
                other.list.clearSelection()
        self._chosen_id = str(indexes[0].data(KeyRole) or "")
        self.problem.hide()
        self.reason.clear()
        self.session.select(Selection(unit_id=self._chosen_id))
        self._show_deeds()

    def _follow_selection(self, selection: Selection) -> None:
        if not selection.unit_id or selection.unit_id == self._chosen_id:
            return
        self._chosen_id = selection.unit_id
        for lane in self.lanes:
            at = lane.model.row_of(self._chosen_id)
            if at >= 0:
                lane.list.setCurrentIndex(lane.model.index(at))
        self._show_deeds()

    def _follow_room(self, changed: frozenset[str]) -> None:
        if changed & {"incidents", "units"}:
            self.show_units()
        if "refusals" in changed:
            self.tell_refusal(self.problem)

    # -- doing ------------------------------------------------------------------------------

    def _fly(self) -> None:
        place = place_of(self.session, Selection(unit_id=self._chosen_id))
        if place is not None:
            self.fly_to(place[1])

    def _compose(self, type_id: str) -> None:
        if self._chosen_id:
            self.session.compose(ComposeRequest(target_id=self._chosen_id, type_id=type_id))

    def _take_out(self) -> None:
        row, reason = self._row(), self.reason.text().strip()
        if row is None:
            return
        if not reason:
            say(self.problem, "Say why it is out of service")
            self.reason.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.problem.hide()
        self._act_id = take_unit_out(self.session, row.unit.id, row.unit.name, reason)

    def _put_back(self) -> None:
        if self._chosen_id:
            self._act_id = put_unit_back(self.session, self._chosen_id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right go to the neighbouring lane."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        here = next((n for n, lane in enumerate(self.lanes) if lane.list.hasFocus()), -1)
        if not step or here < 0:
            super().keyPressEvent(event)
            return
        self.lanes[(here + step) % len(self.lanes)].list.setFocus(Qt.FocusReason.OtherFocusReason)


def _row(row: UnitRow) -> Row:
    parts = [row.incident.title] if row.incident is not None else []
    if row.out is not None:
        parts.append(row.out.reason)
    elif row.place and row.incident is None:
        parts.append(row.place)
    if row.to_go_m and row.standing is Standing.EN_ROUTE:
        parts.append(f"{row.to_go_m:,.0f} m to go")
    if row.silent_s is not None:
        parts.append(f"silent for {age_text(row.silent_s)}")
    if not parts and row.standing is Standing.AVAILABLE:
        parts.append("Ready" if row.can_be_sent else "Runs by itself")
    level: Level | None = "notice" if row.silent_s is not None else None
    eta = f"in {duration_text(row.eta_s)}" if row.eta_s is not None else ""
    return Row(
        key=row.unit.id, title=row.unit.name, caption=" · ".join(parts), right=eta, level=level
    )


def _sentence(row: UnitRow) -> str:
    """The chosen unit in a sentence."""
    words = f"{row.unit.name}: {_TITLES[row.standing].lower()}"
    if row.out is not None:
        return f"{words} ({row.out.reason}, {row.out.by.name})"
    if row.incident is not None:
        words += f", {row.incident.title}"
    elif row.place:
        words += f", {row.place}"
    if row.eta_s is not None:
        words += f", there in {duration_text(row.eta_s)}"
    return words


PANEL = PanelType(
    id="units",
    title="Units",
    area="bottom",
    create=UnitsPanel,
    order=8,
    icon="unit",
    key="Ctrl+U",
    workspaces=("incidents", "command"),
)
