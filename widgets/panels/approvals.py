"""Approvals: what waits for me, what I asked and waits for others; yes, no, or break the glass."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QItemSelection, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from twin.acting import approve, break_glass, deny, refusal_of
from twin.commands.preview import Preview
from twin.previewing import preview_of_requests
from twin.session import Selection
from twin.waiting import Queue, Waiting, queue_of, whoami
from widgets.panel import PanelContext, PanelType
from widgets.parts.approval_card import APPROVE_KEY, DENY_KEY, GLASS_KEY, Against, ApprovalCard
from widgets.parts.approval_words import outcome_text
from widgets.parts.empty_state import EmptyState
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.permission import why_not
from widgets.parts.places import place_of
from widgets.parts.waiting_list import HEADING_PX, ROW_PX, KeyRole, WaitingDelegate, WaitingList

_PREVIEW = "approvals"
#: What the list takes of the panel at most while something is open.
_LIST_SHARE = 0.34


class ApprovalsPanel(PanelWidget):
    """Inbox on top, the chosen entry below it. All of it by keyboard."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.model = WaitingList(self.session.clock)
        self.card = ApprovalCard()
        self._queue = Queue()
        self._shown: tuple[str, ...] = ()
        self._preview: Preview | None = None
        self._act_id, self._n_grants = "", 0
        self._make_list()
        self._lay_out()
        self._connect()
        self.follow(self.session.room_changed, self._follow_room)
        self.show_queue()

    def _make_list(self) -> None:
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setAccessibleName("Approvals")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._delegate = WaitingDelegate(self.inks)
        self.list.setItemDelegate(self._delegate)
        self.setFocusProxy(self.list)

    def _lay_out(self) -> None:
        empty = EmptyState(
            "Nothing waits for an approval. Commands that need the yes of other people appear "
            "here, yours to answer first."
        )
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.list)
        column.addWidget(self.card, 1)
        column.addStretch(0)  # takes the room while nothing is open
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(body)
        self._stack.addWidget(empty)
        self.card.hide()

    def _connect(self) -> None:
        self.list.selectionModel().selectionChanged.connect(self._open_chosen)
        self.list.activated.connect(lambda _index: self._enter_card())
        self.list.doubleClicked.connect(lambda _index: self._fly())
        self.card.approved.connect(self._approve)
        self.card.denied.connect(self._deny)
        self.card.broken.connect(self._break_glass)
        self.card.flown.connect(self._fly)
        for key, call in (
            (APPROVE_KEY, self.card.give),
            (DENY_KEY, self.card.refuse),
            (GLASS_KEY, self.card.open_glass),
        ):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(call)

    # -- following --------------------------------------------------------------------------

    def refresh(self) -> None:
        """Time goes on."""
        self.model.tell_time()
        waiting = self.model.waiting(self._shown[0]) if self._shown else None
        if waiting is not None:
            self._show_card(waiting)

    def release(self) -> None:
        """Take the preview out of the city and let go."""
        self.session.show_preview(_PREVIEW, None)
        super().release()

    def show_queue(self) -> None:
        """List what waits now; what is open stays open, and says what became of it."""
        room, now_ns = self.session.hub.room, self.session.clock.now_ns()
        self._queue = queue_of(room, whoami(self.session), now_ns)
        self.model.show_queue(self._queue)
        n_rows = self.model.rowCount()
        self.list.setVisible(n_rows > 0)
        self._fit_list()
        self._stack.setCurrentIndex(0 if n_rows or self._shown else 1)
        self._bring_up_to_date()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The list leaves room for what is open."""
        super().resizeEvent(event)
        self._fit_list()

    def _fit_list(self) -> None:
        n_rows = self.model.rowCount()
        n_headings = n_rows - len(self._queue.approvals)
        height = (n_rows - n_headings) * ROW_PX + n_headings * HEADING_PX + 4
        most = self.height() if self.card.isHidden() else round(_LIST_SHARE * self.height())
        self.list.setFixedHeight(max(min(height, most), HEADING_PX + ROW_PX))

    def open(self, key: str) -> None:
        """Open an entry by its id."""
        row = self.model.row_of(key)
        if row >= 0:
            self.list.setCurrentIndex(self.model.index(row))

    def open_first(self) -> None:
        """Open what is most pressing, unless something is open that still waits."""
        if self.card.waiting is None and self._queue.approvals:
            self.open(self._queue.approvals[0].key)

    def _follow_room(self, changed: frozenset[str]) -> None:
        if changed & {"commands", "delegations", "batches", "operators"}:
            self.show_queue()
        elif "permissions" in changed:
            self._bring_up_to_date()
        if changed & {"refusals", "commands"} and self._act_id:
            self._settle()

    def _bring_up_to_date(self) -> None:
        if not self._shown:
            return
        waiting = self.model.waiting(self._shown[0])
        if waiting is not None:
            self._show_card(waiting)
            return
        self._act_id = ""
        command = self.session.hub.room.commands.get(self._shown[1])
        if self.card.waiting is not None or command is not None:
            sentence = outcome_text(command) if command is not None else "It waits no more"
            self.card.show_outcome(sentence)
            self._show_preview(None)

    # -- opening ----------------------------------------------------------------------------

    def _open_chosen(self, _on: QItemSelection, _off: QItemSelection) -> None:
        chosen = self.list.selectionModel().selectedIndexes()
        if not chosen:
            return
        waiting = self.model.waiting(str(chosen[0].data(KeyRole)))
        if waiting is None:
            return
        self._act_id = ""
        self._shown = (waiting.key, waiting.first.request.id)
        requests = [command.request for command in waiting.commands]
        self._show_preview(preview_of_requests(self.session, requests))
        self._show_card(waiting)
        self.card.show()
        self._fit_list()
        self._select_target(waiting)

    def _show_card(self, waiting: Waiting) -> None:
        now_ns = self.session.clock.now_ns()
        self.card.show_waiting(waiting, self._preview, now_ns, self._against(waiting))

    def _against(self, waiting: Waiting) -> Against:
        """What the hub would say to each answer; it is asked in the background."""
        session, key = self.session, waiting.key
        glass = "" if waiting.batch else why_not(session, "approval.break_glass", key)
        return Against(
            approve=why_not(session, "approval.give", key),
            deny=why_not(session, "approval.deny", key),
            glass=glass,
        )

    def _show_preview(self, preview: Preview | None) -> None:
        self._preview = preview
        self.session.show_preview(_PREVIEW, preview)

    def _select_target(self, waiting: Waiting) -> None:
        if waiting.batch is None:
            self.session.select(self._selection(waiting))

    def _selection(self, waiting: Waiting) -> Selection:
        target_id = waiting.first.request.target_id
        if self.session.units.slot_of(target_id) >= 0:
            return Selection(unit_id=target_id)
        return Selection(thing_id=target_id)

    def _enter_card(self) -> None:
        card = self.card
        first = card.approve if card.waiting and card.approve.isEnabled() else card.fly
        first.setFocus(Qt.FocusReason.TabFocusReason)

    def _fly(self) -> None:
        waiting = self.card.waiting
        place = place_of(self.session, self._selection(waiting)) if waiting is not None else None
        if place is not None:
            self.fly_to(place[1])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes back: from the loud step to the answers, from the answers to the list."""
        if event.key() == Qt.Key.Key_Escape and not self.list.hasFocus():
            if not self.card.back_out():
                self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            super().keyPressEvent(event)

    # -- answering --------------------------------------------------------------------------

    def _approve(self, text: str) -> None:
        self._send(lambda waiting: approve(self.session, waiting, text))

    def _deny(self, text: str) -> None:
        self._send(lambda waiting: deny(self.session, waiting, text))

    def _break_glass(self, reason: str) -> None:
        self._send(lambda waiting: break_glass(self.session, waiting, reason))

    def _send(self, act: Callable[[Waiting], str]) -> None:
        waiting = self.card.waiting
        if waiting is None or self._act_id:
            return
        self._act_id, self._n_grants = act(waiting), len(waiting.approval.grants)
        self.card.say_sent()

    def _settle(self) -> None:
        """See whether the hub has refused the answer, or it counts already."""
        refused = refusal_of(self.session, self._act_id)
        waiting = self.card.waiting
        counts = waiting is not None and len(waiting.approval.grants) > self._n_grants
        if refused or counts:
            self._act_id = ""
            self.card.say_nothing_sent(f"The hub refused: {refused}" if refused else "")


PANEL = PanelType(
    id="approvals",
    title="Approvals",
    area="right",
    create=ApprovalsPanel,
    order=15,
    icon="approval",
    key="Ctrl+J",
    enter=ApprovalsPanel.open_first,
)
