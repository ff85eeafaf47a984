"""One incident opened: head, and pages for tasks, people, plan, log and what belongs to it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QPushButton, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from twin.incident_working import close, take_command
from twin.playbooks.working import middle_of
from twin.room.parts.incidents import Incident, Incidents
from twin.session import TwinSession
from twin.waiting import whoami
from widgets.bridge import Bridge
from widgets.parts.elided_button import ElidedButton
from widgets.parts.incident_links import LinksPage
from widgets.parts.incident_log import LogPage
from widgets.parts.incident_page import IncidentPage, focus, row_of
from widgets.parts.incident_people import PeoplePage
from widgets.parts.incident_plan import PlanPage
from widgets.parts.incident_tasks import TasksPage
from widgets.parts.incident_words import head_text
from widgets.parts.inks import Inks
from widgets.parts.labels import wrapped
from widgets.parts.permission import Deed, tell, why_not

_FARTHEST_M, _NEAREST_M = 4_000.0, 300.0


class IncidentDetails(QWidget):
    """Follows the incident in the room. GUI thread.

    Signals
    -------
    left()
        Back to all incidents.
    asked(str), failed(str)
        As of `IncidentPage`.
    """

    left = Signal()
    asked = Signal(str)
    failed = Signal(str)

    def __init__(self, session: TwinSession, inks: Inks, bridge: Bridge) -> None:
        super().__init__()
        self._session = session
        self.incident_id = ""
        self.tasks, self.people = TasksPage(session, inks), PeoplePage(session, inks)
        self.plan, self.log = PlanPage(session, inks), LogPage(session, inks)
        self.links = LinksPage(session, inks, bridge)
        self.pages: dict[str, IncidentPage] = {
            "Tasks": self.tasks, "People": self.people, "Plan": self.plan, "Log": self.log,
            "Links": self.links,
        }  # fmt: skip
        self._make_head()
        self._make_closing()
        self._make_pages()
        self._lay_out()

    def _make_head(self) -> None:
        self.title, self.facts, self.note = wrapped("title"), wrapped("muted"), wrapped("muted")
        self.back = QPushButton("All incidents")
        self.back.clicked.connect(lambda _checked=False: self.left.emit())
        self.fly = QPushButton("Fly there")
        self.fly.clicked.connect(lambda _checked=False: self.fly_there())
        self.command = ElidedButton("Take command")
        self.command.clicked.connect(lambda _checked=False: self._take_command())
        self.open_closing = QPushButton("Close it…")
        self.open_closing.clicked.connect(lambda _checked=False: self._open_closing())

    def _make_closing(self) -> None:
        self.cause = QLineEdit()
        self.cause.setMaxLength(2_000)
        self.cause.setPlaceholderText("What it was, and why it is over")
        self.cause.setAccessibleName("Cause")
        self.cause.returnPressed.connect(self._close)
        self.really, self.keep = QPushButton("Close the incident"), QPushButton("Back")
        self.really.setProperty("role", "danger")
        self.really.clicked.connect(lambda _checked=False: self._close())
        self.keep.clicked.connect(lambda _checked=False: self._leave_closing())
        self.closing = QWidget()
        column = QVBoxLayout(self.closing)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.cause)
        column.addLayout(row_of(self.really, self.keep))
        self.closing.hide()

    def _make_pages(self) -> None:
        self.tabs, self._stack = QTabBar(), QStackedWidget()
        self.tabs.setAccessibleName("Parts of the incident")
        self.tabs.setExpanding(True)
        self.tabs.setDrawBase(False)
        for title, page in self.pages.items():
            self.tabs.addTab(title)
            self._stack.addWidget(page)
            page.asked.connect(self.asked)
            page.failed.connect(self.failed)
        self.tabs.currentChanged.connect(self._turn)

    def _lay_out(self) -> None:
        head = QVBoxLayout()
        head.setContentsMargins(12, 8, 12, 8)
        head.setSpacing(6)
        head.addLayout(row_of(self.back, self.fly))
        head.addWidget(self.title)
        head.addWidget(self.facts)
        head.addLayout(row_of(self.command, self.open_closing))
        head.addWidget(self.closing)
        head.addWidget(self.note)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.tabs)
        layout.addWidget(self._stack, 1)

    # -- showing ------------------------------------------------------------------------------

    @property
    def incident(self) -> Incident | None:
        """The incident that is open here, None = the room does not know it any more."""
        return self._session.hub.room[Incidents].by_id.get(self.incident_id)

    def show_incident(self, incident_id: str) -> None:
        """Open another incident."""
        self.incident_id = incident_id
        self._leave_closing()
        for page in self.pages.values():
            page.show_incident(incident_id)
        self.refresh()

    def show_page(self, title: str) -> None:
        """Turn to a page: "Tasks", "People", "Plan", "Log" or "Links"."""
        self.tabs.setCurrentIndex(list(self.pages).index(title))

    def refresh(self) -> None:
        """Head and the page in front."""
        incident = self.incident
        if incident is None:
            return
        now_ns = self._session.clock.now_ns()
        self.title.setText(incident.title)
        self.facts.setText(head_text(incident, now_ns))
        me, leader = whoami(self._session), incident.commander
        leads = leader is not None and leader.identity == me.identity
        self.command.setVisible(incident.is_open and not leads)
        is_kept = leader is not None and why_not(self._session, "incident.command", incident.id)
        self.command.say(f"{leader.name} commands it" if leader and is_kept else "Take command")
        self.open_closing.setVisible(incident.is_open and self.closing.isHidden())
        self._tell_permissions(incident)
        self.fly.setEnabled(middle_of(incident) is not None)
        self._page().refresh()

    def _tell_permissions(self, incident: Incident) -> None:
        deeds = (
            Deed(self.command, "incident.command", incident.id),
            Deed(self.open_closing, "incident.close", incident.id),
            Deed(self.really, "incident.close", incident.id),
        )
        tell(self._session, self.note, deeds)

    def _page(self) -> IncidentPage:
        return list(self.pages.values())[self.tabs.currentIndex()]

    def _turn(self, index: int) -> None:
        self._stack.setCurrentIndex(index)
        self._page().refresh()

    def back_out(self) -> bool:
        """Leave what is open besides the page; False when nothing is."""
        if not self.closing.isHidden():
            self._leave_closing()
            return True
        return self._page().back_out()

    # -- doing --------------------------------------------------------------------------------

    def fly_there(self) -> None:
        """Ask for the camera over the incident, so far that its area is in the picture."""
        incident = self.incident
        middle = middle_of(incident) if incident is not None else None
        if incident is None or middle is None:
            return
        reach = incident.radius_m
        for x, y, _z in incident.ring:
            reach = max(reach, abs(x - middle[0]), abs(y - middle[1]))
        distance_m = min(max(3.0 * reach, _NEAREST_M), _FARTHEST_M)
        self._session.fly_to_requested.emit((*middle, distance_m))

    def _take_command(self) -> None:
        if self.incident is not None:
            self.asked.emit(take_command(self._session, self.incident))

    def _open_closing(self) -> None:
        self.closing.show()
        self.open_closing.hide()
        focus(self.cause)

    def _leave_closing(self) -> None:
        self.closing.hide()
        self.cause.clear()
        self.open_closing.show()

    def _close(self) -> None:
        cause, incident = self.cause.text().strip(), self.incident
        if not cause:
            self.failed.emit("Say what it was: an incident is closed with its cause")
            focus(self.cause)
            return
        if incident is not None and self.really.isEnabled():
            self.asked.emit(close(self._session, incident, cause))
            self._leave_closing()
