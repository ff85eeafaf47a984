"""Which things and datastreams have been announced; bounded, and what does not fit is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from twin.arrays import Float32Array, Int64Array, UInt32Array
from twin.city.frames import Origin
from twin.sense.index_table import IndexTable
from twin.sense.live_join import LiveJoins
from twin.sense.model import Announcement, Datastream, Thing
from twin.sense.placing import NOT_GEOREFERENCED, local_from_frame

#: How many names of refused entries are kept for the health panel.
MAX_REFUSED_NAMES = 20


class Catalogue:
    """Things by id and datastreams by slot. Not thread safe: the store holds the lock.

    The first source that announces a thing or a datastream owns it: a later one may send
    observations for it, but does not rename or move it.

    Attributes
    ----------
    version : moves with every change
    refused : how many entries did not fit; ``refused_names`` the first of them
    """

    def __init__(self, *, capacity: int) -> None:
        self._capacity = capacity
        self._origin = NOT_GEOREFERENCED
        self._indices = IndexTable()
        self._thing_by_id: dict[str, Thing] = {}
        #: As announced, where a join has made something else of them.
        self._announced: dict[str, Thing] = {}
        self._joins: LiveJoins | None = None
        self._streams: list[Datastream] = []
        self._slot_by_id: dict[str, int] = {}
        self._thing_owner: dict[str, str] = {}
        #: By slot.
        self._stream_owner: list[str] = []
        self._slots_by_thing: dict[str, list[int]] = {}
        self._slots_by_property: dict[str, list[int]] = {}
        self._xyz_by_thing: dict[str, Float32Array] = {}
        self._refused: dict[str, None] = {}
        self._things: Mapping[str, Thing] = MappingProxyType({})
        self._datastreams: Sequence[Datastream] = ()
        self._xyz_local_m: Float32Array = np.empty((0, 3), dtype=np.float32)
        self._published = 0
        self.version = 0
        self.refused = 0

    @property
    def refused_names(self) -> tuple[str, ...]:
        """Names of the first things and datastreams that did not fit."""
        return tuple(self._refused)

    @property
    def n_slots(self) -> int:
        """How many datastreams."""
        return len(self._streams)

    @property
    def things(self) -> Mapping[str, Thing]:
        """Things by id: an immutable snapshot, replaced on change."""
        self._publish()
        return self._things

    @property
    def datastreams(self) -> Sequence[Datastream]:
        """Datastreams by slot: an immutable snapshot, replaced on change."""
        self._publish()
        return self._datastreams

    @property
    def xyz_local_m(self) -> Float32Array:
        """(n, 3) float32, where each slot's thing stands; replaced on change."""
        self._publish()
        return self._xyz_local_m

    def set_origin(self, origin: Origin) -> None:
        """Place everything anew in a city's frame."""
        self._origin = origin
        self._place(list(self._thing_by_id.values()))
        self.version += 1

    def set_joins(self, joins: LiveJoins | None) -> None:
        """Join things to features from now on, and those that are known already."""
        self._joins = joins
        changed = []
        for thing_id, thing in self._thing_by_id.items():
            told = self._announced.get(thing_id, thing)
            if self._keep(self._thing_owner[thing_id], told) != thing:
                changed.append(thing_id)
        self.version += bool(changed)

    def announce(self, announcement: Announcement) -> None:
        """Add or replace what a source announces, and learn its indices."""
        source = announcement.source
        self._indices.begin(source, announcement.epoch)
        changed = self._put_things(source, announcement.things)
        streams_changed = self._put_streams(source, announcement.datastreams)
        self._place(changed)
        self.version += bool(changed or streams_changed)

    def observe(self, source: str, thing: Thing, stream: Datastream) -> int:
        """Take in one self-announced datastream; its slot, or -1 when the store is full."""
        thing_changed = self._put_thing(source, thing)
        slot, stream_changed = self._put_stream(source, stream)
        if thing_changed:
            self._place([thing])
        self.version += thing_changed or stream_changed
        return slot

    def owns(self, source: str, datastream_id: str) -> bool:
        """Whether `source` was the first to announce that datastream."""
        slot = self._slot_by_id.get(datastream_id, -1)
        return slot >= 0 and self._stream_owner[slot] == source

    def slots_of(self, source: str, indices: UInt32Array, epoch: str) -> Int64Array:
        """(n,) slots of a source's indices, -1 unknown."""
        return self._indices.lookup(source, indices, epoch)

    def slot_of(self, datastream_id: str) -> int:
        """Slot of a datastream, -1 unknown."""
        return self._slot_by_id.get(datastream_id, -1)

    def slots_of_thing(self, thing_id: str) -> Int64Array:
        """(k,) slots of a thing's datastreams."""
        return np.array(self._slots_by_thing.get(thing_id, ()), dtype=np.int64)

    def slots_of_property(self, name: str) -> Int64Array:
        """(k,) slots of all datastreams of one observed property."""
        return np.array(self._slots_by_property.get(name, ()), dtype=np.int64)

    def observed_properties(self) -> tuple[str, ...]:
        """Names of the observed properties, sorted."""
        return tuple(sorted(self._slots_by_property))

    def xyz_of_thing(self, thing_id: str) -> Float32Array:
        """(3,) local metres, NaN where unknown or not placeable."""
        found = self._xyz_by_thing.get(thing_id)
        return np.full(3, np.nan, dtype=np.float32) if found is None else found.copy()

    def path_local_m(self, thing_id: str) -> Float32Array:
        """(k, 3) local metres: position, then the further vertices of a linear thing."""
        thing = self._thing_by_id.get(thing_id)
        if thing is None:
            return np.empty((0, 3), dtype=np.float32)
        n_whole = len(thing.path) // 3 * 3
        vertices = np.array(thing.xyz + thing.path[:n_whole], dtype=np.float64).reshape(-1, 3)
        return local_from_frame(thing.frame, vertices, self._origin)

    def _are_new(self, ids: Sequence[str], known: Mapping[str, object]) -> bool:
        """Whether all can be taken in at once, as when a whole city is announced."""
        has_room = len(known) + len(ids) <= self._capacity
        return has_room and known.keys().isdisjoint(ids) and len(set(ids)) == len(ids)

    def _put_things(self, source: str, things: Sequence[Thing]) -> Sequence[Thing]:
        """Take in the things of an announcement; those that changed."""
        ids = [thing.id for thing in things]
        if self._joins is not None or not self._are_new(ids, self._thing_by_id):
            return [thing for thing in things if self._put_thing(source, thing)]
        self._thing_by_id.update(zip(ids, things, strict=True))
        self._thing_owner.update(dict.fromkeys(ids, source))
        return things

    def _put_thing(self, source: str, thing: Thing) -> bool:
        known = self._announced.get(thing.id, self._thing_by_id.get(thing.id))
        if known == thing or self._thing_owner.get(thing.id, source) != source:
            return False
        if known is None and len(self._thing_by_id) >= self._capacity:
            self._refuse(thing.id)
            return False
        self._thing_owner[thing.id] = source
        self._keep(source, thing)
        return True

    def _keep(self, source: str, told: Thing) -> Thing:
        """Keep a thing as the joins have it."""
        thing = told if self._joins is None else self._joins.joined(source, told)
        if thing is told:
            self._announced.pop(told.id, None)
        else:
            self._announced[told.id] = told
        self._thing_by_id[told.id] = thing
        return thing

    def _put_streams(self, source: str, streams: Sequence[Datastream]) -> bool:
        """Take in all of an announcement and bind their indices; whether anything changed."""
        ids = [stream.id for stream in streams]
        if self._are_new(ids, self._slot_by_id):
            slots, is_changed = self._add_all(source, ids, streams), bool(streams)
        else:
            put = [self._put_stream(source, stream) for stream in streams]
            slots = np.array([slot for slot, _ in put], dtype=np.int64)
            is_changed = any(is_change for _, is_change in put)
        indices = np.array([stream.index for stream in streams], dtype=np.int64)
        for row in self._indices.bind_all(source, indices, slots):
            self._refuse(f"{streams[row].id} (index {streams[row].index})")
        return is_changed

    def _add_all(
        self, source: str, ids: Sequence[str], streams: Sequence[Datastream]
    ) -> Int64Array:
        """`_add_stream` of many that are all new; their slots."""
        first = len(self._streams)
        self._streams.extend(streams)
        self._stream_owner.extend([source] * len(ids))
        self._slot_by_id.update(zip(ids, range(first, first + len(ids)), strict=True))
        by_thing, by_property = self._slots_by_thing, self._slots_by_property
        for slot, stream in enumerate(streams, first):
            by_thing.setdefault(stream.thing_id, []).append(slot)
            by_property.setdefault(stream.observed_property, []).append(slot)
        return np.arange(first, first + len(ids), dtype=np.int64)

    def _put_stream(self, source: str, stream: Datastream) -> tuple[int, bool]:
        slot = self._slot_by_id.get(stream.id, -1)
        if slot < 0:
            return self._add_stream(source, stream)
        if self._streams[slot] == stream or self._stream_owner[slot] != source:
            return slot, False
        known = self._streams[slot]
        if (known.thing_id, known.observed_property) != (stream.thing_id, stream.observed_property):
            self._refuse(f"{stream.id} (announced anew for another thing or property)")
            return slot, False
        self._streams[slot] = stream
        return slot, True

    def _add_stream(self, source: str, stream: Datastream) -> tuple[int, bool]:
        slot = len(self._streams)
        if slot >= self._capacity:
            self._refuse(stream.id)
            return -1, False
        self._stream_owner.append(source)
        self._streams.append(stream)
        self._slot_by_id[stream.id] = slot
        self._slots_by_thing.setdefault(stream.thing_id, []).append(slot)
        self._slots_by_property.setdefault(stream.observed_property, []).append(slot)
        return slot, True

    def _refuse(self, name: str) -> None:
        if name not in self._refused:
            self.refused += 1
            if len(self._refused) < MAX_REFUSED_NAMES:
                self._refused[name] = None

    def _place(self, things: Sequence[Thing]) -> None:
        for frame in {thing.frame for thing in things}:
            group = [thing for thing in things if thing.frame == frame]
            xyz = np.array([thing.xyz for thing in group], dtype=np.float64)
            placed = local_from_frame(frame, xyz, self._origin)
            ids = (thing.id for thing in group)
            self._xyz_by_thing.update(zip(ids, placed, strict=True))

    def _publish(self) -> None:
        """Renew the snapshots, once for however many changes came since they were last asked."""
        if self._published == self.version:
            return
        self._things = MappingProxyType(dict(self._thing_by_id))
        self._datastreams = tuple(self._streams)
        unplaced = np.full(3, np.nan, dtype=np.float32)
        rows = [self._xyz_by_thing.get(s.thing_id, unplaced) for s in self._streams]
        self._xyz_local_m = np.array(rows, dtype=np.float32).reshape(-1, 3)
        self._published = self.version
