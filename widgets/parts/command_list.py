"""Item model over the commands of the room, newest first, with those still in the outbox on top."""

from __future__ import annotations

import itertools
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
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from twin.clock import NS_PER_S
from twin.room.model import Command, CommandRequest, CommandState
from twin.session import TwinSession
from widgets.parts.command_words import (
    STATE_WORDS,
    observed_text,
    operator_text,
    queued_text,
    request_phrase,
)
from widgets.parts.inks import Inks
from widgets.parts.marks import MARK_PX, paint_command_mark
from widgets.parts.wording import clock_text, elapsed_text

IdRole = int(Qt.ItemDataRole.UserRole)
StateRole = IdRole + 1
CaptionRole = IdRole + 2
ClockRole = IdRole + 3

ROW_PX = 44
MOST_LISTED = 300
_AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


def seconds_taken(command: Command, now_ns: int) -> float:
    """Time from submission to the end, or to now while it is not over."""
    started_ns = command.times_ns.get(CommandState.SUBMITTED.value, now_ns)
    ended_ns = max(command.times_ns.values(), default=now_ns) if command.is_terminal else now_ns
    return max(ended_ns - started_ns, 0) / NS_PER_S


class CommandList(QAbstractListModel):
    """Rows: requests in the outbox, then the room's commands, newest first. GUI thread.

    The newest `MOST_LISTED` only, so that a busy room costs no more; the command board has all.
    """

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self._ids: list[str] = []
        self._pending: dict[str, CommandRequest] = {}
        self._told: dict[str, Command | None] = {}
        self.reload()

    def reload(self) -> None:
        """Follow the room: rows are added on top, changed ones repainted, selection is kept."""
        commands = self._session.hub.room.commands
        pending = {r.id: r for r in self._session.hub.pending if r.id not in commands}
        self._pending = pending
        newest = itertools.islice(reversed(tuple(commands)), MOST_LISTED)
        wanted = [*reversed(pending), *newest]
        if wanted == self._ids:
            self.tell_running()
            return
        if set(wanted) == set(self._ids):
            self.layoutAboutToBeChanged.emit()
            before = self.persistentIndexList()
            ids = [self._ids[index.row()] for index in before]
            self._ids = wanted
            self.changePersistentIndexList(
                before, [self.index(wanted.index(command_id)) for command_id in ids]
            )
            self.layoutChanged.emit()
            return
        if self._add_on_top(wanted):
            self.tell_running()
            return
        self.beginResetModel()
        self._ids = wanted
        self.endResetModel()

    def _add_on_top(self, wanted: list[str]) -> bool:
        """Add new rows and drop the oldest ones; False when that is not all that is wanted."""
        if not self._ids or self._ids[0] not in wanted:
            return False
        n_new = wanted.index(self._ids[0])
        kept, n_rows = wanted[n_new:], len(self._ids)
        if kept != self._ids[: len(kept)]:
            return False
        if len(kept) < n_rows:
            self.beginRemoveRows(QModelIndex(), len(kept), n_rows - 1)
            self._ids = kept
            self.endRemoveRows()
        if n_new:
            self.beginInsertRows(QModelIndex(), 0, n_new - 1)
            self._ids = wanted
            self.endInsertRows()
        return True

    def tell_running(self) -> None:
        """Have what changed, and the time of what still runs, painted again."""
        commands = self._session.hub.room.commands
        for row, command_id in enumerate(self._ids):
            command = commands.get(command_id)
            runs = command is not None and not command.is_terminal
            if runs or command is not self._told.get(command_id):
                self.dataChanged.emit(self.index(row), self.index(row))
        self._told = {command_id: commands.get(command_id) for command_id in self._ids}

    def row_of(self, command_id: str) -> int:
        """Row of a command, -1 when there is none."""
        return self._ids.index(command_id) if command_id in self._ids else -1

    def command(self, command_id: str) -> Command | None:
        """The room's command, None while it waits in the outbox."""
        return self._session.hub.room.commands.get(command_id)

    def request(self, command_id: str) -> CommandRequest | None:
        """The request of a row, wherever it is."""
        command = self.command(command_id)
        return command.request if command is not None else self._pending.get(command_id)

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """How many commands."""
        return 0 if parent.isValid() else len(self._ids)

    def data(self, index: _AnyIndex, role: int = 0) -> Any:
        """Phrase, state, captions and id of one command."""
        if not index.isValid() or index.row() >= len(self._ids):
            return None
        command_id = self._ids[index.row()]
        if role == IdRole:
            return command_id
        request = self.request(command_id)
        if request is None:
            return None
        command = self.command(command_id)
        if role == Qt.ItemDataRole.DisplayRole:
            return request_phrase(request)
        if role == StateRole:
            return command.state if command else CommandState.DRAFT
        if role == CaptionRole:
            return self._caption(command)
        if role == ClockRole:
            return self._when(command)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{request_phrase(request)}: {self._caption(command)}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{request_phrase(request)}, {self._caption(command)}"
        return None

    def _caption(self, command: Command | None) -> str:
        if command is None:
            return "Waiting for the hub"
        if command.state is CommandState.QUEUED:
            told = queued_text(self._session, command)
        else:
            told = command.state_text or observed_text(self._session, command)
        return f"{STATE_WORDS[command.state]} · {told or operator_text(command.issued_by)}"

    def _when(self, command: Command | None) -> tuple[str, str]:
        if command is None:
            return ("", "")
        submitted_ns = command.times_ns.get(CommandState.SUBMITTED.value, 0)
        taken = seconds_taken(command, self._session.clock.now_ns())
        return (clock_text(submitted_ns), elapsed_text(taken))


class CommandDelegate(QStyledItemDelegate):
    """Paints chip, phrase, state sentence, time of day and elapsed time."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks

    def sizeHint(self, option: QStyleOptionViewItem, _index: _AnyIndex) -> QSize:
        """All rows are equally high."""
        return QSize(option.rect.width(), ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """Paint one row."""
        inks, row = self._inks, option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(row, inks.selected_row())
        chip = QRectF(row.left() + 8, row.top() + 7, MARK_PX, MARK_PX)
        paint_command_mark(painter, chip, index.data(StateRole), inks)
        small = QFont(option.font)
        small.setPixelSize(11)
        at, taken = index.data(ClockRole)
        right = QRect(row.right() - 68, row.top() + 4, 60, 18)
        text = QRect(row.left() + 30, row.top() + 4, row.width() - 30 - 72, 18)
        painter.save()
        _write(painter, option.font, inks.text, text, str(index.data(0)))
        _write(painter, small, inks.muted, right, at, right=True)
        text.translate(0, 19)
        right.translate(0, 19)
        _write(painter, small, inks.muted, text, str(index.data(CaptionRole)))
        _write(painter, small, inks.muted, right, taken, right=True)
        painter.setPen(QPen(inks.line))
        painter.drawLine(row.left() + 8, row.bottom(), row.right() - 8, row.bottom())
        painter.restore()


def _write(
    painter: QPainter, font: QFont, ink: QColor, box: QRect, text: str, *, right: bool = False
) -> None:
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.setFont(font)
    painter.setPen(QPen(ink))
    short = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, short)
