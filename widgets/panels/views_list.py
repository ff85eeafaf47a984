"""Kept views of the city, and the tour through them."""

from __future__ import annotations

import base64

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
)

from twin.city.bookmarks import tour_of
from twin.theme import Theme
from widgets.icons import icon
from widgets.panel import PanelContext, PanelType
from widgets.parts.empty_state import EmptyState
from widgets.parts.panel_widget import PanelWidget

_EMPTY = "No view is kept yet. Turn the city as you like it and press B; click a view to go back."
_TOUR = "All views"


class ViewsPanel(PanelWidget):
    """A list with thumbnails; click = go there. Below it the tour of all of them."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._views = context.views
        self._shown: tuple[str, ...] = ()
        self.list = QListWidget()
        self.list.setIconSize(QSize(96, 54))
        self.list.setAccessibleName("Kept views")
        self.list.itemActivated.connect(self._go)
        self.list.itemClicked.connect(self._go)
        self._empty = EmptyState(_EMPTY)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addLayout(self._make_head())
        layout.addWidget(self._empty)
        layout.addWidget(self.list, 1)
        layout.addLayout(self._make_order())
        layout.addLayout(self._make_tour())
        self.follow(self._views.changed, lambda _nothing: self._show())
        self.take_theme(context.theme)
        self._show()

    def take_theme(self, theme: Theme) -> None:
        """Follow a change of theme in the icons."""
        super().take_theme(theme)
        self.keep.setIcon(icon("bookmark", theme.ui["text"]))
        self.play.setIcon(icon("play", theme.ui["text"]))

    def _make_head(self) -> QHBoxLayout:
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name of the view")
        self.name.returnPressed.connect(self._take)
        self.keep = QPushButton("Keep view")
        self.keep.clicked.connect(lambda _checked=False: self._take())
        row = QHBoxLayout()
        row.addWidget(self.name, 1)
        row.addWidget(self.keep)
        return row

    def _make_order(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.order: dict[str, QPushButton] = {}
        for words, run in (
            ("Up", lambda: self._move(-1)),
            ("Down", lambda: self._move(1)),
            ("Forget", self._remove),
        ):
            button = QPushButton(words)
            button.clicked.connect(lambda _checked=False, run=run: run())
            self.order[words] = button
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _make_tour(self) -> QVBoxLayout:
        self.travel, self.stay = _seconds(4.0, "way"), _seconds(2.0, "stay")
        times = QHBoxLayout()
        for words, box in (("Way", self.travel), ("Stay", self.stay)):
            label = QLabel(words)
            label.setBuddy(box)
            times.addWidget(label)
            times.addWidget(box)
        times.addStretch(1)
        self.play = QPushButton("Play tour")
        self.play.clicked.connect(lambda _checked=False: self._play())
        self.stop = QPushButton("Stop")
        self.stop.clicked.connect(lambda _checked=False: self._views.stop_requested.emit(None))
        buttons = QHBoxLayout()
        buttons.addWidget(self.play)
        buttons.addWidget(self.stop)
        buttons.addStretch(1)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        self.progress.setFixedHeight(4)
        part = QVBoxLayout()
        part.addLayout(times)
        part.addLayout(buttons)
        part.addWidget(self.progress)
        return part

    def _show(self) -> None:
        views = self._views
        names = tuple(bookmark.name + bookmark.thumbnail for bookmark in views.book.bookmarks)
        if names != self._shown:
            self._shown = names
            self._fill()
        has_any = bool(names)
        self._empty.setVisible(not has_any)
        self.list.setVisible(has_any)
        for button in (*self.order.values(), self.play):
            button.setEnabled(has_any)
        self.stop.setEnabled(bool(views.playing))
        words = "Play tour" if not views.playing else "Go on" if views.paused else "Pause"
        self.play.setText(words)
        self.progress.setVisible(bool(views.playing))
        self.progress.setValue(round(1000 * views.share))

    def _fill(self) -> None:
        row = self.list.currentRow()
        self.list.clear()
        for bookmark in self._views.book.bookmarks:
            item = QListWidgetItem(bookmark.name)
            picture = QPixmap()
            if bookmark.thumbnail and picture.loadFromData(base64.b64decode(bookmark.thumbnail)):
                item.setIcon(QIcon(picture))
            item.setData(Qt.ItemDataRole.UserRole, bookmark.name)
            self.list.addItem(item)
        self.list.setCurrentRow(min(max(row, 0), self.list.count() - 1))

    def _current(self) -> str:
        item = self.list.currentItem()
        return "" if item is None else str(item.data(Qt.ItemDataRole.UserRole))

    def _take(self) -> None:
        self._views.take_requested.emit(self.name.text())
        self.name.clear()

    def _go(self, item: QListWidgetItem) -> None:
        bookmark = self._views.book.bookmark(str(item.data(Qt.ItemDataRole.UserRole)))
        if bookmark is not None:
            self._views.go_requested.emit(bookmark)

    def _move(self, places: int) -> None:
        name = self._current()
        if name:
            row = self.list.currentRow()
            self._views.book.move(name, places)
            self.list.setCurrentRow(min(max(row + places, 0), self.list.count() - 1))

    def _remove(self) -> None:
        if self._current():
            self._views.book.remove(self._current())

    def _play(self) -> None:
        if self._views.playing:
            self._views.pause_requested.emit(None)
            return
        book = self._views.book
        tour = tour_of(_TOUR, book.bookmarks, self.travel.value(), self.stay.value())
        book.put_tour(tour)
        self._views.play_requested.emit(tour)


def _seconds(value: float, name: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0.0, 120.0)
    box.setDecimals(1)
    box.setSuffix(" s")
    box.setValue(value)
    box.setAccessibleName(f"Seconds of {name}")
    return box


PANEL = PanelType(
    id="bookmarks", title="Bookmarks", area="left", create=ViewsPanel, order=18, icon="bookmark"
)
