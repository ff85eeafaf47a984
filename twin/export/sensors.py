"""The newest value of every datastream as rows of a table: what, where, how old, how healthy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from twin.arrays import Float32Array
from twin.clock import NS_PER_S
from twin.export.tables import TableRow, Value
from twin.sense.health import Health, age_s, health_of
from twin.sense.model import Datastream, Quality, Thing
from twin.sense.snapshot import ObservationSnapshot
from twin.sense.store import ObservationStore


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorsNow:
    """All datastreams at one moment; copies, so any thread may read them.

    Attributes
    ----------
    xyz_local_m : (n, 3) where each datastream's thing stands, NaN = nowhere
    """

    now_ns: int
    datastreams: Sequence[Datastream]
    things: Mapping[str, Thing]
    xyz_local_m: Float32Array
    snapshot: ObservationSnapshot


def sensors_now(store: ObservationStore, now_ns: int) -> SensorsNow:
    """Take what a store knows now. Any thread."""
    return SensorsNow(
        now_ns=now_ns,
        datastreams=tuple(store.datastreams),
        things=dict(store.things),
        xyz_local_m=store.xyz_local_m,
        snapshot=store.snapshot(),
    )


def rows_of_sensors(now: SensorsNow) -> list[TableRow]:
    """One row a datastream; value, time and age are empty before the first observation."""
    snapshot = now.snapshot
    ages = age_s(snapshot, now.now_ns)
    health = health_of(snapshot, now.now_ns)
    rows = []
    known = min(len(now.datastreams), snapshot.n_slots, len(now.xyz_local_m))
    for slot, stream in enumerate(now.datastreams[:known]):
        thing = now.things.get(stream.thing_id)
        value, seen_ns = float(snapshot.values[slot]), int(snapshot.t_ns[slot])
        values: dict[str, Value] = {
            "thing_id": stream.thing_id,
            "thing": "" if thing is None else thing.name,
            "kind": "" if thing is None else thing.kind,
            "department": "" if thing is None else thing.department,
            "property": stream.observed_property,
            "value": None if math.isnan(value) else value,
            "unit": stream.unit,
            "time": _iso(seen_ns) if seen_ns else None,
            "age_s": round(float(ages[slot]), 3) if seen_ns else None,
            "health": Health(int(health[slot])).name.lower(),
            "quality": _quality(int(snapshot.quality[slot])) if seen_ns else None,
        }
        rows.append(TableRow(id=stream.id, xyz_local_m=_place(now, slot), values=values))
    return rows


def _place(now: SensorsNow, slot: int) -> tuple[float, float, float] | None:
    place = now.xyz_local_m[slot]
    if np.isnan(place[:2]).any():
        return None
    x, y, z = (float(part) for part in np.nan_to_num(place))
    return x, y, z


def _quality(code: int) -> str:
    known = {int(one): one.name.lower() for one in Quality}
    return known.get(code, str(code))


def _iso(t_ns: int) -> str:
    when = datetime.fromtimestamp(t_ns // NS_PER_S, UTC)
    text = when.replace(microsecond=t_ns % NS_PER_S // 1000).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
