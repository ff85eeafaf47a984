"""A console's link to the hub: commands out, the room in, recovery from everything by itself.

The thread and who is called on it are here. What is asked leaves by `twin.link.sending`, what is
missing is asked for by `twin.link.catching_up`, the room is moved by `twin.link.room_copy`.

Hard-won rules (each guarded in tests/twin/test_link_client.py and test_hub_kill.py):

1. The thread never touches the room; `HubClient.poll` never touches a socket.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from twin.clock import NS_PER_S, Clock
from twin.ids import uuid7
from twin.link.catching_up import CatchingUp
from twin.link.connection import Connection
from twin.link.control import (
    Acknowledged,
    Act,
    Answers,
    Cancel,
    EventMessage,
    Events,
    Everybody,
    FromHub,
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
from twin.link.outbox import Kept, Outbox
from twin.link.permission import Permission
from twin.link.permissions import Permissions
from twin.link.presence import PresenceState
from twin.link.presences import OwnPresence, Presences
from twin.link.room_copy import Heard, RoomCopy
from twin.link.sending import Sending
from twin.link.signing import Signing
from twin.link.status import LinkState, LinkStatus, sentence_of, state_of
from twin.link.unanswered import Unanswered
from twin.room.fold import Room
from twin.room.model import CommandRequest, Event, Operator
from twin.security.client_security import ClientSecurity
from twin.security.sealed import Signer

_WAIT_MS = 100


@dataclass(frozen=True, slots=True)
class _Resync:
    """The caller's room does not agree with the hub's: fetch a new one."""


Tapped: TypeAlias = HubInfo | Snapshot | EventMessage | Heartbeat | PresenceMessage


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
    operator : who sits here; with keys it is what the hub knows of the person
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
        self.operator = operator
        self.presences = Presences(operator.console_id)
        self._tap = tap
        self._on_given = on_given
        self._clock = clock
        self._security = security
        self._mail: Mailbox[Kept | _Resync | None] = Mailbox(100_000)
        self._signing = Signing(signer, security)
        self._outbox = Outbox(outbox_path)
        self._sending = Sending(self._outbox, self._signing, clock)
        self._unanswered = Unanswered(self._outbox.messages())
        self._own_presence = OwnPresence()
        self._permissions = Permissions(operator.console_id)
        self._catching_up = CatchingUp(clock)
        self._copy = RoomCopy(fetch_anew=lambda: self._mail.put(_Resync()))
        self._status_seen: LinkState | None = None
        self._trouble = ""
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

    # --- the caller's thread ------------------------------------------------------------------

    @property
    def room(self) -> Room:
        """Moved only by `poll`, on the caller's thread."""
        return self._copy.room

    @property
    def joined_seq(self) -> int:
        """Event after which this console came in, 0 before the first picture of the room."""
        return self._copy.joined_seq

    @property
    def pending(self) -> Sequence[CommandRequest]:
        """Commands given but not yet in the room ("waiting for the hub"), oldest first."""
        return self._unanswered.commands

    @property
    def pending_acts(self) -> Sequence[Act]:
        """Acts given but not yet answered by the hub, oldest first."""
        return self._unanswered.acts

    @property
    def refusals(self) -> Sequence[Refused]:
        """The last requests that the hub refused without a trace, newest last."""
        return self._unanswered.refusals

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
            What moved: "commands", "activity", "operators", "pending", "refusals", "permissions",
            "link".
        """
        changed = self._copy.move()
        self.operator = self._signing.operator(self.room, self.operator)
        changed |= self._unanswered.settle(self.room.commands)
        if self._permissions.take_changed():
            changed |= {"permissions"}
        state = self.status().state
        if state is not self._status_seen:
            self._status_seen = state
            changed |= {"link"}
        return changed

    def submit(self, request: CommandRequest) -> None:
        """Keep a command in the outbox and send it until the hub has it."""
        self._give(Submit(request=request))
        self._tell(request)

    def cancel(self, command_id: str) -> None:
        """Ask to cancel a command."""
        cancel = Cancel(id=uuid7(self._clock), command_id=command_id)
        self._give(cancel)
        self._tell(cancel)

    def act(self, kind: str, body: dict[str, Any]) -> str:
        """Ask for anything else that becomes a fact (an approval, a lease, a mark, a message …).

        Returns
        -------
        str
            Id of the request: under it the hub refuses, if it does (`refusals`).
        """
        act = Act(id=uuid7(self._clock), kind=kind, body=body)
        self._give(act)
        self._tell(act)
        return act.id

    def may(self, action: str, about: str = "") -> Permission | None:
        """What the hub would say to this request of the person here, None while nobody knows.

        Never waits: it is asked for in the background, and `poll` says "permissions" when another
        answer has come. Which words: `twin.link.permission.Wish`.
        """
        return self._permissions.may(action, about, self._clock.monotonic_ns())

    def show(self, state: PresenceState) -> None:
        """Show this of the operator to the others from now on; it may be lost and is not kept."""
        self._own_presence.set(state)
        self._tell(state)

    def add_note(self, text: str) -> None:
        """Add a line to everybody's activity list."""
        note = Note(id=uuid7(self._clock), text=text)
        self._give(note)
        self._tell(note)

    def _give(self, message: Kept) -> None:
        self._unanswered.add(message)
        self._mail.put(message)

    def _tell(self, given: Given) -> None:
        if self._on_given is not None:
            self._on_given(given)

    # --- any thread -----------------------------------------------------------------------------

    def status(self) -> LinkStatus:
        """How the link is."""
        connection = self._connection
        heard_ns = connection.heard_ns
        age_s = None if heard_ns is None else (self._clock.monotonic_ns() - heard_ns) / NS_PER_S
        state = state_of(age_s)
        return LinkStatus(
            state=state,
            text=sentence_of(connection, state, age_s, self._sending.trouble or self._trouble),
            rtt_ms=connection.rtt_ms if state is LinkState.LIVE else None,
            last_seq=self.room.seq,
            n_in_outbox=self._sending.n_kept,
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
            self._ask_permissions()
        connection.close()

    def _take_mail(self) -> bool:
        is_running = True
        for item in self._mail.drain():
            if item is None:
                is_running = False
            elif isinstance(item, _Resync):
                self._catching_up.start_over()
                self._connection.send(GetSnapshot())
            else:
                self._sending.keep(item, self._connection.info)
        return is_running

    def _send_outbox(self) -> None:
        info = self._connection.info
        if info is not None:
            for message in self._sending.due(info):
                self._connection.send(message)

    def _tell_presence(self) -> None:
        if self._connection.info is None:
            return
        state = self._own_presence.due(self._clock.monotonic_ns())
        if state is not None:
            self._connection.send(Tell(state=state))

    def _ask_permissions(self) -> None:
        info = self._connection.info
        if info is None or not info.tells_permissions:
            return
        asking = self._permissions.due(self._clock.monotonic_ns())
        if asking is not None:
            self._connection.send(asking)

    def _handle(self, message: FromHub | Published) -> None:
        if self._tap is not None and isinstance(message, HubInfo | PresenceMessage):
            self._tap(message)
        if isinstance(message, Answers | Refused) and self._permissions.take(
            message, self._clock.monotonic_ns()
        ):
            return
        self._take_in(message)

    def _take_in(self, message: FromHub | Published) -> None:
        match message:
            case HubInfo(epoch=epoch, seq=seq):
                self._sending.send_again()
                self._own_presence.tell_again()
                self._permissions.outdate()
                self._catch_up(epoch, seq)
            case Acknowledged(id=key) | Refused(id=key, is_final=True):
                self._sending.note_answer(key)
                self._unanswered.hear(message)
            case Snapshot(epoch=epoch, seq=seq):
                self._catching_up.start_at(epoch, seq)
                self._put(message)
            case Events(epoch=epoch, events=events, last_seq=last_seq):
                for event in events:
                    self._take_event(epoch, event)
                self._catching_up.note_answer()
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

    def _take_event(self, epoch: str, event: Event) -> None:
        if self._catching_up.take(epoch, event.seq):
            self._put(event)
        else:
            self._catch_up(epoch, event.seq)

    def _catch_up(self, epoch: str, last_seq: int) -> None:
        request = self._catching_up.request(epoch, last_seq)
        if request is not None:
            self._connection.send(request)

    def _put(self, item: Heard) -> None:
        self._permissions.follow(item)
        if self._tap is not None:
            epoch = self._catching_up.epoch
            self._tap(EventMessage(epoch=epoch, event=item) if isinstance(item, Event) else item)
        if not self._copy.put(item):
            self._catching_up.start_over()
