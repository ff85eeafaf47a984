"""The small card beside the pointer: what is here, its values, how old they are."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

_OFFSET_PX = 16
_MAX_ROWS = 3


class HoverCard(QFrame):
    """An opaque child of the 3D view that never takes the pointer. GUI thread."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self._view = view
        self.setProperty("role", "card")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._title = QLabel()
        self._title.setStyleSheet("font-weight: 600;")
        self._caption = QLabel()
        self._caption.setProperty("role", "caption")
        self._names = [QLabel() for _ in range(_MAX_ROWS)]
        self._values = [QLabel() for _ in range(_MAX_ROWS)]
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(2)
        for row, (name, value) in enumerate(zip(self._names, self._values, strict=True)):
            name.setProperty("role", "muted")
            grid.addWidget(name, row, 0)
            grid.addWidget(value, row, 1, Qt.AlignmentFlag.AlignRight)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(4)
        layout.addWidget(self._title)
        layout.addLayout(grid)
        layout.addWidget(self._caption)
        self.hide()

    def show_card(
        self, at: QPoint, title: str, values: Sequence[tuple[str, str]] = (), caption: str = ""
    ) -> None:
        """Show name, up to three (name, value with unit) and a caption such as the age.

        Parameters
        ----------
        at : the pointer, logical pixels of the view; the card keeps inside the view
        """
        self._title.setText(title)
        for row, (name, value) in enumerate(zip(self._names, self._values, strict=True)):
            given = row < len(values)
            name.setVisible(given)
            value.setVisible(given)
            if given:
                name.setText(values[row][0])
                value.setText(values[row][1])
        self._caption.setText(caption)
        self._caption.setVisible(bool(caption))
        self.adjustSize()
        self.move(self._place(at))
        self.show()
        self.raise_()

    def _place(self, at: QPoint) -> QPoint:
        x, y = at.x() + _OFFSET_PX, at.y() + _OFFSET_PX
        if x + self.width() > self._view.width():
            x = at.x() - _OFFSET_PX - self.width()
        if y + self.height() > self._view.height():
            y = at.y() - _OFFSET_PX - self.height()
        return QPoint(max(x, 0), max(y, 0))
