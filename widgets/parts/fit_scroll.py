"""A scroll area that is as high as what it holds, where there is room, and scrolls otherwise."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

_LEAST_PX = 120


class FitScroll(QScrollArea):
    """Holds one widget; never scrolls sideways. GUI thread."""

    def __init__(self, held: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setWidget(held)
        held.installEventFilter(self)

    def sizeHint(self) -> QSize:
        """As high as its widget is at this width."""
        held = self.widget()
        if held is None:
            return super().sizeHint()
        width = max(self.viewport().width(), 1)
        height = held.heightForWidth(width) if held.hasHeightForWidth() else -1
        return QSize(held.sizeHint().width(), max(height, held.sizeHint().height()))

    def minimumSizeHint(self) -> QSize:
        """A few rows."""
        return QSize(0, min(_LEAST_PX, self.sizeHint().height()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of what it holds."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)
