"""What can be played back: a recording, or the last minutes of a live console in memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.clock import NS_PER_S
from twin.recording.form import ROOM, STATE
from twin.recording.reading import ALL
from twin.recording.unpacking import Recorded

#: What a console keeps in memory.
RING_BYTES = 192 * 1024 * 1024
RING_NS = 900 * NS_PER_S
_PIECE_NS = NS_PER_S


class Tape(Protocol):
    """Messages by time. Any thread."""

    @property
    def start_ns(self) -> int:
        """The earliest moment that can be shown."""

    @property
    def end_ns(self) -> int:
        """Time of the last message."""

    def sizes(self) -> tuple[Int64Array, Float64Array]:
        """Times (n,) and bytes (n,) of its pieces, for a picture of the load."""

    def latest(self, channel: int, t_ns: int) -> Recorded | None:
        """The last message of a channel up to `t_ns`."""

    def messages(
        self, *, after_ns: int = -1, to_ns: int | None = None, channels: int = ALL
    ) -> Iterator[Recorded]:
        """Messages in order of time, later than `after_ns` and up to `to_ns`."""


class _Piece:
    """About a second of messages."""

    __slots__ = ("channels", "messages", "n_bytes", "start_ns")

    def __init__(self, start_ns: int) -> None:
        self.start_ns = start_ns
        self.messages: list[Recorded] = []
        self.channels = 0
        self.n_bytes = 0


class RingTape:
    """The newest messages in bounded memory; a `twin.recording.keeping.Sink`. Any thread.

    Parameters
    ----------
    most_bytes, reach_ns : what is beyond is let go of, the oldest first
    """

    def __init__(self, *, most_bytes: int = RING_BYTES, reach_ns: int = RING_NS) -> None:
        self._most_bytes, self._reach_ns = most_bytes, reach_ns
        self._lock = threading.Lock()
        self._pieces: deque[_Piece] = deque()
        self._n_bytes = 0
        self._last_ns = 0
        self._has_dropped = False

    @property
    def start_ns(self) -> int:
        """The earliest moment that can be shown: from there on everything is known."""
        with self._lock:
            if not self._pieces:
                return 0
            if not self._has_dropped:
                return self._pieces[0].start_ns
            firsts = [self._first(ROOM), self._first(STATE)]
            return max((one for one in firsts if one), default=self._last_ns)

    @property
    def end_ns(self) -> int:
        """Time of the last message."""
        return self._last_ns

    def add(self, channel: int, data: bytes, log_ns: int, publish_ns: int = 0) -> int:
        """Add a message; the time it was given."""
        with self._lock:
            log_ns = self._last_ns = max(log_ns, self._last_ns)
            if not self._pieces or log_ns - self._pieces[-1].start_ns >= _PIECE_NS:
                self._pieces.append(_Piece(log_ns))
            piece = self._pieces[-1]
            piece.messages.append(Recorded(log_ns, channel, data, publish_ns or log_ns))
            piece.channels |= 1 << channel
            piece.n_bytes += len(data) + 100
            self._n_bytes += len(data) + 100
        return log_ns

    def flush_old(self, now_ns: int) -> None:
        """Let go of what is too old or too much."""
        with self._lock:
            while len(self._pieces) > 1 and (
                self._n_bytes > self._most_bytes
                or now_ns - self._pieces[0].start_ns > self._reach_ns
            ):
                self._n_bytes -= self._pieces.popleft().n_bytes
                self._has_dropped = True

    def close(self, **_said: str) -> None:
        """Forget everything."""
        with self._lock:
            self._pieces.clear()
            self._n_bytes = 0

    def sizes(self) -> tuple[Int64Array, Float64Array]:
        """Times (n,) and bytes (n,) of its pieces."""
        pieces = self._kept()
        times = np.array([piece.start_ns for piece in pieces], np.int64)
        return times, np.array([piece.n_bytes for piece in pieces], np.float64)

    def latest(self, channel: int, t_ns: int) -> Recorded | None:
        """The last message of a channel up to `t_ns`, None if it is not kept any more."""
        for piece in reversed(self._kept()):
            if piece.start_ns <= t_ns and piece.channels >> channel & 1:
                for message in reversed(piece.messages):
                    if message.channel == channel and message.t_ns <= t_ns:
                        return message
        return None

    def messages(
        self, *, after_ns: int = -1, to_ns: int | None = None, channels: int = ALL
    ) -> Iterator[Recorded]:
        """Messages in order of time, later than `after_ns` and up to `to_ns`."""
        pieces = self._kept()
        for number, piece in enumerate(pieces):
            following = pieces[number + 1] if number + 1 < len(pieces) else None
            if following is not None and following.start_ns <= after_ns:
                continue
            if to_ns is not None and piece.start_ns > to_ns:
                return
            if piece.channels & channels:
                for message in tuple(piece.messages):
                    is_wanted = message.t_ns > after_ns and channels >> message.channel & 1
                    if is_wanted and (to_ns is None or message.t_ns <= to_ns):
                        yield message

    def _kept(self) -> list[_Piece]:
        with self._lock:
            return list(self._pieces)

    def _first(self, channel: int) -> int:
        for piece in self._pieces:
            if piece.channels >> channel & 1:
                return next(m.t_ns for m in piece.messages if m.channel == channel)
        return 0
