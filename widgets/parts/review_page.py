"""The step before anything is sent: what is going to happen, when, and what it would change."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from twin.commanding import Draft, command_types, target_of
from twin.commands.params import params_from_args
from twin.commands.preview import Preview
from twin.session import TwinSession
from widgets.parts.command_words import phrase
from widgets.parts.elided_button import ElidedButton
from widgets.parts.labels import say, wrapped
from widgets.parts.permission import offer
from widgets.parts.preview_block import PreviewBlock
from widgets.parts.wording import count_text, duration_text, lower_first, unbroken

_MOST_LISTED = 12


class ReviewPage(QWidget):
    """Names the effect of one command or of many. GUI thread.

    Signals: ``confirmed()``, ``left()`` (back to the form).
    """

    confirmed = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.drill = wrapped("heading")
        self.effect, self.proof = wrapped(""), wrapped("muted")
        self.listed, self.schedule = wrapped(""), wrapped("")
        self.preview, self.permission = PreviewBlock(), wrapped("muted")
        self.confirm = ElidedButton()
        self.confirm.setProperty("role", "primary")
        self.confirm.setAutoDefault(True)
        self.confirm.clicked.connect(lambda _checked=False: self.confirmed.emit())
        self.cancel = QPushButton("Back to the form")
        self.cancel.clicked.connect(lambda _checked=False: self.left.emit())
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.confirm)
        buttons.addWidget(self.cancel)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        for part in (
            self.drill,
            self.effect,
            self.listed,
            self.schedule,
            self.preview,
            self.proof,
            self.permission,
        ):
            layout.addWidget(part)
        layout.addLayout(buttons)

    def show_permission(self, against: str, note: str) -> None:
        """Say why the hub would refuse it, or what it will wait for.

        Parameters
        ----------
        against : "" = nothing is known against it
        note : what is shown in either case
        """
        say(self.permission, note)
        offer(self.confirm, against, tip=self.confirm.full_text)

    def show_drafts(
        self,
        session: TwinSession,
        drafts: Sequence[Draft],
        *,
        title: str,
        schedule: str,
        preview: Preview | None,
    ) -> None:
        """Tell what one or several commands would do; they are known to be valid."""
        say(self.drill, "Drill: nothing real is commanded" if session.hub.is_drill else "")
        say(self.schedule, schedule)
        self.preview.show_preview(preview)
        if len(drafts) == 1:
            self._show_one(session, drafts[0])
            return
        one_type = command_types()[drafts[0].type_id]
        same = all(draft.type_id == drafts[0].type_id for draft in drafts)
        n = count_text(len(drafts), "command")
        say(self.effect, f"{n} as one batch: none leaves unless all may leave.")
        say(self.listed, "\n".join(_lines(session, drafts)))
        say(self.proof, f"{one_type.title}, the same values for each." if same else "")
        self.confirm.say(title)

    def _show_one(self, session: TwinSession, draft: Draft) -> None:
        command_type = command_types()[draft.type_id]
        target = target_of(session, draft.target_id)
        name = target.name if target is not None else draft.target_id
        params = params_from_args(command_type.params, draft.args)
        effect = command_type.effect(draft.target_id, params)
        say(self.effect, f"{command_type.describe(name, params)}.")
        say(self.listed, "")
        say(
            self.proof,
            f"It counts as done when {unbroken(lower_first(effect.text))}, "
            f"within {duration_text(effect.deadline_s)} of being accepted.",
        )
        self.confirm.say(phrase(command_type, name))


def _lines(session: TwinSession, drafts: Sequence[Draft]) -> list[str]:
    lines = []
    for number, draft in enumerate(drafts[:_MOST_LISTED], 1):
        command_type = command_types()[draft.type_id]
        target = target_of(session, draft.target_id)
        name = target.name if target is not None else draft.target_id
        params = params_from_args(command_type.params, draft.args)
        lines.append(f"{number}. {command_type.describe(name, params).partition(':')[0]}")
    n_more = len(drafts) - _MOST_LISTED
    return [*lines, f"… and {n_more:,} more"] if n_more > 0 else lines
