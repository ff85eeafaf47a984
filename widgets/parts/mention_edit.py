"""The field in which a message is written: Enter sends it, @ offers names of the city."""

from __future__ import annotations

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QCompleter, QPlainTextEdit

from twin.mentions import SIGN, MentionIndex

HEIGHT_PX = 58
_LEAST_LETTERS = 1
_TAKEN_BY_POPUP = (Qt.Key.Key_Enter, Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Escape)


class MentionEdit(QPlainTextEdit):
    """A few lines of text. GUI thread.

    Signals
    -------
    sent()
        Enter was pressed; Shift and Enter begins a new line.
    """

    sent = Signal()

    def __init__(self, index: MentionIndex) -> None:
        super().__init__()
        self._index = index
        self.setFixedHeight(HEIGHT_PX)
        self.setTabChangesFocus(True)
        self.setAccessibleName("Write a message")
        self._names = QStringListModel(self)
        self.completer = QCompleter(self._names, self)
        self.completer.setWidget(self)
        self.completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self.completer.activated.connect(self._complete)

    def mention(self, name: str) -> None:
        """Write ``@name`` where the cursor is."""
        cursor = self.textCursor()
        before = self.toPlainText()[: cursor.position()]
        gap = "" if not before or before[-1].isspace() else " "
        cursor.insertText(f"{gap}{SIGN}{name} ")
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Send, let the list of names have its keys, and offer names."""
        popup = self.completer.popup()
        is_open = popup is not None and popup.isVisible()
        if is_open and event.key() in _TAKEN_BY_POPUP:
            event.ignore()
            return
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.sent.emit()
            return
        super().keyPressEvent(event)
        self._offer()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The names belong to this field."""
        self.completer.setWidget(self)
        super().focusInEvent(event)

    def _begun(self) -> str | None:
        """What stands between the last @ and the cursor, None when no name is being written."""
        text = self.toPlainText()[: self.textCursor().position()]
        at = text.rfind(SIGN)
        begun = text[at + 1 :]
        if at < 0 or "\n" in begun or len(begun) < _LEAST_LETTERS or len(begun) > 40:
            return None
        return begun

    def _offer(self) -> None:
        begun, popup = self._begun(), self.completer.popup()
        names = [] if begun is None else self._index.like(begun)
        if popup is None or not names or names == [begun]:
            if popup is not None:
                popup.hide()
            return
        self._names.setStringList(names)
        box = self.cursorRect()
        box.setWidth(min(max(popup.sizeHintForColumn(0) + 24, 160), max(self.width(), 160)))
        self.completer.complete(box)
        popup.setCurrentIndex(self._names.index(0))

    def _complete(self, name: str) -> None:
        begun = self._begun()
        if begun is None:
            return
        cursor = self.textCursor()
        left = QTextCursor.MoveOperation.Left
        cursor.movePosition(left, QTextCursor.MoveMode.KeepAnchor, len(begun))
        cursor.insertText(f"{name} ")
        self.setTextCursor(cursor)
