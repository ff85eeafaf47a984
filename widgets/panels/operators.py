"""Who is there, what they do, and looking with them."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from twin.people import Person
from twin.room.fold import Room
from twin.theme import Theme, department_colour
from widgets.icons import icon
from widgets.panel import PanelContext, PanelType
from widgets.parts.empty_state import EmptyState
from widgets.parts.mark_words import incident_words
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.row_list import ListRow, RowList
from widgets.parts.wording import clock_text

_EMPTY = (
    "You are alone in this room. Operators of other consoles that join this hub appear here, with"
    " what they look at."
)


class OperatorsPanel(PanelWidget):
    """A list of people; double-click = look where they look."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._together = context.together
        self._since_ns: dict[str, int] = {}
        self._joins_seq = 0
        self.you = QLabel()
        self.you.setProperty("role", "caption")
        self.you.setWordWrap(True)
        self.list = RowList(self.inks, "Other operators")
        self.list.selectionModel().currentChanged.connect(lambda *_: self._show_steps())
        self.list.doubleClicked.connect(self._jump)
        self.list.activated.connect(self._jump)
        self._empty = EmptyState(_EMPTY)
        self._lay_out()
        self.follow(self.session.room_changed, self._follow_room)
        self.follow(self._together.changed, lambda _nothing: self.show_people())
        self.take_theme(context.theme)

    def _lay_out(self) -> None:
        stack = QWidget()
        self._stack = QStackedLayout(stack)
        self._stack.addWidget(self.list)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        layout.addWidget(self.you)
        layout.addWidget(stack, 1)
        layout.addLayout(self._make_steps())
        layout.addWidget(self.hand_over, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addLayout(self._make_calls())

    def _make_steps(self) -> QHBoxLayout:
        self.follow_view = QPushButton("Follow view")
        self.follow_view.clicked.connect(lambda _checked=False: self._toggle_follow())
        self.look = QPushButton("Look there once")
        self.look.clicked.connect(lambda _checked=False: self._jump(self.list.currentIndex()))
        row = QHBoxLayout()
        row.setSpacing(6)
        self.hand_over = QPushButton("Hand my workspace over")
        self.hand_over.setToolTip(
            "They take over your layout, camera, selection, filters and incident with one click"
        )
        self.hand_over.clicked.connect(lambda _checked=False: self._hand_over())
        row.addWidget(self.follow_view)
        row.addWidget(self.look)
        row.addStretch(1)
        return row

    def _make_calls(self) -> QHBoxLayout:
        self.to = QComboBox()
        self.to.setAccessibleName("Who is asked to look here")
        self.to.setMinimumContentsLength(10)
        self.call = QPushButton("Ask to look here")
        self.call.clicked.connect(lambda _checked=False: self._call())
        self.point = QToolButton()
        self.point.setCheckable(True)
        self.point.setToolTip("Let the others see my pointer (Shift+O)")
        self.point.setAccessibleName("Let the others see my pointer")
        self.point.clicked.connect(self._together.point_requested.emit)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.to, 1)
        row.addWidget(self.call)
        row.addWidget(self.point)
        return row

    def take_theme(self, theme: Theme) -> None:
        """Follow a change of theme in icons and rows."""
        super().take_theme(theme)
        self.point.setIcon(icon("pointer", theme.ui["text"]))
        self.show_people()

    def refresh(self) -> None:
        """Follow what the others do."""
        self.show_people()

    def show_people(self) -> None:
        """List everybody."""
        people = self.session.people()
        self._note_joins()
        by_id = {person.console_id: person for person in people}
        self.list.show_rows([self._row(person, by_id) for person in people])
        self._stack.setCurrentWidget(self.list if people else self._empty)
        own = self.session.hub.operator
        department = own.department.replace("_", " ")
        self.you.setText(f"You are {own.name}, {department}" if department else own.name)
        self.point.setChecked(self._together.is_pointing)
        self._show_addressees(people)
        self._show_steps()

    def _note_joins(self) -> None:
        """When those joined of whom the activity still tells it."""
        room = self.session.hub.room
        if room.seq < self._joins_seq:  # another history
            self._since_ns, self._joins_seq = {}, 0
        for event in room.activity:
            if event.kind == "operator.joined" and event.seq > self._joins_seq:
                self._since_ns[str(event.body.get("console_id"))] = event.t_ns
        self._joins_seq = room.seq
        self._since_ns = {k: v for k, v in self._since_ns.items() if k in room.operators}

    def _row(self, person: Person, by_id: dict[str, Person]) -> ListRow:
        operator = person.operator
        together = self._together
        note = ""
        if together.following is not None and together.following == operator:
            note = "you follow"
        elif operator in together.followers:
            note = "follows you"
        elif any(call.by == operator for call in together.calls):
            note = "asks you to look"
        elif operator.console_id in self._since_ns:
            note = f"since {clock_text(self._since_ns[operator.console_id])[:5]}"
        return ListRow(
            key=person.console_id,
            title=operator.name,
            detail=doing(person, by_id, self.session.hub.room),
            letter=(operator.name.strip() or "?")[0].upper(),
            colour=department_colour(self.inks.theme, operator.department),
            note=note,
            is_quiet=not person.is_heard,
        )

    def _show_addressees(self, people: tuple[Person, ...]) -> None:
        wanted = [("Everybody", "")]
        departments = dict.fromkeys(p.operator.department for p in people)
        wanted += [(_department(name), f"department:{name}") for name in departments if name]
        wanted += [(p.operator.name, p.console_id) for p in people]
        if wanted == [(self.to.itemText(i), self.to.itemData(i)) for i in range(self.to.count())]:
            return
        chosen = self.to.currentData()
        self.to.clear()
        for words, value in wanted:
            self.to.addItem(words, value)
        self.to.setCurrentIndex(max(self.to.findData(chosen), 0))

    def _current(self) -> Person | None:
        key = self.list.current_key
        return next((p for p in self.session.people() if p.console_id == key), None)

    def _show_steps(self) -> None:
        person = self._current()
        shows = person is not None and person.look is not None
        following = self._together.following
        is_followed = person is not None and following == person.operator
        self.follow_view.setText("Stop following" if is_followed else "Follow view")
        self.follow_view.setEnabled(shows or is_followed)
        self.look.setEnabled(shows)
        self.hand_over.setEnabled(person is not None)
        has_others = bool(self.list.rows.rows)
        self.call.setEnabled(has_others)
        self.to.setEnabled(has_others)

    def _follow_room(self, changed: frozenset[str]) -> None:
        if "operators" in changed:
            self.show_people()

    def _toggle_follow(self) -> None:
        person = self._current()
        if person is None:
            return
        is_followed = self._together.following == person.operator
        self._together.follow_requested.emit("" if is_followed else person.console_id)

    def _jump(self, _index: QModelIndex) -> None:
        person = self._current()
        if person is not None:
            self._together.jump_requested.emit(person.console_id)

    def _hand_over(self) -> None:
        person = self._current()
        if person is not None:
            self._together.hand_over_requested.emit(person.console_id)

    def _call(self) -> None:
        self._together.call_requested.emit(str(self.to.currentData() or ""))


def doing(person: Person, others: dict[str, Person], room: Room) -> str:
    """Department and what somebody does, in one line."""
    parts = [_department(person.operator.department)]
    shown = person.shown
    if not person.is_heard:
        parts.append("shows nothing")
    if shown.following in others:
        parts.append(f"follows {others[shown.following].operator.name}")
    if shown.selected:
        parts.append(f"looks at {shown.selected}")
    if shown.incident:
        parts.append(incident_words(room, shown.incident))
    if shown.panel:
        parts.append(f"in {shown.panel}")
    return " · ".join(part for part in parts if part)


def _department(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


PANEL = PanelType(
    id="operators",
    title="Operators",
    area="right",
    create=OperatorsPanel,
    order=60,
    icon="people",
    key="O",
)
