"""Ctrl+K: type to find a place, sensor, unit, building, panel or action, Enter to go there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QStandardItem
from PySide6.QtGui import QStandardItemModel as ItemModel
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from twin.theme import Theme
from widgets.actions import Action, ActionTable, key_text
from widgets.find_index import FindGroup, Found, NameIndex, find
from widgets.icons import pixmap
from widgets.style import tokens

_FOUND = Qt.ItemDataRole.UserRole + 1
_WIDTH_PX = 640
_ROW_PX = 32
_HEADING_PX = 26
_MAX_LIST_PX = 420
_HINT = "Type a place, sensor, unit, building, panel or action, or a command: close harbour street"


def action_group(table: ActionTable, heading: str, wanted: Callable[[Action], bool]) -> FindGroup:
    """Those of the wanted actions that can be done now, found by their titles."""
    actions = [action for action in table if wanted(action) and action.enabled()]
    return FindGroup(
        heading=heading,
        index=NameIndex(action.title for action in actions),
        title=lambda row: actions[row].title,
        detail=lambda row: "" if actions[row].group == heading else actions[row].group,
        key=lambda row: key_text(actions[row].key),
        choose=lambda row: table.run(actions[row].id),
        icon="command",
    )


class FindBox(QFrame):
    """A box over the top centre of a window. GUI thread.

    It is an opaque child of the window, not a window of its own, so it needs no window manager
    and costs no frame of the 3D view. ``groups`` is asked each time the box opens.
    """

    def __init__(
        self, window: QWidget, *, groups: Callable[[], Sequence[FindGroup]], theme: Theme
    ) -> None:
        super().__init__(window)
        self._host = window
        self._ask_groups = groups
        self._groups: Sequence[FindGroup] = ()
        self._came_from: QWidget | None = None
        self._has_stepped = False
        self.setProperty("role", "card")
        self.setAutoFillBackground(True)
        self._edit = QLineEdit()
        self._edit.setProperty("role", "find")
        self._edit.setPlaceholderText(_HINT)
        self._edit.setAccessibleName("Find")
        self._list = QListView()
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setAccessibleName("Results")
        self._list.setUniformItemSizes(False)
        self._list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._model = ItemModel(self)
        self._list.setModel(self._model)
        self._delegate = _FoundDelegate(theme, self)
        self._list.setItemDelegate(self._delegate)
        self._foot = QLabel("↑ ↓ choose     Enter go there     Esc close")
        self._foot.setProperty("role", "caption")
        self._foot.setContentsMargins(12, 4, 12, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(0)
        for part in (self._edit, self._list, self._foot):
            layout.addWidget(part)
        self._edit.textChanged.connect(self.search)
        self._edit.installEventFilter(self)
        self._list.clicked.connect(self._choose_index)
        window.installEventFilter(self)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Paint with the colours of another theme."""
        self._delegate.set_theme(theme)

    def open(self) -> None:
        """Show it, empty, with the keyboard."""
        self._came_from = self.window().focusWidget()
        self._groups = self._ask_groups()
        self._edit.clear()
        self.search("")
        self.show()
        self.raise_()
        self._edit.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def dismiss(self) -> None:
        """Hide it and give the keyboard back to where it was."""
        if self.isVisible():
            self.hide()
            if self._came_from is not None and self._came_from.isVisible():
                self._came_from.setFocus(Qt.FocusReason.PopupFocusReason)
            self._came_from = None

    def refresh_groups(self) -> None:
        """Ask for the groups again while open (an index just got ready)."""
        if self.isVisible():
            index = self._list.currentIndex()
            chosen, title, was_stepped = index.data(_FOUND), str(index.data()), self._has_stepped
            self._groups = self._ask_groups()
            self.search(self._edit.text())
            if was_stepped and chosen is not None:
                self._choose_again(chosen.group.heading, title)
                self._has_stepped = True

    def results(self) -> list[Found]:
        """What is listed now, best first."""
        rows = (self._model.item(i).data(_FOUND) for i in range(self._model.rowCount()))
        return [found for found in rows if found is not None]

    def search(self, query: str) -> None:
        """List what fits `query`; nothing for an empty one."""
        found = find(self._groups, query)
        self._model.clear()
        heading = ""
        for one in found:
            if one.group.heading != heading:
                heading = one.group.heading
                self._model.appendRow(_heading_item(heading))
            self._model.appendRow(_found_item(one))
        notes = [note for group in self._groups if (note := group.note())]
        for note in notes:
            self._model.appendRow(_heading_item(note))
        if query.strip() and not found and not notes:
            self._model.appendRow(_heading_item(f"Nothing is called “{query.strip()}”"))
        self._fit()
        self._choose_first()

    def _choose_again(self, heading: str, title: str) -> None:
        """Keep what the person has chosen although the list was made anew."""
        for row in range(self._model.rowCount()):
            item = self._model.item(row)
            found = item.data(_FOUND)
            if found is not None and (found.group.heading, item.text()) == (heading, title):
                self._list.setCurrentIndex(self._model.index(row, 0))
                return

    def _choose_first(self) -> None:
        self._has_stepped = False
        for row in range(self._model.rowCount()):
            if self._model.item(row).data(_FOUND) is not None:
                self._list.setCurrentIndex(self._model.index(row, 0))
                break
        self._list.scrollToTop()  # the heading too

    def _fit(self) -> None:
        n_rows = self._model.rowCount()
        height = sum(self._list.sizeHintForRow(row) for row in range(n_rows))
        self._list.setVisible(n_rows > 0)
        self._list.setFixedHeight(min(height + 4, _MAX_LIST_PX))
        window = self._host
        width = min(_WIDTH_PX, window.width() - 48)
        self.setFixedWidth(width)
        self.adjustSize()
        self.move((window.width() - width) // 2, 56)

    def _step(self, by: int) -> None:
        self._has_stepped = True
        row = self._list.currentIndex().row()
        for _ in range(self._model.rowCount()):
            row = (row + by) % self._model.rowCount()
            if self._model.item(row).data(_FOUND) is not None:
                self._list.setCurrentIndex(self._model.index(row, 0))
                break
        if row <= 1:
            self._list.scrollToTop()  # the heading too

    def _choose_index(self, index: QModelIndex) -> None:
        found = index.data(_FOUND)
        if found is not None:
            self.dismiss()
            found.group.choose(found.row)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the line, and the size of the window."""
        if watched is self._edit and isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.KeyPress:
                return self._take_key(event.key())
            if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
                event.accept()  # Esc closes this box before it means anything to the window
                return True
        elif watched is self._edit and event.type() == QEvent.Type.FocusOut:
            self.hide()
        elif event.type() == QEvent.Type.Resize and watched is self._host and self.isVisible():
            self._fit()
        return super().eventFilter(watched, event)

    def _take_key(self, key: int) -> bool:
        if key == Qt.Key.Key_Escape:
            self.dismiss()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._step(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            for _ in range(6):
                self._step(1 if key == Qt.Key.Key_PageDown else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose_index(self._list.currentIndex())
        else:
            return False
        return True


def _heading_item(text: str) -> QStandardItem:
    item = QStandardItem(text)
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    return item


def _found_item(found: Found) -> QStandardItem:
    item = QStandardItem(found.group.title(found.row))
    item.setData(found, _FOUND)
    item.setEditable(False)
    return item


class _FoundDelegate(QStyledItemDelegate):
    """Paints a heading or a result: icon, title, detail in muted ink, key at the right."""

    def __init__(self, theme: Theme, parent: QObject) -> None:
        super().__init__(parent)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._tokens = tokens(theme)

    def sizeHint(
        self, _option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Headings are lower than results."""
        return QSize(10, _HEADING_PX if index.data(_FOUND) is None else _ROW_PX)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw one row."""
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        found = index.data(_FOUND)
        if found is None:
            self._paint_heading(painter, area, str(index.data()))
        else:
            if state & QStyle.StateFlag.State_Selected:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(self._tokens["wash"]))
                painter.drawRoundedRect(area.adjusted(4, 1, -4, -1), 4, 4)
            self._paint_found(painter, area, found)
        painter.restore()

    def _paint_heading(self, painter: QPainter, area: QRect, text: str) -> None:
        font = QFont(painter.font())
        font.setPixelSize(11)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(self._tokens["muted"]))
        box = area.adjusted(12, 4, -12, 0)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_found(self, painter: QPainter, area: QRect, found: Found) -> None:
        ratio = painter.device().devicePixelRatio()
        mark = pixmap(found.group.icon, self._tokens["muted"], 16, ratio)
        painter.drawPixmap(area.left() + 12, area.center().y() - 7, mark)
        right = area.right() - 12
        key = found.group.key(found.row)
        if key:
            right = self._paint_key(painter, area, right, key)
        box = QRect(area.left() + 38, area.top(), right - area.left() - 46, area.height())
        metrics = QFontMetrics(painter.font())
        title = metrics.elidedText(
            found.group.title(found.row), Qt.TextElideMode.ElideRight, box.width()
        )
        painter.setPen(QColor(self._tokens["text"]))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, title)
        used = metrics.horizontalAdvance(title) + 12
        detail = metrics.elidedText(
            found.group.detail(found.row), Qt.TextElideMode.ElideRight, box.width() - used
        )
        if box.width() - used > 40:
            painter.setPen(QColor(self._tokens["muted"]))
            painter.drawText(box.adjusted(used, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, detail)

    def _paint_key(self, painter: QPainter, area: QRect, right: int, key: str) -> int:
        font = QFont(painter.font())
        font.setPixelSize(11)
        width = QFontMetrics(font).horizontalAdvance(key) + 12
        box = QRect(right - width, area.center().y() - 9, width, 19)
        painter.save()
        painter.setFont(font)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._tokens["soft"]))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(QColor(self._tokens["muted"]))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, key)
        painter.restore()
        return right - width - 8
