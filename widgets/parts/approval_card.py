"""One thing to approve, opened: what exactly, by whom and why, what it would change, yes or no."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from twin.commands.preview import Preview
from twin.waiting import Waiting
from widgets.actions import key_text
from widgets.parts.approval_words import (
    args_rows,
    countdown_text,
    digest_text,
    effect_sentence,
    given_text,
    grants_text,
    seconds_left,
    waiting_title,
    wanted_text,
)
from widgets.parts.command_words import operator_text
from widgets.parts.elided_button import ElidedButton
from widgets.parts.fact_table import FactView
from widgets.parts.glass_page import GlassPage
from widgets.parts.labels import say, wrapped
from widgets.parts.permission import offer
from widgets.parts.preview_block import PreviewBlock
from widgets.parts.wording import clock_text, count_text
from widgets.shape_mark import SIGNIFICANCE_WORDS

APPROVE_KEY, DENY_KEY, GLASS_KEY = "Ctrl+Return", "Ctrl+D", "Ctrl+G"
_MOST_LISTED = 12
#: From this width on the keys stand beside their buttons.
_KEYS_PX = 330
_SENT = "Sent; waiting for the hub"
_DENY_TIP = f"Say no, and why ({key_text(DENY_KEY)})"
_GLASS_TIP = "Release without approval in an emergency; a review follows"
_NO_GLASS = "Only single commands are released without approval, not a batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """Why the hub would refuse each answer, in its words; "" = it would not, or nobody knows."""

    approve: str = ""
    deny: str = ""
    glass: str = ""


NOTHING_AGAINST = Against()


class ApprovalCard(QWidget):
    """What was chosen in the inbox. It stays on it until another is chosen. GUI thread.

    Signals
    -------
    approved(str), denied(str)
        With what the person wrote.
    broken(str)
        The glass, with the reason.
    flown()
        Somebody wants to see the place.
    """

    approved = Signal(str)
    denied = Signal(str)
    broken = Signal(str)
    flown = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._waiting: Waiting | None = None
        self._against, self._is_sent = NOTHING_AGAINST, False
        self.title, self.caption = wrapped("title"), wrapped("muted")
        self.effect, self.note = wrapped(""), wrapped("muted")
        self.preview = PreviewBlock()
        self.exact = FactView(most_rows=_MOST_LISTED + 2)
        self.exact.setAccessibleName("Exactly what is asked")
        self.facts = FactView(most_rows=10)
        self.facts.setAccessibleName("Who has to say yes")
        self.status = wrapped("muted")
        self.problem = wrapped("error")
        self.glass = GlassPage()
        self.glass.broken.connect(self.broken)
        self.glass.left.connect(self._leave_glass)
        self._answers = self._make_answers()
        self._lay_out()
        self.say_nothing_sent()

    def _lay_out(self) -> None:
        """What is asked scrolls; the answers stay in sight below it."""
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title, 1)
        head.addWidget(self.fly, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        parts: tuple[QWidget, ...] = (
            *(self.caption, self.effect, self.exact, self.preview, self.facts),
        )
        for part in parts:
            column.addWidget(part)
        column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(body)
        foot = QVBoxLayout()
        foot.setContentsMargins(12, 8, 12, 10)
        foot.setSpacing(8)
        rest: tuple[QWidget, ...] = (
            *(self.note, self.status, self.problem, self._answers, self.glass),
        )
        for part in rest:
            foot.addWidget(part)
        line = QFrame()
        line.setFrameShape(QFrame.Shape.HLine)
        line.setFixedHeight(1)
        line.setProperty("role", "rule")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(line)
        layout.addLayout(foot)

    def _make_answers(self) -> QWidget:
        self.text = QLineEdit()
        self.text.setMaxLength(500)
        self.text.setPlaceholderText("A remark, or why you deny it")
        self.text.setAccessibleName("Remark, or why you deny it")
        self.approve = ElidedButton()
        self.approve.setProperty("role", "primary")
        self.approve.clicked.connect(lambda _checked=False: self.give())
        self.deny = QPushButton("Deny")
        self.deny.clicked.connect(lambda _checked=False: self.refuse())
        self.break_glass = ElidedButton("Break the glass…")
        self.break_glass.setProperty("role", "danger")
        self.break_glass.clicked.connect(lambda _checked=False: self.open_glass())
        self.fly = QPushButton("Fly there")
        self.fly.clicked.connect(lambda _checked=False: self.flown.emit())
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.text)
        layout.addLayout(_row((self.approve, _key(APPROVE_KEY))))
        rest = (self.deny, _key(DENY_KEY), self.break_glass, _key(GLASS_KEY))
        layout.addLayout(_row(rest))
        return box

    # -- showing ----------------------------------------------------------------------------

    @property
    def waiting(self) -> Waiting | None:
        """What is open and still waits."""
        return self._waiting

    def show_waiting(
        self,
        waiting: Waiting,
        preview: Preview | None,
        now_ns: int,
        against: Against = NOTHING_AGAINST,
    ) -> None:
        """Open something, or bring what is open up to date."""
        is_other = self._waiting is None or self._waiting.key != waiting.key
        self._waiting, self._against = waiting, against
        if is_other:
            self.text.clear()
            self.glass.hide()
            self._scroll.show()
            self._scroll.verticalScrollBar().setValue(0)
            self.say_nothing_sent()
        first = waiting.first
        self.title.setText(waiting_title(waiting))
        level = SIGNIFICANCE_WORDS.get(waiting.level, "").capitalize()
        asked = clock_text(min(first.times_ns.values(), default=0))
        self.caption.setText(f"{level} · asked at {asked} by {operator_text(first.issued_by)}")
        self.effect.setText(effect_sentence(first) if waiting.batch is None else _batch(waiting))
        self.preview.show_preview(preview)
        self.exact.show_facts(_exact(waiting))
        self.facts.show_facts(_around(waiting, now_ns))
        self.approve.say(f"Approve: {waiting_title(waiting)}")
        self._offer(waiting)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow dock the keys are told in tool tips only."""
        super().resizeEvent(event)
        if self._waiting is not None:
            self._offer(self._waiting)

    def _offer(self, waiting: Waiting) -> None:
        """What the person may not answer is off, and the muted line says why."""
        self._answers.setVisible(self.glass.isHidden())
        against = self._against
        approve = waiting.why_not or against.approve
        deny = waiting.why_not or against.deny
        glass = _NO_GLASS if waiting.batch is not None else against.glass
        offer(self.approve, approve, tip=self.approve.full_text)
        offer(self.deny, deny, tip=_DENY_TIP)
        offer(self.break_glass, glass, tip=_GLASS_TIP)
        self.glass.show_against(against.glass)
        if self._is_sent:
            for part in (self.approve, self.deny, self.glass.confirm):
                part.setEnabled(False)
        self.text.setVisible(not (approve and deny))
        for label in self._answers.findChildren(QLabel):
            label.setVisible(self.width() >= _KEYS_PX)
        say(self.note, _note(approve, deny, against.glass))

    def show_outcome(self, sentence: str) -> None:
        """What was open waits no more; say what became of it."""
        self._waiting = None
        self._answers.hide()
        self.glass.hide()
        self._scroll.show()
        self.preview.show_preview(None)
        self.note.hide()
        self.problem.hide()
        self.status.setText(sentence)
        self.status.setVisible(bool(sentence))

    def say_sent(self) -> None:
        """The answer is on its way: no second one meanwhile."""
        self.problem.hide()
        self.status.setText(_SENT)
        self.status.show()
        self._set_sent(True)

    def say_nothing_sent(self, problem: str = "") -> None:
        """Nothing is on its way (any more); `problem` tells why."""
        self.status.hide()
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self._set_sent(False)

    def _set_sent(self, is_sent: bool) -> None:
        self._is_sent = is_sent
        if self._waiting is not None:
            self._offer(self._waiting)

    # -- answering --------------------------------------------------------------------------

    def give(self) -> None:
        """Approve what is open, if it is this person's turn."""
        if self._waiting is not None and self.approve.isEnabled():
            self.approved.emit(self.text.text().strip())

    def refuse(self) -> None:
        """Deny it; the reason must be there."""
        if self._waiting is None or not self.deny.isEnabled():
            return
        if not self.text.text().strip():
            who = self._waiting.first.issued_by.name
            say(self.problem, f"Say why you deny it: {who} will read it")
            self.text.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        self.denied.emit(self.text.text().strip())

    def open_glass(self) -> None:
        """Show the loud step."""
        if self._waiting is not None and self.break_glass.isEnabled():
            self._answers.hide()
            self._scroll.hide()  # the loud step says it all, and needs the room
            self.glass.open(self._waiting)

    def back_out(self) -> bool:
        """Leave the loud step; False when it is not open."""
        if self.glass.isHidden():
            return False
        self._leave_glass()
        return True

    def _leave_glass(self) -> None:
        self.glass.hide()
        self._scroll.show()
        self._answers.setVisible(self._waiting is not None)
        self.break_glass.setFocus(Qt.FocusReason.OtherFocusReason)


