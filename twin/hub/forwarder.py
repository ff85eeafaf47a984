"""The sample lane of the hub: every message goes on unchanged, a few are looked at afterwards.

Hard-won rules (each guarded in tests/twin/test_hub_forwarder.py):

1. Forward first, look later; nothing that a message holds can stop the loop.
2. ``XPUB_VERBOSE``: each new subscriber is noticed, and all announcements are sent once more.
3. Bounded queues on both sides; what a slow subscriber misses shows in its own gap counters.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import zmq

from twin.clock import Clock
from twin.errors import WireError
from twin.hub.catalogue import Catalogue
from twin.hub.requests import Observed, StartWatch, TargetsSeen, WatchStarted
from twin.hub.watching import Watching
from twin.link.mailbox import Mailbox
from twin.link.wire import SampleBatch, decode, source_of_topic
from twin.link.wire_json import JsonBatch
from twin.sense.model import Announcement

HWM = 2_000
MAX_FRAME_BYTES = 32 * 1024 * 1024
_BURST = 200
_log = logging.getLogger(__name__)

Found = Observed | TargetsSeen | WatchStarted


@dataclass(slots=True)
class ForwarderCounts:
    """What went through. Written by the forwarder's thread, read by any."""

    messages: int = 0
    malformed: int = 0
    announcements: int = 0


@dataclass(slots=True)
class Orders:
    """What the control thread asks of the forwarder.

    Attributes
    ----------
    kept : whose last samples must be at hand beside those of assets; None = as before
    """

    watched: frozenset[str] = frozenset()
    start: tuple[StartWatch, ...] = ()
    kept: tuple[str, ...] | None = None


@dataclass(slots=True)
class Forwarder:
    """PULL in, XPUB out, on a thread of its own.

    Parameters
    ----------
    pull, publish : bound sockets; they belong to the thread from `start` on
    found : called on the thread with what the core should know
    """

    pull: zmq.Socket[bytes]
    publish: zmq.Socket[bytes]
    found: Callable[[Found], None]
    clock: Clock
    counts: ForwarderCounts = field(default_factory=ForwarderCounts)
    _orders: Mailbox[Orders | None] = field(default_factory=lambda: Mailbox(10_000))
    _catalogue: Catalogue = field(default_factory=Catalogue)
    _watching: Watching = field(default_factory=Watching)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="hub-forwarder", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread and close the sockets. Twice is fine."""
        if self._thread is not None:
            self._orders.put(None)
            self._thread.join()
            self._thread = None
            self._orders.close()

    def order(self, orders: Orders) -> None:
        """Say what to watch. Any thread."""
        self._orders.put(orders)

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self.pull, zmq.POLLIN)
        poller.register(self.publish, zmq.POLLIN)
        poller.register(self._orders.fileno(), zmq.POLLIN)
        is_running = True
        while is_running:
            ready: dict[Any, int] = dict(poller.poll())
            if self._orders.fileno() in ready:
                is_running = self._take_orders()
            if self.publish in ready:
                self._greet_subscribers()
            if self.pull in ready:
                self._forward_burst()
        self.pull.close()
        self.publish.close()

    def _take_orders(self) -> bool:
        for orders in self._orders.drain():
            if orders is None:
                return False
            if orders.kept is not None:
                self._watching.keep(orders.kept)
            if orders.watched != self._watching.watched:
                self._watching.watch(orders.watched)
            for start in orders.start:
                found = ((name, self._watching.last(name)) for name in start.datastream_ids)
                last = {name: seen for name, seen in found if seen is not None}
                self.found(WatchStarted(start.command_id, last))
        return True

    def _greet_subscribers(self) -> None:
        is_new = False
        try:
            for _ in range(_BURST):
                is_new |= self.publish.recv(zmq.NOBLOCK).startswith(b"\x01")
        except zmq.Again:
            pass
        if is_new:
            for frames in self._catalogue.messages():
                self.publish.send_multipart(frames)

    def _forward_burst(self) -> None:
        for _ in range(_BURST):
            try:
                frames = self.pull.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if len(frames) < 2 or not frames[0].startswith(b"v1/"):
                self.counts.malformed += 1
                continue
            self.publish.send_multipart(frames)
            self.counts.messages += 1
            self._look(frames)

    def _look(self, frames: list[bytes]) -> None:
        kind = frames[0][3:4]
        if kind == b"m" or (kind == b"s" and not self._watching.knows(source_of_topic(frames[0]))):
            return
        try:
            self._note(decode(frames), frames)
        except WireError:
            self.counts.malformed += 1
        except Exception:  # noqa: BLE001 - the lane must not stop for one message
            self.counts.malformed += 1
            _log.exception("A message on the sample lane could not be looked at")

    def _note(self, message: object, frames: list[bytes]) -> None:
        match message:
            case SampleBatch():
                for seen in self._watching.look(message):
                    self.found(Observed(seen))
            case JsonBatch():
                for seen in self._watching.look_json(message, self.clock.now_ns()):
                    self.found(Observed(seen))
            case Announcement():
                self.counts.announcements += 1
                self._watching.announce(message)
                targets = self._catalogue.add(message, frames)
                if targets:
                    self.found(TargetsSeen(targets))
