"""One command opened: its facts and steps, and what can be done about it now."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from twin.room.model import Command, CommandRequest, CommandState
from twin.security.actions import CANCEL
from twin.session import Selection, TwinSession
from widgets.actions import ActionTable
from widgets.parts.command_steps import facts_of, undo_step
from widgets.parts.command_words import queued_text, request_phrase
from widgets.parts.elided_button import ElidedButton
from widgets.parts.fact_table import FactView
from widgets.parts.labels import say, wrapped
from widgets.parts.permission import offer, why_not
from widgets.parts.places import place_of

APPROVALS_ACTION = "panel.show.approvals"
_FLY_M = 220.0
_CANCEL_TIP = "Take it back; what was done already is not undone"


class CommandDetails(QWidget):
    """Facts and buttons; hidden while nothing is shown. GUI thread."""

    def __init__(self, session: TwinSession, actions: ActionTable, *, most_rows: int = 7) -> None:
        super().__init__()
        self._session = session
        self._actions = actions
        self._command: Command | None = None
        self._request: CommandRequest | None = None
        self.title, self.note = wrapped("title"), wrapped("muted")
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.facts = FactView(most_rows=most_rows)
        self.facts.setAccessibleName("Facts of the command")
        self.cancel = QPushButton("Cancel command")
        self.against_cancel = wrapped("muted")
        self.cancel.clicked.connect(lambda _checked=False: self._cancel())
        self.undo = ElidedButton()
        self.undo.clicked.connect(lambda _checked=False: self._undo())
        self.approval = QPushButton("See its approval")
        self.approval.clicked.connect(lambda _checked=False: actions.run(APPROVALS_ACTION))
        self.fly = QPushButton("Fly there")
        self.fly.clicked.connect(lambda _checked=False: self._fly())
        first, second = QHBoxLayout(), QHBoxLayout()
        for row, parts in ((first, (self.cancel, self.approval, self.fly)), (second, (self.undo,))):
            row.setSpacing(8)
            for part in parts:
                row.addWidget(part)
            row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self.title)
        layout.addWidget(self.note)
        layout.addLayout(first)
        layout.addWidget(self.against_cancel)
        layout.addLayout(second)
        layout.addWidget(self.facts)
        self.hide()

    def show_command(self, request: CommandRequest | None, command: Command | None) -> None:
        """Show another command, or bring this one up to date; None = nothing.

        Parameters
        ----------
        command : None while it waits in the outbox
        """
        self._request, self._command = request, command
        self.setVisible(request is not None)
        if request is None:
            return
        self.title.setText(request_phrase(request))
        is_queued = command is not None and command.state is CommandState.QUEUED
        say(self.note, queued_text(self._session, command) if command and is_queued else "")
        self.facts.show_facts(facts_of(self._session, request, command))
        is_open = command is not None and not command.is_terminal
        self.cancel.setVisible(is_open)
        against = why_not(self._session, CANCEL, request.id) if is_open else ""
        offer(self.cancel, against, tip=_CANCEL_TIP)
        say(self.against_cancel, against)
        waits = command is not None and command.state is CommandState.AWAITING_APPROVAL
        self.approval.setVisible(waits and self._actions.get(APPROVALS_ACTION) is not None)
        step = undo_step(self._session, command) if command is not None else None
        self.undo.setVisible(step is not None)
        if step is not None:
            self.undo.say(step[1])

    def _cancel(self) -> None:
        if self._request is not None:
            self._session.hub.cancel(self._request.id)

    def _undo(self) -> None:
        step = undo_step(self._session, self._command) if self._command is not None else None
        if step is not None:
            self._session.compose(step[0])

    def _fly(self) -> None:
        if self._request is None:
            return
        selection = selection_of(self._session, self._request.target_id)
        self._session.select(selection)
        place = place_of(self._session, selection)
        if place is not None:
            self._session.fly_to_requested.emit((*place[1], _FLY_M))


def selection_of(session: TwinSession, target_id: str) -> Selection:
    """What selects a target, be it a thing or a unit."""
    if session.units.slot_of(target_id) >= 0:
        return Selection(unit_id=target_id)
    return Selection(thing_id=target_id)
