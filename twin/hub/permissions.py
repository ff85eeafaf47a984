"""Answers consoles that ask what the hub would let their person do.

It decides nothing itself: the policy is asked as for a request (`Hall.decide`), then the desk that
would handle it. It reads only: no event, no audit, nothing in the room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twin.hub import rules
from twin.hub.desks.base import Ask, Desk, Taken
from twin.hub.desks.submitting import Submitting
from twin.hub.hall import Hall
from twin.hub.limits import Limits
from twin.hub.who import Who
from twin.link.control import Answers, FromHub, HelloNeeded, MayI, Refused
from twin.link.permission import MAX_LETTERS, MAX_QUESTIONS, Permission, Wish
from twin.room.parts.batches import Batches
from twin.security.actions import CANCEL, NOTE
from twin.security.policy import Decision

#: Of a batch each command is looked at, so a question about one counts like a message.
MAX_BATCHES = 8


class Permissions:
    """What each person may do now. One thread, the core's; asked between two steps.

    Parameters
    ----------
    taken : who handles which kind of act
    """

    def __init__(
        self, hall: Hall, *, desks: Sequence[Desk], taken: Mapping[str, Taken], limits: Limits
    ) -> None:
        self._hall = hall
        self._taken = taken
        self._limits = limits
        self._submitting = next(desk for desk in desks if isinstance(desk, Submitting))
        self._asks: dict[str, Ask] = {}
        for desk in desks:
            self._asks |= desk.permissions()

    def answer(self, session: str, message: MayI) -> FromHub:
        """Answer the console at a connection, about whoever sits there and nobody else."""
        who = self._hall.sessions.who(session)
        if who is None:
            return HelloNeeded()
        message_id = message.id[: rules.MAX_ID]
        unfit = _unfit(message)
        if unfit:
            return Refused(id=message_id, text=unfit)
        batches = self._hall.room[Batches].by_id
        n_batches = sum(one.about in batches for one in message.questions)
        if n_batches > MAX_BATCHES:
            text = f"At most {MAX_BATCHES} questions about batches are answered at once"
            return Refused(id=message_id, text=text)
        soon = self._limits.why_not_ask_yet(who, 1 + n_batches)
        if soon:
            return Refused(id=message_id, text=soon, is_final=False)
        return Answers(id=message_id, answers=tuple(self._one(who, w) for w in message.questions))

    def _one(self, who: Who, wish: Wish) -> Permission:
        decision = self.decide(who, wish.action, wish.about)
        return Permission(
            allowed=decision.allowed, text=decision.text, rule=decision.rule_id,
            waits=self._waits(who, wish) if decision.allowed else "",
        )  # fmt: skip

    def _waits(self, who: Who, wish: Wish) -> str:
        command_type = self._hall.types.get(wish.action)
        if command_type is None:
            return ""
        return self._submitting.waits(who, command_type, wish.about)

    def decide(self, who: Who, action: str, about: str) -> Decision:
        """What would be said to a request, whatever its values are."""
        command_type = self._hall.types.get(action)
        if command_type is not None:
            return self._submitting.permission(who, command_type, about)
        if action == CANCEL:
            return self._asks[CANCEL](who, about)
        if action not in self._taken and action != NOTE:
            return Decision.no(f"The hub knows no request called {action[:60]!r}")
        decision = self._hall.decide(who, action)
        ask = self._asks.get(action)
        return ask(who, about) if decision.allowed and ask is not None else decision


def _unfit(message: MayI) -> str:
    if not 0 < len(message.id) <= rules.MAX_ID:
        return f"A question needs an id of 1 to {rules.MAX_ID} letters"
    if not 0 < len(message.questions) <= MAX_QUESTIONS:
        return f"1 to {MAX_QUESTIONS} questions are answered at once"
    if any(max(len(one.action), len(one.about)) > MAX_LETTERS for one in message.questions):
        return f"What is asked about has at most {MAX_LETTERS} letters"
    return ""
