"""A list of rows in two lines with a coloured letter or icon before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from widgets.icons import pixmap
from widgets.parts.inks import Inks

ROW_PX, MARK_PX, EDGE_PX = 44, 22, 8
_AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
RowRole = int(Qt.ItemDataRole.UserRole)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One row.

    Attributes
    ----------
    key : which row is which while the rows change
    letter, icon : drawn on a disc, or by itself, in ``colour`` ("#RRGGBB")
    note : short words at the right end of the first line
    is_quiet : steps back
    """

    key: str
    title: str
    detail: str = ""
    letter: str = ""
    icon: str = ""
    colour: str = ""
    note: str = ""
    is_quiet: bool = False

    @property
    def text(self) -> str:
        """The row as a screen reader says it."""
        return ", ".join(part for part in (self.title, self.note, self.detail) if part)


class RowModel(QAbstractListModel):
    """Rows that are replaced as a whole, with the current one kept."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[ListRow, ...] = ()

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """How many rows."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: _AnyIndex, role: int = 0) -> object:
        """Words of a row, and the row itself."""
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return row.text
        return row if role == RowRole else None

    def show(self, rows: Sequence[ListRow]) -> None:
        """Replace the rows; where only words changed nothing else moves."""
        new = tuple(rows)
        if [row.key for row in new] == [row.key for row in self.rows]:
            changed = [i for i, (a, b) in enumerate(zip(self.rows, new, strict=True)) if a != b]
            self.rows = new
            for row in changed:
                self.dataChanged.emit(self.index(row), self.index(row))
            return
        self.beginResetModel()
        self.rows = new
        self.endResetModel()


class RowDelegate(QStyledItemDelegate):
    """Paints rows."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks

    def sizeHint(self, option: QStyleOptionViewItem, _index: _AnyIndex) -> QSize:
        """All rows are equally high."""
        return QSize(option.rect.width(), ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """Paint one row."""
        row, box, inks = index.data(RowRole), option.rect, self._inks
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, inks.selected_row())
        self._paint_mark(painter, row, box)
        left = box.left() + 2 * EDGE_PX + MARK_PX
        words = QRect(left, box.top() + 5, box.right() - EDGE_PX - left, 17)
        self._paint_title(painter, row, words, option.font)
        small = QFont(option.font)
        small.setPixelSize(11)
        painter.setFont(small)
        painter.setPen(QPen(inks.muted))
        detail = QFontMetrics(small).elidedText(
            row.detail, Qt.TextElideMode.ElideRight, words.width()
        )
        painter.drawText(words.translated(0, 18), Qt.AlignmentFlag.AlignVCenter, detail)
        painter.restore()

    def _paint_title(self, painter: QPainter, row: ListRow, box: QRect, font: QFont) -> None:
        inks, metrics = self._inks, QFontMetrics(font)
        painter.setFont(font)
        note_px = 0
        if row.note:
            note_px = metrics.horizontalAdvance(row.note) + EDGE_PX
            painter.setPen(QPen(inks.muted))
            centre, right = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignRight
            painter.drawText(box, centre | right, row.note)
        painter.setPen(QPen(inks.muted if row.is_quiet else inks.text))
        title = metrics.elidedText(
            row.title, Qt.TextElideMode.ElideRight, max(box.width() - note_px, 20)
        )
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, title)

    def _paint_mark(self, painter: QPainter, row: ListRow, box: QRect) -> None:
        top = box.top() + (ROW_PX - MARK_PX) // 2
        square = QRect(box.left() + EDGE_PX, top, MARK_PX, MARK_PX)
        colour = row.colour or self._inks.theme.ui["muted"]
        if row.icon:
            ratio = painter.device().devicePixelRatioF()
            painter.drawPixmap(square.topLeft(), pixmap(row.icon, colour, MARK_PX, ratio))
            return
        ink = QColor(colour)
        if row.is_quiet:
            painter.setPen(QPen(ink, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
        painter.drawEllipse(QPointF(square.center()) + QPointF(0.5, 0.5), 10.5, 10.5)
        font = QFont(painter.font())
        font.setPixelSize(12)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QPen(ink if row.is_quiet else self._inks.panel))
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, row.letter)


class RowList(QListView):
    """The list itself; the current row stays current while the rows change. GUI thread."""

    def __init__(self, inks: Inks, name: str) -> None:
        super().__init__()
        self.rows = RowModel()
        self.setModel(self.rows)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._delegate = RowDelegate(inks)
        self.setItemDelegate(self._delegate)

    @property
    def current_key(self) -> str:
        """Key of the current row, "" without one."""
        index = self.currentIndex()
        return self.rows.rows[index.row()].key if index.isValid() else ""

    def show_rows(self, rows: Sequence[ListRow]) -> None:
        """Replace the rows."""
        key = self.current_key
        self.rows.show(rows)
        if key and key != self.current_key:
            self.choose(key)

    def choose(self, key: str) -> bool:
        """Make a row current; False if it is not there."""
        for row, one in enumerate(self.rows.rows):
            if one.key == key:
                self.setCurrentIndex(self.rows.index(row))
                return True
        return False
