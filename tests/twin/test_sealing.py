"""Sealed recordings: another party sees every change."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from tests.conftest import ROOT
from tests.twin import recordings
from tests.twin.recordings import START_NS
from twin.clock import NS_PER_S, SystemClock
from twin.playback.replay import Replay
from twin.recording.form import RecordingError
from twin.recording.reading import Recording
from twin.recording.sealing import seal
from twin.recording.verify import UnreadableError, sentence, verify

N_FLIPS = 200


@dataclass(frozen=True)
class Key:
    signing: SigningKey = field(default_factory=lambda: SigningKey(bytes(range(32))))

    @property
    def public_key(self) -> bytes:
        return bytes(self.signing.verify_key)

    def sign(self, message: bytes, /) -> bytes:
        return self.signing.sign(message).signature


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    recordings.record(tmp_path / "a.mcap")
    recording = Recording(tmp_path / "a.mcap")
    path = tmp_path / "sealed.mcap"
    seal(
        recording, path, key=Key(), reason="Inquiry 7", now_ns=1,
        start_ns=START_NS + 40 * NS_PER_S, end_ns=START_NS + 50 * NS_PER_S,
    )  # fmt: skip
    recording.close()
    return path


def test_a_sealed_span_is_checked_and_replayed(sealed: Path) -> None:
    report = verify(sealed, [Key().public_key.hex()])
    assert report.problem == ""
    assert report.signature == "right"
    assert "Inquiry 7" in sentence(report)
    recording = Recording(sealed)
    assert recording.is_whole
    replay = Replay(recording, clock=SystemClock())
    replay.seek(START_NS + 45 * NS_PER_S)
    assert replay.room.seq == 45
    assert recording.end_ns == START_NS + 50 * NS_PER_S
    recording.close()


def test_another_key_or_none_is_noticed(sealed: Path, tmp_path: Path) -> None:
    assert "sealed by another key" in verify(sealed, ["00" * 32]).problem
    plain = verify(tmp_path / "a.mcap")
    assert plain.problem == ""
    assert "not sealed" in sentence(plain)
    assert verify(tmp_path / "a.mcap", ["00" * 32]).problem == "The recording is not sealed"


def test_every_flip_and_cut_is_noticed(sealed: Path, tmp_path: Path) -> None:
    data, rng = sealed.read_bytes(), random.Random(7)
    end = data.rindex(b"reason")  # behind the seal stands the summary, which is no evidence
    path = tmp_path / "changed.mcap"
    for _ in range(N_FLIPS):
        at = rng.randrange(8, end)
        changed = bytearray(data)
        changed[at] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        found = verify(path, [Key().public_key.hex()])
        assert found.problem, (at, bytes(changed[at - 30 : at + 20]))
    for percent in range(1, 100, 7):
        path.write_bytes(data[: len(data) * percent // 100])
        assert verify(path, [Key().public_key.hex()]).problem


def test_a_chunk_taken_out_is_noticed(sealed: Path, tmp_path: Path) -> None:
    recording = Recording(sealed)
    first, second = recording.chunks[2], recording.chunks[3]
    recording.close()
    data = sealed.read_bytes()
    path = tmp_path / "less.mcap"
    path.write_bytes(data[: first.offset] + data[second.offset :])
    assert "is not as it was written" in verify(path).problem


def test_what_cannot_be_sealed_is_said(tmp_path: Path) -> None:
    recordings.record(tmp_path / "a.mcap")
    recording = Recording(tmp_path / "a.mcap")
    with pytest.raises(RecordingError, match="nothing of this span"):
        seal(recording, tmp_path / "b.mcap", key=Key(), reason="", now_ns=1, end_ns=5)
    assert not (tmp_path / "b.mcap").exists()
    recording.close()
    with pytest.raises(UnreadableError, match="cannot be opened"):
        verify(tmp_path / "none.mcap")
    (tmp_path / "c.mcap").write_bytes(b"hello")
    with pytest.raises(UnreadableError, match="no MCAP"):
        verify(tmp_path / "c.mcap")


def test_the_stand_alone_file_says_the_same(sealed: Path) -> None:
    alone = ROOT / "scripts" / "verify_recording.py"
    assert alone.read_text() == (ROOT / "twin" / "recording" / "verify.py").read_text()
    done = subprocess.run(
        [sys.executable, "-I", str(alone), str(sealed), "--public-key", Key().public_key.hex()],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode == 0
    assert "sealed by" in done.stdout
