"""The processes on stage: hubs, the city, consoles; started, listened to, killed and ended."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from viewer.processes import EXIT_WITH_STDIN, end_text, own_command

READY_S = 60.0
STOP_S = 10.0


class CastError(TwinError):
    """A process on stage did not do what it should."""


class Member:
    """One process; what it prints as JSON lines is kept in `said`.

    One that is given no standard input ends by itself when this process does. With `listens` it
    reads its standard input itself, and lines can be sent to it.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], folder: Path,
        *, environment: Mapping[str, str] | None = None, standard_input: str = "",
        listens: bool = False,
    ) -> None:  # fmt: skip
        self.name = name
        self.log = folder / f"{name}.log"
        self.said: queue.Queue[dict[str, Any]] = queue.Queue()
        self._ready = threading.Event()
        self.ready: dict[str, Any] = {}
        more = dict(environment or {}) if standard_input or listens else {
            EXIT_WITH_STDIN: "1", **(environment or {})
        }  # fmt: skip
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                own_command(*arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, env=os.environ | more, start_new_session=True,
            )  # fmt: skip
        if standard_input and self._process.stdin is not None:
            self._process.stdin.write(standard_input.encode())
            self._process.stdin.close()
        self._reader = threading.Thread(target=self._read, name=f"stage-{name}", daemon=True)
        self._reader.start()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def send(self, line: bytes) -> None:
        """Send one line to a process that listens; one that has ended hears nothing."""
        stdin = self._process.stdin
        if stdin is None or stdin.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            stdin.write(line)
            stdin.flush()

    def await_ready(self) -> dict[str, Any]:
        """Wait for its ready line.

        Raises
        ------
        CastError
            It ended or took too long; with its last words.
        """
        if not self._ready.wait(READY_S) or not self.ready:
            raise CastError(f"{self.name} did not start: {self.last_words()}")
        return self.ready

    def last_words(self) -> str:
        """What it said last on standard error."""
        return end_text(self._process.poll() or 0, self.log)

    def kill(self) -> None:
        """SIGKILL, and wait."""
        if self.is_running:
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(STOP_S)

    def end(self) -> int:
        """SIGTERM, after some seconds SIGKILL; gives the exit status."""
        if self.is_running:
            self._process.terminate()
        try:
            status = self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._reader.join(STOP_S)
        return status

    def _read(self) -> None:
        stdout = self._process.stdout
        if stdout is None:
            return
        with stdout:
            for line in stdout:
                try:
                    fields = json.loads(line)
                except ValueError:
                    continue
                if isinstance(fields, dict) and fields.get("ready"):
                    self.ready = fields
                    self._ready.set()
                elif isinstance(fields, dict):
                    self.said.put(fields)
        self._ready.set()
