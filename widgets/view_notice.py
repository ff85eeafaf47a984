"""What a 3D view says of working together: whom it follows, who follows, who calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from twin.theme import Theme
from widgets.icons import pixmap

_INSET_PX = 12
Step = tuple[str, Callable[[], object]]
Notice = tuple[str, str, Sequence[Step]]


class ViewNotice(QFrame):
    """Opaque lines in the upper left corner of a view; hidden while there is nothing to say."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self._theme: Theme | None = None
        self._shown: tuple[tuple[str, str], ...] = ()
        self.setProperty("role", "card")
        self.setAccessibleName("Working together")
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(10, 6, 6, 6)
        self._rows.setSpacing(4)
        self.hide()

    def dress(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self._shown = ()

    def say(self, notices: Sequence[Notice]) -> None:
        """Show icon, words and steps of each notice; none hides it."""
        key = tuple((name, words) for name, words, _ in notices)
        if key == self._shown:
            return
        self._shown = key
        while self._rows.count():
            taken = self._rows.takeAt(0)
            row = None if taken is None else taken.widget()
            if row is not None:
                row.hide()
                row.deleteLater()
        for notice in notices:
            self._rows.addWidget(self._row(notice))
        self.setVisible(bool(notices))
        self.place()

    def words(self) -> tuple[str, ...]:
        """What it says now."""
        return tuple(words for _, words in self._shown)

    def place(self) -> None:
        """Stay in the corner, as large as its words."""
        self.setMaximumWidth(max(self._over.width() - 2 * _INSET_PX, 200))
        self.adjustSize()
        self.move(_INSET_PX, _INSET_PX)
        self.raise_()

    def event(self, event: QEvent) -> bool:
        """Fit again once the words were laid out."""
        taken = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self.place()
        return taken

    def _row(self, notice: Notice) -> QWidget:
        name, words, steps = notice
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        mark = QLabel()
        if self._theme is not None:
            colour = self._theme.ui["accent"]
            mark.setPixmap(pixmap(name, colour, 16, self.devicePixelRatioF()))
        layout.addWidget(mark)
        label = QLabel(words)
        layout.addWidget(label, 1)
        for title, run in steps:
            button = QPushButton(title)
            button.clicked.connect(lambda _checked=False, run=run: run())
            layout.addWidget(button)
        return row
