"""Sounds of the console: short chimes, made here, played by the system's own player.

A player is a small program of the system (PipeWire's, PulseAudio's, ALSA's, macOS's) in a process
of its own, so that a sound system that hangs harms nobody; Windows plays by itself. Where there is
none, Qt's beep takes its place.
"""

from __future__ import annotations

import io
import logging
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from PySide6.QtWidgets import QApplication

from twin.arrays import Float64Array
from twin.clock import NS_PER_S, Clock
from twin.room.parts.alarms import Priority

_log = logging.getLogger(__name__)
Chime = Literal["call", "urgent", "alarm critical", "alarm high", "alarm medium", "alarm low"]
SoundMode = Literal["all", "urgent", "off"]
SOUND_MODES: dict[SoundMode, str] = {
    "all": "Everything that waits for me, and alarms",
    "urgent": "Only what is serious or grave, and critical and high alarms",
    "off": "No sounds",
}
RATE_HZ = 22_050
#: Two chimes are never nearer to each other.
PAUSE_S = 3.0
_PLAYERS = ("pw-play", "paplay", "aplay", "afplay")
_END_S = 1.0
#: Frequencies of the notes and the length of each, seconds.
_NOTES: dict[Chime, tuple[tuple[float, ...], float]] = {
    "call": ((659.3, 880.0), 0.22),
    "urgent": ((880.0, 659.3, 880.0, 659.3), 0.16),
    "alarm critical": ((1046.5, 1046.5, 1046.5, 784.0, 784.0), 0.13),
    "alarm high": ((932.3, 932.3, 698.5), 0.18),
    "alarm medium": ((784.0, 587.3), 0.24),
    "alarm low": ((587.3,), 0.3),
}

#: Each priority of an alarm sounds in its own way.
ALARM_CHIMES: dict[Priority, Chime] = {
    Priority.CRITICAL: "alarm critical",
    Priority.HIGH: "alarm high",
    Priority.MEDIUM: "alarm medium",
    Priority.LOW: "alarm low",
}


def chime_samples(chime: Chime, volume: float) -> Float64Array:
    """(N,) samples of a chime at `RATE_HZ`, -1 … 1: soft notes that ring out, no click."""
    notes, length_s = _NOTES[chime]
    time_s = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    envelope = np.minimum(time_s / 0.008, 1.0) * np.exp(-time_s / (0.4 * length_s))
    envelope *= np.minimum((length_s - time_s) / 0.01, 1.0)
    parts = [
        np.sin(2 * np.pi * hz * time_s) + 0.25 * np.sin(4 * np.pi * hz * time_s) for hz in notes
    ]
    samples: Float64Array = np.concatenate([part / 1.25 * envelope for part in parts])
    return samples * min(max(volume, 0.0), 1.0)


def chime_wav(chime: Chime, volume: float) -> bytes:
    """The same as a WAV file: mono, 16 bit."""
    frames = np.round(chime_samples(chime, volume) * 32_000).astype("<i2")
    stream = io.BytesIO()
    with wave.open(stream, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(RATE_HZ)
        made.writeframes(frames.tobytes())
    return stream.getvalue()


class SystemPlayer:
    """Plays WAV files, one at a time. GUI thread."""

    def __init__(self) -> None:
        self._program = next(filter(None, map(shutil.which, _PLAYERS)), None)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def play(self, wav: bytes) -> None:
        """Play, unless something still plays."""
        if self._process is not None and self._process.poll() is None:
            return
        if sys.platform == "win32":
            import winsound

            winsound.PlaySound(str(self._file(wav)), winsound.SND_FILENAME | winsound.SND_ASYNC)
        elif self._program is None:
            QApplication.beep()
        else:
            self._run(self._program, self._file(wav))

    def close(self) -> None:
        """Stop what plays and take the files away."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(_END_S)
        self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _run(self, program: str, path: Path) -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the system's own player
                [program, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            _log.warning("No sound can be played (%s): %s", error, program)
            self._program = None
            QApplication.beep()

    def _file(self, wav: bytes) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="civitwin-sound-")
        path = Path(self._folder.name) / "chime.wav"
        path.write_bytes(wav)
        return path


class Sounds:
    """Rings for what waits, as loud and as often as the person wants. GUI thread.

    Parameters
    ----------
    play : plays a WAV file
    mode, volume : asked each time; volume 0 … 1
    """

    def __init__(
        self,
        *,
        clock: Clock,
        play: Callable[[bytes], object],
        mode: Callable[[], SoundMode],
        volume: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._play = play
        self._mode = mode
        self._volume = volume
        self._last_ns: int | None = None

    def ring(self, significance: int, chime: Chime | None = None) -> bool:
        """Ring for something that came; False when it stays quiet.

        Parameters
        ----------
        chime : None = a call, urgent from 3 on
        """
        mode, volume = self._mode(), self._volume()
        is_urgent = significance >= 3
        if mode == "off" or volume <= 0 or (mode == "urgent" and not is_urgent):
            return False
        now_ns = self._clock.monotonic_ns()
        if self._last_ns is not None and now_ns - self._last_ns < PAUSE_S * NS_PER_S:
            return False
        self._last_ns = now_ns
        self._play(chime_wav(chime or ("urgent" if is_urgent else "call"), volume))
        return True

    def try_out(self, chime: Chime) -> None:
        """Play it now, however often."""
        self._play(chime_wav(chime, self._volume()))
