"""The recorder's ear at a hub: every fact in sequence, and everything else that is published.

Hard-won rules (tests/twin/test_recorder.py):

1. Events are passed on in sequence without a hole, or with a whole room first: what was missed is
   fetched from the journal, also after the hub was killed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

from twin.clock import Clock
from twin.link.catching_up import CatchingUp
from twin.link.connection import Connection
from twin.link.control import (
    EventMessage,
    Events,
    Everybody,
    FromHub,
    GetSnapshot,
    Heartbeat,
    Hello,
    HubInfo,
    PresenceMessage,
    Published,
    Snapshot,
)
from twin.link.mailbox import Mailbox
from twin.room.model import Event
from twin.security.client_security import ClientSecurity
from twin.security.sealed import Signer

Heard: TypeAlias = HubInfo | Snapshot | EventMessage | Heartbeat | PresenceMessage
_WAIT_MS = 100


class FactListener:
    """A connection to one hub with a thread of its own; reconnects for ever.

    Parameters
    ----------
    heard : called on the thread: welcomes, whole rooms, events in sequence, heartbeats, presence
    """

    def __init__(
        self,
        *,
        endpoint: str,
        name: str,
        department: str,
        console_id: str,
        clock: Clock,
        heard: Callable[[Heard], None],
        security: ClientSecurity | None = None,
        signer: Signer | None = None,
    ) -> None:
        self._heard = heard
        self._mail: Mailbox[bool] = Mailbox(100)
        self._catching_up = CatchingUp(clock)
        self._thread: threading.Thread | None = None
        hello = Hello(role="console", name=name, department=department, console_id=console_id)
        if security is not None and signer is None:  # a hub with keys knows recorders by theirs
            hello = Hello(role="recorder", name=security.name)
        self.connection = Connection(
            endpoint=endpoint,
            hello=hello,
            clock=clock, wake=self._mail, on_message=self._handle, with_events=True,
            with_presence=True, security=security, signer=signer,
        )  # fmt: skip

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="fact-listener", daemon=True)
        self._thread.start()

    def ask_room(self) -> None:
        """Fetch the whole room anew (it was found not to agree). Any thread."""
        self._mail.put(True)

    def close(self) -> None:
        """Stop the thread and close the sockets. Twice is fine."""
        if self._thread is not None:
            self._mail.put(False)
            self._thread.join()
            self._thread = None
            self._mail.close()

    def _run(self) -> None:
        self.connection.open()
        while True:
            self.connection.wait(_WAIT_MS)
            mail = self._mail.drain()
            if False in mail:
                break
            if mail:
                self._catching_up.start_over()
                self.connection.send(GetSnapshot())
        self.connection.close()

    def _handle(self, message: FromHub | Published) -> None:
        match message:
            case HubInfo(epoch=epoch, seq=seq):
                self._heard(message)
                self._catch_up(epoch, seq)
            case Snapshot(epoch=epoch, seq=seq):
                self._catching_up.start_at(epoch, seq)
                self._heard(message)
            case Events(epoch=epoch, events=events, last_seq=last_seq):
                for event in events:
                    self._take(epoch, event)
                self._catching_up.note_answer()
                self._catch_up(epoch, last_seq)
            case EventMessage(epoch=epoch, event=event):
                self._take(epoch, event)
            case Heartbeat(epoch=epoch, seq=seq):
                self._catch_up(epoch, seq)
                if self._catching_up.is_at(epoch, seq):
                    self._heard(message)
            case PresenceMessage():
                self._heard(message)
            case Everybody(present=present):
                self._heard(PresenceMessage(changed=present))

    def _take(self, epoch: str, event: Event) -> None:
        if self._catching_up.take(epoch, event.seq):
            self._heard(EventMessage(epoch=epoch, event=event))
        else:
            self._catch_up(epoch, event.seq)

    def _catch_up(self, epoch: str, last_seq: int) -> None:
        request = self._catching_up.request(epoch, last_seq)
        if request is not None:
            self.connection.send(request)
