"""Held queues: commands that wait there are not released until somebody lets them go."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.room.model import Command, Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body

ALL = "all"
#: What may stand before the colon of a queue's name.
QUEUE_KINDS = ("department", "type", "target", "batch")


class Hold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One held queue: "all", "department:water", "type:gate.set", "target:gate-1", "batch:…"."""

    queue: str
    by: Operator
    t_ns: int
    reason: str = ""


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "queue.held"."""

    queue: str
    by: Operator
    reason: str = ""


class _Released(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "queue.released"."""

    queue: str


class Holds(Part):
    """Held queues by name."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_queue = self.table("hold", Hold, lambda entry: entry.queue)

    def on(self, command: Command) -> Hold | None:
        """What holds a command back, None if nothing does."""
        found = (self.by_queue.get(queue) for queue in queues_of(command))
        return next((hold for hold in found if hold is not None), None)

    def handlers(self) -> Mapping[str, Handler]:
        """Holding and letting go."""
        return {"queue.held": self._held, "queue.released": self._released}

    def _held(self, event: Event) -> None:
        body = read_body(event, _Held)
        self.by_queue.put(Hold(queue=body.queue, by=body.by, t_ns=event.t_ns, reason=body.reason))

    def _released(self, event: Event) -> None:
        self.by_queue.drop(read_body(event, _Released).queue)


def queues_of(command: Command) -> tuple[str, ...]:
    """Names of all queues that a command waits in."""
    request = command.request
    queues = (
        ALL,
        f"department:{command.issued_by.department}",
        f"type:{request.type_id}",
        f"target:{request.target_id}",
    )
    return (*queues, f"batch:{request.batch}") if request.batch else queues


PART = PartType(id="holds", make=Holds)
