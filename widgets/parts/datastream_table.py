"""Item model over the datastreams of the observation store: filtered and sorted in numpy.

Only what a view asks for is turned into text, so that 10,000 rows cost what is on the screen.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from twin.arrays import BoolArray, Float64Array, Int64Array, UInt8Array
from twin.clock import NS_PER_S, Clock
from twin.sense.health import Health, health_of
from twin.sense.model import Datastream
from twin.sense.store import ObservationStore
from widgets.parts.wording import age_text, health_sentence, property_title, value_text

SlotRole = int(Qt.ItemDataRole.UserRole)
CaptionRole = SlotRole + 1
HealthRole = SlotRole + 2
TrendRole = SlotRole + 3

TREND_POINTS = 60
_AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class Column(enum.IntEnum):
    """Columns of the table."""

    STATE = 0
    SENSOR = 1
    TREND = 2
    VALUE = 3


class SortKey(enum.StrEnum):
    """What rows can be ordered by."""

    STATE = "state"
    NAME = "name"
    PROPERTY = "property"
    VALUE = "value"
    AGE = "age"


#: The worst first: suspect, stale, never seen, fresh.
_SEVERITY = np.array([3, 1, 0, 2], np.int8)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorFilter:
    """Which datastreams are listed.

    Attributes
    ----------
    text : every word must occur in the name, property or id
    observed_property : "" = all
    health : None = all
    """

    text: str = ""
    observed_property: str = ""
    health: Health | None = None


class DatastreamTable(QAbstractTableModel):
    """Rows are slots of the store, in `rows`. GUI thread only; pull `refresh` on a tick."""

    def __init__(self, store: ObservationStore, clock: Clock) -> None:
        super().__init__()
        self._store = store
        self._clock = clock
        self._with_thing_names = True
        self._only: Int64Array | None = None
        self._filter = SensorFilter()
        self._sort_key = SortKey.NAME
        self._descending = False
        self._catalogue_version = -1
        self.rows: Int64Array = np.empty(0, np.int64)
        self._datastreams: Sequence[Datastream] = ()
        self._search: np.ndarray[Any, np.dtype[np.object_]] = np.empty(0, object)
        self._names: np.ndarray[Any, np.dtype[np.str_]] = np.empty(0, np.str_)
        self._properties: np.ndarray[Any, np.dtype[np.str_]] = np.empty(0, np.str_)
        self.health: UInt8Array = np.empty(0, np.uint8)
        self._take_snapshot()

    # -- what is listed ---------------------------------------------------------------------

    @property
    def filter(self) -> SensorFilter:
        """Which datastreams are listed."""
        return self._filter

    @property
    def sorting(self) -> tuple[SortKey, bool]:
        """Present order, and whether it is descending."""
        return self._sort_key, self._descending

    def list_only(self, slots: Int64Array | None, *, with_thing_names: bool = True) -> None:
        """List only these slots; None = all. Lead with the thing's or the property's name."""
        self._only = slots
        self._with_thing_names = with_thing_names
        self._take_snapshot()  # the slots may have been announced since the last one
        self._arrange()

    def set_filter(self, wanted: SensorFilter) -> None:
        """List only what fits `wanted`."""
        self._filter = wanted
        self._arrange()

    def sort_by(self, key: SortKey, *, descending: bool = False) -> None:
        """Order the rows; equal ones by name."""
        self._sort_key, self._descending = key, descending
        self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Order by a column of the header."""
        keys = {
            Column.STATE: SortKey.STATE,
            Column.SENSOR: SortKey.NAME,
            Column.VALUE: SortKey.VALUE,
        }
        key = keys.get(Column(column)) if column >= 0 else None
        if key is not None:
            self.sort_by(key, descending=order == Qt.SortOrder.DescendingOrder)

    def refresh(self, first_row: int, last_row: int) -> bool:
        """Take a new snapshot; tell the view that the rows it shows have changed.

        Returns
        -------
        bool
            Whether rows were added or left out (the catalogue moved or health changed).
        """
        rearranged = self._take_snapshot()
        if rearranged or self._health_moved():
            self._arrange()
            return True
        if 0 <= first_row <= last_row < len(self.rows):
            self.dataChanged.emit(self.index(first_row, 0), self.index(last_row, len(Column) - 1))
        return False

    def rearrange(self) -> None:
        """Filter and sort again by the values of now."""
        self._take_snapshot()
        self._arrange()

    def health_counts(self) -> dict[Health, int]:
        """How many of all datastreams are in each state."""
        counts = np.bincount(self.health, minlength=len(Health))
        return {health: int(counts[health]) for health in Health}

    @property
    def n_datastreams(self) -> int:
        """How many there are, listed or not."""
        return len(self._datastreams)

    def row_of_slot(self, slot: int) -> int:
        """Row that shows a slot, -1 when it is not listed."""
        found = np.flatnonzero(self.rows == slot)
        return int(found[0]) if len(found) else -1

    def row_of_thing(self, thing_id: str) -> int:
        """First row of a thing, -1 when none is listed."""
        slots = self._store.slots_of_thing(thing_id)
        found = np.flatnonzero(np.isin(self.rows, slots))
        return int(found[0]) if len(found) else -1

    def datastream(self, row: int) -> Datastream:
        """The datastream in a row."""
        return self._datastreams[int(self.rows[row])]

    # -- Qt ---------------------------------------------------------------------------------

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """Rows that fit the filter."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """State, sensor, trend, value."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Column titles."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return ("", "Sensor", "Trend", "Value")[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            right = section == Column.VALUE
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _AnyIndex, role: int = 0) -> Any:
        """Texts, health, trend of one cell."""
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        slot = int(self.rows[index.row()])
        if role == SlotRole:
            return slot
        if role == HealthRole:
            return Health(int(self.health[slot]))
        if role == TrendRole:
            return self._store.history_of(slot)[1][-TREND_POINTS:]
        if role == Qt.ItemDataRole.ToolTipRole:
            return health_sentence(self._store, slot, self._snapshot, self._clock.now_ns())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(slot)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._first_line(slot, index.column())
        if role == CaptionRole:
            return self._second_line(slot, index.column())
        return None

    def _first_line(self, slot: int, column: int) -> str:
        datastream = self._datastreams[slot]
        if column == Column.SENSOR:
            if self._with_thing_names:
                return str(self._names[slot])
            return property_title(datastream.observed_property)
        if column == Column.VALUE:
            return value_text(float(self.values[slot]), datastream)
        return ""

    def _second_line(self, slot: int, column: int) -> str:
        if column == Column.SENSOR and self._with_thing_names:
            return property_title(self._datastreams[slot].observed_property)
        if column == Column.VALUE:
            return age_text(self._age_s(slot))
        return ""

    def _spoken(self, slot: int) -> str:
        health = Health(int(self.health[slot])).name.lower()
        name, title = self._names[slot], property_title(self._datastreams[slot].observed_property)
        return f"{name}, {title}, {self._first_line(slot, Column.VALUE)}, {health}"

    # -- inside -----------------------------------------------------------------------------

    def _age_s(self, slot: int) -> float:
        if int(self._snapshot.counts[slot]) == 0:
            return float("nan")
        return (self._clock.now_ns() - int(self._snapshot.t_ns[slot])) / NS_PER_S

    def _take_snapshot(self) -> bool:
        """Copy the newest values; True if things or datastreams were announced since."""
        announced = self._store.catalogue_version != self._catalogue_version
        if announced:
            self._catalogue_version = self._store.catalogue_version
            self._index_names()
        n = len(self._datastreams)
        self._snapshot = self._store.snapshot()
        self.values: Float64Array = self._snapshot.values[:n]
        self._health_before: UInt8Array = self.health
        self.health = health_of(self._snapshot, self._clock.now_ns())[:n]
        return announced

    def _index_names(self) -> None:
        things = self._store.things
        self._datastreams = self._store.datastreams
        owners = [things.get(d.thing_id) for d in self._datastreams]
        names = [
            thing.name if thing is not None else d.thing_id
            for thing, d in zip(owners, self._datastreams, strict=True)
        ]
        titles = [property_title(d.observed_property) for d in self._datastreams]
        self._names = np.array(names, np.str_) if names else np.empty(0, np.str_)
        self._properties = np.array([d.observed_property for d in self._datastreams], np.str_)
        self._search = np.array(
            [
                f"{name} {title} {d.name} {d.id}".casefold()
                for name, title, d in zip(names, titles, self._datastreams, strict=True)
            ],
            object,
        )

    def _health_moved(self) -> bool:
        """Whether the health filter would now list other rows."""
        if self._filter.health is None:
            return False
        wanted = self._filter.health
        return not np.array_equal(self._health_before == wanted, self.health == wanted)

    def _wanted(self) -> BoolArray:
        keep = np.ones(len(self._datastreams), bool)
        if self._only is not None:
            keep[:] = False
            keep[self._only[self._only < len(keep)]] = True
        if self._filter.observed_property:
            keep &= self._properties == self._filter.observed_property
        if self._filter.health is not None:
            keep &= self.health == self._filter.health
        words = self._filter.text.casefold().split()
        if words:
            for slot in np.flatnonzero(keep):
                text = self._search[slot]
                keep[slot] = all(word in text for word in words)
        return keep

    def _arrange(self) -> None:
        slots = np.flatnonzero(self._wanted())
        names = self._names[slots]
        if self._sort_key is SortKey.NAME:
            order = np.lexsort((self._properties[slots], names))
        else:
            order = np.lexsort((names, self._sort_column(slots)))
        if self._descending:
            order = order[::-1]
        self._replace_rows(slots[order].astype(np.int64))

    def _sort_column(self, slots: Int64Array) -> np.ndarray[Any, Any]:
        if self._sort_key is SortKey.STATE:
            return _SEVERITY[self.health[slots]]
        if self._sort_key is SortKey.PROPERTY:
            return self._properties[slots]
        if self._sort_key is SortKey.VALUE:
            return self.values[slots]
        return -self._snapshot.t_ns[slots]

    def _replace_rows(self, rows: Int64Array) -> None:
        if np.array_equal(rows, self.rows):
            if len(rows):
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(Column) - 1))
            return
        if not np.array_equal(np.sort(rows), np.sort(self.rows)):
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        slots = [int(self.rows[index.row()]) for index in before]
        self.rows = rows
        row_of = {slot: row for row, slot in enumerate(rows.tolist())} if before else {}
        after = [
            self.index(row_of[slot], index.column())
            for slot, index in zip(slots, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()
