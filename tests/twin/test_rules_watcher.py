"""A real hub, published samples, ``civitwin watch`` as a process: opens, closes, is killed."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zmq

from tests.twin.hub_rig import (
    CLOCK,
    HubProcess,
    console,
    free_base_port,
    polled,
    running_hub,
    until,
)
from twin.link.client import HubClient
from twin.link.control import HubAddresses
from twin.link.wire import encode_announcement, encode_batch
from twin.room.parts.alarms import Alarm, Alarms
from twin.room.parts.event_rules import EventRules
from twin.security.keystore import KeyStore, new_workstation_secret
from twin.security.records import Person, Workstation
from twin.security.sealed import new_signer
from twin.sense.model import Announcement, Datastream, Thing

HIGH = "rule:high:gauge-0/water_level"
RULES = """version = 1
[[rule]]
id = "high"
title = "River level high"
properties = ["water_level"]
open = "value > 2"
close = "value < 1.5"
open_for_s = 2
close_for_s = 1
priority = "high"
department = "water"
response = "Start the pump"
"""


class River:
    """Two gauges that say four times a second what they are told to say."""

    def __init__(self, addresses: HubAddresses) -> None:
        self.levels = [1.0, 1.0]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(addresses.samples_in,))

    def _run(self, samples_in: str) -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        push = context.socket(zmq.PUSH)
        push.set(zmq.LINGER, 0)
        push.connect(samples_in)
        things = tuple(
            Thing(id=f"gauge-{i}", name=f"Gauge {i}", kind="river_gauge", xyz=(10.0 * i, 0.0, 1.0))
            for i in range(2)
        )
        streams = tuple(
            Datastream(
                index=i, id=f"gauge-{i}/water_level", thing_id=f"gauge-{i}", unit="m",
                observed_property="water_level", interval_s=0.25,
            )
            for i in range(2)
        )  # fmt: skip
        told = Announcement(source="river", epoch="e", things=things, datastreams=streams)
        for seq in range(1, 100_000):
            if seq % 8 == 1:
                push.send_multipart(encode_announcement(told))
            now_ns = CLOCK.now_ns()
            push.send_multipart(
                encode_batch(
                    "river", "e", seq, np.arange(2, dtype=np.uint32), np.full(2, now_ns),
                    np.array(self.levels), np.zeros(2, np.uint8), now_ns,
                )
            )  # fmt: skip
            if self._stopping.wait(0.25):
                break
        push.close()
        context.term()

    def __enter__(self) -> River:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()


class WatcherProcess:
    """``civitwin watch`` as a process of its own, ready when this is made."""

    def __init__(self, control: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "viewer.cli", "watch", *arguments, "--hub", control]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.communicate()[1])
        self.ready = json.loads(line)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=20)

    def stop(self) -> tuple[int, str]:
        self.process.terminate()
        said = self.process.communicate(timeout=20)[1]
        return self.process.returncode, said


@contextlib.contextmanager
def watching(control: str, *arguments: str) -> Iterator[WatcherProcess]:
    watcher = WatcherProcess(control, *arguments)
    try:
        yield watcher
    finally:
        if watcher.process.poll() is None:
            watcher.kill()


@pytest.fixture
def rules(tmp_path: Path) -> str:
    path = tmp_path / "city.toml"
    path.write_text(RULES, encoding="utf-8")
    return str(path)


def alarm(client: HubClient, name: str = HIGH) -> Alarm | None:
    return polled(client).room[Alarms].by_id.get(name)


def n_raised(client: HubClient, name: str = HIGH) -> int:
    events = polled(client).room.activity
    return sum(e.kind == "alarm.raised" and e.body["alarm"]["id"] == name for e in events)


def test_an_alarm_comes_stays_over_a_kill_and_goes(tmp_path: Path, rules: str) -> None:
    with (
        running_hub(tmp_path / "j.sqlite") as hub,
        River(hub.addresses) as river,
        console(hub.addresses.control, tmp_path) as ada,
    ):
        with watching(hub.addresses.control, rules) as first:
            assert first.ready["rules"] == 1
            river.levels[0] = 2.5
            until(lambda: alarm(ada), 30, "the alarm")
            came = alarm(ada)
            assert came is not None
            assert (came.title, came.thing_name) == ("River level high", "Gauge 0")
            assert (came.value_text, came.xyz) == ("2.5 m", (0.0, 0.0, 1.0))
            assert (came.response, came.rule) == ("Start the pump", "high")
            river.levels[0] = 1.7  # between open and close
            first.kill()
        with watching(hub.addresses.control, rules) as second:
            river.levels[1] = 2.5
            until(lambda: alarm(ada, "rule:high:gauge-1/water_level"), 30, "the other alarm")
            still = alarm(ada)
            assert still is not None
            assert still.is_active, "hysteresis holds over the restart"
            assert n_raised(ada) == 1
            second.kill()
        river.levels[0] = 1.0
        with watching(hub.addresses.control, rules) as third:
            until(lambda: (a := alarm(ada)) is not None and not a.is_active, 30, "its return")
            assert n_raised(ada) == 1
            fired = polled(ada).room[EventRules].fired.get("high")
            assert fired is not None
            assert (fired.n, fired.last_place) == (2, "Gauge 1")
            status, said = third.stop()
            assert (status, said) == (0, "")


def test_rules_from_a_console_run_and_a_switched_off_rule_returns_its_alarms(
    tmp_path: Path, rules: str
) -> None:
    with (
        running_hub(tmp_path / "j.sqlite") as hub,
        River(hub.addresses) as river,
        console(hub.addresses.control, tmp_path) as ada,
        watching(hub.addresses.control, rules),
    ):
        part = until(lambda: polled(ada).room[EventRules].by_id.get("high"), 20, "the file's rule")
        assert (part.file, part.is_on) == ("city.toml", True)
        ada.act("rule.put", {"rule": {
            "id": "low", "title": "River too low", "things": ["gauge-1"], "open": "value < 0.5",
        }})  # fmt: skip
        river.levels = [2.5, 0.1]
        low = "rule:low:gauge-1/water_level"
        until(lambda: alarm(ada) and alarm(ada, low), 30, "both alarms")
        ada.act("rule.enable", {"id": "high", "is_on": False})
        ada.act("rule.remove", {"id": "low"})
        for name in (HIGH, low):
            until(
                lambda name=name: (a := alarm(ada, name)) is not None and not a.is_active,
                30, f"the return of {name}",
            )  # fmt: skip


def test_a_changed_file_is_taken_and_a_wrong_one_is_not(tmp_path: Path, rules: str) -> None:
    with (
        running_hub(tmp_path / "j.sqlite") as hub,
        console(hub.addresses.control, tmp_path) as ada,
        watching(hub.addresses.control, rules) as watcher,
    ):
        path = Path(rules)

        def title() -> str:
            entry = polled(ada).room[EventRules].by_id.get("high")
            return entry.rule.title if entry else ""

        until(lambda: title() == "River level high", 20)
        path.write_text(RULES.replace("value > 2", "value >"), encoding="utf-8")
        assert watcher.process.stderr is not None
        assert "line 6" in watcher.process.stderr.readline()
        path.write_text(RULES.replace("River level high", "Another title"), encoding="utf-8")
        until(lambda: title() == "Another title", 30)


def test_a_wrong_file_ends_it_with_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "city.toml"
    path.write_text(RULES.replace("value > 2", "valu > 2"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "viewer.cli", "watch", str(path), "--hub", "tcp://127.0.0.1:1"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "city.toml, line 6, [[rule]] “high”, open, letter 1" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_killed_hub_neither_repeats_nor_forgets(tmp_path: Path, rules: str) -> None:
    base = str(free_base_port())
    journal = tmp_path / "j.sqlite"
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(HubProcess(journal, "--base-port", base))
        river = stack.enter_context(River(first.addresses))
        watcher = stack.enter_context(watching(first.addresses.control, rules))
        ada = stack.enter_context(console(first.addresses.control, tmp_path))
        river.levels[0] = 2.5
        until(lambda: alarm(ada), 30, "the alarm")
        first.kill()
        river.levels[1] = 2.5  # while nobody hears it
        stack.enter_context(HubProcess(journal, "--base-port", base))
        other = "rule:high:gauge-1/water_level"
        until(lambda: alarm(ada, other), 60, "the alarm of meanwhile")
        assert n_raised(ada) == n_raised(ada, other) == 1
        assert watcher.process.poll() is None
        river.levels = [1.0, 1.0]
        for name in (HIGH, other):
            until(
                lambda name=name: (a := alarm(ada, name)) is not None and not a.is_active, 60, name
            )


def test_two_watchers_of_the_same_file_stand_in_for_each_other(tmp_path: Path, rules: str) -> None:
    with (
        running_hub(tmp_path / "j.sqlite") as hub,
        River(hub.addresses) as river,
        console(hub.addresses.control, tmp_path) as ada,
        watching(hub.addresses.control, rules) as one,
        watching(hub.addresses.control, rules),
    ):
        river.levels[0] = 2.5
        until(lambda: alarm(ada), 30, "the alarm")
        one.kill()
        river.levels[1] = 2.5
        until(lambda: alarm(ada, "rule:high:gauge-1/water_level"), 30, "the other alarm")
        assert n_raised(ada) == 1
        loads = [e for e in polled(ada).room.activity if e.kind == "rule.loaded"]
        assert len(loads) <= 2, "the second brought the file in again only when the first had gone"


def test_at_a_hub_with_keys_it_logs_in_as_a_watcher(tmp_path: Path, rules: str) -> None:
    store = KeyStore(tmp_path / "keys")
    store.init("Town")
    secret = new_workstation_secret("watcher")
    place = store.add_workstation(
        Workstation(name="watcher", public_key=secret.curve_public), secret
    )
    assert place is not None
    signer = new_signer("rules")
    person = Person(id="rules", name="Rules", public_key=signer.public_key, roles=("watcher",))
    store.add_person(person, signer.seal("a long password"), at=("watcher",))
    base = str(free_base_port())
    arguments = ("--keys", str(store.folder), "--base-port", base)
    with HubProcess(tmp_path / "j.sqlite", *arguments) as hub:
        process = subprocess.Popen(
            [sys.executable, "-m", "viewer.cli", "watch", rules, "--hub", hub.addresses.control,
             "--keys", str(place), "--person", "rules", "--password-stdin"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("a long password\n")
        process.stdin.flush()
        try:
            assert json.loads(process.stdout.readline())["rules"] == 1
        finally:
            process.kill()
            process.communicate(timeout=20)
