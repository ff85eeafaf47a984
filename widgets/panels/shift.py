"""Shift: who leads, the log (noted and gathered), handing over, accepting, former handovers."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from twin.duty import (
    accept_shift,
    hand_shift_over,
    handover_items,
    note_for_shift,
    send_shift_back,
    take_shift,
)
from twin.room.parts.alarms import Alarms
from twin.room.parts.incidents import Incidents
from twin.room.parts.shifts import Handover, Shifts
from twin.session import Selection
from twin.waiting import whoami
from widgets.panel import PanelContext, PanelType
from widgets.parts.command_details import selection_of
from widgets.parts.elided_button import ElidedButton
from widgets.parts.empty_state import EmptyState
from widgets.parts.filters import as_filter
from widgets.parts.handover_pages import ComposePage, ReadPage
from widgets.parts.labels import say, wrapped
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.permission import offer, why_not
from widgets.parts.places import place_of
from widgets.parts.section_list import (
    KeyRole,
    Row,
    Section,
    SectionDelegate,
    SectionList,
    section_view,
)
from widgets.parts.shift_words import (
    GROUP_TITLES,
    counts_words,
    handover_words,
    line_row,
    line_title,
    shift_words,
)
from widgets.parts.wording import clock_text

_MOVES = frozenset({"shifts", "operators", "stage"})
_MAX_NOTE = 2_000
_LOG, _COMPOSE, _READ = range(3)


class ShiftPanel(PanelWidget):
    """The log, with pages for composing and reading a handover."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._has_moved = False
        self._make_log()
        self.compose = ComposePage(self.inks)
        self.compose.sent.connect(self._send)
        self.compose.left.connect(lambda: self._pages.setCurrentIndex(_LOG))
        self.read = ReadPage(self.inks)
        self.read.accepted.connect(self._accept)
        self.read.sent_back.connect(self._send_back)
        self.read.left.connect(lambda: self._pages.setCurrentIndex(_LOG))
        self.problem = wrapped("error")
        self.problem.setContentsMargins(12, 4, 12, 4)
        self.problem.hide()
        self._lay_out()
        self.follow(self.session.room_changed, self._follow_room)
        self.show_shift()

    # -- making -----------------------------------------------------------------------------

    def _make_log(self) -> None:
        self.who = wrapped()
        self.counts = wrapped("muted")
        self.take = QPushButton("Take the shift")
        self.take.clicked.connect(lambda _checked=False: self._take())
        self.against = wrapped("muted")
        self.against.hide()
        self.hand_over = QPushButton("Hand the shift over…")
        self.hand_over.clicked.connect(lambda _checked=False: self._compose())
        self.waiting = ElidedButton()
        self.waiting.setProperty("role", "primary")
        self.waiting.clicked.connect(lambda _checked=False: self._read_open())
        self.note = QLineEdit()
        self.note.setMaxLength(_MAX_NOTE)
        self.note.setPlaceholderText("Note for the shift; Enter writes it down")
        self.note.setAccessibleName("Note for the shift")
        self.note.returnPressed.connect(self._note)
        self.text = QLineEdit()
        self.text.setPlaceholderText("Filter the log")
        self.text.setClearButtonEnabled(True)
        self.text.setAccessibleName("Filter the log")
        self.text.textChanged.connect(lambda _text: self.show_log())
        self.group = QComboBox()
        self.group.setAccessibleName("What is listed")
        self.group.addItem("Everything", "")
        for group, title in GROUP_TITLES.items():
            self.group.addItem(title, group)
        self.group.currentIndexChanged.connect(lambda _index: self.show_log())
        as_filter(self.text, "words")
        as_filter(self.group, "group")
        self.model = SectionList()
        self._delegate = SectionDelegate(self.inks)
        self.list = section_view(self.model, self._delegate, "Log of the shift")
        self.list.doubleClicked.connect(self._open)
        self.list.activated.connect(self._open)
        self.list.clicked.connect(self._select)

    def _lay_out(self) -> None:
        deeds = QHBoxLayout()
        deeds.setSpacing(8)
        deeds.addWidget(self.take)
        deeds.addWidget(self.hand_over)
        deeds.addStretch(1)
        filters = QHBoxLayout()
        filters.setSpacing(8)
        filters.addWidget(self.text, 1)
        filters.addWidget(self.group)
        top = QVBoxLayout()
        top.setContentsMargins(12, 12, 12, 8)
        top.setSpacing(8)
        top.addWidget(self.who)
        top.addWidget(self.counts)
        top.addWidget(self.waiting)
        top.addLayout(deeds)
        top.addWidget(self.against)
        top.addWidget(self.note)
        top.addLayout(filters)
        self._empty = EmptyState(
            "Nothing has happened in this shift yet. Notes, alarms, incidents, commands and stages "
            "appear here by themselves."
        )
        middle = QWidget()
        self._stack = QStackedLayout(middle)
        self._stack.addWidget(self.list)
        self._stack.addWidget(self._empty)
        log = QWidget()
        column = QVBoxLayout(log)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(middle, 1)
        pages = QWidget()
        self._pages = QStackedLayout(pages)
        for page in (log, self.compose, self.read):
            self._pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.problem)
        layout.addWidget(pages, 1)
        self.setFocusProxy(self.note)

    # -- showing ----------------------------------------------------------------------------

    @property
    def _part(self) -> Shifts:
        return self.session.hub.room[Shifts]

    def refresh(self) -> None:
        """Take in what has happened since the last time."""
        if self._has_moved:
            self.show_shift()
        self._tell_permissions()

    def _tell_permissions(self) -> None:
        """Turn off what the hub would refuse; the muted line says why."""
        session = self.session
        take, give = why_not(session, "shift.take"), why_not(session, "shift.hand_over")
        offer(self.take, take, tip="Lead it from now on")
        offer(self.hand_over, give, tip="To somebody else, with what is open")
        is_offered = not (self.take.isHidden() and self.hand_over.isHidden())
        say(self.against, (give if self.take.isHidden() else take) if is_offered else "")
        about = self.read.handover.id if self.read.handover is not None else ""
        self.read.show_against(
            accept=why_not(session, "shift.accept", about),
            send_back=why_not(session, "shift.send_back", about),
        )

    def show_shift(self) -> None:
        """Show who leads, what waits, and the log."""
        self._has_moved = False
        part, me = self._part, whoami(self.session)
        now = part.now
        leader = now.leader if now is not None else None
        is_mine = leader is not None and leader.identity == me.identity
        self.who.setText("You lead the shift" if is_mine else shift_words(now))
        self.counts.setText(counts_words(now))
        self.take.setVisible(leader is None)
        self.hand_over.setVisible(is_mine or leader is None or me.rank > leader.rank)
        self.waiting.setVisible(bool(part.open))
        if part.open:
            giver = part.open[0].by
            is_own = giver.identity == me.identity
            words = "Your handover waits" if is_own else f"{giver.name} hands the shift over"
            self.waiting.say(f"{words}: read it…")
        self._tell_permissions()
        self.show_log()

    def show_log(self) -> None:
        """List the lines that fit the filters, newest first, and former handovers."""
        part = self._part
        group = str(self.group.currentData() or "")
        words = self.text.text().casefold().split()
        lines = [
            line
            for line in reversed(part.lines.values())
            if (not group or line.group == group)
            and all(word in f"{line_title(line)} {line.actor}".casefold() for word in words)
        ]
        began_ns = part.now.began_ns if part.now is not None else 0
        now = [line_row(line) for line in lines if line.t_ns >= began_ns]
        earlier = [line_row(line) for line in lines if line.t_ns < began_ns]
        handovers = [] if group or words else list(reversed(part.handovers.values()))
        sections: list[Section] = [
            ("This shift", now),
            ("Handovers", [_handover_row(one) for one in handovers]),
            ("Earlier shifts", earlier),
        ]
        self.model.show_sections(sections)
        is_filtered = bool(group or words)
        self._empty.say(
            "Nothing in the log fits. Clear the filter to see everything."
            if is_filtered
            else "Nothing has happened in this shift yet. Notes, alarms, incidents, commands and"
            " stages appear here by themselves."
        )
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)

    def _follow_room(self, changed: frozenset[str]) -> None:
        if changed & _MOVES:
            self._has_moved = True
            shown = self.read.handover
            if self._pages.currentIndex() == _READ and shown is not None:
                newest = self._part.handovers.get(shown.id)
                if newest is not None and newest != shown:
                    self.read.show_handover(newest, whoami(self.session))
        if "permissions" in changed:
            self._tell_permissions()
        if "refusals" in changed:
            self.tell_refusal(self.problem)

    # -- choosing ---------------------------------------------------------------------------

    def _open(self, index: QModelIndex) -> None:
        """Read a handover; fly to what a line is about."""
        kind, _, key = str(index.data(KeyRole) or "").partition(" ")
        if kind == "handover":
            self._read(key)
            return
        place = place_of(self.session, self._selection(index))
        if place is not None:
            self.fly_to(place[1])
            return
        line = self._part.lines.get(key)
        incident = self.session.hub.room[Incidents].by_id.get(line.ref) if line else None
        if incident is not None:
            self.session.incident_inspected.emit(incident.id)
            if incident.xyz is not None:
                self.fly_to(incident.xyz)

    def _select(self, index: QModelIndex) -> None:
        kind, _, key = str(index.data(KeyRole) or "").partition(" ")
        if kind == "handover":
            self._read(key)
            return
        selection = self._selection(index)
        if not selection.is_empty:
            self.session.select(selection)

    def _selection(self, index: QModelIndex) -> Selection:
        """The thing or unit that a line is about."""
        _, _, key = str(index.data(KeyRole) or "").partition(" ")
        line, room = self._part.lines.get(key), self.session.hub.room
        if line is None:
            return Selection()
        alarm = room[Alarms].by_id.get(line.ref)
        if alarm is not None:
            return selection_of(self.session, alarm.thing_id)
        command = room.commands.get(line.ref)
        if command is not None:
            return selection_of(self.session, command.request.target_id)
        return Selection()

    def _read(self, handover_id: str) -> None:
        handover = self._part.handovers.get(handover_id)
        if handover is not None:
            self.read.answer.clear()
            self.read.show_handover(handover, whoami(self.session))
            self._pages.setCurrentIndex(_READ)
            self._tell_permissions()

    def _read_open(self) -> None:
        if self._part.open:
            self._read(self._part.open[0].id)

    # -- doing ------------------------------------------------------------------------------

    def _do(self, act_id: str) -> None:
        self.problem.hide()
        self._act_id = act_id
        self._pages.setCurrentIndex(_LOG)

    def _note(self) -> None:
        text = self.note.text().strip()
        if text:
            self.note.clear()
            self._do(note_for_shift(self.session, text))

    def _take(self) -> None:
        self._do(take_shift(self.session))

    def _compose(self) -> None:
        self.problem.hide()
        people = [person.operator for person in self.session.people()]
        self.compose.begin(handover_items(self.session), people)
        self._pages.setCurrentIndex(_COMPOSE)

    def _send(self) -> None:
        page = self.compose
        self._do(hand_shift_over(self.session, page.receiver(), page.words(), page.items))

    def _accept(self) -> None:
        if self.read.handover is not None:
            answer = self.read.answer.text().strip()
            self._do(accept_shift(self.session, self.read.handover, answer))

    def _send_back(self) -> None:
        answer = self.read.answer.text().strip()
        if self.read.handover is not None and answer:
            self._do(send_shift_back(self.session, self.read.handover, answer))


def _handover_row(handover: Handover) -> Row:
    titles = {"open": "Handover waits", "accepted": "Handed over", "sent_back": "Sent back"}
    at_ns = handover.answered_ns or handover.at_ns
    return Row(
        key=f"handover {handover.id}",
        title=titles[handover.state],
        caption=handover_words(handover),
        right=clock_text(at_ns),
        level="low" if handover.state == "open" else None,
    )


PANEL = PanelType(
    id="shift",
    title="Shift",
    area="right",
    create=ShiftPanel,
    order=64,
    icon="clock",
    key="Ctrl+H",
    workspaces=("incidents", "review"),
)
