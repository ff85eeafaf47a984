"""A short run of a hub with the simulator, recorded from beginning to end."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.twin.hub_rig import HubProcess, console, polled, request, until
from twin.room.model import TERMINAL_STATES

SIM = ("sim", "--buildings", "500", "--datastreams", "250", "--units", "20", "--weather", "clear")


class RecordedRun(NamedTuple):
    """What is left of it."""

    path: Path
    journal: Path
    n_commands: int


def recorded_run(folder: Path, n_commands: int = 6) -> RecordedRun:
    """Some commands, notes and messages with the simulator as the city."""
    path, journal = folder / "run.mcap", folder / "run.sqlite"
    with HubProcess(journal, "--ephemeral") as hub:
        control = hub.addresses.control
        children = [
            start("record", "--hub", control, "-o", str(path)),
            start(*SIM, "--hub", control),
        ]
        try:
            with console(control, folder) as ada:
                _work(ada, n_commands)
        finally:
            for child in reversed(children):
                child.send_signal(signal.SIGTERM)
            for child in reversed(children):
                child.wait(20)
        hub.stop()
    return RecordedRun(path, journal, n_commands)


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """``civitwin`` with arguments."""
    return subprocess.Popen([sys.executable, "-m", "viewer.cli", *arguments])


def _work(ada: Any, n_commands: int) -> None:
    def actor(event: Any) -> bool:
        return bool(event.kind == "actuator.joined")

    until(lambda: any(map(actor, polled(ada).room.activity)), 60, "the simulator")
    until(lambda: len(polled(ada).room.operators) == 2, 30, "the recorder")
    for n in range(n_commands):
        asked = request("signal.set_plan", f"signal-{n + 1}", {"plan": 2})
        ada.submit(asked)
        ada.act("message.post", {"channel": "room", "text": f"Plan 2 at signal {n}"})

        def is_over(key: str = asked.id) -> bool:
            command = polled(ada).room.commands.get(key)
            return command is not None and command.state in TERMINAL_STATES

        until(is_over, 30, "a command that is over")
        ada.add_note(f"That was {n}")
    ada.add_note("the end")
    until(lambda: any(e.body.get("text") == "the end" for e in polled(ada).room.activity))
