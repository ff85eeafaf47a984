"""Who did what, newest first, in words."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from twin.session import Selection
from widgets.panel import PanelContext, PanelType
from widgets.parts.activity_list import ActivityDelegate, ActivityList, TargetRole
from widgets.parts.empty_state import EmptyState
from widgets.parts.filters import as_filter
from widgets.parts.panel_widget import PanelWidget


class ActivityPanel(PanelWidget):
    """List of what happened in the room, with a text filter."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.model = ActivityList(self.session)
        self.text = QLineEdit()
        self.text.setPlaceholderText("Filter activity")
        self.text.setClearButtonEnabled(True)
        self.text.setAccessibleName("Filter activity")
        self.text.textChanged.connect(lambda _text: self.apply_filter())
        self.all_steps = QCheckBox("Every step of commands")
        self.all_steps.toggled.connect(lambda _on: self.apply_filter())
        as_filter(self.text, "words")
        as_filter(self.all_steps, "all steps")
        self.list = QListView()
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setModel(self.model)
        self.list.setAccessibleName("Activity")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self._delegate = ActivityDelegate(self.inks)
        self.list.setItemDelegate(self._delegate)
        self.list.clicked.connect(self._select_target)
        self.list.activated.connect(self._select_target)
        self._empty = EmptyState("")
        self._lay_out()
        self.follow(self.session.room_changed, self._follow_room)
        self.apply_filter()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.text, 1)
        row.addWidget(self.all_steps)
        stack = QWidget()
        self._stack = QStackedLayout(stack)
        self._stack.addWidget(self.list)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 4)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(stack, 1)

    def apply_filter(self) -> None:
        """List what fits the text."""
        self.model.show_matching(self.text.text(), all_steps=self.all_steps.isChecked())
        if self.model.rowCount():
            self._stack.setCurrentWidget(self.list)
            return
        is_filtered = bool(self.text.text().strip())
        self._empty.say(
            "Nothing that happened fits this text. Clear it to see everything."
            if is_filtered
            else "Nothing has happened yet. Commands, arrivals of operators and notes appear here."
        )
        self._stack.setCurrentWidget(self._empty)

    def refresh(self) -> None:
        """Nothing moves between changes of the room."""

    def _follow_room(self, changed: frozenset[str]) -> None:
        if "activity" in changed or "commands" in changed:
            self.apply_filter()

    def _select_target(self, index: QModelIndex) -> None:
        target_id = index.data(TargetRole)
        if not target_id:
            return
        if self.session.units.slot_of(target_id) >= 0:
            self.session.select(Selection(unit_id=target_id))
        else:
            self.session.select(Selection(thing_id=target_id))


PANEL = PanelType(
    id="activity", title="Activity", area="bottom", create=ActivityPanel, order=10, icon="activity"
)
