"""Holding queues and letting them go."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.hub.desks.base import Desk, DeskType, Taken
from twin.hub.hall import person
from twin.hub.who import Who
from twin.room.parts.holds import ALL, QUEUE_KINDS, Holds

MAX_TEXT = 500
MAX_HOLDS = 1_000


class Queue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "queue.hold" and "queue.release"."""

    queue: str
    reason: str = ""


class Queues(Desk):
    """Holds the queue of everything, of a department, a command type, a target or a batch."""

    def acts(self) -> Mapping[str, Taken]:
        """Queue acts."""
        return {
            "queue.hold": Taken(Queue, self._hold),
            "queue.release": Taken(Queue, self._release),
        }

    def _hold(self, who: Who, body: Queue) -> str:
        kind, _, name = body.queue.partition(":")
        if body.queue != ALL and (kind not in QUEUE_KINDS or not name or len(name) > MAX_TEXT):
            return f"There is no queue {body.queue[:60]!r}; say “all” or one of " + ", ".join(
                f"{one}:…" for one in QUEUE_KINDS
            )
        holds = self.hall.room[Holds].by_queue
        if body.queue in holds:
            return "This queue is held already"
        if len(body.reason) > MAX_TEXT or len(holds) >= MAX_HOLDS:
            return f"A reason has at most {MAX_TEXT} letters, and {MAX_HOLDS} queues can be held"
        operator = msgspec.to_builtins(who.operator)
        actor = person(who.operator)
        self.hall.emit("queue.held", actor, queue=body.queue, by=operator, reason=body.reason)
        return ""

    def _release(self, who: Who, body: Queue) -> str:
        if body.queue not in self.hall.room[Holds].by_queue:
            return "This queue is not held"
        self.hall.emit("queue.released", person(who.operator), queue=body.queue)
        return ""


DESK = DeskType(id="queues", make=Queues)
