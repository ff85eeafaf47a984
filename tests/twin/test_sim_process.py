"""The whole chain: a hub, the simulator as its own process, samples and commands through both."""

from __future__ import annotations

import contextlib
import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import ROOT
from tests.twin.cap_samples import ARGS as ALERT
from twin.cap.reading import read_alert
from twin.clock import SystemClock
from twin.ids import uuid7
from twin.link.client import HubClient
from twin.room.model import CommandRequest, CommandState, Operator
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore

TIMEOUT_S = 60.0
CLOCK = SystemClock()


class Child(NamedTuple):
    process: subprocess.Popen[bytes]
    ready: dict[str, Any]


_HUB = ("hub", "--insecure-loopback", "--ephemeral")


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[Child]:
    """``civitwin`` with arguments; ends with exit status 0 on SIGTERM."""
    command = [sys.executable, "-m", "viewer.cli", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield Child(process, json.loads(process.stdout.readline()))
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
            if process.poll() is None:
                process.kill()
        assert process.returncode == 0


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Child]:
    with running(*_HUB, "--journal", str(tmp_path / "journal.sqlite")) as child:
        yield child


SIM = ("sim", "--buildings", "500", "--datastreams", "600", "--units", "40", "--weather", "clear")


class Console:
    """What a console listens and talks with."""

    def __init__(self, hub: Child, folder: Path) -> None:
        addresses = hub.ready
        self.store = ObservationStore(capacity=5_000, history=50, clock=CLOCK)
        self.units = UnitStore(capacity=500, history=8, clock=CLOCK)
        self.ingest = SampleIngest(
            endpoint=addresses["samples_out"], store=self.store, units=self.units, clock=CLOCK
        )
        self.hub = HubClient(
            endpoint=addresses["control"],
            operator=Operator(name="Ada", department="control_room", console_id="c1"),
            outbox_path=folder / "outbox.sqlite",
            clock=CLOCK,
        )
        self.ingest.start()
        self.hub.start()

    def close(self) -> None:
        self.hub.close()
        self.ingest.close()

    def give(self, type_id: str, target_id: str, **args: Any) -> str:
        request = CommandRequest(
            id=str(uuid7()),
            type_id=type_id,
            type_version=1,
            target_id=target_id,
            target_name=target_id,
            args=args,
        )
        self.hub.submit(request)
        return request.id

    def state(self, command_id: str) -> CommandState | None:
        self.hub.poll()
        command = self.hub.room.commands.get(command_id)
        return None if command is None else command.state

    def await_end(self, command_id: str) -> CommandState:
        def is_over() -> bool:
            self.hub.poll()
            command = self.hub.room.commands.get(command_id)
            return command is not None and command.is_terminal

        until(is_over, f"{command_id} is {self.state(command_id)}")
        state = self.state(command_id)
        assert state is not None
        return state

    def has_seen(self, thing_id: str) -> bool:
        """Whether every datastream of a thing was observed."""
        streams = [d.id for d in self.store.datastreams if d.thing_id == thing_id]
        slots = [self.store.slot_of(one) for one in streams]
        return bool(slots) and all(len(self.store.history_of(slot)[0]) for slot in slots)

    def first(self, kind: str) -> str:
        return next(t.id for t in self.store.things.values() if t.kind == kind and t.accepts)


@pytest.fixture
def console(hub: Child, tmp_path: Path) -> Iterator[Console]:
    console = Console(hub, tmp_path)
    yield console
    console.close()


