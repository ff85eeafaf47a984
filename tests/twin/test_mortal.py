"""SIGKILL at every step of the protocol: of the console, and of the adapter between any two steps.

Nothing that was acknowledged is lost, no attempt is carried out twice, and where nobody can know
what was done, the command is UNKNOWN unless the city shows it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.twin import mortal
from tests.twin.hub_rig import HubTimes, console, polled, request, running_hub, until
from tests.twin.misbehaving import KINDS
from tests.twin.mortal import ADAPTER_STEPS, CONSOLE_STEPS, started
from twin.commands import close_road, set_signal_plan
from twin.hub.server import Hub
from twin.link.client import HubClient
from twin.room.model import Command, CommandRequest, CommandState

S = CommandState
TIMES = HubTimes(
    actuator_wait_s=30.0, accept_wait_s=1.0, n_attempts=30, n_tries=3, lost_wait_s=2.5,
    session_wait_s=2.0,
)  # fmt: skip
SIGNAL, ROAD = "signal", "road_segment"


@pytest.fixture(scope="module")
def patched() -> Iterator[None]:
    """Effects are seen soon or never."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (close_road, set_signal_plan):
            patch.setattr(module, "COMMAND", _with_quick_effect(module.COMMAND))
        yield


def _with_quick_effect(usual: Any) -> Any:
    def effect(target_id: str, params: Any) -> Any:
        return dataclasses.replace(usual.effect(target_id, params), deadline_s=15.0)

    return dataclasses.replace(usual, effect=effect)


def died(process: BaseProcess) -> None:
    """Wait for its own SIGKILL."""
    process.join(30)
    assert process.exitcode == -signal.SIGKILL, f"it never came to that step ({process.exitcode})"


# --- the adapter ----------------------------------------------------------------------------------


@dataclass
class Case:
    """One step at which the adapter of one asset dies."""

    step: str
    kind: str
    shows: bool

    @property
    def name(self) -> str:
        shown = "shown" if self.shows else "unseen"
        return f"{self.kind}.{shown}.{self.step.replace(' ', '-')}"

    @property
    def n(self) -> int:
        return ADAPTER_STEPS.index(self.step)

    @property
    def is_begun(self) -> bool:
        """Whether it died with an intent and without a result."""
        return ADAPTER_STEPS.index("intent kept") <= self.n < ADAPTER_STEPS.index("kept done")

    @property
    def is_done(self) -> bool:
        return self.n >= ADAPTER_STEPS.index("acted")

    @property
    def attempts(self) -> list[list[int]]:
        """Attempts that may have been carried out in the end, each once."""
        if not self.is_begun:
            return [[1]]
        first = [1] if self.is_done else []
        if self.kind == ROAD:
            return [first]
        is_heard = self.n >= ADAPTER_STEPS.index("sent accepted")
        seen_first = [[1]] if self.is_done and is_heard and self.shows else []
        return [[*first, 2], *seen_first]  # the city may have shown it before it was asked again

    @property
    def state(self) -> CommandState:
        if self.shows and self.attempts[0]:
            return S.VERIFIED
        return S.UNKNOWN if self.is_begun and self.kind == ROAD else S.TIMED_OUT


CASES = {
    case.name: case
    for kind in (SIGNAL, ROAD)
    for shows in (True, False)
    for step in ADAPTER_STEPS
    for case in (Case(step, kind, shows),)
    if shows or (kind == ROAD and case.is_begun)  # else it ends TIMED_OUT, which is no news here
}


@dataclass
class Ended:
    """How one went."""

    command: Command
    acts: list[tuple[str, int]]
    n_submitted: int


@pytest.fixture(scope="module")
def ends(patched: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ended]]:
    """Plays all cases at once on one hub."""
    folder = tmp_path_factory.mktemp("mortal")
    with contextlib.ExitStack() as stack:
        hub = stack.enter_context(running_hub(folder / "journal.sqlite", times=TIMES))
        ada = stack.enter_context(console(hub.addresses.control, folder))
        children = {name: _adapter(hub, folder, case, case.step) for name, case in CASES.items()}
        try:
            requests = {name: _submitted(ada, case) for name, case in CASES.items()}
            for name, case in CASES.items():
                died(children[name])
                children[name] = _adapter(hub, folder, case)
            yield _ended(ada, folder, requests)
        finally:
            for child in children.values():
                child.kill()
                child.join(10)


