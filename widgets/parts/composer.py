"""Preparing commands: targets, type, values, when, why; then a step that names the effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from twin.commanding import (
    Draft,
    Target,
    accepted_types,
    command_types,
    issue_batch,
    issue_command,
    shared_types,
    target_of,
    targets,
)
from twin.commands.base import CommandType
from twin.commands.params import field_errors
from twin.errors import CommandRejected
from twin.room.parts.templates import TemplateItem
from twin.session import ComposeRequest, Selection, TwinSession
from twin.undoing import present_args
from widgets.parts.command_form import CommandForm
from widgets.parts.command_words import phrase
from widgets.parts.draft_preview import DraftPreview
from widgets.parts.elided_button import ElidedButton
from widgets.parts.labels import say, wrapped
from widgets.parts.many_targets import ManyTargets
from widgets.parts.permission import offer, waits_for, why_not_all
from widgets.parts.review_page import ReviewPage
from widgets.parts.schedule_field import ScheduleField, timing_text
from widgets.parts.selected_sets import SelectedSets
from widgets.parts.target_chooser import NameChooser
from widgets.parts.template_bar import TemplateBar
from widgets.parts.value_form import LABEL_PX


class Composer(QWidget):
    """Two pages: the form, and the review. Nothing is sent before it is confirmed. GUI thread.

    Signals
    -------
    issued(str)
        Id of the command that was handed to the outbox; of a batch, of its first command.
    """

    issued = Signal(str)

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self._offered = (-1, -1)
        self._inverse_of = ""
        self._followed_id = ""
        self._wanted: tuple[str, Mapping[str, Any]] = ("", {})
        self._start_values: dict[str, Any] = {}
        self._drafts: tuple[Draft, ...] = ()
        self._title = ""
        self.preview = DraftPreview(session, "composer")
        self._form_page = self._make_form_page()
        self.page = self._make_review_page()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._form_page)
        layout.addWidget(self.page)
        self._go_to(confirming=False)
        self.offer_targets()
        self._choose_target("")

    # -- making -----------------------------------------------------------------------------

    def _make_form_page(self) -> QWidget:
        page = QWidget()
        self.target = NameChooser(placeholder="Choose what to command")
        self.target.setAccessibleName("Target")
        self.target.chosen.connect(self._choose_target)
        self.many = ManyTargets()
        self.many.changed.connect(self._follow_many)
        self.many.dropped.connect(self._clear)
        self.many.hide()
        self.type = QComboBox()
        self.type.setAccessibleName("Command")
        self.type.currentIndexChanged.connect(lambda _index: self._show_type({}))
        self.form = CommandForm(self._session)
        self.schedule = ScheduleField()
        self.reason = QLineEdit()
        self.reason.setPlaceholderText("Why, for the log")
        self.reason.setAccessibleName("Reason")
        self.reason.setMaxLength(500)
        self.selected = SelectedSets(self._session)
        self.templates = TemplateBar(self._session, self.template_items)
        self._problem, self.permission = wrapped("error"), wrapped("muted")
        self.review = ElidedButton()
        self.review.clicked.connect(lambda _checked=False: self.show_confirm_step())
        form = QFormLayout()
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._target_label = QLabel("Target")
        self._target_label.setMinimumWidth(LABEL_PX)
        form.addRow(self._target_label, self.target)
        form.addRow(self.many)
        self._type_label = QLabel("Command")
        form.addRow(self._type_label, self.type)
        form.addRow(self.form)
        form.addRow(self.schedule)
        self._reason_label = QLabel("Reason")
        form.addRow(self._reason_label, self.reason)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addLayout(form)
        for part in (self._problem, self.permission, self.review, self.selected, self.templates):
            layout.addWidget(part)
        return page

    def _make_review_page(self) -> ReviewPage:
        page = ReviewPage()
        page.confirmed.connect(self._issue)
        page.left.connect(self.back)
        self.effect, self.proof = page.effect, page.proof
        self.confirm, self.cancel = page.confirm, page.cancel
        return page

    @property
    def is_confirming(self) -> bool:
        """Whether the review is shown."""
        return not self.page.isHidden()

    @property
    def is_many(self) -> bool:
        """Whether a batch is prepared."""
        return not self.many.isHidden()

    def _go_to(self, *, confirming: bool) -> None:
        self._form_page.setVisible(not confirming)
        self.page.setVisible(confirming)

    # -- the form ---------------------------------------------------------------------------

    def offer_targets(self) -> None:
        """Follow what was announced; cheap when nothing new came."""
        session = self._session
        now = (session.observations.catalogue_version, session.units.catalogue_version)
        if now != self._offered:
            self._offered = now
            self.target.offer([(t.id, t.name) for t in targets(session)])

    def compose(self, request: ComposeRequest) -> None:
        """Fill the form and go to it; prepared commands go to the review at once."""
        self.offer_targets()
        self._go_to(confirming=False)
        self._inverse_of = request.inverse_of
        self._followed_id = ""
        self.reason.setText(request.reason)
        self.schedule.clear()
        self._wanted = (request.type_id, request.args)
        self._show_targets(request)
        self._offer_types(request.type_id)
        self._show_type(request.args)
        if request.items:
            self._review_items(request)
        elif not (self.target.chosen_id() or self.is_many):
            self.target.setFocus(Qt.FocusReason.OtherFocusReason)
        elif not self.form.focus_first():
            self.review.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_targets(self, request: ComposeRequest) -> None:
        found = (target_of(self._session, target_id) for target_id in request.target_ids)
        many = [target for target in found if target is not None]
        self.target.choose("" if many else request.target_id)
        self.many.show_targets(many, request.title)
        self.many.setVisible(bool(many))
        for part in (self.target, self._target_label):
            part.setVisible(not many)

    @property
    def is_composing(self) -> bool:
        """Whether somebody has begun a command here: chosen a target or typed something."""
        if self.is_confirming or self.is_many or self.schedule.is_set:
            return True
        if self.reason.text() or self.values() != self._start_values:
            return True
        has_own_target = self.target.chosen_id() not in ("", self._followed_id)
        return has_own_target or (not self.target.chosen_id() and bool(self.target.currentText()))

    def follow_selection(self, selection: Selection) -> None:
        """Offer what was selected as the target, unless somebody is composing."""
        self.selected.follow()
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
        return self.form.values()

    def template_items(self) -> tuple[TemplateItem, ...]:
        """What the form holds, as it would be kept; () while its values do not fit."""
        command_type, chosen = self._type(), self._targets()
        args = self.values()
        if command_type is None or not chosen or field_errors(command_type.params, args):
            return ()
        return tuple(
            TemplateItem(type_id=command_type.id, args=args, target_id=t.id, target_name=t.name)
            for t in chosen
        )

    def back(self) -> None:
        """From the review to the form; from the form to an empty one."""
        if self.is_confirming and self._type() is not None:
            self._go_to(confirming=False)
            self.review.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._clear()

    def show_confirm_step(self) -> None:
        """Check the values and name the effect; wrong ones are told at their field."""
        command_type = self._type()
        is_offered = self.review.isEnabled() and bool(self._targets())
        if command_type is None or not is_offered or not self.form.check():
            return
        title = f"{command_type.title}: {self.many.title()}" if self.is_many else ""
        self._review(self._drafts_now(), title)

    def _review_items(self, request: ComposeRequest) -> None:
        drafts = tuple(
            Draft(type_id=item.type_id, target_id=item.target_id, args=item.args)
            for item in request.items
        )
        try:
            self._review(drafts, request.title)
        except CommandRejected as error:
            self._say(f"The template does not fit any more: {error}")
            self._go_to(confirming=False)

    def _review(self, drafts: tuple[Draft, ...], title: str) -> None:
        self._drafts, self._title = drafts, title
        now_ns = self._session.clock.now_ns()
        self._say("")
        self.page.show_drafts(
            self._session,
            drafts,
            title=title,
            schedule=timing_text(self.schedule.timing(now_ns), now_ns),
            preview=self.preview.show(drafts),
        )
        self._go_to(confirming=True)
        self.tell_permission()
        self.confirm.setFocus(Qt.FocusReason.OtherFocusReason)

    def event(self, event: QEvent) -> bool:
        """Keep Esc from the window's own use of it while there is something to back out of."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if is_override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            has_target = bool(self.target.chosen_id()) or self.is_many
            event.setAccepted(self.is_confirming or has_target)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc backs out; Enter in a field goes on to the review."""
        if event.key() == Qt.Key.Key_Escape:
            self.back()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not self.is_confirming:
            self.show_confirm_step()
        else:
            super().keyPressEvent(event)

    # -- the picture of it ------------------------------------------------------------------

    def tell_preview(self) -> None:
        """Draw what the form would change while somebody composes; called a few times a second."""
        if not self.is_confirming:
            self.preview.show(self._drafts_now() if self.is_composing else ())

    def tell_permission(self) -> None:
        """Say why the hub would refuse it, or what it waits for; called a few times a second."""
        if self.is_confirming:
            pairs = [(draft.type_id, draft.target_id) for draft in self._drafts]
        else:
            type_id = str(self.type.currentData() or "")
            pairs = [(type_id, target.id) for target in self._targets() if type_id]
        against = why_not_all(self._session, pairs)
        note = against or waits_for(self._session, pairs)
        say(self.permission, note)
        offer(self.review, against, tip=self.review.full_text)
        self.page.show_permission(against, note)

    def _drafts_now(self) -> tuple[Draft, ...]:
        """What the form holds; () while its values do not fit."""
        return tuple(
            Draft(type_id=item.type_id, target_id=item.target_id, args=item.args)
            for item in self.template_items()
        )

    # -- inside -----------------------------------------------------------------------------

    def _targets(self) -> list[Target]:
        ids = self.many.ids() if self.is_many else (self.target.chosen_id(),)
        return [one for key in ids if (one := target_of(self._session, key)) is not None]

    def _type(self) -> CommandType | None:
        return command_types().get(str(self.type.currentData() or ""))

    def _choose_target(self, _target_id: str) -> None:
        self._inverse_of = ""
        type_id, args = self._wanted
        self._offer_types(type_id)
        self._show_type(args if self.type.currentData() == type_id else {})

    def _follow_many(self) -> None:
        type_id, args = str(self.type.currentData() or ""), self.values()
        self._offer_types(type_id)
        self._show_type(args)

    def _offer_types(self, type_id: str) -> None:
        offered = shared_types(self._targets())
        was = self.type.blockSignals(True)
        self.type.clear()
        for command_type in offered:
            self.type.addItem(command_type.title, command_type.id)
        self.type.setCurrentIndex(max(self.type.findData(type_id), 0))
        self.type.blockSignals(was)

    def _show_type(self, values: Mapping[str, Any]) -> None:
        command_type, chosen = self._type(), self._targets()
        is_ready = command_type is not None and bool(chosen)
        for part in (
            *(self.type, self._type_label, self.schedule, self.reason, self._reason_label),
            *(self.permission, self.review, self.form),
        ):
            part.setVisible(is_ready)
        self._say("")
        if command_type is None or not chosen:
            self.form.show_type(None, {})
            self._start_values = {}
            if chosen:
                names = chosen[0].name if len(chosen) == 1 else "These targets together"
                verb = "accepts" if len(chosen) == 1 else "accept"
                self._say(f"{names} {verb} no command that this console knows")
            return
        if len(chosen) == 1:
            values = present_args(self._session, command_type, chosen[0].id) | dict(values)
        self.form.show_type(command_type, values, chosen[0].id)
        self._start_values = self.values()
        name = self.many.title() if self.is_many else chosen[0].name
        what = f"{command_type.title}: {name}" if self.is_many else phrase(command_type, name)
        self.review.say(f"{what}…")
        self.tell_permission()

    def _issue(self) -> None:
        if not self._drafts or not self.is_confirming or not self.confirm.isEnabled():
            return
        session, drafts, reason = self._session, self._drafts, self.reason.text()
        timing = self.schedule.timing(session.clock.now_ns())
        try:
            if len(drafts) == 1:
                one = drafts[0]
                request = issue_command(
                    session, one.type_id, one.target_id, one.args, reason, self._inverse_of, timing
                )
            else:
                batch = issue_batch(session, self._title, drafts, reason, timing)
                request = batch.requests[0]
        except CommandRejected as error:
            self._go_to(confirming=False)
            self._say(str(error))
            return
        self._clear()
        self.issued.emit(request.id)

    def _clear(self) -> None:
        self._go_to(confirming=False)
        self._drafts = ()
        self._wanted = ("", {})
        self._followed_id = ""
        self.many.hide()
        self.target.show()
        self._target_label.show()
        self.target.choose("")
        self.reason.clear()
        self.schedule.clear()
        self._session.compose_request = None
        self._choose_target("")
        self.preview.show(())

    def _say(self, sentence: str) -> None:
        say(self._problem, sentence)
