"""The field of the simulation: one actuator that dies between any two of its steps, and samples."""

from __future__ import annotations

from typing import Any

from tests.twin.simulation.hub import GATES, SimHub
from tests.twin.simulation.world import MS, S_NS, World
from twin.adapter.memory import AdapterMemory
from twin.adapter.orders import CarryOut, Orders
from twin.hub.requests import Observation
from twin.hub.who import Who
from twin.link.control import (
    ActuatorReply,
    Deliver,
    Hello,
    HelloNeeded,
    Ping,
    Revoke,
    ToHub,
)
from twin.link.control_frames import decode_to_hub, encode_control


class HubClock:
    """The adapter's clock goes with the hub's."""

    def __init__(self, hub: SimHub) -> None:
        self._hub = hub

    def now_ns(self) -> int:
        return self._hub.hub_ns()

    monotonic_ns = now_ns


class SimActuator:
    """The real orders over a memory that outlives it: intent, act, result; dies between any two."""

    def __init__(self, world: World, hub: SimHub) -> None:
        self.world, self.hub, self.name = world, hub, "act"
        self.who: Who | None = None
        self.is_alive = True
        self.life = 0
        self.memory = AdapterMemory()
        self.executed: list[tuple[str, int, str, int, int]] = []
        self.values = dict.fromkeys(GATES, 0.0)
        self.reborn()
        self._keep_going()

    def reborn(self) -> None:
        self.is_alive = True
        self.life += 1
        self.orders = Orders(
            name=self.name, asset_ids=GATES, memory=self.memory, clock=HubClock(self.hub)
        )
        self._tell(Hello(role="actuator", name=self.name, asset_ids=GATES))

    def crash(self) -> None:
        self.is_alive = False
        self.world.after(self.world.rng.randint(10 * MS, 8 * S_NS), self.reborn)

    def _keep_going(self) -> None:
        if self.is_alive:
            self._tell(Ping(t_ns=0))
        for gate, value in self.values.items():
            seen = Observation(
                datastream_id=f"{gate}/gate_opening", t_ns=self.hub.hub_ns(), value=value
            )
            self.world.send("city", "hub", lambda s=seen: self.hub.sample(s))  # type: ignore[misc]
        self.world.after(700 * MS, self._keep_going)

    def _tell(self, message: ToHub) -> None:
        life = self.hub.life  # what is under way does not outlive the hub's sockets
        heard = decode_to_hub(encode_control(message))
        self.world.send(self.name, "hub", lambda: self.hub.receive(self.name, heard, life))

    def receive(self, message: Any) -> None:
        if not self.is_alive:
            return
        if isinstance(message, HelloNeeded):
            self._tell(Hello(role="actuator", name=self.name, asset_ids=GATES))
        elif isinstance(message, Deliver):
            self._deliver(message)
        elif isinstance(message, Revoke):
            self.orders.revoke(message.command_id)

    def _maybe_die(self) -> bool:
        if self.world.calm or self.world.rng.random() > 0.04:
            return False
        self.crash()
        return True

    def _deliver(self, message: Deliver) -> None:
        found = self.orders.take(message)
        if isinstance(found, ActuatorReply):
            self._tell(found)
        if not isinstance(found, CarryOut) or self._maybe_die():
            return
        self._say(message, "accepted")
        if self.world.rng.random() < 0.05:
            self._say(message, "failed")
            return
        life = self.life
        self.world.after(self.world.rng.randint(1, 900) * MS, lambda: self._act(message, life))

    def _act(self, message: Deliver, life: int) -> None:
        if not self.is_alive or self.life != life:
            return
        request = message.request
        key = (request.id, message.attempt)
        self.executed.append((*key, request.target_id, message.lease_token, self.world.now))
        self.values[request.target_id] = request.args["opening_pct"]
        if not self._maybe_die():
            self._say(message, "done")

    def _say(self, order: Deliver, status: Any) -> None:
        reply = ActuatorReply(
            command_id=order.request.id, status=status, text=status, attempt=order.attempt
        )
        if self.orders.note(reply) and not self._maybe_die():
            self._tell(reply)
