"""Labels of running text."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel


def wrapped(role: str = "", text: str = "") -> QLabel:
    """A label that wraps and shows its text as it is, in a role of the style sheet."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        label.setProperty("role", role)
    return label


def say(label: QLabel, text: str) -> None:
    """Set a label's text; an empty one is hidden."""
    label.setText(text)
    label.setVisible(bool(text))
