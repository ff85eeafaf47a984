"""One task or step opened: what it asks, what is known for it, its command, done or skipped."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QLineEdit, QPushButton, QVBoxLayout, QWidget

from twin.clock import NS_PER_S
from twin.commanding import command_types
from twin.errors import CommandRejected
from twin.playbooks.model import Step
from twin.playbooks.working import (
    StepNow,
    StepOrder,
    command_step,
    finish_step,
    order_now,
    skip_step,
    step_now,
    take_step,
)
from twin.room.model import CommandState
from twin.room.parts.incidents import Incident, Incidents, Task
from twin.session import TwinSession
from widgets.parts.command_words import STATE_WORDS, request_phrase
from widgets.parts.elided_button import ElidedButton
from widgets.parts.incident_page import focus, row_of
from widgets.parts.incident_words import readings_text
from widgets.parts.labels import say, wrapped
from widgets.parts.permission import Deed, tell
from widgets.style import set_role

#: Values are looked up anew after so long: in a large city that costs some milliseconds.
_ASK_AGAIN_NS = 2 * NS_PER_S


class StepCard(QFrame):
    """Buttons change with the state of the task. GUI thread.

    Signals
    -------
    asked(str), failed(str)
        As of `IncidentPage`.
    """

    asked = Signal(str)
    failed = Signal(str)

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._session = session
        self._task: Task | None = None
        self._order: StepOrder | None = None
        self._asked_s = -1
        self._now: StepNow | None = None
        self.title, self.text = wrapped("title"), wrapped()
        self.values, self.guard = wrapped("muted"), wrapped()
        self.commands, self.note = wrapped("muted"), wrapped("muted")
        self._wants_override = False
        self._make_answer()
        self._make_buttons()
        self._make_confirm()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(6)
        for label in (self.title, self.text, self.values, self.guard, self.commands):
            layout.addWidget(label)
        for part in (self.choice, self.found, self.override):
            layout.addWidget(part)
        layout.addLayout(row_of(self.take, self.order))
        layout.addLayout(row_of(self.done, self.skip))
        layout.addWidget(self.confirm)
        layout.addWidget(self.note)
        self.hide()

    def _make_answer(self) -> None:
        self.choice = QComboBox()
        self.choice.setAccessibleName("Answer")
        self.choice.activated.connect(lambda _index: self._show_buttons())
        self.found, self.override = QLineEdit(), QLineEdit()
        self.found.setAccessibleName("What was found, or why it is skipped")
        self.found.setPlaceholderText("What was found, or why it is skipped")
        self.override.setAccessibleName("Why it is passed over")
        for line in (self.found, self.override):
            line.setMaxLength(500)

    def _make_buttons(self) -> None:
        self.take, self.order = QPushButton("Take it"), ElidedButton()
        self.done, self.skip = QPushButton("Done"), QPushButton("Skip it")
        self.take.clicked.connect(lambda _checked=False: self._take())
        self.order.clicked.connect(lambda _checked=False: self._open_confirm())
        self.done.clicked.connect(lambda _checked=False: self._done())
        self.skip.clicked.connect(lambda _checked=False: self._skip())

    def _make_confirm(self) -> None:
        self.confirm = QWidget()
        self.effect = wrapped()
        self.really, self.back = ElidedButton(), QPushButton("Back")
        self.really.setProperty("role", "primary")
        self.really.clicked.connect(lambda _checked=False: self._give())
        self.back.clicked.connect(lambda _checked=False: self._close_confirm())
        column = QVBoxLayout(self.confirm)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.effect)
        column.addLayout(row_of(self.really, self.back))
        self.confirm.hide()

    # -- showing ------------------------------------------------------------------------------

    @property
    def _incident(self) -> Incident | None:
        task = self._task
        part = self._session.hub.room[Incidents]
        return part.by_id.get(task.incident) if task is not None else None

    @property
    def step(self) -> Step | None:
        """The step of a playbook that the task is, None = somebody gave it."""
        task = self._task
        run = self._session.hub.room[Incidents].run_of(task) if task is not None else None
        return run.playbook.step(task.step) if run is not None and task is not None else None

    def show_task(self, task: Task | None) -> None:
        """Show another task, or bring this one up to date; None = nothing."""
        is_other = (task.id if task else "") != (self._task.id if self._task else "")
        self._task = task
        self.setVisible(task is not None)
        if task is None:
            return
        step = self.step
        if is_other:
            self._asked_s, self._now, self._wants_override = -1, None, False
            self.confirm.hide()
            self.found.clear()
            self.override.clear()
            self._offer(step)
        self.title.setText(task.title)
        say(self.text, step.text if step is not None else "")
        self._show_known(task, step)
        self._show_commands(task)
        self._show_buttons()

    def _offer(self, step: Step | None) -> None:
        self.choice.clear()
        for one in step.choices if step is not None else ():
            self.choice.addItem(one.title, one.id)
        self.choice.setCurrentIndex(-1)
        self.choice.setPlaceholderText("Choose the answer")

    def _show_known(self, task: Task, step: Step | None) -> None:
        """Values, guard and proposed answer, asked anew now and then while it is open."""
        is_over = task.status in ("done", "skipped")
        if is_over or step is None:
            evidence = task.evidence
            say(self.values, readings_text(evidence.readings) if evidence is not None else "")
            say(self.guard, "")
            return
        now_s = self._session.clock.now_ns() // _ASK_AGAIN_NS
        incident = self._incident
        if incident is None or now_s == self._asked_s:
            return
        self._asked_s = now_s
        self._now = step_now(self._session, incident, step)
        missing = "Nothing that it collects is known near the incident" if step.collect else ""
        say(self.values, readings_text(self._now.readings) or missing)
        say(self.guard, self._guard_text(step, self._now))
        if self._now.proposed and self.choice.currentIndex() < 0:
            self.choice.setCurrentIndex(self.choice.findData(self._now.proposed))
            self.choice.setToolTip("The values speak for this answer")

    def _guard_text(self, step: Step, now: StepNow) -> str:
        if not step.guard or now.guard is True:
            return f"It may go on: {step.guard_text or step.guard}" if step.guard else ""
        why = f" ({now.guard})" if isinstance(now.guard, str) else ""
        return f"Waits until {step.guard_text or step.guard}{why}"

    def _show_commands(self, task: Task) -> None:
        room, told = self._session.hub.room, []
        for command_id in task.evidence.commands if task.evidence is not None else ():
            command = room.commands.get(command_id)
            if command is not None:
                state = STATE_WORDS[command.state].lower()
                why = f" – {command.state_text}" if command.state_text else ""
                told.append(f"{request_phrase(command.request)}: {state}{why}")
        say(self.commands, "\n".join(told))

    def _show_buttons(self) -> None:
        task, step = self._task, self.step
        if task is None:
            return
        incident = self._incident
        is_over = task.status in ("done", "skipped") or incident is None or not incident.is_open
        if is_over:
            self.confirm.hide()
        can_move = not is_over and self.confirm.isHidden()
        has_order = step is not None and step.command is not None
        self.take.setVisible(can_move and task.status == "open")
        self.order.setVisible(can_move and has_order)
        if step is not None and step.command is not None:
            known = command_types().get(step.command.type_id)
            self.order.say(f"{known.title}…" if known is not None else step.command.type_id)
        is_question = step is not None and bool(step.choices)
        self.choice.setVisible(is_question and not is_over)
        self.found.setVisible(can_move)
        waits = self._now is not None and self._now.guard is not True
        is_held = bool(self._held_by(task, step)) and (self._wants_override or not has_order)
        is_held = is_held or (has_order and waits and not self.confirm.isHidden())
        self.override.setVisible(not is_over and is_held)
        self.override.setPlaceholderText("Why it is done all the same; everybody reads it")
        for button in (self.done, self.skip):
            button.setVisible(can_move)
        wants_order = has_order and not (task.evidence and task.evidence.commands)
        set_role(self.order, "primary" if wants_order else "")
        set_role(self.done, "" if wants_order else "primary")
        self._tell_permissions(task)

    def _tell_permissions(self, task: Task) -> None:
        """What the hub would refuse of the task, and of the command that it is about to give."""
        deeds = [
            Deed(self.take, "task.set", task.id),
            Deed(self.done, "task.set", task.id, tip="Tick it, with the values above"),
            Deed(self.skip, "task.set", task.id, tip="Skip it, for the reason in the field"),
            Deed(self.order, "task.set", task.id),
        ]
        if self._order is not None:
            draft = self._order.draft
            deeds.append(Deed(self.really, draft.type_id, draft.target_id))
        tell(self._session, self.note, deeds)

    def _held_by(self, task: Task, step: Step | None) -> str:
        """What stands against ticking it, which a reason may pass over; "" = nothing."""
        if step is None:
            return ""
        if step.command is None:
            is_held = self._now is not None and self._now.guard is not True
            return f"It waits: {step.guard_text or step.guard}" if is_held else ""
        room, ids = self._session.hub.room, task.evidence.commands if task.evidence else ()
        if not ids:
            return "Its command was not given"
        commands = [room.commands.get(one) for one in ids]
        if any(c is not None and c.state is CommandState.VERIFIED for c in commands):
            return ""
        return "The city does not show the effect of its command yet"

    # -- doing --------------------------------------------------------------------------------

    def _take(self) -> None:
        if self._task is not None:
            self.asked.emit(take_step(self._session, self._task))

    def _open_confirm(self) -> None:
        step, incident = self.step, self._incident
        if step is None or step.command is None or incident is None:
            return
        try:
            self._order = order_now(self._session, incident, step.command)
        except CommandRejected as error:
            self.failed.emit(str(error))
            return
        self.effect.setText(
            f"{self._order.effect}. The usual rights, interlocks and approvals decide."
        )
        known = command_types().get(step.command.type_id)
        self.really.say(f"{known.title if known else 'Give it'}: {self._order.target_name}")
        self.confirm.show()
        self._show_buttons()
        focus(self.really)

    def back_out(self) -> bool:
        """Leave the confirm step; False when it is not open."""
        if self.confirm.isHidden():
            return False
        self._close_confirm()
        return True

    def _close_confirm(self) -> None:
        self.confirm.hide()
        self._show_buttons()
        focus(self.order)

    def _give(self) -> None:
        task, step = self._task, self.step
        if task is None or step is None or self._order is None:
            return
        reason = self.override.text().strip()
        try:
            _request, act_id = command_step(self._session, task, step, self._order, reason)
        except CommandRejected as error:
            self.failed.emit(str(error))
            return
        self.confirm.hide()
        self._show_buttons()
        self.asked.emit(act_id)

    def _done(self) -> None:
        task, step = self._task, self.step
        if task is None:
            return
        choice = str(self.choice.currentData() or "")
        if step is not None and step.choices and not choice:
            self.failed.emit("Choose the answer first")
            focus(self.choice)
            return
        held = self._held_by(task, step)
        if held and not self.override.text().strip():
            self._wants_override = True
            self._show_buttons()
            self.failed.emit(f"{held}; wait, or say why it is done all the same")
            focus(self.override)
            return
        act_id = finish_step(
            self._session, task, found=self.found.text(), choice=choice,
            override=self.override.text() if not self.override.isHidden() else "",
        )  # fmt: skip
        self.asked.emit(act_id)

    def _skip(self) -> None:
        reason = self.found.text().strip()
        if not reason:
            self.failed.emit("Say in the field why it is skipped")
            self.found.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        if self._task is not None:
            self.asked.emit(skip_step(self._session, self._task, reason))
