"""Item model of incidents: units from the board can be dropped on those that are open."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QModelIndex, QPersistentModelIndex, Qt, Signal

from widgets.parts.section_list import KeyRole, Row, SectionList
from widgets.parts.unit_drag import UNITS_MIME, units_in

_AnyIndex = QModelIndex | QPersistentModelIndex


class IncidentList(SectionList):
    """Open incidents and closed ones. GUI thread.

    Signals
    -------
    units_dropped(str, object)
        Id of an open incident, and a tuple of ids of units.
    """

    units_dropped = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self._open: frozenset[str] = frozenset()

    def show_incidents(self, worked: Sequence[Row], closed: Sequence[Row]) -> None:
        """List both."""
        self._open = frozenset(row.key for row in worked)
        self.show_sections([("Open", worked), ("Closed lately", closed)])

    def flags(self, index: _AnyIndex) -> Qt.ItemFlag:
        """Only what is open takes units."""
        flags = super().flags(index)
        takes = flags and index.data(KeyRole) in self._open
        return flags | Qt.ItemFlag.ItemIsDropEnabled if takes else flags

    def mimeTypes(self) -> list[str]:
        """Only units are taken."""
        return [UNITS_MIME]

    def canDropMimeData(
        self,
        data: QMimeData,
        _action: Qt.DropAction,
        _row: int,
        _column: int,
        parent: _AnyIndex,
    ) -> bool:
        """Units, on an incident that is open; not between two."""
        return data.hasFormat(UNITS_MIME) and parent.data(KeyRole) in self._open

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: _AnyIndex
    ) -> bool:
        """Tell what was dropped where; nothing is moved here before the hub says so."""
        if not self.canDropMimeData(data, action, row, column, parent):
            return False
        self.units_dropped.emit(str(parent.data(KeyRole)), units_in(data))
        return True
