"""Tasks of an incident: steps of its playbooks and what somebody gave; starting a playbook."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QPushButton, QSpinBox, QWidget

from twin.clock import NS_PER_S
from twin.commanding import command_types
from twin.commands.base import DEPARTMENTS
from twin.errors import TwinError
from twin.incident_working import give_task
from twin.playbooks.library import bundled_playbooks
from twin.playbooks.model import Playbook, PlaybookRun
from twin.playbooks.reading import read_playbook
from twin.playbooks.working import start_playbook
from twin.room.parts.incidents import Task
from twin.session import TwinSession
from twin.waiting import whoami
from widgets.parts.fit_scroll import FitScroll
from widgets.parts.incident_page import RowsPage, focus, inset, row_of
from widgets.parts.incident_step_card import StepCard
from widgets.parts.incident_words import task_row, words
from widgets.parts.inks import Inks
from widgets.parts.labels import say, wrapped
from widgets.parts.permission import Deed
from widgets.parts.section_list import Section

#: Stands in the list of playbooks for one that is not in it.
_FROM_FILE = "file:"


class TasksPage(RowsPage):
    """What is to do, the chosen task opened, and the ways to more of it."""

    def __init__(self, session: TwinSession, inks: Inks) -> None:
        super().__init__(session, inks, "Tasks")
        self.note = wrapped("muted")
        self.note.setContentsMargins(12, 8, 12, 0)
        self.column.insertWidget(0, self.note)
        self.card = StepCard(session)
        self.card.asked.connect(self.asked)
        self.card.failed.connect(self.failed)
        self._scroll = FitScroll(self.card)
        self.column.addWidget(self._scroll)
        self._make_start()
        self._make_give()

    def _make_start(self) -> None:
        self.playbook = QComboBox()
        self.playbook.setAccessibleName("Playbook")
        self.playbook.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.playbook.setMinimumContentsLength(10)
        self.start = QPushButton("Start it")
        self.start.clicked.connect(lambda _checked=False: self._start())
        self._starting = QWidget()
        self._starting.setLayout(inset(row_of(self.playbook, self.start, stretch=0)))
        self.column.addWidget(self._starting)
        self._offered: tuple[str, ...] = ()

    def _make_give(self) -> None:
        self.task = QLineEdit()
        self.task.setMaxLength(200)
        self.task.setPlaceholderText("Another task")
        self.task.setAccessibleName("What is to be done")
        self.task.returnPressed.connect(self._give)
        self.task.textChanged.connect(lambda _text: self._show_giving())
        self.department = QComboBox()
        self.department.setAccessibleName("Department")
        self.department.addItem("For anybody", "")
        for name in DEPARTMENTS:
            self.department.addItem(f"For {words(name)}", name)
        self.minutes = QSpinBox()
        self.minutes.setRange(0, 1_440)
        self.minutes.setSuffix(" min")
        self.minutes.setSpecialValueText("No deadline")
        self.minutes.setAccessibleName("Deadline")
        self.give = QPushButton("Give it")
        self.give.clicked.connect(lambda _checked=False: self._give())
        self._more = QWidget()
        self._more.setLayout(inset(row_of(self.department, self.minutes, self.give)))
        self._giving = QWidget()
        self._giving.setLayout(inset(row_of(self.task, stretch=0)))
        self.column.addWidget(self._giving)
        self.column.addWidget(self._more)
        self.against = wrapped("muted")
        self.against.setContentsMargins(12, 0, 12, 0)
        self.column.addWidget(self.against)
        self._show_giving()

    # -- showing ------------------------------------------------------------------------------

    def show_incident(self, incident_id: str) -> None:
        """Show another incident; its first open task is chosen."""
        super().show_incident(incident_id)
        self.list.clearSelection()
        self.refresh()
        open_ones = self._open_tasks()
        if open_ones:
            self.choose(open_ones[0].id)

    def refresh(self) -> None:
        """List what is to do now; deadlines go on."""
        incident = self.incident
        if incident is None:
            return
        self.model.show_sections(self._sections())
        say(
            self.note,
            ""
            if self.model.rowCount()
            else "Nothing is to do yet. Start a playbook, or give a task to a department.",
        )
        self._starting.setVisible(incident.is_open)
        self._giving.setVisible(incident.is_open)
        self._show_giving()
        self._offer_playbooks(incident.kind)
        self.show_chosen()
        self._tell_permissions()

    def show_chosen(self) -> None:
        """Open the chosen task."""
        self.card.show_task(self.part.tasks.get(self.chosen))
        self._scroll.setVisible(self.part.tasks.get(self.chosen) is not None)

    def back_out(self) -> bool:
        """Leave the step that names what a command does."""
        return self.card.back_out()

    def _open_tasks(self) -> list[Task]:
        me = whoami(self.session)
        tasks = [t for t in self.part.tasks_of(self.incident_id) if t.status in ("open", "taken")]
        far = 1 << 62
        return sorted(
            tasks, key=lambda t: (t.department not in ("", me.department), t.due_ns or far)
        )

    def _sections(self) -> list[Section]:
        me, now_ns = whoami(self.session), self.session.clock.now_ns()
        open_ones = self._open_tasks()
        sections: list[Section] = []
        for run in self.part.runs_of(self.incident_id):
            mine = [task for task in open_ones if self.part.run_of(task) == run]
            title = f"{run.playbook.title} · {self._share(run)}"
            sections.append((title, [task_row(task, me, now_ns) for task in mine]))
        plain = [task for task in open_ones if self.part.run_of(task) is None]
        sections.append(("Other tasks", [task_row(task, me, now_ns) for task in plain]))
        over = [t for t in self.part.tasks_of(self.incident_id) if t.status in ("done", "skipped")]
        over.sort(key=lambda task: -task.at_ns)
        sections.append(("Over", [task_row(task, me, now_ns) for task in over]))
        return sections

    def _share(self, run: PlaybookRun) -> str:
        tasks = [t for t in self.part.tasks_of(run.incident) if self.part.run_of(t) == run]
        over = len(run.passed) + sum(task.status in ("done", "skipped") for task in tasks)
        return f"{over} of {len(run.playbook.steps)} over"

    def _offer_playbooks(self, kind: str) -> None:
        """Those made for this type of incident first; those at work are left out."""
        at_work = {r.playbook.id for r in self.part.runs_of(self.incident_id) if not r.ended_ns}
        known = [one for one in self._playbooks() if one.id not in at_work]
        known.sort(key=lambda one: one.kind != kind)
        ids = tuple(one.id for one in known)
        if ids != self._offered:
            self._offered = ids
            self.playbook.clear()
            for one in known:
                self.playbook.addItem(one.title, one.id)
                at, role = self.playbook.count() - 1, Qt.ItemDataRole.ToolTipRole
                self.playbook.setItemData(at, one.text, role)
            self.playbook.addItem("From a file…", _FROM_FILE)

    def _playbooks(self) -> tuple[Playbook, ...]:
        try:
            return bundled_playbooks()
        except TwinError as error:
            self.failed.emit(str(error))
            return ()

    def _tell_permissions(self) -> None:
        tip = "Its steps become tasks, its departments are asked to take part"
        deeds = (
            Deed(self.start, "playbook.start", self.incident_id, tip=tip),
            Deed(self.give, "task.give", self.incident_id),
        )
        self.tell(self.against, deeds)

    def _show_giving(self) -> None:
        self._more.setVisible(bool(self.task.text().strip()) and not self._giving.isHidden())

    # -- doing --------------------------------------------------------------------------------

    def _start(self) -> None:
        chosen = self.playbook.currentData()
        if chosen == _FROM_FILE:
            name, _ = QFileDialog.getOpenFileName(
                self, "Start a playbook", "", "Playbooks (*.yaml *.yml)"
            )
            if name:
                self.start_file(Path(name))
            return
        playbook = next((one for one in self._playbooks() if one.id == chosen), None)
        if playbook is not None:
            self.asked.emit(start_playbook(self.session, self.incident_id, playbook))

    def start_file(self, path: Path) -> None:
        """Start a playbook of one's own; what is wrong with it is said with its line."""
        try:
            playbook = read_playbook(path, command_types())
        except TwinError as error:
            self.failed.emit(str(error))
            return
        self.asked.emit(start_playbook(self.session, self.incident_id, playbook))

    def _give(self) -> None:
        incident, title = self.incident, self.task.text().strip()
        if incident is None or not title:
            focus(self.task)
            return
        if not self.give.isEnabled():
            return
        minutes = self.minutes.value()
        due_ns = self.session.clock.now_ns() + minutes * 60 * NS_PER_S if minutes else 0
        department = str(self.department.currentData() or "")
        self.asked.emit(give_task(self.session, incident, title, department, due_ns))
        self.task.clear()
