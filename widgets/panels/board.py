"""Command board: everything that was commanded, in lanes by where it stands."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from twin.commanding import command_types
from twin.room.model import Command
from twin.waiting import whoami
from widgets.panel import PanelContext, PanelType
from widgets.parts.board import LANES, Board, BoardFilter
from widgets.parts.choices import offer
from widgets.parts.command_details import CommandDetails, selection_of
from widgets.parts.filters import as_filter
from widgets.parts.lane_list import LaneDelegate, LaneList
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.places import place_of
from widgets.parts.queue_bar import QueueBar

_MOVES = frozenset({"commands", "batches", "holds"})
_DETAILS_PX = 320
#: From here on filters and held queues fit beside each other.
_WIDE_PX = 1100


class Lane(QWidget):
    """One lane: its name with a count, and its list."""

    def __init__(self, title: str, model: LaneList, delegate: LaneDelegate) -> None:
        super().__init__()
        self._title = title
        self.model = model
        self.label = QLabel()
        self.label.setProperty("role", "heading")
        self.label.setContentsMargins(6, 0, 6, 0)
        self.list = QListView()
        self.list.setModel(model)
        self.list.setItemDelegate(delegate)
        self.list.setUniformItemSizes(True)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.label)
        layout.addWidget(self.list, 1)
        self.tell()

    def tell(self) -> None:
        """Say how many there are."""
        self.label.setText(f"{self._title}  {self.model.n_commands:,}")
        self.list.setAccessibleName(f"{self._title}, {self.model.n_commands:,} commands")


class BoardPanel(PanelWidget):
    """Filters and held queues on top, four lanes, details of the chosen command."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.board = Board()
        self.filter = BoardFilter()
        self._has_moved = True
        self._shown: Command | None = None
        self._make_filters()
        self.queues = QueueBar(self.session)
        delegate = self._delegate = LaneDelegate(self.inks)
        self.lanes = [Lane(title, LaneList(self.session), delegate) for title in LANES]
        self.details = CommandDetails(self.session, context.actions, most_rows=12)
        self._lay_out()
        for number, lane in enumerate(self.lanes):
            lane.list.clicked.connect(lambda index, n=number: self._clicked(n, index))
            lane.list.selectionModel().selectionChanged.connect(
                lambda _on, _off, n=number: self._chosen(n)
            )
            lane.list.activated.connect(lambda index, n=number: self._toggle(n, index))
            lane.list.doubleClicked.connect(lambda _index: self._fly())
        self.follow(self.session.room_changed, self._follow_room)
        self.follow(self.session.selection_changed, lambda _selection: self._take_filter())
        self.show_lanes()

    # -- making -----------------------------------------------------------------------------

    def _make_filters(self) -> None:
        self.text = QLineEdit()
        self.text.setPlaceholderText("Filter commands")
        self.text.setClearButtonEnabled(True)
        self.text.setAccessibleName("Filter commands")
        self.text.textChanged.connect(lambda _text: self._take_filter())
        self.department, self.type = QComboBox(), QComboBox()
        for box, name in ((self.department, "Department"), (self.type, "Command")):
            box.setAccessibleName(name)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(11)
            box.currentIndexChanged.connect(lambda _index: self._take_filter())
        self.mine = QCheckBox("Mine")
        self.selected = QCheckBox("For what is selected")
        for tick in (self.mine, self.selected):
            tick.toggled.connect(lambda _on: self._take_filter())

        as_filter(self.text, "words")
        as_filter(self.department, "department")
        as_filter(self.type, "type")
        as_filter(self.mine, "mine")
        as_filter(self.selected, "selected")

    def _lay_out(self) -> None:
        filters = QHBoxLayout()
        filters.setSpacing(8)
        filters.addWidget(self.text, 1)
        for part in (self.department, self.type, self.mine, self.selected):
            filters.addWidget(part)
        self._top = QHBoxLayout()
        self._top.setSpacing(8)
        self._top.addLayout(filters, 1)
        self._top.addWidget(self.queues, 1)
        lanes = QWidget()
        row = QHBoxLayout(lanes)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for lane in self.lanes:
            row.addWidget(lane, 1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self.details)
        self._scroll.setMinimumWidth(240)
        self._scroll.hide()
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(lanes)
        split.addWidget(self._scroll)
        split.setStretchFactor(0, 1)
        split.setSizes([900, _DETAILS_PX])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 4)
        layout.setSpacing(6)
        layout.addLayout(self._top)
        layout.addWidget(split, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Held queues go below the filters where there is no room beside them."""
        super().resizeEvent(event)
        is_wide = self.width() >= _WIDE_PX
        side = QBoxLayout.Direction.LeftToRight if is_wide else QBoxLayout.Direction.TopToBottom
        self._top.setDirection(side)

    # -- showing ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Take in what has moved since the last time; times go on."""
        if self._has_moved:
            self.show_lanes()
        for lane in self.lanes[:3]:
            lane.model.tell_time()
        self.queues.tell_permissions()
        self._show_details()

    def show_lanes(self) -> None:
        """Sort all commands into the lanes."""
        self._has_moved = False
        room = self.session.hub.room
        self._offer(room_departments=self.board.departments(room), type_ids=self.board.types(room))
        for lane, entries in zip(self.lanes, self.board.lanes(room, self.filter), strict=True):
            lane.model.show_entries(entries)
            lane.tell()
        self.queues.follow()
        self._show_details()

    def _offer(self, *, room_departments: list[str], type_ids: list[str]) -> None:
        words = [(d, d.replace("_", " ").capitalize()) for d in room_departments]
        offer(self.department, [("", "All departments"), *words])
        titles = [(t, known.title if (known := command_types().get(t)) else t) for t in type_ids]
        offer(self.type, [("", "All commands"), *titles])

    def _follow_room(self, changed: frozenset[str]) -> None:
        self._has_moved = self._has_moved or bool(changed & _MOVES)

    def _take_filter(self) -> None:
        selection = self.session.selection
        target_id = selection.thing_id or selection.unit_id if self.selected.isChecked() else ""
        wanted = BoardFilter(
            words=tuple(self.text.text().casefold().split()),
            department=str(self.department.currentData() or ""),
            type_id=str(self.type.currentData() or ""),
            target_id=target_id,
            mine=whoami(self.session).identity if self.mine.isChecked() else "",
        )
        if wanted != self.filter:
            self.filter = wanted
            self.show_lanes()

    # -- choosing ---------------------------------------------------------------------------

    def _clicked(self, lane: int, index: QModelIndex) -> None:
        self._toggle(lane, index)

    def _toggle(self, lane: int, index: QModelIndex) -> None:
        self.lanes[lane].model.toggle(index.row())

    def _chosen(self, number: int) -> None:
        chosen = self.lanes[number].list.selectionModel().selectedIndexes()
        if not chosen:
            return
        for other in self.lanes:
            if other is not self.lanes[number]:
                other.list.clearSelection()
        model = self.lanes[number].model
        command = model.command_at(chosen[0].row())
        entry = model.entry_at(chosen[0].row())
        self._shown = command if command is not None else entry.first if entry else None
        self.queues.show_command(self._shown)
        self._show_details()

    def _show_details(self) -> None:
        command = self._shown
        if command is not None:
            command = self.session.hub.room.commands.get(command.request.id, command)
        self.details.show_command(command.request if command else None, command)
        self._scroll.setVisible(command is not None)

    def _fly(self) -> None:
        if self._shown is None:
            return
        selection = selection_of(self.session, self._shown.request.target_id)
        self.session.select(selection)
        place = place_of(self.session, selection)
        if place is not None:
            self.fly_to(place[1])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right go to the neighbouring lane; Esc closes the details."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        here = next((n for n, lane in enumerate(self.lanes) if lane.list.hasFocus()), -1)
        if step and here >= 0:
            beside = self.lanes[(here + step) % len(self.lanes)].list
            beside.setFocus(Qt.FocusReason.OtherFocusReason)
            if beside.model().rowCount() and not beside.selectionModel().hasSelection():
                beside.setCurrentIndex(beside.model().index(0, 0))
        elif event.key() == Qt.Key.Key_Escape and self._shown is not None:
            self._shown = None
            for lane in self.lanes:
                lane.list.clearSelection()
            self._show_details()
        else:
            super().keyPressEvent(event)


PANEL = PanelType(
    id="board",
    title="Command board",
    area="bottom",
    create=BoardPanel,
    order=5,
    icon="board",
    key="Ctrl+B",
    workspaces=("command",),
)
