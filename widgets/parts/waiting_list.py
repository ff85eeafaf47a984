"""Item model and delegate of what waits for approval: in sections, the reader's own turn first."""

from __future__ import annotations

from collections.abc import Sequence
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
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from twin.clock import Clock
from twin.waiting import Queue, Waiting
from widgets.parts.approval_words import (
    PRESSING_S,
    args_line,
    countdown_text,
    given_text,
    seconds_left,
    share_left,
    waiting_title,
)
from widgets.parts.command_words import operator_text
from widgets.parts.inks import Inks
from widgets.parts.row_text import sized, write
from widgets.shape_mark import LEVEL_OF_SIGNIFICANCE, SIGNIFICANCE_WORDS, paint_level

KeyRole = int(Qt.ItemDataRole.UserRole)
WaitingRole = KeyRole + 1
ROW_PX, HEADING_PX = 48, 26
_MARK_PX = 12
_RIGHT_PX = 56
_AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_Row = str | Waiting


class WaitingList(QAbstractListModel):
    """Headings and entries. GUI thread."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._rows: list[_Row] = []

    def show_queue(self, queue: Queue) -> None:
        """Replace what is listed; rows that are still there keep their selection."""
        rows = _rows_of(queue)
        if [_key(row) for row in rows] == [_key(row) for row in self._rows]:
            self._rows = rows
            self.tell_time()
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        keys = [_key(self._rows[index.row()]) for index in before]
        self._rows = rows
        now = {_key(row): at for at, row in enumerate(rows)}
        self.changePersistentIndexList(
            before, [self.index(now[key]) if key in now else QModelIndex() for key in keys]
        )
        self.layoutChanged.emit()

    def tell_time(self) -> None:
        """Have the countdowns painted again."""
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def row_of(self, key: str) -> int:
        """Row of an entry, -1 when it is not listed."""
        found = (at for at, row in enumerate(self._rows) if _key(row) == key)
        return next(found, -1)

    def waiting(self, key: str) -> Waiting | None:
        """An entry by its key."""
        row = self._rows[self.row_of(key)] if self.row_of(key) >= 0 else None
        return row if isinstance(row, Waiting) else None

    def seconds_left(self, waiting: Waiting) -> float:
        """Until an entry expires."""
        return seconds_left(waiting, self._clock.now_ns())

    def share_left(self, waiting: Waiting) -> float:
        """Of the time an entry had."""
        return share_left(waiting, self._clock.now_ns())

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """Headings and entries."""
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: _AnyIndex) -> Qt.ItemFlag:
        """Headings cannot be chosen."""
        if isinstance(self._rows[index.row()], str):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: _AnyIndex, role: int = 0) -> Any:
        """Title, caption, key and the entry itself."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if isinstance(row, str):
            return row if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return waiting_title(row)
        if role == KeyRole:
            return row.key
        if role == WaitingRole:
            return row
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            left = countdown_text(self.seconds_left(row))
            level = SIGNIFICANCE_WORDS.get(row.level, "")
            return f"{waiting_title(row)}, {level}, {caption_of(row)}, {left} left"
        return None


def caption_of(waiting: Waiting) -> str:
    """The exact values, who asks, and how many have said yes."""
    request = waiting.first.request
    if waiting.batch is not None:
        what = f"{len(waiting.commands)} at once"
    else:
        what = args_line(request, most=1)
    who = "you" if waiting.is_mine else operator_text(waiting.first.issued_by)
    return " · ".join(part for part in (what, who, given_text(waiting.approval)) if part)


class WaitingDelegate(QStyledItemDelegate):
    """Paints the mark of its significance, title, caption, time left as figure and bar."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks

    def sizeHint(self, option: QStyleOptionViewItem, index: _AnyIndex) -> QSize:
        """Headings are lower than entries."""
        is_entry = index.data(WaitingRole) is not None
        return QSize(option.rect.width(), ROW_PX if is_entry else HEADING_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """Paint one row."""
        waiting = index.data(WaitingRole)
        painter.save()
        if waiting is None:
            self._paint_heading(painter, option, str(index.data()))
        else:
            self._paint_entry(painter, option, index, waiting)
        painter.restore()

    def _paint_heading(self, painter: QPainter, option: QStyleOptionViewItem, text: str) -> None:
        painter.setFont(sized(option.font, 11, bold=True))
        painter.setPen(QPen(self._inks.muted))
        box = option.rect.adjusted(12, 6, -12, 0)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_entry(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: _AnyIndex,
        waiting: Waiting,
    ) -> None:
        inks, row = self._inks, option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(row, inks.selected_row())
        mark = QRectF(row.left() + 12, row.top() + 9, _MARK_PX, _MARK_PX)
        paint_level(painter, mark, LEVEL_OF_SIGNIFICANCE.get(waiting.level, "low"), inks.theme)
        box = QRect(row.left() + 32, row.top() + 5, row.width() - 32 - _RIGHT_PX - 16, 20)
        title_font = QFont(option.font)
        title_font.setBold(waiting.is_for_me)
        write(painter, title_font, inks.text, box, str(index.data()))
        box.translate(0, 19)
        box.setRight(row.right() - 12)
        write(painter, sized(option.font, 11), inks.muted, box, caption_of(waiting))
        self._paint_time(painter, option, index, waiting)
        painter.setPen(QPen(inks.line))
        painter.drawLine(row.left() + 12, row.bottom(), row.right() - 12, row.bottom())

    def _paint_time(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: _AnyIndex,
        waiting: Waiting,
    ) -> None:
        inks, row = self._inks, option.rect
        model = index.model()
        assert isinstance(model, WaitingList)  # noqa: S101 - the delegate of this model
        left_s = model.seconds_left(waiting)
        is_pressing = left_s < PRESSING_S
        ink = inks.high if is_pressing else inks.text
        box = QRect(row.right() - 12 - _RIGHT_PX, row.top() + 5, _RIGHT_PX, 20)
        font = sized(option.font, 13, bold=is_pressing)
        write(painter, font, ink, box, countdown_text(left_s), right=True)
        whole = row.width() - 24
        painter.fillRect(
            QRect(row.left() + 12, row.bottom() - 2, round(whole * model.share_left(waiting)), 2),
            inks.high if is_pressing else inks.muted,
        )


def _rows_of(queue: Queue) -> list[_Row]:
    mine = [one for one in queue.approvals if one.is_for_me]
    issued = [one for one in queue.approvals if one.is_mine and not one.is_for_me]
    others = [one for one in queue.approvals if not (one.is_for_me or one.is_mine)]
    sections: Sequence[tuple[str, list[Waiting]]] = (
        ("Waits for you", mine),
        ("You asked; waits for others", issued),
        ("Waits for others", others),
    )
    rows: list[_Row] = []
    for title, entries in sections:
        if entries:
            rows += [title, *entries]
    return rows


def _key(row: _Row) -> str:
    return f"# {row}" if isinstance(row, str) else row.key
