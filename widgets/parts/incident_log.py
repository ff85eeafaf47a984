"""The log of an incident: everything that happened, newest first, and a line of one's own."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import QFrame, QLineEdit, QListView, QPushButton, QWidget

from twin.incident_working import log_line
from twin.session import TwinSession
from widgets.parts.activity_list import ActivityDelegate, TargetRole
from widgets.parts.command_details import selection_of
from widgets.parts.incident_page import IncidentPage, focus, inset, row_of
from widgets.parts.incident_story import MomentList, story_of
from widgets.parts.inks import Inks
from widgets.parts.labels import wrapped
from widgets.parts.permission import Deed


class LogPage(IncidentPage):
    """A click on what was about a thing selects it."""

    def __init__(self, session: TwinSession, inks: Inks) -> None:
        super().__init__(session, inks)
        self.model = MomentList()
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setAccessibleName("What happened")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self._delegate = ActivityDelegate(inks)
        self.list.setItemDelegate(self._delegate)
        self.list.clicked.connect(self._select_target)
        self.list.activated.connect(self._select_target)
        self.line = QLineEdit()
        self.line.setMaxLength(2_000)
        self.line.setPlaceholderText("Write a line into the log")
        self.line.setAccessibleName("Line of the log")
        self.line.returnPressed.connect(self._write)
        self.write = QPushButton("Write")
        self.write.clicked.connect(lambda _checked=False: self._write())
        self._writing = QWidget()
        self._writing.setLayout(inset(row_of(self.line, self.write, stretch=0)))
        self.column.addWidget(self.list, 1)
        self.note = wrapped("muted")
        self.note.setContentsMargins(12, 0, 12, 0)
        self.column.addWidget(self._writing)
        self.column.addWidget(self.note)

    def show_incident(self, incident_id: str) -> None:
        """Show another incident."""
        super().show_incident(incident_id)
        self.line.clear()
        self.refresh()

    def refresh(self) -> None:
        """List what happened."""
        incident = self.incident
        if incident is not None:
            self.model.show_moments(story_of(self.session, incident))
            self._writing.setVisible(incident.is_open)
            self.tell(self.note, [Deed(self.write, "incident.log", incident.id)])

    def _select_target(self, index: QModelIndex) -> None:
        target_id = str(index.data(TargetRole) or "")
        if target_id:
            self.session.select(selection_of(self.session, target_id))

    def _write(self) -> None:
        incident, text = self.incident, self.line.text().strip()
        if incident is None or not text:
            focus(self.line)
            return
        if not self.write.isEnabled():
            return
        self.asked.emit(log_line(self.session, incident, text))
        self.line.clear()
