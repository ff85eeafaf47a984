"""The record of an indicator, what it is computed from, and what it answers. Pure, any thread.

An indicator never invents: where observations lack it has no value and says which are missing.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float64Array, Int64Array, UInt8Array
from twin.registry import Registry
from twin.room.parts.units import Response, Units
from twin.sense.health import Health, health_of
from twin.sense.model import Datastream, Thing
from twin.sense.snapshot import ObservationSnapshot
from twin.session import TwinSession

#: Values of a trend that are kept.
TREND_KEPT = 360
#: Observations behind a value that are listed; all are counted.
MOST_LISTED = 2_000


class CityIndex:
    """Which slots belong to a property or a kind of thing; made once for each catalogue."""

    def __init__(self, datastreams: Sequence[Datastream], things: Mapping[str, Thing]) -> None:
        self._datastreams = datastreams
        self._things = things
        self._by_property: dict[str, list[int]] | None = None
        self._by_kind: dict[str, dict[str, list[int]]] | None = None

    def slots(self, properties: Iterable[str]) -> Int64Array:
        """(k,) slots of observed properties; "PM2.5", "pm2_5" and "pm25" are the same."""
        if self._by_property is None:
            found: dict[str, list[int]] = {}
            spelt: dict[str, str] = {}
            for slot, stream in enumerate(self._datastreams):
                name = stream.observed_property
                found.setdefault(spelt.setdefault(name, plain(name)), []).append(slot)
            self._by_property = found
        wanted = dict.fromkeys(plain(name) for name in properties)
        slots = [slot for name in wanted for slot in self._by_property.get(name, ())]
        return np.array(slots, np.int64)

    def things_of(self, kinds: Iterable[str]) -> dict[str, list[int]]:
        """Slots of each thing of some kinds."""
        if self._by_kind is None:
            found: dict[str, dict[str, list[int]]] = {}
            for slot, stream in enumerate(self._datastreams):
                thing = self._things.get(stream.thing_id)
                if thing is not None:
                    found.setdefault(thing.kind, {}).setdefault(thing.id, []).append(slot)
            self._by_kind = found
        return {one: slots for kind in kinds for one, slots in self._by_kind.get(kind, {}).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class CityNow:
    """What indicators are computed from: captured at one moment, read on any thread.

    Attributes
    ----------
    codes : (n,) `twin.sense.health.Health` of each slot
    index : of its datastreams
    responses : how fast help came to incidents, oldest first
    """

    now_ns: int
    snapshot: ObservationSnapshot
    codes: UInt8Array
    datastreams: Sequence[Datastream]
    things: Mapping[str, Thing]
    index: CityIndex
    responses: tuple[Response, ...] = ()

    def slots(self, *properties: str) -> Int64Array:
        """(k,) slots of observed properties."""
        return self.index.slots(properties)

    def name_of(self, stream: Datastream) -> str:
        """Name of a datastream's thing."""
        thing = self.things.get(stream.thing_id)
        return thing.name if thing is not None else stream.thing_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One observation or fact behind a value.

    Attributes
    ----------
    note : why it does not count, or what it is; "" = it counts as it is
    datastream_id, thing_id : "" for a fact of the room
    """

    name: str
    value: float
    unit: str = ""
    t_ns: int = 0
    note: str = ""
    datastream_id: str = ""
    thing_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an indicator is now.

    Attributes
    ----------
    value : None where data lack; ``missing`` then says which
    inputs : what it was computed from, what was left out too; at most `MOST_LISTED`
    n_counted, n_all : how many observations count, of how many
    """

    value: float | None = None
    missing: str = ""
    inputs: tuple[Input, ...] = ()
    n_counted: int = 0
    n_all: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorType:
    """Record of one indicator.

    Attributes
    ----------
    formula : how it is computed, a sentence
    period : over which time
    inputs : what it is computed from
    limits : what it does not say, "" = nothing that somebody would expect
    order : place in the list
    """

    id: str
    title: str
    unit: str
    formula: str
    period: str
    inputs: str
    compute: Callable[[CityNow], Result]
    limits: str = ""
    order: int = 50


def how_computed(kind: IndicatorType) -> str:
    """How an indicator is computed: formula, period, inputs, and what it does not say."""
    inputs = f"Computed from {kind.inputs[:1].lower()}{kind.inputs[1:]}"
    return ". ".join(one for one in (kind.formula, kind.period, inputs, kind.limits) if one) + "."


def indicator_registry() -> Registry[IndicatorType]:
    """All indicators."""
    return Registry(IndicatorType).load_all("twin.indicators.kinds")


