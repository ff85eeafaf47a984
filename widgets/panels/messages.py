"""Messages: to the room, to a department, about an incident."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedLayout,
    QTextBrowser,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from twin.link.control import Act
from twin.marking import middle_of_mark
from twin.mentions import MentionIndex, link_body
from twin.room.parts.incidents import Incidents
from twin.room.parts.marks import Marks
from twin.room.parts.messages import ROOM, Link, Message, Messages
from twin.session import Selection
from twin.theme import Theme
from widgets.icons import icon
from widgets.panel import PanelContext, PanelType
from widgets.parts.empty_state import EmptyState
from widgets.parts.labels import wrapped
from widgets.parts.mark_words import channel_words
from widgets.parts.mention_edit import MentionEdit
from widgets.parts.message_html import AGAIN_SCHEME, LINK_SCHEME, Waiting, page_of
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.permission import Deed, tell
from widgets.parts.places import place_of, place_of_selection
from widgets.parts.wording import lower_first

_POST = "message.post"
_INCIDENT = "incident:"
_DEPARTMENT = "department:"
_ANOTHER = "incident"
_MOST_REFUSED = 20


class MessagesPanel(PanelWidget):
    """Channels, the messages of one, and the field to write in."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.reader = self.session.reader
        self.channel = ROOM
        self._read_to: int | None = None
        self._links: list[Link] = []
        self._refused: dict[str, tuple[str, Waiting]] = {}
        self._acts: dict[str, Act] = {}
        self._shown: object = None
        self._index = MentionIndex(self.session)
        self.channels = QComboBox()
        self.channels.setAccessibleName("Who reads it")
        self.channels.activated.connect(self._choose)
        self.incident = QLineEdit()
        self.incident.setPlaceholderText("Number or name of the incident")
        self.incident.setMaxLength(64)
        self.incident.returnPressed.connect(self._open_incident)
        self.incident.hide()
        self.page = QTextBrowser()
        self.page.setOpenLinks(False)
        self.page.setFrameShape(QFrame.Shape.NoFrame)
        self.page.setAccessibleName("Messages")
        self.page.anchorClicked.connect(self._follow_link)
        self._empty = EmptyState("")
        self.text = MentionEdit(self._index)
        self.text.sent.connect(self.send)
        self.text.setPlaceholderText(f"Write to {lower_first(channel_words(ROOM))}")
        self.note = wrapped("muted")
        self._lay_out()
        self.follow(self.session.room_changed, self._follow_room)
        self.follow(self.session.selection_changed, lambda _selection: self._show_steps())
        self.take_theme(context.theme)

    def _lay_out(self) -> None:
        stack = QWidget()
        self._stack = QStackedLayout(stack)
        self._stack.addWidget(self.page)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(8)
        layout.addWidget(self.channels)
        layout.addWidget(self.incident)
        layout.addWidget(stack, 1)
        layout.addWidget(self.text)
        layout.addLayout(self._make_steps())
        layout.addWidget(self.note)

    def _make_steps(self) -> QHBoxLayout:
        self.mention = QToolButton()
        self.mention.setText("@ selection")
        self.mention.setToolTip("Mention what is selected; or type @ and the beginning of a name")
        self.mention.clicked.connect(lambda _checked=False: self._mention_selection())
        self.button = QPushButton("Send message")
        self.button.setProperty("role", "primary")
        self.button.clicked.connect(lambda _checked=False: self.send())
        row = QHBoxLayout()
        row.addWidget(self.mention)
        row.addStretch(1)
        row.addWidget(self.button)
        return row

    def take_theme(self, theme: Theme) -> None:
        """Follow a change of theme."""
        super().take_theme(theme)
        self.button.setIcon(icon("send", theme.ui["panel"]))
        self._shown = None
        self.show_messages()

    # -- showing ------------------------------------------------------------------------------

    def refresh(self) -> None:
        """The operator sees the channel: it is read now."""
        if self._read_to is None:
            self._read_to = self.reader.read_to(self.channel)
            self.show_messages()
        self.reader.mark_read(self.channel)
        self._show_channels()
        self._show_steps()

    def hideEvent(self, event: QHideEvent) -> None:
        """What comes from now on is new at the next look."""
        super().hideEvent(event)
        self._read_to = None

    def show_messages(self) -> None:
        """Show the channel as it is now."""
        self._show_channels()
        messages = self.session.hub.room[Messages].in_channel(self.channel)
        waiting = self._waiting()
        read_to = self.reader.read_to(self.channel) if self._read_to is None else self._read_to
        shown = (self.channel, messages, waiting, read_to, self.inks.theme.name)
        if shown != self._shown:
            self._shown = shown
            self._show_page(messages, waiting, read_to)
        self._show_steps()

    def _show_page(
        self, messages: tuple[Message, ...], waiting: list[Waiting], read_to: int
    ) -> None:
        own_id = self.session.hub.operator.console_id
        html, self._links = page_of(messages, waiting, self.inks.theme, read_to, own_id)
        bar = self.page.verticalScrollBar()
        is_at_end = bar.value() >= bar.maximum() - 8
        at = bar.value()
        self.page.setHtml(html)
        bar.setValue(bar.maximum() if is_at_end else at)
        words = channel_words(self.channel, self.session.hub.room)
        self._empty.say(
            f"Nothing was written to “{words}” yet. Write below; everybody can read it."
        )
        self._stack.setCurrentWidget(self.page if html else self._empty)

    def _waiting(self) -> list[Waiting]:
        acts = [a for a in self.session.hub.pending_acts if a.kind == _POST]
        self._acts |= {act.id: act for act in acts}
        pending = [
            Waiting(id=act.id, text=str(act.body.get("text", "")))
            for act in acts
            if act.body.get("channel") == self.channel
        ]
        refused = [one for channel, one in self._refused.values() if channel == self.channel]
        return [*refused, *pending]

    def _show_channels(self) -> None:
        known = [*self.reader.channels(), *self._offered()]
        wanted = [(self._channel_text(c), c) for c in dict.fromkeys([*known, self.channel])]
        wanted.append(("About another incident…", _ANOTHER))
        box = self.channels
        if wanted != [(box.itemText(i), box.itemData(i)) for i in range(box.count())]:
            box.clear()
            for words, channel in wanted:
                box.addItem(words, channel)
        box.setCurrentIndex(box.findData(self.channel))

    def _offered(self) -> list[str]:
        """Channels in which nothing was said yet."""
        room = self.session.hub.room
        departments = [name for name in self.inks.theme.department if name != "other"]
        departments += [operator.department for operator in room.operators.values()]
        incidents = [incident.id for incident in room[Incidents].open]
        incidents += [mark.incident for mark in self.session.marks]
        incidents += [command.request.incident for command in room.commands.values()]
        offered = [_INCIDENT + name for name in incidents if name]
        return offered + [_DEPARTMENT + name for name in departments if name]

    def _channel_text(self, channel: str) -> str:
        n_unread = 0 if channel == self.channel else self.reader.unread(channel)
        words = channel_words(channel, self.session.hub.room)
        return f"{words} ({n_unread} new)" if n_unread else words

    def _show_steps(self) -> None:
        place = None if self.session.selection.is_empty else place_of_selection(self.session)
        self.mention.setEnabled(place is not None)
        tell(self.session, self.note, [Deed(self.button, _POST)])

    # -- choosing a channel -------------------------------------------------------------------

    def _choose(self, index: int) -> None:
        channel = str(self.channels.itemData(index))
        self.incident.setVisible(channel == _ANOTHER)
        if channel == _ANOTHER:
            self.incident.setFocus()
        else:
            self.open_channel(channel)

    def _open_incident(self) -> None:
        name = "-".join(self.incident.text().split())
        self.incident.clear()
        self.incident.hide()
        self.open_channel(_INCIDENT + name if name else self.channel)

    def open_channel(self, channel: str) -> None:
        """Show another channel."""
        self.channel = channel
        self._read_to = self.reader.read_to(channel)
        words = channel_words(channel, self.session.hub.room)
        self.session.incident = (
            channel.removeprefix(_INCIDENT) if channel.startswith(_INCIDENT) else ""
        )
        self.text.setPlaceholderText(f"Write to {lower_first(words) if channel == ROOM else words}")
        self.show_messages()
        self.text.setFocus()

    # -- writing ------------------------------------------------------------------------------

    def send(self) -> None:
        """Hand the message to the outbox."""
        text = self.text.toPlainText().strip()
        if not text or not self.button.isEnabled():
            return
        links = [link_body(link) for link in self._index.found_in(text)]
        self.session.hub.act(_POST, {"channel": self.channel, "text": text, "links": links})
        self.text.clear()
        self.show_messages()

    def _mention_selection(self) -> None:
        place = place_of_selection(self.session)
        if place is not None:
            self.text.mention(place[0])

    def _follow_room(self, changed: frozenset[str]) -> None:
        if "refusals" in changed:
            self._take_refusals()
        if "permissions" in changed:
            self._show_steps()
        if changed & {"messages", "pending", "refusals", "operators", "incidents"}:
            self.show_messages()

    def _take_refusals(self) -> None:
        for refused in self.session.hub.refusals:
            act = self._acts.pop(refused.id, None)
            if act is not None:
                text, channel = str(act.body.get("text", "")), str(act.body.get("channel"))
                one = Waiting(id=act.id, text=text, why_not=refused.text)
                self._refused[act.id] = (channel, one)
        while len(self._refused) > _MOST_REFUSED:
            del self._refused[next(iter(self._refused))]

    # -- links --------------------------------------------------------------------------------

    def _follow_link(self, url: QUrl) -> None:
        target = url.toString()
        if target.startswith(AGAIN_SCHEME):
            _, one = self._refused.pop(target.removeprefix(AGAIN_SCHEME))
            self.text.setPlainText(one.text)
            self.text.setFocus()
            self.show_messages()
        elif target.startswith(LINK_SCHEME):
            self._go_to(self._links[int(target.removeprefix(LINK_SCHEME))])

    def _go_to(self, link: Link) -> None:
        """Select and fly to what a message speaks of."""
        if link.kind == "mark":
            mark = self.session.hub.room[Marks].by_id.get(link.target_id)
            if mark is None:
                self.session.message.emit(f"The mark {link.name} is not there any more")
                return
            self.session.mark_inspected.emit(mark.id)
            point, distance_m = middle_of_mark(mark)
            self.session.fly_to_requested.emit((*point, distance_m))
            return
        if link.kind in ("thing", "unit"):
            is_thing = link.kind == "thing"
            selection = (
                Selection(thing_id=link.target_id)
                if is_thing
                else Selection(unit_id=link.target_id)
            )
            place = place_of(self.session, selection)
            if place is None:
                self.session.message.emit(f"{link.name} is not known here, or has no place")
                return
            self.session.select(selection)
            self.fly_to(place[1])
        elif link.xyz_local_m is not None:
            self.fly_to(link.xyz_local_m)


PANEL = PanelType(
    id="messages",
    title="Messages",
    area="right",
    create=MessagesPanel,
    order=62,
    icon="message",
)
