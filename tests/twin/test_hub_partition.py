"""Partitions between two machines: network namespaces of our own, a cable that is pulled.

Hub and city stand in one namespace, Ada's console in another, Ben's beside the hub. Needs root and
``ip``; traffic stays between the two namespaces.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.twin.hub_rig import request, until
from tests.twin.security.keys_rig import KeysRig

pytestmark = [
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("ip") is None,
        reason="namespaces need root and the program ip",
    ),
    pytest.mark.timeout(300),
]
HUB, DESK = "10.77.31.1", "10.77.31.2"
POLICY = """
version = 1
roles = ["operator"]
[[allow]]
id = "all"
roles = ["operator"]
[[lease]]
id = "signals"
kinds = ["signal"]
ttl_s = 2
"""


def sh(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


class Wire:
    """Two namespaces and the cable between them."""

    def __init__(self) -> None:
        tag = f"{os.getpid() % 100_000}"
        self.hub, self.desk = f"cvh{tag}", f"cvd{tag}"
        self._ends = (f"vh{tag}", f"vd{tag}")
        try:
            for name in (self.hub, self.desk):
                sh("ip", "netns", "add", name)
                sh("ip", "-n", name, "link", "set", "lo", "up")
            sh("ip", "link", "add", self._ends[0], "type", "veth", "peer", "name", self._ends[1])
            for name, end, address in zip(
                (self.hub, self.desk), self._ends, (HUB, DESK), strict=True
            ):
                sh("ip", "link", "set", end, "netns", name)
                sh("ip", "-n", name, "addr", "add", f"{address}/24", "dev", end)
                sh("ip", "-n", name, "link", "set", end, "up")
        except subprocess.CalledProcessError as error:
            self.close()
            pytest.skip(f"this machine gives no namespaces: {error.stderr.decode().strip()}")

    def cut(self) -> None:
        sh("ip", "-n", self.hub, "link", "set", self._ends[0], "down")

    def heal(self) -> None:
        sh("ip", "-n", self.hub, "link", "set", self._ends[0], "up")

    def deafen_hub(self) -> None:
        """The hub still hears Ada, but nothing that it sends arrives."""
        sh("ip", "-n", self.hub, "route", "add", "blackhole", f"{DESK}/32")

    def hear_again(self) -> None:
        sh("ip", "-n", self.hub, "route", "del", "blackhole", f"{DESK}/32")

    def narrow(self) -> None:
        """One megabit a second."""
        sh("ip", "netns", "exec", self.hub, "tc", "qdisc", "add", "dev", self._ends[0], "root",
           "tbf", "rate", "1mbit", "burst", "16kbit", "latency", "400ms")  # fmt: skip

    def widen(self) -> None:
        sh("ip", "netns", "exec", self.hub, "tc", "qdisc", "del", "dev", self._ends[0], "root")

    def lose(self, percent: int) -> None:
        """Packets on their way to either end, at random."""
        for name in (self.hub, self.desk):
            self._nft(name, "add table ip loss; add chain ip loss in { type filter hook input"
                      f" priority 0; }}; add rule ip loss in numgen random mod 100 < {percent}"
                      " ip saddr 10.0.0.0/8 counter drop")  # fmt: skip

    def lost(self) -> int:
        """How many packets were lost on the way to the hub, and all is well again."""
        rules = self._nft(self.hub, "list table ip loss")
        for name in (self.hub, self.desk):
            self._nft(name, "delete table ip loss")
        return int(rules.split("counter packets ")[1].split()[0])

    def _nft(self, name: str, rules: str) -> str:
        command = ["ip", "netns", "exec", name, "nft", rules]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def close(self) -> None:
        for name in (self.hub, self.desk):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


class Process:
    """One program in a namespace; keeps the newest line it said."""

    def __init__(self, namespace: str, arguments: Sequence[str], log: Path) -> None:
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", namespace, sys.executable, "-m", *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip
        self.seen: dict[str, Any] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen = json.loads(line)

    def order(self, **order: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def submit(self, target: str, **more: Any) -> str:
        one = request(target_id=target, **more)
        self.order(submit=msgspec.to_builtins(one))
        return one.id

    def state(self, command_id: str) -> str:
        return str(self.seen.get("commands", {}).get(command_id, ""))

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class Room:
    """Everything on both sides of the cable."""

    def __init__(self, folder: Path) -> None:
        self.wire = Wire()
        self._processes: list[Process] = []
        try:
            self._start(folder)
        except BaseException:
            self.close()
            raise

    def _start(self, folder: Path) -> None:
        keys = KeysRig.make(folder / "keys")
        (folder / "policy.toml").write_text(POLICY)
        # Before the hub reads its lists: the city's plain socket does not ask a second time.
        city = keys.bundle("city", "actuator", "source")
        ada, ben = (
            keys.bundle_with_person(f"desk-{one}", one, "traffic") for one in ("ada", "ben")
        )
        control = f"tcp://{HUB}:5710"
        hub = self._process(
            self.wire.hub, folder,
            ["viewer.cli", "hub", "--bind", HUB, "--keys", str(keys.folder), "--policy",
             str(folder / "policy.toml"), "--journal", str(folder / "journal.sqlite")],
        )  # fmt: skip
        until(lambda: hub.seen.get("ready"), 30.0, "the hub")
        self.city = self._process(
            self.wire.hub, folder,
            ["tests.twin.netns_child", "city", control, str(city), f"tcp://{HUB}:5712"],
        )  # fmt: skip
        self.ada = self._console(ada, folder, self.wire.desk, "ada", control)
        self.ben = self._console(ben, folder, self.wire.hub, "ben", control)
        for one in (self.ada, self.ben):
            until(lambda c=one: c.seen.get("link") == "LIVE", 30.0, str(one.seen))
        try:
            until(lambda: "executed" in self.city.seen, 20.0, "the city")
        except AssertionError:
            raise AssertionError(f"no city: {(folder / 'log.txt').read_text()[-2000:]}") from None

    def _console(
        self, keys: tuple[Path, str], folder: Path, namespace: str, person: str, control: str
    ) -> Process:
        bundle, password = keys
        return self._process(
            namespace, folder,
            ["tests.twin.netns_child", "console", control, str(bundle), person, password,
             str(folder / f"outbox-{person}.sqlite")],
        )  # fmt: skip

    def _process(self, namespace: str, folder: Path, arguments: list[str]) -> Process:
        self._processes.append(Process(namespace, arguments, folder / "log.txt"))
        return self._processes[-1]

    def await_end(self, *command_ids: str) -> None:
        try:
            until(lambda: self.over(*command_ids), 60.0)
        except AssertionError:
            texts = [(self.ben.state(o), self.ben.seen["texts"].get(o)) for o in command_ids]
            raise AssertionError(f"not over: {texts}; Ada sees {self.ada.seen}") from None

    def over(self, *command_ids: str) -> bool:
        ends = ("VERIFIED", "REJECTED", "FAILED", "EXPIRED", "UNKNOWN", "TIMED_OUT", "CANCELLED")
        return all(self.ben.state(one) in ends for one in command_ids)

    def agree(self) -> None:
        until(
            lambda: self.ada.seen["hash"] == self.ben.seen["hash"] and not self.ada.seen["pending"],
            30.0, "both see the same room",
        )  # fmt: skip
        executed = self.city.seen["executed"]
        assert len(set(executed)) == len(executed), "executed twice"

    def close(self) -> None:
        for process in reversed(self._processes):
            process.close()
        self.wire.close()


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    room = Room(tmp_path_factory.mktemp("partition"))
    yield room
    room.close()


def test_a_short_cut_loses_nothing(room: Room) -> None:
    room.wire.cut()
    given = [room.ada.submit(f"signal-{i}") for i in range(3)]
    time.sleep(1.0)
    room.wire.heal()
    room.await_end(*given)
    assert all(room.ben.state(one) == "VERIFIED" for one in given)
    room.agree()


def test_a_cut_frees_the_lease_and_what_comes_late_is_not_done(room: Room) -> None:
    room.ada.order(act="lease.take", body={"asset_id": "signal-0"})
    until(lambda: room.ben.seen["leases"].get("signal-0") == "Ada", what="Ada holds it")
    room.wire.cut()
    hub_ns = time.time_ns()
    late = room.ada.submit("signal-0", args={"plan": 4}, deadline_ns=hub_ns + 2 * 10**9)
    until(lambda: "signal-0" not in room.ben.seen["leases"], 30.0, "free after its time")
    room.ben.order(act="lease.take", body={"asset_id": "signal-0"})
    until(lambda: room.ben.seen["leases"].get("signal-0") == "Ben", what="Ben holds it")
    mine = room.ben.submit("signal-0", args={"plan": 3})
    until(lambda: room.ben.state(mine) == "VERIFIED", 30.0, "Ben's command")
    room.wire.heal()
    room.await_end(late)
    assert room.ben.state(late) == "REJECTED"
    room.agree()
    assert late not in room.city.seen["executed"]
    room.ben.order(act="lease.release", body={"asset_id": "signal-0"})


def test_a_hub_that_is_heard_by_nobody_is_left_and_found_again(room: Room) -> None:
    room.wire.deafen_hub()
    given = room.ada.submit("signal-4")
    until(lambda: room.ada.seen["link"] != "LIVE", 20.0, "Ada notices")
    room.wire.hear_again()
    room.await_end(given)
    assert room.ben.state(given) == "VERIFIED"
    room.agree()


def test_a_cable_that_flaps_twice_a_second(room: Room) -> None:
    given = []
    for i in range(8):
        (room.wire.cut if i % 2 == 0 else room.wire.heal)()
        given.append(room.ada.submit(f"signal-{i % 6}", args={"plan": 1 + i % 4}))
        time.sleep(0.25)
    room.wire.heal()
    room.await_end(*given)
    room.agree()


def test_one_megabit_is_enough_for_facts(room: Room) -> None:
    if shutil.which("tc") is None:
        pytest.skip("the program tc is not here")
    room.wire.narrow()
    try:
        given = [room.ada.submit(f"signal-{i}", args={"plan": 2 + i % 2}) for i in range(6)]
        room.await_end(*given)
        room.agree()
    finally:
        room.wire.widen()


def test_a_tenth_of_all_packets_lost(room: Room) -> None:
    if shutil.which("nft", path=os.defpath + ":/usr/sbin") is None:
        pytest.skip("the program nft is not here")
    room.wire.lose(10)
    given = [room.ada.submit(f"signal-{i}", args={"plan": 1 + i % 4}) for i in range(6)]
    try:
        room.await_end(*given)
        room.agree()
    finally:
        n_lost = room.wire.lost()
    assert n_lost > 0
    assert all(room.ben.state(one) == "VERIFIED" for one in given)
