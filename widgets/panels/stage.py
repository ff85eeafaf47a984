"""Stage of the city: which it is and why, what the rules propose, setting it, what was before."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout

from twin.duty import set_stage
from twin.room.parts.stage import STAGE_WORDS, Stage, StageChange
from twin.staging import Proposal
from widgets.panel import PanelContext, PanelType
from widgets.parts.command_words import operator_text
from widgets.parts.elided_button import ElidedButton
from widgets.parts.labels import say, wrapped
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.permission import offer, why_not
from widgets.parts.section_list import Row, SectionDelegate, SectionList, section_view
from widgets.parts.wording import clock_text
from widgets.stage_button import LEVEL_OF_STAGE, stage_text

_MAX_REASON = 500


class StagePanel(PanelWidget):
    """The stage in force, the proposal, five buttons with a reason, and the history."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self._chosen = 0
        self.figure = wrapped("figure")
        self.why = wrapped("muted")
        self.proposal = wrapped()
        self.confirm = ElidedButton()
        self.confirm.clicked.connect(lambda _checked=False: self._take_proposal())
        self._make_form()
        self.model = SectionList()
        self._delegate = SectionDelegate(self.inks)
        self.list = section_view(self.model, self._delegate, "Stages that were set")
        self.problem = wrapped("error")
        self.problem.hide()
        self._lay_out()
        self.follow(self.session.room_changed, self._follow_room)
        self.follow(self.session.proposal_changed, lambda _proposal: self.show_stage())
        self.show_stage()

    # -- making -----------------------------------------------------------------------------

    def _make_form(self) -> None:
        self.steps = QButtonGroup(self)
        self._row = QHBoxLayout()
        self._row.setSpacing(4)
        for level, word in STAGE_WORDS.items():
            button = QPushButton(str(level))
            button.setCheckable(True)
            button.setAccessibleName(f"Stage {level}, {word}")
            button.setToolTip(word)
            button.setMinimumWidth(28)
            self.steps.addButton(button, level)
            self._row.addWidget(button)
        self.steps.idClicked.connect(self._choose)
        self.reason = QLineEdit()
        self.reason.setMaxLength(_MAX_REASON)
        self.reason.setAccessibleName("Why the stage changes")
        self.reason.setPlaceholderText("Why; everybody reads it")
        self.reason.textChanged.connect(lambda _text: self._show_form())
        self.reason.returnPressed.connect(self._set)
        self.set = ElidedButton()
        self.set.setProperty("role", "primary")
        self.set.clicked.connect(lambda _checked=False: self._set())
        self.note = wrapped("muted")
        self.note.hide()

    def _lay_out(self) -> None:
        top = QVBoxLayout()
        top.setContentsMargins(12, 12, 12, 8)
        top.setSpacing(6)
        top.addWidget(self.figure)
        top.addWidget(self.why)
        top.addWidget(self.proposal)
        top.addWidget(self.confirm)
        top.addLayout(self._row)
        top.addWidget(self.note)
        top.addWidget(self.reason)
        top.addWidget(self.set)
        top.addWidget(self.problem)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.list, 1)
        self.setFocusProxy(self.reason)

    # -- showing ----------------------------------------------------------------------------

    def refresh(self) -> None:
        """What the hub lets this person do may have changed."""
        self._show_form()

    def show_stage(self) -> None:
        """Show what is in force, what is proposed and what was before."""
        stage, proposal = self.session.hub.room[Stage], self.session.proposal
        newest = stage.newest
        self.figure.setText(f"Stage {stage_text(stage.level)}")
        if newest is None:
            self.why.setText("Nobody has set another one yet.")
        else:
            at = clock_text(newest.t_ns)
            self.why.setText(f"Since {at} by {operator_text(newest.by)}: {newest.reason}")
        self._show_proposal(stage.level, proposal)
        self.model.show_sections([("Before", [_row(one) for one in reversed(_all(stage))])])
        self._show_form()

    def _show_proposal(self, level: int, proposal: Proposal) -> None:
        is_other = proposal.level != level
        facts = "; ".join(proposal.facts) or "nothing in the room speaks for a higher one"
        if is_other:
            self.proposal.setText(f"The rules propose stage {stage_text(proposal.level)}: {facts}.")
        else:
            self.proposal.setText(f"The rules propose the same stage: {facts}.")
        self.confirm.setVisible(is_other)
        self.confirm.say(f"Take stage {stage_text(proposal.level)} as proposed…")

    def _show_form(self) -> None:
        level = self.session.hub.room[Stage].level
        against = why_not(self.session, "stage.set")
        say(self.note, against)
        for button in self.steps.buttons():
            one = self.steps.id(button)
            offer(button, why_not(self.session, "stage.set", str(one)), tip=STAGE_WORDS[one])
            if one == level:
                button.setEnabled(False)
        offer(self.confirm, against, tip=self.confirm.full_text)
        if against and self._chosen:
            self._choose(0)
            return
        if self._chosen == level:
            self._choose(0)
            return
        self.reason.setVisible(bool(self._chosen))
        self.set.setVisible(bool(self._chosen))
        self.set.setEnabled(bool(self.reason.text().strip()))
        if self._chosen:
            self.set.say(f"Set stage {stage_text(self._chosen)}")

    # -- doing ------------------------------------------------------------------------------

    def _take_proposal(self) -> None:
        proposal = self.session.proposal
        self._choose(proposal.level)
        self.reason.setText("; ".join(proposal.facts)[:_MAX_REASON] or "The cause is over")
        self.reason.setFocus()

    def _choose(self, level: int) -> None:
        self._chosen = level
        self.steps.setExclusive(False)
        for button in self.steps.buttons():
            button.setChecked(self.steps.id(button) == level)
        self.steps.setExclusive(True)
        self._show_form()
        if level:
            self.reason.setFocus()

    def _set(self) -> None:
        reason = self.reason.text().strip()
        if not reason or not self._chosen:
            return
        self.problem.hide()
        self._act_id = set_stage(self.session, self._chosen, reason, self.session.proposal)
        self._choose(0)
        self.reason.clear()

    def _follow_room(self, changed: frozenset[str]) -> None:
        if "stage" in changed:
            self.problem.hide()
            self.show_stage()
        elif "permissions" in changed:
            self._show_form()
        if "refusals" in changed:
            self.tell_refusal(self.problem)


def _all(stage: Stage) -> tuple[StageChange, ...]:
    return stage.changes.values()


def _row(change: StageChange) -> Row:
    proposed = ""
    if change.proposed and change.proposed != change.level:
        proposed = f" · stage {change.proposed} was proposed"
    return Row(
        key=change.seq,
        title=f"{stage_text(change.level)}: {change.reason}",
        caption=f"{operator_text(change.by)}{proposed}",
        right=clock_text(change.t_ns),
        level=LEVEL_OF_STAGE[change.level],
    )


PANEL = PanelType(
    id="stage",
    title="City stage",
    area="right",
    create=StagePanel,
    order=70,
    icon="info",
    workspaces=("review",),
)
