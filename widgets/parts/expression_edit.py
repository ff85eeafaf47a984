"""A field for CQL2 expressions: completes column names, says below what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import QCompleter, QLabel, QLineEdit, QVBoxLayout, QWidget

from twin.city.cql2_mask import compiled
from twin.city.style import StyleError
from twin.city.style_columns import unknown_column

_WORDS = ("and", "or", "not", "between", "in (", "like '", "is null", "is not null", "casei(")


class ExpressionEdit(QWidget):
    """One line of CQL2 text. GUI thread.

    Signals
    -------
    changed(str)
        The person wrote an expression that can be used, or cleared the field.
    edited()
        The person wrote anything, right or wrong; after `changed`.
    """

    changed = Signal(str)
    edited = Signal()

    def __init__(self, hint: str, name: str) -> None:
        super().__init__()
        self.line = QLineEdit()
        self.line.setPlaceholderText(hint)
        self.line.setAccessibleName(name)
        self.line.setClearButtonEnabled(True)
        self.error = QLabel()
        self.error.setWordWrap(True)
        self.error.setProperty("role", "error")
        self.error.hide()
        self._names: tuple[str, ...] = ()
        self._offers = QStringListModel(self)
        self._completer = QCompleter(self._offers, self)
        self._completer.setWidget(self.line)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._completer.activated.connect(self._complete)
        self.line.textEdited.connect(self._take)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.line)
        layout.addWidget(self.error)
        self.setFocusProxy(self.line)

    def offer(self, names: Sequence[str]) -> None:
        """Columns to complete and to check names against."""
        if tuple(names) != self._names:
            self._names = tuple(names)
            self._offers.setStringList([*map(_quoted, self._names), *_WORDS])

    def text(self) -> str:
        """What is written."""
        return self.line.text().strip()

    def write(self, text: str) -> None:
        """Show an expression without telling it as an edit."""
        if text != self.text():
            self.line.setText(text)
        self.show_error(self._wrong(text))

    def show_error(self, sentence: str) -> None:
        """Show a sentence under the field; "" takes it away."""
        self.error.setText(sentence)
        self.error.setVisible(bool(sentence))

    def is_right(self) -> bool:
        """Whether what is written can be used; an empty field can."""
        return not self._wrong(self.text())

    def _take(self, _text: str) -> None:
        self._suggest()
        wrong = self._wrong(self.text())
        self.show_error(wrong)
        if not wrong:
            self.changed.emit(self.text())
        self.edited.emit()

    def _wrong(self, text: str) -> str:
        if not text:
            return ""
        try:
            mask = compiled(text)
        except StyleError as error:
            return str(error)
        missing = sorted(mask.columns - set(self._names))
        return str(unknown_column(missing[0], self._names)) if missing and self._names else ""

    def _word(self) -> tuple[int, str]:
        """Where the word before the cursor begins, and the word."""
        before = self.line.text()[: self.line.cursorPosition()]
        begin = len(before)
        while begin and (before[begin - 1].isalnum() or before[begin - 1] in '_:".'):
            begin -= 1
        return begin, before[begin:]

    def _suggest(self) -> None:
        _begin, word = self._word()
        self._completer.setCompletionPrefix(word.strip('"'))
        is_whole = any(word == _quoted(name) for name in self._names)
        if len(word) < 1 or is_whole or word.isdigit() or not self._completer.completionCount():
            popup = self._completer.popup()
            if popup is not None:
                popup.hide()
        else:
            self._completer.complete()

    def _complete(self, chosen: str) -> None:
        begin, word = self._word()
        text = self.line.text()
        self.line.setText(text[:begin] + chosen + text[begin + len(word) :])
        self.line.setCursorPosition(begin + len(chosen))
        self._take(self.line.text())


def _quoted(name: str) -> str:
    """A column's name as CQL2 wants it: in double quotes unless it is one plain word."""
    plain = name.replace("_", "a").replace(":", "a").replace(".", "a")
    return name if plain.isalnum() and not name[:1].isdigit() else f'"{name}"'
