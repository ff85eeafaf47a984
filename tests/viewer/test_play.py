"""``civitwin play``: real hub, city, operators; exit status, report, recording."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.clock import SystemClock
from twin.journal.sqlite import SqliteJournal
from twin.playback.replay import Replay
from twin.recording.reading import Recording
from twin.room.fold import Room
from twin.room.parts.cues import Cues
from twin.theme import load_theme
from viewer.cli import main
from viewer.stage.scene_film import FilmOptions, SceneFilm

SMALL = Path(__file__).parent / "scenes" / "small.yaml"
N_MOMENTS = 50
#: Whole scenes are played; a machine that is shared takes its time.
pytestmark = pytest.mark.timeout(500)
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


@pytest.fixture(scope="module")
def cloudburst(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with report, recording and journal of the scene, played once."""
    folder = tmp_path_factory.mktemp("cloudburst")
    done = play("cloudburst", "--pace", "5", "--report", str(folder / "r.json"), "--record",
                str(folder / "run.mcap"), "--keep", str(folder / "kept"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def test_cloudburst_passes_and_its_recording_is_the_hubs_room(cloudburst: Path) -> None:
    report = json.loads((cloudburst / "r.json").read_text())
    assert report["failed"] == 0, report["failures"]
    assert report["passed"] == report["expectations"] >= 20
    hashes = hashes_of(cloudburst / "kept" / "journal.sqlite")
    assert hashes[report["events"]] == report["state_hash"]
    recording = Recording(cloudburst / "run.mcap")
    assert recording.is_whole
    replay = Replay(recording, clock=SystemClock())
    rng, seen = random.Random(50), set()
    for _ in range(N_MOMENTS):
        replay.seek(rng.randrange(recording.start_ns, recording.end_ns))
        assert not replay.trouble
        assert replay.room.state_hash() == hashes[replay.room.seq]
        seen.add(replay.room.seq)
    assert len(seen) >= 8  # facts come in bunches
    recording.close()


def test_a_film_of_it_has_the_same_frames_each_time_and_its_captions(cloudburst: Path) -> None:
    options = FilmOptions(size_px=(320, 180), fps=5, speed=50.0)
    pictures = []
    for _ in range(2):
        with SceneFilm(cloudburst / "run.mcap", options) as film:
            pictures.append([film.picture(moment_s) for moment_s in (3.0, 48.0, 104.0)])
    for first, second in zip(*pictures, strict=True):
        assert np.array_equal(first, second)
    with SceneFilm(cloudburst / "run.mcap", options) as film:
        film.picture(3.0)
        without = film.picture(15.5)  # between two captions
        assert film.n_frames == 21
        assert film.write(cloudburst / "film.gif", lambda _share: None) == 21
    panel = load_theme("dark").ui["panel"]
    ink = np.array([int(panel[k : k + 2], 16) for k in (1, 3, 5)])
    share = [
        float((np.abs(picture[150:170, 12:100].astype(int) - ink).max(axis=2) < 24).mean())
        for picture in (pictures[0][0], without)
    ]
    assert share[0] > 0.6 > 0.4 > share[1]
    words = (cloudburst / "film.vtt").read_text()
    assert words.startswith("WEBVTT")
    assert "Interlock" in words or "embankment" in words


@pytest.mark.long
@pytest.mark.parametrize(
    ("scene", "pace"), [("stadium-night", "4"), ("substation-fire", "4"), ("quiet-week", "2.5")]
)
def test_the_other_scenes_pass(
    scene: str, pace: str, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    done = play(scene, "--pace", pace, "--report", str(tmp_path / "r.json"))
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert (report["failed"], report["failures"]) == (0, [])
    figure(f"scene {scene}: {report['passed']} of {report['expectations']} came true")
    assert report["passed"] >= 8


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
