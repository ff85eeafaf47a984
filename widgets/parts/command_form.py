"""The values of one command: a form built from its type, with a chooser for places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from twin.commands.base import CommandType
from twin.commands.params import field_errors, fields_of
from twin.session import TwinSession
from widgets.parts.destination import DESTINATION_FIELDS, DestinationField
from widgets.parts.session_controls import session_editors
from widgets.parts.value_form import ValueForm


class CommandForm(QWidget):
    """Shows the fields of a command type; holds what was typed. GUI thread.

    Signals
    -------
    edited()
        The person changed a value.
    """

    edited = Signal()

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self._type: CommandType | None = None
        self.fields: ValueForm | None = None
        self.destination: DestinationField | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)

    def show_type(
        self, command_type: CommandType | None, values: Mapping[str, Any], target_id: str = ""
    ) -> None:
        """Show another type, None = nothing."""
        self._drop()
        self._type = command_type
        if command_type is None:
            return
        fields = fields_of(command_type.params)
        if {f.name for f in fields} >= DESTINATION_FIELDS and self._session.city.places:
            is_area = any(field.name == "radius_m" for field in fields)
            self.destination = DestinationField(
                self._session, values, title="Around" if is_area else "Destination"
            )
            self._layout.addWidget(self.destination)
            fields = tuple(f for f in fields if f.name not in DESTINATION_FIELDS)
        self.fields = ValueForm(fields, values, editors=session_editors(self._session, target_id))
        self.fields.edited.connect(lambda _name: self.edited.emit())
        self._layout.addWidget(self.fields)
        self.fields.setVisible(bool(fields))

    def values(self) -> dict[str, Any]:
        """The arguments as the form shows them."""
        values = self.fields.values() if self.fields is not None else {}
        if self.destination is not None:
            values |= self.destination.values()
        return values

    def check(self) -> bool:
        """Tell each wrong value at its field; whether all are right."""
        if self._type is None:
            return False
        errors = field_errors(self._type.params, self.values())
        if self.fields is not None:
            self.fields.show_errors(errors)
        if self.destination is not None:
            self.destination.show_errors(errors)
        return not errors

    def focus_first(self) -> bool:
        """Give the keyboard to the first field; False when there is none."""
        if self.destination is not None:
            self.destination.chooser.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        controls = self.fields.controls if self.fields is not None else {}
        if not controls:
            return False
        next(iter(controls.values())).editor.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def _drop(self) -> None:
        if self.destination is not None:
            self.destination.forget_point()
        for part in (self.fields, self.destination):
            if part is not None:
                self._layout.removeWidget(part)
                part.hide()
                part.deleteLater()
        self.fields = self.destination = None
