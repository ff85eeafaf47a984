"""Runs a command and watches the memory of it and all its children."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_S = 0.1


@dataclass(frozen=True, slots=True)
class Watched:
    """What a watched command printed and needed.

    Attributes
    ----------
    text : its standard output
    peak_rss_mb : most resident memory of the whole process tree, MiB; shared pages count once a
        process, for both sides alike
    peak_pss_mb : the same with shared pages divided among their users, MiB
    """

    text: str
    peak_rss_mb: float
    peak_pss_mb: float
    seconds: float


def watch(command: Sequence[str], *, folder: Path, timeout_s: float) -> Watched:
    """Run to the end.

    Raises
    ------
    RuntimeError
        It failed or took too long; with the end of what it said.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        list(command), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    root = psutil.Process(process.pid)
    peak_rss = peak_pss = 0.0
    while process.poll() is None:
        rss, pss = _memory_mb(root)
        peak_rss, peak_pss = max(peak_rss, rss), max(peak_pss, pss)
        if time.perf_counter() - started > timeout_s:
            _end(root)
            raise RuntimeError(f"{command[0]} took over {timeout_s:.0f} s")
        time.sleep(SAMPLE_S)
    text, errors = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {errors[-2000:]}")
    return Watched(text, peak_rss, peak_pss, time.perf_counter() - started)


def _memory_mb(root: psutil.Process) -> tuple[float, float]:
    rss = pss = 0
    try:
        members = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0, 0.0
    for member in members:
        try:
            memory = member.memory_full_info()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        rss += memory.rss
        pss += getattr(memory, "pss", memory.rss)
    return rss / 2**20, pss / 2**20


def _end(root: psutil.Process) -> None:
    for member in [*root.children(recursive=True), root]:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
