"""What all desks of the hub share: the room, who is there, the rules, and the way to make events.

No sockets, clock, disk or chance. `Hall.emit` is the only way to an event; what it makes has moved
the room already.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from twin.clock import NS_PER_S
from twin.commands.base import CommandType
from twin.hub.options import HubTimes
from twin.hub.requests import Observation, Outgoing, Send, Target
from twin.hub.sessions import Sessions
from twin.hub.who import Who
from twin.interlocks.model import Interlocks, NoInterlocks
from twin.link.control import Act, Deliver, HubInfo, Revoke
from twin.registry import Registry
from twin.room.fold import Room
from twin.room.model import Command, CommandState, Event, Operator
from twin.security.canonical import SUBMIT, is_signed_by, signed_bytes
from twin.security.policy import Decision, Policy
from twin.security.rules import Question

HUB = "hub"
_RECENT = 20_000
_AUDIT_BURST = 5
_AUDIT_PAUSE_NS = NS_PER_S


@dataclass(slots=True)
class Memory:
    """What only the running hub knows of a command under way; it comes back by itself.

    Attributes
    ----------
    lost_ns : since when nobody can say how it goes, None = somebody can
    lost_text : why its actuator cannot say it, in its own words
    ready_ns : since when it could have been released, None = not ready, or nobody looked yet
    has_waited : something kept it waiting before
    is_last_offer_made : it was offered once more after its time in the queue was over
    heard_ns : newest word of the actuator
    last_seen : newest sample of its effect since it was accepted
    first_seen : the first one, where there was none before it was sent
    """

    lost_ns: int | None = None
    has_forgotten: bool = False
    lost_text: str = ""
    ready_ns: int | None = None
    has_waited: bool = False
    is_last_offer_made: bool = False
    heard_ns: int = 0
    last_seen: Observation | None = None
    first_seen: Observation | None = None


@dataclass(slots=True)
class _Audited:
    """How often somebody was refused lately."""

    since_ns: int
    n: int = 0
    n_left_out: int = 0


def nothing_stored(_: str) -> Event | None:
    """Look up in a journal that holds nothing older."""
    return None


@dataclass(slots=True, kw_only=True)
class Hall:
    """Shared state of the desks. One thread.

    Attributes
    ----------
    lookup : first event of the journal with a key; asked when `known` does not remember it
    now_ns : hub time of this step
    started_ns : hub time at which this hub began to serve
    events, outgoing : what this step made so far
    act : the act being handled, kept in the first event that it causes
    """

    info: HubInfo
    types: Registry[CommandType]
    times: HubTimes
    policy: Policy
    interlocks: Interlocks = field(default_factory=NoInterlocks)
    lookup: Callable[[str], Event | None] = nothing_stored
    room: Room = field(default_factory=Room)
    sessions: Sessions = field(default_factory=Sessions)
    targets: dict[str, Target] = field(default_factory=dict)
    memories: dict[str, Memory] = field(default_factory=dict)
    now_ns: int = 0
    started_ns: int = 0
    events: list[Event] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    act: Act | None = None
    _recent: OrderedDict[str, Event] = field(default_factory=OrderedDict)
    _audited: dict[str, _Audited] = field(default_factory=dict)

    # --- events ---------------------------------------------------------------------------------

    def emit(self, kind: str, actor: str, /, *, key: str = "", **body: Any) -> Event:
        """Make an event; the room has moved on by it when this returns."""
        if self.act is not None:
            act, self.act = self.act, None
            key = act.id
            asked = {"kind": act.kind, "body": act.body, "signature": act.signature}
            body["act"] = {name: value for name, value in asked.items() if value}
        event = Event(
            seq=self.room.seq + 1, t_ns=self.now_ns, kind=kind, actor=actor,
            body=msgspec.to_builtins(body), key=key,
        )  # fmt: skip
        self.fold(event)
        self.events.append(event)
        return event

    def fold(self, event: Event) -> None:
        """Move on by an event of this step or of the journal."""
        self.room.apply(event)
        self.now_ns = max(self.now_ns, event.t_ns)
        if event.key:
            self._recent.setdefault(event.key, event)
            if len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
        if event.kind == "command.state" and event.body["id"] in self.memories:
            command = self.room.commands.get(event.body["id"])
            if command is None or command.is_terminal:
                del self.memories[event.body["id"]]

    def restart(self, room: Room) -> None:
        """Begin from another room; connections stay."""
        self.room = room
        newest_ns = room.activity[-1].t_ns if room.activity else 0
        self.now_ns = max(self.now_ns, newest_ns)
        self.memories.clear()
        self._recent.clear()

    def known(self, key: str) -> Event | None:
        """The first event that a request of this id caused, None if it is new."""
        return self._recent.get(key) or self.lookup(key)

    def is_recent(self, key: str) -> bool:
        """Whether a request of this id caused an event not long ago, by memory alone."""
        return key in self._recent

    def move(
        self, command_id: str, state: CommandState, text: str, actor: str = HUB, **more: Any
    ) -> None:
        """Move a command on; entries of `more` that are None are left out."""
        body = {name: value for name, value in more.items() if value is not None}
        self.emit("command.state", actor, id=command_id, state=state.value, text=text, **body)

    def send(self, session: str, message: Deliver | Revoke) -> None:
        """Hand a message to a connection once the events are stored."""
        self.outgoing.append(Send(session, message))

    # --- commands -------------------------------------------------------------------------------

    def command(self, command_id: str) -> Command | None:
        """A command that the room still holds."""
        return self.room.commands.get(command_id)

    def memory(self, command_id: str) -> Memory:
        """What the running hub knows of a command under way."""
        return self.memories.setdefault(command_id, Memory())

    def type_of(self, command: Command) -> CommandType | None:
        """The type of a command, None if this hub does not know it."""
        return self.types.get(command.request.type_id)

    def title(self, type_id: str) -> str:
        """How a command type is called for people."""
        found = self.types.get(type_id)
        return found.title if found else type_id

    # --- rules ----------------------------------------------------------------------------------

    def question(
        self, who: Who, action: str, target_id: str = "", level: int = 0, kind: str = ""
    ) -> Question:
        """Ask the policy about somebody and an asset."""
        target = self.targets.get(target_id)
        lon_lat, xy = _places(target)
        return Question(
            action=action, person_id=who.operator.person, roles=who.roles,
            department=who.operator.department, rank=who.operator.rank,
            on_shift=who.is_on_shift, target_id=target_id,
            kind=target.kind if target else kind, lon_lat=lon_lat, xy_local=xy, level=level,
            drill=self.info.drill,
        )  # fmt: skip

    def decide(self, who: Who, action: str, target_id: str = "", level: int = 0) -> Decision:
        """Whether somebody may do something to an asset; a hub without keys lets everybody act."""
        if self.policy.is_open and self.types.get(action) is None:
            return Decision(allowed=True, text="The hub has no keys and believes everybody")
        return self.policy.decide(self.question(who, action, target_id, level))

    def unsigned(self, who: Who, kind: str, body: Any, signature: str) -> str:
        """Why a request does not count as the person's own, "" if it does."""
        if not who.verify_key:
            return ""
        message = signed_bytes(kind=kind, body=body, epoch=self.info.epoch, drill=self.info.drill)
        if is_signed_by(who.verify_key, message, signature):
            return ""
        return f"The request is not signed by {person(who.operator)} for this hub; log in again"

    def unsigned_submit(self, who: Who, request: Any, signature: str) -> str:
        """The same for a command."""
        return self.unsigned(who, SUBMIT, msgspec.to_builtins(request), signature)

    def audit(self, who: str, what: str, why: str) -> None:
        """Keep in the journal that somebody was refused; many at once are counted, not kept.

        A hub without keys believes everybody and has nobody to suspect: it keeps nothing.
        """
        if self.policy.is_open:
            return
        seen = self._audited.setdefault(who, _Audited(self.now_ns))
        if self.now_ns - seen.since_ns > _AUDIT_PAUSE_NS:
            n_left_out = seen.n_left_out
            self._audited[who] = seen = _Audited(self.now_ns, n_left_out=n_left_out)
        if len(self._audited) > _RECENT:
            self._audited.pop(next(iter(self._audited)))
        if seen.n >= _AUDIT_BURST:
            seen.n_left_out += 1
            return
        seen.n += 1
        act, self.act = self.act, None  # a refused act has not happened: its id stays free
        n_left_out, seen.n_left_out = seen.n_left_out, 0
        self.emit("audit.refused", who, what=what, why=why, n_left_out=n_left_out)
        self.act = act


def person(operator: Operator) -> str:
    """How an operator is named: "Ada (control room)"."""
    department = words(operator.department)
    return f"{operator.name} ({department})" if department else operator.name


def words(department: str) -> str:
    """A department for people."""
    return department.replace("_", " ")


def _places(
    target: Target | None,
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    if target is None or target.xyz is None:
        return None, None
    flat = (target.xyz[0], target.xyz[1])
    return (flat, None) if target.frame == "geographic" else (None, flat)
