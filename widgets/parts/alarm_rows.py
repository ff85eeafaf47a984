"""Delegate and view of the alarm list: the mark, one line, and how many of each priority."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyleOptionViewItem,
    QTableView,
)

from twin.operations.alarm_groups import AlarmGroup
from twin.room.parts.alarms import PRIORITIES
from widgets.parts.alarm_mark import MARK_PX, paint_alarm_mark
from widgets.parts.alarm_table import AlarmTable, Column, Row, RowRole
from widgets.parts.inks import Inks
from widgets.parts.row_text import sized, write
from widgets.parts.sparkline import RowDelegate

ROW_PX = 26
_AnyIndex = QModelIndex | QPersistentModelIndex
_PAD_PX = 6
_GLYPH_PX = 14
_CHIP_MARK_PX = 12
_CHIP_GAP_PX = 8
#: Below these widths the department goes, then place and value, then age and state.
_MIDDLE_PX, _NARROW_PX, _SLIM_PX = 980, 620, 330
#: What a line keeps of its width before the numbers beside it.
_LEAST_TEXT_PX = 150
_WIDTHS = {
    Column.PLACE: 150,
    Column.STATE: 172,
    Column.VALUE: 84,
    Column.DEPARTMENT: 104,
    Column.AGE: 56,
}


class AlarmDelegate(RowDelegate):
    """Paints one cell. What nobody has acknowledged is filled and bold, the rest is quiet."""

    def __init__(self, inks: Inks) -> None:
        super().__init__(inks, row_px=ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """Paint one cell."""
        self.paint_ground(painter, option)
        row = index.data(RowRole)
        if row is None:
            return
        painter.save()
        box = option.rect.adjusted(_PAD_PX, 0, -_PAD_PX, 0)
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        if index.column() == Column.ALARM:
            self._paint_alarm(painter, option, box, row, text)
        else:
            is_right = index.column() in (Column.VALUE, Column.AGE)
            is_plain = index.column() in (Column.PLACE, Column.VALUE)
            ink = self.inks.text if is_plain or _is_new(row) else self.inks.muted
            write(painter, option.font, ink, box, text, right=is_right)
        painter.restore()

    def _paint_alarm(
        self, painter: QPainter, option: QStyleOptionViewItem, box: QRect, row: Row, text: str
    ) -> None:
        is_new = _is_new(row)
        left = box.left()
        if row.is_face:
            self._paint_glyph(painter, left, box.center().y(), is_open=row.is_open)
        left += _GLYPH_PX * (2 if row.is_inner else 1)
        mark = QRectF(left, box.center().y() - MARK_PX / 2 + 0.5, MARK_PX, MARK_PX)
        priority = row.group.worst if row.is_face else row.head.priority
        paint_alarm_mark(painter, mark, priority, self.inks, filled=is_new)
        left += MARK_PX + 8
        right = box.right()
        if row.is_face:
            right = self._paint_chips(painter, option, box, row.group, left + _LEAST_TEXT_PX)
        font = QFont(option.font)
        font.setBold(is_new)
        line = QRect(left, box.top(), max(right - left, 0), box.height())
        write(painter, font, self.inks.text, line, text)

    def _paint_glyph(self, painter: QPainter, x: int, y: int, *, is_open: bool) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.inks.muted, 1.5))
        points = [(0, -2), (4, 2), (8, -2)] if is_open else [(2, -4), (6, 0), (2, 4)]
        painter.drawPolyline(QPolygonF([QPointF(x + a, y + 0.5 + b) for a, b in points]))

    def _paint_chips(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        box: QRect,
        group: AlarmGroup,
        least: int,
    ) -> int:
        """How many of each priority, from the right; where the line before them ends.

        Where there is no room for all, the most urgent are kept.
        """
        font = sized(option.font, 11)
        metrics = QFontMetrics(font)
        beside = _CHIP_MARK_PX + 3 + _CHIP_GAP_PX
        told_of, room = {}, box.right() - least
        for priority in PRIORITIES:
            if n := group.counts.get(priority, 0):
                width = metrics.horizontalAdvance(f"{n:,}") + 2
                room -= width + beside
                if room < 0:
                    break
                told_of[priority] = (f"{n:,}", width)
        x = box.right()
        for priority, (told, width) in reversed(told_of.items()):
            chip = QRect(x - width, box.top(), width, box.height())
            write(painter, font, self.inks.text, chip, told)
            x -= width + _CHIP_MARK_PX + 3
            mark = QRectF(x, box.center().y() - _CHIP_MARK_PX / 2 + 0.5, *[_CHIP_MARK_PX] * 2)
            is_new = group.unacknowledged.get(priority, 0) > 0
            paint_alarm_mark(painter, mark, priority, self.inks, filled=is_new)
            x -= _CHIP_GAP_PX
        return x


class AlarmView(QTableView):
    """The table. Space and Enter open an entry, A acknowledges, Right and Left open and close.

    Parameters
    ----------
    acknowledge : called for the letter A
    """

    def __init__(self, model: AlarmTable, inks: Inks, *, acknowledge: Callable[[], object]) -> None:
        super().__init__()
        self._table = model
        self._acknowledge = acknowledge
        self._delegate = AlarmDelegate(inks)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName("Alarms")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(20)
        for column, width in _WIDTHS.items():
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)
        header.setSectionResizeMode(Column.ALARM, QHeaderView.ResizeMode.Stretch)
        header.setSortIndicator(Column.ALARM, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def chosen_rows(self) -> list[Row]:
        """Rows that are selected, from the top."""
        found = sorted(index.row() for index in self.selectionModel().selectedRows())
        rows = (self._table.row_at(row) for row in found)
        return [row for row in rows if row is not None]

    def rows_on_screen(self) -> tuple[int, int]:
        """First and last row that is seen."""
        last = self.rowAt(self.viewport().height() - 1)
        return self.rowAt(0), self._table.rowCount() - 1 if last < 0 else last

    def keyboardSearch(self, search: str) -> None:
        """The letter A acknowledges; others go to the row that begins with them."""
        if search.casefold() == "a":
            self._acknowledge()
        else:
            super().keyboardSearch(search)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press on the little arrow opens or closes an entry, and chooses it."""
        super().mousePressEvent(event)
        at = event.position().toPoint()
        is_on_arrow = at.x() < _PAD_PX + _GLYPH_PX + 4
        if is_on_arrow and event.button() is Qt.MouseButton.LeftButton:
            self._table.toggle(self.rowAt(at.y()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open and close entries."""
        row = self.currentIndex().row()
        face = self._table.row_at(row)
        key = event.key()
        if face is not None and face.is_face:
            wants = {Qt.Key.Key_Right: True, Qt.Key.Key_Left: False}.get(Qt.Key(key))
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) or (
                wants is not None and wants is not face.is_open
            ):
                self._table.toggle(row)
                return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow tables leave columns out."""
        super().resizeEvent(event)
        width = self.width()
        for column in (Column.PLACE, Column.VALUE):
            self.setColumnHidden(column, width < _NARROW_PX)
        self.setColumnHidden(Column.DEPARTMENT, width < _MIDDLE_PX)
        self.setColumnHidden(Column.STATE, width < _SLIM_PX)


def _is_new(row: Row) -> bool:
    if row.is_face:
        return bool(row.group.n_unacknowledged)
    return not row.head.acked_ns and row.head.is_annunciated
