"""Item model and delegate of one lane of the command board; batches open and close."""

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
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from twin.clock import NS_PER_S
from twin.room.model import Command, CommandState
from twin.session import TwinSession
from widgets.parts.approval_words import args_line, countdown_text, given_text
from widgets.parts.board import Entry
from widgets.parts.command_list import seconds_taken
from widgets.parts.command_words import (
    STATE_WORDS,
    observed_text,
    operator_text,
    queued_text,
    request_phrase,
)
from widgets.parts.inks import Inks
from widgets.parts.marks import MARK_PX, paint_command_mark
from widgets.parts.wording import clock_text, count_text, elapsed_text

IdRole = int(Qt.ItemDataRole.UserRole)
StateRole = IdRole + 1
CaptionRole = IdRole + 2
TimeRole = IdRole + 3
DepthRole = IdRole + 4
ROW_PX = 42
_INDENT_PX = 16
_RIGHT_PX = 52
_AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
#: A row: an entry, or one command of an open batch.
_Row = Entry | Command


class LaneList(QAbstractListModel):
    """Rows of one lane. GUI thread."""

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self._entries: list[Entry] = []
        self._rows: list[_Row] = []
        self._keys: list[str] = []
        self._open: set[str] = set()
        self.n_commands = 0

    def show_entries(self, entries: list[Entry]) -> None:
        """Replace what is listed; nothing is painted anew when it is the same."""
        if entries == self._entries:
            return
        keys, self._entries = self._keys, entries
        rows = self._rows_now()
        now = [key_of(row) for row in rows]
        self.n_commands = sum([len(entry.commands) for entry in entries])
        if now == keys:
            self._rows = rows
            self.tell_time()
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        was = [keys[index.row()] for index in before]
        self._rows, self._keys = rows, now
        at = {key: row for row, key in enumerate(now)} if before else {}
        self.changePersistentIndexList(
            before, [self.index(at[key]) if key in at else QModelIndex() for key in was]
        )
        self.layoutChanged.emit()

    def toggle(self, row: int) -> None:
        """Open or close the batch in a row."""
        entry = self._rows[row]
        if isinstance(entry, Command) or entry.batch is None:
            return
        self._open ^= {entry.key}
        entries, self._entries = self._entries, []
        self.show_entries(entries)

    def tell_time(self) -> None:
        """Have all rows that are seen painted again."""
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def command_at(self, row: int) -> Command | None:
        """The command of a row; None for a batch and outside."""
        if not 0 <= row < len(self._rows):
            return None
        entry = self._rows[row]
        if isinstance(entry, Command):
            return entry
        return entry.first if entry.batch is None else None

    def entry_at(self, row: int) -> Entry | None:
        """The entry of a row; None for one command of a batch and outside."""
        entry = self._rows[row] if 0 <= row < len(self._rows) else None
        return entry if isinstance(entry, Entry) else None

    def _rows_now(self) -> list[_Row]:
        rows: list[_Row] = []
        for entry in self._entries:
            rows.append(entry)
            if entry.batch is not None and entry.key in self._open:
                rows += entry.commands
        return rows

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """How many rows."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _AnyIndex, role: int = 0) -> Any:
        """Phrase, state, caption and time of a row."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        command = row if isinstance(row, Command) else row.first
        if role == Qt.ItemDataRole.DisplayRole:
            return self._title(row)
        if role == IdRole:
            return command.request.id
        if role == StateRole:
            return state_of(row)
        if role == CaptionRole:
            return self._caption(row)
        if role == TimeRole:
            return self._time(command)
        if role == DepthRole:
            return 1 if isinstance(row, Command) else 0
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            word = STATE_WORDS[state_of(row)]
            return f"{self._title(row)}: {word}, {self._caption(row)}"
        return None

    def _title(self, row: _Row) -> str:
        if isinstance(row, Entry) and row.batch is not None:
            mark = "▾" if row.key in self._open else "▸"
            return f"{mark} {row.batch.title or count_text(len(row.commands), 'command')}"
        command = row if isinstance(row, Command) else row.first
        return request_phrase(command.request)

    def _caption(self, row: _Row) -> str:
        if isinstance(row, Entry) and row.batch is not None:
            n, whole = len(row.commands), len(row.batch.command_ids)
            share = f"{n} of {whole} commands" if n < whole else count_text(n, "command")
            return f"{share} · {operator_text(row.batch.by)}"
        command = row if isinstance(row, Command) else row.first
        return caption_of(self._session, command)

    def _time(self, command: Command) -> str:
        now_ns = self._session.clock.now_ns()
        if command.state is CommandState.AWAITING_APPROVAL and command.approval is not None:
            return countdown_text((command.approval.expires_ns - now_ns) / NS_PER_S)
        if command.state is CommandState.QUEUED and command.request.not_before_ns > now_ns:
            return clock_text(command.request.not_before_ns)
        if command.is_terminal:
            return clock_text(max(command.times_ns.values(), default=0))
        return elapsed_text(seconds_taken(command, now_ns))


def key_of(row: _Row) -> str:
    """What tells rows apart."""
    return f"- {row.request.id}" if isinstance(row, Command) else row.key


def state_of(row: _Row) -> CommandState:
    """State of a command; of a batch the one of its first command that stands worst."""
    if isinstance(row, Command):
        return row.state
    states: Sequence[CommandState] = [command.state for command in row.commands]
    bad = (state for state in states if state not in (CommandState.VERIFIED, row.first.state))
    return next(bad, row.first.state)


def caption_of(session: TwinSession, command: Command) -> str:
    """State and the one thing worth knowing about it."""
    word = STATE_WORDS[command.state]
    if command.state is CommandState.AWAITING_APPROVAL and command.approval is not None:
        parts = (given_text(command.approval), args_line(command.request, most=1))
        told = " · ".join(part for part in parts if part)
    elif command.state is CommandState.QUEUED:
        told = queued_text(session, command)
    else:
        told = command.state_text or observed_text(session, command)
    return f"{word} · {told or operator_text(command.issued_by)}"


class LaneDelegate(QStyledItemDelegate):
    """Paints chip, phrase, caption and time; members of a batch are set in."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks

    def sizeHint(self, option: QStyleOptionViewItem, _index: _AnyIndex) -> QSize:
        """All rows are equally high."""
        return QSize(option.rect.width(), ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """Paint one row."""
        inks, row = self._inks, option.rect
        left = row.left() + 6 + _INDENT_PX * int(index.data(DepthRole))
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(row, inks.selected_row())
        chip = QRectF(left, row.top() + 6, MARK_PX, MARK_PX)
        paint_command_mark(painter, chip, index.data(StateRole), inks)
        small = QFont(option.font)
        small.setPixelSize(11)
        box = QRect(left + 20, row.top() + 3, row.right() - left - 24 - _RIGHT_PX, 18)
        right = QRect(row.right() - 4 - _RIGHT_PX, row.top() + 3, _RIGHT_PX, 18)
        painter.setFont(option.font)
        painter.setPen(QPen(inks.text))
        _fit(painter, box, str(index.data()))
        painter.setFont(small)
        painter.setPen(QPen(inks.muted))
        painter.drawText(
            right, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, index.data(TimeRole)
        )
        box.translate(0, 18)
        box.setRight(row.right() - 6)
        _fit(painter, box, str(index.data(CaptionRole)))
        painter.setPen(QPen(inks.line))
        painter.drawLine(row.left() + 6, row.bottom(), row.right() - 6, row.bottom())
        painter.restore()


def _fit(painter: QPainter, box: QRect, text: str) -> None:
    metrics = QFontMetrics(painter.font())
    short = metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, short)
