"""Item model of the alarm list: entries, and the alarms of those that are open.

Only what a view asks for is turned into text, so that 10,000 rows cost what is on the screen.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from twin.clock import Clock
from twin.operations.alarm_groups import AlarmGroup
from twin.room.parts.alarms import Alarm
from widgets.parts.alarm_words import (
    PRIORITY_TITLES,
    age_s,
    department_title,
    group_state,
    group_title,
    place_text,
    state_text,
)
from widgets.parts.wording import age_text

RowRole = int(Qt.ItemDataRole.UserRole)
_AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class Column(enum.IntEnum):
    """Columns of the table."""

    ALARM = 0
    PLACE = 1
    STATE = 2
    VALUE = 3
    DEPARTMENT = 4
    AGE = 5


TITLES = ("Alarm", "Place", "State", "Value", "Department", "Age")


class Row:
    """One row: an entry, or one alarm of an entry.

    Attributes
    ----------
    alarm : None for the face of several alarms
    key : of the row; an alarm's row within an entry has another key than the entry
    is_open : the face of several alarms, all of which follow
    """

    __slots__ = ("alarm", "group", "is_open", "key")

    def __init__(self, group: AlarmGroup, alarm: Alarm | None, key: str, is_open: bool) -> None:
        self.group, self.alarm, self.key, self.is_open = group, alarm, key, is_open

    @property
    def is_face(self) -> bool:
        """Whether it stands for several alarms."""
        return self.alarm is None

    @property
    def is_inner(self) -> bool:
        """Whether it is one of several alarms below their face."""
        return self.alarm is not None and len(self.group.alarms) > 1

    @property
    def head(self) -> Alarm:
        """The alarm that it is about, or that names it."""
        return self.alarm or self.group.head

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """What is acknowledged or shelved with it."""
        return self.group.alarms if self.alarm is None else (self.alarm,)


class AlarmTable(QAbstractTableModel):
    """Rows of the alarm list. GUI thread."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._groups: Sequence[AlarmGroup] = ()
        self._open: set[str] = set()
        self._sort: tuple[int, bool] = (-1, False)
        #: A single alarm's group stands for itself: making ten thousand rows takes time.
        self._rows: list[AlarmGroup | Row] = []
        self._keys: list[str] = []

    # -- what is listed ---------------------------------------------------------------------

    def show_groups(self, groups: Sequence[AlarmGroup]) -> None:
        """Replace what is listed; selections stay with their alarms."""
        self._groups = groups
        self._arrange()

    def toggle(self, row: int) -> None:
        """Open or close the entry in a row."""
        one = self.row_at(row)
        if one is not None and one.is_face:
            self._open ^= {one.group.key}
            self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order entries by a column; by the first, what has to be looked at first."""
        self._sort = (column, order == Qt.SortOrder.DescendingOrder)
        self._arrange()

    def row_at(self, row: int) -> Row | None:
        """What stands in a row, None outside."""
        if not 0 <= row < len(self._rows):
            return None
        one = self._rows[row]
        return one if isinstance(one, Row) else Row(one, one.alarms[0], one.key, False)

    def row_of_alarm(self, alarm_id: str) -> int:
        """Where an alarm is seen: its own row, else the face that stands for it; -1 = nowhere."""
        face = -1
        for row, one in enumerate(self._rows):
            if not isinstance(one, Row):
                if one.alarms[0].id == alarm_id:
                    return row
            elif one.alarm is not None:
                if one.alarm.id == alarm_id:
                    return row
            elif face < 0 and any(alarm.id == alarm_id for alarm in one.group.alarms):
                face = row
        return face

    def tell_time(self, first: int, last: int) -> None:
        """Have the rows that are seen painted again."""
        if 0 <= first <= last < len(self._rows):
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(Column) - 1))

    def _arrange(self) -> None:
        rows = _rows(self._ordered(), self._open)
        keys = [one.key for one in rows]
        if keys == self._keys:
            self._rows = rows
            self.tell_time(0, len(rows) - 1)
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        was = [self._keys[index.row()] for index in before]
        self._rows, self._keys = rows, keys
        row_of = {key: row for row, key in enumerate(keys)} if before else {}
        after = [
            self.index(row_of[key], index.column()) if key in row_of else QModelIndex()
            for key, index in zip(was, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _ordered(self) -> Sequence[AlarmGroup]:
        column, is_descending = self._sort
        key = _SORT_KEYS.get(column)
        if key is not None:
            return sorted(self._groups, key=key, reverse=is_descending)
        return self._groups[::-1] if is_descending else self._groups

    # -- Qt ---------------------------------------------------------------------------------

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """How many rows."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """Alarm, place, state, value, department, age."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Column titles."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft
            if section in (Column.VALUE, Column.AGE):
                side = Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _AnyIndex, role: int = 0) -> Any:
        """Text of a cell, or its row."""
        row = self.row_at(index.row()) if index.isValid() else None
        if row is None:
            return None
        if role == RowRole:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.head.response or self._text(row, index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(row)
        return None

    def _text(self, row: Row, column: int) -> str:
        now_ns = self._clock.now_ns()
        head = row.head
        if column == Column.ALARM:
            return group_title(row.group) if row.is_face else _inner_title(row)
        if column == Column.PLACE:
            return place_text(head)
        if column == Column.STATE:
            return group_state(row.group, now_ns) if row.is_face else state_text(head, now_ns)
        if column == Column.VALUE:
            return head.value_text
        if column == Column.DEPARTMENT:
            return department_title(head.department)
        return age_text(age_s(head, now_ns))

    def _spoken(self, row: Row) -> str:
        texts = (self._text(row, column) for column in Column)
        told = ", ".join(text for text in texts if text)
        return f"{PRIORITY_TITLES[row.group.worst if row.is_face else row.head.priority]}, {told}"


def _inner_title(row: Row) -> str:
    """An alarm's title; of several that are one entry, the first is told apart."""
    is_first = row.is_inner and row.head.id == row.group.first_up.id
    return f"{row.head.title} – first up" if is_first else row.head.title


_SORT_KEYS: dict[int, Callable[[AlarmGroup], Any]] = {
    Column.PLACE: lambda group: place_text(group.head).casefold(),
    Column.STATE: lambda group: (not group.n_unacknowledged, group.head.state.value),
    Column.VALUE: lambda group: group.head.value_text,
    Column.DEPARTMENT: lambda group: group.head.department,
    Column.AGE: lambda group: -group.head.raised_ns,
}


def _rows(groups: Sequence[AlarmGroup], opened: set[str]) -> list[AlarmGroup | Row]:
    rows: list[AlarmGroup | Row] = []
    for group in groups:
        if len(group.alarms) == 1:
            rows.append(group)
            continue
        is_open = group.key in opened
        rows.append(Row(group, None, group.key, is_open))
        inner = group.alarms if is_open else group.pinned
        rows += [Row(group, alarm, f"{group.key}/{alarm.id}", False) for alarm in inner]
    return rows
