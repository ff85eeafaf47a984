"""A recorder at a real hub, stepping by itself, and what its file holds."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec

from tests.twin.hub_rig import CLOCK
from twin.link.control import EventMessage
from twin.recording.form import EVENT, ROOM, Picture
from twin.recording.keeping import Keeper
from twin.recording.reading import Recording, mask_of
from twin.recording.recorder import Recorder
from twin.room.fold import Room


class Stepping:
    """A recorder stepping on a thread of its own."""

    def __init__(self, endpoint: str, path: Path, **more: Any) -> None:
        self.recorder = Recorder(endpoint=endpoint, keeper=Keeper(path), clock=CLOCK, **more)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Recorder:
        self.recorder.start()
        self._thread.start()
        return self.recorder

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.recorder.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.recorder.step(0.05)


def events_of(path: Path) -> list[int]:
    """Numbers of the facts that a recording holds."""
    recording = Recording(path)
    found = [
        msgspec.json.decode(m.data, type=EventMessage).event.seq
        for m in recording.messages(channels=mask_of(EVENT))
    ]
    recording.close()
    return found


def folded(path: Path) -> Room:
    """The room at the end of a recording: its first picture and all facts after it."""
    recording = Recording(path)
    picture = next(recording.messages(channels=mask_of(ROOM)))
    room = Room.from_bytes(msgspec.msgpack.decode(picture.data, type=Picture).room)
    for message in recording.messages(channels=mask_of(EVENT)):
        room.apply(msgspec.json.decode(message.data, type=EventMessage).event)
    recording.close()
    return room
