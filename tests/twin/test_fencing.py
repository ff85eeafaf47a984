"""Orders from another time: under a lease that was taken over, or from before a long sleep."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import Any

import msgspec

from tests.twin import mortal
from tests.twin.hub_rig import (
    QUICK,
    FakeCity,
    HubTimes,
    console,
    obey,
    polled,
    request,
    running_hub,
    until,
    wait_for_state,
)
from tests.twin.mortal import started
from tests.twin.security.secure_rig import SecureHub, secure_hub
from twin.adapter.memory import AdapterMemory
from twin.clock import SystemClock
from twin.link.client import HubClient
from twin.link.connection import Connection
from twin.link.control import ActuatorReply, Deliver, GetSnapshot, Hello, Snapshot
from twin.link.mailbox import Mailbox
from twin.room.model import CommandRequest, CommandState
from twin.room.parts.leases import Leases

S = CommandState
ASSET = "signal-1"


class Held:
    """A network that keeps back what the hub delivers, until it is told to let go."""

    def __init__(self, city: FakeCity) -> None:
        self._client: Any = city.client
        self._usual = self._client._handle
        self.kept: list[Deliver] = []
        self.said: list[ActuatorReply] = []
        self.is_cut = True
        self._client._handle = self._client._connection._on_message = self._handle
        send = self._client._connection.send
        self._client._connection.send = lambda message: (self._listen(message), send(message))

    def _handle(self, message: Any) -> None:
        if self.is_cut and isinstance(message, Deliver):
            self.kept.append(message)
        else:
            self._usual(message)

    def _listen(self, message: Any) -> None:
        if isinstance(message, ActuatorReply):
            self.said.append(message)

    def deliver(self, message: Deliver) -> ActuatorReply:
        """What was kept arrives at last; the adapter's answer."""
        n = len(self.said)
        self._usual(message)
        return until(lambda: self.said[n:], what="an answer")[0]


def act(client: HubClient, kind: str, **body: Any) -> None:
    client.act(kind, {"asset_id": ASSET, **body})


def holder(client: HubClient) -> str:
    found = polled(client).room[Leases].holder(ASSET)
    return found.person if found else ""


@contextlib.contextmanager
def town(folder: Path) -> Any:
    """A hub with keys, Ada, and Ben who outranks her."""
    with secure_hub(folder, times=QUICK) as rig:
        people = [
            rig.console(
                rig.person(name, "traffic", "operator", rank=rank), rig.security(f"{name}-pc")
            )
            for name, rank in (("ada", 1), ("ben", 2))
        ]
        yield rig, *people


def city_of(rig: SecureHub, folder: Path, security: Any) -> FakeCity:
    memory = AdapterMemory(folder / "memory.sqlite")
    return FakeCity(rig.hub.addresses, obey, security=security, memory=memory)


def test_an_order_that_comes_after_a_takeover_is_refused(tmp_path: Path) -> None:
    with town(tmp_path) as (rig, ada, ben):
        security = rig.security("city", "actuator", "source")
        city = city_of(rig, tmp_path, security).__enter__()
        network = Held(city)
        act(ada, "lease.take", asset_name="Signal 1")
        until(lambda: holder(ada) == "ada", what="Ada's lease")
        old = request(args={"plan": 3})
        ada.submit(old)
        assert "did not answer" in wait_for_state(ada, old.id, S.UNKNOWN).state_text
        act(ben, "lease.seize", reason="Ambulance on its way")
        until(lambda: holder(ben) == "ben", what="Ben's lease")
        network.is_cut = False
        new = request(args={"plan": 2})
        ben.submit(new)
        command = wait_for_state(ben, new.id, S.VERIFIED)
        assert (network.kept[0].lease_token, command.lease_token) == (1, 2)
        answer = network.deliver(network.kept[0])
        assert answer.status == "rejected"
        assert answer.text == (
            f"Name of {ASSET} has been taken over since: this order came under lease 1, lease 2 has"
            " been obeyed"
        )
        assert city.executed == [new.id]
        city.close()
        city = city_of(rig, tmp_path, security).__enter__()
        network = Held(city)
        again = network.deliver(msgspec.structs.replace(answer_to(old), attempt=2))
        assert again.status == "rejected", "also by the adapter's next life"
        assert city.executed == []
        after = polled(ada).room.commands[old.id]
        assert after.state is S.UNKNOWN, "what is over is over"
        city.close()


