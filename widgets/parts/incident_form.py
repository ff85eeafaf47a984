"""Opening an incident: what, how grave, where, with which alarms, and who is asked at once."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from twin.commands.base import DEPARTMENTS
from twin.incident_working import KINDS, USUAL_RADIUS_M, NewIncident
from twin.room.parts.alarms import Alarm, Alarms
from twin.room.parts.incidents import Severity
from twin.session import TwinSession
from widgets.parts.elided_button import ElidedButton
from widgets.parts.incident_area import ring_of
from widgets.parts.incident_page import focus, row_of
from widgets.parts.incident_words import words
from widgets.parts.labels import say, wrapped
from widgets.parts.permission import Deed, tell
from widgets.parts.places import place_of_selection
from widgets.parts.wording import count_text

Point = tuple[float, float, float]
#: Alarms that are offered for linking, nearest first.
MOST_ALARMS = 30
_MOST_ROWS = 7
_KEPT = Qt.ItemDataRole.UserRole


class IncidentForm(QWidget):
    """Starts with what is selected. GUI thread.

    Signals
    -------
    confirmed(object)
        A `NewIncident` that is complete.
    left()
        Back, nothing is opened.
    """

    confirmed = Signal(object)
    left = Signal()

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self._xyz: Point | None = None
        self._ring: tuple[Point, ...] = ()
        self._links: tuple[str, ...] = ()
        self._make_fields()
        self._make_lists()
        self.problem = wrapped("error")
        self.problem.hide()
        self.note = wrapped("muted")
        self.confirm, self.back = ElidedButton("Open the incident"), QPushButton("Back")
        self.confirm.setProperty("role", "primary")
        self.confirm.clicked.connect(lambda _checked=False: self._confirm())
        self.back.clicked.connect(lambda _checked=False: self.left.emit())
        self._lay_out()

    def _make_fields(self) -> None:
        self.title = QLineEdit()
        self.title.setMaxLength(200)
        self.title.setPlaceholderText("What happened, and where")
        self.title.setAccessibleName("Title")
        self.title.returnPressed.connect(self._confirm)
        self.kind, self.severity = QComboBox(), QComboBox()
        self.kind.setEditable(True)
        self.kind.setAccessibleName("Type")
        self.severity.setAccessibleName("Severity")
        for kind in KINDS:
            self.kind.addItem(words(kind), kind)
        for severity in Severity:
            self.severity.addItem(severity.value.capitalize(), severity.value)
        self.place = wrapped("muted")
        self.use_selection = ElidedButton("What is selected")
        self.use_selection.setToolTip("Take the place of what is selected in the view")
        self.use_selection.clicked.connect(lambda _checked=False: self._take_selection())
        self.point = ElidedButton("Point in the view")
        self.point.clicked.connect(lambda _checked=False: self._session.ask_point(self.take_point))
        self.area = QComboBox()
        self.area.setAccessibleName("Area")
        self.area.activated.connect(lambda _index: self._take_area())
        self.radius = QDoubleSpinBox()
        self.radius.setRange(0.0, 20_000.0)
        self.radius.setDecimals(0)
        self.radius.setSuffix(" m")
        self.radius.setAccessibleName("Radius")

        for box in (self.kind, self.severity, self.area):
            box.setMinimumContentsLength(8)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )

    def _make_lists(self) -> None:
        self.alarms, self.departments = QListWidget(), QListWidget()
        self.alarms.setAccessibleName("Alarms that belong to it")
        self.departments.setAccessibleName("Departments to ask at once")
        for part in (self.alarms, self.departments):
            part.setUniformItemSizes(True)
            part.itemChanged.connect(lambda _item: self._name())

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(8)
        where = QVBoxLayout()
        where.setSpacing(6)
        where.addWidget(self.place)
        for button in (self.use_selection, self.point):
            where.addLayout(row_of(button))
        where.addWidget(self.area)
        where.addWidget(self.radius)
        for title, part in (
            ("Title", self.title),
            ("Type", self.kind),
            ("Severity", self.severity),
        ):
            form.addRow(title, part)
        form.addRow("Where", where)
        form.addRow("Alarms", self.alarms)
        form.addRow("Ask", self.departments)
        self._alarms_row = form.rowCount() - 2
        self._form = form
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addWidget(self.problem)
        layout.addLayout(row_of(self.confirm, self.back))
        layout.addWidget(self.note)
        layout.addStretch(1)

    # -- beginning ----------------------------------------------------------------------------

    def begin(self) -> None:
        """Empty it, and take over what is selected."""
        self.title.clear()
        self._xyz, self._ring, self._links = None, (), ()
        self.severity.setCurrentIndex(1)
        self.radius.setValue(USUAL_RADIUS_M)
        say(self.problem, "")
        self._offer_areas()
        self._offer_departments()
        if not self._session.selection.is_empty:
            self._take_selection(quietly=True)
        self._offer_alarms()
        self._show_place("")
        self._name()
        focus(self.title)

    def _offer_areas(self) -> None:
        self.area.clear()
        self.area.addItem("Circle around it", None)
        for area in self._session.areas:
            self.area.addItem(area.name or area.id, area.id)

    def _offer_departments(self) -> None:
        own = self._session.hub.operator.department
        self.departments.clear()
        for name in DEPARTMENTS:
            if name != own:
                self._add(self.departments, words(name).capitalize(), name, checked=False)
        self._fit(self.departments)

    def _offer_alarms(self) -> None:
        """Annunciated ones: those of what is selected are ticked, the nearest come first."""
        chosen = self._session.selection
        mine = {chosen.thing_id, *chosen.things} - {""}
        listed = [a for a in self._session.hub.room[Alarms].by_id.values() if a.is_annunciated]
        listed.sort(key=lambda one: (one.thing_id not in mine, self._away_m(one), one.raised_ns))
        self.alarms.clear()
        for one in listed[:MOST_ALARMS]:
            title = f"{one.thing_name}: {one.title}".lstrip(": ")
            self._add(self.alarms, title, one.id, checked=one.thing_id in mine)
        self._fit(self.alarms)
        self._form.setRowVisible(self._alarms_row, bool(listed))

    def _away_m(self, alarm: Alarm) -> float:
        if alarm.xyz is None or self._xyz is None:
            return math.inf
        return math.dist(alarm.xyz[:2], self._xyz[:2])

    @staticmethod
    def _fit(box: QListWidget) -> None:
        """As high as its entries, up to some of them."""
        rows = min(max(box.count(), 1), _MOST_ROWS)
        box.setFixedHeight(rows * max(box.sizeHintForRow(0), 18) + 4)

    @staticmethod
    def _add(box: QListWidget, title: str, key: str, *, checked: bool) -> None:
        item = QListWidgetItem(title)
        item.setData(_KEPT, key)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)
        box.addItem(item)

    @staticmethod
    def _ticked(box: QListWidget) -> tuple[str, ...]:
        items = [box.item(row) for row in range(box.count())]
        return tuple(str(i.data(_KEPT)) for i in items if i.checkState() == Qt.CheckState.Checked)

    # -- where --------------------------------------------------------------------------------

    def _take_selection(self, *, quietly: bool = False) -> None:
        chosen, found = self._session.selection, place_of_selection(self._session)
        things = [one for one in (chosen.thing_id, *chosen.things) if one]
        places = [self._session.city_view.position(one) for one in things]
        known = [one for one in places if one is not None]
        if found is None and known:
            middle = [sum(axis) / len(known) for axis in zip(*known, strict=True)]
            found = (count_text(len(known), "thing"), (middle[0], middle[1], middle[2]))
        if found is None:
            if not quietly:
                say(self.problem, "Select a building, a sensor or a unit in the view first")
            return
        say(self.problem, "")
        name, self._xyz = found
        self._ring = ()
        units = [f"unit:{chosen.unit_id}"] if chosen.unit_id else []
        self._links = (*(f"thing:{one}" for one in things[:100]), *units)
        self._show_place(name)

    def take_point(self, xyz_local_m: Point) -> None:
        """The incident is at this point, local metres."""
        self._xyz, self._ring = xyz_local_m, ()
        self.area.setCurrentIndex(0)
        self._show_place("")

    def _take_area(self) -> None:
        area = next((a for a in self._session.areas if a.id == self.area.currentData()), None)
        self._ring = () if area is None else ring_of(area)
        if self._ring and self._xyz is None:
            middle = [sum(axis) / len(self._ring) for axis in zip(*self._ring, strict=True)]
            self._xyz = (middle[0], middle[1], middle[2])
        self.radius.setEnabled(not self._ring)
        self._show_place("")

    def _show_place(self, name: str) -> None:
        if self._xyz is None:
            self.place.setText("Nowhere yet: select something, or point in the view")
            return
        where = f"{self._xyz[0]:,.0f} m east, {self._xyz[1]:,.0f} m north"
        self.place.setText(f"At {name}" if name else where)
        if name and not self.title.text():
            self.title.setPlaceholderText(f"What happened at {name}")

    def hideEvent(self, event: QHideEvent) -> None:
        """A form that is gone wants no place any more."""
        if self._session.point_taker == self.take_point:
            self._session.point_taker = None
        super().hideEvent(event)

    # -- confirming ---------------------------------------------------------------------------

    def _name(self) -> None:
        n = len(self._ticked(self.departments))
        asks = f" and ask {count_text(n, 'department')}" if n else ""
        self.confirm.say(f"Open the incident{asks}")
        self.tell_permissions()

    def tell_permissions(self) -> None:
        """Turn the last step off while the hub would refuse it."""
        tell(self._session, self.note, [Deed(self.confirm, "incident.open")])

    def _confirm(self) -> None:
        title = self.title.text().strip()
        kind = "_".join(self.kind.currentText().strip().casefold().split())
        if not title or not kind:
            say(self.problem, "An incident needs a title and a type")
            focus(self.title if not title else self.kind)
            return
        if not self.confirm.isEnabled():
            return
        links = (*(f"alarm:{one}" for one in self._ticked(self.alarms)), *self._links)
        self.confirmed.emit(
            NewIncident(
                title=title, kind=kind[:64], severity=Severity(self.severity.currentData()),
                xyz=self._xyz, radius_m=0.0 if self._ring else self.radius.value(),
                ring=self._ring, departments=self._ticked(self.departments), links=links,
            )
        )  # fmt: skip
