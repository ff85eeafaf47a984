"""What is in view, in reading order: the picture in words, by keyboard, for a screen reader."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QListView, QStackedLayout, QVBoxLayout, QWidget

from twin.clock import NS_PER_S
from widgets.in_view_list import InViewLine
from widgets.panel import PanelContext, PanelType
from widgets.parts.empty_state import EmptyState
from widgets.parts.panel_widget import PanelWidget

#: While the camera stands still the list is read anew this often (units move).
STILL_NS = 5 * NS_PER_S
MOVED_NS = NS_PER_S


class InViewModel(QAbstractListModel):
    """Lines of what is in view."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: tuple[InViewLine, ...] = ()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        """How many lines."""
        return 0 if parent is not None and parent.isValid() else len(self.lines)

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Two lines for the eye, one sentence for the ear."""
        if not index.isValid():
            return None
        line = self.lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{line.title}\n{line.detail}"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return line.text
        return None

    def show(self, lines: tuple[InViewLine, ...]) -> None:
        """Replace the lines."""
        self.beginResetModel()
        self.lines = lines
        self.endResetModel()

    def row_like(self, line: InViewLine | None) -> int:
        """Row that stands for the same thing, -1 if it left the view."""
        if line is None:
            return -1
        rows = (row for row, one in enumerate(self.lines) if one.selection == line.selection)
        return next(rows, -1)


class InViewPanel(PanelWidget):
    """Enter inspects, Space flies there; the place in the list is kept while the view changes."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._asked_ns = -STILL_NS
        self._version: object = None
        self.model = InViewModel()
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("In view, from the top left")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.clicked.connect(self._inspect)
        self.list.activated.connect(self._inspect)
        self.list.doubleClicked.connect(self._fly)
        self._empty = EmptyState(
            "Nothing with a name is in view. Fly closer, or press Home to see the whole city."
        )
        stack = QWidget()
        self._stack = QStackedLayout(stack)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.addWidget(stack)
        self.setFocusProxy(self.list)

    def refresh(self) -> None:
        """Read the view anew when the camera moved, and now and then while it stands still."""
        now_ns = self.session.clock.monotonic_ns()
        version = self.context.in_view.version()
        pause_ns = MOVED_NS if version != self._version else STILL_NS
        if now_ns - self._asked_ns < pause_ns:
            return
        self._asked_ns, self._version = now_ns, version
        lines = tuple(self.context.in_view.ask())
        if lines == self.model.lines:
            return
        current = self._line(self.list.currentIndex())
        self.model.show(lines)
        row = self.model.row_like(current)
        if row >= 0:
            self.list.setCurrentIndex(self.model.index(row))
        self._stack.setCurrentWidget(self.list if lines else self._empty)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space flies to the current line."""
        if event.key() == Qt.Key.Key_Space:
            self._fly(self.list.currentIndex())
            return
        super().keyPressEvent(event)

    def _line(self, index: QModelIndex) -> InViewLine | None:
        return self.model.lines[index.row()] if index.isValid() else None

    def _inspect(self, index: QModelIndex) -> None:
        line = self._line(index)
        if line is not None:
            self.session.select(line.selection)

    def _fly(self, index: QModelIndex) -> None:
        line = self._line(index)
        if line is not None:
            self.fly_to(line.xyz_local_m)


PANEL = PanelType(
    id="in_view",
    title="In view",
    area="left",
    create=InViewPanel,
    order=40,
    icon="eye",
)
