"""Films a recorded scene: its own camera, layers, highlights and captions, frame after frame.

A frame depends on the recording and its time alone, not on how fast it is drawn.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scenes.moment import Moment
from scenes.movie import Movie
from scenes.scene_input import NothingSelected, SceneInput, input_from_stores
from twin.arrays import UInt8Array
from twin.clock import NS_PER_S, SystemClock
from twin.errors import TwinError
from twin.operations.alarm_places import alarm_spots, alarms_of_things
from twin.playback.cue_view import CueView
from twin.playback.cursor_clock import CursorClock
from twin.playback.replay import Replay
from twin.playback.scene_tape import SceneTape, subtitles
from twin.recording.reading import Recording
from twin.room.parts.alarms import Alarms
from twin.room.parts.commands import Commands
from twin.room.parts.cues import Cues
from twin.room.parts.incidents import Incidents
from twin.sense.ingest import SampleIngest
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore
from twin.theme import load_theme
from viewer.city_source import CityLoading, demo_named
from viewer.offscreen_city import OffscreenCity

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

FPS = 25
MOST_FRAMES = 100_000
#: What is over is told for so long, seconds of the scene.
_LINGER_S = 12.0
_DATASTREAMS, _UNITS, _KEPT, _UNIT_HISTORY = 20_000, 2_000, 64, 16
_SETTLE_S = 20.0
#: Behind the newest position, so that units move evenly between two of them; recorded seconds.
_BEHIND_S = 0.5
Tell = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmOptions:
    """How a film is made.

    Attributes
    ----------
    speed : seconds of the scene a second of the film
    """

    size_px: tuple[int, int] = (1920, 1080)
    fps: int = FPS
    speed: float = 1.0
    theme: str = "dark"


class SceneFilm:
    """A recorded scene as pictures. One thread; a context.

    Raises
    ------
    TwinError
        The recording cannot be read, holds no scene, or is of no generated city.
    """

    def __init__(self, recording: Path, options: FilmOptions) -> None:
        self._app = _application()
        self._options = options
        self._theme = load_theme(options.theme)
        self._recording = Recording(recording)
        self.tape = SceneTape(self._recording)
        city = demo_named(self._recording.about.city)
        if city is None:
            raise TwinError(f"The recording is not of a scene's city: {recording}")
        loading = CityLoading(city)
        loaded = loading.result()
        self._clock = CursorClock(SystemClock())
        self._store = ObservationStore(capacity=_DATASTREAMS, history=_KEPT, clock=self._clock)
        self._units = UnitStore(capacity=_UNITS, history=_UNIT_HISTORY, clock=self._clock)
        ingest = SampleIngest(endpoint="", store=self._store, units=self._units, clock=self._clock)
        self._replay = Replay(self._recording, clock=self._clock, samples=ingest)
        self._city = OffscreenCity(
            loaded,
            window_px=options.size_px,
            moment=Moment(given=SceneInput(), theme=options.theme),
        )
        self._city.home(options.size_px)
        self._usual = {
            record.id: self._city.scene.is_layer_visible(record.id)
            for record in self._city.scene.layers
        }
        self._view = CueView(self._city.scene.camera.pose)
        self._given: SceneInput | None = None

    def __enter__(self) -> SceneFilm:
        return self

    def __exit__(self, *_: object) -> None:
        self._city.__exit__(None, None, None)
        self._recording.close()

    @property
    def n_frames(self) -> int:
        """How many frames the whole film has."""
        options = self._options
        return int(self.tape.length_s / options.speed * options.fps) + 1

    def write(self, path: Path, tell: Tell) -> int:
        """Write the film, and its captions beside it (WebVTT); gives the number of frames."""
        if self.n_frames > MOST_FRAMES:
            raise TwinError(
                f"A film has at most {MOST_FRAMES:,} frames; this one {self.n_frames:,}"
            )
        speed = self._options.speed
        with Movie(path, self._options.size_px, self._options.fps) as movie:
            for frame in range(self.n_frames):
                movie.add(self.picture(frame / self._options.fps * speed))
                tell((frame + 1) / self.n_frames)
            n_frames = movie.n_frames
        text = subtitles(self.tape.captions, self.tape.length_s, speed)
        path.with_suffix(".vtt").write_text(text, encoding="utf-8")
        return n_frames

    def picture(self, scene_s: float) -> UInt8Array:
        """The picture at a time of the scene: (height, width, 3) uint8, first row at the top."""
        self._go_to(scene_s)
        self._take_look()
        pose = self._view.pose(scene_s)
        if pose is not None:
            self._city.scene.camera.set_pose(pose)
        self._given = self._input()
        self._city.settle(self._given, _SETTLE_S)
        self._city.target.render()
        return self._with_words(self._city.target.pixels(), scene_s)

    def _go_to(self, scene_s: float) -> None:
        t_ns = self.tape.moment_ns(scene_s)
        if 0 <= self._replay.t_ns <= t_ns:
            self._replay.advance(t_ns, budget_ns=None)
        else:
            self._replay.seek(t_ns)
        self._clock.show(t_ns)
        self._view.follow(self._replay.room[Cues].by_kind.entries, scene_s)

    def _take_look(self) -> None:
        """Switch the layers as the scene says; the others are as usual."""
        look, scene = self._view.look, self._city.scene
        for layer_id, is_usual in self._usual.items():
            is_on = (is_usual or layer_id in look.layers_on) and layer_id not in look.layers_off
            if scene.is_layer_visible(layer_id) != is_on:
                scene.set_layer_visible(layer_id, is_on)

    def _input(self) -> SceneInput:
        room = self._replay.room
        alarms = room[Alarms].by_id.entries.values()
        return input_from_stores(
            observations=self._store, units=self._units,
            now_ns=self._clock.now_ns() - round(_BEHIND_S * NS_PER_S),
            selection=NothingSelected(things=self._view.things),
            colour_by=self._view.look.colour_by,
            alarms={key: one.value for key, one in alarms_of_things(alarms).items()},
            alarm_spots=alarm_spots(alarms, self._store.things),
            targets=frozenset(one.request.target_id for one in room[Commands].open),
            incidents=room[Incidents].open, previous=self._given,
        )  # fmt: skip

    def _with_words(self, pixels: UInt8Array, scene_s: float) -> UInt8Array:
        """Burn caption and orders in."""
        from PySide6.QtGui import QImage, QPainter

        from viewer.stage.order_lines import order_lines
        from widgets.parts.caption_art import paint_caption

        now_ns = self.tape.moment_ns(scene_s)
        lingered_s = (now_ns - self.tape.moment_ns(max(scene_s - _LINGER_S, 0.0))) / NS_PER_S
        orders = order_lines(self._replay.room, now_ns, lingered_s)
        frame = np.ascontiguousarray(pixels)
        height, width = frame.shape[:2]
        image = QImage(
            frame.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888
        ).convertToFormat(QImage.Format.Format_RGB32)
        painter = QPainter(image)
        paint_caption(painter, width, height, self._view.caption, orders, self._theme)
        painter.end()
        image = image.convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
        return rows[:, : 3 * width].reshape(height, width, 3).copy()


def _application() -> QApplication:
    """Qt for letters only: without a screen, unless this process has a window already."""
    from PySide6.QtWidgets import QApplication

    known = QApplication.instance()
    if isinstance(known, QApplication):
        return known
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return QApplication(["civitwin"])
