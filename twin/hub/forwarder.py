"""The sample lane of the hub: every message goes on unchanged, a few are looked at afterwards.

Hard-won rules (each guarded in tests/twin/test_hub_forwarder.py):

1. Forward first, look later; nothing that a message holds can stop the loop. Only single JSON
   objects are read first, because those that can be read are joined.
2. ``XPUB_VERBOSE``: each new subscriber is noticed, and all announcements are sent once more; once
   for all that came within a moment, or a hundred consoles would be sent ten thousand catalogues.
3. Bounded queues on both sides; what a slow subscriber misses shows in its own gap counters and in
   the beats. One that never reads costs `HWM` messages of memory, and nobody else anything.
4. The thinned lane is made only while somebody listens to it.
5. While the recorder's queue is full nothing is taken in, so that the edge waits (or counts what
   it drops itself); the control thread knows nothing of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import zmq

from twin.clock import NS_PER_S, Clock
from twin.errors import WireError
from twin.hub.catalogue import Catalogue
from twin.hub.requests import Observed, StartWatch, TargetsSeen, WatchStarted
from twin.hub.watching import Watching
from twin.ids import uuid7
from twin.link.mailbox import Mailbox
from twin.link.wire import PositionBatch, SampleBatch, decode, source_of_topic
from twin.link.wire_json import JsonBatch
from twin.link.wire_thin import ANNOUNCEMENTS, BEATS, THIN_PREFIX, Beat, encode_beat
from twin.samples.bridge import SampleBridge
from twin.samples.joining import Joiner, is_json_object
from twin.samples.record_desk import RecordDesk
from twin.samples.thinning import Thinner
from twin.security.peers import Peers, received
from twin.sense.model import Announcement

HWM = 1_000
MAX_FRAME_BYTES = 32 * 1024 * 1024
BEAT_S = 0.2
_GREET_AFTER_S = 0.05
_GREET_EVERY_S = 1.0
_BURST = 500
_log = logging.getLogger(__name__)

Found = Observed | TargetsSeen | WatchStarted


@dataclass(slots=True)
class ForwarderCounts:
    """What went through. Written by the forwarder's thread, read by any.

    Attributes
    ----------
    messages : forwarded, from devices and from a bridge
    published : messages of the full lane sent to subscribers, greetings too
    thinned : messages of the thinned lane
    """

    messages: int = 0
    malformed: int = 0
    announcements: int = 0
    published: int = 0
    thinned: int = 0


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
    bridge : another lane that this one is joined to, None = none
    peers : notes whom messages come from and keeps out who was revoked, None = a hub without keys
    record : the recorder's port, None = none
    """

    pull: zmq.Socket[bytes]
    publish: zmq.Socket[bytes]
    found: Callable[[Found], None]
    clock: Clock
    bridge: SampleBridge | None = None
    peers: Peers | None = None
    record: RecordDesk | None = None
    counts: ForwarderCounts = field(default_factory=ForwarderCounts)
    epoch: str = field(default_factory=lambda: uuid7().replace("-", ""))
    _orders: Mailbox[Orders | None] = field(default_factory=lambda: Mailbox(10_000))
    _catalogue: Catalogue = field(default_factory=Catalogue)
    _watching: Watching = field(default_factory=Watching)
    _thin_topics: set[bytes] = field(default_factory=set)
    _is_thinning: bool = False
    _greet_ns: int | None = None
    _greeted_ns: int = 0
    _beat_ns: int = 0
    _n_beats: int = 0
    _joiner: Joiner = field(default_factory=Joiner)
    _thinner: Thinner = field(init=False)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._thinner = Thinner(self.epoch)

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
        lane, held = self._pollers()
        is_running = True
        while is_running:
            poller = held if self.record is not None and self.record.queue.is_full else lane
            ready: dict[Any, int] = dict(poller.poll(self._ms_until_due()))
            if self._orders.fileno() in ready:
                is_running = self._take_orders()
            if self.publish in ready:
                self._note_subscribers()
            if self.record is not None and self.record.socket in ready and self.record.serve():
                for frames in self._catalogue.messages():
                    self.record.queue.put(frames)
            if self.pull in ready:
                self._forward_burst(self.pull, self.bridge)
            if self.bridge is not None and self.bridge.inbox in ready:
                self._forward_burst(self.bridge.inbox, None)
            if self.record is not None:
                self.record.pass_on()
            self._keep_pace()
        self.pull.close()
        self.publish.close()
        if self.record is not None:
            self.record.socket.close()

    def _pollers(self) -> tuple[zmq.Poller, zmq.Poller]:
        """For every day, and for while the recorder holds the edge back: nothing is taken in."""
        lane, held = zmq.Poller(), zmq.Poller()
        lane.register(self.pull, zmq.POLLIN)
        if self.bridge is not None:
            lane.register(self.bridge.inbox, zmq.POLLIN)
        for poller in (lane, held):
            poller.register(self.publish, zmq.POLLIN)
            poller.register(self._orders.fileno(), zmq.POLLIN)
            if self.record is not None:
                poller.register(self.record.socket, zmq.POLLIN)
        return lane, held

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

    # --- what is due by the clock -----------------------------------------------------------------

    def _ms_until_due(self) -> int:
        due_ns = self._beat_ns if self._greet_ns is None else min(self._beat_ns, self._greet_ns)
        return max(0, (due_ns - self.clock.monotonic_ns()) // 1_000_000 + 1)

    def _keep_pace(self) -> None:
        now_ns = self.clock.monotonic_ns()
        if self._greet_ns is not None and now_ns >= self._greet_ns:
            self._greet_ns, self._greeted_ns = None, now_ns
            for frames in self._catalogue.messages():
                self._publish(frames)
        if now_ns >= self._beat_ns:
            self._beat_ns = now_ns + round(BEAT_S * NS_PER_S)
            self._beat(now_ns)
            self._thin(now_ns)
            if self.record is not None:
                self.record.look(now_ns)

    def _beat(self, now_ns: int) -> None:
        self._n_beats += 1
        beat = Beat(
            epoch=self.epoch, seq=self._n_beats, sent_ns=now_ns, n_messages=self.counts.published
        )
        self.publish.send_multipart(encode_beat(beat))
        if self.bridge is not None:  # messages get there by ways that the hub does not count
            unknown = Beat(epoch=self.epoch, seq=self._n_beats, sent_ns=now_ns, n_messages=-1)
            self.bridge.publish(encode_beat(unknown))

    def _thin(self, now_ns: int) -> None:
        is_wanted = bool(self._thin_topics)
        is_wanted |= self.bridge is not None and self.bridge.is_thin_wanted
        if self._is_thinning and not is_wanted:
            self._thinner.clear()
        self._is_thinning = is_wanted
        if not is_wanted:
            return
        for frames in self._thinner.due(now_ns, self.clock.now_ns()):
            self.counts.thinned += 1
            self.publish.send_multipart(frames)
            if self.bridge is not None:
                self.bridge.publish(frames)

    def _note_subscribers(self) -> None:
        """See who subscribes to what; who wants announcements gets them soon."""
        try:
            for _ in range(_BURST):
                message = received(self.publish, self.peers)[0]
                topic = message[1:]
                is_thin = topic.startswith(THIN_PREFIX) and not topic.startswith(BEATS)
                if message[:1] == b"\x00":
                    self._thin_topics.discard(topic)
                elif is_thin:
                    self._thin_topics.add(topic)
                elif ANNOUNCEMENTS.startswith(topic) or topic.startswith(ANNOUNCEMENTS):
                    self._greet_soon()
        except zmq.Again:
            pass

    def _greet_soon(self) -> None:
        if self._greet_ns is None:
            now_ns = self.clock.monotonic_ns()
            earliest_ns = self._greeted_ns + round(_GREET_EVERY_S * NS_PER_S)
            self._greet_ns = max(now_ns + round(_GREET_AFTER_S * NS_PER_S), earliest_ns)

    # --- messages ---------------------------------------------------------------------------------

    def _forward_burst(self, socket: zmq.Socket[bytes], onward: SampleBridge | None) -> None:
        peers = self.peers if socket is self.pull else None
        for _ in range(_BURST):
            if self.record is not None and self.record.queue.is_full:
                break
            try:
                frames = received(socket, peers)
            except zmq.Again:
                break
            if len(frames) < 2 or not frames[0].startswith(b"v1/"):
                self.counts.malformed += 1
                continue
            self.counts.messages += 1
            is_object = len(frames) == 2 and is_json_object(*frames)
            if is_object and self._look(frames):
                if self._joiner.add(frames[0], frames[1]):
                    self._pass_joined_on(onward)
                continue
            self._pass_joined_on(onward)
            self._pass_on(frames, onward)
            if not is_object:
                self._look(frames)
        self._pass_joined_on(onward)

    def _pass_joined_on(self, onward: SampleBridge | None) -> None:
        for frames in self._joiner.flush():
            self._pass_on(frames, onward)

    def _pass_on(self, frames: list[bytes], onward: SampleBridge | None) -> None:
        """To subscribers, the recorder and the other lane."""
        self._publish(frames)
        if self.record is not None:
            self.record.queue.put(frames)
        if onward is not None:
            onward.publish(frames)

    def _publish(self, frames: list[bytes]) -> None:
        self.publish.send_multipart(frames)
        self.counts.published += 1

    def _look(self, frames: list[bytes]) -> bool:
        """Note what the hub should know of a message; False when it cannot be read."""
        kind = frames[0][3:4]
        if not self._is_thinning and (
            kind == b"m" or (kind == b"s" and not self._watching.keeps(source_of_topic(frames[0])))
        ):
            return True
        try:
            self._note(decode(frames), frames)
        except WireError:
            self.counts.malformed += 1
        except Exception:  # noqa: BLE001 - the lane must not stop for one message
            self.counts.malformed += 1
            _log.exception("A message on the sample lane could not be looked at")
        else:
            return True
        return False

    def _note(self, message: object, frames: list[bytes]) -> None:
        if self._is_thinning and isinstance(message, SampleBatch | PositionBatch | JsonBatch):
            self._thinner.merge(message, self.clock.now_ns())
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
