"""An actuator that does everything wrong, one way at a time. Raw frames, a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import zmq

from tests.twin.hub_rig import CLOCK
from twin.link.control import ActuatorReply, Bye, Deliver, Hello, HubAddresses, Ping, ToHub
from twin.link.control_frames import PROTOCOL, decode_from_hub, encode_control
from twin.link.wire import encode_announcement, encode_batch
from twin.sense.model import Announcement, Datastream, Thing

#: What a kind of asset accepts, which property shows it, and what that is before and after.
KINDS = {
    "signal": ("signal.set_plan", "signal_plan", 1.0, 2.0),
    "road_segment": ("road.close", "traffic_flow", 400.0, 0.0),
}
PING_S = 0.3
SHOW_S = 0.05


@dataclass
class Misbehaving:
    """One asset, served badly.

    ``on_deliver`` is called for each delivery; what it says goes out at once. ``shown`` is what the
    city really shows: it moves by `act` only, whatever is claimed.
    """

    addresses: HubAddresses
    name: str
    kind: str
    on_deliver: Callable[[Misbehaving, Deliver], None]
    on_tick: Callable[[Misbehaving, float], None] = lambda _me, _age_s: None
    executed: list[tuple[str, int]] = field(default_factory=list)
    delivered: list[Deliver] = field(default_factory=list)
    quality: int = 0
    age_s: float = 0.0
    is_showing: bool = True
    state: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.asset_id = f"{self.kind}-{self.name}"
        accepts, observed, before, self._after = KINDS[self.kind]
        thing = Thing(id=self.asset_id, name=self.name, kind=self.kind, accepts=(accepts,))
        stream = Datastream(
            index=0, id=f"{self.asset_id}/{observed}", thing_id=self.asset_id,
            observed_property=observed,
        )  # fmt: skip
        self._announcement = Announcement(
            source=self.name, epoch="e", things=(thing,), datastreams=(stream,)
        )
        self.shown = before
        self._seq = 0
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"bad-{self.name}", daemon=True)

    # --- what behaviours use ---------------------------------------------------------------------

    def act(self, order: Deliver) -> None:
        """Really do it."""
        self.executed.append((order.request.id, order.attempt))
        self.shown = self._after

    def say(self, order: Deliver, *statuses: Any, text: str = "", **more: Any) -> None:
        """Reply, in this order."""
        for status in statuses:
            more.setdefault("command_id", order.request.id)
            self.send(ActuatorReply(status=status, text=text, **more))

    def send(self, message: ToHub) -> None:
        """One message on the control socket."""
        self.send_frames(encode_control(message))

    def send_map(self, **fields: Any) -> None:
        """A map as it is, however wrong."""
        self.send_frames([PROTOCOL, msgspec.msgpack.encode(fields)])

    def send_frames(self, frames: list[bytes]) -> None:
        """Frames as they are, however wrong."""
        self._control.send_multipart(frames)

    def drop_line(self, *, with_hello: bool = True) -> None:
        """End the connection without a word and begin another."""
        self._control.close(0)
        self._connect(with_hello=with_hello)

    def go_dark(self) -> None:
        """End the connection without a word, for good."""
        self.state["dark"] = True
        self._control.close(0)

    # --- the thread ------------------------------------------------------------------------------

    def __enter__(self) -> Misbehaving:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_ending.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        self._push = self._context.socket(zmq.PUSH)
        self._push.set(zmq.LINGER, 0)
        self._push.connect(self.addresses.samples_in)
        self._push.send_multipart(encode_announcement(self._announcement))
        self._connect()
        started = pinged = showed = time.monotonic()
        while not self._is_ending.is_set():
            now = time.monotonic()
            if now - showed > SHOW_S:
                showed = now
                self._show()
            self.on_tick(self, now - started)
            if self.state.get("dark"):
                self._is_ending.wait(0.02)
                continue
            if now - pinged > PING_S:
                pinged = now
                self.send(Ping(t_ns=0))
            self._listen()
        if not self.state.get("dark"):
            self.send(Bye())
            self._control.close(100)
        self._push.close()
        self._context.term()

    def _connect(self, *, with_hello: bool = True) -> None:
        self._control = self._context.socket(zmq.DEALER)
        self._control.set(zmq.LINGER, 0)
        self._control.connect(self.addresses.control)
        if with_hello:
            self.send(Hello(role="actuator", name=self.name, asset_ids=(self.asset_id,)))

    def _listen(self) -> None:
        if not self._control.poll(20):
            return
        message = decode_from_hub(self._control.recv_multipart())
        if isinstance(message, Deliver):
            self.delivered.append(message)
            self.on_deliver(self, message)

    def _show(self) -> None:
        if not self.is_showing:
            return
        self._seq += 1
        now_ns = CLOCK.now_ns()
        t_ns = now_ns - round(self.age_s * 1e9)
        self._push.send_multipart(
            encode_batch(
                self.name, "e", self._seq, np.array([0], np.uint32), np.array([t_ns], np.int64),
                np.array([self.shown], np.float64), np.array([self.quality], np.uint8), now_ns,
            )
        )  # fmt: skip
