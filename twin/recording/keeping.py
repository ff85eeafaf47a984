"""Keeps what is heard in a recording, with whole rooms and whole sample states in between.

Hard-won rules (tests/twin/test_recorder.py):

1. A whole room and the newest samples are written every so often, so that a replay can begin
   anywhere; for the room also after `ROOM_EVENTS` facts.
2. Facts are folded here too: who finds a heartbeat with another hash asks for the room anew.
3. The first file, and each next one, begins with everything: each can be replayed alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from twin.clock import NS_PER_S
from twin.errors import TwinError
from twin.link.control import EventMessage, Heartbeat, HubInfo, PresenceMessage, Snapshot
from twin.link.wire import Buffer, PositionBatch, SampleBatch
from twin.recording.form import (
    ABOUT,
    EVENT,
    HEARTBEAT,
    PRESENCE,
    REMARK,
    ROOM,
    STATE,
    About,
    Picture,
    Remark,
    channel_of,
    pack_frames,
)
from twin.recording.lane_memory import LaneMemory
from twin.recording.writing import RecordingWriter
from twin.room.fold import Room
from twin.sense.feeds import FeedBook

#: A whole room after so many facts, and so much time with any.
ROOM_EVENTS = 2_000
ROOM_NS = 300 * NS_PER_S
#: In memory the oldest is let go of, so the whole room comes also without any.
RING_ROOM_NS = 60 * NS_PER_S
#: The newest samples of everything after so much time, or so many samples …
STATE_NS = 30 * NS_PER_S
STATE_SAMPLES = 1_000_000
#: … if that is small against what was written since, or after this long.
STATE_SHARE = 10
STATE_LATEST_NS = 300 * NS_PER_S
_HOUR_NS = 3_600 * NS_PER_S


class Tables(Protocol):
    """What keeps samples as tables beside the recording."""

    def take(self, frames: Sequence[Buffer], received_ns: int) -> None:
        """Take a message of the sample lane in."""

    def flush_old(self, now_ns: int) -> None:
        """Write what is due by now."""

    def close(self) -> None:
        """Write what is left."""


class Sink(Protocol):
    """Where a keeper writes to: a file, or memory."""

    def add(self, channel: int, data: bytes, log_ns: int, publish_ns: int = 0) -> int:
        """Add a message; the time it was given."""

    def flush_old(self, now_ns: int) -> None:
        """Do what is due by now."""

    def close(self, **said: str) -> None:
        """Nothing more comes."""


@dataclass(slots=True)
class Counts:
    """What was recorded.

    Attributes
    ----------
    n_lost : messages let go of because the disk was too slow
    gaps : messages that did not arrive, by their numbering
    """

    n_events: int = 0
    n_messages: int = 0
    n_samples: int = 0
    n_lost: int = 0
    gaps: int = 0


class Keeper:
    """Writes recordings. One thread.

    Parameters
    ----------
    path : of the file; with `by_hour` the hour is put before its suffix
    city : what a console has to open to see it
    tables : keeps samples as tables too, None = not
    sink : takes everything in place of a file; the whole room is kept there every minute

    Attributes
    ----------
    writer : of the file, None before the first fact
    needs_room : facts cannot be folded: the whole room is wanted
    """

    def __init__(
        self,
        path: Path | None,
        *,
        city: str = "",
        by_hour: bool = False,
        tables: Tables | None = None,
        with_sync: bool = True,
        sink: Sink | None = None,
    ) -> None:
        self._sink = sink
        self._path = path
        self._by_hour = by_hour
        self._with_sync = with_sync
        self._tables = tables
        self._about = About(city=city)
        self.counts = Counts()
        self.writer: RecordingWriter | None = None
        self.room = Room()
        self.needs_room = False
        self._epoch = ""
        self._has_room = False
        self._lane = LaneMemory()
        self._feeds = FeedBook()
        self._remarked = (0, 0)
        self._hour = -1
        self._n_before = 0
        self._room_ns = self._room_seq = 0
        self._state_ns = self._n_state = self._n_since = 0

    @property
    def n_written(self) -> int:
        """Times that something was brought to the disk; 0 without a file."""
        return self._n_before + (0 if self.writer is None else self.writer.n_chunks)

    @property
    def is_all_written(self) -> bool:
        """Whether everything taken so far is on the disk."""
        return self.writer is not None and self.writer.is_flushed

    # --- facts ------------------------------------------------------------------------------------

    def take_fact(
        self,
        heard: HubInfo | Snapshot | EventMessage | Heartbeat | PresenceMessage,
        t_ns: int,
    ) -> None:
        """Keep what the hub said. Raises `RecordingError` when the file cannot be written."""
        match heard:
            case HubInfo():
                self._welcome(heard, t_ns)
            case Snapshot():
                self._new_room(heard, t_ns)
            case EventMessage() if self._has_room and heard.epoch == self._epoch:
                self._fold(heard, t_ns)
            case Heartbeat() if self._has_room and heard.epoch == self._epoch:
                self._open(t_ns).add(HEARTBEAT, msgspec.json.encode(heard), t_ns, heard.t_ns)
                is_now = heard.seq == self.room.seq
                self.needs_room |= is_now and heard.state_hash != self.room.state_hash()
            case PresenceMessage():
                self._open(t_ns).add(PRESENCE, msgspec.json.encode(heard), t_ns)

    def _welcome(self, info: HubInfo, t_ns: int) -> None:
        about = About(
            scene=info.scene, city=self._about.city, epoch=info.epoch, version=info.version,
            drill=info.drill,
        )  # fmt: skip
        if about != self._about:
            self._about = about
            self._open(t_ns).add(ABOUT, msgspec.json.encode(about), t_ns)

    def _new_room(self, snapshot: Snapshot, t_ns: int) -> None:
        try:
            self.room = Room.from_bytes(snapshot.room)
        except TwinError as error:
            self.remark(f"The hub's room could not be read: {error}", t_ns)
            return
        self._epoch, self._has_room, self.needs_room = snapshot.epoch, True, False
        self._add_room(t_ns)

    def _fold(self, message: EventMessage, t_ns: int) -> None:
        event = message.event
        writer = self._open(t_ns)
        try:
            self.room.apply(event)
        except TwinError as error:
            self._has_room, self.needs_room = False, True
            self.remark(f"The room is fetched anew: {error}", t_ns)
            return
        writer.add(EVENT, msgspec.json.encode(message), t_ns, event.t_ns)
        self.counts.n_events += 1
        n_since = self.room.seq - self._room_seq
        if n_since >= ROOM_EVENTS or t_ns - self._room_ns >= ROOM_NS:
            self._add_room(t_ns)

    def _add_room(self, t_ns: int) -> None:
        picture = Picture(
            epoch=self._epoch, seq=self.room.seq, state_hash=self.room.state_hash(),
            room=self.room.to_bytes(),
        )  # fmt: skip
        writer = self._open(t_ns)
        writer.add(ABOUT, msgspec.json.encode(self._about), t_ns)
        writer.add(ROOM, msgspec.msgpack.encode(picture), t_ns)
        self._room_ns, self._room_seq = t_ns, self.room.seq

    # --- samples ----------------------------------------------------------------------------------

    def take_samples(self, frames: Sequence[Buffer], t_ns: int) -> None:
        """Keep a message of the sample lane as it is. Raises `RecordingError`."""
        channel = channel_of(frames[0]) if frames else None
        if channel is None or len(frames) > 16:
            return
        writer = self._open(t_ns)
        before_ns = self._state_ns
        self._add_state_if_due(writer, t_ns)
        batch = self._lane.take(frames, t_ns)
        data = pack_frames(frames)
        writer.add(channel, data, t_ns, 0 if batch is None else batch.sent_ns)
        self.counts.n_messages += 1
        self._n_since += len(data)
        if batch is not None:
            self._count(batch)
        if not before_ns:
            self._state_ns = t_ns
        if self._tables is not None:
            self._tables.take(frames, t_ns)

    def _count(self, batch: SampleBatch | PositionBatch) -> None:
        self.counts.n_samples += len(batch.indices)
        feed = self._feeds.feed(batch.source)
        before = feed.gaps
        feed.note_seq(batch.epoch, batch.seq)
        self.counts.gaps += feed.gaps - before

    def _add_state_if_due(self, writer: Sink, t_ns: int) -> None:
        age_ns = t_ns - self._state_ns
        is_wanted = age_ns >= STATE_NS or self._lane.n_samples >= STATE_SAMPLES
        is_small = self._n_since >= STATE_SHARE * self._n_state or age_ns >= STATE_LATEST_NS
        if self._state_ns and is_wanted and is_small:
            self._add_state(writer, t_ns)

    def _add_state(self, writer: Sink, t_ns: int) -> None:
        state = self._lane.picture(t_ns)
        writer.add(STATE, state, t_ns)
        self._state_ns, self._n_state, self._n_since = t_ns, len(state), 0

    # --- the file ---------------------------------------------------------------------------------

    def tick(self, now_ns: int) -> None:
        """Do what is due by now. Raises `RecordingError`."""
        if self.writer is not None:
            missing = (self.counts.n_lost, self.counts.gaps)
            if missing > self._remarked:
                n = sum(missing) - sum(self._remarked)
                self._remarked = missing
                self.remark(f"{n:,} messages of the sample lane are missing before this", now_ns)
            self.writer.flush_old(now_ns)
        if self._sink is not None:
            self._sink.flush_old(now_ns)
            if self._has_room and now_ns - self._room_ns >= RING_ROOM_NS:
                self._add_room(now_ns)
        if self._tables is not None:
            self._tables.flush_old(now_ns)

    def remark(self, text: str, t_ns: int) -> None:
        """Say something of the recording in the recording itself."""
        self._open(t_ns).add(REMARK, msgspec.json.encode(Remark(text=text)), t_ns)

    def close(self) -> None:
        """Write what is left and close the file."""
        try:
            if self._tables is not None:
                self._tables.close()
        finally:
            if self.writer is not None:
                self._close_file()

    def _close_file(self) -> None:
        if self.writer is not None:
            self.writer.close(events=str(self.counts.n_events), gaps=str(self.counts.gaps))

    def _open(self, t_ns: int) -> Sink:
        """Where to write to now."""
        if self._sink is not None:
            return self._sink
        hour = t_ns // _HOUR_NS
        if self.writer is not None and not (self._by_hour and hour > self._hour):
            return self.writer
        is_next = self.writer is not None
        self._close_file()
        self._n_before = self.n_written
        self._hour = hour
        self.writer = RecordingWriter(self._path_at(t_ns), with_sync=self._with_sync)
        if is_next:
            self._add_room(t_ns)
            self._add_state(self.writer, t_ns)
        return self.writer

    def _path_at(self, t_ns: int) -> Path:
        if self._path is None:
            raise ValueError("A keeper needs a path or a sink")
        if not self._by_hour:
            return self._path
        hour = datetime.fromtimestamp(t_ns // NS_PER_S, UTC).strftime("%Y%m%d-%H")
        path = self._path.with_stem(f"{self._path.stem}-{hour}")
        n = 1
        while path.exists():
            n += 1
            path = self._path.with_stem(f"{self._path.stem}-{hour}-{n}")
        return path
