"""Runs ``civitwin snapshot`` or ``film`` beside the console: progress, cancelling, last words."""

from __future__ import annotations

import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

from twin.errors import TwinError
from twin.export.beside import beside
from viewer.processes import EXIT_WITH_STDIN, STOP_TIMEOUT_S, end_text, own_command
from widgets.bridge import JobProgress

_LOOK_S = 0.1


class DrawingFailedError(TwinError):
    """The process that drew a picture or a film ended without one."""


def run_drawing(arguments: Sequence[str], report: JobProgress) -> None:
    """Run ``civitwin`` with ``--progress`` until it has ended. Blocking: a worker's thread.

    What ``report`` raises (the job was cancelled) ends the process, which then leaves no half
    written file. The process also ends when this one does.

    Raises
    ------
    DrawingFailedError
        It did not succeed; with what it said last.
    """
    with tempfile.TemporaryDirectory(prefix="civitwin-drawing-") as folder:
        log_path = Path(folder) / "log"
        with log_path.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                own_command(*arguments, "--progress"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | {EXIT_WITH_STDIN: "1"},
                start_new_session=True,
            )
        try:
            status = _follow(process, report)
        finally:
            if not _end(process) and "-o" in arguments:  # it had no time to tidy up
                beside(Path(arguments[arguments.index("-o") + 1])).unlink(missing_ok=True)
        if status:
            raise DrawingFailedError(f"It was not made: {end_text(status, log_path)}")


def _follow(process: subprocess.Popen[bytes], report: JobProgress) -> int:
    """Tell its progress until it ends; its exit status."""
    told: queue.SimpleQueue[float | None] = queue.SimpleQueue()
    reader = threading.Thread(
        target=_read, args=(process.stdout, told), name="drawing-progress", daemon=True
    )
    reader.start()
    fraction = 0.0
    while True:
        try:
            said = told.get(timeout=_LOOK_S)
        except queue.Empty:
            said = fraction
        if said is None:
            return process.wait()
        fraction = said
        report(fraction)


def _read(stream: IO[bytes] | None, told: queue.SimpleQueue[float | None]) -> None:
    for line in stream or ():
        fraction = fraction_in(line)
        if fraction is not None:
            told.put(fraction)
    told.put(None)


def fraction_in(line: bytes) -> float | None:
    """The share done that a line tells, None for any other line."""
    try:
        fields = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    known = fields.get("fraction") if isinstance(fields, dict) else None
    return float(known) if isinstance(known, (int, float)) else None


def _end(process: subprocess.Popen[bytes]) -> bool:
    """Make sure that it is over; False when it had to be killed."""
    has_ended = True
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        has_ended = False
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    return has_ended
