"""Composing a handover of the shift, and reading one: to accept it, or how it was."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from twin.room.model import Operator
from twin.room.parts.shifts import Handover, HandoverItem
from widgets.parts.command_words import operator_text
from widgets.parts.inks import Inks
from widgets.parts.labels import say, wrapped
from widgets.parts.permission import offer
from widgets.parts.section_list import SectionDelegate, SectionList, section_view
from widgets.parts.shift_words import handover_words, item_sections

_MAX_TEXT = 2_000


class ComposePage(QWidget):
    """To whom, own words, and what is handed over, gathered by itself.

    Signals
    -------
    sent, left : the person wants to send it, or goes back
    """

    sent = Signal()
    left = Signal()

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self.items: tuple[HandoverItem, ...] = ()
        self._people: tuple[Operator, ...] = ()
        self.to = QComboBox()
        self.to.setAccessibleName("To whom")
        self.to.setMinimumContentsLength(10)
        self.text = QPlainTextEdit()
        self.text.setPlaceholderText("What they should know, in your words")
        self.text.setAccessibleName("What they should know")
        self.text.setTabChangesFocus(True)
        self.text.setFixedHeight(84)
        self.model = SectionList()
        self._delegate = SectionDelegate(inks)
        self.list = section_view(self.model, self._delegate, "What is handed over")
        self.send = QPushButton("Hand the shift over")
        self.send.setProperty("role", "primary")
        self.send.clicked.connect(lambda _checked=False: self.sent.emit())
        self.back = QPushButton("Back")
        self.back.clicked.connect(lambda _checked=False: self.left.emit())
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.send)
        row.addWidget(self.back)
        row.addStretch(1)
        top = QVBoxLayout()
        top.setContentsMargins(12, 12, 12, 8)
        top.setSpacing(8)
        top.addWidget(wrapped("heading", "Hand the shift over to"))
        top.addWidget(self.to)
        top.addWidget(self.text)
        top.addLayout(row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.list, 1)

    def begin(self, items: tuple[HandoverItem, ...], people: Sequence[Operator]) -> None:
        """Begin anew with what was gathered."""
        self.items = items
        self._people = tuple(people)
        self.to.clear()
        self.to.addItem("Whoever accepts it")
        for person in self._people:
            self.to.addItem(operator_text(person))
        self.text.clear()
        self.model.show_sections(item_sections(items))
        self.text.setFocus()

    def receiver(self) -> Operator | None:
        """Who is to accept it, None = anybody."""
        at = self.to.currentIndex() - 1
        return self._people[at] if 0 <= at < len(self._people) else None

    def words(self) -> str:
        """The person's own words."""
        return self.text.toPlainText().strip()[:_MAX_TEXT]


class ReadPage(QWidget):
    """One handover: words, things, both names and times; accepting it or sending it back.

    Signals
    -------
    accepted, sent_back, left : what the person wants
    """

    accepted = Signal()
    sent_back = Signal()
    left = Signal()

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self.handover: Handover | None = None
        self.who = wrapped("muted")
        self.text = wrapped()
        self.answer = QLineEdit()
        self.answer.setMaxLength(_MAX_TEXT)
        self.answer.setAccessibleName("Your answer")
        self.answer.setPlaceholderText("Your answer; needed to send it back")
        self.answer.textChanged.connect(lambda _text: self._show_deeds())
        self.accept = QPushButton("Accept the shift")
        self.accept.setProperty("role", "primary")
        self.accept.clicked.connect(lambda _checked=False: self.accepted.emit())
        self.send_back = QPushButton("Send it back")
        self.send_back.clicked.connect(lambda _checked=False: self.sent_back.emit())
        self.back = QPushButton("Back")
        self.back.clicked.connect(lambda _checked=False: self.left.emit())
        self.model = SectionList()
        self._delegate = SectionDelegate(inks)
        self.list = section_view(self.model, self._delegate, "What is handed over")
        self.note = wrapped("muted")
        self._against_accept = self._against_sending = ""
        self._may_accept = self._may_send_back = False
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in (self.accept, self.send_back, self.back):
            row.addWidget(button)
        row.addStretch(1)
        top = QVBoxLayout()
        top.setContentsMargins(12, 12, 12, 8)
        top.setSpacing(8)
        top.addWidget(self.who)
        top.addWidget(self.text)
        top.addWidget(self.answer)
        top.addLayout(row)
        top.addWidget(self.note)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.list, 1)

    def show_against(self, *, accept: str, send_back: str) -> None:
        """Say why the hub would refuse either answer; "" = nothing is known against it."""
        self._against_accept, self._against_sending = accept, send_back
        self._show_deeds()

    def show_handover(self, handover: Handover, me: Operator) -> None:
        """Show a handover to somebody."""
        self.handover = handover
        self.who.setText(handover_words(handover))
        say(self.text, handover.text)
        self.model.show_sections(item_sections(handover.items))
        is_open = handover.state == "open"
        is_mine = handover.by.identity == me.identity
        is_for_me = handover.to is None or handover.to.identity == me.identity
        self._may_accept = is_open and not is_mine and is_for_me
        self._may_send_back = is_open and (is_mine or is_for_me)
        self.send_back.setText("Take it back" if is_mine else "Send it back")
        self._show_deeds()

    def _show_deeds(self) -> None:
        self.accept.setVisible(self._may_accept)
        offer(self.accept, self._against_accept, tip="With your name and the time")
        self.send_back.setVisible(self._may_send_back)
        offer(self.send_back, self._against_sending, tip="With a sentence that says why")
        if not self.answer.text().strip():
            self.send_back.setEnabled(False)
        against = self._against_accept if self._may_accept else self._against_sending
        say(self.note, against if self._may_accept or self._may_send_back else "")
        self.answer.setVisible(self._may_accept or self._may_send_back)