def city_now(session: TwinSession, before: CityNow | None = None) -> CityNow:
    """Capture a session; GUI thread, copies only.

    Parameters
    ----------
    before : the last capture; its index is used again while the catalogue is the same
    """
    store, now_ns = session.observations, session.clock.now_ns()
    snapshot = store.snapshot()
    is_same = before is not None and before.snapshot.catalogue_version == snapshot.catalogue_version
    if before is not None and is_same:
        index, streams, things = before.index, before.datastreams, before.things
    else:
        streams, things = store.datastreams[: snapshot.n_slots], store.things
        index = CityIndex(streams, things)
    return CityNow(
        now_ns=now_ns,
        snapshot=snapshot,
        codes=health_of(snapshot, now_ns),
        datastreams=streams,
        things=things,
        index=index,
        responses=session.hub.room[Units].responses.values(),
    )


def compute_all(types: Iterable[IndicatorType], city: CityNow) -> dict[str, Result]:
    """Every indicator at one moment, by id."""
    return {one.id: one.compute(city) for one in types}


def plain(name: str) -> str:
    """A property's name without case and signs."""
    return "".join(c for c in name.casefold() if c.isalnum())


# --- what several indicators do in the same way ---------------------------------------------------

_NOTES = {
    Health.STALE: "left out: not heard in time",
    Health.SUSPECT: "left out: not to be trusted",
    Health.NEVER: "left out: no value yet",
}


def inputs_of(city: CityNow, slots: Iterable[int]) -> tuple[Input, ...]:
    """Newest observations; stale and doubtful ones are left out with a note."""
    snapshot, made = city.snapshot, []
    for slot in slots:
        stream = city.datastreams[slot]
        made.append(
            Input(
                name=city.name_of(stream),
                value=float(snapshot.values[slot]),
                unit=stream.unit,
                t_ns=int(snapshot.t_ns[slot]),
                note=_NOTES.get(Health(int(city.codes[slot])), ""),
                datastream_id=stream.id,
                thing_id=stream.thing_id,
            )
        )
    return tuple(made)


def trusted_of(
    city: CityNow, what: str, slots: Int64Array, value_of: Callable[[Float64Array], float]
) -> Result:
    """A value of the newest observations that can be trusted.

    Parameters
    ----------
    what : how the observations are called where there are none
    value_of : of the (k,) values that count; at least one
    """
    if not len(slots):
        return Result(missing=f"No datastream observes {what}")
    counts = city.codes[slots] == Health.FRESH
    listed = np.concatenate([slots[counts][:MOST_LISTED], slots[~counts]])[:MOST_LISTED]
    inputs, n = inputs_of(city, listed.tolist()), int(np.count_nonzero(counts))
    if not n:
        missing = f"No datastream of {what} is fresh and trusted"
        return Result(missing=missing, inputs=inputs, n_all=len(slots))
    value = float(value_of(city.snapshot.values[slots[counts]]))
    return Result(value=value, inputs=inputs, n_counted=n, n_all=len(slots))


def mean_of(city: CityNow, what: str, *properties: str) -> Result:
    """Mean of the newest values that can be trusted."""
    return trusted_of(city, what, city.slots(*properties), lambda values: float(values.mean()))


def share_of(city: CityNow, what: str, kinds: Sequence[str]) -> Result:
    """Share of the things of some kinds whose datastreams are all fresh and trusted, %.

    Each thing is one input: 1 where it counts as good, 0 where not; those come first.
    """
    slots_of = city.index.things_of(kinds)
    if not slots_of:
        return Result(missing=f"No {what} has announced a datastream")
    is_fresh = city.codes == Health.FRESH
    good = {thing_id: bool(is_fresh[slots].all()) for thing_id, slots in slots_of.items()}
    worst_first = sorted(good, key=lambda one: (good[one], city.things[one].name))
    inputs = []
    for thing_id in worst_first[:MOST_LISTED]:
        slots = slots_of[thing_id]
        newest = slots[int(np.argmax(city.snapshot.t_ns[slots]))]
        inputs.append(
            Input(
                name=city.things[thing_id].name,
                value=float(good[thing_id]),
                t_ns=int(city.snapshot.t_ns[newest]),
                datastream_id=city.datastreams[newest].id,
                thing_id=thing_id,
            )
        )
    n = len(good)
    value = 100.0 * sum(good.values()) / n
    return Result(value=value, inputs=tuple(inputs), n_counted=n, n_all=n)


class Trends:
    """The last values of each indicator, for small lines. One thread."""

    def __init__(self) -> None:
        self._kept: dict[str, deque[tuple[int, float]]] = {}
        self._last_ns = 0

    def note(self, results: Mapping[str, Result], now_ns: int) -> None:
        """Remember values; time that goes back begins anew."""
        if now_ns < self._last_ns:
            self._kept.clear()
        self._last_ns = now_ns
        for name, result in results.items():
            if result.value is not None and math.isfinite(result.value):
                kept = self._kept.setdefault(name, deque(maxlen=TREND_KEPT))
                kept.append((now_ns, result.value))

    def values(self, name: str) -> list[float]:
        """Values of an indicator, oldest first."""
        return [value for _, value in self._kept.get(name, ())]

    def begins_ns(self, name: str) -> int:
        """When the trend of an indicator begins, 0 = there is none."""
        kept = self._kept.get(name)
        return kept[0][0] if kept else 0
