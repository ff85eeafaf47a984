"""Item model over the room's activity: one sentence an event, newest first."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from twin.room.model import TERMINAL_STATES, Command, CommandState, Event
from twin.session import TwinSession
from widgets.parts.alarm_words import alarm_sentence
from widgets.parts.command_words import (
    STATE_WORDS,
    observed_text,
    operator_text,
    past_phrase,
    request_phrase,
)
from widgets.parts.duty_words import duty_sentence
from widgets.parts.incident_words import incident_sentence
from widgets.parts.inks import Inks
from widgets.parts.mark_words import together_sentence
from widgets.parts.room_words import room_sentence
from widgets.parts.wording import clock_text, lower_first

TargetRole = int(Qt.ItemDataRole.UserRole)
TimeRole = TargetRole + 1
ROW_PX = 24
_AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


def sentence_of(session: TwinSession, event: Event) -> str:
    """What happened, for a person, without the time of day."""
    body = event.body
    match event.kind:
        case "command.submitted" | "command.state":
            command = _command_of(session, event)
            if command is None:
                return f"{event.actor}: {event.kind}"
            if event.kind == "command.submitted":
                reason = f" – {command.request.reason}" if command.request.reason else ""
                return (
                    f"{event.actor} asked to {lower_first(request_phrase(command.request))}{reason}"
                )
            return _state_sentence(session, command, event)
        case "operator.joined":
            return f"{event.actor} joined"
        case "operator.left":
            return f"{event.actor} left"
        case "hub.started":
            return "The hub started"
        case "mark.put" | "mark.removed" | "message.posted":
            return together_sentence(event)
        case "note.added":
            return f"{event.actor} noted: {body.get('text', '')}"
        case _:
            told = (
                room_sentence(session, event)
                or duty_sentence(session, event)
                or alarm_sentence(session.hub.room, event)
                or incident_sentence(session, event)
            )
            return told or f"{event.actor}: {event.kind.replace('.', ' ')}"


def _command_of(session: TwinSession, event: Event) -> Command | None:
    request = event.body.get("request")
    command_id = request.get("id") if isinstance(request, dict) else event.body.get("id")
    return session.hub.room.commands.get(str(command_id))


def _state_sentence(session: TwinSession, command: Command, event: Event) -> str:
    state, text = str(event.body.get("state")), str(event.body.get("text") or "")
    who = operator_text(command.issued_by)
    if state == CommandState.VERIFIED:
        seen = observed_text(session, command)
        by = f" – verified by {seen}" if seen else " – verified"
        return f"{who} {past_phrase(command.request)}{by}"
    what = request_phrase(command.request)
    word = STATE_WORDS[CommandState(state)].lower() if state in STATE_WORDS else state.lower()
    told = f" – {text}" if text else ""
    if state in TERMINAL_STATES:
        return f"{what}, asked for by {who}: {word}{told}"
    return f"{what}: {word}{told}"


class ActivityList(QAbstractListModel):
    """Events that fit a text, newest first. GUI thread."""

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self._events: list[Event] = []

    def show_matching(self, text: str, *, all_steps: bool) -> None:
        """List the events whose sentence holds every word of `text`.

        Parameters
        ----------
        all_steps : also the steps between submission and end of a command
        """
        words = text.casefold().split()
        events = [
            event
            for event in reversed(self._session.hub.room.activity)
            if (all_steps or not _is_step(event)) and self._fits(event, words)
        ]
        n_new = len(events) - len(self._events)
        if events == self._events:
            return
        if n_new > 0 and events[n_new:] == self._events:
            self.beginInsertRows(QModelIndex(), 0, n_new - 1)
            self._events = events
            self.endInsertRows()
            return
        self.beginResetModel()
        self._events = events
        self.endResetModel()

    def _fits(self, event: Event, words: list[str]) -> bool:
        if not words:
            return True
        told = f"{clock_text(event.t_ns)} {sentence_of(self._session, event)}".casefold()
        return all(word in told for word in words)

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """How many events are listed."""
        return 0 if parent.isValid() else len(self._events)

    def data(self, index: _AnyIndex, role: int = 0) -> Any:
        """Sentence, time of day and target of one event."""
        if not index.isValid() or index.row() >= len(self._events):
            return None
        event = self._events[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return sentence_of(self._session, event)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{clock_text(event.t_ns)} {sentence_of(self._session, event)}"
        if role == TimeRole:
            return clock_text(event.t_ns)
        if role == TargetRole:
            command = _command_of(self._session, event)
            return command.request.target_id if command is not None else ""
        return None


def _is_step(event: Event) -> bool:
    return event.kind == "command.state" and event.body.get("state") not in TERMINAL_STATES


class ActivityDelegate(QStyledItemDelegate):
    """Paints the time of day and the sentence on one line."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks

    def sizeHint(self, option: QStyleOptionViewItem, _index: _AnyIndex) -> QSize:
        """All rows are equally high."""
        return QSize(option.rect.width(), ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """Paint one row."""
        row, inks = option.rect, self._inks
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(row, inks.selected_row())
        painter.setFont(option.font)
        painter.setPen(QPen(inks.muted))
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(
            QRect(row.left() + 4, row.top(), 64, row.height()), centre, index.data(TimeRole)
        )
        box = row.adjusted(72, 0, -4, 0)
        painter.setPen(QPen(inks.text))
        short = QFontMetrics(option.font).elidedText(
            index.data(0), Qt.TextElideMode.ElideRight, box.width()
        )
        painter.drawText(box, centre, short)
        painter.restore()