def _adapter(hub: Hub, folder: Path, case: Case, die_at: str = "") -> BaseProcess:
    return started(
        mortal.adapter, addresses=msgspec.msgpack.encode(hub.addresses), folder=str(folder),
        name=case.name, kind=case.kind, shows=case.shows, die_at=die_at,
    )  # fmt: skip


def _submitted(ada: HubClient, case: Case) -> CommandRequest:
    args = {"plan": 2} if case.kind == SIGNAL else {}
    one = request(KINDS[case.kind][0], case.name, args)
    ada.submit(one)
    return one


def _ended(ada: HubClient, folder: Path, requests: dict[str, CommandRequest]) -> dict[str, Ended]:
    def all_over() -> bool:
        commands = polled(ada).room.commands
        found = [commands.get(one.id) for one in requests.values()]
        return all(command is not None and command.is_terminal for command in found)

    until(all_over, 90.0, "an end of every command")
    ended = {}
    for name, one in requests.items():
        path = folder / f"{name}.acts"
        lines = path.read_text().splitlines() if path.exists() else []
        acts = [(line.split()[0], int(line.split()[1])) for line in lines]
        n_submitted = sum(
            e.kind == "command.submitted" and e.body["request"]["id"] == one.id
            for e in ada.room.activity
        )
        ended[name] = Ended(ada.room.commands[one.id], acts, n_submitted)
    return ended


@pytest.mark.parametrize("name", CASES)
def test_an_adapter_killed_at(name: str, ends: dict[str, Ended]) -> None:
    case, end = CASES[name], ends[name]
    assert [attempt for _, attempt in end.acts] in case.attempts, "each attempt once"
    assert {command_id for command_id, _ in end.acts} <= {end.command.request.id}
    assert end.command.state is case.state, end.command.state_text
    if end.command.state is S.UNKNOWN:
        assert end.command.state_text == (
            f"{name} was restarted after it had begun; nobody knows what it did, and the effect was"
            " not observed"
        )


# --- the console ----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", CONSOLE_STEPS)
def test_a_console_killed_at(step: str, console_hub: tuple[Hub, HubClient, Path]) -> None:
    hub, ada, folder = console_hub
    name = step.replace(" ", "-")
    asset = f"signal-{name}"
    actuator = started(
        mortal.adapter, addresses=msgspec.msgpack.encode(hub.addresses), folder=str(folder),
        name=asset, kind=SIGNAL, shows=True,
    )  # fmt: skip
    one = request(target_id=asset)
    role = {"control": hub.addresses.control, "folder": str(folder), "name": name}
    died(started(mortal.console, **role, request=msgspec.msgpack.encode(one), die_at=step))
    again = started(mortal.console, **role, request=b"")
    try:
        if step == "before outbox":
            marker = request(target_id=asset)  # whatever was to come has come before this ends
            ada.submit(marker)
            until(lambda: _is_over(ada, marker), 30.0)
            assert one.id not in ada.room.commands, "it was never kept, so nobody was told it was"
            return
        until(lambda: _is_over(ada, one), 30.0, f"{one.id} killed {step}")
        assert ada.room.commands[one.id].state is S.VERIFIED
        acts = (folder / f"{asset}.acts").read_text().split("\n")
        assert acts == [f"{one.id} 1", ""], "carried out once"
        keys = [e.key for e in ada.room.activity if e.kind == "command.submitted"]
        assert keys.count(one.id) == 1
    finally:
        for process in (actuator, again):
            process.kill()
            process.join(10)


@pytest.fixture(scope="module")
def console_hub(
    patched: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Hub, HubClient, Path]]:
    """A hub and somebody who watches."""
    folder = tmp_path_factory.mktemp("consoles")
    with (
        running_hub(folder / "journal.sqlite", times=TIMES) as hub,
        console(hub.addresses.control, folder) as ada,
    ):
        yield hub, ada, folder


def _is_over(ada: HubClient, one: CommandRequest) -> bool:
    command = polled(ada).room.commands.get(one.id)
    return command is not None and command.is_terminal
