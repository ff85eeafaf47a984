"""A lane of the units board: units of one standing, under their department and kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from PySide6.QtCore import (
    QItemSelectionModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtWidgets import QAbstractItemView, QLabel, QListView, QVBoxLayout, QWidget

from twin.room.parts.incidents import Incident
from twin.unit_board import Standing, UnitRow
from widgets.parts.section_list import (
    ROW_PX,
    KeyRole,
    Row,
    Section,
    SectionDelegate,
    SectionList,
    section_view,
)
from widgets.parts.unit_drag import UNITS_MIME, drag_of_units
from widgets.parts.wording import age_text, count_text, duration_text, kind_title
from widgets.shape_mark import Level

TITLES = {
    Standing.AVAILABLE: "Available",
    Standing.ASSIGNED: "Assigned",
    Standing.EN_ROUTE: "En route",
    Standing.ON_SCENE: "On scene",
    Standing.OUT: "Out of service",
}
#: So many units are named in a sentence; the others are counted.
_NAMED = 3


class UnitList(SectionList):
    """Rows that can be dragged, together with what else is chosen.

    Parameters
    ----------
    carried : units to carry when these are dragged
    """

    def __init__(self, carried: Callable[[Sequence[str]], Sequence[str]]) -> None:
        super().__init__()
        self._carried = carried

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        """Units can be carried, headings cannot."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled if flags else flags

    def mimeTypes(self) -> list[str]:
        """Only units are carried."""
        return [UNITS_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The units of some rows."""
        return drag_of_units(self._carried([str(index.data(KeyRole)) for index in indexes]))


class UnitLane(QWidget):
    """Heading with a count, and the list; several rows can be chosen. GUI thread."""

    def __init__(
        self,
        standing: Standing,
        delegate: SectionDelegate,
        carried: Callable[[Sequence[str]], Sequence[str]],
    ) -> None:
        super().__init__()
        self.standing = standing
        self.model = UnitList(carried)
        self.label = QLabel()
        self.label.setProperty("role", "heading")
        self.label.setContentsMargins(12, 0, 6, 0)
        self.list: QListView = section_view(self.model, delegate, TITLES[standing])
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setMinimumHeight(ROW_PX)
        self.list.setDragEnabled(standing is not Standing.OUT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.label)
        layout.addWidget(self.list, 1)

    def show_rows(self, rows: Sequence[UnitRow]) -> None:
        """List units under their department and kind."""
        sections: list[Section] = []
        for (department, kind), members in groupby(
            rows, key=lambda row: (row.unit.department, row.unit.kind)
        ):
            units = [_row(one) for one in members]
            words = department.replace("_", " ")
            title = f"{kind_title(kind)} · {words}" if words else kind_title(kind)
            sections.append((f"{title}  {len(units)}", units))
        self.model.show_sections(sections)
        title = TITLES[self.standing]
        self.label.setText(f"{title}  {len(rows):,}")
        self.list.setAccessibleName(f"{title}, {len(rows):,} units")

    def chosen(self) -> list[str]:
        """Ids of the units that are chosen here, from top to bottom."""
        indexes = self.list.selectionModel().selectedIndexes()
        return [str(one.data(KeyRole)) for one in sorted(indexes, key=lambda one: one.row())]

    def choose(self, unit_ids: Iterable[str]) -> None:
        """Choose those of the units that are listed here, and no others."""
        selection, wanted = self.list.selectionModel(), set(unit_ids)
        if set(self.chosen()) == wanted:
            return
        selection.clearSelection()
        at = [self.model.row_of(unit_id) for unit_id in wanted]
        for row in at:
            if row >= 0:
                selection.select(self.model.index(row), QItemSelectionModel.SelectionFlag.Select)
        found = [row for row in at if row >= 0]
        if found:
            top = self.model.index(min(found))
            selection.setCurrentIndex(top, QItemSelectionModel.SelectionFlag.NoUpdate)


def _row(row: UnitRow) -> Row:
    parts = [row.incident.title] if row.incident is not None else []
    if row.out is not None:
        parts.append(row.out.reason)
    elif row.place and row.incident is None:
        parts.append(row.place)
    if row.to_go_m and row.standing is Standing.EN_ROUTE:
        parts.append(f"{row.to_go_m:,.0f} m to go")
    if row.silent_s is not None:
        parts.append(f"silent for {age_text(row.silent_s)}")
    if not parts and row.standing is Standing.AVAILABLE:
        parts.append("Ready" if row.can_be_sent else "Runs by itself")
    level: Level | None = "notice" if row.silent_s is not None else None
    eta = f"in {duration_text(row.eta_s)}" if row.eta_s is not None else ""
    return Row(
        key=row.unit.id, title=row.unit.name, caption=" · ".join(parts), right=eta, level=level
    )


def unit_sentence(row: UnitRow, asked: Incident | None = None) -> str:
    """One unit in a sentence; ``asked`` is what the hub has not answered yet."""
    words = f"{row.unit.name}: {TITLES[row.standing].lower()}"
    if row.out is not None:
        words += f" ({row.out.reason}, {row.out.by.name})"
    elif row.incident is not None:
        words += f", {row.incident.title}"
    elif row.place:
        words += f", {row.place}"
    if row.eta_s is not None:
        words += f", there in {duration_text(row.eta_s)}"
    return f"{words}. Asked; waits for the hub ({asked.title})" if asked is not None else words


def units_sentence(rows: Sequence[UnitRow], n_asked: int = 0) -> str:
    """Several units in a sentence; of ``n_asked`` the hub has not answered yet."""
    names = [row.unit.name for row in rows[:_NAMED]]
    if len(rows) > _NAMED:
        names.append(f"{len(rows) - _NAMED:,} more")
    told = f"{count_text(len(rows), 'unit')}: {', '.join(names[:-1])} and {names[-1]}"
    return f"{told}. Asked for {n_asked:,}; waits for the hub" if n_asked else told
