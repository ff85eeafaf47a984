"""Choices of a box that follow what there is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox


def offer(box: QComboBox, entries: Sequence[tuple[str, str]]) -> None:
    """Offer other (value, title); what is chosen stays while it is there, else the first one is.

    No signal is sent. GUI thread.
    """
    if [(box.itemData(row), box.itemText(row)) for row in range(box.count())] == list(entries):
        return
    chosen, was = box.currentData(), box.blockSignals(True)
    box.clear()
    for value, title in entries:
        box.addItem(title, value)
    box.setCurrentIndex(max(box.findData(chosen), 0))
    box.blockSignals(was)
