"""``civitwin play``: real hub, city, operators; exit status, report, recording."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from twin.clock import SystemClock
from twin.journal.sqlite import SqliteJournal
from twin.playback.replay import Replay
from twin.recording.reading import Recording
from twin.room.fold import Room
from twin.room.parts.cues import Cues
from viewer.cli import main

SMALL = Path(__file__).parent / "scenes" / "small.yaml"
N_MOMENTS = 50
LIMIT_S = 400


def play(*arguments: str) -> subprocess.CompletedProcess[str]:
    """``civitwin play … --headless``."""
    command = [sys.executable, "-m", "viewer.cli", "play", *arguments, "--headless"]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)


def test_a_scene_says_what_came_true_and_what_not(tmp_path: Path) -> None:
    done = play(str(SMALL), "--pace", "2.5", "--report", str(tmp_path / "r.json"),
                "--keep", str(tmp_path / "kept"))  # fmt: skip
    assert done.returncode == 1, done.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    failed = {step["line"]: step["text"] for step in report["failures"]}
    assert (report["expectations"], report["passed"], report["failed"]) == (7, 6, 1), failed
    assert sorted(failed) == [36, 44], failed
    assert "no such incident" in failed[36].casefold() or "no incident" in failed[36].casefold()
    assert "It burns" in failed[44]
    assert "not by 00:00:39" in failed[44]
    cues = last_room(tmp_path / "kept" / "journal.sqlite")[Cues].by_kind
    assert {kind: cue.text for kind, cue in cues.entries.items()} == {"scene": "over"}


def last_room(journal: Path) -> Room:
    """The room after the last event of a journal."""
    room = Room()
    opened = SqliteJournal(journal)
    for event in opened.events():
        room.apply(event)
    opened.close()
    return room


def test_cloudburst_passes_and_its_recording_is_the_hubs_room(tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in ("r.json", "run.mcap", "kept")]
    report_to, record, keep = files
    done = play("cloudburst", "--pace", "5", "--report", report_to, "--record", record,
                "--keep", keep)  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["failed"] == 0, report["failures"]
    assert report["passed"] == report["expectations"] >= 20
    hashes = hashes_of(tmp_path / "kept" / "journal.sqlite")
    assert hashes[report["events"]] == report["state_hash"]
    recording = Recording(tmp_path / "run.mcap")
    assert recording.is_whole
    replay = Replay(recording, clock=SystemClock())
    rng, seen = random.Random(50), set()
    for _ in range(N_MOMENTS):
        replay.seek(rng.randrange(recording.start_ns, recording.end_ns))
        assert not replay.trouble
        assert replay.room.state_hash() == hashes[replay.room.seq]
        seen.add(replay.room.seq)
    assert len(seen) > 20
    recording.close()


def hashes_of(journal: Path) -> dict[int, str]:
    """State hash after each event of a journal."""
    room, hashes = Room(), {0: Room().state_hash()}
    opened = SqliteJournal(journal)
    for event in opened.events():
        room.apply(event)
        hashes[event.seq] = room.state_hash()
    opened.close()
    return hashes


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Name a scene"),
        (["cloudbrst"], "No scene is called “cloudbrst”; did you mean"),
        (["nothing.yaml"], "The script cannot be read"),
        (["cloudburst", "--report", "/nowhere/r.json"], "The folder of --report does not exist"),
        (["cloudburst", "--record", str(SMALL)], "There is a file already"),
    ],
)
def test_what_cannot_be_played_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["play", *arguments, "--headless"]) == 1
    said: Any = capsys.readouterr().err
    assert sentence in said
    assert len(said.strip().splitlines()) == 1


def test_scenes_are_listed_and_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play", "--list"]) == 0
    assert "cloudburst" in capsys.readouterr().out
    assert main(["play", str(SMALL), "--check"]) == 0
    assert "can be played" in capsys.readouterr().out
