"""Proposals: alarms that may be one incident, why, and the operator's answer."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QItemSelection, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from twin.clock import NS_PER_S
from twin.judging import accept, allow_pair, never_pair, split
from twin.operations.correlation import Happening, IncidentProposal
from twin.operations.proposing import kind_of, pairs_of, severity_of, title_of
from twin.room.parts.proposals import NeverPair, PairKind, Proposals
from twin.session import Selection
from widgets.panel import PanelContext, PanelType
from widgets.parts.command_words import operator_text
from widgets.parts.elided_button import ElidedButton
from widgets.parts.empty_state import EmptyState
from widgets.parts.labels import say, wrapped
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.permission import Deed, tell
from widgets.parts.section_list import KeyRole, Row, SectionDelegate, SectionList, section_view
from widgets.parts.wording import age_text, clock_text, count_text
from widgets.shape_mark import Level

_EMPTY = (
    "Nothing is proposed. Alarms and confirmed anomalies within 250 m and 20 min of each other, "
    "or on things that hang together (one building, street, water or feeder), are proposed here "
    "as one incident."
)
_LEVELS: dict[str, Level] = {
    "critical": "alarm",
    "high": "warning",
    "medium": "notice",
    "low": "low",
}
_IdRole = int(Qt.ItemDataRole.UserRole)
LIST_PX, MEMBER_PX, MOST_MEMBERS = 160, 24, 8


class ProposalsPanel(PanelWidget):
    """A list of proposals and pairs, and the chosen one as a card."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._chosen = ""
        self._is_picked = False  # by a person: then it stays, else the first one is shown
        self._shown: tuple[str, ...] = ()
        self.model = SectionList()
        self._delegate = SectionDelegate(self.inks)
        self.list = section_view(self.model, self._delegate, "Proposed incidents")
        self.list.selectionModel().selectionChanged.connect(self._choose_row)
        self.list.activated.connect(lambda _index: self._fly())
        self._make_card()
        self._lay_out()
        self.follow(self.session.room_changed, self._follow_room)
        self.follow(self.session.incident_proposals_changed, lambda _proposals: self.refresh())
        self.refresh()

    def _make_card(self) -> None:
        self.question, self.reasons = wrapped("heading"), wrapped("muted")
        self.members = QListWidget()
        self.members.setAccessibleName("What belongs together; take the tick away to leave out")
        self.members.setFrameShape(QFrame.Shape.NoFrame)
        self.members.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.members.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.members.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.members.itemChanged.connect(lambda _item: self._name_buttons())
        self.members.itemClicked.connect(self._select_member)
        self.members.itemActivated.connect(self._fly_to_member)
        self.name = QLineEdit()
        self.name.setMaxLength(200)
        self.name.setAccessibleName("Title of the incident")
        self.name.returnPressed.connect(self._accept)
        self.yes = ElidedButton()
        self.yes.setProperty("role", "primary")
        self.yes.clicked.connect(lambda _checked=False: self._accept())
        self.apart = ElidedButton()
        self.apart.clicked.connect(lambda _checked=False: self._split())
        self.never = QPushButton("Never this pair…")
        self.never.clicked.connect(lambda _checked=False: self._show_menu())
        self.menu = QMenu(self)
        self.again = QPushButton("Propose it again")
        self.again.clicked.connect(lambda _checked=False: self._allow())
        self.problem, self.note = wrapped("error"), wrapped("muted")
        self.problem.hide()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.apart, self.never, self.again):
            buttons.addWidget(button)
        buttons.addStretch(1)
        body = QWidget()
        card = QVBoxLayout(body)
        card.setContentsMargins(12, 8, 12, 4)
        card.setSpacing(8)
        for part in (self.question, self.reasons):
            card.addWidget(part)
        card.addWidget(self.members)
        card.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        foot = QVBoxLayout()  # what is done stays in sight
        foot.setContentsMargins(12, 4, 12, 8)
        foot.setSpacing(8)
        foot.addWidget(self.name)
        foot.addWidget(self.yes)
        foot.addLayout(buttons)
        foot.addWidget(self.note)
        foot.addWidget(self.problem)
        filled = QWidget()
        rows = QVBoxLayout(filled)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.list)
        rows.addWidget(scroll, 1)
        rows.addLayout(foot)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(filled)
        self._stack.addWidget(EmptyState(_EMPTY))

    # -- showing ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """List what is proposed now, and the pairs that are not."""
        self.tell_refusal(self.problem)
        pairs = self.session.hub.room[Proposals].never.values()
        self.model.show_sections(
            [
                ("One incident?", [self._row(one) for one in self.session.incident_proposals]),
                ("Never proposed as one", [self._pair_row(one) for one in pairs]),
            ]
        )
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)
        self.list.setFixedHeight(min(max(self.model.height_px, 70), LIST_PX))
        if self.model.row_of(self._chosen) < 0:
            self._chosen, self._is_picked = "", False
        if not self._is_picked and self.model.rowCount() > 1:
            self.list.setCurrentIndex(self.model.index(1))
            self._is_picked = False
        self._show_chosen()

    def _row(self, one: IncidentProposal) -> Row:
        newest = one.members[-1]
        age_s = (self.session.clock.now_ns() - newest.t_ns) / NS_PER_S
        names = ", ".join(dict.fromkeys(m.thing_name or m.title for m in one.members))
        return Row(
            key=one.key,
            title=self._question(one),
            caption=names,
            right=age_text(max(age_s, 0.0)),
            level=_LEVELS.get(_most_urgent(one.members), "low"),
        )

    def _pair_row(self, pair: NeverPair) -> Row:
        kind = "rules" if pair.kind == "rule" else "things"
        return Row(
            key=pair.id,
            title=f"{pair.a_name or pair.a} and {pair.b_name or pair.b}",
            caption=f"two {kind}, {operator_text(pair.by)}",
            right=clock_text(pair.at_ns),
        )

    def _question(self, one: IncidentProposal) -> str:
        what = _counted(one.members)
        if one.incident is not None:
            return f"{what} near “{one.incident.title}”: add to it?"
        where = f" within {max(one.span_m, 1.0):,.0f} m" if one.span_m else ""
        minutes = max(one.span_s / 60.0, 1.0)
        return f"{what}{where} and {minutes:.0f} min: make it an incident?"

    def proposal(self) -> IncidentProposal | None:
        """The one that is chosen."""
        found = (one for one in self.session.incident_proposals if one.key == self._chosen)
        return next(found, None)

    def _choose_row(self, _on: QItemSelection, _off: QItemSelection) -> None:
        chosen = self.list.selectionModel().selectedIndexes()
        if chosen and chosen[0].data(KeyRole):
            self._chosen, self._is_picked = str(chosen[0].data(KeyRole)), True
            self.problem.hide()
            self._show_chosen()

    def _show_chosen(self) -> None:
        one = self.proposal()
        pair = self.session.hub.room[Proposals].never.get(self._chosen)
        for part in (self.members, self.yes, self.apart, self.never):
            part.setVisible(one is not None)
        self.name.setVisible(one is not None and one.incident is None)
        self.again.setVisible(pair is not None)
        if one is None:
            self._shown = ()
            self._show_pair(pair)
            self._tell_permissions(None, n_ticked=0)
            return
        say(self.question, self._question(one))
        say(self.reasons, "\n".join(one.reasons))
        key = (one.key, one.incident.id if one.incident is not None else "")
        if key != self._shown:
            self._shown = key
            self._fill(one)
        self._name_buttons()

    def _show_pair(self, pair: NeverPair | None) -> None:
        names = (pair.a_name or pair.a, pair.b_name or pair.b) if pair is not None else ("", "")
        say(self.question, " and ".join(names) if pair is not None else "")
        usual = "They are not proposed as one incident" if pair is not None else ""
        say(self.reasons, (pair.reason if pair is not None else "") or usual)

    def _fill(self, one: IncidentProposal) -> None:
        self.members.blockSignals(True)
        self.members.clear()
        for member in one.members:
            item = QListWidgetItem(f"{clock_text(member.t_ns)}  {_member_text(member)}")
            item.setData(_IdRole, member.id)
            item.setToolTip(_member_text(member))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked)
            self.members.addItem(item)
        self.members.blockSignals(False)
        self.members.setFixedHeight(MEMBER_PX * min(len(one.members), MOST_MEMBERS) + 4)
        self.name.setText(title_of(one))

    def ticked(self) -> list[str]:
        """Ids of the members that belong together."""
        items = (self.members.item(row) for row in range(self.members.count()))
        return [
            str(item.data(_IdRole)) for item in items if item.checkState() == Qt.CheckState.Checked
        ]

    def _name_buttons(self) -> None:
        one = self.proposal()
        if one is None:
            return
        n, n_all = len(self.ticked()), len(one.members)
        if one.incident is not None:
            self.yes.say(f"Add {n} to “{one.incident.title}”")
        else:
            severity = severity_of(one).value
            article = "an" if severity == "extreme" else "a"
            kind = "" if kind_of(one) == "other" else f"{kind_of(one)} "
            self.yes.say(f"Make {n} of them {article} {severity} {kind}incident")
        kept = f"Split: {n} together, {n_all - n} apart"
        self.apart.say("They belong apart" if n in (n_all, 0, 1) else kept)
        self._tell_permissions(one, n_ticked=n)

    def _tell_permissions(self, one: IncidentProposal | None, *, n_ticked: int) -> None:
        """Turn off what the hub would refuse of the chosen one; the muted line says why."""
        near = one.incident if one is not None else None
        incident = near.id.removeprefix("incident:") if near is not None else ""
        n_all = len(one.members) if one is not None else 0
        tip = "Two rules or two things that have nothing to do with each other"
        deeds = (
            Deed(self.yes, "proposal.accept", incident, is_ready=n_ticked > (0 if incident else 1)),
            Deed(self.apart, "proposal.split", is_ready=n_all > 1),
            Deed(self.never, "proposal.never", tip=tip),
            Deed(self.again, "proposal.allow", "" if one is not None else self._chosen),
        )
        tell(self.session, self.note, deeds)

    def _follow_room(self, parts: frozenset[str]) -> None:
        if parts & {"proposals", "permissions"}:
            self.refresh()
        self.tell_refusal(self.problem)

    # -- doing ------------------------------------------------------------------------------

    def _accept(self) -> None:
        one = self.proposal()
        if one is None or not self.yes.isEnabled():
            return
        title = self.name.text().strip()
        if one.incident is None and not title:
            say(self.problem, "Give the incident a title")
            self.name.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.problem.hide()
        self._act_id = accept(self.session, one, self.ticked(), title)

    def _split(self) -> None:
        one = self.proposal()
        if one is not None:
            ticked = self.ticked()
            together = ticked if 1 < len(ticked) < len(one.members) else []
            self._act_id = split(self.session, one, together)

    def fill_menu(self) -> QMenu:
        """Pairs of rules and things of the chosen proposal."""
        self.menu.clear()
        one = self.proposal()
        for kind, a, b in pairs_of(one) if one is not None else ():
            first, second = _named(kind, a), _named(kind, b)
            word = "Rules" if kind == "rule" else "Things"
            action = self.menu.addAction(f"{word}: {first[1]} and {second[1]}")
            action.triggered.connect(
                lambda _checked=False, k=kind, p=first, q=second: self._forbid(k, p, q)
            )
        return self.menu

    def _show_menu(self) -> None:
        self.fill_menu().popup(self.never.mapToGlobal(self.never.rect().bottomLeft()))

    def _forbid(self, kind: str, a: tuple[str, str], b: tuple[str, str]) -> None:
        self._act_id = never_pair(self.session, cast("PairKind", kind), a, b)

    def _allow(self) -> None:
        self._act_id = allow_pair(self.session, self._chosen)

    def _member(self, item: QListWidgetItem) -> Happening | None:
        one = self.proposal()
        found = (m for m in one.members if m.id == item.data(_IdRole)) if one is not None else ()
        return next(iter(found), None)

    def _select_member(self, item: QListWidgetItem) -> None:
        member = self._member(item)
        if member is not None and member.thing_id:
            self.session.select(Selection(thing_id=member.thing_id))

    def _fly_to_member(self, item: QListWidgetItem) -> None:
        self._select_member(item)
        member = self._member(item)
        if member is not None and member.xyz is not None:
            self.fly_to(member.xyz)

    def _fly(self) -> None:
        one = self.proposal()
        if one is not None and one.xyz is not None:
            self.fly_to(one.xyz)


def _named(kind: str, one: Happening) -> tuple[str, str]:
    """Id and name of a member's rule or thing."""
    if kind == "rule":
        return one.rule, one.title
    return one.thing_id, one.thing_name or one.thing_id


def _member_text(one: Happening) -> str:
    return f"{one.title}, {one.thing_name}" if one.thing_name else one.title


def _counted(members: tuple[Happening, ...]) -> str:
    alarms = sum(one.kind == "alarm" for one in members)
    others = len(members) - alarms
    parts = [count_text(alarms, "alarm")] if alarms else []
    parts += [count_text(others, "anomaly", "anomalies")] if others else []
    return " and ".join(parts)


def _most_urgent(members: tuple[Happening, ...]) -> str:
    priorities = {one.priority for one in members}
    return next((name for name in _LEVELS if name in priorities), "low")


PANEL = PanelType(
    id="proposals",
    title="Proposals",
    area="right",
    create=ProposalsPanel,
    order=46,
    icon="link",
    workspaces=("monitor", "incidents"),
)
