"""The other end of a command: a process that makes the city do something.

Hard-won rules (each guarded in tests/twin/test_link_client_actuator.py):

1. A command is handed to ``on_command`` once an attempt, however often the hub delivers it:
   repeated ones are answered with the last reply (`twin.adapter.orders`).
2. What was begun in a former life of this process and has no end is not done again: the answer is
   "unknown", or "forgotten" without a memory, and the hub says UNKNOWN unless the effect is
   observed or the command may be repeated.
3. The last word on an attempt is in the memory before it is sent.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from twin.adapter.memory import AdapterMemory
from twin.adapter.orders import CarryOut, Orders
from twin.clock import Clock
from twin.interlocks.guarding import Values
from twin.link.connection import Connection
from twin.link.control import (
    ActuatorReply,
    Deliver,
    FromHub,
    Hello,
    HubInfo,
    Published,
    ReplyStatus,
    Revoke,
)
from twin.link.mailbox import Mailbox
from twin.room.model import CommandRequest
from twin.security.client_security import ClientSecurity

_WAIT_MS = 100
_log = logging.getLogger(__name__)


class Reply:
    """How an actuator answers one attempt of a command. Any thread."""

    def __init__(
        self, command_id: str, send: Callable[[ActuatorReply], None], attempt: int = 0
    ) -> None:
        self._command_id, self._attempt = command_id, attempt
        self._send = send

    def accepted(self, text: str = "", route: tuple[tuple[float, float, float], ...] = ()) -> None:
        """It will be tried; `route` is the way it will take, corners in local metres."""
        self._say("accepted", text, route)

    def rejected(self, text: str) -> None:
        """It will not be tried, and why."""
        self._say("rejected", text)

    def executing(self, text: str = "") -> None:
        """It is under way."""
        self._say("executing", text)

    def done(self, text: str = "") -> None:
        """The actuator is through; the effect still has to be observed."""
        self._say("done", text)

    def failed(self, text: str) -> None:
        """It was tried and did not work, and why."""
        self._say("failed", text)

    def _say(
        self,
        status: ReplyStatus,
        text: str,
        route: tuple[tuple[float, float, float], ...] = (),
    ) -> None:
        self._send(
            ActuatorReply(
                command_id=self._command_id, status=status, text=text, route=route,
                attempt=self._attempt,
            )
        )  # fmt: skip


class ActuatorClient:
    """Serves assets of a hub with a thread of its own; reconnects for ever.

    ``on_command`` and ``on_cancel`` are called on that thread and must return at once.

    Parameters
    ----------
    endpoint : the hub's control socket
    on_command : gets a command and the means to answer it
    security : keys of this process, None = a hub without keys
    on_cancel : gets the id of a command that an operator cancelled after it was delivered
    memory : of attempts and leases; it is closed with the client. None = in RAM: after a restart
        everything under way is "forgotten"
    values : last sample of one of its own datastreams, for the hub's guards; called on the thread
    """

    def __init__(
        self,
        *,
        endpoint: str,
        name: str,
        asset_ids: Sequence[str],
        on_command: Callable[[CommandRequest, Reply], None],
        clock: Clock,
        on_cancel: Callable[[str], None] | None = None,
        memory: AdapterMemory | None = None,
        values: Values | None = None,
        security: ClientSecurity | None = None,
    ) -> None:
        self._on_command = on_command
        self._on_cancel = on_cancel
        self._mail: Mailbox[ActuatorReply | None] = Mailbox(100_000)
        self._memory = memory or AdapterMemory()
        self._orders = Orders(
            name=name, asset_ids=asset_ids, memory=self._memory, clock=clock, values=values
        )
        self._thread: threading.Thread | None = None
        self._connection = Connection(
            endpoint=endpoint,
            hello=Hello(role="actuator", name=name, asset_ids=tuple(asset_ids)),
            clock=clock,
            wake=self._mail,
            on_message=self._handle,
            with_events=False,
            security=security,
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="actuator-client", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread; replies given before still leave. Twice is fine."""
        if self._thread is not None:
            self._mail.put(None)
            self._thread.join()
            self._thread = None
        self._mail.close()
        self._memory.close()

    def hub_info(self) -> HubInfo | None:
        """What the hub said of itself (``addresses.samples_in`` …), None before the welcome."""
        return self._connection.info

    def _run(self) -> None:
        self._connection.open()
        is_running = True
        while is_running:
            self._connection.wait(_WAIT_MS)
            for reply in self._mail.drain():
                if reply is None:
                    is_running = False
                elif self._orders.note(reply):
                    self._connection.send(reply)
        self._connection.close()

    def _handle(self, message: FromHub | Published) -> None:
        match message:
            case Deliver():
                self._deliver(message)
            case Revoke(command_id=command_id):
                self._orders.revoke(command_id)
                if self._on_cancel is not None:
                    self._call(self._on_cancel, command_id)

    def _deliver(self, message: Deliver) -> None:
        found = self._orders.take(message)
        if isinstance(found, ActuatorReply):
            self._connection.send(found)
        elif isinstance(found, CarryOut):
            reply = Reply(message.request.id, self._mail.put, message.attempt)
            self._call(self._on_command, message.request, reply, reply=reply)

    def _call(
        self, function: Callable[..., None], *args: object, reply: Reply | None = None
    ) -> None:
        try:
            function(*args)
        except Exception as error:  # noqa: BLE001 - one bad command must not end the actuator
            _log.exception("A command could not be handled")
            if reply is not None:
                reply.failed(f"The actuator broke down over it ({error})")