def answer_to(one: CommandRequest) -> Deliver:
    return Deliver(request=one, issued_by="Ada", lease_token=1)


def test_a_holder_without_the_rank_is_left_alone(tmp_path: Path) -> None:
    with town(tmp_path) as (_, ada, ben):
        act(ben, "lease.take", asset_name="Signal 1")
        until(lambda: holder(ben) == "ben")
        act(ada, "lease.seize", reason="I want it")
        until(lambda: polled(ada).refusals, what="a refusal")
        assert "Ben (traffic) has rank 2, you have 1" in ada.refusals[0].text
        assert holder(ada) == "ben"


def test_what_came_while_the_adapter_slept_is_not_done_when_it_wakes(tmp_path: Path) -> None:
    times = HubTimes(accept_wait_s=0.4, n_attempts=2, session_wait_s=2.0, actuator_wait_s=5.0)
    with (
        running_hub(tmp_path / "j.sqlite", times=times) as hub,
        console(hub.addresses.control, tmp_path) as ada,
    ):
        adapter = started(
            mortal.adapter, addresses=msgspec.msgpack.encode(hub.addresses), folder=str(tmp_path),
            name=ASSET, kind="signal", shows=True,
        )  # fmt: skip
        try:
            until(lambda: _has_joined(ada), what="the adapter")
            assert adapter.pid is not None
            os.kill(adapter.pid, signal.SIGSTOP)
            old = request()
            ada.submit(old)
            wait_for_state(ada, old.id, S.UNKNOWN)
            until(lambda: "Connection lost" in _texts(ada), what="the hub to miss it")
            os.kill(adapter.pid, signal.SIGCONT)
            new = request()
            ada.submit(new)
            wait_for_state(ada, new.id, S.VERIFIED)
            acts = (tmp_path / f"{ASSET}.acts").read_text().split()
            assert acts == [new.id, "1"]
        finally:
            adapter.kill()
            adapter.join(10)


def _has_joined(ada: HubClient) -> bool:
    return any(e.kind == "actuator.joined" for e in polled(ada).room.activity)


def _texts(ada: HubClient) -> str:
    return " ".join(str(e.body.get("text")) for e in polled(ada).room.activity)


class JumpingClock(SystemClock):
    """The wall clock leaps where the machine was asleep; the monotonic one stands still then."""

    slept_ns = 0

    def now_ns(self) -> int:
        return super().now_ns() + self.slept_ns


def test_a_machine_that_slept_makes_fresh_sockets_before_it_reads(tmp_path: Path) -> None:
    with running_hub(tmp_path / "j.sqlite", times=QUICK) as hub:
        clock, mail, heard = JumpingClock(), Mailbox[None](10), list[object]()
        connection = Connection(
            endpoint=hub.addresses.control, hello=Hello(role="actuator", name="a"), clock=clock,
            wake=mail, on_message=heard.append, with_events=False,
        )  # fmt: skip
        connection.open()
        try:
            until(lambda: connection.wait(20) or connection.info, what="the welcome")
            first = connection._control
            connection.send(GetSnapshot())
            clock.slept_ns = 60 * 10**9
            connection.wait(500)
            assert connection._control is not first
            assert not any(isinstance(message, Snapshot) for message in heard)
            second = connection._control
            connection.wait(20)
            assert connection._control is second, "once is enough"
        finally:
            connection.close()
            mail.close()
