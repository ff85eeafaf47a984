"""Choosing the incident that units are put on: the nearest first, with distance and severity."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QListView, QPushButton, QVBoxLayout, QWidget

from twin.session import TwinSession
from twin.unit_assigning import NearIncident
from widgets.parts.elided_button import ElidedButton
from widgets.parts.incident_words import LEVEL_OF_SEVERITY, words
from widgets.parts.labels import ElidedLabel
from widgets.parts.permission import Deed, tell
from widgets.parts.section_list import (
    ROW_PX,
    KeyRole,
    Row,
    SectionDelegate,
    SectionList,
    section_view,
)
from widgets.parts.wording import count_text

_KM_M = 1_000.0


class AssignPage(QWidget):
    """Open incidents; Enter, a double click or the button takes one, Esc leaves. GUI thread.

    Signals
    -------
    taken(str)
        Id of the incident.
    left()
        Without taking any.
    """

    taken = Signal(str)
    left = Signal()

    def __init__(self, session: TwinSession, delegate: SectionDelegate) -> None:
        super().__init__()
        self._session = session
        self.note = ElidedLabel("muted")
        self._titles: dict[str, str] = {}
        self._what = ""
        self.model = SectionList()
        self.list: QListView = section_view(self.model, delegate, "Open incidents")
        self.list.selectionModel().selectionChanged.connect(lambda *_: self._name_step())
        self.list.setMinimumHeight(ROW_PX)
        self.list.activated.connect(self._take_row)
        self.confirm, self.back = ElidedButton(), QPushButton("Back")
        self.confirm.setProperty("role", "primary")
        self.confirm.clicked.connect(lambda _checked=False: self._take())
        self.back.clicked.connect(lambda _checked=False: self.left.emit())
        steps = QHBoxLayout()
        steps.setContentsMargins(12, 4, 12, 8)
        steps.setSpacing(8)
        steps.addWidget(self.confirm)
        steps.addWidget(self.back)
        steps.addWidget(self.note, 1)
        steps.addStretch(0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.list, 1)
        layout.addLayout(steps)
        self.setFocusProxy(self.list)

    def show_incidents(self, what: str, found: Sequence[NearIncident]) -> None:
        """List incidents for the units named ``what``; the chosen one stays, else the first is."""
        self._what = what
        self._titles = {one.incident.id: one.incident.title for one in found}
        title = f"Assign {what} to (nearest first)"
        self.model.show_sections([(title, [_row(one) for one in found])])
        if not self.chosen and found:
            self.list.setCurrentIndex(self.model.index(self.model.row_of(found[0].incident.id)))
        self._name_step()

    @property
    def chosen(self) -> str:
        """Id of the chosen incident, "" = none."""
        found = self.list.selectionModel().selectedIndexes()
        return str(found[0].data(KeyRole) or "") if found else ""

    def _name_step(self) -> None:
        title = self._titles.get(self.chosen, "")
        self.confirm.say(f"Assign {self._what} to {title}" if title else "Assign")
        deed = Deed(self.confirm, "incident.unit", self.chosen, is_ready=bool(title))
        tell(self._session, self.note, [deed])

    def _take_row(self, index: QModelIndex) -> None:
        if index.data(KeyRole) and self.confirm.isEnabled():
            self.taken.emit(str(index.data(KeyRole)))

    def _take(self) -> None:
        if self.chosen:
            self.taken.emit(self.chosen)

    def event(self, event: QEvent) -> bool:
        """Keep Esc from the window's own use of it: here it leaves the choice."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


def _row(one: NearIncident) -> Row:
    incident = one.incident
    n_units = sum(unit.status != "released" for unit in incident.units)
    told = [words(incident.kind), incident.severity.value]
    told.append(count_text(n_units, "unit") if n_units else "no unit yet")
    if one.has_all:
        told.append("works on it already")
    right = "no place"
    if one.nearest_m is not None and one.farthest_m is not None:
        right = distance_text(one.nearest_m)
        if distance_text(one.farthest_m) != right:
            told.append(f"the farthest {distance_text(one.farthest_m)} away")
    return Row(
        key=incident.id, title=incident.title, caption=" · ".join(told), right=right,
        level=LEVEL_OF_SEVERITY[incident.severity],
    )  # fmt: skip


def distance_text(way_m: float) -> str:
    """A distance over the ground: "420 m", "1.3 km"."""
    return f"{way_m:,.0f} m" if way_m < _KM_M else f"{way_m / _KM_M:,.1f} km"
