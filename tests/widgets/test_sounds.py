"""Chimes: made here, as loud as wanted, never in a row."""

from __future__ import annotations

import io
import sys
import wave

import numpy as np
import pytest

from twin.clock import FakeClock
from widgets.sound_dialog import SoundDialog
from widgets.sounds import (
    ALARM_CHIMES,
    PAUSE_S,
    RATE_HZ,
    Sounds,
    SystemPlayer,
    chime_samples,
    chime_wav,
)


@pytest.mark.parametrize("chime", ["call", "urgent", *ALARM_CHIMES.values()])
def test_a_chime_is_a_wav_of_its_volume_without_clicks(chime: str) -> None:
    samples = chime_samples(chime, 0.5)
    assert 0.3 < np.abs(samples).max() <= 0.5
    assert abs(samples[0]) < 0.01
    assert abs(samples[-1]) < 0.01
    assert np.abs(np.diff(samples)).max() < 0.25
    with wave.open(io.BytesIO(chime_wav(chime, 0.5))) as read:
        assert (read.getframerate(), read.getnchannels()) == (RATE_HZ, 1)
        assert read.getnframes() == len(samples)
        frames = np.frombuffer(read.readframes(read.getnframes()), "<i2")
    np.testing.assert_allclose(frames / 32_000, samples, atol=1e-4)


def rig(mode: str = "all", volume: float = 0.5) -> tuple[Sounds, list[bytes], FakeClock]:
    played: list[bytes] = []
    clock = FakeClock()
    sounds = Sounds(clock=clock, play=played.append, mode=lambda: mode, volume=lambda: volume)
    return sounds, played, clock


def test_it_rings_once_in_a_while_not_in_a_row() -> None:
    sounds, played, clock = rig()
    assert sounds.ring(2)
    assert not sounds.ring(4)
    clock.advance_s(PAUSE_S)
    assert sounds.ring(4)
    assert played == [chime_wav("call", 0.5), chime_wav("urgent", 0.5)]


@pytest.mark.parametrize(
    ("mode", "volume", "significance", "rings"),
    [
        ("off", 0.5, 4, False),
        ("urgent", 0.5, 2, False),
        ("urgent", 0.5, 3, True),
        ("all", 0.5, 1, True),
        ("all", 0.0, 4, False),
    ],
)
def test_it_is_as_quiet_as_the_person_wants(mode, volume, significance, rings) -> None:
    sounds, played, _ = rig(mode, volume)
    assert sounds.ring(significance) is rings
    assert bool(played) is rings


@pytest.mark.skipif(sys.platform == "win32", reason="Windows plays by itself")
def test_a_player_gets_the_file_and_is_ended_with_the_console(tmp_path, monkeypatch, qapp) -> None:
    seen = tmp_path / "seen.wav"
    program = tmp_path / "aplay"
    program.write_text(f'#!/bin/sh\ncp "$1" {seen}.part\nmv {seen}.part {seen}\nexec sleep 60\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("widgets.sounds._PLAYERS", ("aplay",))
    player = SystemPlayer()
    player.play(chime_wav("call", 0.5))
    for _ in range(1000):
        if seen.exists():
            break
        __import__("time").sleep(0.005)
    assert seen.read_bytes() == chime_wav("call", 0.5)
    process, folder = player._process, player._folder.name
    player.play(chime_wav("urgent", 0.5))
    assert player._process is process, "one at a time"
    player.close()
    assert process.poll() is not None
    assert not (tmp_path / folder).exists()


def test_without_a_player_it_beeps(monkeypatch, qapp) -> None:
    monkeypatch.setattr("widgets.sounds._PLAYERS", ("no-such-player",))
    beeps: list[int] = []
    monkeypatch.setattr("widgets.sounds.QApplication.beep", lambda: beeps.append(1))
    player = SystemPlayer()
    player.play(chime_wav("call", 0.5))
    player.close()
    assert beeps == [1]


def test_the_dialog_changes_at_once(qtbot, qapp) -> None:
    from PySide6.QtWidgets import QPushButton, QWidget

    window = QWidget()
    qtbot.addWidget(window)
    told: list[object] = []
    dialog = SoundDialog(
        window,
        mode="all",
        volume=0.5,
        changed=lambda mode, volume: told.append((mode, volume)),
        try_out=told.append,
    )
    dialog.volume.setValue(80)
    dialog.mode.setCurrentIndex(dialog.mode.findData("urgent"))
    buttons = {b.text(): b for b in dialog.findChildren(QPushButton)}
    buttons["Hear an urgent call"].click()
    assert told == [("all", 0.8), ("urgent", 0.8), "urgent"]
    buttons["Close"].click()
