"""Base of the pages of an opened incident: what is shown, and asking the hub."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListView, QVBoxLayout, QWidget

from twin.room.parts.incidents import Incident, Incidents
from twin.session import TwinSession
from widgets.parts.inks import Inks
from widgets.parts.permission import Deed, tell
from widgets.parts.section_list import KeyRole, SectionDelegate, SectionList, section_view

#: From this height on a page has room for a line that says why a button is off.
_ROOM_PX = 420


class IncidentPage(QWidget):
    """One page. GUI thread.

    Signals
    -------
    asked(str)
        Id of an act that was sent; a refusal comes back under it.
    failed(str)
        Why something was not even sent.
    """

    asked = Signal(str)
    failed = Signal(str)

    def __init__(self, session: TwinSession, inks: Inks) -> None:
        super().__init__()
        self.session, self.inks = session, inks
        self.incident_id = ""
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 8)
        self.column.setSpacing(8)

    @property
    def part(self) -> Incidents:
        """Incidents of the room that is shown."""
        return self.session.hub.room[Incidents]

    @property
    def incident(self) -> Incident | None:
        """The incident that is open here."""
        return self.part.by_id.get(self.incident_id)

    def show_incident(self, incident_id: str) -> None:
        """Show another incident from now on."""
        self.incident_id = incident_id

    def refresh(self) -> None:
        """Show what is new, times too."""

    def tell(self, note: QLabel, deeds: Sequence[Deed]) -> None:
        """Turn off what the hub would refuse; a low page leaves the reasons to the tool tips."""
        tell(self.session, note, deeds, has_room=self.height() >= _ROOM_PX)

    def back_out(self) -> bool:
        """Leave what is open on the page, such as a step to confirm; False when nothing is."""
        return False


class RowsPage(IncidentPage):
    """A page that begins with a list under headings."""

    def __init__(self, session: TwinSession, inks: Inks, name: str) -> None:
        super().__init__(session, inks)
        self.model = SectionList()
        self._delegate = SectionDelegate(inks)
        self.list: QListView = section_view(self.model, self._delegate, name)
        self.list.selectionModel().selectionChanged.connect(lambda *_: self.show_chosen())
        self.column.addWidget(self.list, 1)

    @property
    def chosen(self) -> str:
        """Key of the chosen row, "" = none."""
        found = self.list.selectionModel().selectedIndexes()
        return str(found[0].data(KeyRole) or "") if found else ""

    def choose(self, key: str) -> None:
        """Choose a row, if it is listed."""
        row = self.model.row_of(key)
        if row >= 0:
            self.list.setCurrentIndex(self.model.index(row))

    def show_chosen(self) -> None:
        """Another row is chosen."""


def row_of(*parts: QWidget, stretch: int = -1) -> QHBoxLayout:
    """Widgets in a row; the one numbered `stretch` takes what is left, else nobody."""
    row = QHBoxLayout()
    row.setSpacing(8)
    for number, part in enumerate(parts):
        row.addWidget(part, 1 if number == stretch else 0)
    if stretch < 0:
        row.addStretch(1)
    return row


def inset(layout: QVBoxLayout | QHBoxLayout) -> QVBoxLayout:
    """The same, moved in from the edges of a panel."""
    around = QVBoxLayout()
    around.setContentsMargins(12, 0, 12, 0)
    around.addLayout(layout)
    return around


def focus(widget: QWidget) -> None:
    """Put the keyboard there."""
    widget.setFocus(Qt.FocusReason.OtherFocusReason)
