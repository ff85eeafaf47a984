"""Units that are dragged: from the units board onto an incident in a list or in the city."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QMimeData

UNITS_MIME = "application/x-civitwin-units"


def drag_of_units(unit_ids: Sequence[str]) -> QMimeData:
    """What is carried: ids of units, within this application only."""
    carried = QMimeData()
    carried.setData(UNITS_MIME, QByteArray("\n".join(unit_ids).encode()))
    return carried


def units_in(carried: QMimeData) -> tuple[str, ...]:
    """Ids of the units that are carried, empty = something else is."""
    text = bytes(carried.data(UNITS_MIME).data()).decode(errors="replace")
    return tuple(one for one in text.split("\n") if one)
