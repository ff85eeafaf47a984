"""A console's link to the hub: commands out, the room in, recovery from everything by itself.

Hard-won rules (each guarded in tests/twin/test_link_client.py and test_hub_kill.py):

1. A command is on disk in the outbox before it is sent, and leaves it only when the hub has it in
   the journal or refuses it for good.
2. The thread never touches the room; `HubClient.poll` never touches a socket.
3. Events are applied in sequence or not at all: a gap is asked for, a wrong state hash or another
   epoch means a new snapshot.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from twin.clock import NS_PER_S, Clock
from twin.errors import TwinError
from twin.ids import uuid7
from twin.link.connection import Connection
from twin.link.control import (
    Acknowledged,
    Act,
    Cancel,
    EventMessage,
    Events,
    Everybody,
    FromHub,
    GetEvents,
    GetPresence,
    GetSnapshot,
    Heartbeat,
    Hello,
    HubInfo,
    Note,
    PresenceMessage,
    Published,
    Refused,
    Snapshot,
    Submit,
    Tell,
)
from twin.link.hub_link import Given
from twin.link.mailbox import Mailbox
from twin.link.outbox import Kept, Outbox, key_of
from twin.link.presence import PresenceState
from twin.link.presences import OwnPresence, Presences
from twin.link.signing import Signing
from twin.link.status import LinkState, LinkStatus, state_of
from twin.room.fold import Room
from twin.room.model import CommandRequest, Event, Operator
from twin.security.client_security import ClientSecurity
from twin.security.sealed import Signer

_WAIT_MS = 100
_RESEND_S = 2.0
_ASK_AGAIN_S = 0.3
_MAX_SENT_AT_ONCE = 200
_INBOX = 50_000
_REFUSALS = 100
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Resync:
    """The caller's room does not agree with the hub's: fetch a new one."""


Tapped: TypeAlias = HubInfo | Snapshot | EventMessage | Heartbeat | PresenceMessage
_FromThread: TypeAlias = Snapshot | Event | Heartbeat | Refused | Acknowledged


class HubClient:
    """Client of one hub with a thread of its own; reconnects for ever.

    Parameters
    ----------
    with_presence : hear what the other operators show of themselves
    security, signer : keys of this workstation and opened key of the person: the link is encrypted,
        the person logged in, what they ask for signed. The operator's console_id then is one of
        `twin.link.signing.console_id_at`
    tap : called on the client's thread with what is heard: welcomes, whole rooms, events in
        sequence, heartbeats, presence; None = nobody
    on_given : called on the caller's thread with what this console asks or shows; None = nobody

    Attributes
    ----------
    room : Room
        Touched only by `poll`, on the caller's thread.
    operator : who sits here; with keys it is what the hub knows of the person
    joined_seq : event after which this console came in, 0 before the first picture of the room
    presences : what the other operators show; any thread

    Raises
    ------
    TwinError
        From the constructor: the outbox cannot be opened.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        operator: Operator,
        outbox_path: Path,
        clock: Clock,
        with_presence: bool = True,
        security: ClientSecurity | None = None,
        signer: Signer | None = None,
        tap: Callable[[Tapped], None] | None = None,
        on_given: Callable[[Given], object] | None = None,
    ) -> None:
        self._tap = tap
        self._on_given = on_given
        self.room = Room()
        self.operator = operator
        self._signing = Signing(signer, security)
        self._security = security
        self.joined_seq = 0
        self.presences = Presences(operator.console_id)
        self._own_presence = OwnPresence()
        self._clock = clock
        self._outbox = Outbox(outbox_path)
        self._pending = {
            m.request.id: m.request for m in self._outbox.messages() if isinstance(m, Submit)
        }
        self._pending_acts = {m.id: m for m in self._outbox.messages() if isinstance(m, Act)}
        self._refusals: deque[Refused] = deque(maxlen=_REFUSALS)
        self._mail: Mailbox[Kept | _Resync | None] = Mailbox(100_000)
        self._inbox: deque[_FromThread] = deque()
        self._answers: deque[Acknowledged | Refused] = deque()
        self._has_overflowed = False
        self._needs_snapshot = False
        self._has_joined = False
        self._status_seen: LinkState | None = None
        self._trouble = ""
        self._outbox_trouble = ""
        self._thread: threading.Thread | None = None
        self._connection = Connection(
            endpoint=endpoint,
            hello=Hello(
                role="console",
                name=operator.name,
                department=operator.department,
                console_id=operator.console_id,
            ),
            clock=clock,
            wake=self._mail,
            on_message=self._handle,
            with_events=True,
            with_presence=with_presence,
            security=security,
            signer=signer,
        )
        self._epoch = ""
        self._next_seq: int | None = None
        self._asked_ns = 0
        self._sent_ns: dict[str, int] = {}

    # --- the caller's thread ------------------------------------------------------------------

    @property
    def pending(self) -> Sequence[CommandRequest]:
        """Commands given but not yet in the room ("waiting for the hub"), oldest first."""
        return tuple(self._pending.values())

    @property
    def pending_acts(self) -> Sequence[Act]:
        """Acts given but not yet answered by the hub, oldest first."""
        return tuple(self._pending_acts.values())

    @property
    def refusals(self) -> Sequence[Refused]:
        """The last requests that the hub refused without a trace, newest last."""
        return tuple(self._refusals)

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="hub-client", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread and close sockets and outbox; what is unsent stays in the outbox."""
        if self._thread is not None:
            self._mail.put(None)
            self._thread.join()
            self._thread = None
        self._outbox.close()
        self._mail.close()

    def poll(self) -> frozenset[str]:
        """Apply what came since the last call.

        Returns
        -------
        frozenset of str
            What moved: "commands", "activity", "operators", "pending", "refusals", "link".
        """
        changed: set[str] = set()
        if self._has_overflowed:
            self._has_overflowed = False
            self._ask_for_snapshot()
        while self._inbox:
            changed |= self._apply(self._inbox.popleft())
        self.operator = self._signing.operator(self.room, self.operator)
        while self._answers:
            changed |= self._apply(self._answers.popleft())
        arrived = [key for key in self._pending if key in self.room.commands]
        for key in arrived:
            del self._pending[key]
            changed.add("pending")
        state = self.status().state
        if state is not self._status_seen:
            self._status_seen = state
            changed.add("link")
        return frozenset(changed)

    def submit(self, request: CommandRequest) -> None:
        """Keep a command in the outbox and send it until the hub has it."""
        self._pending[request.id] = request
        self._mail.put(Submit(request=request))
        self._tell(request)

    def cancel(self, command_id: str) -> None:
        """Ask to cancel a command."""
        cancel = Cancel(id=uuid7(self._clock), command_id=command_id)
        self._mail.put(cancel)
        self._tell(cancel)

    def act(self, kind: str, body: dict[str, Any]) -> str:
        """Ask for anything else that becomes a fact (an approval, a lease, a mark, a message …).

        Returns
        -------
        str
            Id of the request: under it the hub refuses, if it does (`refusals`).
        """
        act = Act(id=uuid7(self._clock), kind=kind, body=body)
        self._pending_acts[act.id] = act
        self._mail.put(act)
        self._tell(act)
        return act.id

    def show(self, state: PresenceState) -> None:
        """Show this of the operator to the others from now on; it may be lost and is not kept."""
        self._own_presence.set(state)
        self._tell(state)

    def add_note(self, text: str) -> None:
        """Add a line to everybody's activity list."""
        note = Note(id=uuid7(self._clock), text=text)
        self._mail.put(note)
        self._tell(note)

    def _tell(self, given: Given) -> None:
        if self._on_given is not None:
            self._on_given(given)

    def _apply(self, item: _FromThread) -> frozenset[str]:
        if self._needs_snapshot and isinstance(item, Event | Heartbeat):
            return frozenset()
        try:
            match item:
                case Snapshot(room=picture):
                    self.room = Room.from_bytes(picture)
                    self._needs_snapshot = False
                    if not self._has_joined:
                        self._has_joined, self.joined_seq = True, self.room.seq
                    return Room.part_ids()
                case Event():
                    return self.room.apply(item)
                case Heartbeat(seq=seq, state_hash=state_hash):
                    if seq == self.room.seq and state_hash != self.room.state_hash():
                        self._ask_for_snapshot()
                    return frozenset()
                case Acknowledged(id=key):
                    had_act = self._pending_acts.pop(key, None)
                    return frozenset({"pending"} if had_act else ())
                case Refused(id=key):
                    self._refusals.append(item)
                    had = self._pending.pop(key, None) or self._pending_acts.pop(key, None)
                    return frozenset({"refusals", "pending"} if had else {"refusals"})
        except TwinError as error:
            _log.warning("Fetching the room anew: %s", error)
            self._ask_for_snapshot()
            return frozenset()

    def _ask_for_snapshot(self) -> None:
        self._needs_snapshot = True
        self._mail.put(_Resync())

    # --- any thread -----------------------------------------------------------------------------

    def status(self) -> LinkStatus:
        """How the link is."""
        connection = self._connection
        heard_ns = connection.heard_ns
        age_s = None if heard_ns is None else (self._clock.monotonic_ns() - heard_ns) / NS_PER_S
        state = state_of(age_s)
        return LinkStatus(
            state=state,
            text=self._text(state, age_s),
            rtt_ms=connection.rtt_ms if state is LinkState.LIVE else None,
            last_seq=self.room.seq,
            n_in_outbox=len(self._outbox),
            endpoint=connection.endpoint,
        )

    def hub_info(self) -> HubInfo | None:
        """What the hub said of itself, None before the first welcome."""
        return self._connection.info

    @property
    def is_drill(self) -> bool:
        """Whether nothing of the room is real: as our own keys say, without keys the hub."""
        if self._security is not None:
            return self._security.is_drill
        info = self.hub_info()
        return info is not None and info.drill

    def _text(self, state: LinkState, age_s: float | None) -> str:
        where = self._connection.endpoint.removeprefix("tcp://")
        if self._connection.handshake.text:
            return self._connection.handshake.text
        if self._connection.is_answering and state is not LinkState.LIVE:
            return self._refused or (
                f"The hub at {where} answers, but its facts do not arrive; trying again"
            )
        if age_s is None:
            return f"No hub answers at {where}, trying again"
        if state is not LinkState.LIVE:
            return f"Hub not heard for {age_s:.0f} s, trying again"
        trouble = self._refused or self._outbox_trouble or self._trouble
        return trouble or f"Connected to the hub at {where}"

    @property
    def _refused(self) -> str:
        refusal = self._connection.refusal
        return f"The hub refuses this console: {refusal}" if refusal else ""

    # --- the client's thread --------------------------------------------------------------------

    def _run(self) -> None:
        connection = self._connection
        connection.open()
        is_running = True
        while is_running:
            connection.wait(_WAIT_MS)
            is_running = self._take_mail()
            self._send_outbox()
            self._tell_presence()
        connection.close()

    def _take_mail(self) -> bool:
        is_running = True
        for item in self._mail.drain():
            if item is None:
                is_running = False
            elif isinstance(item, _Resync):
                self._next_seq = None
                self._connection.send(GetSnapshot())
            else:
                self._keep(item)
        return is_running

    def _keep(self, message: Kept) -> None:
        try:
            self._outbox.add(self._signing.given(message, self._connection.info))
        except TwinError as error:
            self._outbox_trouble = str(error)

    def _send_outbox(self) -> None:
        if self._connection.info is None:
            return
        now_ns = self._clock.monotonic_ns()
        for message in self._outbox.messages()[:_MAX_SENT_AT_ONCE]:
            key = key_of(message)
            if now_ns - self._sent_ns.get(key, 0) > _RESEND_S * NS_PER_S:
                self._sent_ns[key] = now_ns
                self._connection.send(self._signing.sent(message, self._connection.info))

    def _tell_presence(self) -> None:
        if self._connection.info is None:
            return
        state = self._own_presence.due(self._clock.monotonic_ns())
        if state is not None:
            self._connection.send(Tell(state=state))

    def _handle(self, message: FromHub | Published) -> None:
        if self._tap is not None and isinstance(message, HubInfo | PresenceMessage):
            self._tap(message)
        match message:
            case HubInfo(epoch=epoch, seq=seq):
                self._sent_ns.clear()
                self._own_presence.tell_again()
                self._catch_up(epoch, seq)
            case Acknowledged(id=key):
                self._answered(key)
                self._answers.append(message)
            case Refused(id=key, is_final=True):
                self._answered(key)
                self._answers.append(message)
            case Snapshot(epoch=epoch, seq=seq):
                self._epoch, self._next_seq = epoch, seq + 1
                self._put(message)
            case Events(epoch=epoch, events=events, last_seq=last_seq):
                for event in events:
                    self._take_event(epoch, event)
                self._asked_ns = 0
                self._catch_up(epoch, last_seq)
            case EventMessage(epoch=epoch, event=event):
                self._take_event(epoch, event)
            case PresenceMessage() | Everybody():
                if self.presences.take(message, self._clock.monotonic_ns()):
                    self._connection.send(GetPresence())
            case Heartbeat():
                self._trouble = message.trouble
                self._catch_up(message.epoch, message.seq)
                self._put(message)

    def _answered(self, key: str) -> None:
        self._outbox.remove(key)
        self._sent_ns.pop(key, None)

    def _take_event(self, epoch: str, event: Event) -> None:
        if epoch == self._epoch and event.seq == self._next_seq:
            self._next_seq += 1
            self._put(event)
        else:
            self._catch_up(epoch, event.seq)

    def _catch_up(self, epoch: str, last_seq: int) -> None:
        """Ask for what is missing, knowing that the hub's journal reaches to `last_seq`."""
        next_seq = self._next_seq
        is_other = epoch != self._epoch or next_seq is None or last_seq + 1 < next_seq
        if not is_other and next_seq is not None and last_seq < next_seq:
            return
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._asked_ns < _ASK_AGAIN_S * NS_PER_S:
            return
        self._asked_ns = now_ns
        if is_other or next_seq is None:
            self._connection.send(GetSnapshot())
        else:
            self._connection.send(GetEvents(from_seq=next_seq))

    def _put(self, item: _FromThread) -> None:
        if self._tap is not None:
            if isinstance(item, Event):
                self._tap(EventMessage(epoch=self._epoch, event=item))
            elif isinstance(item, Snapshot | Heartbeat):
                self._tap(item)
        if len(self._inbox) >= _INBOX:
            self._inbox.clear()
            self._has_overflowed = True
            self._next_seq = None
        self._inbox.append(item)
