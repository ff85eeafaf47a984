"""Item model of facts: name and value, for attributes and details."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView

_AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
FACT_ROW_PX = 24


class FactTable(QAbstractTableModel):
    """Two columns of text. GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        self._facts: tuple[tuple[str, str], ...] = ()

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Replace all rows; nothing is repainted when they are the same."""
        new = tuple(facts)
        if new == self._facts:
            return
        if len(new) == len(self._facts):
            self._facts = new
            self.dataChanged.emit(self.index(0, 0), self.index(len(new) - 1, 1))
            return
        self.beginResetModel()
        self._facts = new
        self.endResetModel()

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """How many facts."""
        return 0 if parent.isValid() else len(self._facts)

    def columnCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """Name and value."""
        return 0 if parent.isValid() else 2

    def data(self, index: _AnyIndex, role: int = 0) -> Any:
        """Text of one cell; the tool tip shows what does not fit."""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._facts[index.row()][index.column()]
        return None


class FactView(QTableView):
    """Shows a `FactTable` without any frame, as high as its rows up to `most_rows`."""

    def __init__(self, *, most_rows: int = 8) -> None:
        super().__init__()
        self._most_rows = most_rows
        self.facts = FactTable()
        self.setModel(self.facts)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)
        self.setStyleSheet("QTableView::item { padding: 0; }")  # in line with labels above
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(FACT_ROW_PX)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().resizeSection(0, 132)
        self.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)

    def show_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Replace all rows and fit the height."""
        self.facts.show_facts(facts)
        self.setFixedHeight(FACT_ROW_PX * min(max(len(facts), 1), self._most_rows) + 2)
        self.setVisible(bool(facts))
