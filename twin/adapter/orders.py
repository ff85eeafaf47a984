"""What an adapter does with an order: carry it out, answer it, or be silent.

Hard-won rules (each guarded in tests/twin/adapter/test_orders.py and test_kill_adapter.py):

1. Intent before act: an order is in the memory before anybody hears of it. One that is there and
   has no end after a restart is answered "unknown"; it is never carried out again unasked.
2. Each attempt is begun once. Delivered again, it gets its last answer again.
3. The last word stands: what is said of an attempt after it is dropped.
4. An order under a lower lease than one that was obeyed is refused, also after a restart.
5. An order that cannot be remembered is refused.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from twin.adapter.memory import AdapterMemory, Attempt, MemoryLostError
from twin.clock import NS_PER_S, Clock
from twin.interlocks.guarding import Values, refusal_of
from twin.interlocks.model import Reading
from twin.link.control import ActuatorReply, Deliver, ReplyStatus

#: Replies after which nothing more is said of an attempt.
LAST_WORDS = frozenset({"rejected", "done", "failed", "unknown", "forgotten"})
_REVOKED_KEPT = 10_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CarryOut:
    """Do it now; it is in the memory."""

    order: Deliver


def _nothing_known(_: str) -> Reading | None:
    return None


@dataclass(slots=True, kw_only=True)
class Orders:
    """Orders of one adapter. One thread.

    Parameters
    ----------
    name : of the adapter, for sentences
    values : last sample of one of its own datastreams; None = it has none to look at, and guards
        that need some are left to the hub
    """

    name: str
    asset_ids: Sequence[str]
    memory: AdapterMemory
    clock: Clock
    values: Values | None = None
    _assets: frozenset[str] = field(init=False)
    _running: dict[tuple[str, int], ActuatorReply | None] = field(default_factory=dict)
    _revoked: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self._assets = frozenset(self.asset_ids)

    def take(self, order: Deliver) -> CarryOut | ActuatorReply | None:
        """Look at an order; None = it is under way and there is no news of it."""
        try:
            known = self.memory.newest(order.request.id)
            if known is not None and order.attempt <= known.attempt:
                return self._again(known)
            if known is not None and (known.command_id, known.attempt) in self._running:
                return self._running[known.command_id, known.attempt]
            if order.was_accepted:
                return self._reply(order, "forgotten")
            why_not = self._why_not(order)
            if why_not:
                return self._refuse(order, why_not)
            self.memory.begin(order, self.clock.now_ns())
        except MemoryLostError as error:
            _log.error("%s", error)
            return self._reply(order, "rejected", f"{self.name} did nothing: {error}")
        self._running[order.request.id, order.attempt] = None
        return CarryOut(order)

    def note(self, reply: ActuatorReply) -> bool:
        """Keep what is said of an attempt; False = it had its last word already: do not send it."""
        key = (reply.command_id, reply.attempt)
        if key not in self._running:
            _log.warning("%s said “%s” of %s too late", self.name, reply.status, reply.command_id)
            return False
        if reply.status not in LAST_WORDS:
            self._running[key] = reply
            return True
        del self._running[key]
        try:
            self.memory.end(reply.attempt, reply, self.clock.now_ns())
        except MemoryLostError as error:  # it was done: say so; after a restart it is "unknown"
            _log.error("%s", error)
        return True

    def revoke(self, command_id: str) -> None:
        """A command was cancelled; if it has not come yet, it comes too late."""
        self._revoked[command_id] = None
        if len(self._revoked) > _REVOKED_KEPT:
            self._revoked.popitem(last=False)

    def _again(self, known: Attempt) -> ActuatorReply | None:
        key = (known.command_id, known.attempt)
        if key in self._running:
            return self._running[key]
        if known.reply is not None:
            return known.reply
        reply = ActuatorReply(
            command_id=known.command_id, status="unknown", attempt=known.attempt,
            text=f"{self.name} was restarted after it had begun; nobody knows what it did",
        )  # fmt: skip
        self.memory.end(known.attempt, reply, self.clock.now_ns())
        return reply

    def _refuse(self, order: Deliver, text: str) -> ActuatorReply:
        reply = self._reply(order, "rejected", text)
        self.memory.refuse(order, reply, self.clock.now_ns())
        return reply

    def _why_not(self, order: Deliver) -> str:
        request = order.request
        if request.target_id not in self._assets:
            return f"{self.name} does not serve {request.target_name}"
        if request.id in self._revoked:
            return "It was cancelled before it arrived"
        fence = self.memory.fence(request.target_id)
        if order.lease_token < fence:
            return (
                f"{request.target_name} has been taken over since: this order came under lease"
                f" {order.lease_token}, lease {fence} has been obeyed"
            )
        late_ns = self.clock.now_ns() - request.deadline_ns
        if request.deadline_ns and late_ns > 0:
            return f"Its deadline passed {late_ns / NS_PER_S:.0f} s before it arrived"
        return refusal_of(order.guards, request, self._own, self.values or _nothing_known)

    def _own(self, datastream_id: str) -> bool:
        return self.values is not None and datastream_id.rpartition("/")[0] in self._assets

    @staticmethod
    def _reply(order: Deliver, status: ReplyStatus, text: str = "") -> ActuatorReply:
        return ActuatorReply(
            command_id=order.request.id, status=status, text=text, attempt=order.attempt
        )
