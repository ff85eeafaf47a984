"""The times of a recorded scene: from the scene's clock to moments of the recording and back."""

from __future__ import annotations

import msgspec
import numpy as np

from twin.errors import TwinError
from twin.playback.tape import Tape
from twin.recording.form import EVENT
from twin.recording.reading import mask_of


class NoSceneError(TwinError):
    """A recording holds no scene."""


class _Event(msgspec.Struct):
    kind: str
    body: msgspec.Raw


class _Message(msgspec.Struct):
    event: _Event


class _Body(msgspec.Struct):
    kind: str
    scene_s: float
    title: str = ""
    text: str = ""
    narration: str = ""
    seconds: float = 0.0


_decoder = msgspec.json.Decoder(_Message)


class SceneTape:
    """Reads the cues of a recording.

    Attributes
    ----------
    title : of the scene
    length_s : of the scene, as it was played
    captions : (scene_s, seconds, text) of each caption with words, narration in the text's place
        where there is one

    Raises
    ------
    NoSceneError
        No scene begins in the recording.
    """

    def __init__(self, tape: Tape) -> None:
        self.title = ""
        times: list[int] = []
        scene_s: list[float] = []
        captions: list[tuple[float, float, str]] = []
        for message in tape.messages(channels=mask_of(EVENT)):
            event = _decoder.decode(message.data).event
            if event.kind != "cue.shown":
                continue
            cue = msgspec.json.decode(event.body, type=_Body)
            if cue.kind == "scene" and cue.text != "over":
                self.title = cue.title
                times, scene_s, captions = [], [], []
            words = cue.narration or " – ".join(one for one in (cue.title, cue.text) if one)
            if cue.kind == "caption" and words:
                captions.append((cue.scene_s, cue.seconds, words))
            if not scene_s or cue.scene_s > scene_s[-1]:
                times.append(message.t_ns)
                scene_s.append(cue.scene_s)
        if len(times) < 2:
            raise NoSceneError("No scene was played in this recording")
        self._start_ns = times[0]
        self._passed_ns = np.array(times, dtype=np.int64) - self._start_ns
        self._scene_s = np.array(scene_s)
        self.length_s = scene_s[-1]
        self.captions = tuple(captions)

    def moment_ns(self, scene_s: float) -> int:
        """The moment of the recording at a time of the scene."""
        passed = np.interp(scene_s, self._scene_s, self._passed_ns.astype(np.float64))
        return self._start_ns + round(float(passed))

    def scene_time(self, t_ns: int) -> float:
        """The time of the scene at a moment of the recording."""
        return float(np.interp(t_ns - self._start_ns, self._passed_ns, self._scene_s))


def subtitles(captions: tuple[tuple[float, float, str], ...], length_s: float, speed: float) -> str:
    """The captions as WebVTT, for a film that runs `speed` times as fast as the scene."""
    lines = ["WEBVTT", ""]
    for row, (start_s, seconds, text) in enumerate(captions):
        next_s = captions[row + 1][0] if row + 1 < len(captions) else length_s
        end_s = min(start_s + seconds, next_s) if seconds > 0 else next_s
        lines += [f"{_stamp(start_s / speed)} --> {_stamp(end_s / speed)}", text, ""]
    return "\n".join(lines)


def _stamp(seconds: float) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{milliseconds:03d}"
