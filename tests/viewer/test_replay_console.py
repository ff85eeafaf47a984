"""A recording in a real window."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.twin import recordings
from tests.viewer.console_run import run_console

pytestmark = pytest.mark.display
VIOLET = (0x7A, 0x4F, 0xD0)


def test_a_recording_plays_in_a_violet_frame_without_any_hub(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    recordings.record(path, n_seconds=60)
    arguments = ("replay", str(path), "--city", "demo:500:1", "--at", "+20", "--speed", "2")
    report, image = run_console(tmp_path, *arguments, "--theme", "light", seconds=9)
    assert report["samples_received"] > 20
    assert report["datastreams"] == 4
    assert report["sample_gaps"] == 0
    assert image.getpixel((image.width // 2, 1)) == VIOLET
    assert image.getpixel((1, image.height // 2)) == VIOLET
    assert not list(tmp_path.rglob("outbox*"))
