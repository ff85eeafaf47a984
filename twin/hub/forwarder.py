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

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import zmq

from twin.clock import NS_PER_S, Clock
from twin.hub.lookout import ForwarderCounts, Found, Lookout
from twin.hub.requests import StartWatch, WatchStarted
from twin.ids import uuid7
from twin.link.mailbox import Mailbox
from twin.link.wire_thin import (
    ANNOUNCEMENTS,
    ANNOUNCEMENTS_ONLY_NEW,
    BEATS,
    THIN_PREFIX,
    Beat,
    encode_beat,
)
from twin.samples.bridge import SampleBridge
from twin.samples.joining import Joiner, is_json_object
from twin.samples.record_desk import RecordDesk
from twin.samples.socket_frames import as_bytes, give_frames, take_frames
from twin.samples.thinning import Thinner
from twin.security.peers import Peers, received

HWM = 2_000
MAX_FRAME_BYTES = 32 * 1024 * 1024
BEAT_S = 0.2
#: Joined JSON messages of one source are sent at most this often.
JOIN_S = 0.01
_GREET_AFTER_S = 0.05
_GREET_EVERY_S = 1.0
_BURST = 500
_MAX_TOPICS = 10_000
#: A greeting is sent in pieces: samples go on between them, and a console keeps up with it. A city
#: of 100,000 things has over 2,000 announcements.
_GREET_PIECE, _GREET_PIECE_S = 15, 0.01


