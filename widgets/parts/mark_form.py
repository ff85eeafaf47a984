"""The form of a mark that is made or changed, before everybody sees it."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from twin.clock import NS_PER_S
from twin.marking import KIND_WORDS, PURPOSES, Draft
from twin.room.parts.incidents import Incidents
from twin.session import TwinSession
from widgets.parts.labels import wrapped
from widgets.parts.permission import Deed, tell

#: Words and seconds until a mark is removed by itself.
TIMES: tuple[tuple[str, int], ...] = (
    ("Stays until it is removed", 0),
    ("15 minutes", 900),
    ("1 hour", 3_600),
    ("4 hours", 14_400),
    ("12 hours", 43_200),
)
_TEXT_PX = 64


class MarkForm(QWidget):
    """Words, purpose and time of the session's draft. GUI thread.

    Signals
    -------
    shared(Draft)
        The person wants everybody to see it.
    """

    shared = Signal(object)

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self._draft: Draft | None = None
        self.heading = QLabel()
        self.heading.setProperty("role", "title")
        self.title = QLineEdit()
        self.title.setMaxLength(120)
        self.title.returnPressed.connect(self._share)
        self.text = QPlainTextEdit()
        self.text.setFixedHeight(_TEXT_PX)
        self.text.setTabChangesFocus(True)
        self.purpose = QComboBox()
        for word in PURPOSES:
            self.purpose.addItem(word.capitalize() or "Not told", word)
        self.incident = QComboBox()
        self.incident.setEditable(True)
        self.incident.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        line = self.incident.lineEdit()
        if line is not None:
            line.setMaxLength(64)
            line.setPlaceholderText("If it belongs to one")
        self.time = QComboBox()
        for words, seconds in TIMES:
            self.time.addItem(words, seconds)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setProperty("role", "error")
        self.note = wrapped("muted")
        self.share = QPushButton()
        self.share.setProperty("role", "primary")
        self.share.clicked.connect(lambda _checked=False: self._share())
        self.discard = QPushButton("Discard")
        self.discard.clicked.connect(lambda _checked=False: session.set_draft(None))
        self._lay_out()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(6)
        for words, editor in (
            ("Title", self.title),
            ("Text", self.text),
            ("Purpose", self.purpose),
            ("Incident", self.incident),
            ("Removed", self.time),
        ):
            editor.setAccessibleName(words)
            form.addRow(words, editor)
        self._form = form
        buttons = QHBoxLayout()
        buttons.addWidget(self.share)
        buttons.addWidget(self.discard)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.heading)
        layout.addLayout(form)
        layout.addWidget(self.problem)
        layout.addLayout(buttons)
        layout.addWidget(self.note)

    def show_draft(self, draft: Draft | None) -> None:
        """Show another draft; what was typed into the one that is open stays."""
        old, self._draft = self._draft, draft
        self.setVisible(draft is not None)
        if draft is None:
            return
        self.problem.setText(draft.problem)
        self.problem.setVisible(bool(draft.problem))
        word = KIND_WORDS[draft.kind].lower()
        self.heading.setText(f"Change this {word}" if draft.rev else f"New {word}")
        self.share.setText("Share the change" if draft.rev else f"Share this {word}")
        is_area = draft.kind in ("area", "circle")
        self._form.setRowVisible(self.purpose, is_area)
        if old is None or old.id != draft.id:
            self._fill(draft)
            self.title.setFocus()
        self.tell_permissions()

    def tell_permissions(self) -> None:
        """Turn sharing off while the hub would refuse it."""
        draft = self._draft
        if draft is not None:
            about = draft.id if draft.rev else ""
            tell(self._session, self.note, [Deed(self.share, "mark.put", about)])

    def _fill(self, draft: Draft) -> None:
        self.title.setText(draft.title)
        self.text.setPlainText(draft.text)
        self.purpose.setCurrentIndex(max(self.purpose.findData(draft.purpose), 0))
        self._offer_incidents(draft.incident)
        is_kept = draft.rev > 0 and draft.expires_ns > 0
        if self.time.itemData(self.time.count() - 1) == -1:
            self.time.removeItem(self.time.count() - 1)
        if is_kept:
            self.time.addItem("As it was", -1)
        self.time.setCurrentIndex(self.time.count() - 1 if is_kept else 0)

    def _offer_incidents(self, chosen: str) -> None:
        """Open incidents by their titles; another one by the name that is typed."""
        self.incident.clear()
        self.incident.addItem("", "")
        for incident in self._session.hub.room[Incidents].open:
            self.incident.addItem(incident.title, incident.id)
        row = self.incident.findData(chosen)
        self.incident.setCurrentIndex(max(row, 0))
        if row < 0:
            self.incident.setEditText(chosen)

    def _incident(self) -> str:
        row = self.incident.findText(self.incident.currentText())
        if row >= 0:
            return str(self.incident.itemData(row))
        return "-".join(self.incident.currentText().split())

    def _share(self) -> None:
        draft = self._draft
        if draft is None or not self.share.isEnabled():
            return
        filled = self._filled(draft)
        if draft.kind == "note" and not (filled.title or filled.text):
            self.problem.setText("A note needs a title or a text")
            self.problem.show()
            self.title.setFocus()
            return
        self.shared.emit(filled)

    def _filled(self, draft: Draft) -> Draft:
        seconds = int(self.time.currentData())
        expires_ns = draft.expires_ns
        if seconds >= 0:
            now_ns = self._session.clock.now_ns()
            expires_ns = now_ns + seconds * NS_PER_S if seconds else 0
        is_area = draft.kind in ("area", "circle")
        return dataclasses.replace(
            draft,
            title=self.title.text().strip(),
            text=self.text.toPlainText().strip()[:1000],
            purpose=str(self.purpose.currentData()) if is_area else "",
            incident=self._incident(),
            expires_ns=expires_ns,
            problem="",
        )
