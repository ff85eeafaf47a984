"""Where the past of a dry run comes from: a history folder, a recording, a console's own memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.clock import NS_PER_S
from twin.errors import WireError
from twin.history.asking import History
from twin.history.catalogue import from_ids, read_catalogue
from twin.link.sift import sift
from twin.link.wire import Buffer, SampleBatch, decode
from twin.link.wire_json import JsonBatch
from twin.perception.rules_past import DryRunError, Progress, Series
from twin.perception.rules_selection import Directory
from twin.recording.form import ANNOUNCED, JSON_LANE, SAMPLES, STATE, unpack_frames
from twin.recording.reading import Recording, mask_of
from twin.sense.index_table import IndexTable
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.store import ObservationStore

MAX_SAMPLES = 60_000_000
_TELL_EVERY = 2_000
#: Datastreams of a console that are asked how far back they reach.
_LOOKED_AT = 64


class HistoryPast:
    """What a recorder keeps as tables (``civitwin record --history``). Any thread.

    Attributes
    ----------
    start_ns, end_ns : of what is kept

    Raises
    ------
    HistoryError
        It is empty or damaged.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self.start_ns, end_ns = self._history.span()
        self.end_ns = end_ns + 1
        streams, things = from_ids(self._history.datastreams(), read_catalogue(history.folder))
        self.directory = Directory.of(streams, things)

    def prepare(
        self, datastreams: Sequence[str], start_ns: int, end_ns: int, progress: Progress
    ) -> bool:
        """Nothing is needed: tables are read by datastream."""
        del datastreams, start_ns, end_ns
        return not progress(0.0)

    def samples(
        self, datastreams: Sequence[str], start_ns: int, end_ns: int
    ) -> Mapping[str, Series]:
        """Good values by datastream."""
        return self._history.samples(datastreams, start_ns, end_ns)

    def remark(self, start_ns: int, end_ns: int) -> str:
        """What somebody should know about a span, "" = nothing."""
        n = self._history.thinned_days(start_ns, end_ns)
        if not n:
            return ""
        return f"Of {n} day{'' if n == 1 else 's'} only minutes are kept: short events do not show"


