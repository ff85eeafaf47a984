"""A coloured line around the whole window: this is a drill, or this is a replay."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QFrame, QWidget

_LINE_PX = 3


class WindowFrame:
    """Four thin lines over the edges of a window; they never take the pointer. GUI thread."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._lines = [QFrame(window) for _ in range(4)]
        for line in self._lines:
            line.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            line.hide()

    def show_colour(self, colour: str) -> None:
        """Draw in "#RRGGBB"; "" = no frame."""
        for line in self._lines:
            line.setStyleSheet(f"background: {colour}; border: none;" if colour else "")
            line.setVisible(bool(colour))
        self.fit()

    def fit(self) -> None:
        """Follow the size of the window."""
        area = self._window.rect()
        width, height = area.width(), area.height()
        places = (
            QRect(0, 0, width, _LINE_PX),
            QRect(0, height - _LINE_PX, width, _LINE_PX),
            QRect(0, 0, _LINE_PX, height),
            QRect(width - _LINE_PX, 0, _LINE_PX, height),
        )
        for line, place in zip(self._lines, places, strict=True):
            line.setGeometry(place)
            line.raise_()
