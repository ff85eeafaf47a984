"""The loud step before a command is released without its approvals."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout

from twin.waiting import Waiting
from widgets.parts.approval_words import effect_sentence
from widgets.parts.elided_button import ElidedButton
from widgets.parts.labels import say, wrapped
from widgets.parts.permission import offer
from widgets.parts.wording import count_text


class GlassPage(QFrame):
    """Names the effect, wants a reason. GUI thread.

    Signals: ``broken(str)`` with the reason; ``left()`` when the person backs out.
    """

    broken = Signal(str)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "alarm-card")
        self._heading = wrapped("alarm-heading")
        self._heading.setText("Break the glass: release without approval")
        self._sentence = wrapped("")
        self.reason = QLineEdit()
        self.reason.setMaxLength(500)
        self.reason.setPlaceholderText("Why it cannot wait; everybody reads it")
        self.reason.setAccessibleName("Why it cannot wait")
        self.problem = wrapped("error")
        self.problem.hide()
        self.confirm = ElidedButton()
        self.confirm.setProperty("role", "danger-filled")
        self.confirm.clicked.connect(lambda _checked=False: self._break())
        self.back = QPushButton("Back")
        self.back.clicked.connect(lambda _checked=False: self.left.emit())
        self.reason.returnPressed.connect(self._break)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.confirm)
        buttons.addWidget(self.back)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        for part in (self._heading, self._sentence, self.reason, self.problem):
            layout.addWidget(part)
        layout.addLayout(buttons)
        layout.addStretch(1)
        self.hide()

    def open(self, waiting: Waiting) -> None:
        """Name the effect and whose approval is skipped."""
        approval = waiting.approval
        missing = count_text(approval.needed - len(approval.grants), "approval")
        self._sentence.setText(
            f"{effect_sentence(waiting.first)} It goes now, without the missing {missing}. Every"
            " console shows who did it and why, and somebody else has to review it."
        )
        self.confirm.say("Release without approval")
        self.reason.clear()
        self.problem.hide()
        self.show()
        self.reason.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_against(self, against: str) -> None:
        """Say why the hub would refuse it; "" = nothing is known against it."""
        offer(self.confirm, against, tip=self.confirm.full_text)
        if against:
            say(self.problem, against)

    def _break(self) -> None:
        reason = self.reason.text().strip()
        if not self.confirm.isEnabled():
            return
        if len(reason) < 5:
            say(self.problem, "Breaking the glass needs a reason that others can judge")
            self.reason.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.broken.emit(reason)
