"""A console that ends natively leaves what it was doing; the next one tells of it once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from viewer.crash_notes import left_behind, noted

_CRASHES = """
import ctypes, sys
from pathlib import Path
from viewer.crash_notes import noted
def where_it_happened():
    ctypes.string_at(0)
with noted(Path(sys.argv[1])):
    where_it_happened()
"""
_KILLED = """
import os, signal, sys
from pathlib import Path
from viewer.crash_notes import noted
with noted(Path(sys.argv[1])):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _run(text: str, folder: Path) -> int:
    return subprocess.run(
        [sys.executable, "-c", text, str(folder)], check=False, capture_output=True
    ).returncode


def test_a_native_end_is_told_once_with_its_place(tmp_path: Path) -> None:
    assert _run(_CRASHES, tmp_path) < 0
    (sentence,) = left_behind(tmp_path)
    assert "ended by itself" in sentence
    (kept,) = tmp_path.glob("crash-*.txt")
    assert str(kept) in sentence
    assert "where_it_happened" in kept.read_text()
    assert left_behind(tmp_path) == []
    assert kept.exists()


def test_a_killed_console_and_one_that_ended_in_order_tell_nothing(tmp_path: Path) -> None:
    assert _run(_KILLED, tmp_path) == -9
    assert list(tmp_path.iterdir())
    assert left_behind(tmp_path) == []
    with noted(tmp_path):
        assert left_behind(tmp_path) == []
    assert not list(tmp_path.iterdir())


def test_only_the_newest_notes_are_kept(tmp_path: Path) -> None:
    for n in range(14):
        (tmp_path / f"crash-202601{n + 10}-000000-1.txt").write_text("stacks")
    left_behind(tmp_path)
    assert len(list(tmp_path.iterdir())) == 10
    assert not (tmp_path / "crash-20260110-000000-1.txt").exists()


def test_one_that_still_runs_is_left_alone(tmp_path: Path) -> None:
    running = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    path = tmp_path / f"running-{running.pid}.txt"
    path.write_text("not mine")
    try:
        assert left_behind(tmp_path) == []
        assert path.exists()
    finally:
        running.communicate()
