"""Which datastreams a rule is about: found among all that are announced, as columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import shapely

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.perception.rules_model import Area, EventRule
from twin.sense.model import Datastream, Thing

#: Where things that are not known stand.
_NOWHERE = Thing(id="", name="", kind="")
WHOLE_CITY = "Whole city"


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """All datastreams by slot, with what rules ask of them. Immutable.

    Attributes
    ----------
    streams : by slot
    things : the thing of each slot
    xy_local, lon_lat : (n, 2), NaN where not known
    interval_s, usual_low, usual_high : (n,), as declared; 0 = not known
    """

    streams: Sequence[Datastream]
    things: Sequence[Thing]
    slot_of: Mapping[str, int]
    xyz_local: Float64Array
    lon_lat: Float64Array
    interval_s: Float64Array
    usual_low: Float64Array
    usual_high: Float64Array

    @classmethod
    def of(
        cls,
        streams: Sequence[Datastream],
        things: Mapping[str, Thing],
        xyz_local: Float64Array | None = None,
    ) -> Directory:
        """Gather the columns.

        Parameters
        ----------
        xyz_local : (n, 3) where each slot's thing stands; None = as announced in local metres
        """
        owners = [things.get(one.thing_id, _NOWHERE) for one in streams]
        announced = np.array([one.xyz for one in owners], np.float64).reshape(-1, 3)
        frames = [one.frame for one in owners]
        is_local = np.array([f == "local" for f in frames], np.bool_)
        is_geographic = np.array([f == "geographic" for f in frames], np.bool_)
        if xyz_local is None:
            xyz_local = np.where(is_local[:, None], announced, np.nan)
        return cls(
            streams=streams, things=owners,
            slot_of={one.id: slot for slot, one in enumerate(streams)},
            xyz_local=np.asarray(xyz_local, np.float64),
            lon_lat=np.where(is_geographic[:, None], announced[:, :2], np.nan),
            interval_s=np.array([one.interval_s for one in streams], np.float64),
            usual_low=np.array([one.min for one in streams], np.float64),
            usual_high=np.array([one.max for one in streams], np.float64),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.streams)


@dataclass(frozen=True, slots=True)
class Selection:
    """The datastreams of a rule.

    Attributes
    ----------
    slots : (k,) int64, rising
    members : of each area the rows (indices into `slots`) that lie in it; empty for a rule of
        single datastreams
    """

    slots: Int64Array
    members: Mapping[str, Int64Array]


def select(rule: EventRule, directory: Directory) -> Selection:
    """Find the datastreams that a rule is about."""
    is_in = np.ones(len(directory), np.bool_)
    if rule.properties:
        is_in &= _fit((one.observed_property for one in directory.streams), rule.properties)
    if rule.kinds:
        is_in &= _fit((one.kind for one in directory.things), rule.kinds)
    if rule.datastreams:
        is_in &= _fit((one.id for one in directory.streams), rule.datastreams)
    if rule.things:
        is_in &= _fit((one.thing_id for one in directory.streams), rule.things)
    slots = np.flatnonzero(is_in).astype(np.int64)
    inside = {name: _inside(rule.places[name], directory, slots) for name in rule.areas}
    if inside:
        is_anywhere = np.logical_or.reduce(list(inside.values()))
        slots = slots[is_anywhere]
        inside = {name: mask[is_anywhere] for name, mask in inside.items()}
    if rule.per == "datastream":
        return Selection(slots, {})
    members = {name: np.flatnonzero(mask).astype(np.int64) for name, mask in inside.items()}
    return Selection(slots, members or {WHOLE_CITY: np.arange(len(slots), dtype=np.int64)})


def _fit(names: Iterable[str], patterns: tuple[str, ...]) -> BoolArray:
    """(n,) which names fit one of the patterns; each different name is looked at once."""
    exact = frozenset(one for one in patterns if not any(sign in one for sign in "*?["))
    loose = tuple(one for one in patterns if one not in exact)
    fits: dict[str, bool] = {}

    def does_fit(name: str) -> bool:
        found = fits.get(name)
        if found is None:
            found = name in exact or any(fnmatchcase(name, one) for one in loose)
            fits[name] = found
        return found

    return np.fromiter((does_fit(name) for name in names), np.bool_)


def _inside(area: Area, directory: Directory, slots: Int64Array) -> BoolArray:
    xy = directory.lon_lat if area.frame == "geographic" else directory.xyz_local
    polygon = shapely.Polygon(area.points)
    found: BoolArray = shapely.intersects_xy(polygon, xy[slots, 0], xy[slots, 1])
    return found
