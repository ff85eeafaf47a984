"""Preparing a command: target, type, values, reason; then a step that names the effect."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from twin.commanding import Target, accepted_types, command_types, issue_command, target_of, targets
from twin.commands.base import CommandType
from twin.commands.params import field_errors, fields_of, params_from_args
from twin.errors import CommandRejected
from twin.session import ComposeRequest, Selection, TwinSession
from twin.undoing import present_args
from widgets.parts.command_words import phrase
from widgets.parts.destination import DESTINATION_FIELDS, DestinationField
from widgets.parts.elided_button import ElidedButton
from widgets.parts.session_controls import session_editors
from widgets.parts.target_chooser import NameChooser
from widgets.parts.value_form import LABEL_PX, ValueForm
from widgets.parts.wording import duration_text, lower_first, unbroken


class Composer(QWidget):
    """Two pages: the form, and the confirm step. Nothing is sent before it is confirmed.

    Signals
    -------
    issued(str)
        Id of the command that was handed to the outbox.
    """

    issued = Signal(str)

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self._offered = (-1, -1)
        self._inverse_of = ""
        self._followed_id = ""
        self._start_values: dict[str, Any] = {}
        self._form: ValueForm | None = None
        self._destination: DestinationField | None = None
        self._form_page = self._make_form_page()
        self._confirm_page = self._make_confirm_page()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._form_page)
        layout.addWidget(self._confirm_page)
        self._go_to(confirming=False)
        self.offer_targets()
        self._choose_target("")

    # -- making -----------------------------------------------------------------------------

    def _make_form_page(self) -> QWidget:
        page = QWidget()
        self.target = NameChooser(placeholder="Choose what to command")
        self.target.setAccessibleName("Target")
        self.target.chosen.connect(self._choose_target)
        self.type = QComboBox()
        self.type.setAccessibleName("Command")
        self.type.currentIndexChanged.connect(lambda _index: self._show_type({}))
        self.reason = QLineEdit()
        self.reason.setPlaceholderText("Why, for the log")
        self.reason.setMaxLength(500)
        self._values = QWidget()
        self._values_layout = QVBoxLayout(self._values)
        self._values_layout.setContentsMargins(0, 0, 0, 0)
        self._values_layout.setSpacing(8)
        self._problem = _wrapped("error")
        self.review = ElidedButton()
        self.review.clicked.connect(lambda _checked=False: self.show_confirm_step())
        form = QFormLayout()
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        label = QLabel("Target")
        label.setMinimumWidth(LABEL_PX)
        form.addRow(label, self.target)
        self._type_label = QLabel("Command")
        form.addRow(self._type_label, self.type)
        form.addRow(self._values)
        self._reason_label = QLabel("Reason")
        form.addRow(self._reason_label, self.reason)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addWidget(self._problem)
        layout.addWidget(self.review)
        return page

    def _make_confirm_page(self) -> QWidget:
        page = QWidget()
        self.effect = _wrapped("")
        self.proof = _wrapped("muted")
        self.confirm = ElidedButton()
        self.confirm.setProperty("role", "primary")
        self.confirm.setAutoDefault(True)
        self.confirm.clicked.connect(lambda _checked=False: self._issue())
        self.cancel = QPushButton("Back to the form")
        self.cancel.clicked.connect(lambda _checked=False: self.back())
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.confirm)
        buttons.addWidget(self.cancel)
        buttons.addStretch(1)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self.effect)
        layout.addWidget(self.proof)
        layout.addLayout(buttons)
        return page

    @property
    def is_confirming(self) -> bool:
        """Whether the confirm step is shown."""
        return not self._confirm_page.isHidden()

    def _go_to(self, *, confirming: bool) -> None:
        self._form_page.setVisible(not confirming)
        self._confirm_page.setVisible(confirming)

    # -- the form ---------------------------------------------------------------------------

    def offer_targets(self) -> None:
        """Follow what was announced; cheap when nothing new came."""
        session = self._session
        now = (session.observations.catalogue_version, session.units.catalogue_version)
        if now != self._offered:
            self._offered = now
            self.target.offer([(t.id, t.name) for t in targets(session)])

    def compose(self, request: ComposeRequest) -> None:
        """Fill the form and go to it."""
        self.offer_targets()
        self._go_to(confirming=False)
        self._inverse_of = request.inverse_of
        self._followed_id = ""
        self.target.choose(request.target_id)
        self._offer_types(request.type_id)
        self._show_type(request.args)
        self.reason.clear()
        focus: QWidget = self.target if not request.target_id else self.review
        if self._form is not None and self._form.controls:
            focus = next(iter(self._form.controls.values())).editor
        focus.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def is_composing(self) -> bool:
        """Whether somebody has begun a command here: chosen a target or typed something."""
        if self.is_confirming or self.reason.text() or self.values() != self._start_values:
            return True
        has_own_target = self.target.chosen_id() not in ("", self._followed_id)
        return has_own_target or (not self.target.chosen_id() and bool(self.target.currentText()))

    def follow_selection(self, selection: Selection) -> None:
        """Offer what was selected as the target, unless somebody is composing."""
        target_id = selection.thing_id or selection.unit_id
        target = target_of(self._session, target_id) if target_id else None
        if self.is_composing or target is None or not accepted_types(target):
            return
        self.offer_targets()
        self.target.choose(target_id)
        self._followed_id = target_id
        self._choose_target(target_id)

    def values(self) -> dict[str, Any]:
        """The arguments as the form shows them."""
        values = self._form.values() if self._form is not None else {}
        if self._destination is not None:
            values |= self._destination.values()
        return values

    def back(self) -> None:
        """From the confirm step to the form; from the form to an empty one."""
        if self.is_confirming:
            self._go_to(confirming=False)
            self.review.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._clear()

    def show_confirm_step(self) -> None:
        """Check the values and name the effect; wrong ones are told at their field."""
        target, command_type = self._target(), self._type()
        if target is None or command_type is None:
            return
        args = self.values()
        errors = field_errors(command_type.params, args)
        if self._form is not None:
            self._form.show_errors(errors)
        if self._destination is not None:
            self._destination.show_errors(errors)
        if errors:
            return
        params = params_from_args(command_type.params, args)
        effect = command_type.effect(target.id, params)
        self.effect.setText(f"{command_type.describe(target.name, params)}.")
        self.proof.setText(
            f"It counts as done when {unbroken(lower_first(effect.text))}, "
            f"within {duration_text(effect.deadline_s)} of being accepted."
        )
        self.confirm.say(phrase(command_type, target.name))
        self._say("")
        self._go_to(confirming=True)
        self.confirm.setFocus(Qt.FocusReason.OtherFocusReason)

    def event(self, event: QEvent) -> bool:
        """Keep Esc from the window's own use of it while there is something to back out of."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.setAccepted(self.is_confirming or bool(self.target.chosen_id()))
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc backs out; Enter in a field goes on to the confirm step."""
        if event.key() == Qt.Key.Key_Escape:
            self.back()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not self.is_confirming:
            self.show_confirm_step()
        else:
            super().keyPressEvent(event)

    # -- inside -----------------------------------------------------------------------------

    def _target(self) -> Target | None:
        target_id = self.target.chosen_id()
        return target_of(self._session, target_id) if target_id else None

    def _type(self) -> CommandType | None:
        return command_types().get(str(self.type.currentData() or ""))

    def _choose_target(self, _target_id: str) -> None:
        self._inverse_of = ""
        self._offer_types("")
        self._show_type({})

    def _offer_types(self, type_id: str) -> None:
        target = self._target()
        was = self.type.blockSignals(True)
        self.type.clear()
        for command_type in accepted_types(target) if target else ():
            self.type.addItem(command_type.title, command_type.id)
        self.type.setCurrentIndex(max(self.type.findData(type_id), 0))
        self.type.blockSignals(was)

    def _show_type(self, values: dict[str, Any]) -> None:
        self._drop_form()
        target, command_type = self._target(), self._type()
        is_ready = target is not None and command_type is not None
        for part in (self.type, self._type_label, self.reason, self._reason_label, self.review):
            part.setVisible(is_ready)
        self._values.setVisible(is_ready)
        self._say("")
        if target is None or command_type is None:
            if target is not None:
                self._say(f"{target.name} accepts no command that this console knows")
            return
        fields = fields_of(command_type.params)
        if {f.name for f in fields} >= DESTINATION_FIELDS and self._session.city.places:
            is_area = any(field.name == "radius_m" for field in fields)
            self._destination = DestinationField(
                self._session, values, title="Around" if is_area else "Destination"
            )
            self._values_layout.addWidget(self._destination)
            fields = tuple(f for f in fields if f.name not in DESTINATION_FIELDS)
        values = present_args(self._session, command_type, target.id) | values
        self._form = ValueForm(fields, values, editors=session_editors(self._session, target.id))
        self._values_layout.addWidget(self._form)
        self._form.setVisible(bool(fields))
        self._start_values = self.values()
        self.review.say(f"{phrase(command_type, target.name)}…")

    def _drop_form(self) -> None:
        if self._destination is not None:
            self._destination.forget_point()
        for part in (self._form, self._destination):
            if part is not None:
                self._values_layout.removeWidget(part)
                part.hide()
                part.deleteLater()
        self._form = self._destination = None
        self._start_values = {}

    def _issue(self) -> None:
        target, command_type = self._target(), self._type()
        if target is None or command_type is None or not self.is_confirming:
            return
        try:
            request = issue_command(
                self._session,
                command_type.id,
                target.id,
                self.values(),
                self.reason.text(),
                self._inverse_of,
            )
        except CommandRejected as error:
            self._go_to(confirming=False)
            self._say(str(error))
            return
        self._clear()
        self.issued.emit(request.id)

    def _clear(self) -> None:
        self._go_to(confirming=False)
        self.target.choose("")
        self._followed_id = ""
        self.reason.clear()
        self._session.compose_request = None
        self._choose_target("")

    def _say(self, sentence: str) -> None:
        self._problem.setText(sentence)
        self._problem.setVisible(bool(sentence))


def _wrapped(role: str) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        label.setProperty("role", role)
    return label
