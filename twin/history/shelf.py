"""Which history a console asks: a folder that a recorder keeps, or the recording that is shown.

Values of a recording are read once, as a job, into tables that last as long as the console.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from twin.errors import WireError
from twin.history.asking import History
from twin.history.writing import HistoryWriter
from twin.link.wire_thin import ANNOUNCEMENTS
from twin.recording.form import ANNOUNCED, JSON_LANE, SAMPLES, STATE, unpack_frames
from twin.recording.lane_memory import messages_of_picture
from twin.recording.reading import Recording, mask_of
from twin.signals import Signal

Tell = Callable[[float], None]
_READ = mask_of(SAMPLES, ANNOUNCED, JSON_LANE, STATE)
_TOLD_EVERY = 256


class HistoryShelf:
    """One console's history. GUI thread, but for `opened`.

    Attributes
    ----------
    folder : what a recorder keeps, None = none was chosen
    recording : whose values are asked in its place
    changed : another folder or recording from now on
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.recording: Recording | None = None
        self.changed: Signal[None] = Signal()
        self._lock = threading.Lock()
        self._tables: tempfile.TemporaryDirectory[str] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to ask."""
        return self.folder is None and self.recording is None

    def open_folder(self, folder: Path) -> None:
        """Ask this one from now on; raises `HistoryError` if it is none."""
        History(folder)
        self.folder = folder
        self.changed.emit(None)

    def show_recording(self, recording: Recording) -> None:
        """Ask a recording from now on."""
        self.recording = recording
        self.changed.emit(None)

    def opened(self, tell: Tell = lambda _: None) -> History:
        """The history, to be asked. For a worker: the first time a recording is read for it.

        Raises
        ------
        TwinError
            There is none any more, or it cannot be written.
        """
        if self.recording is None:
            return History(self.folder or Path())
        with self._lock:
            if self._tables is None:
                made = tempfile.TemporaryDirectory(prefix="civitwin-past-")
                try:
                    tables_of(self.recording, Path(made.name), tell)
                except BaseException:
                    made.cleanup()
                    raise
                self._tables = made
            return History(Path(self._tables.name))

    def close(self) -> None:
        """Let go of the tables. Twice is fine."""
        with self._lock:
            tables, self._tables = self._tables, None
        if tables is not None:
            tables.cleanup()


def tables_of(recording: Recording, folder: Path, tell: Tell = lambda _: None) -> int:
    """Write the values of a recording as a history; how many.

    Raises
    ------
    HistoryError
        The disk does not take them.
    """
    writer = HistoryWriter(folder)
    length = max(recording.end_ns - recording.start_ns, 1)
    has_begun = False
    for n, message in enumerate(recording.messages(channels=_READ)):
        if n % _TOLD_EVERY == 0:
            tell(min((message.t_ns - recording.start_ns) / length, 1.0))
        if message.channel != STATE:
            writer.take(_frames(message.data), message.t_ns)
        elif not has_begun:  # what was announced before the recording began
            has_begun = True
            _take_announced(writer, message.data, message.t_ns)
    writer.close()
    return writer.n_written


def _frames(data: bytes) -> list[bytes]:
    try:
        return [bytes(frame) for frame in unpack_frames(data)]
    except WireError:
        return [b""]


def _take_announced(writer: HistoryWriter, state: bytes, t_ns: int) -> None:
    try:
        for frames in messages_of_picture(state):
            if bytes(frames[0]).startswith(ANNOUNCEMENTS):
                writer.take(frames, t_ns)
    except WireError:
        return
