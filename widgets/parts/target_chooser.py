"""Choosing one of many by typing part of its name."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit


class NameChooser(QComboBox):
    """A list that is narrowed by typing; holds an id for each name. GUI thread.

    Signals
    -------
    chosen(str)
        Id of what the person chose.
    """

    chosen = Signal(str)

    def __init__(self, *, placeholder: str) -> None:
        super().__init__()
        line = QLineEdit()
        line.setStyleSheet("border: none; background: transparent; padding: 0; min-height: 0;")
        self.setLineEdit(line)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setMinimumContentsLength(8)
        self.setMaxVisibleItems(16)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        completer = QCompleter(self.model(), self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.setCompleter(completer)
        line.setPlaceholderText(placeholder)
        line.editingFinished.connect(self._settle)
        self.activated.connect(lambda _index: self._settle())
        self._told = ""

    def offer(self, entries: Sequence[tuple[str, str]]) -> None:
        """Replace the choices by (id, name) pairs; the chosen one stays, where it still exists."""
        chosen, was = self.chosen_id(), self.blockSignals(True)
        self.clear()
        for entry_id, name in entries:
            self.addItem(name, entry_id)
        self.setCurrentIndex(self.findData(chosen) if chosen else -1)
        self.blockSignals(was)
        self._show_beginning()

    def choose(self, entry_id: str) -> None:
        """Show a choice without telling it."""
        was = self.blockSignals(True)
        self.setCurrentIndex(self.findData(entry_id) if entry_id else -1)
        if not entry_id:
            self.clearEditText()
        self.blockSignals(was)
        self._told = self.chosen_id()
        self._show_beginning()

    def _show_beginning(self) -> None:
        """A long name is read from its beginning, unless somebody is writing."""
        line = self.lineEdit()
        if line is not None and not line.hasFocus():
            line.setCursorPosition(0)

    def chosen_id(self) -> str:
        """Id of the present choice, "" for none."""
        return str(self.currentData() or "")

    def _settle(self) -> None:
        index = self.findText(self.currentText(), Qt.MatchFlag.MatchFixedString)
        if index != self.currentIndex():
            self.setCurrentIndex(index)
        if self.chosen_id() != self._told:
            self._told = self.chosen_id()
            self.chosen.emit(self._told)
