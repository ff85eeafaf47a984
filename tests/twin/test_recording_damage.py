"""Cut off and flipped recordings: every whole chunk comes back, and never wrong data (bar 20)."""

from __future__ import annotations

import random
from bisect import bisect_right
from pathlib import Path

import pytest

from tests.twin import recordings
from twin.recording.form import RecordingError
from twin.recording.reading import Recording
from twin.recording.unpacking import Recorded

N_FLIPS = 300


@pytest.fixture(scope="module", params=[True, False], ids=["closed", "stopped"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "whole.mcap"
    recordings.record(path, n_seconds=40, closed=request.param)
    return path


def chunks_of(path: Path) -> dict[int, tuple[int, list[Recorded]]]:
    """Offset -> end of the chunk, messages."""
    recording = Recording(path)
    found = {}
    for number, at in enumerate(recording.chunks):
        messages = recording.chunk(number)
        if messages is not None:
            found[at.offset] = (at.offset + at.length, messages)
    recording.close()
    return found


def test_every_cut_gives_every_whole_chunk(whole: Path, tmp_path: Path) -> None:
    data, known = whole.read_bytes(), chunks_of(whole)
    assert len(known) >= 40
    path = tmp_path / "cut.mcap"
    for percent in range(100):
        cut = len(data) * percent // 100
        path.write_bytes(data[:cut])
        due = {at: messages for at, (end, messages) in known.items() if end <= cut}
        if not due:
            with pytest.raises(RecordingError):
                Recording(path)
            continue
        found = {at: messages for at, (_, messages) in chunks_of(path).items()}
        assert found == due, percent


def test_every_flip_costs_its_own_chunk_at_most(whole: Path, tmp_path: Path) -> None:
    data, known = whole.read_bytes(), chunks_of(whole)
    starts = sorted(known)
    rng = random.Random(20)
    path = tmp_path / "flipped.mcap"
    for n in range(N_FLIPS):
        flipped = bytearray(data)
        at = rng.randrange(8, len(data))
        flipped[at] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        found = chunks_of(path)
        hit = starts[max(bisect_right(starts, at) - 1, 0)]
        for offset, (end, messages) in known.items():
            if offset == hit and at < end:
                continue
            assert offset in found, (n, at, offset)
            assert found[offset][1] == messages
        for offset, (_, messages) in found.items():
            assert known[offset][1] == messages, (n, at)


def test_a_hole_costs_what_lies_in_it(whole: Path, tmp_path: Path) -> None:
    data, known = whole.read_bytes(), chunks_of(whole)
    starts = sorted(known)
    low, high = starts[10] + 50, starts[14] + 60
    path = tmp_path / "hole.mcap"
    path.write_bytes(data[:low] + bytes(high - low) + data[high:])
    found = chunks_of(path)
    assert set(found) == set(starts) - set(starts[10:15])


def test_damage_is_said(whole: Path, tmp_path: Path) -> None:
    data, known = whole.read_bytes(), chunks_of(whole)
    at = sorted(known)[7]
    flipped = bytearray(data)
    flipped[at + 120] ^= 4
    path = tmp_path / "flipped.mcap"
    path.write_bytes(flipped)
    recording = Recording(path)
    list(recording.messages())
    assert any(f"The chunk at byte {at:,} is damaged" in said for said in recording.damage)
    recording.close()
