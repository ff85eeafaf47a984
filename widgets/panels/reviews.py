"""Reviews and delegations: what somebody has to look at afterwards, who may say yes for whom."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from twin.acting import close_review, give_delegation, withdraw_delegation
from twin.clock import NS_PER_S
from twin.room.model import Operator
from twin.room.parts.delegations import Delegation, Delegations
from twin.room.parts.reviews import Review, Reviews
from twin.waiting import whoami
from widgets.panel import PanelContext, PanelType
from widgets.parts.approval_words import effect_sentence
from widgets.parts.command_words import operator_text
from widgets.parts.elided_button import ElidedButton
from widgets.parts.empty_state import EmptyState
from widgets.parts.labels import say, wrapped
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.permission import offer, why_not
from widgets.parts.section_list import KeyRole, Row, SectionDelegate, SectionList, section_view
from widgets.parts.target_chooser import NameChooser
from widgets.parts.value_form import LABEL_PX
from widgets.parts.wording import age_text, clock_text, duration_text

_UNTIL = (("30 minutes", 1_800), ("2 hours", 7_200), ("8 hours", 28_800), ("24 hours", 86_400))
_LEAST_LETTERS = 3
_CLOSE_TIP = "Say what the review found; it stays in the journal"
_DELEGATE_TIP = "Let somebody else approve for your department for a while"


class DelegationForm(QWidget):
    """To whom, for which department, until when. GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        self.to = NameChooser(placeholder="Choose a person")
        self.to.setAccessibleName("To whom")
        self.department, self.until = QComboBox(), QComboBox()
        self.department.setAccessibleName("Department")
        self.until.setAccessibleName("For how long")
        for title, seconds in _UNTIL:
            self.until.addItem(title, seconds)
        self.confirm = ElidedButton()
        self.confirm.setProperty("role", "primary")
        self.back = QPushButton("Back")
        form = QFormLayout()
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(8)
        for title, part in (("To", self.to), ("Yes of", self.department), ("For", self.until)):
            form.addRow(title, part)
        label = form.labelForField(self.to)
        if label is not None:
            label.setMinimumWidth(LABEL_PX)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.confirm)
        row.addWidget(self.back)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addLayout(row)
        self.to.chosen.connect(lambda _id: self.tell())
        self.department.currentIndexChanged.connect(lambda _index: self.tell())
        self.hide()

    def tell(self) -> None:
        """Name what the button does."""
        name = self.to.currentText().partition(" (")[0] if self.to.chosen_id() else ""
        department = self.department.currentText()
        self.confirm.say(f"Let {name} approve for {department}" if name else "Delegate")
        self.confirm.setEnabled(bool(name and department))


