"""Many consoles at one hub: all rooms are one, presence flows, and nothing grows without bound."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.twin.crowd import Crowd
from tests.twin.hub_rig import CLOCK, HubProcess, console, polled, running_hub, until
from twin.room.parts.marks import Marks
from twin.room.parts.messages import Messages

N_FEW = 20
N_PROCESSES, N_EACH = 4, 25


def test_twenty_consoles_agree_and_see_each_other(tmp_path: Path) -> None:
    with running_hub(tmp_path / "journal.sqlite") as hub:
        crowd = Crowd(hub.addresses.control, tmp_path, 0, N_FEW)
        try:
            until(lambda: crowd.has_reached(N_FEW), 30, "all joined")
            crowd.work(1.5, acts_a_second=20)
            until(lambda: _is_quiet(crowd), 30, "all agree")
            told = crowd.told()
            assert len({tuple(room) for room in told["rooms"]}) == 1
            assert told["refused"] == 0
            until(lambda: _sees_all(crowd, N_FEW), 10, "everybody sees everybody")
            room = crowd.clients[0].room
            assert room[Marks].by_id.values()
            assert room[Messages].in_channel("room")
            assert not [e for e in room.activity if "presence" in e.kind]
        finally:
            crowd.close()


def _is_quiet(crowd: Crowd) -> bool:
    newest = max(client.room.seq for client in crowd.clients)
    if not crowd.has_reached(newest):
        return False
    return len({client.room.state_hash() for client in crowd.clients}) == 1


def _sees_all(crowd: Crowd, n: int) -> bool:
    crowd.work(0.1, acts_a_second=0)
    return min(crowd.told()["others"]) == n - 1


class CrowdProcess:
    """A crowd in a process of its own."""

    def __init__(self, control: str, folder: Path, first: int, count: int) -> None:
        command = [sys.executable, "-m", "tests.twin.crowd", control, str(folder)]
        self.process = subprocess.Popen(
            [*command, str(first), str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self.ask("end")
        self.process.communicate(timeout=60)


@contextlib.contextmanager
def crowds(control: str, folder: Path) -> Iterator[list[CrowdProcess]]:
    made = [CrowdProcess(control, folder, i * N_EACH, N_EACH) for i in range(N_PROCESSES)]
    try:
        for crowd in made:
            assert crowd.answer() == {"joined": True}
        yield made
    finally:
        for crowd in made:
            crowd.end()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_hundred_consoles_agree_and_the_hub_stays_small(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    n = N_PROCESSES * N_EACH
    with HubProcess(tmp_path / "journal.sqlite", "--ephemeral") as hub:
        control = hub.addresses.control
        memory = psutil.Process(hub.process.pid)
        with crowds(control, tmp_path) as made, console(control, tmp_path, "Watcher") as watcher:
            until(lambda: len(polled(watcher).room.operators) == n + 1, 30, "all joined")
            sizes_mb = []
            for _ in range(4):
                for crowd in made:
                    crowd.ask("work 15")
                for crowd in made:
                    assert crowd.answer() == {"worked": True}
                sizes_mb.append(memory.memory_info().rss / 1e6)
            seq = until(lambda: _settled(watcher), 60, "the hub is quiet")
            for crowd in made:
                crowd.ask(f"tell {seq}")
            told = [crowd.answer() for crowd in made]
            rooms = {tuple(room) for one in told for room in one["rooms"]}
            assert rooms == {(watcher.room.seq, watcher.room.state_hash())}
            assert min(min(one["others"]) for one in told) >= n - 1
            assert len(watcher.presences.others(CLOCK.monotonic_ns())) == n
            assert watcher.room[Marks].by_id.values()
            figure(
                f"{n} consoles worked for a minute and agree; hub"
                f" {', '.join(f'{size:.0f}' for size in sizes_mb)} MB every 15 s"
            )
            assert sizes_mb[-1] < 300.0
            assert sizes_mb[-1] - sizes_mb[1] < 30.0, f"it grows: {sizes_mb}"


def _settled(watcher: Any) -> int:
    """Newest event once the console has it and nothing more came for a moment."""
    before = polled(watcher).room.seq
    with contextlib.suppress(AssertionError):
        until(lambda: polled(watcher).room.seq != before, 1.5)
        return 0
    return before
