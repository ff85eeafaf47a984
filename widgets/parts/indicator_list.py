"""Indicators as rows with a value and a trend, and the observations behind one as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from twin.indicators.base import IndicatorType, Input, Result, how_computed
from widgets.parts.inks import Inks
from widgets.parts.row_text import sized, write
from widgets.parts.sparkline import sparkline
from widgets.parts.wording import clock_text, count_text, number_text

RowRole = int(Qt.ItemDataRole.UserRole)
ROW_PX, LINE_PX = 48, 24
_VALUE_PX, _TREND_PX = 92, 64
_AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """One indicator as it is now, and its last values."""

    kind: IndicatorType
    result: Result
    trend: tuple[float, ...] = ()

    @property
    def value(self) -> str:
        """Value and unit, "no data" where data lack."""
        if self.result.value is None:
            return "no data"
        return f"{number_text(self.result.value)} {self.kind.unit}"

    @property
    def caption(self) -> str:
        """From how many observations, or what is missing."""
        if self.result.value is None:
            return self.result.missing
        n, n_all = self.result.n_counted, self.result.n_all
        of = f" of {n_all:,}" if n < n_all else ""
        return f"{self.kind.period} · from {count_text(n, 'value')}{of}"


class IndicatorList(QAbstractListModel):
    """All indicators. GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[IndicatorRow] = []

    def show_rows(self, rows: Sequence[IndicatorRow]) -> None:
        """Replace what is listed; rows stay where they are while their number is the same."""
        if len(rows) == len(self._rows):
            self._rows = list(rows)
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = list(rows)
        self.endResetModel()

    def row(self, at: int) -> IndicatorRow | None:
        """The indicator in a row, None outside."""
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """How many indicators."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _AnyIndex, role: int = 0) -> Any:
        """Title, words for a screen reader, and the row itself."""
        row = self.row(index.row()) if index.isValid() else None
        if row is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return row.kind.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{row.kind.title}, {row.value}, {row.caption}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{row.kind.title}: {how_computed(row.kind)}"
        return row if role == RowRole else None


class IndicatorDelegate(QStyledItemDelegate):
    """Paints title, caption, trend and value."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks

    def sizeHint(self, option: QStyleOptionViewItem, _index: _AnyIndex) -> QSize:
        """All rows are equally high."""
        return QSize(option.rect.width(), ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """Paint one row."""
        row, area, inks = index.data(RowRole), option.rect, self._inks
        if not isinstance(row, IndicatorRow):
            return
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, inks.selected_row())
        right = area.right() - 12
        value = QRect(right - _VALUE_PX, area.top() + 4, _VALUE_PX, 20)
        has_value = row.result.value is not None
        font = sized(option.font, 14, bold=has_value)
        write(painter, font, inks.text if has_value else inks.muted, value, row.value, right=True)
        trend = QRectF(value.left() - 8 - _TREND_PX, area.top() + 8, _TREND_PX, 14)
        line = sparkline(np.array(row.trend), trend)
        if not line.isEmpty():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(inks.muted, 1.2))
            painter.drawPolyline(line)
        end = value.left() if line.isEmpty() else int(trend.left())
        title = QRect(area.left() + 12, area.top() + 4, end - area.left() - 20, 20)
        write(painter, option.font, inks.text, title, row.kind.title)
        caption = QRect(area.left() + 12, area.top() + 24, area.width() - 24, 18)
        write(painter, sized(option.font, 11), inks.muted, caption, row.caption)
        painter.setPen(QPen(inks.line))
        painter.drawLine(area.left() + 12, area.bottom(), right, area.bottom())
        painter.restore()


class InputTable(QAbstractTableModel):
    """Name, value and time of the observations behind a value. GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        self._inputs: tuple[Input, ...] = ()
        self._has_parts = False

    def show_inputs(self, inputs: tuple[Input, ...]) -> None:
        """Replace what is listed; the same number of rows stays where it is."""
        if inputs == self._inputs:
            return
        self._has_parts = any(one.value % 1.0 for one in inputs if math.isfinite(one.value))
        if [one.name for one in inputs] == [one.name for one in self._inputs]:
            self._inputs = inputs
            self.dataChanged.emit(self.index(0, 0), self.index(len(inputs) - 1, 2))
            return
        self.beginResetModel()
        self._inputs = inputs
        self.endResetModel()

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What is listed."""
        return self._inputs

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """How many observations."""
        return 0 if parent.isValid() else len(self._inputs)

    def columnCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """Name, value, time."""
        return 0 if parent.isValid() else 3

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Titles of the columns."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return ("Observation", "Value", "At")[section]
        return None

    def data(self, index: _AnyIndex, role: int = 0) -> Any:
        """Texts of a cell."""
        if not index.isValid() or index.row() >= len(self._inputs):
            return None
        one = self._inputs[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            number = f"{one.value:,.1f}" if self._has_parts else number_text(one.value)
            value = f"{number if math.isfinite(one.value) else '–'} {one.unit}".rstrip()
            return (one.name, value, clock_text(one.t_ns))[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() > 0:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            words = (one.name, one.datastream_id, one.note)
            return ", ".join(word for word in words if word)
        return None


class InputDelegate(QStyledItemDelegate):
    """Paints cells; what does not count steps back."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks

    def sizeHint(self, option: QStyleOptionViewItem, _index: _AnyIndex) -> QSize:
        """All rows are equally high."""
        return QSize(option.rect.width(), LINE_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """Paint one cell."""
        model, inks, area = index.model(), self._inks, option.rect
        if not isinstance(model, InputTable):
            return
        one = model.inputs[index.row()]
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, inks.selected_row())
        ink = inks.muted if one.note else inks.text
        text = str(index.data() or "")
        if index.column() == 0 and one.note:
            text = f"{text} ({one.note})"
        box = area.adjusted(12 if index.column() == 0 else 4, 0, -8, 0)
        write(painter, sized(option.font, 12), ink, box, text, right=index.column() > 0)
        painter.restore()
