"""Reads a recording: what it is about, its chunks by time, the messages between two moments.

Hard-won rules (tests/twin/test_recording_damage.py):

1. A chunk is given whole or not at all: its checksum is looked at before its first message.
2. Nothing a file holds raises anything but `RecordingError`.
"""

from __future__ import annotations

import mmap
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.recording.form import ABOUT, About, RecordingError
from twin.recording.scanning import ChunkAt, find_chunks, is_recording
from twin.recording.unpacking import Recorded, messages_of, records_of

ALL: Final = -1
_CHUNKS_KEPT = 6
_MAX_DAMAGE = 100


def mask_of(*channels: int) -> int:
    """Channels as a bit mask."""
    mask = 0
    for channel in channels:
        mask |= 1 << channel
    return mask


class Recording:
    """An opened recording. Any thread.

    Attributes
    ----------
    path : of the file
    chunks : by time
    is_whole : it was closed by its recorder
    start_ns, end_ns : of its first and last message
    about : what was recorded

    Raises
    ------
    RecordingError
        From the constructor: there is no such file, or it is no recording or holds nothing whole.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise RecordingError(
                f"The recording cannot be opened ({error.strerror}): {path}"
            ) from error
        except ValueError as error:  # mmap of an empty file
            raise RecordingError(f"The recording is empty: {path}") from error
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, list[Recorded] | None] = OrderedDict()
        if not is_recording(self._data):
            self._data.close()
            raise RecordingError(f"This is no recording of Civitwin: {path}")
        found = find_chunks(self._data)
        self.chunks, self.is_whole = found.chunks, found.is_whole
        self._damage = list(found.damage)
        if not self.chunks:
            self._data.close()
            raise RecordingError(f"The recording holds no chunk that is whole: {path}")
        self._starts = [chunk.start_ns for chunk in self.chunks]
        self.start_ns = self._starts[0]
        self.end_ns = max(chunk.end_ns for chunk in self.chunks[-3:])
        self.about = self._read_about()

    @property
    def damage(self) -> tuple[str, ...]:
        """What is wrong with the file, as far as it was read; a sentence each."""
        return tuple(self._damage)

    def close(self) -> None:
        """Let go of the file. Twice is fine."""
        self._data.close()

    def chunk_before(self, t_ns: int, channel: int) -> int | None:
        """Number of the last chunk that begins up to `t_ns` and holds that channel."""
        return self._chunk_up_to(bisect_right(self._starts, t_ns) - 1, channel)

    def _chunk_up_to(self, last: int, channel: int) -> int | None:
        mask = 1 << channel
        for number in range(last, -1, -1):
            if self.chunks[number].channels & mask:
                return number
        return None

    def messages(
        self, *, after_ns: int = -1, to_ns: int | None = None, channels: int = ALL, first: int = -1
    ) -> Iterator[Recorded]:
        """Messages in order of time, later than `after_ns` and up to `to_ns`.

        Parameters
        ----------
        channels : bit mask of `mask_of`
        first : number of the chunk to begin with, -1 = by the time
        """
        if first < 0:
            first = max(bisect_right(self._starts, after_ns) - 1, 0)
        for number in range(first, len(self.chunks)):
            chunk = self.chunks[number]
            if to_ns is not None and chunk.start_ns > to_ns:
                return
            if not chunk.channels & channels:
                continue
            for message in self.chunk(number) or ():
                if to_ns is not None and message.t_ns > to_ns:
                    break
                if message.t_ns > after_ns and channels >> message.channel & 1:
                    yield message

    def sizes(self) -> tuple[Int64Array, Float64Array]:
        """Times (n,) and bytes (n,) of the chunks."""
        times = np.array(self._starts, np.int64)
        return times, np.array([chunk.length for chunk in self.chunks], np.float64)

    def latest(self, channel: int, t_ns: int) -> Recorded | None:
        """The last message of a channel up to `t_ns`, None if there is none."""
        number = self.chunk_before(t_ns, channel)
        while number is not None:
            found = [m for m in self.chunk(number) or () if m.channel == channel and m.t_ns <= t_ns]
            if found:
                return found[-1]
            number = self._chunk_up_to(number - 1, channel)
        return None

    def chunk(self, number: int) -> list[Recorded] | None:
        """All messages of a chunk; None if it is damaged, which is noted."""
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
            at = self.chunks[number]
            messages = self._unpacked(at)
            self._kept[number] = messages
            if len(self._kept) > _CHUNKS_KEPT:
                self._kept.popitem(last=False)
            return messages

    def _unpacked(self, at: ChunkAt) -> list[Recorded] | None:
        records = records_of(self._data[at.offset : at.offset + at.length])
        if records is not None:
            return list(messages_of(records))
        said = f"The chunk at byte {at.offset:,} is damaged and left out"
        if said not in self._damage and len(self._damage) < _MAX_DAMAGE:
            self._damage.append(said)
        return None

    def _read_about(self) -> About:
        about = next(self.messages(channels=mask_of(ABOUT)), None)
        if about is None:
            return About()
        try:
            return msgspec.json.decode(about.data, type=About)
        except msgspec.MsgspecError:
            return About()