@dataclass(slots=True)
class _Inlet:
    """A socket that messages come in by, and what they go on to beside our own subscribers."""

    socket: zmq.Socket[bytes]
    onward: SampleBridge | None = None
    peers: Peers | None = None
    joiner: Joiner = field(default_factory=Joiner)
    joined_ns: int = 0


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
    _thin_topics: set[bytes] = field(default_factory=set)
    _greet_ns: int | None = None
    _greeted_ns: int = 0
    _greeting: list[list[bytes]] = field(default_factory=list)
    _n_greeted: int = 0
    _n_to_greet: int = 0
    _piece_ns: int = 0
    _beat_ns: int = 0
    _n_beats: int = 0
    _inlets: list[_Inlet] = field(default_factory=list)
    _lookout: Lookout = field(init=False)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._lookout = Lookout(
            found=self.found, clock=self.clock, thinner=Thinner(self.epoch), counts=self.counts
        )
        self._inlets.append(_Inlet(self.pull, self.bridge, self.peers))
        if self.bridge is not None:
            self._inlets.append(_Inlet(self.bridge.inbox))

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
                for frames in self._lookout.catalogue.messages():
                    self.record.queue.put(frames)
            for inlet in self._inlets:
                if inlet.socket in ready:
                    self._forward_burst(inlet)
            self._keep_pace()
            if self.record is not None:
                self.record.pass_on()
        self.pull.close()
        self.publish.close()
        if self.record is not None:
            self.record.socket.close()

    def _pollers(self) -> tuple[zmq.Poller, zmq.Poller]:
        """For every day, and for while the recorder holds the edge back: nothing is taken in."""
        lane, held = zmq.Poller(), zmq.Poller()
        for inlet in self._inlets:
            lane.register(inlet.socket, zmq.POLLIN)
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
                self._lookout.watching.keep(orders.kept)
            if orders.watched != self._lookout.watching.watched:
                self._lookout.watching.watch(orders.watched)
            for start in orders.start:
                found = ((name, self._lookout.watching.last(name)) for name in start.datastream_ids)
                last = {name: seen for name, seen in found if seen is not None}
                self.found(WatchStarted(start.command_id, last))
        return True

    # --- what is due by the clock -----------------------------------------------------------------

    def _ms_until_due(self) -> int:
        due_ns = self._beat_ns if self._greet_ns is None else min(self._beat_ns, self._greet_ns)
        for inlet in self._inlets:
            if inlet.joiner.n:
                due_ns = min(due_ns, inlet.joined_ns + round(JOIN_S * NS_PER_S))
        if self._n_to_greet:
            due_ns = min(due_ns, self._piece_ns)
        return max(0, (due_ns - self.clock.monotonic_ns()) // 1_000_000 + 1)

    def _keep_pace(self) -> None:
        now_ns = self.clock.monotonic_ns()
        for inlet in self._inlets:
            if inlet.joiner.n and now_ns - inlet.joined_ns >= JOIN_S * NS_PER_S:
                self._pass_joined_on(inlet)
        if self._greet_ns is not None and now_ns >= self._greet_ns:
            self._greet_ns, self._greeted_ns = None, now_ns
            self._greeting = self._lookout.catalogue.messages()
            self._n_greeted, self._n_to_greet = 0, len(self._greeting)
        if self._n_to_greet and now_ns >= self._piece_ns:
            self._piece_ns = now_ns + round(_GREET_PIECE_S * NS_PER_S)
            for _ in range(min(_GREET_PIECE, self._n_to_greet)):
                self._publish(self._greeting[self._n_greeted % len(self._greeting)])
                self._n_greeted += 1
                self._n_to_greet -= 1
            if not self._n_to_greet:
                self._greeting = []
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
        if self._lookout.is_thinning and not is_wanted:
            self._lookout.thinner.clear()
        self._lookout.is_thinning = is_wanted
        if not is_wanted:
            return
        for frames in self._lookout.thinner.due(now_ns, self.clock.now_ns()):
            self.counts.thinned += 1
            self.publish.send_multipart(frames)
            if self.bridge is not None:
                self.bridge.publish(frames)

    def _note_subscribers(self) -> None:
        """See who subscribes to what; who wants announcements gets them soon."""
        try:
            for _ in range(_BURST):
                message = received(self.publish, self.peers)[0]
                if not message:  # somebody left in the middle of a word
                    continue
                topic = message[1:]
                is_thin = topic.startswith(THIN_PREFIX) and not topic.startswith(BEATS)
                if message[:1] == b"\x00":
                    self._thin_topics.discard(topic)
                elif is_thin and len(self._thin_topics) < _MAX_TOPICS:
                    self._thin_topics.add(topic)
                elif topic != ANNOUNCEMENTS_ONLY_NEW and (
                    ANNOUNCEMENTS.startswith(topic) or topic.startswith(ANNOUNCEMENTS)
                ):
                    self._greet_soon()
        except zmq.Again:
            pass

    def _greet_soon(self) -> None:
        if self._n_to_greet:  # who comes in the middle hears the end, then the beginning
            self._n_to_greet = len(self._greeting)
        elif self._greet_ns is None:
            now_ns = self.clock.monotonic_ns()
            earliest_ns = self._greeted_ns + round(_GREET_EVERY_S * NS_PER_S)
            self._greet_ns = max(now_ns + round(_GREET_AFTER_S * NS_PER_S), earliest_ns)

    # --- messages ---------------------------------------------------------------------------------

    def _forward_burst(self, inlet: _Inlet) -> None:
        for _ in range(_BURST):
            if self.record is not None and self.record.queue.is_full:
                return
            try:
                frames = take_frames(inlet.socket)
            except zmq.Again:
                return
            if inlet.peers is not None and inlet.peers.note(frames[-1]) is None:
                continue
            topic = frames[0].bytes
            if len(frames) < 2 or not topic.startswith(b"v1/"):
                self.counts.malformed += 1
                continue
            self.counts.messages += 1
            self._forward(inlet, topic, frames)

    def _forward(self, inlet: _Inlet, topic: bytes, frames: list[zmq.Frame]) -> None:
        is_object = len(frames) == 2 and is_json_object(topic, frames[1].buffer)
        if is_object and self._lookout.look([topic, frames[1].bytes]):
            if inlet.joiner.add(topic, frames[1].bytes):
                self._pass_joined_on(inlet)
            return
        self._pass_joined_on(inlet)
        self._pass_on(frames, inlet.onward)
        if not is_object and self._lookout.wants(topic):
            self._lookout.look([topic, *(frame.buffer for frame in frames[1:])])

    def _pass_joined_on(self, inlet: _Inlet) -> None:
        if inlet.joiner.n:
            inlet.joined_ns = self.clock.monotonic_ns()
            for frames in inlet.joiner.flush():
                self._pass_on(frames, inlet.onward)

    def _pass_on(self, frames: Sequence[bytes | zmq.Frame], onward: SampleBridge | None) -> None:
        """To subscribers, the recorder and the other lane."""
        self._publish(frames)
        record = self.record.queue if self.record is not None else None
        is_kept = onward is not None or (record is not None and record.is_attached)
        kept = as_bytes(frames) if is_kept else []
        if record is not None:
            record.put(kept)
        if onward is not None:
            onward.publish(kept)

    def _publish(self, frames: Sequence[bytes | zmq.Frame]) -> None:
        give_frames(self.publish, frames)
        self.counts.published += 1
