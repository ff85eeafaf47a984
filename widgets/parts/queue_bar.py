"""Held queues: which are held by whom, letting them go, and holding another one."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from twin.acting import hold_queue, release_queue
from twin.commanding import command_types, target_of
from twin.room.model import Command
from twin.room.parts.batches import Batches
from twin.room.parts.holds import ALL, Hold, Holds
from twin.session import TwinSession
from twin.waiting import whoami
from widgets.parts.command_words import operator_text
from widgets.parts.elided_button import ElidedButton
from widgets.parts.permission import offer, why_not
from widgets.parts.wording import clock_text

_HOLD_TIP = "Keep a queue back: nothing in it leaves until it is let go"


def queue_title(session: TwinSession, queue: str) -> str:
    """A queue for a person: "everything", "water", "Close road", "North gate"."""
    kind, _, name = queue.partition(":")
    if queue == ALL:
        return "everything"
    if kind == "type":
        command_type = command_types().get(name)
        return f"“{command_type.title}”" if command_type is not None else name
    if kind == "target":
        target = target_of(session, name)
        return target.name if target is not None else name
    if kind == "batch":
        batch = session.hub.room[Batches].by_id.get(name)
        return f"batch “{batch.title}”" if batch is not None else "a batch"
    return name.replace("_", " ")


class QueueBar(QWidget):
    """One button for each held queue that lets it go, and a menu to hold one. GUI thread."""

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self._command: Command | None = None
        self._shown: tuple[Hold, ...] | None = None
        self._queue = ""
        self.held: list[ElidedButton] = []
        self._line = QWidget()
        self.hold = QPushButton("Hold…")
        self.note = QLabel()
        self.note.setProperty("role", "caption")
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.menu = QMenu(self.hold)
        self.menu.aboutToShow.connect(self.fill)
        self.hold.setMenu(self.menu)
        self.reason = QLineEdit()
        self.reason.setMaxLength(300)
        self.reason.setAccessibleName("Why the queue is held")
        self.reason.returnPressed.connect(self.hold_now)
        self.confirm = ElidedButton()
        self.confirm.setProperty("role", "primary")
        self.confirm.clicked.connect(lambda _checked=False: self.hold_now())
        self.back = QPushButton("Back")
        self.back.clicked.connect(lambda _checked=False: self._line.hide())
        line = QHBoxLayout(self._line)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        for part, stretch in ((self.reason, 1), (self.confirm, 0), (self.back, 0)):
            line.addWidget(part, stretch)
        self._line.hide()
        self._label = QLabel("Held:")
        self._label.setProperty("role", "heading")
        self._row = QHBoxLayout()
        self._row.setSpacing(8)
        self._row.addWidget(self.hold)
        self._row.addWidget(self._label)
        self._row.addWidget(self.note, 1)
        self._row.addStretch(0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._row)
        layout.addWidget(self._line)
        self.follow()

    def show_command(self, command: Command | None) -> None:
        """Offer the queues of a command besides."""
        self._command = command

    def tell_permissions(self) -> None:
        """Say what the hub would refuse; called a few times a second."""
        against = why_not(self._session, "queue.hold", ALL)
        offer(self.hold, against, tip=_HOLD_TIP)
        offer(self.confirm, against, tip=self.confirm.full_text)
        for button, hold in zip(self.held, self._shown or (), strict=True):
            against_release = why_not(self._session, "queue.release", hold.queue)
            offer(button, against_release, tip=_held_tip(hold))
            against = against or against_release
        self.note.setText(against)
        self.note.setToolTip(against)

    def follow(self) -> None:
        """Show what is held now."""
        holds = tuple(self._session.hub.room[Holds].by_queue.values())
        if holds == self._shown:
            return
        self._shown = holds
        for button in self.held:
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.held = [self._button(hold) for hold in holds]
        for at, button in enumerate(self.held):
            self._row.insertWidget(2 + at, button)
        self._label.setVisible(bool(holds))
        self.tell_permissions()

    def fill(self) -> None:
        """The queues that can be held now."""
        self.menu.clear()
        me, command = whoami(self._session), self._command
        queues = [ALL, f"department:{me.department}"] if me.department else [ALL]
        if command is not None:
            request = command.request
            queues += [
                f"department:{command.issued_by.department}",
                f"type:{request.type_id}",
                f"target:{request.target_id}",
            ]
            queues += [f"batch:{request.batch}"] if request.batch else []
        held = {hold.queue for hold in self._shown or ()}
        for queue in dict.fromkeys(queues):
            entry = self.menu.addAction(f"Hold {queue_title(self._session, queue)}…")
            entry.setEnabled(queue not in held)
            entry.triggered.connect(lambda _checked=False, q=queue: self.ask(q))

    def ask(self, queue: str) -> None:
        """Ask why a queue is to be held."""
        self._queue = queue
        name = queue_title(self._session, queue)
        self.reason.clear()
        self.reason.setPlaceholderText(f"Why {name} is held; everybody reads it")
        self.confirm.say(f"Hold {name}")
        self._line.show()
        self.reason.setFocus(Qt.FocusReason.OtherFocusReason)

    def hold_now(self) -> None:
        """Hold the queue that was asked about."""
        if self._queue and self.confirm.isEnabled():
            hold_queue(self._session, self._queue, self.reason.text().strip())
        self._queue = ""
        self._line.hide()

    def _button(self, hold: Hold) -> ElidedButton:
        name = queue_title(self._session, hold.queue)
        button = ElidedButton(f"Let go {name}")
        button.setToolTip(_held_tip(hold))
        button.clicked.connect(lambda _checked=False: release_queue(self._session, hold.queue))
        return button


def _held_tip(hold: Hold) -> str:
    reason = f": {hold.reason}" if hold.reason else ""
    return f"Held by {operator_text(hold.by)} since {clock_text(hold.t_ns)}{reason}"
