"""The record of an indicator, what it is computed from, and what it answers. Pure, any thread.

An indicator never invents: where observations lack it has no value and says which are missing.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twin.arrays import Int64Array, UInt8Array
from twin.registry import Registry
from twin.room.parts.units import Response, Units
from twin.sense.health import Health, health_of
from twin.sense.model import Datastream, Thing
from twin.sense.store import ObservationSnapshot
from twin.session import TwinSession

#: Values of a trend that are kept.
TREND_KEPT = 360


@dataclass(frozen=True, slots=True, kw_only=True)
class CityNow:
    """What indicators are computed from: captured at one moment, read on any thread.

    Attributes
    ----------
    codes : (n,) `twin.sense.health.Health` of each slot
    responses : how fast help came to incidents, oldest first
    """

    now_ns: int
    snapshot: ObservationSnapshot
    codes: UInt8Array
    datastreams: Sequence[Datastream]
    things: Mapping[str, Thing]
    responses: tuple[Response, ...] = ()

    def slots(self, *properties: str) -> Int64Array:
        """(k,) slots of observed properties; "PM2.5", "pm2_5" and "pm25" are the same."""
        wanted = {plain(name) for name in properties}
        streams = self.datastreams[: self.snapshot.n_slots]
        found = [n for n, one in enumerate(streams) if plain(one.observed_property) in wanted]
        return np.array(found, np.int64)

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
    inputs : everything it was computed from, what was left out too
    """

    value: float | None = None
    missing: str = ""
    inputs: tuple[Input, ...] = ()

    @property
    def n_counted(self) -> int:
        """How many inputs count."""
        return sum(not one.note for one in self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorType:
    """Record of one indicator.

    Attributes
    ----------
    formula : how it is computed, a sentence
    period : over which time
    source : standard and clause that it follows, or that it is the console's own
    differs : how it differs from the standard, "" = it does not
    order : place in the list
    """

    id: str
    title: str
    unit: str
    formula: str
    period: str
    source: str
    compute: Callable[[CityNow], Result]
    differs: str = ""
    order: int = 50


def indicator_registry() -> Registry[IndicatorType]:
    """All indicators."""
    return Registry(IndicatorType).load_all("twin.indicators.kinds")


def city_now(session: TwinSession) -> CityNow:
    """Capture a session; GUI thread, copies only."""
    store, now_ns = session.observations, session.clock.now_ns()
    snapshot = store.snapshot()
    return CityNow(
        now_ns=now_ns,
        snapshot=snapshot,
        codes=health_of(snapshot, now_ns),
        datastreams=store.datastreams,
        things=store.things,
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


def mean_of(city: CityNow, what: str, *properties: str) -> Result:
    """Mean of the newest values that can be trusted.

    Parameters
    ----------
    what : how the property is called where no datastream observes it
    """
    inputs = inputs_of(city, city.slots(*properties).tolist())
    if not inputs:
        return Result(missing=f"No datastream observes {what}")
    counted = [one.value for one in inputs if not one.note]
    if not counted:
        return Result(missing=f"No datastream of {what} is fresh and trusted", inputs=inputs)
    return Result(value=float(np.mean(counted)), inputs=inputs)


def share_of(
    city: CityNow, what: str, kinds: Sequence[str], is_good: Callable[[CityNow, int], bool]
) -> Result:
    """Share of the things of some kinds whose datastreams are all good, %.

    Each thing is one input: 1 where it counts as good, 0 where not.
    """
    slots_of: dict[str, list[int]] = {}
    for slot, stream in enumerate(city.datastreams[: city.snapshot.n_slots]):
        thing = city.things.get(stream.thing_id)
        if thing is not None and thing.kind in kinds:
            slots_of.setdefault(thing.id, []).append(slot)
    if not slots_of:
        return Result(missing=f"No {what} has announced a datastream")
    inputs = []
    for thing_id, slots in slots_of.items():
        good = all(is_good(city, slot) for slot in slots)
        newest = max(slots, key=lambda slot: int(city.snapshot.t_ns[slot]))
        inputs.append(
            Input(
                name=city.things[thing_id].name,
                value=float(good),
                t_ns=int(city.snapshot.t_ns[newest]),
                datastream_id=city.datastreams[newest].id,
                thing_id=thing_id,
            )
        )
    inputs.sort(key=lambda one: (one.value, one.name))
    return Result(value=100.0 * sum(i.value for i in inputs) / len(inputs), inputs=tuple(inputs))


def is_fresh(city: CityNow, slot: int) -> bool:
    """Whether a datastream was heard in time and can be believed."""
    return int(city.codes[slot]) == Health.FRESH


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