def _note(approve: str, deny: str, glass: str) -> str:
    """What stands against the answers; who may neither approve nor deny reads it once."""
    if approve and deny:
        lines = [approve]
    else:
        lines = [f"Approve: {approve}" if approve else "", f"Deny: {deny}" if deny else ""]
    lines.append(f"Break the glass: {glass}" if glass else "")
    return "\n".join(filter(None, lines))


def _exact(waiting: Waiting) -> list[tuple[str, str]]:
    """What a yes is bound to."""
    first = waiting.first.request
    facts = [("Reason", first.reason or "none given")]
    if waiting.batch is None:
        facts += [*args_rows(first), ("Target", first.target_name)]
    else:
        facts += [(f"{n}.", _member(waiting, n)) for n in range(1, _listed(waiting) + 1)]
        if len(waiting.commands) > _MOST_LISTED:
            facts.append(("…", f"and {len(waiting.commands) - _MOST_LISTED:,} more"))
    times = (("Not before", first.not_before_ns), ("Deadline", first.deadline_ns))
    return [*facts, *((name, clock_text(t_ns)) for name, t_ns in times if t_ns)]


def _around(waiting: Waiting, now_ns: int) -> list[tuple[str, str]]:
    """Who has said yes, who still has to, until when."""
    first, approval = waiting.first, waiting.approval
    facts = [("Approvals", f"{given_text(approval)}, {wanted_text(approval)}")]
    if approval.grants:
        facts.append(("Given by", grants_text(approval)))
    if approval.text:
        facts.append(("Rule", approval.text))
    facts.append(("Time left", countdown_text(seconds_left(waiting, now_ns))))
    if first.effect_text and waiting.batch is None:
        facts.append(("Done when", first.effect_text))
    facts.append(("Bound to", digest_text(waiting.digest)))
    return facts


def _listed(waiting: Waiting) -> int:
    return min(len(waiting.commands), _MOST_LISTED)


def _member(waiting: Waiting, n: int) -> str:
    request = waiting.commands[n - 1].request
    values = ", ".join(f"{name} {value}" for name, value in args_rows(request) if value)
    return f"{request.target_name}: {values}" if values else request.target_name


def _batch(waiting: Waiting) -> str:
    n = len(waiting.commands)
    return f"{count_text(n, 'command')} at once, all or none. {effect_sentence(waiting.first)}"


def _row(parts: tuple[QWidget, ...]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    for part in parts:
        row.addWidget(part)
    row.addStretch(1)
    return row


def _key(key: str) -> QLabel:
    label = QLabel(key_text(key))
    label.setProperty("role", "key")
    label.setProperty("of", key)
    return label
