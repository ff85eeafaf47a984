"""What can be done with the units that are chosen on the board."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from twin.session import TwinSession
from twin.unit_board import DISPATCH, Standing, UnitRow
from widgets.parts.elided_button import ElidedButton
from widgets.parts.labels import ElidedLabel, say, wrapped
from widgets.parts.permission import Deed, offer, tell, why_not_all

RECALL = "unit.recall"
_SENT = (Standing.ASSIGNED, Standing.EN_ROUTE, Standing.ON_SCENE)


class UnitDeeds(QWidget):
    """A sentence about the units, and buttons for what fits them; hidden while none is chosen.

    Signals
    -------
    assigns(), frees(), flies(), follows(), puts_back()
        A button was pressed.
    composes(str)
        Id of the command type whose form is wanted.
    takes_out(str)
        Why the unit is out of service, "" = nothing was written.
    """

    assigns = Signal()
    frees = Signal()
    flies = Signal()
    follows = Signal()
    puts_back = Signal()
    composes = Signal(str)
    takes_out = Signal(str)

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self.name, self.note = wrapped(), ElidedLabel("muted")
        self._make_buttons()
        self._make_leaving()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 12, 8)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.name)
        head.addWidget(self.note, 1)
        column.addLayout(head)
        for part in (self._buttons, self._leaving):
            column.addWidget(part)

    def _make_buttons(self) -> None:
        self.assign = ElidedButton("Assign to incident…")
        self.free = ElidedButton("Free from incident")
        self.dispatch, self.recall = QPushButton("Dispatch…"), QPushButton("Recall…")
        self.dispatch.setProperty("role", "primary")
        self.fly, self.follow_it = QPushButton("Fly there"), QPushButton("Follow it")
        self.open_leaving = ElidedButton("Out of service…")
        self.put_back = ElidedButton("Put back in service")
        self._buttons = QWidget()
        row = _row_of(self._buttons)
        for button, run in (
            (self.assign, self.assigns.emit),
            (self.free, self.frees.emit),
            (self.dispatch, lambda: self.composes.emit(DISPATCH)),
            (self.recall, lambda: self.composes.emit(RECALL)),
            (self.fly, self.flies.emit),
            (self.follow_it, self.follows.emit),
            (self.open_leaving, self._open_leaving),
            (self.put_back, self.puts_back.emit),
        ):
            button.clicked.connect(lambda _checked=False, act=run: act())
            row.addWidget(button)
        row.addStretch(1)

    def _make_leaving(self) -> None:
        self.reason = QLineEdit()
        self.reason.setMaxLength(300)
        self.reason.setAccessibleName("Why it is out of service")
        self.reason.setPlaceholderText("Why it is out of service")
        self.reason.returnPressed.connect(self._take_out)
        self.take_out, self.stay = QPushButton("Take out of service"), QPushButton("Back")
        self.take_out.clicked.connect(lambda _checked=False: self._take_out())
        self.stay.clicked.connect(lambda _checked=False: self.back_out())
        self._leaving = QWidget()
        row = _row_of(self._leaving)
        row.addWidget(self.reason, 1)
        row.addWidget(self.take_out)
        row.addWidget(self.stay)
        self._leaving.hide()

    def show_units(
        self, rows: Sequence[UnitRow], sentence: str, *, n_incidents: int, can_follow: bool
    ) -> None:
        """Offer what can be done with these units; at least one.

        Parameters
        ----------
        n_incidents : how many are open
        can_follow : a view can go along with a unit
        """
        self.name.setText(sentence)
        one = rows[0] if len(rows) == 1 else None
        in_service = [row for row in rows if row.standing is not Standing.OUT]
        self.assign.setVisible(bool(in_service))
        self.free.setVisible(any(row.incident is not None for row in rows))
        self.dispatch.setVisible(any(row.can_be_sent for row in in_service))
        is_sent = one is not None and one.standing in _SENT and bool(one.to_go_m)
        self.recall.setVisible(one is not None and is_sent and RECALL in one.unit.accepts)
        self.fly.setVisible(one is not None)
        self.follow_it.setVisible(one is not None and can_follow)
        self.open_leaving.setVisible(one is not None and bool(in_service))
        self.put_back.setVisible(one is not None and not in_service)
        if one is None or not in_service:
            self.back_out()
        self._tell_permissions(rows, has_incidents=n_incidents > 0)

    def _tell_permissions(self, rows: Sequence[UnitRow], *, has_incidents: bool) -> None:
        """Turn off what the hub would refuse of these units; the muted line says why."""
        unit_id = rows[0].unit.id if len(rows) == 1 else ""
        incident = next((row.incident.id for row in rows if row.incident is not None), "")
        tip = "" if has_incidents else "No incident is open"
        deeds = (
            Deed(self.assign, "incident.unit", tip=tip, is_ready=has_incidents),
            Deed(self.free, "incident.unit", incident),
            Deed(self.open_leaving, "unit.take_out", unit_id),
            Deed(self.take_out, "unit.take_out", unit_id),
            Deed(self.put_back, "unit.put_back", unit_id),
        )
        tell(self._session, self.note, deeds)
        sent = [row.unit.id for row in rows if DISPATCH in row.unit.accepts]
        for button, type_id, ids in (
            (self.dispatch, DISPATCH, sent),
            (self.recall, RECALL, [unit_id] if unit_id else []),
        ):
            against = why_not_all(self._session, [(type_id, one) for one in ids])
            offer(button, against if not button.isHidden() else "", tip="")
            if against and not button.isHidden() and not self.note.text():
                say(self.note, f"{button.text().rstrip('…')}: {against}")
                self.note.setToolTip(self.note.text())

    @property
    def is_leaving(self) -> bool:
        """Whether a reason is being written."""
        return not self._leaving.isHidden()

    def _open_leaving(self) -> None:
        self._leaving.show()
        self._buttons.hide()
        self.reason.setFocus(Qt.FocusReason.OtherFocusReason)

    def back_out(self) -> None:
        """Leave the reason."""
        self.reason.clear()
        self._leaving.hide()
        self._buttons.show()

    def _take_out(self) -> None:
        reason = self.reason.text().strip()
        if not self.take_out.isEnabled():
            return
        if not reason:
            self.reason.setFocus(Qt.FocusReason.OtherFocusReason)
        self.takes_out.emit(reason)

    def event(self, event: QEvent) -> bool:
        """Keep Esc from the window's own use of it while a reason is written."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.setAccepted(self.is_leaving)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves the reason."""
        if event.key() == Qt.Key.Key_Escape and self.is_leaving:
            self.back_out()
            self.open_leaving.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            super().keyPressEvent(event)


def _row_of(widget: QWidget) -> QHBoxLayout:
    row = QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    return row
