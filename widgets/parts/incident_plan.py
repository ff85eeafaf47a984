"""Plan against done: when each step of a playbook was to be over, and how it went."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from twin.playbooks.engine import progress_of
from twin.playbooks.model import PlaybookRun
from twin.playbooks.working import stop_playbook
from twin.session import TwinSession
from widgets.parts.elided_button import ElidedButton
from widgets.parts.incident_page import RowsPage, focus, inset, row_of
from widgets.parts.incident_words import plan_row
from widgets.parts.inks import Inks
from widgets.parts.labels import say, wrapped
from widgets.parts.permission import Deed
from widgets.parts.section_list import Row, Section
from widgets.parts.wording import clock_text

_EMPTY = (
    "No playbook was started on this incident. With one, the planned time of each step stands "
    "here beside what was done."
)


class PlanPage(RowsPage):
    """One heading a playbook, in the order they were started."""

    def __init__(self, session: TwinSession, inks: Inks) -> None:
        super().__init__(session, inks, "Plan against done")
        self.note = wrapped("muted")
        self.note.setContentsMargins(12, 8, 12, 0)
        self.column.insertWidget(0, self.note)
        self.open_end = QPushButton("End the playbook early…")
        self.open_end.clicked.connect(lambda _checked=False: self._open_ending())
        self.reason = QLineEdit()
        self.reason.setMaxLength(500)
        self.reason.setPlaceholderText("Why; what is open of it is skipped with this reason")
        self.reason.setAccessibleName("Why the playbook ends early")
        self.reason.returnPressed.connect(self._end)
        self.end, self.back = ElidedButton(), QPushButton("Back")
        self.end.setProperty("role", "danger")
        self.end.clicked.connect(lambda _checked=False: self._end())
        self.back.clicked.connect(lambda _checked=False: self._leave_ending())
        self.ending = QWidget()
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(self.reason)
        column.addLayout(row_of(self.end, self.back))
        self.ending.setLayout(inset(column))
        self.ending.hide()
        self.column.addWidget(self.ending)
        self.against = wrapped("muted")
        self.against.setContentsMargins(12, 0, 12, 0)
        self.column.addLayout(inset(row_of(self.open_end)))
        self.column.addWidget(self.against)

    def show_incident(self, incident_id: str) -> None:
        """Show another incident."""
        super().show_incident(incident_id)
        self._leave_ending()
        self.refresh()

    def refresh(self) -> None:
        """List plan and done; what is late runs on."""
        sections: list[Section] = []
        now_ns, tasks = self.session.clock.now_ns(), self.part.tasks
        for run in self.part.runs_of(self.incident_id):
            state = f"ended {clock_text(run.ended_ns)}" if run.ended_ns else "at work"
            heading = f"{run.playbook.title} · {clock_text(run.started_ns)}, {state}"
            rows: list[Row] = [plan_row(one, now_ns) for one in progress_of(run, tasks.get)]
            sections.append((heading, rows))
        self.model.show_sections(sections)
        say(self.note, "" if sections else _EMPTY)
        self.list.setVisible(bool(sections))
        self._show_ending()

    def back_out(self) -> bool:
        """Leave the question why it ends early."""
        if self.ending.isHidden():
            return False
        self._leave_ending()
        return True

    def _running(self) -> PlaybookRun | None:
        runs = [run for run in self.part.runs_of(self.incident_id) if not run.ended_ns]
        return runs[-1] if runs else None

    def _show_ending(self) -> None:
        incident, run = self.incident, self._running()
        may = incident is not None and incident.is_open and run is not None
        self.open_end.setVisible(may and self.ending.isHidden())
        if not may:
            self.ending.hide()
        if run is not None:
            self.end.say(f"End “{run.playbook.title}”")
        about = run.id if run is not None else ""
        buttons = (self.open_end, self.end)
        self.tell(self.against, [Deed(one, "playbook.stop", about) for one in buttons])

    def _open_ending(self) -> None:
        self.ending.show()
        self._show_ending()
        focus(self.reason)

    def _leave_ending(self) -> None:
        self.ending.hide()
        self.reason.clear()
        self._show_ending()

    def _end(self) -> None:
        run, reason = self._running(), self.reason.text().strip()
        if not reason:
            self.failed.emit("Say why the playbook ends early")
            focus(self.reason)
            return
        if run is not None and self.end.isEnabled():
            self.asked.emit(stop_playbook(self.session, run, reason))
            self._leave_ending()
