"""One end of the control socket: says hello, pings, and starts afresh when the hub falls silent.

Hard-won rules (each guarded in tests/twin/test_link_client.py):

1. ZeroMQ reconnects by itself when a hub comes back, but not out of every half-open connection:
   after `SILENCE_S` without a word both sockets are made anew. The event socket is judged by
   itself: a hub that answers every ping is no sign that its facts arrive.
2. Where several hubs share a room, only one answers: each time it falls silent, the next is tried.
   Where somebody took the connection the first word may take `FIRST_WORD_S`: on a machine with too
   much to do, log-in takes longer than `SILENCE_S`, and whoever gives up then never gets in.
3. A hub that was restarted answers "hello needed"; hello is repeated, nothing else is assumed.
4. Whether it is a drill is told by our own keys: a hub that says otherwise gets no proof, else a
   drill hub could collect signatures for the live one.
5. A process that stood still (stopped, or the machine asleep) makes both sockets anew before it
   reads on: what waits in the old ones may be orders from another time (test_fencing.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec
import zmq

from twin.clock import NS_PER_S, Clock
from twin.errors import WireError
from twin.link.control import (
    HEARTBEAT_S,
    Bye,
    Challenge,
    FromHub,
    Hello,
    HelloNeeded,
    HubInfo,
    Ping,
    Pong,
    Published,
    Refused,
    ToHub,
)
from twin.link.control_frames import (
    EVENT_TOPIC,
    HEARTBEAT_TOPIC,
    PRESENCE_TOPIC,
    decode_from_hub,
    decode_published,
    encode_control,
)
from twin.link.handshake import Handshake
from twin.link.mailbox import Mailbox
from twin.security.client_security import ClientSecurity, apply_security
from twin.security.sealed import Signer

SILENCE_S = 1.5
FIRST_WORD_S = 4.0
HANDSHAKE_MS = round(1_000 * FIRST_WORD_S)
#: A snapshot of a large room is the largest thing a hub sends.
MAX_REPLY_BYTES = 512 << 20
_BURST = 1_000
_RECONNECT_MS = 100
_HWM = 20_000
_DRILL_OR_LIVE = {True: "a drill", False: "live operation"}


class Connection:
    """Sockets to one hub. One thread, apart from the plain attributes, which any may read.

    Parameters
    ----------
    endpoint : of the hub; several, with commas between, where one of them serves at a time
    wake : mailbox that also wakes `wait`
    on_message : gets what came, but for what is handled here
    with_events : whether to listen to the event socket too
    security : keys of this workstation, None = a hub without keys
    signer : opened key of the person at this console, None = nobody (actuators, hubs without keys)
    with_presence : whether to listen there to what operators show of themselves

    Attributes
    ----------
    endpoint : the one that is tried or talked to
    info : newest welcome, None before the first
    rtt_ms : newest round trip
    refusal : why the hub refused the last hello, "" = it did not
    handshake : why the hub does not let this process in at all
    n_malformed : messages that could not be read
    """

    def __init__(
        self,
        *,
        endpoint: str,
        hello: Hello,
        clock: Clock,
        wake: Mailbox[Any],
        on_message: Callable[[FromHub | Published], None],
        with_events: bool,
        with_presence: bool = False,
        security: ClientSecurity | None = None,
        signer: Signer | None = None,
    ) -> None:
        named = [one.strip() for one in endpoint.split(",")]
        self._endpoints = [one for one in named if one] or [endpoint]
        self.endpoint = self._endpoints[0]
        self.info: HubInfo | None = None
        self.rtt_ms: float | None = None
        self.refusal = ""
        self.n_malformed = 0
        self.handshake = Handshake(security)
        self._security = security
        self._signer = signer
        self._hello = hello
        self._clock = clock
        self._wake = wake
        self._on_message = on_message
        self._with_events = with_events
        self._with_presence = with_presence
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._control: zmq.Socket[bytes] | None = None
        self._events: zmq.Socket[bytes] | None = None
        self._opened_ns = 0
        self._listened_ns = 0
        self._pinged_ns = 0
        self._heard_ns: int | None = None
        self._heard_events_ns: int | None = None
        self._awake_ns: tuple[int, int] | None = None

    @property
    def heard_ns(self) -> int | None:
        """Monotonic time of the last word from the hub, None = never. Any thread.

        Once there are events to listen to, the socket that is silent longer decides.
        """
        if self._heard_ns is None or self._heard_events_ns is None:
            return self._heard_ns
        return min(self._heard_ns, self._heard_events_ns)

    @property
    def is_answering(self) -> bool:
        """Whether the hub answers requests, although its events may not arrive. Any thread."""
        heard_ns = self._heard_ns
        return heard_ns is not None and (
            self._clock.monotonic_ns() - heard_ns <= SILENCE_S * NS_PER_S
        )

    def open(self) -> None:
        """Fresh sockets and a hello."""
        self._close_sockets(linger_ms=0)
        self._control = self._socket(zmq.DEALER)
        self.handshake.watch(self._control, self.endpoint)
        self._control.connect(self.endpoint)
        if self.info is not None:
            self._listen(self.info)
        self._opened_ns = self._clock.monotonic_ns()
        self.send(self._hello)

    def close(self) -> None:
        """Say good-bye and free everything."""
        self.send(Bye())
        self._close_sockets(linger_ms=200)
        self._context.term()

    def send(self, message: ToHub) -> None:
        """Send if there is room; what is lost here is repeated by whoever needs an answer."""
        if self._control is not None:
            try:
                self._control.send_multipart(encode_control(message), zmq.NOBLOCK)
            except zmq.Again:
                return

    def wait(self, longest_ms: int) -> None:
        """Take in what comes until something did or the time is over; ping and reopen if due."""
        poller = zmq.Poller()
        poller.register(self._wake.fileno(), zmq.POLLIN)
        for socket in (self._control, self._events):
            if socket is not None:
                poller.register(socket, zmq.POLLIN)
        poller.poll(longest_ms)
        if self._has_slept():
            self.open()
            return
        self._receive(self._events, decode_published)
        self._receive(self._control, decode_from_hub)
        self.handshake.look()
        self._keep_alive()
        self._awake_ns = self._clock.monotonic_ns(), self._clock.now_ns()

    def _has_slept(self) -> bool:
        """Whether this process stood still since it last looked, by either clock."""
        awake, self._awake_ns = self._awake_ns, None
        if awake is None:
            return False
        gaps = self._clock.monotonic_ns() - awake[0], self._clock.now_ns() - awake[1]
        return max(gaps) > SILENCE_S * NS_PER_S

    def _keep_alive(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns - max(self._opened_ns, self._heard_ns or 0) > self._patience_s * NS_PER_S:
            self._turn_to_next()
            self.open()
            return
        if self.info is not None and self._events is not None:
            last_ns = max(self._listened_ns, self._heard_events_ns or 0)
            if now_ns - last_ns > SILENCE_S * NS_PER_S:
                self._listen(self.info)
        if now_ns - self._pinged_ns >= HEARTBEAT_S * NS_PER_S:
            self._pinged_ns = now_ns
            self.send(Ping(t_ns=now_ns))

    @property
    def _patience_s(self) -> float:
        has_spoken = (self._heard_ns or 0) > self._opened_ns
        return SILENCE_S if has_spoken or not self.handshake.is_somebody_there else FIRST_WORD_S

    def _turn_to_next(self) -> None:
        n_next = self._endpoints.index(self.endpoint) + 1
        self.endpoint = self._endpoints[n_next % len(self._endpoints)]

    def _receive(
        self,
        socket: zmq.Socket[bytes] | None,
        read: Callable[[list[bytes]], FromHub | Published],
    ) -> None:
        if socket is None:
            return
        for _ in range(_BURST):
            try:
                frames = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                message = read(frames)
            except WireError:
                self.n_malformed += 1
                continue
            self._note_heard(socket)
            self._handle(message)

    def _note_heard(self, socket: zmq.Socket[bytes]) -> None:
        if socket is self._events:
            self._heard_events_ns = self._clock.monotonic_ns()
        else:
            self._heard_ns = self._clock.monotonic_ns()

    def _handle(self, message: FromHub | Published) -> None:
        match message:
            case Pong(t_ns=t_ns):
                self.rtt_ms = (self._clock.monotonic_ns() - t_ns) / 1e6
            case HelloNeeded():
                self.send(self._hello)
            case Challenge():
                self._log_in(message)
            case Refused(id="hello", text=text):
                self.refusal = text
            case HubInfo():
                self._welcome(message)
                self._on_message(message)
            case _:
                self._on_message(message)

    def _log_in(self, challenge: Challenge) -> None:
        if self._security is None or self._signer is None:
            self.refusal = "a person has to log in here: start the console with --keys and --person"
            return
        if challenge.drill is not self._security.is_drill:
            said, is_for = _DRILL_OR_LIVE[challenge.drill], _DRILL_OR_LIVE[self._security.is_drill]
            self.refusal = f"it says that it is {said}, but the keys here are for {is_for}"
            return
        proof = self._security.proof(self._signer, nonce=challenge.nonce, epoch=challenge.epoch)
        person = self._signer.person_id
        self.send(msgspec.structs.replace(self._hello, person=person, proof=proof))

    def _welcome(self, info: HubInfo) -> None:
        self.refusal = ""
        info = reachable(info, self.endpoint)
        old, self.info = self.info, info
        if self._with_events:
            self._heard_events_ns = self._clock.monotonic_ns()  # from now on they may be missed
        if old is None or old.addresses.events != info.addresses.events:
            self._listen(info)

    def _listen(self, info: HubInfo) -> None:
        if not self._with_events:
            return
        if self._events is not None:
            self._events.close(0)
        self._listened_ns = self._clock.monotonic_ns()
        self._events = self._socket(zmq.SUB)
        self._events.subscribe(EVENT_TOPIC)
        self._events.subscribe(HEARTBEAT_TOPIC)
        if self._with_presence:
            self._events.subscribe(PRESENCE_TOPIC)
        self._events.connect(info.addresses.events)

    def _socket(self, kind: int) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RCVHWM, _HWM)
        socket.set(zmq.SNDHWM, _HWM)
        socket.set(zmq.RECONNECT_IVL, _RECONNECT_MS)
        socket.set(zmq.RECONNECT_IVL_MAX, 5 * _RECONNECT_MS)
        socket.set(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
        socket.set(zmq.MAXMSGSIZE, MAX_REPLY_BYTES)
        apply_security(socket, self._security)
        return socket

    def _close_sockets(self, linger_ms: int) -> None:
        for socket in (self._control, self._events):
            if socket is not None:
                socket.close(linger_ms)
        self.handshake.close()
        self._control = self._events = None


def reachable(info: HubInfo, endpoint: str) -> HubInfo:
    """Replace wildcard hosts of a hub bound to all interfaces by the one it was reached at."""
    host = urlsplit(endpoint).hostname or "127.0.0.1"
    addresses = {
        name: address.replace("//0.0.0.0:", f"//{host}:").replace("//[::]:", f"//{host}:")
        for name, address in msgspec.structs.asdict(info.addresses).items()
    }
    return msgspec.structs.replace(
        info, addresses=msgspec.structs.replace(info.addresses, **addresses)
    )
