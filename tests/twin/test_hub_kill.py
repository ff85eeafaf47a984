"""The hub is killed in the middle of a stream of commands, again and again."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zmq

from tests.twin.fork_hub import ForkedHub
from tests.twin.hub_rig import FakeCity, HubProcess, console, free_base_port, polled, request, until
from twin.journal.sqlite import SqliteJournal as Journal
from twin.link.actuator import Reply
from twin.link.control import Acknowledged, Hello, HubAddresses, HubInfo, Submit
from twin.link.control_frames import decode_from_hub, encode_control
from twin.link.status import LinkState
from twin.room.model import CommandRequest
from twin.room.parts.commands import Commands

N_KILLS = 60
N_KILLS_UNDER_WAY, N_KILLS_LONG = 140, 1_000
N_CONSOLES_KILLS = 3


class Streamer:
    """Submits commands as fast as they are answered, and remembers what was acknowledged."""

    def __init__(self, endpoint: str) -> None:
        self.acknowledged: dict[str, int] = {}
        self._context: zmq.Context[Any] = zmq.Context()
        self._dealer = self._context.socket(zmq.DEALER)
        self._dealer.set(zmq.LINGER, 0)
        self._dealer.connect(endpoint)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="streamer")
        self._thread.start()

    def _run(self) -> None:
        hello = Hello(role="console", name="S", department="control_room", console_id="s")
        self._dealer.send_multipart(encode_control(hello))
        n = 0
        while not self._stop.is_set():
            if not self._dealer.poll(20):
                continue
            message = decode_from_hub(self._dealer.recv_multipart())
            if isinstance(message, Acknowledged):
                self.acknowledged[message.id] = message.seq
            if isinstance(message, Acknowledged | HubInfo):
                for _ in range(2 if isinstance(message, HubInfo) else 1):
                    n += 1
                    one = request(target_id=f"signal-{n}")
                    self._dealer.send_multipart(encode_control(Submit(request=one)))

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)
        self._dealer.close()
        self._context.term()


def submitted_in(path: Path) -> dict[str, int]:
    journal = Journal(path)
    found: dict[str, int] = {}
    for event in journal.events():
        if event.kind == "command.submitted":
            assert event.body["request"]["id"] not in found, "stored twice"
            found[event.body["request"]["id"]] = event.seq
    journal.close()
    return found


def test_no_acknowledged_command_is_lost_whenever_the_hub_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    rng = random.Random(20)
    acknowledged: dict[str, int] = {}
    for _ in range(N_KILLS):
        hub = ForkedHub(path)
        streamer = Streamer(hub.addresses.control)
        enough = rng.randrange(1, 60)
        until(lambda s=streamer, n=enough: len(s.acknowledged) >= n, what="acknowledgements")
        hub.kill()
        streamer.close()
        acknowledged |= streamer.acknowledged
    stored = submitted_in(path)
    assert len(acknowledged) >= N_KILLS
    assert {key: stored.get(key) for key in acknowledged} == acknowledged


class LivingCity(FakeCity):
    """Obeys once, and keeps reporting every signal's plan, whatever happens to the hub."""

    def __init__(self, addresses: HubAddresses, n_signals: int) -> None:
        super().__init__(addresses, self._obey, n_signals, "City")
        self.plans = dict.fromkeys(self.asset_ids, 0.0)

    def __enter__(self) -> LivingCity:
        super().__enter__()
        self._threads.append(threading.Thread(target=self._report, name="living-city"))
        self._threads[-1].start()
        return self

    def _obey(self, command: CommandRequest, reply: Reply, _: FakeCity) -> None:
        reply.accepted()
        self.plans[command.target_id] = command.args["plan"]
        reply.done()

    def _report(self) -> None:
        while not self._stopping.wait(0.1):
            self.announce()
            for signal_id, plan in self.plans.items():
                self.show_plan(signal_id, plan)


def kill_under_way(folder: Path, n_kills: int, seed: int) -> str:
    """Kill a hub at random moments while two consoles command and an actuator acts; a summary."""
    path, rng, base = folder / "journal.sqlite", random.Random(seed), free_base_port()
    hub = ForkedHub(path, base)
    given: list[str] = []
    with (
        console(hub.addresses.control, folder, "Ada") as ada,
        console(hub.addresses.control, folder, "Ben") as ben,
        LivingCity(hub.addresses, n_signals=20) as city,
    ):
        for n in range(n_kills):
            for client in (polled(ada), polled(ben)):
                one = request(target_id=f"signal-{rng.randrange(20)}", args={"plan": 1 + n % 4})
                given.append(one.id)
                client.submit(one)
            time.sleep(rng.random() * 0.15)  # the random moment of the kill
            hub.kill()
            hub = ForkedHub(path, base)
        until(lambda: not polled(ada).pending and not polled(ben).pending, 30.0, "acknowledged")
        until(lambda: not polled(ada).room[Commands].open, 60.0, "over, one way or the other")
        until(lambda: polled(ben).room.state_hash() == polled(ada).room.state_hash(), 20.0)
        assert hub.stop() == 0
        stored = submitted_in(path)
        assert set(given) == set(stored), "lost, or never asked for"
        assert len(set(city.executed)) == len(city.executed), "executed twice"
        assert set(city.executed) <= set(given)
        states = Counter(str(command.state) for command in ada.room.commands.values())
        assert states["VERIFIED"] > n_kills / 5, states
        ends = ", ".join(f"{n} {state}" for state, n in states.most_common())
        return f"hub killed {n_kills:,} times under {len(given):,} commands: {ends}"


def test_nothing_is_lost_or_done_twice_whenever_the_hub_is_killed(tmp_path: Path) -> None:
    kill_under_way(tmp_path, N_KILLS_UNDER_WAY, seed=6)


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_the_same_a_thousand_times(tmp_path: Path, figure: Callable[[str], None]) -> None:
    told = kill_under_way(tmp_path, N_KILLS_LONG, seed=7)
    figure(f"{told}; 0 acknowledged lost, 0 executed twice")


def test_both_consoles_recover_by_themselves(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    port = str(free_base_port())
    hub = HubProcess(path, "--base-port", port)
    given: list[str] = []
    with (
        console(hub.addresses.control, tmp_path, "Ada") as ada,
        console(hub.addresses.control, tmp_path, "Bob") as bob,
    ):
        for n in range(N_CONSOLES_KILLS):
            until(lambda: len(polled(ada).room.operators) == 2, 20.0, "both are there")
            for i in range(30):
                one = request(target_id=f"signal-{n}-{i}")
                given.append(one.id)
                (ada if i % 2 else bob).submit(one)
            until(lambda k=n: len(polled(ada).room.commands) > 30 * k, what="some got through")
            hub.kill()
            one = request(target_id=f"signal-{n}-offline")
            given.append(one.id)
            ada.submit(one)
            assert one in ada.pending
            hub = HubProcess(path, "--base-port", port)
        wanted = set(given)
        for client in (ada, bob):
            until(lambda c=client: set(polled(c).room.commands) == wanted, 20.0, "all commands")
            until(lambda c=client: polled(c).status().state is LinkState.LIVE)
            assert not client.pending
        until(
            lambda: (
                polled(ada).room.seq == polled(bob).room.seq
                and ada.room.state_hash() == bob.room.state_hash()
            ),
            what="the same room",
        )
    assert hub.stop() == 0
    assert set(submitted_in(path)) == wanted