class ReviewsPanel(PanelWidget):
    """A list of both, and what can be done about the chosen one."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._chosen = ""
        self.model = SectionList()
        self._delegate = SectionDelegate(self.inks)
        self.list = section_view(self.model, self._delegate, "Reviews and delegations")
        self.list.selectionModel().selectionChanged.connect(self._choose_row)
        self._make_review()
        self.withdraw = ElidedButton()
        self.withdraw.clicked.connect(lambda _checked=False: self._withdraw())
        self.delegate = QPushButton("Delegate my yes…")
        self.delegate_note = wrapped("muted")
        self.delegate.clicked.connect(lambda _checked=False: self.open_form())
        self.form = DelegationForm()
        self.form.confirm.clicked.connect(lambda _checked=False: self._give())
        self.form.back.clicked.connect(lambda _checked=False: self._leave_form())
        self.problem = wrapped("error")
        self.problem.hide()
        self._lay_out()
        self.follow(self.session.room_changed, self._follow_room)
        self.show_rows()

    def _make_review(self) -> None:
        self.text, self.note = wrapped(), wrapped("muted")
        self.finding = QLineEdit()
        self.finding.setMaxLength(2_000)
        self.finding.setAccessibleName("What the review found")
        self.finding.setPlaceholderText("What the review found, in a sentence")
        self.finding.returnPressed.connect(self._close_review)
        self.close_it = QPushButton("Close the review")
        self.close_it.clicked.connect(lambda _checked=False: self._close_review())

    def _lay_out(self) -> None:
        empty = EmptyState(
            "Nothing has to be reviewed, and nobody has passed a yes on. A broken glass opens a "
            "review here that somebody else has to close."
        )
        middle = QWidget()
        self._stack = QStackedLayout(middle)
        self._stack.addWidget(self.list)
        self._stack.addWidget(empty)
        foot = QVBoxLayout()
        foot.setContentsMargins(12, 8, 12, 12)
        foot.setSpacing(8)
        parts: tuple[QWidget, ...] = (
            *(self.text, self.note, self.finding, self.close_it, self.withdraw),
            *(self.problem, self.delegate, self.delegate_note, self.form),
        )
        for part in parts:
            foot.addWidget(part)
        foot.setAlignment(self.close_it, Qt.AlignmentFlag.AlignLeft)
        foot.setAlignment(self.delegate, Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(middle, 1)
        layout.addLayout(foot)

    # -- showing ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Times go on."""
        self.show_rows()

    def show_rows(self) -> None:
        """List what there is now."""
        reviews = self.session.hub.room[Reviews].by_id.values()
        delegations = self.session.hub.room[Delegations].by_id.values()
        self.model.show_sections(
            [
                ("To be reviewed", [self._review_row(one) for one in reviews]),
                ("May approve for others", [self._delegation_row(one) for one in delegations]),
            ]
        )
        self._stack.setCurrentIndex(0 if self.model.rowCount() else 1)
        self._show_chosen()

    def _review_row(self, review: Review) -> Row:
        age_s = (self.session.clock.now_ns() - review.t_ns) / NS_PER_S
        return Row(
            key=review.id,
            title=review.text,
            caption=f"{operator_text(review.subject)} · {age_text(age_s)} ago",
            right=clock_text(review.t_ns),
            level="warning",
        )

    def _delegation_row(self, one: Delegation) -> Row:
        left_s = (one.until_ns - self.session.clock.now_ns()) / NS_PER_S
        department = one.department.replace("_", " ")
        return Row(
            key=one.id,
            title=f"{one.to_name} for {department}",
            caption=f"given by {operator_text(one.giver)} · {duration_text(left_s)} left",
            right=clock_text(one.until_ns),
        )

    def _show_chosen(self) -> None:
        if self.form.isVisible():
            parts = (self.text, self.note, self.finding, self.close_it, self.withdraw)
            for part in (*parts, self.delegate_note):
                part.hide()
            return
        review = self.session.hub.room[Reviews].by_id.get(self._chosen)
        delegation = self.session.hub.room[Delegations].by_id.get(self._chosen)
        me = whoami(self.session).identity
        is_own = review is not None and review.subject.identity == me
        say(self.text, self._review_text(review) if review is not None else "")
        say(self.note, "Somebody else has to close the review of what you did." if is_own else "")
        for part in (self.finding, self.close_it):
            part.setVisible(review is not None and not is_own)
        self._show_permissions(review if not is_own else None)
        is_mine = delegation is not None and delegation.giver.identity == me
        self.withdraw.setVisible(is_mine)
        if delegation is not None:
            department = delegation.department.replace("_", " ")
            self.withdraw.say(f"Withdraw the yes of {department} from {delegation.to_name}")

    def _show_permissions(self, review: Review | None) -> None:
        """Turn off what the hub would refuse; the muted line says why."""
        against = why_not(self.session, "review.close", review.id) if review is not None else ""
        offer(self.close_it, against, tip=_CLOSE_TIP)
        self.finding.setVisible(review is not None and not against)
        if against:
            say(self.note, against)
        against = why_not(self.session, "delegation.give")
        offer(self.delegate, against, tip=_DELEGATE_TIP)
        say(self.delegate_note, against)

    def _review_text(self, review: Review) -> str:
        command = self.session.hub.room.commands.get(review.command_id)
        effect = f"\n{effect_sentence(command)}" if command is not None else ""
        return f"{review.text}.{effect}"

    def _choose_row(self, _on: QItemSelection, _off: QItemSelection) -> None:
        chosen = self.list.selectionModel().selectedIndexes()
        self._chosen = str(chosen[0].data(KeyRole) or "") if chosen else ""
        self.finding.clear()
        self._show_chosen()

    def _follow_room(self, changed: frozenset[str]) -> None:
        if changed & {"reviews", "delegations"}:
            self.problem.hide()
            self.show_rows()
        elif "permissions" in changed:
            self._show_chosen()
        if "refusals" in changed:
            self.tell_refusal(self.problem)

    # -- doing ------------------------------------------------------------------------------

    def _close_review(self) -> None:
        text = self.finding.text().strip()
        if not self.close_it.isEnabled():
            return
        if len(text) < _LEAST_LETTERS:
            say(self.problem, "Say in a sentence what the review found")
            self.finding.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.problem.hide()
        self._act_id = close_review(self.session, self._chosen, text)

    def _withdraw(self) -> None:
        self._act_id = withdraw_delegation(self.session, self._chosen)

    def open_form(self) -> None:
        """Show the form of a new delegation."""
        me = whoami(self.session)
        present = {one.identity: one for one in self._others(me)}
        self.form.to.offer([(key, operator_text(one)) for key, one in present.items()])
        self.form.to.choose("")
        now_ns = self.session.clock.now_ns()
        able = self.session.hub.room[Delegations].departments_of(me, now_ns)
        self.form.department.clear()
        for department in able:
            self.form.department.addItem(department.replace("_", " "), department)
        self.form.tell()
        self.delegate.hide()
        self.form.show()
        self._show_chosen()
        self.form.to.setFocus(Qt.FocusReason.OtherFocusReason)

    def _others(self, me: Operator) -> list[Operator]:
        found = self.session.hub.room.operators.values()
        return sorted((o for o in found if o.identity != me.identity), key=lambda o: o.name)

    def _give(self) -> None:
        me, chosen = whoami(self.session), self.form.to.chosen_id()
        to = next((one for one in self._others(me) if one.identity == chosen), None)
        if to is None:
            return
        seconds = int(self.form.until.currentData())
        until_ns = self.session.clock.now_ns() + seconds * NS_PER_S
        department = str(self.form.department.currentData())
        self._act_id = give_delegation(self.session, to, department, until_ns)
        self._leave_form()

    def _leave_form(self) -> None:
        self.form.hide()
        self.delegate.show()
        self._show_chosen()


PANEL = PanelType(
    id="reviews",
    title="Reviews and delegations",
    area="right",
    create=ReviewsPanel,
    order=35,
    icon="review",
    workspaces=("command",),
)
