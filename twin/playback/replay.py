"""The replay engine: brings stores and room to any moment of a tape, and on from there.

It drives the very stores and the same fold that a live console reads, so everything follows: scene,
units, alarms, incidents, commands, messages, presence.

Hard-won rules (tests/twin/test_replay.py):

1. After `seek(t)` the room is the hub's after the last fact up to t, whatever was shown before.
2. Where facts are missing on the tape, the room stands still and says so until the next whole one:
   a room folded over a hole would be wrong.
3. A tick has a budget: with more to apply than fits, the cursor falls behind, not the window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from twin.clock import NS_PER_S, Clock
from twin.errors import TwinError, WireError
from twin.link.control import EventMessage, PresenceMessage
from twin.link.presences import Presences
from twin.link.wire import Buffer
from twin.link.wire_thin import ANNOUNCEMENTS
from twin.playback.tape import Tape
from twin.recording import form
from twin.recording.form import (
    ANNOUNCED,
    EVENT,
    JSON_LANE,
    POSITIONS,
    PRESENCE,
    ROOM,
    SAMPLES,
    STATE,
    Picture,
    unpack_frames,
)
from twin.recording.lane_memory import messages_of_picture
from twin.recording.reading import mask_of
from twin.recording.unpacking import Recorded
from twin.room.fold import Room
from twin.room.model import Event

#: Samples are taken from so long before the moment on, so that units move and plots are not empty.
LEAD_NS = 20 * NS_PER_S
#: A jump forward of up to this is played, not sought.
NEAR_NS = 2 * NS_PER_S
BUDGET_NS = 20_000_000
_LOOK_EVERY = 16
_SAMPLE_CHANNELS = mask_of(SAMPLES, POSITIONS, ANNOUNCED, JSON_LANE)
_PLAYED = _SAMPLE_CHANNELS | mask_of(EVENT, ROOM, PRESENCE)
_event_decoder = msgspec.json.Decoder(EventMessage)
_picture_decoder = msgspec.msgpack.Decoder(Picture)
_presence_decoder = msgspec.json.Decoder(PresenceMessage)


class _Announced(NamedTuple):
    """What a source announced in its present epoch, by hash."""

    epoch: str
    keys: set[int]


class _Epoch(msgspec.Struct):
    epoch: str


_epoch_decoder = msgspec.json.Decoder(_Epoch)


class SampleTaker(Protocol):
    """Where samples go: `twin.sense.ingest.SampleIngest`."""

    def take(self, frames: Sequence[Buffer], received_ns: int) -> None:
        """Take in a message."""

    def refill(self, messages: Iterator[tuple[Sequence[Buffer], int]], *, hold: bool) -> None:
        """Empty the stores and fill them with messages."""


class Replay:
    """Plays a tape. One thread (in a console the GUI thread).

    Parameters
    ----------
    clock : the machine's, for the budget alone
    samples : takes the samples, None = facts only

    Attributes
    ----------
    room : as it was at `t_ns`
    t_ns : the moment shown
    presences : what operators showed of themselves
    trouble : what is missing at this moment, one sentence; "" = nothing
    """

    def __init__(self, tape: Tape, *, clock: Clock, samples: SampleTaker | None = None) -> None:
        self.tape = tape
        self._clock = clock
        self._samples = samples
        self.room = Room()
        self.presences = Presences("")
        self.t_ns = -1
        self.trouble = ""
        self._changed: set[str] = set()
        self._announced: dict[bytes, _Announced] = {}
        self._ahead: Iterator[Recorded] | None = None
        self._next: Recorded | None = None

    def take_changed(self) -> frozenset[str]:
        """Parts of the room that moved since the last call."""
        changed = frozenset(self._changed)
        self._changed.clear()
        return changed

    def seek(self, t_ns: int) -> None:
        """Show the moment `t_ns`, or the nearest there is."""
        t_ns = max(self.tape.start_ns, min(t_ns, self.tape.end_ns))
        if self.t_ns >= 0 and 0 <= t_ns - self.t_ns <= NEAR_NS:
            self.advance(t_ns, budget_ns=None)
            return
        self._ahead = self._next = None
        self._restore_room(t_ns)
        if self._samples is not None:
            self._samples.refill(self.samples_up_to(t_ns), hold=True)
        self._restore_presence(t_ns)
        self.t_ns = t_ns

    def advance(self, t_ns: int, *, budget_ns: int | None = BUDGET_NS) -> int:
        """Play on to `t_ns`, as far as the budget lets; the moment reached."""
        t_ns = min(t_ns, self.tape.end_ns)
        began_ns = self._clock.monotonic_ns()
        for n, message in enumerate(self._up_to(t_ns), 1):
            self._take(message)
            self.t_ns = max(self.t_ns, message.t_ns)
            is_time_to_look = budget_ns is not None and n % _LOOK_EVERY == 0
            if is_time_to_look and self._clock.monotonic_ns() - began_ns > (budget_ns or 0):
                return self.t_ns
        self.t_ns = max(self.t_ns, t_ns)
        return self.t_ns

    def step(self, n: int) -> int:
        """Go to the next fact (1) or the one before (-1); the moment reached."""
        if n > 0:
            found = next(self.tape.messages(after_ns=self.t_ns, channels=mask_of(EVENT)), None)
            if found is not None:
                self.seek(found.t_ns)
        else:
            before = self.tape.latest(EVENT, self.t_ns - 1)
            if before is not None:
                self.seek(before.t_ns)
        return self.t_ns

    def samples_up_to(
        self, t_ns: int, *, and_later: bool = False
    ) -> Iterator[tuple[Sequence[Buffer], int]]:
        """Messages after which the stores are as they were at `t_ns`, or are now."""
        state = self.tape.latest(STATE, t_ns - LEAD_NS)
        after_ns, to_ns = -1, None if and_later else t_ns
        if state is not None:
            after_ns = state.t_ns - 1
            try:
                for frames in messages_of_picture(state.data):
                    if self._is_news(frames):
                        yield frames, state.t_ns
            except WireError as error:
                self.trouble = str(error)
        for message in self.tape.messages(
            after_ns=after_ns, to_ns=to_ns, channels=_SAMPLE_CHANNELS
        ):
            frames_or_none = _frames(message)
            if frames_or_none is not None and self._is_news(frames_or_none):
                yield frames_or_none, message.t_ns

    def forget_announcements(self) -> None:
        """The stores were told other things meanwhile: take every announcement again."""
        self._announced.clear()

    # --- inside -------------------------------------------------------------------------------

    def _up_to(self, t_ns: int) -> Iterator[Recorded]:
        """Messages from where the last call ended up to `t_ns`."""
        if self._ahead is None:
            self._ahead = self.tape.messages(after_ns=self.t_ns, channels=_PLAYED)
        while True:
            if self._next is None:
                self._next = next(self._ahead, None)
            if self._next is None:  # a tape that still grows may have more later
                self._ahead = None
                return
            if self._next.t_ns > t_ns:
                return
            message, self._next = self._next, None
            yield message

    def _take(self, message: Recorded) -> None:
        match message.channel:
            case form.EVENT:
                self._fold(message)
            case form.ROOM:
                if self.trouble:
                    self._load(message)
            case form.PRESENCE:
                self._show(message)
            case _ if self._samples is not None:
                frames = _frames(message)
                if frames is not None and self._is_news(frames):
                    self._samples.take(frames, message.t_ns)

    def _is_news(self, frames: Sequence[Buffer]) -> bool:
        """Whether a message has to be taken; most announcements only repeat what is known."""
        topic = bytes(frames[0])
        if not topic.startswith(ANNOUNCEMENTS) or len(frames) < 2:
            return True
        known, key = self._announced.get(topic), hash(bytes(frames[1]))
        if known is not None and key in known.keys:
            return False
        try:
            epoch = _epoch_decoder.decode(frames[1]).epoch
        except msgspec.MsgspecError:
            return True
        if known is None or known.epoch != epoch:
            known = self._announced[topic] = _Announced(epoch, set())
        known.keys.add(key)
        return True

    def _restore_room(self, t_ns: int) -> None:
        picture = self.tape.latest(ROOM, t_ns)
        self.trouble = ""
        if picture is None:
            self.room = Room()
            self.trouble = "The tape holds no room of this moment"
        else:
            self._load(picture)
            facts = self.tape.messages(
                after_ns=picture.t_ns - 1, to_ns=t_ns, channels=mask_of(EVENT)
            )
            for message in facts:
                self._fold(message)
        self._changed |= Room.part_ids()

    def _load(self, message: Recorded) -> None:
        try:
            self.room = Room.from_bytes(_picture_decoder.decode(message.data).room)
        except (msgspec.MsgspecError, WireError) as error:
            self.trouble = f"A recorded room cannot be read: {error}"
            return
        self.trouble = ""
        self._changed |= Room.part_ids()

    def _fold(self, message: Recorded) -> None:
        if self.trouble:
            return
        event = _event(message)
        if event is None or event.seq <= self.room.seq:
            return
        if event.seq != self.room.seq + 1:
            self.trouble = f"Facts {self.room.seq + 1:,} to {event.seq - 1:,} are missing here"
            return
        try:
            self._changed |= self.room.apply(event)
        except TwinError as error:
            self.trouble = str(error)

    def _restore_presence(self, t_ns: int) -> None:
        self.presences.forget()
        around = self.tape.messages(
            after_ns=t_ns - 4 * NS_PER_S, to_ns=t_ns, channels=mask_of(PRESENCE)
        )
        for message in around:
            self._show(message)

    def _show(self, message: Recorded) -> None:
        try:
            said = _presence_decoder.decode(message.data)
        except msgspec.MsgspecError:
            return
        self.presences.take(said, self._clock.monotonic_ns())


def _event(message: Recorded) -> Event | None:
    try:
        return _event_decoder.decode(message.data).event
    except msgspec.MsgspecError:
        return None


def _frames(message: Recorded) -> list[Buffer] | None:
    try:
        return unpack_frames(message.data)
    except WireError:
        return None
