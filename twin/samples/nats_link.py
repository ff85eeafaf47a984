"""One supervised connection to NATS on a thread of its own.

Hard-won rules (tests/twin/test_nats.py):

1. The client reconnects by itself, but is not trusted to: each second a supervisor looks whether
   it is closed or whether a ping is not answered, and then makes a new client with new
   subscriptions (https://github.com/nats-io/nats.py/issues/504: dead after a server's restart).
2. What is published waits in a queue bounded by bytes and by age: a dead server costs samples, not
   memory, and nothing old arrives after an outage. What is lost there is counted.
3. Only this thread touches the client.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import nats.errors
from nats.aio.client import Client

from twin.samples.address import NatsAddress

OUT_BYTES = 16 * 1024 * 1024
OUT_MESSAGES = 20_000
OUT_AGE_NS = 2_000_000_000
PENDING_BYTES = 2 * 1024 * 1024
RECONNECT_S = 0.1
CONNECT_TIMEOUT_S = 2.0
PING_S = 2.0
CHECK_S = 1.0
CLOSE_S = 0.5
CANCEL_S = 0.1
CHECK_TIMEOUT_S = 3.0
MAX_FAILED_CHECKS = 2
_log = logging.getLogger(__name__)

OnConnected = Callable[[Client, bool], Awaitable[None]]


def nothing() -> None:
    """Do nothing."""


class NatsLink:
    """A client, its thread, and a queue to publish from. `publish` may be called on any thread.

    Parameters
    ----------
    name : shown in the server's list of connections
    on_connected : awaited on the thread after each connect with (client, is_new); a new client has
        no subscriptions, one that came back has them
    on_lost : called on the thread when the connection breaks
    no_echo : do not receive what this connection publishes itself

    Attributes
    ----------
    n_lost : messages given to `publish` that never left
    n_clients : clients made; more than one means that the supervisor had to step in
    """

    def __init__(
        self,
        address: NatsAddress,
        *,
        name: str,
        on_connected: OnConnected,
        on_lost: Callable[[], None] = nothing,
        no_echo: bool = False,
    ) -> None:
        self.address = address
        self._name = name
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._no_echo = no_echo
        self._lock = threading.Lock()
        self._out: deque[tuple[int, str, bytes]] = deque()
        self._n_out_bytes = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._wake = asyncio.Event()
        self._is_back = asyncio.Event()
        self._tasks: set[asyncio.Future[None]] = set()
        self._thread: threading.Thread | None = None
        self._is_connected = threading.Event()
        self.trouble = f"NATS at {address} has not answered yet"
        self.n_lost = 0
        self.n_clients = 0

    @property
    def is_connected(self) -> bool:
        """Whether a server is there now."""
        return self._is_connected.is_set()

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait for a server."""
        return self._is_connected.wait(timeout_s)

    def start(self) -> None:
        """Start the thread (once)."""
        started = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._main(started)), name=f"nats-{self._name}", daemon=True
        )
        self._thread.start()
        started.wait()

    def close(self) -> None:
        """Send what waits (for a moment), end the connection and the thread. Twice is fine."""
        if self._thread is not None:
            self._call(self._stop.set)
            self._thread.join()
            self._thread = None

    def publish(self, subject: str, payload: bytes) -> bool:
        """Queue a message; False when there is no room for it."""
        with self._lock:
            is_full = len(self._out) >= OUT_MESSAGES
            if is_full or self._n_out_bytes + len(payload) > OUT_BYTES:
                self.n_lost += 1
                return False
            was_empty = not self._out
            self._out.append((time.monotonic_ns(), subject, payload))
            self._n_out_bytes += len(payload)
        if was_empty:
            self._call(self._wake.set)
        return True

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have a coroutine run on the thread, soon; its errors are logged."""
        self._call(lambda: self._spawn(work))

    def _call(self, function: Callable[[], object]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(function)

    def _spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        async def guarded() -> None:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - the connection broke; the next does it anew
                _log.debug("NATS work ended: %r", error)

        task = asyncio.ensure_future(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- on the thread ----------------------------------------------------------------------------

    async def _main(self, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        started.set()
        while not self._stop.is_set():
            client = Client()
            self.n_clients += 1
            try:
                await self._serve(client)
            except Exception as error:  # noqa: BLE001 - whatever the client dies of, a new one follows
                _log.debug("NATS client ended: %r", error)
            self._lose()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(client.close(), CHECK_S)
            await _first_of(self._stop.wait(), timeout_s=RECONNECT_S)

    async def _serve(self, client: Client) -> None:
        """Connect, then look after one client until it should be replaced."""
        connecting = client.connect(**self._options())
        if not await _first_of(connecting, self._stop.wait()) or self._stop.is_set():
            return
        await self._arrive(client, is_new=True)
        pump = asyncio.create_task(self._pump(client))
        try:
            await self._supervise(client, pump)
            await self._flush_out(client)
        finally:
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError, nats.errors.Error):
                await pump

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "servers": list(self.address.servers),
            "name": f"civitwin {self._name}",
            "max_reconnect_attempts": -1,
            "reconnect_time_wait": RECONNECT_S,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "ping_interval": PING_S,
            "no_echo": self._no_echo,
            "error_cb": self._note_error,
            "disconnected_cb": self._note_lost,
            "reconnected_cb": self._note_back,
            "closed_cb": self._note_lost,
        }
        if self.address.user:
            options |= {"user": self.address.user, "password": self.address.password}
        return options

    async def _supervise(self, client: Client, pump: asyncio.Task[None]) -> None:
        n_failed = 0
        while not self._stop.is_set() and not client.is_closed and not pump.done():
            await _first_of(self._stop.wait(), self._is_back.wait(), timeout_s=CHECK_S)
            if self._is_back.is_set():
                self._is_back.clear()
                await self._arrive(client, is_new=False)
            if client.is_connected:
                try:
                    await client.flush(round(CHECK_TIMEOUT_S))
                    n_failed = 0
                except (TimeoutError, nats.errors.Error):
                    n_failed += 1
            if n_failed >= MAX_FAILED_CHECKS:
                return

    async def _flush_out(self, client: Client) -> None:
        """Give what is queued a moment to leave."""
        until = time.monotonic() + CLOSE_S
        while self._out and client.is_connected and time.monotonic() < until:
            self._wake.set()
            await asyncio.sleep(0.005)

    async def _arrive(self, client: Client, *, is_new: bool) -> None:
        self.trouble = ""
        self._is_connected.set()
        await self._on_connected(client, is_new)

    async def _pump(self, client: Client) -> None:
        """Publish what is queued. Ends only by cancellation or with the client."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while client.is_connected and (message := self._next_out()):
                put_ns, subject, payload = message
                if time.monotonic_ns() - put_ns > OUT_AGE_NS:
                    self.n_lost += 1
                    continue
                try:
                    await client.publish(subject, payload)
                except nats.errors.ConnectionClosedError:
                    self.n_lost += 1
                    return
                except nats.errors.Error:  # e.g. larger than the server takes
                    self.n_lost += 1
                if client.pending_data_size > PENDING_BYTES:
                    with contextlib.suppress(nats.errors.Error, asyncio.TimeoutError):
                        await client.flush(round(CHECK_TIMEOUT_S))

    def _next_out(self) -> tuple[int, str, bytes] | None:
        with self._lock:
            if not self._out:
                return None
            message = self._out.popleft()
            self._n_out_bytes -= len(message[2])
        return message

    async def _note_error(self, error: Exception) -> None:
        text = str(error) or type(error).__name__
        refusal = f"NATS at {self.address} refuses the user or the password"
        if "uthorization" in text:
            self.trouble = refusal
        elif not self.is_connected and (self.trouble != refusal or isinstance(error, OSError)):
            self.trouble = f"NATS at {self.address} cannot be reached, trying again ({text})"
        _log.debug("NATS %s: %s", self.address, text)

    async def _note_lost(self) -> None:
        self._lose()

    def _lose(self) -> None:
        if self._is_connected.is_set():
            self.trouble = f"NATS at {self.address} cannot be reached, trying again"
            self._is_connected.clear()
            self._on_lost()

    async def _note_back(self) -> None:
        self._is_back.set()
        self._wake.set()


async def _first_of(*waits: Awaitable[Any], timeout_s: float | None = None) -> bool:
    """Wait for the first of some; the others are cancelled. False = none in time."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(tasks)
    for task in done:
        task.result()
    return bool(done)


async def _end(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Cancel, again and again: ``wait_for`` may swallow a cancellation (python/cpython#86296)."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=CANCEL_S)
