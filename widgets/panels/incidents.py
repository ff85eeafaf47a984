"""Incidents: those that are worked and the last ones that were, one of them opened, a new one."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import QEvent, QModelIndex, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QPushButton,
    QStackedLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from twin.acting import refusal_of
from twin.incident_working import NewIncident, open_incident
from twin.room.parts.incidents import Incident, Incidents
from twin.session import IncidentRequest
from twin.unit_assigning import UnitAssigning
from widgets.panel import PanelContext, PanelType
from widgets.parts.empty_state import EmptyState
from widgets.parts.fit_scroll import FitScroll
from widgets.parts.incident_details import IncidentDetails
from widgets.parts.incident_form import IncidentForm
from widgets.parts.incident_list import IncidentList
from widgets.parts.incident_page import inset, row_of
from widgets.parts.incident_words import LEVEL_OF_SEVERITY, incident_row, is_late
from widgets.parts.labels import say, wrapped
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.permission import Deed, tell
from widgets.parts.section_list import KeyRole, SectionDelegate, section_view

_EMPTY = (
    "No incident is worked. Open one where something needs several people; everybody sees it in "
    "the city and in this list."
)
_SHOWN = frozenset(
    {"incidents", "commands", "alarms", "marks", "messages", "operators", "permissions"}
)
_PRESSING = ("alarm", "warning", "notice", "low")


class IncidentsPanel(PanelWidget):
    """Three faces: the list, one incident, the form of a new one. Esc goes back to the list.

    Units that are dropped on an incident of the list are put on it.
    """

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._awaited = ""
        self._is_early = False
        self.assigning = UnitAssigning(self.session)
        self.model = IncidentList()
        self.model.units_dropped.connect(self._take_units)
        self._delegate = SectionDelegate(self.inks)
        self.list = section_view(self.model, self._delegate, "Incidents")
        self.list.clicked.connect(self._open_row)
        self.list.activated.connect(self._open_row)
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.list.setDragDropOverwriteMode(True)
        self.open_form = QPushButton("Open an incident…")
        self.open_form.clicked.connect(lambda _checked=False: self.show_form())
        self.form = IncidentForm(self.session)
        self.form.confirmed.connect(self._open_new)
        self.form.left.connect(self.show_list)
        self.details = IncidentDetails(self.session, self.inks, context.bridge)
        self.details.left.connect(self.show_list)
        self.details.asked.connect(self._note_act)
        self.details.failed.connect(self._tell)
        self.problem, self.note = wrapped("error"), wrapped("muted")
        self.problem.setContentsMargins(12, 4, 12, 4)
        self.problem.hide()
        self.note.setContentsMargins(12, 0, 12, 0)
        self._lay_out()
        self.follow(self.session.room_changed, self._follow_room)
        self.follow(self.session.incident_inspected, self.show_incident)
        self.follow(self.session.incident_wanted, self._begin_new)
        shown, wanted = self.session.incident, self.session.incident_request
        self.show_list()
        if wanted is not None:  # before this panel was made
            self._begin_new(wanted)
        elif shown:
            self.show_incident(shown)

    def _lay_out(self) -> None:
        self._face = QWidget()
        middle = QWidget()
        self._stack = QStackedLayout(middle)
        self._stack.addWidget(self.list)
        self._stack.addWidget(EmptyState(_EMPTY))
        column = QVBoxLayout(self._face)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(4)
        column.addLayout(inset(row_of(self.open_form)))
        column.addWidget(self.note)
        column.addWidget(middle, 1)
        self._faces = QStackedWidget()
        self._form_face = FitScroll(self.form)
        for face in (self._face, self.details, self._form_face):
            self._faces.addWidget(face)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.problem)
        layout.addWidget(self._faces, 1)
        self.setFocusProxy(self.list)

    # -- faces --------------------------------------------------------------------------------

    def show_list(self) -> None:
        """Show all incidents."""
        self.session.incident = ""
        say(self.problem, "")
        self._faces.setCurrentWidget(self._face)
        self.setFocusProxy(self.list)
        self._list_all()

    def show_form(self) -> None:
        """Begin a new incident with what is selected."""
        say(self.problem, "")
        self._faces.setCurrentWidget(self._form_face)
        self.setFocusProxy(self.form.title)
        self.form.begin()

    def _begin_new(self, wanted: IncidentRequest) -> None:
        self.session.incident_request = None
        self.show_form()
        if wanted.xyz_local_m is not None:
            self.form.take_point(wanted.xyz_local_m)

    def show_incident(self, incident_id: str) -> None:
        """Open one incident, if the room knows it; the others see that it is worked on here."""
        if self.session.hub.room[Incidents].by_id.get(incident_id) is None:
            return
        say(self.problem, "")
        self.session.incident = incident_id
        self.details.show_incident(incident_id)
        self._faces.setCurrentWidget(self.details)
        self.setFocusProxy(self.details.tabs)

    def enter(self) -> None:
        """Somebody came by name or key: where nothing is open, the only incident is opened."""
        part = self.session.hub.room[Incidents]
        self._is_early = self.session.hub.room.seq == 0  # nothing is known yet: when it comes
        if self._faces.currentWidget() is self._face and len(part.open) == 1:
            self.show_incident(part.open[0].id)

    def refresh(self) -> None:
        """Clocks run on."""
        if self._faces.currentWidget() is self.details:
            if self.details.incident is None:  # a replay went to a time before it
                self.show_list()
                return
            self.details.refresh()
        elif self._faces.currentWidget() is self._face:
            self._list_all()
        else:
            self.form.tell_permissions()

    def _list_all(self) -> None:
        part, now_ns = self.session.hub.room[Incidents], self.session.clock.now_ns()
        late = Counter(t.incident for t in part.tasks.values() if is_late(t, now_ns))
        closed = [one for one in part.by_id.values() if not one.is_open]
        closed.sort(key=lambda one: -one.closed_ns)
        worked = sorted(part.open, key=_rank)
        self.model.show_incidents(
            [incident_row(one, late[one.id], now_ns) for one in worked],
            [incident_row(one, 0, now_ns) for one in closed],
        )
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)
        tell(self.session, self.note, [Deed(self.open_form, "incident.open")])

    # -- following ----------------------------------------------------------------------------

    def _follow_room(self, changed: frozenset[str]) -> None:
        part = self.session.hub.room[Incidents]
        if self._awaited and self._awaited in part.by_id:
            incident_id, self._awaited = self._awaited, ""
            self.show_incident(incident_id)
        if self._is_early and self.session.hub.room.seq:
            self.enter()
        if changed & _SHOWN:
            self.refresh()
        if changed & {"incidents", "refusals"}:
            refused = self.assigning.follow()
            if refused:
                self._tell(f"The hub refused: {refused}")
        if "refusals" in changed and self._act_id:
            refused = refusal_of(self.session, self._act_id)
            if refused:
                self._act_id = self._awaited = ""
                self._tell(f"The hub refused: {refused}")

    def _note_act(self, act_id: str) -> None:
        self._act_id = act_id
        say(self.problem, "")

    def _tell(self, sentence: str) -> None:
        say(self.problem, sentence)

    # -- doing --------------------------------------------------------------------------------

    def _open_row(self, index: QModelIndex) -> None:
        key = str(index.data(KeyRole) or "")
        if key:
            self.show_incident(key)

    def _take_units(self, incident_id: str, unit_ids: tuple[str, ...]) -> None:
        incident = self.session.hub.room[Incidents].by_id.get(incident_id)
        if incident is None:
            return
        n = self.assigning.assign(unit_ids, incident)
        self._tell("" if n else f"It works on {incident.title} already")
        self._follow_room(frozenset({"refusals"}))

    def _open_new(self, new: NewIncident) -> None:
        self._awaited, act_id = open_incident(self.session, new)
        self._note_act(act_id)
        self._follow_room(frozenset())

    @property
    def _is_inside(self) -> bool:
        return self._faces.currentWidget() is not self._face

    def event(self, event: QEvent) -> bool:
        """Keep Esc from the window's own use of it while there is something to leave here."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.setAccepted(self._is_inside)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves what is open in an incident, then the incident or the form."""
        if event.key() != Qt.Key.Key_Escape or not self._is_inside:
            super().keyPressEvent(event)
            return
        is_details = self._faces.currentWidget() is self.details
        if not (is_details and self.details.back_out()):
            self.show_list()
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)


def _rank(incident: Incident) -> tuple[int, int]:
    """Gravest first, then the oldest."""
    return _PRESSING.index(LEVEL_OF_SEVERITY[incident.severity]), incident.opened_ns


PANEL = PanelType(
    id="incidents",
    title="Incidents",
    area="left",
    create=IncidentsPanel,
    order=5,
    icon="incident",
    enter=IncidentsPanel.enter,
    workspaces=("incidents",),
)