def test_samples_flow_and_commands_are_verified_by_the_city(
    hub: Child, console: Console, tmp_path: Path
) -> None:
    folder = tmp_path / "alerts"
    with running(*SIM, "--hub", hub.ready["control"], "--alerts", str(folder)) as sim:
        assert sim.ready["units"] == 40
        until(lambda: len(console.store.datastreams) == sim.ready["datastreams"], "announced")
        until(lambda: len(console.units.units) == 40, "units announced")
        until(lambda: console.ingest.stats().received > 2_000, "samples")
        # An effect that is a change is judged against what the hub saw before: wait for that.
        until(lambda: console.has_seen(console.first("alert_gateway")), "the gateway's first word")
        given = [
            console.give("road.close", console.first("road_segment"), cause="works"),
            console.give("pump.start", console.first("pump_station"), speed_pct=100.0),
            console.give("gate.set", console.first("gate"), opening_pct=62.5),
            console.give("signal.set_plan", console.first("signal"), plan=2),
            console.give("lights.dim", console.first("street_light_group"), level_pct=30.0),
            console.give("sign.show", console.first("message_sign"), text="Queue ahead"),
            console.give("camera.preset", console.first("camera"), preset=3),
            console.give("siren.sound", console.first("siren"), seconds=20),
            console.give("alert.publish", console.first("alert_gateway"), **ALERT),
        ]
        assert {console.await_end(command) for command in given} == {CommandState.VERIFIED}
        (published,) = (folder / "published").iterdir()
        assert read_alert(published.read_bytes()).status == "Actual"
        cancel = console.give("alert.cancel", console.first("alert_gateway"), alert=given[-1])
        assert console.await_end(cancel) == CommandState.VERIFIED
        assert len(list((folder / "published").iterdir())) == 2
        again = console.give("road.close", console.first("road_segment"), cause="works")
        assert console.await_end(again) in (CommandState.REJECTED, CommandState.FAILED)
        assert "already closed" in console.hub.room.commands[again].state_text
        stats = console.ingest.stats()
        assert stats.gaps == 0
        assert stats.malformed == 0


def test_a_unit_is_dispatched_and_seen_to_arrive(hub: Child, console: Console) -> None:
    with running(*SIM, "--hub", hub.ready["control"]):
        until(lambda: len(console.units.units) == 40, "units announced")
        unit = next(u for u in console.units.units if u.kind == "ambulance")
        slot = console.units.slot_of(unit.id)
        until(lambda: console.units.last_seen_ns(slot) > 0, "a position")
        now = console.units.at(CLOCK.now_ns())
        x, y, _ = now.xyz_local_m[slot].tolist()
        ahead = float(now.heading_rad[slot])
        target = (x + 80.0 * math.sin(ahead), y + 80.0 * math.cos(ahead))
        command = console.give("unit.dispatch", unit.id, x_m=target[0], y_m=target[1])
        assert console.await_end(command) == CommandState.VERIFIED
        route = console.hub.room.commands[command].route
        assert len(route) >= 2
        assert math.dist(route[-1][:2], target) < 160.0
        here = console.units.at(CLOCK.now_ns()).xyz_local_m[slot]
        assert math.dist(here[:2].tolist(), target) < 60.0  # drawn one interval behind


def test_without_a_hub_it_runs_and_ends_cleanly(tmp_path: Path) -> None:
    with running(*SIM, "--hub", f"ipc://{tmp_path}/nobody") as sim:
        assert sim.ready["ready"] is True
        assert sim.process.poll() is None


def test_a_real_city_file_is_simulated_as_the_console_asks_for_it(shared_data: Path) -> None:
    city = shared_data / "cityjson" / "denhaag_random_5.city.jsonl"
    hub = "ipc:///nowhere-to-be-found"
    with running("sim", "--city", str(city), "--lod", "2", "--hub", hub) as sim:
        assert sim.ready["datastreams"] > 2_400
        assert sim.ready["units"] == 200


def test_a_city_without_anything_to_simulate_gets_one_sentence(tmp_path: Path) -> None:
    empty = tmp_path / "empty.city.json"
    empty.write_text(
        '{"type": "CityJSON", "version": "2.0", "CityObjects": {}, "vertices": [],'
        ' "transform": {"scale": [1, 1, 1], "translate": [0, 0, 0]}}',
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "viewer.cli", "sim", "--city", str(empty)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("civitwin: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--time-of-day", "25:00"], "17:30"),
        (["--rate", "0"], "more than 0"),
        (["--datastreams", "5"], "at least 100"),
        (["--rate", "1000"], "500,000 samples a second"),
        (["--city", "a.json", "--buildings", "9"], "not allowed with"),
        (["--city", "absent.city.json"], "no such file"),
    ],
)
def test_wrong_arguments_get_one_sentence(arguments: list[str], words: str) -> None:
    command = [sys.executable, "-m", "viewer.cli", "sim", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