class RecordingPast:
    """A recording (``civitwin record``). One thread.

    Raises
    ------
    RecordingError
        It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._recording = Recording(path)
        self.start_ns, self.end_ns = self._recording.start_ns, self._recording.end_ns + 1
        self._indices = IndexTable()
        self._number: dict[str, int] = {}
        self._streams: list[Datastream] = []
        things: dict[str, Thing] = {}
        for message in self._recording.messages(channels=mask_of(ANNOUNCED, STATE, JSON_LANE)):
            for frames in _messages_in(message.channel, message.data):
                self._learn(frames, things)
        self.directory = Directory.of(self._streams, things)
        self._series: dict[str, Series] = {}

    def prepare(
        self, datastreams: Sequence[str], start_ns: int, end_ns: int, progress: Progress
    ) -> bool:
        """Read the recording once and keep what is asked for."""
        del start_ns
        wanted = np.zeros(len(self._streams), np.bool_)
        wanted[[self._number[one] for one in datastreams if one in self._number]] = True
        pieces: list[tuple[Int64Array, Int64Array, Float64Array]] = []
        n_kept, asked = 0, mask_of(SAMPLES, JSON_LANE, ANNOUNCED, STATE)
        found = self._recording.messages(to_ns=end_ns, channels=asked)
        for k, message in enumerate(found):
            if k % _TELL_EVERY == 0 and progress(0.0):
                return False
            for frames in _messages_in(message.channel, message.data):
                piece = self._samples_in(frames, message.t_ns, wanted)
                if piece is not None:
                    pieces.append(piece)
                    n_kept += len(piece[0])
            if n_kept > MAX_SAMPLES:
                raise DryRunError(
                    f"The recording holds over {MAX_SAMPLES:,} values of these; choose a shorter"
                    " time or fewer datastreams"
                )
        self._series = self._sorted(pieces)
        return True

    def samples(
        self, datastreams: Sequence[str], start_ns: int, end_ns: int
    ) -> Mapping[str, Series]:
        """Good values by datastream."""
        found: dict[str, Series] = {}
        for one in datastreams:
            t_ns, values = self._series.get(one, (np.zeros(0, np.int64), np.zeros(0)))
            a, b = np.searchsorted(t_ns, [start_ns, end_ns])
            if b > a:
                found[one] = t_ns[a:b], values[a:b]
        return found

    def remark(self, start_ns: int, end_ns: int) -> str:
        """What somebody should know about a span, "" = nothing."""
        del start_ns, end_ns
        return self._recording.damage[0] if self._recording.damage else ""

    def close(self) -> None:
        """Let go of the file."""
        self._recording.close()

    def _learn(self, frames: Sequence[Buffer], things: dict[str, Thing]) -> None:
        told = _decoded(frames)
        if isinstance(told, JsonBatch):
            for said in told.observations:
                self._name(said.datastream, said.thing_id, said.observed_property, things)
            return
        if not isinstance(told, Announcement):
            return
        things.update({one.id: one for one in told.things})
        for stream in told.datastreams:
            if stream.id not in self._number:
                self._number[stream.id] = len(self._streams)
                self._streams.append(stream)

    def _name(self, one: str, thing_id: str, observed: str, things: dict[str, Thing]) -> None:
        if one in self._number:
            return
        self._number[one] = len(self._streams)
        self._streams.append(
            Datastream(index=0, id=one, thing_id=thing_id, observed_property=observed)
        )
        things.setdefault(thing_id, Thing(id=thing_id, name=thing_id, kind="sensor", frame="none"))

    def _samples_in(
        self, frames: Sequence[Buffer], received_ns: int, wanted: BoolArray
    ) -> tuple[Int64Array, Int64Array, Float64Array] | None:
        told = _decoded(frames)
        if isinstance(told, Announcement):
            self._indices.begin(told.source, told.epoch)
            for stream in told.datastreams:
                self._indices.bind(told.source, stream.index, self._number[stream.id])
            return None
        if isinstance(told, JsonBatch):
            return self._json_in(told, received_ns, wanted)
        if not isinstance(told, SampleBatch):
            return None
        batch, _ = sift(told, received_ns)
        numbers = self._indices.lookup(batch.source, batch.indices, batch.epoch)
        good = (numbers >= 0) & (batch.quality == 0)
        good[good] = wanted[numbers[good]]
        return numbers[good], batch.t_ns[good], batch.values[good]

    def _json_in(
        self, told: JsonBatch, received_ns: int, wanted: BoolArray
    ) -> tuple[Int64Array, Int64Array, Float64Array]:
        said = [
            one
            for one in told.observations
            if one.quality == 0 and wanted[self._number[one.datastream]]
        ]
        return (
            np.array([self._number[one.datastream] for one in said], np.int64),
            np.array([received_ns if o.t_ns is None else o.t_ns for o in said], np.int64),
            np.array([one.result for one in said], np.float64),
        )

    def _sorted(
        self, pieces: list[tuple[Int64Array, Int64Array, Float64Array]]
    ) -> dict[str, Series]:
        pieces = [one for one in pieces if len(one[0])]
        if not pieces:
            return {}
        numbers, t_ns, values = (np.concatenate(column) for column in zip(*pieces, strict=True))
        order = np.lexsort((t_ns, numbers))
        numbers, t_ns, values = numbers[order], t_ns[order], values[order]
        again = np.r_[False, (numbers[1:] == numbers[:-1]) & (t_ns[1:] == t_ns[:-1])]
        numbers, t_ns, values = numbers[~again], t_ns[~again], values[~again]
        edges = np.searchsorted(numbers, np.arange(len(self._streams) + 1))
        return {
            self._streams[k].id: (t_ns[a:b], values[a:b])
            for k, (a, b) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
            if b > a
        }


class StorePast:
    """What a console itself still knows: the newest observations of each datastream."""

    def __init__(self, store: ObservationStore, now_ns: int) -> None:
        self._store = store
        streams = store.datastreams
        xyz = np.asarray(store.xyz_local_m[: len(streams)], np.float64)
        self.directory = Directory.of(streams, store.things, xyz)
        self.end_ns = now_ns
        step = max(len(streams) // _LOOKED_AT, 1)
        known = [store.history_of(slot)[0][:1] for slot in range(0, len(streams), step)]
        self.start_ns = min((int(t[0]) for t in known if len(t)), default=now_ns - NS_PER_S)

    def prepare(
        self, datastreams: Sequence[str], start_ns: int, end_ns: int, progress: Progress
    ) -> bool:
        """Nothing is needed."""
        del datastreams, start_ns, end_ns
        return not progress(0.0)

    def samples(
        self, datastreams: Sequence[str], start_ns: int, end_ns: int
    ) -> Mapping[str, Series]:
        """Values by datastream."""
        found: dict[str, Series] = {}
        for one in datastreams:
            slot = self._store.slot_of(one)
            if slot >= 0:
                t_ns, values = self._store.history_of(slot)
                a, b = np.searchsorted(t_ns, [start_ns, end_ns])
                found[one] = t_ns[a:b], values[a:b]
        return found

    def remark(self, start_ns: int, end_ns: int) -> str:
        """What somebody should know about a span, "" = nothing."""
        del start_ns, end_ns
        return "Only what this console remembers; choose a history for more"


def open_past(path: Path) -> HistoryPast | RecordingPast:
    """A folder is a history, a file a recording. Raises `TwinError`."""
    return HistoryPast(History(path)) if path.is_dir() else RecordingPast(path)


def _messages_in(channel: int, payload: bytes) -> list[Sequence[Buffer]]:
    """The messages of the sample lane in a recorded one; none where it cannot be read."""
    try:
        if channel == STATE:
            return [list(one) for one in msgspec.msgpack.decode(payload, type=list[list[bytes]])]
        return [unpack_frames(payload)]
    except (msgspec.MsgspecError, WireError):
        return []


def _decoded(frames: Sequence[Buffer]) -> object:
    try:
        return decode(frames)
    except WireError:
        return None
