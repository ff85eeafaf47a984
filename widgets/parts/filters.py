"""Filters of panels as text, so that a workspace can be handed over with what it was filtered by.

A panel names its filter controls with `as_filter`; whoever keeps or hands over a workspace asks any
panel for its filters, without knowing it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

_PROPERTY = "filter"
FilterWidget = QLineEdit | QComboBox | QCheckBox


def as_filter(widget: FilterWidget, name: str) -> None:
    """Say that a control is a filter of its panel; the name is permanent within the panel."""
    widget.setProperty(_PROPERTY, name)


def filter_text(panel: QWidget) -> str:
    """What a panel is filtered by, as text; "" for nothing."""
    kept = {}
    for name, widget in _filters(panel):
        if isinstance(widget, QLineEdit):
            value: str | bool = widget.text()
        elif isinstance(widget, QComboBox):
            value = widget.currentText() if widget.currentIndex() > 0 else ""
        else:
            value = widget.isChecked()
        if value:
            kept[name] = value
    return json.dumps(kept, sort_keys=True) if kept else ""


def take_filter_text(panel: QWidget, text: str) -> None:
    """Filter a panel so; what is not named or not on offer is cleared. Text that is none: none."""
    try:
        kept = json.loads(text) if text else {}
    except ValueError:
        return
    if not isinstance(kept, dict):
        return
    for name, widget in _filters(panel):
        value = kept.get(name)
        if isinstance(widget, QLineEdit):
            widget.setText(value if isinstance(value, str) else "")
        elif isinstance(widget, QComboBox):
            widget.setCurrentIndex(max(widget.findText(value), 0) if isinstance(value, str) else 0)
        else:
            widget.setChecked(value is True)


def _filters(panel: QWidget) -> Iterator[tuple[str, FilterWidget]]:
    for kind in (QLineEdit, QComboBox, QCheckBox):
        for widget in panel.findChildren(kind):
            name = widget.property(_PROPERTY)
            if isinstance(name, str) and isinstance(widget, FilterWidget):
                yield name, widget
