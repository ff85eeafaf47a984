"""Units board: every moving unit by where it stands; choosing, sending, assigning, following."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from twin.clock import NS_PER_S
from twin.duty import put_unit_back, take_unit_out
from twin.playbooks.working import middle_of
from twin.room.parts.incidents import Incidents
from twin.session import ComposeRequest, Selection
from twin.unit_assigning import UnitAssigning, incidents_near
from twin.unit_board import DISPATCH, Standing, UnitRow, unit_rows
from widgets.panel import PanelContext, PanelType
from widgets.parts.assign_page import AssignPage
from widgets.parts.choices import offer
from widgets.parts.empty_state import EmptyState
from widgets.parts.filters import as_filter
from widgets.parts.labels import say, wrapped
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.places import place_of
from widgets.parts.section_list import KeyRole, SectionDelegate
from widgets.parts.unit_deeds import UnitDeeds
from widgets.parts.unit_lane import UnitLane, unit_sentence, units_sentence
from widgets.parts.wording import count_text, kind_title

FOLLOW_ACTION = "view.follow"
_EVERY_NS = NS_PER_S
_LANES, _EMPTY, _ASSIGN = range(3)
_CTRL = Qt.KeyboardModifier.ControlModifier


class UnitsPanel(PanelWidget):
    """Filters on top, a lane for each standing, and what can be done with the chosen units.

    Several are chosen with Ctrl and Shift, also in several lanes. A unit moves to another lane when
    the hub says so; what was asked and is not answered yet stands beside its name.
    """

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._rows: list[UnitRow] = []
        self._chosen: tuple[str, ...] = ()
        self._is_listing = False
        self._looked_ns = 0
        self.assigning = UnitAssigning(self.session)
        self._make_filters()
        self._delegate = SectionDelegate(self.inks)
        self.lanes = [UnitLane(standing, self._delegate, self._carried) for standing in Standing]
        for lane in self.lanes:
            lane.list.selectionModel().selectionChanged.connect(
                lambda _on, _off, one=lane: self._choose(one)
            )
            lane.list.doubleClicked.connect(lambda _index: self._fly())
        self.page = AssignPage(self.session, self._delegate)
        self.page.taken.connect(self._assign)
        self.page.left.connect(self._leave_page)
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
        self.deeds = UnitDeeds(self.session)
        self.deeds.assigns.connect(self.open_page)
        self.deeds.frees.connect(self._free)
        self.deeds.flies.connect(self._fly)
        self.deeds.follows.connect(lambda: self.context.actions.run(FOLLOW_ACTION))
        self.deeds.composes.connect(self._compose)
        self.deeds.takes_out.connect(self._take_out)
        self.deeds.puts_back.connect(self._put_back)
        self.problem = wrapped("error")
        self.problem.setContentsMargins(12, 0, 12, 4)
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
        empty = EmptyState(
            "No unit has said where it is yet. Start a simulator with “civitwin sim”, replay "
            "tracks with “civitwin feed”, or publish positions to the hub’s sample port."
        )
        middle = QWidget()
        self._stack = QStackedLayout(middle)
        for face in (lanes, empty, self.page):
            self._stack.addWidget(face)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(middle, 1)
        layout.addWidget(self.problem)
        layout.addWidget(self.deeds)

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
        """Sort the units that fit the filters into the lanes; the chosen ones stay chosen.

        Of several, those that a filter hides are let go: nothing is done to what is not seen.
        """
        rows = [row for row in self._rows if self._fits(row)]
        listed = {row.unit.id for row in rows}
        if len(self._chosen) > 1:
            self._chosen = tuple(one for one in self._chosen if one in listed)
        self._is_listing = True
        for lane in self.lanes:
            lane.show_rows([row for row in rows if row.standing is lane.standing])
        self._is_listing = False
        self._mark_chosen()
        self._show_face()

    def _show_face(self) -> None:
        is_choosing = self._stack.currentIndex() == _ASSIGN
        if is_choosing and not self._show_page():
            is_choosing = False
        face = _ASSIGN if is_choosing else _LANES if self._rows else _EMPTY
        self._stack.setCurrentIndex(face)
        self._show_deeds()

    def _mark_chosen(self) -> None:
        self._is_listing = True
        for lane in self.lanes:
            lane.choose([one for one in self._chosen if lane.model.row_of(one) >= 0])
        self._is_listing = False

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
        rows = self.chosen_rows()
        self.deeds.setVisible(bool(rows) and self._stack.currentIndex() != _ASSIGN)
        if rows:
            self.deeds.show_units(
                rows, self._sentence(rows),
                n_incidents=len(self.session.hub.room[Incidents].open),
                can_follow=self.context.actions.get(FOLLOW_ACTION) is not None,
            )  # fmt: skip

    def _sentence(self, rows: list[UnitRow]) -> str:
        asked = [self.assigning.waits_for(row.unit.id) for row in rows]
        if len(rows) == 1:
            return unit_sentence(rows[0], asked[0])
        return units_sentence(rows, sum(one is not None for one in asked))

    # -- choosing ---------------------------------------------------------------------------

    def chosen_rows(self) -> list[UnitRow]:
        """The chosen units, in the order of the board."""
        return [row for row in self._rows if row.unit.id in self._chosen]

    def _choose(self, lane: UnitLane) -> None:
        """Follow the hand: without Ctrl or Shift one lane is chosen in, with them several."""
        if self._is_listing:
            return
        here = lane.chosen()
        held = QGuiApplication.keyboardModifiers()
        adds = bool(held & (_CTRL | Qt.KeyboardModifier.ShiftModifier))
        others = (
            [] if not adds else [i for one in self.lanes if one is not lane for i in one.chosen()]
        )
        self._chosen = (*others, *here)
        self._mark_chosen()
        self.problem.hide()
        self.deeds.back_out()
        if here:
            current = str(lane.list.currentIndex().data(KeyRole) or "")
            self.session.select(Selection(unit_id=current if current in here else here[-1]))
        self._show_deeds()

    def _carried(self, dragged: Sequence[str]) -> Sequence[str]:
        """All chosen units that are in service, when one of them is dragged."""
        rows = [row for row in self.chosen_rows() if row.standing is not Standing.OUT]
        chosen = [row.unit.id for row in rows]
        return chosen if set(dragged) <= set(chosen) else dragged

    def _follow_selection(self, selection: Selection) -> None:
        if not selection.unit_id or selection.unit_id in self._chosen:
            return
        self._chosen = (selection.unit_id,)
        self.deeds.back_out()
        self._mark_chosen()
        self._show_face()

    def _follow_room(self, changed: frozenset[str]) -> None:
        refused = self.assigning.follow() if changed & {"incidents", "refusals"} else ""
        if changed & {"incidents", "units"} or refused:
            self.show_units()
        elif "permissions" in changed:
            self._show_face()
        if refused:
            say(self.problem, f"The hub refused: {refused}")
        if "refusals" in changed:
            self.tell_refusal(self.problem)

    # -- incidents --------------------------------------------------------------------------

    def open_page(self) -> None:
        """Choose the incident for the chosen units."""
        self.problem.hide()
        if self._show_page():
            self._stack.setCurrentIndex(_ASSIGN)
            self._show_deeds()
            self.page.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_page(self) -> bool:
        """Bring the choice up to date; False = there is nothing to choose any more."""
        rows = [row for row in self.chosen_rows() if row.standing is not Standing.OUT]
        found = incidents_near(self.session, [row.unit.id for row in rows])
        if not rows or not found:
            return False
        what = rows[0].unit.name if len(rows) == 1 else count_text(len(rows), "unit")
        self.page.show_incidents(what, found)
        return True

    def _assign(self, incident_id: str) -> None:
        incident = self.session.hub.room[Incidents].by_id.get(incident_id)
        rows = [row for row in self.chosen_rows() if row.standing is not Standing.OUT]
        if incident is not None:
            self.assigning.assign([row.unit.id for row in rows], incident)
        self._leave_page()
        self._follow_room(frozenset({"incidents", "refusals"}))

    def _leave_page(self) -> None:
        self._stack.setCurrentIndex(_LANES)
        self._show_deeds()
        holds = next((lane for lane in self.lanes if lane.chosen()), self.lanes[0])
        holds.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _free(self) -> None:
        self.problem.hide()
        self.assigning.free([row.unit.id for row in self.chosen_rows()])
        self._follow_room(frozenset({"incidents", "refusals"}))

    # -- doing ------------------------------------------------------------------------------

    def _fly(self) -> None:
        for row in self.chosen_rows()[:1]:
            place = place_of(self.session, Selection(unit_id=row.unit.id))
            if place is not None:
                self.fly_to(place[1])

    def _compose(self, type_id: str) -> None:
        """Open the form; what works on one incident is sent to its place, unless changed there."""
        rows = [row for row in self.chosen_rows() if type_id in row.unit.accepts]
        incidents = {row.incident.id: row.incident for row in rows if row.incident is not None}
        args: dict[str, Any] = {}
        if type_id == DISPATCH and len(incidents) == 1 and all(row.incident for row in rows):
            (incident,) = incidents.values()
            middle = middle_of(incident)
            if middle is not None:
                x_m, y_m = (round(part, 1) for part in middle[:2])
                args = {"x_m": x_m, "y_m": y_m, "place": incident.title[:200]}
        if len(rows) == 1:
            request = ComposeRequest(target_id=rows[0].unit.id, type_id=type_id, args=args)
            self.session.compose(request)
        elif rows:
            ids = tuple(row.unit.id for row in rows)
            title = count_text(len(ids), "unit")
            self.session.compose(
                ComposeRequest(target_ids=ids, type_id=type_id, title=title, args=args)
            )

    def _take_out(self, reason: str) -> None:
        for row in self.chosen_rows()[:1]:
            say(self.problem, "" if reason else "Say why it is out of service")
            if reason:
                self._act_id = take_unit_out(self.session, row.unit.id, row.unit.name, reason)
                self.deeds.back_out()

    def _put_back(self) -> None:
        for row in self.chosen_rows()[:1]:
            self._act_id = put_unit_back(self.session, row.unit.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right go to the neighbouring lane."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        here = next((n for n, lane in enumerate(self.lanes) if lane.list.hasFocus()), -1)
        if not step or here < 0:
            super().keyPressEvent(event)
            return
        self.lanes[(here + step) % len(self.lanes)].list.setFocus(Qt.FocusReason.OtherFocusReason)


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
