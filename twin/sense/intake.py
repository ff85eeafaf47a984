"""What happens to one message of the sample lane: decode, sift, find the slots, store, count."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from twin.arrays import Float64Array
from twin.city.frames import Origin
from twin.errors import TwinError, WireError
from twin.link.sift import is_timely, sift, sift_positions
from twin.link.wire import Buffer, PositionBatch, SampleBatch, decode, source_of_topic
from twin.link.wire_json import JsonBatch, JsonObservation, JsonPosition
from twin.link.wire_thin import Beat, decode_thin, is_thin
from twin.sense.feeds import Feed, FeedBook
from twin.sense.model import OBSERVED_PROPERTIES, Announcement, Datastream, Thing, Unit
from twin.sense.placing import NOT_GEOREFERENCED, local_from_frame
from twin.sense.store import ObservationStore
from twin.sense.units import UnitStore


class Intake:
    """Puts messages into the stores. One thread at a time (the ingest's lock).

    Attributes
    ----------
    feeds : counters by source
    n_messages, n_bytes : everything that arrived, malformed or not
    """

    def __init__(self, *, store: ObservationStore, units: UnitStore) -> None:
        self._store = store
        self._units = units
        self.feeds = FeedBook()
        self.n_messages = 0
        self.n_bytes = 0
        self._is_thin = False

    def take(self, frames: Sequence[Buffer], received_ns: int) -> int | None:
        """Take in one message; nothing it holds can raise.

        Returns
        -------
        int | None
            When the batch was sent, the sender's clock; None for other messages.
        """
        self.n_messages += 1
        self.n_bytes += sum(map(len, frames))
        feed = self.feeds.feed(source_of_topic(frames[0]) if frames else "")
        self._is_thin = bool(frames) and is_thin(frames[0])
        try:
            message = decode_thin(frames) if self._is_thin else decode(frames)
        except WireError as error:
            feed.malformed += 1
            feed.last_error = str(error)
            return None
        try:
            return self._store_message(message, feed, received_ns)
        except TwinError as error:  # e.g. the city's CRS cannot be transformed to
            feed.dropped += 1
            feed.last_error = str(error)
            return None

    def _store_message(
        self,
        message: SampleBatch | PositionBatch | Announcement | JsonBatch | Beat,
        feed: Feed,
        received_ns: int,
    ) -> int | None:
        if isinstance(message, SampleBatch | PositionBatch):
            if feed.note_seq(message.epoch, message.seq, is_thin=self._is_thin):
                return None
            if isinstance(message, SampleBatch):
                self._take_samples(message, feed, received_ns)
            else:
                self._take_positions(message, feed, received_ns)
            return None if self._is_thin else message.sent_ns
        if isinstance(message, Announcement):
            self._store.announce(message)
            self._units.announce(message)
            return None
        if isinstance(message, JsonBatch):
            self._take_json(message, feed, received_ns)
        return None

    def _take_samples(self, batch: SampleBatch, feed: Feed, received_ns: int) -> None:
        n = len(batch.indices)
        batch, n_bad = sift(batch, received_ns)
        slots = self._store.slots_of(batch.source, batch.indices, batch.epoch)
        n_kept = self._store.add(slots, batch.t_ns, batch.values, batch.quality, received_ns)
        n_unknown = 0 if n_kept == n else int(np.count_nonzero(slots < 0))
        self._count(feed, batch, n, n_bad, n_kept, n_unknown, received_ns)

    def _take_positions(self, batch: PositionBatch, feed: Feed, received_ns: int) -> None:
        n = len(batch.indices)
        batch, n_bad = sift_positions(batch, received_ns)
        slots = self._units.slots_of(batch.source, batch.indices, batch.epoch)
        xyz = local_from_frame(
            batch.frame, np.column_stack([batch.x, batch.y, batch.z]), self._origin()
        )
        n_kept = self._units.add(slots, batch.t_ns, xyz, batch.heading_rad, received_ns)
        self._count(feed, batch, n, n_bad, n_kept, int(np.count_nonzero(slots < 0)), received_ns)

    def _count(
        self,
        feed: Feed,
        batch: SampleBatch | PositionBatch,
        n: int,
        n_bad: int,
        n_kept: int,
        n_unknown: int,
        received_ns: int,
    ) -> None:
        newest_ns = int(batch.t_ns.max()) if len(batch.t_ns) else None
        feed.note_samples(n, received_ns, newest_ns)
        feed.unknown += n_unknown
        feed.dropped += n - n_kept - n_unknown
        if n_bad:
            feed.last_error = f"{n_bad:,} samples are not finite, out of time or of unknown quality"
        elif n_unknown:
            feed.last_error = f"{n_unknown:,} samples are of indices that were not announced"

    def _origin(self) -> Origin:
        return self._store.origin or NOT_GEOREFERENCED

    def _take_json(self, batch: JsonBatch, feed: Feed, received_ns: int) -> None:
        if batch.epoch:
            feed.note_seq(batch.epoch, batch.seq, is_thin=True)
        for error in batch.errors:
            feed.malformed += 1
            feed.last_error = error
        for observation in batch.observations:
            t_ns = received_ns if observation.t_ns is None else observation.t_ns
            kept = is_timely(t_ns, received_ns) and self._observe(
                batch.source, observation, t_ns, received_ns
            )
            self._count_json(feed, observation.datastream, t_ns, received_ns, is_kept=kept)
        for position in batch.positions:
            t_ns = received_ns if position.t_ns is None else position.t_ns
            kept = is_timely(t_ns, received_ns) and self._move(batch.source, position, t_ns)
            self._count_json(feed, position.unit, t_ns, received_ns, is_kept=kept)

    def _count_json(
        self, feed: Feed, name: str, t_ns: int, received_ns: int, *, is_kept: bool
    ) -> None:
        feed.note_samples(1, received_ns, t_ns)
        if not is_kept:
            feed.dropped += 1
            feed.last_error = f"{name}: out of time, not placeable, or there is no room for it"

    def _observe(
        self, source: str, observation: JsonObservation, t_ns: int, received_ns: int
    ) -> bool:
        slot = self._slot_for(source, observation)
        if slot < 0:
            return False
        n_kept = self._store.add(
            np.array([slot]),
            np.array([t_ns]),
            np.array([observation.result]),
            np.array([observation.quality], dtype=np.uint8),
            received_ns,
        )
        return n_kept == 1

    def _slot_for(self, source: str, observation: JsonObservation) -> int:
        """The datastream's slot; announced (anew) when the message tells something new of it."""
        store = self._store
        slot = store.slot_of(observation.datastream)
        tells = observation.unit or observation.name or observation.xyz is not None
        if slot >= 0 and not tells:
            return slot
        known_stream = store.datastreams[slot] if slot >= 0 else None
        thing = _thing_for(observation, store.things.get(observation.thing_id))
        return store.observe(source, thing, _datastream_for(observation, known_stream))

    def _move(self, source: str, position: JsonPosition, t_ns: int) -> bool:
        slot = self._units.slot_of(position.unit)
        if slot < 0:
            unit = Unit(index=0, id=position.unit, name=position.name, kind=position.kind)
            slot = self._units.observe(source, unit)
        xyz: Float64Array = np.array([position.xyz])
        local = local_from_frame(position.frame, xyz, self._origin())
        heading = np.array([position.heading_rad], dtype=np.float32)
        return self._units.add(np.array([slot]), np.array([t_ns]), local, heading) == 1


def _thing_for(observation: JsonObservation, known: Thing | None) -> Thing:
    if known is None:
        name = observation.thing_id
        known = Thing(id=name, name=name, kind="sensor", frame="none")
    name = observation.name or known.name
    if observation.xyz is None:
        return msgspec.structs.replace(known, name=name)
    return msgspec.structs.replace(known, name=name, frame=observation.frame, xyz=observation.xyz)


def _datastream_for(observation: JsonObservation, known: Datastream | None) -> Datastream:
    if known is not None:
        return msgspec.structs.replace(known, unit=observation.unit or known.unit)
    name = observation.observed_property
    title, unit, lowest, highest = OBSERVED_PROPERTIES.get(name, (name, "", 0.0, 0.0))
    is_usual = observation.unit in ("", unit)
    return Datastream(
        index=0,
        id=observation.datastream,
        thing_id=observation.thing_id,
        observed_property=name,
        name=title,
        unit=observation.unit or unit,
        min=lowest if is_usual else 0.0,
        max=highest if is_usual else 0.0,
    )
