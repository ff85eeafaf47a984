"""What was asked at a console and is not settled yet, for those who show it."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Sequence

from twin.link.control import Acknowledged, Act, Refused, Submit
from twin.link.outbox import Kept
from twin.room.model import CommandRequest

_REFUSALS = 100


class Unanswered:
    """Commands wait until they are in the room, acts until the hub answers.

    The caller's thread, but for `hear`.

    Parameters
    ----------
    kept : what a former run of this console left in its outbox
    """

    def __init__(self, kept: Iterable[Kept]) -> None:
        self._commands: dict[str, CommandRequest] = {}
        self._acts: dict[str, Act] = {}
        self._refusals: deque[Refused] = deque(maxlen=_REFUSALS)
        self._answers: deque[Acknowledged | Refused] = deque()
        for message in kept:
            self.add(message)

    @property
    def commands(self) -> Sequence[CommandRequest]:
        """Commands that are not yet in the room, oldest first."""
        return tuple(self._commands.values())

    @property
    def acts(self) -> Sequence[Act]:
        """Acts that the hub has not yet answered, oldest first."""
        return tuple(self._acts.values())

    @property
    def refusals(self) -> Sequence[Refused]:
        """The last requests that were refused without a trace, newest last."""
        return tuple(self._refusals)

    def add(self, message: Kept) -> None:
        """Something was asked; nobody waits for the answer to a cancellation or a note."""
        match message:
            case Submit(request=request):
                self._commands[request.id] = request
            case Act():
                self._acts[message.id] = message

    def hear(self, answer: Acknowledged | Refused) -> None:
        """The hub answered for good. Any thread."""
        self._answers.append(answer)

    def settle(self, in_room: Container[str]) -> frozenset[str]:
        """Take in the answers, and which commands are in the room by now.

        Returns
        -------
        frozenset of str
            What moved: "pending", "refusals".
        """
        changed: set[str] = set()
        while self._answers:
            changed |= self._take(self._answers.popleft())
        for key in [key for key in self._commands if key in in_room]:
            del self._commands[key]
            changed.add("pending")
        return frozenset(changed)

    def _take(self, answer: Acknowledged | Refused) -> set[str]:
        if isinstance(answer, Acknowledged):
            return {"pending"} if self._acts.pop(answer.id, None) else set()
        self._refusals.append(answer)
        had = self._commands.pop(answer.id, None) or self._acts.pop(answer.id, None)
        return {"refusals", "pending"} if had else {"refusals"}
