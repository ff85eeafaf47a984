"""What an incident is and where: type, severity, place, radius or a drawn area; changed at once."""

from __future__ import annotations

import math

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QVBoxLayout, QWidget

from twin.city.areas import Area
from twin.incident_working import KINDS, change
from twin.room.parts.incidents import Incident, Incidents, Severity
from twin.session import TwinSession
from widgets.parts.elided_button import ElidedButton
from widgets.parts.incident_page import row_of
from widgets.parts.incident_words import words
from widgets.parts.permission import why_not

Point = tuple[float, float, float]
MOST_CORNERS = 400


class IncidentArea(QWidget):
    """Shows what is so, and changes it for everybody. GUI thread.

    Signals
    -------
    asked(str)
        Id of an act that was sent.
    """

    asked = Signal(str)

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self._incident_id = ""
        self.kind, self.severity, self.area = QComboBox(), QComboBox(), QComboBox()
        for box, name in (
            (self.kind, "Type of incident"),
            (self.severity, "Severity"),
            (self.area, "Area"),
        ):
            box.setAccessibleName(name)
            box.setMinimumContentsLength(8)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
        for kind in KINDS:
            self.kind.addItem(words(kind).capitalize(), kind)
        for severity in Severity:
            self.severity.addItem(severity.value.capitalize(), severity.value)
        self.radius = QDoubleSpinBox()
        self.radius.setRange(0.0, 20_000.0)
        self.radius.setDecimals(0)
        self.radius.setSingleStep(50.0)
        self.radius.setSuffix(" m")
        self.radius.setAccessibleName("Radius")
        self.radius.setKeyboardTracking(False)
        self.point = ElidedButton("Point where it is")
        self.point.setToolTip("The next click in the view is its place")
        self._connect()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 0)
        column.setSpacing(8)
        column.addLayout(row_of(self.kind, self.severity))
        column.addLayout(row_of(self.area, self.radius))
        column.addLayout(row_of(self.point))

    def _connect(self) -> None:
        self.kind.activated.connect(lambda _index: self._set_kind())
        self.severity.activated.connect(lambda _index: self._set_severity())
        self.area.activated.connect(lambda _index: self._set_area())
        self.radius.valueChanged.connect(self._set_radius)
        self.point.clicked.connect(lambda _checked=False: self._session.ask_point(self._take_point))

    @property
    def _incident(self) -> Incident | None:
        return self._session.hub.room[Incidents].by_id.get(self._incident_id)

    def show_incident(self, incident: Incident) -> None:
        """Show what is so now."""
        self._incident_id = incident.id
        if self.kind.findData(incident.kind) < 0:
            self.kind.addItem(words(incident.kind).capitalize(), incident.kind)
        self.kind.setCurrentIndex(self.kind.findData(incident.kind))
        self.severity.setCurrentIndex(self.severity.findData(incident.severity.value))
        self._offer_areas(incident)
        if not self.radius.hasFocus():
            was = self.radius.blockSignals(True)
            self.radius.setValue(incident.radius_m)
            self.radius.blockSignals(was)
        against = why_not(self._session, "incident.change", incident.id) if incident.is_open else ""
        self.setEnabled(incident.is_open and not against)
        self.setToolTip(against)
        self.radius.setEnabled(not incident.ring and incident.xyz is not None)

    def _offer_areas(self, incident: Incident) -> None:
        wanted = [("Circle", "")]
        wanted += [(area.name or area.id, area.id) for area in self._session.areas]
        drawn = next((a.id for a in self._session.areas if ring_of(a) == incident.ring), None)
        if incident.ring and drawn is None:
            wanted.append(("As it was drawn", "drawn"))
        listed = [(self.area.itemText(n), self.area.itemData(n)) for n in range(self.area.count())]
        if listed != wanted:
            self.area.clear()
            for title, key in wanted:
                self.area.addItem(title, key)
        chosen = (drawn or "drawn") if incident.ring else ""
        self.area.setCurrentIndex(self.area.findData(chosen))

    # -- changing -----------------------------------------------------------------------------

    def _set_kind(self) -> None:
        incident, kind = self._incident, str(self.kind.currentData())
        if incident is not None and kind != incident.kind:
            self.asked.emit(change(self._session, incident, kind=kind))

    def _set_severity(self) -> None:
        incident, severity = self._incident, str(self.severity.currentData())
        if incident is not None and severity != incident.severity.value:
            self.asked.emit(change(self._session, incident, severity=severity))

    def _set_area(self) -> None:
        incident, key = self._incident, self.area.currentData()
        area = next((one for one in self._session.areas if one.id == key), None)
        ring = ring_of(area) if area is not None else ()
        if incident is None or key == "drawn" or ring == incident.ring:
            return
        self.asked.emit(change(self._session, incident, ring=[list(point) for point in ring]))

    def _set_radius(self, radius_m: float) -> None:
        incident = self._incident
        if incident is not None and radius_m != incident.radius_m:
            self.asked.emit(change(self._session, incident, radius_m=radius_m))

    def _take_point(self, xyz_local_m: Point) -> None:
        incident = self._incident
        if incident is not None:
            xyz = [round(c, 2) for c in xyz_local_m]
            self.asked.emit(change(self._session, incident, xyz=xyz))

    def hideEvent(self, event: QHideEvent) -> None:
        """A page that is gone wants no place any more."""
        if self._session.point_taker == self._take_point:
            self._session.point_taker = None
        super().hideEvent(event)


def ring_of(area: Area) -> tuple[Point, ...]:
    """Outer ring of an area, not closed, to the centimetre, at most `MOST_CORNERS` corners."""
    rows = [[round(float(c), 2) for c in point] for point in area.rings[0]]
    ring = [(row[0], row[1], row[2] if len(row) > 2 else 0.0) for row in rows]
    if len(ring) > 1 and ring[0] == ring[-1]:
        ring.pop()
    step = max(1, math.ceil(len(ring) / MOST_CORNERS))
    return tuple(ring[::step])
