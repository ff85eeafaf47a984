"""Item model and delegate of rows under headings: leases, rules, reviews, delegations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFont, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from widgets.parts.inks import Inks
from widgets.parts.row_text import sized, write
from widgets.shape_mark import Level, paint_level

KeyRole = int(Qt.ItemDataRole.UserRole)
RowRole = KeyRole + 1
ROW_PX, HEADING_PX = 44, 26
_MARK_PX = 12
_RIGHT_PX = 72
_AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row; ``key`` tells rows apart for as long as they are listed."""

    key: str
    title: str
    caption: str = ""
    right: str = ""
    level: Level | None = None
    is_bold: bool = False


Section = tuple[str, Sequence[Row]]


class SectionList(QAbstractListModel):
    """Headings and rows; empty sections are left out. GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Row | str] = []

    def show_sections(self, sections: Sequence[Section]) -> None:
        """Replace what is listed; a row that is still there stays chosen."""
        rows: list[Row | str] = []
        for title, members in sections:
            if members:
                rows += [title, *members]
        if rows == self._rows:
            return
        keys = [_key(row) for row in self._rows]
        if [_key(row) for row in rows] == keys:
            self._rows = rows
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        was = [keys[index.row()] for index in before]
        self._rows = rows
        at = {_key(row): place for place, row in enumerate(rows)}
        self.changePersistentIndexList(
            before, [self.index(at[key]) if key in at else QModelIndex() for key in was]
        )
        self.layoutChanged.emit()

    @property
    def height_px(self) -> int:
        """Of all rows together."""
        return sum(HEADING_PX if isinstance(row, str) else ROW_PX for row in self._rows)

    def row_of(self, key: str) -> int:
        """Place of a row, -1 when it is not listed."""
        found = (at for at, row in enumerate(self._rows) if _key(row) == key)
        return next(found, -1)

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """Headings and rows."""
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: _AnyIndex) -> Qt.ItemFlag:
        """Headings cannot be chosen."""
        if index.row() >= len(self._rows) or isinstance(self._rows[index.row()], str):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: _AnyIndex, role: int = 0) -> Any:
        """Texts, key and the row itself."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if isinstance(row, str):
            return row if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == KeyRole:
            return row.key
        if role == RowRole:
            return row
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return ", ".join(part for part in (row.title, row.caption, row.right) if part)
        return None


class SectionDelegate(QStyledItemDelegate):
    """Paints headings and rows of two lines."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks

    def sizeHint(self, option: QStyleOptionViewItem, index: _AnyIndex) -> QSize:
        """Headings are lower."""
        is_row = index.data(RowRole) is not None
        return QSize(option.rect.width(), ROW_PX if is_row else HEADING_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """Paint one row."""
        row = index.data(RowRole)
        painter.save()
        if isinstance(row, Row):
            self._paint_row(painter, option, row)
        else:
            painter.setFont(sized(option.font, 11, bold=True))
            painter.setPen(QPen(self._inks.muted))
            box = option.rect.adjusted(12, 6, -12, 0)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, str(index.data()))
        painter.restore()

    def _paint_row(self, painter: QPainter, option: QStyleOptionViewItem, row: Row) -> None:
        inks, area = self._inks, option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, inks.selected_row())
        left = area.left() + 12
        if row.level is not None:
            mark = QRectF(left, area.top() + 8, _MARK_PX, _MARK_PX)
            paint_level(painter, mark, row.level, inks.theme)
            left += 20
        room = _RIGHT_PX + 8 if row.right else 0
        box = QRect(left, area.top() + 4, area.right() - 12 - left - room, 18)
        font = QFont(option.font)
        font.setBold(row.is_bold)
        write(painter, font, inks.text, box, row.title)
        right = QRect(area.right() - 12 - _RIGHT_PX, area.top() + 4, _RIGHT_PX, 18)
        write(painter, sized(option.font, 11), inks.muted, right, row.right, right=True)
        box.translate(0, 18)
        box.setRight(area.right() - 12)
        write(painter, sized(option.font, 11), inks.muted, box, row.caption)
        painter.setPen(QPen(inks.line))
        painter.drawLine(area.left() + 12, area.bottom(), area.right() - 12, area.bottom())


def section_view(model: SectionList, delegate: SectionDelegate, name: str) -> QListView:
    """A list of such rows, without a frame."""
    view = QListView()
    view.setModel(model)
    view.setItemDelegate(delegate)
    view.setAccessibleName(name)
    view.setFrameShape(QFrame.Shape.NoFrame)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return view


def _key(row: Row | str) -> str:
    return f"# {row}" if isinstance(row, str) else row.key
