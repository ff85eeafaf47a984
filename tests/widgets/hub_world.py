"""A session whose hub is the real core: what Ada's panels ask for is decided by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.twin.hub_bench import Bench
from tests.widgets.panel_world import World
from twin.hub.requests import Asked, Target
from twin.ids import uuid7
from twin.link.control import Act, Cancel, Refused, Submit
from twin.room.model import CommandRequest, Operator
from twin.security.policy_file import read_policy

POLICY = b"""
version = 1
roles = ["operator", "shift_leader"]
[[allow]]
id = "all"
roles = ["operator", "shift_leader"]
[[approval]]
id = "gates"
text = "Gates change the water for everybody"
actions = ["gate.set"]
needed = 1
by_departments = ["traffic", "fire"]
distinct_departments = true
expires_s = 600
[[approval]]
id = "pumps-by-two"
actions = ["pump.start"]
needed = 2
distinct_departments = true
[[break_glass]]
id = "leaders"
roles = ["shift_leader"]
"""
ASSETS = ("gate-0", *(f"pump-{n}" for n in range(3)), *(f"road-{n}" for n in range(6)))
ADA = Operator(name="Ada", department="traffic", console_id="id-Ada")


class HubWorld:
    """Ada's session (traffic); Ben (water), Cleo (fire, rank 5) and Dora (police) beside her.

    What somebody else does is `act`, `submit`, `cancel` with their name; `sync` lets Ada's
    session see it.
    """

    def __init__(self, tmp_path: Path, *, policy: bytes = POLICY, **more: Any) -> None:
        self.world = World(tmp_path, operator=ADA)
        self.session = self.world.session
        self.bench = Bench(policy=read_policy(policy, "test"), **more)
        self._n_seen = 0
        for name, department, rank in (
            ("Ada", "traffic", 1), ("Ben", "water", 1), ("Cleo", "fire", 5), ("Dora", "police", 1)
        ):  # fmt: skip
            roles = ("operator", "shift_leader") if name in ("Ada", "Cleo") else ("operator",)
            self.bench.log_in(name, department, roles=roles, rank=rank)
        self.bench.serve(*ASSETS)
        self.world.fill(n_stations=4, n_steps=5)
        things = self.world.store.things
        self.bench.announce(
            *(Target(id=t.id, name=t.name, kind=t.kind, accepts=t.accepts) for t in things.values())
        )
        self._connect()
        self.sync()

    def _connect(self) -> None:
        client, info = self.world.client, self.bench.more["info"]
        client.act = self._act  # type: ignore[method-assign]
        client.submit = self._submit  # type: ignore[method-assign]
        client.cancel = self._cancel  # type: ignore[method-assign]
        client.hub_info = lambda: info  # type: ignore[method-assign]

    def _act(self, kind: str, body: dict[str, Any]) -> str:
        one = Act(id=uuid7(), kind=kind, body=body)
        self._ask("ada", one)
        return one.id

    def _submit(self, request: CommandRequest) -> None:
        self.world.client._unanswered.add(Submit(request=request))
        self._ask("ada", Submit(request=request))

    def _cancel(self, command_id: str) -> None:
        self._ask("ada", Cancel(id=uuid7(), command_id=command_id))

    def _ask(self, session: str, message: Any) -> None:
        self._tell_time()
        reply = self.bench.do(Asked(session, message)).reply
        if isinstance(reply, Refused) and session == "ada":
            self.world.client._unanswered.hear(reply)

    def _tell_time(self) -> None:
        self.bench.now_ns = max(self.bench.now_ns, self.world.clock.now_ns())

    def act(self, name: str, kind: str, body: dict[str, Any]) -> Any:
        """Somebody else asks for something."""
        self._tell_time()
        return self.bench.act(name, kind, body)

    def submit(self, name: str, type_id: str, target_id: str, **args: Any) -> str:
        """Somebody else gives a command; its id."""
        target = self.world.store.things[target_id]
        request = self.world.request(type_id, target_id, target.name, **args)
        self._tell_time()
        self.bench.submit(request, name)
        return request.id

    def wait(self, seconds: float) -> None:
        """Time goes on, for hub and console."""
        self.world.clock.advance_s(seconds)
        self._tell_time()
        self.bench.wait(0.0)

    def sync(self) -> None:
        """Ada's session takes in what happened, and what its panels ask for on hearing that."""
        while True:
            for event in self.bench.events[self._n_seen :]:
                self.world.client._put(event)
            self._n_seen = len(self.bench.events)
            self.session.poll()
            if self._n_seen == len(self.bench.events):
                break
        assert self.session.hub.room.state_hash() == self.bench.core.room.state_hash()

    def answer_permissions(self) -> None:
        """The hub answers what Ada's buttons have asked about; her session takes it in."""
        book = self.world.client._permissions
        self.sync()
        self.world.clock.advance_s(0.3)
        self._tell_time()
        asking = book.due(self.world.clock.monotonic_ns())
        if asking is not None:
            answer = self.bench.core.permissions.answer("ada", asking)
            book.take(answer, self.world.clock.monotonic_ns())
        self.sync()

    def digest(self, command_id: str) -> str:
        """What a yes to a command is bound to."""
        approval = self.bench.command(command_id).approval
        assert approval is not None
        return approval.digest

    def close(self) -> None:
        """Close the session."""
        self.world.close()
