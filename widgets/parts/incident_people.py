"""Who works on an incident: departments with their clocks, who commands, units with status."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from twin.commands.base import DEPARTMENTS
from twin.incident_working import ask_departments, hand_command_over, set_unit, take_part
from twin.room.parts.incidents import Incident
from twin.session import TwinSession
from twin.waiting import whoami
from widgets.parts.command_words import operator_text
from widgets.parts.elided_button import ElidedButton
from widgets.parts.incident_page import RowsPage, focus, inset, row_of
from widgets.parts.incident_words import UNIT_WORDS, asked_row, unit_row, words
from widgets.parts.inks import Inks
from widgets.parts.labels import wrapped
from widgets.parts.permission import Deed, offer, why_not
from widgets.parts.section_list import Section
from widgets.parts.target_chooser import NameChooser
from widgets.parts.wording import count_text

_ASK_PX = 132


class PeoplePage(RowsPage):
    """Lists both; below, what can be done about them."""

    def __init__(self, session: TwinSession, inks: Inks) -> None:
        super().__init__(session, inks, "Departments and units")
        self.take_part = ElidedButton()
        self.take_part.setProperty("role", "primary")
        self.take_part.clicked.connect(lambda _checked=False: self._take_part())
        self.column.addLayout(inset(row_of(self.take_part)))
        self._make_asking()
        self._make_handing()
        self._make_units()
        self._offered: tuple[object, ...] = ()

    def _make_asking(self) -> None:
        self.open_asking = QPushButton("Ask departments…")
        self.open_asking.clicked.connect(lambda _checked=False: self._open_asking())
        self.departments = QListWidget()
        self.departments.setAccessibleName("Departments to ask")
        self.departments.setMaximumHeight(_ASK_PX)
        self.departments.itemChanged.connect(lambda _item: self._name_asking())
        self.what_for = QLineEdit()
        self.what_for.setMaxLength(300)
        self.what_for.setPlaceholderText("What for, in a sentence")
        self.what_for.setAccessibleName("What they are asked for")
        self.ask, self.leave = ElidedButton(), QPushButton("Back")
        self.ask.setProperty("role", "primary")
        self.ask.clicked.connect(lambda _checked=False: self._ask())
        self.leave.clicked.connect(lambda _checked=False: self._leave_asking())
        self.asking = QWidget()
        column = QVBoxLayout(self.asking)
        column.setContentsMargins(12, 0, 12, 0)
        column.setSpacing(8)
        column.addWidget(self.departments)
        column.addWidget(self.what_for)
        column.addLayout(row_of(self.ask, self.leave))
        self.asking.hide()
        self.column.addWidget(self.asking)

    def _make_handing(self) -> None:
        self.to = NameChooser(placeholder="Hand the command to…")
        self.to.setAccessibleName("Hand the command to")
        self.to.chosen.connect(lambda _id: self._show_deeds())
        self.hand = ElidedButton("Hand over")
        self.hand.clicked.connect(lambda _checked=False: self._hand())
        self.column.addLayout(inset(row_of(self.open_asking)))
        self._handing = QWidget()
        self._handing.setLayout(inset(row_of(self.to, self.hand, stretch=0)))
        self.column.addWidget(self._handing)

    def _make_units(self) -> None:
        self.unit = NameChooser(placeholder="A unit")
        self.unit.setAccessibleName("Unit")
        self.unit.chosen.connect(lambda _id: self._show_deeds())
        self.status = QComboBox()
        self.status.setAccessibleName("Status of the unit")
        self.status.setMinimumContentsLength(6)
        self.status.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        for status, title in UNIT_WORDS.items():
            self.status.addItem(title[:1].upper() + title[1:], status)
        self.eta = QSpinBox()
        self.eta.setRange(0, 600)
        self.eta.setSuffix(" min")
        self.eta.setSpecialValueText("No time")
        self.eta.setAccessibleName("Minutes until it is there")
        self.set_it = QPushButton("Note it")
        self.set_it.clicked.connect(lambda _checked=False: self._set_unit())
        self._units = QWidget()
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addLayout(row_of(self.unit, self.set_it, stretch=0))
        column.addLayout(row_of(self.status, self.eta, stretch=0))
        self._units.setLayout(inset(column))
        self.column.addWidget(self._units)
        self.note = wrapped("muted")
        self.note.setContentsMargins(12, 0, 12, 0)
        self.column.addWidget(self.note)

    # -- showing ------------------------------------------------------------------------------

    def show_incident(self, incident_id: str) -> None:
        """Show another incident."""
        super().show_incident(incident_id)
        self._leave_asking()
        self.refresh()

    def refresh(self) -> None:
        """Clocks run on."""
        incident = self.incident
        if incident is None:
            return
        now_ns = self.session.clock.now_ns()
        asked = sorted(
            incident.departments, key=lambda one: (one.taken_by is not None, one.asked_ns)
        )
        sections: list[Section] = [
            ("Departments", [asked_row(one, now_ns) for one in asked]),
            ("Units", [unit_row(one, now_ns) for one in incident.units]),
        ]
        self.model.show_sections(sections)
        self._offer()
        self._show_deeds()

    def back_out(self) -> bool:
        """Leave the choice of departments."""
        if self.asking.isHidden():
            return False
        self._leave_asking()
        return True

    def show_chosen(self) -> None:
        """A unit that is chosen in the list is the one whose status is set."""
        kind, _, unit_id = self.chosen.partition(":")
        if kind == "unit":
            self._offer()
            self.unit.choose(unit_id)
            self._show_deeds()

    def _offer(self) -> None:
        session, me = self.session, whoami(self.session)
        there = tuple(session.hub.room.operators.values())
        incident = self.incident
        known = tuple(one.unit_id for one in incident.units) if incident is not None else ()
        offered = (session.units.catalogue_version, there, known)
        if offered == self._offered:
            return
        self._offered = offered
        others = [one for one in there if one.console_id != me.console_id]
        self.to.offer([(one.console_id, operator_text(one)) for one in others])
        self.unit.offer([(one.id, one.name) for one in session.units.units])

    def _show_deeds(self) -> None:
        incident = self.incident
        if incident is None:
            return
        me = whoami(self.session)
        is_asked = any(
            one.department == me.department and one.taken_by is None for one in incident.departments
        )
        self.take_part.setVisible(incident.is_open and is_asked)
        self.take_part.say(f"Take part for {words(me.department)}")
        leads = incident.commander is not None and incident.commander.identity == me.identity
        self._handing.setVisible(incident.is_open and (leads or incident.commander is None))
        self._units.setVisible(incident.is_open)
        self.open_asking.setVisible(incident.is_open and self.asking.isHidden())
        self._tell_permissions(incident)

    def _tell_permissions(self, incident: Incident) -> None:
        has_one, has_unit = bool(self.to.chosen_id()), bool(self.unit.chosen_id())
        tip = "Note where the unit stands; an unknown one joins the incident"
        deeds = (
            Deed(self.take_part, "incident.take_part", incident.id),
            Deed(self.open_asking, "incident.ask", incident.id),
            Deed(self.ask, "incident.ask", incident.id, is_ready=bool(self.checked())),
            Deed(self.hand, "incident.command", incident.id, is_ready=has_one),
            Deed(self.set_it, "incident.unit", incident.id, tip=tip, is_ready=has_unit),
        )
        self.tell(self.note, deeds)

    # -- doing --------------------------------------------------------------------------------

    def _take_part(self) -> None:
        if self.incident is not None:
            self.asked.emit(take_part(self.session, self.incident))

    def _open_asking(self) -> None:
        incident = self.incident
        if incident is None:
            return
        self.departments.clear()
        for name in self._unasked(incident):
            item = QListWidgetItem(words(name)[:1].upper() + words(name)[1:])
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked)
            self.departments.addItem(item)
        self.asking.show()
        self.open_asking.hide()
        self._name_asking()
        self.departments.setCurrentRow(0)
        focus(self.departments)

    def _unasked(self, incident: Incident) -> list[str]:
        asked = {one.department for one in incident.departments}
        present = {one.department for one in self.session.hub.room.operators.values()}
        known = dict.fromkeys((*DEPARTMENTS, *sorted(present - {""})))
        return [name for name in known if name not in asked]

    def checked(self) -> list[str]:
        """Departments that are ticked."""
        items = [self.departments.item(row) for row in range(self.departments.count())]
        return [
            str(item.data(Qt.ItemDataRole.UserRole))
            for item in items
            if item.checkState() == Qt.CheckState.Checked
        ]

    def _name_asking(self) -> None:
        n = len(self.checked())
        self.ask.say(f"Ask {count_text(n, 'department')} at once" if n else "Ask departments")
        offer(self.ask, why_not(self.session, "incident.ask", self.incident_id), tip="")
        if not n:
            self.ask.setEnabled(False)

    def _ask(self) -> None:
        incident, names = self.incident, self.checked()
        if incident is not None and names:
            text = self.what_for.text()
            self.asked.emit(ask_departments(self.session, incident, names, text))
            self._leave_asking()

    def _leave_asking(self) -> None:
        self.asking.hide()
        self.what_for.clear()
        self._show_deeds()

    def _hand(self) -> None:
        incident, to = self.incident, self.to.chosen_id()
        if incident is not None and to:
            self.asked.emit(hand_command_over(self.session, incident, to))
            self.to.choose("")

    def _set_unit(self) -> None:
        incident, unit_id = self.incident, self.unit.chosen_id()
        if incident is None or not unit_id:
            return
        status = str(self.status.currentData())
        eta_s = self.eta.value() * 60.0 if self.eta.value() else None
        self.asked.emit(set_unit(self.session, incident, unit_id, status, eta_s))
