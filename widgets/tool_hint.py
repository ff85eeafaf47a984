"""The line over the 3D view that says what to do next with the tool in hand."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QLabel, QWidget

_FROM_TOP_PX = 12
_STYLE = "background: {panel}; color: {text}; border: 1px solid {line}; padding: 6px 12px;"


class ToolHint(QLabel):
    """An opaque label in the middle of the view's upper edge; hidden while it has no words."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("What to do next")
        self.hide()
        over.installEventFilter(self)

    def dress(self, ui: dict[str, str]) -> None:
        """Take the colours of a theme."""
        self.setStyleSheet(_STYLE.format(panel=ui["panel"], text=ui["text"], line=ui["line"]))

    def say(self, words: str) -> None:
        """Show a sentence; "" hides the line."""
        if words != self.text() or self.isHidden() == bool(words):
            self.setText(words)
            self.setVisible(bool(words))
            self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay in the middle when the view changes its size."""
        if watched is self._over and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _place(self) -> None:
        self.adjustSize()
        self.move(max(0, (self._over.width() - self.width()) // 2), _FROM_TOP_PX)
        self.raise_()
