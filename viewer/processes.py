"""Child processes of a console: its private hub, the simulator, a feed.

They are started with a pipe as standard input and end by themselves when it closes, so that not
even a killed console leaves one behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from twin.errors import TwinError

EXIT_WITH_STDIN = "CIVITWIN_EXIT_WITH_STDIN"
STOP_TIMEOUT_S = 5.0


class ChildFailedError(TwinError):
    """A child process ended before it was ready."""


def own_command(*arguments: str) -> list[str]:
    """Command line that runs this very program, from source or from a bundle."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    return [sys.executable, "-m", "viewer.cli", *arguments]


def end_with_stdin() -> None:
    """Stop this process (SIGTERM to itself) when its standard input closes, if so asked.

    Called once by the command line; does nothing unless the parent set ``EXIT_WITH_STDIN``.
    """
    if not os.environ.pop(EXIT_WITH_STDIN, ""):
        return

    def wait_for_parent() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_parent, name="parent-watch", daemon=True).start()


class ChildProcess:
    """One child that prints a JSON line when it is ready. GUI thread; waiting is done in threads.

    Parameters
    ----------
    name : for messages, e.g. "hub"
    arguments : of ``civitwin``
    on_ready : called once *on a worker thread* with the parsed ready line
    on_end : called once on a worker thread with the exit status
    log_path : where its standard error goes
    """

    def __init__(
        self,
        *,
        name: str,
        arguments: Sequence[str],
        log_path: Path,
        on_ready: Callable[[Mapping[str, object]], None] | None = None,
        on_end: Callable[[int], None] | None = None,
    ) -> None:
        self.name = name
        self.log_path = log_path
        self._on_ready = on_ready
        self._on_end = on_end
        self._is_stopping = False
        with log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                own_command(*arguments),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | {EXIT_WITH_STDIN: "1"},
                start_new_session=True,  # Ctrl+C is for the console, which then ends its children
            )
        self._watcher = threading.Thread(target=self._watch, name=f"{name}-watch", daemon=True)
        self._watcher.start()

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def stop(self) -> int:
        """End the child: SIGTERM, then SIGKILL after some seconds. Returns its exit status."""
        self._is_stopping = True
        if self._process.poll() is None:
            self._process.terminate()
        try:
            status = self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._watcher.join(STOP_TIMEOUT_S)
        return status

    def _watch(self) -> None:
        stdout = self._process.stdout
        if stdout is None:
            return
        with stdout:
            for line in stdout:
                ready = _ready_line(line)
                if ready is not None and self._on_ready is not None:
                    on_ready, self._on_ready = self._on_ready, None
                    on_ready(ready)
        status = self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._on_end is not None and not self._is_stopping:
            self._on_end(status)


def _ready_line(line: bytes) -> Mapping[str, object] | None:
    """The fields of ``{"ready": true, …}``; None for any other output."""
    try:
        fields = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    return fields if isinstance(fields, dict) and fields.get("ready") else None


def last_line(log_path: Path) -> str:
    """What a child said last on standard error, "" for nothing; for the message to the person."""
    try:
        lines = log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].removeprefix("civitwin: ") if lines else ""


def end_text(status: int, log_path: Path) -> str:
    """Why a child ended, for a person: its last words, else what ended it."""
    said = last_line(log_path)
    if status < 0:
        what = f"it was stopped from outside (signal {-status}); its values stay as last heard"
        return f"{what}; it said: {said}" if said else what
    return said or f"status {status}"
