"""Leases: who holds what since when; take, ask, hand over, release, take over by rank."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QItemSelection, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from twin.acting import (
    ask_for_lease,
    hand_over,
    release_lease,
    take_lease,
    take_over,
)
from twin.clock import NS_PER_S
from twin.commanding import target_of, targets
from twin.room.model import Operator
from twin.room.parts.leases import Lease, Leases
from twin.session import Selection
from twin.waiting import whoami
from widgets.panel import PanelContext, PanelType
from widgets.parts.command_details import selection_of
from widgets.parts.command_words import operator_text
from widgets.parts.elided_button import ElidedButton
from widgets.parts.empty_state import EmptyState
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
from widgets.parts.target_chooser import NameChooser
from widgets.parts.wording import clock_text, duration_text


class LeasesPanel(PanelWidget):
    """An asset to take on top, who holds what, and what can be done about the chosen lease."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._chosen_id = ""
        self._offered = (-1, -1)
        self.model = SectionList()
        self._delegate = SectionDelegate(self.inks)
        self.list = section_view(self.model, self._delegate, "Leases")
        self.list.selectionModel().selectionChanged.connect(self._choose_row)
        self.list.doubleClicked.connect(lambda _index: self._fly())
        self._make_taker()
        self._make_buttons()
        self._make_seizure()
        self.problem = wrapped("error")
        self.problem.setContentsMargins(12, 0, 12, 4)
        self.problem.hide()
        self._lay_out()
        self.follow(self.session.room_changed, self._follow_room)
        self.follow(self.session.selection_changed, self._follow_selection)
        self._offer_assets()
        self._follow_selection(self.session.selection)
        self.show_leases()

    # -- making -----------------------------------------------------------------------------

    def _make_taker(self) -> None:
        self.asset = NameChooser(placeholder="Choose an asset")
        self.asset.setAccessibleName("Asset")
        self.asset.setMinimumContentsLength(6)
        self.asset.chosen.connect(lambda _id: self._show_taker())
        self.taker_note = wrapped("muted")
        self.taker_note.setContentsMargins(12, 0, 12, 8)
        self.taker_note.hide()
        self.take = ElidedButton("Take it")
        self.take.clicked.connect(lambda _checked=False: self._take())

    def _make_buttons(self) -> None:
        self.note = wrapped("muted")
        self.give = ElidedButton()
        self.give.setProperty("role", "primary")
        self.give.clicked.connect(lambda _checked=False: self._hand_over())
        self.release_it, self.ask = ElidedButton(), ElidedButton()
        self.release_it.clicked.connect(lambda _checked=False: self._release())
        self.ask.clicked.connect(lambda _checked=False: self._ask())
        self.seize = QPushButton("Take it over…")
        self.seize.setProperty("role", "danger")
        self.seize.clicked.connect(lambda _checked=False: self._open_seizure())
        self.fly = QPushButton("Fly there")
        self.fly.clicked.connect(lambda _checked=False: self._fly())

    def _make_seizure(self) -> None:
        self.seizure = QWidget()
        self.reason = QLineEdit()
        self.reason.setMaxLength(300)
        self.reason.setAccessibleName("Why you take it over")
        self.reason.setPlaceholderText("Why; the holder and everybody else reads it")
        self.reason.returnPressed.connect(self._seize)
        self.confirm = ElidedButton()
        self.confirm.setProperty("role", "danger-filled")
        self.confirm.clicked.connect(lambda _checked=False: self._seize())
        self.back = QPushButton("Back")
        self.back.clicked.connect(lambda _checked=False: self.seizure.hide())
        self.warning = wrapped()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.confirm)
        row.addWidget(self.back)
        row.addStretch(1)
        column = QVBoxLayout(self.seizure)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.warning)
        column.addWidget(self.reason)
        column.addLayout(row)
        self.seizure.hide()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(12, 12, 12, 8)
        top.setSpacing(8)
        top.addWidget(self.asset, 1)
        top.addWidget(self.take)
        self._deeds = QWidget()
        deeds = QVBoxLayout(self._deeds)
        deeds.setContentsMargins(12, 8, 12, 12)
        deeds.setSpacing(8)
        deeds.addWidget(self.note)
        deeds.addWidget(self.give)
        for parts in ((self.release_it, self.ask, self.fly), (self.seize,)):
            row = QHBoxLayout()
            row.setSpacing(8)
            for part in parts:
                row.addWidget(part)
            row.addStretch(1)
            deeds.addLayout(row)
        deeds.addWidget(self.seizure)
        empty = EmptyState(
            "Nobody holds an asset. Take one to be the only one who commands it, until you let it "
            "go or your console is gone."
        )
        middle = QWidget()
        self._stack = QStackedLayout(middle)
        self._stack.addWidget(self.list)
        self._stack.addWidget(empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.taker_note)
        layout.addWidget(self.problem)
        layout.addWidget(middle, 1)
        layout.addWidget(self._deeds)
        self.setFocusProxy(self.list)

    # -- showing ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Times go on; new assets are offered."""
        self._offer_assets()
        self.show_leases()

    def show_leases(self) -> None:
        """List who holds what now."""
        self.model.show_sections(self._sections())
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)
        self._show_taker()
        self._show_deeds()

    def _sections(self) -> list[Section]:
        me, held = whoami(self.session).identity, self.session.hub.room[Leases].held
        mine = [one for one in held if one.holder is not None and one.holder.identity == me]
        asked = [self._row(one, asked=True) for one in mine if one.wanted_by is not None]
        others = [self._row(one) for one in held if one not in mine]
        return [
            ("Asked of you", asked),
            ("You hold", [self._row(one) for one in mine if one.wanted_by is None]),
            ("Held by others", others),
        ]

    def _row(self, lease: Lease, *, asked: bool = False) -> Row:
        since_s = (self.session.clock.now_ns() - lease.since_ns) / NS_PER_S
        right = f"{clock_text(lease.since_ns)}"
        wanted, holder = lease.wanted_by, lease.holder
        if asked and wanted is not None:
            caption = f"{operator_text(wanted)} asks for it"
        else:
            who = operator_text(holder) if holder is not None else ""
            parts = [who, f"for {duration_text(since_s)}"]
            if wanted is not None:
                parts.append(f"{operator_text(wanted)} asked for it")
            caption = " · ".join(parts)
        return Row(
            key=lease.asset_id,
            title=lease.asset_name or lease.asset_id,
            caption=caption,
            right=right,
            level="low" if asked else None,
            is_bold=asked,
        )

    def _show_taker(self) -> None:
        asset_id = self.asset.chosen_id()
        holder = self.session.hub.room[Leases].holder(asset_id) if asset_id else None
        me = whoami(self.session)
        is_mine = holder is not None and holder.identity == me.identity
        against = ""
        if asset_id and not is_mine:
            against = self._against("lease.take" if holder is None else "lease.ask", asset_id)
        say(self.taker_note, against)
        if is_mine:
            self.take.say("You hold it")
        elif holder is None:
            self.take.say("Take it")
        else:
            self.take.say(f"Ask {holder.name}")
        offer(self.take, against, tip=self.take.full_text)
        if is_mine or not asset_id:
            self.take.setEnabled(False)

    def _against(self, kind: str, asset_id: str) -> str:
        return why_not(self.session, kind, asset_id)

    def _show_deeds(self) -> None:
        lease, me = self._lease(), whoami(self.session)
        holder = lease.holder if lease is not None else None
        self._deeds.setVisible(lease is not None and holder is not None)
        if lease is None or holder is None:
            self.seizure.hide()
            return
        is_mine = holder.identity == me.identity
        wanted = lease.wanted_by
        name = lease.asset_name or lease.asset_id
        self.give.setVisible(is_mine and wanted is not None)
        if wanted is not None:
            self.give.say(f"Hand {name} over to {operator_text(wanted)}")
        self.release_it.setVisible(is_mine)
        self.release_it.say(f"Release {name}")
        self.ask.setVisible(not is_mine)
        has_asked = wanted is not None and wanted.identity == me.identity
        self.ask.say("Asked; waits for the holder" if has_asked else f"Ask {holder.name} for it")
        against = "" if is_mine or has_asked else self._against("lease.ask", lease.asset_id)
        offer(self.ask, against, tip=self.ask.full_text)
        if has_asked:
            self.ask.setEnabled(False)
        self._show_rank(lease, holder, me)

    def _show_rank(self, lease: Lease, holder: Operator, me: Operator) -> None:
        is_mine = holder.identity == me.identity
        self.seize.setVisible(not is_mine)
        against = "" if is_mine else self._against("lease.seize", lease.asset_id)
        text = against
        if not is_mine and not against and me.rank <= holder.rank:
            against = f"{holder.name} has rank {holder.rank}, you have {me.rank}: ask instead"
            text = f"Rank {me.rank} does not take over from rank {holder.rank}; ask for it."
        offer(self.seize, against, tip="By rank, with a reason that everybody reads")
        offer(self.confirm, against, tip=self.confirm.full_text)
        say(self.note, text)

    # -- following --------------------------------------------------------------------------

    def choose_asked(self) -> None:
        """Choose the first lease that somebody asks of this person."""
        asked = self._sections()[0][1]
        if asked:
            self.list.setCurrentIndex(self.model.index(self.model.row_of(asked[0].key)))

    def _follow_room(self, changed: frozenset[str]) -> None:
        if changed & {"leases", "operators"}:
            self.problem.hide()
            self.show_leases()
        elif "permissions" in changed:
            self._show_taker()
            self._show_deeds()
        if "refusals" in changed:
            self.tell_refusal(self.problem)

    def _follow_selection(self, selection: Selection) -> None:
        target_id = selection.thing_id or selection.unit_id
        target = target_of(self.session, target_id) if target_id else None
        line = self.asset.lineEdit()
        is_typing = line is not None and line.hasFocus() and line.isModified()
        if target is not None and target.accepts and not is_typing:
            self._offer_assets()
            self.asset.choose(target_id)
            self._show_taker()

    def _offer_assets(self) -> None:
        session = self.session
        now = (session.observations.catalogue_version, session.units.catalogue_version)
        if now != self._offered:
            self._offered = now
            self.asset.offer([(target.id, target.name) for target in targets(session)])

    def _choose_row(self, _on: QItemSelection, _off: QItemSelection) -> None:
        chosen = self.list.selectionModel().selectedIndexes()
        self._chosen_id = str(chosen[0].data(KeyRole) or "") if chosen else ""
        self.seizure.hide()
        self._show_deeds()

    def _lease(self) -> Lease | None:
        return self.session.hub.room[Leases].by_asset.get(self._chosen_id)

    # -- doing ------------------------------------------------------------------------------

    def _do(self, act: Callable[[Lease], str]) -> None:
        lease = self._lease()
        if lease is not None:
            self.problem.hide()
            self._act_id = act(lease)

    def _take(self) -> None:
        asset_id = self.asset.chosen_id()
        target = target_of(self.session, asset_id) if asset_id else None
        if target is None:
            return
        self.problem.hide()
        if self.session.hub.room[Leases].holder(asset_id) is None:
            self._act_id = take_lease(self.session, asset_id, target.name)
        else:
            self._act_id = ask_for_lease(self.session, asset_id)

    def _hand_over(self) -> None:
        self._do(
            lambda lease: (
                hand_over(self.session, lease.asset_id, lease.wanted_by)
                if lease.wanted_by is not None
                else ""
            )
        )

    def _release(self) -> None:
        self._do(lambda lease: release_lease(self.session, lease.asset_id))

    def _ask(self) -> None:
        self._do(lambda lease: ask_for_lease(self.session, lease.asset_id))

    def _open_seizure(self) -> None:
        lease = self._lease()
        if lease is None or lease.holder is None:
            return
        name = lease.asset_name or lease.asset_id
        self.warning.setText(
            f"{operator_text(lease.holder)} loses {name} at once: what they have commanded and has "
            "not left yet is refused."
        )
        self.confirm.say(f"Take {name} over")
        self.reason.clear()
        self.seizure.show()
        self.reason.setFocus(Qt.FocusReason.OtherFocusReason)

    def _seize(self) -> None:
        reason = self.reason.text().strip()
        if not self.confirm.isEnabled():
            return
        if not reason:
            say(self.problem, "Taking an asset over needs a reason")
            self.reason.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.seizure.hide()
        self._do(lambda lease: take_over(self.session, lease.asset_id, reason))

    def _fly(self) -> None:
        if self._chosen_id:
            selection = selection_of(self.session, self._chosen_id)
            self.session.select(selection)
            place = place_of(self.session, selection)
            if place is not None:
                self.fly_to(place[1])


PANEL = PanelType(
    id="leases",
    title="Leases",
    area="right",
    create=LeasesPanel,
    order=25,
    icon="lease",
    enter=LeasesPanel.choose_asked,
    workspaces=("command",),
)
