"""What the scene draws at one moment: plain arrays taken from the stores, never the stores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from twin.arrays import Float32Array, UInt8Array
from twin.city.areas import Area
from twin.city.style import PLAIN, CityStyle
from twin.commands.preview import Preview
from twin.marking import Draft
from twin.operations.alarm_places import AlarmSpot
from twin.people import Person
from twin.room.parts.incidents import Incident
from twin.room.parts.marks import Mark
from twin.sense.model import Datastream, Thing, Unit

if TYPE_CHECKING:
    from twin.sense.snapshot import ObservationSnapshot
    from twin.sense.store import ObservationStore
    from twin.sense.units import UnitsNow, UnitStore

#: Priority of an alarm, as in the theme's ``priority`` table.
Priority = Literal["critical", "high", "medium", "low"]


class Selected(Protocol):
    """What is selected; `twin.session.Selection` is one."""

    @property
    def feature(self) -> int:
        """Row of the feature table, -1 for none."""
        ...

    @property
    def features(self) -> tuple[int, ...]:
        """Rows of many features, () for none; `feature` is -1 then."""
        ...

    @property
    def thing_id(self) -> str:
        """Id of a thing, "" for none."""
        ...

    @property
    def things(self) -> tuple[str, ...]:
        """Ids of many things at once, () for none."""
        ...

    @property
    def unit_id(self) -> str:
        """Id of a moving unit, "" for none."""
        ...


@dataclass(frozen=True, slots=True)
class NothingSelected:
    """The empty selection, for pictures without an operator."""

    feature: int = -1
    thing_id: str = ""
    unit_id: str = ""
    features: tuple[int, ...] = ()
    things: tuple[str, ...] = ()


def _no_places() -> Float32Array:
    return np.empty((0, 3), np.float32)


def _no_health() -> UInt8Array:
    return np.empty(0, np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneInput:
    """Everything the layers may look at, at time ``now_ns``. Never changed after it was made.

    Attributes
    ----------
    now_ns : the moment that is shown (live or replayed), UTC
    things : by id
    datastreams : by slot
    catalogue_version : moves when things or datastreams were announced
    xyz_local_m : (slots, 3) float32, where each datastream's thing stands, NaN = nowhere
    observations : last value of each slot; None before the first
    health : (slots,) uint8, codes of `twin.sense.health`
    units, units_now : moving units by slot and where they are at ``now_ns``
    paths_local_m : thing id -> (k, 3) float32 of things that are lines (road segments)
    selection : what is selected
    colour_by : observed property or feature attribute the city is coloured by, "" = plain
    alarms : thing id -> priority, only things that have an alarm
    alarm_spots : alarms at places where no thing of the catalogue stands
    targets : ids of the things and units that a command is running for
    style : how the city is to be drawn; its colours step back while ``colour_by`` is set
    areas : areas and cordons drawn on the city
    preview : what a command would change, None = nothing is previewed
    leases : asset id -> whether whoever sits here holds it; only assets that somebody holds
    is_drill : nothing of the room is real
    marks, draft : what the room shares on the city, and the mark that is being made here
    people : the other operators and what they show
    incidents : those that are worked
    """

    now_ns: int = 0
    things: Mapping[str, Thing] = field(default_factory=dict)
    datastreams: Sequence[Datastream] = ()
    catalogue_version: int = 0
    xyz_local_m: Float32Array = field(default_factory=_no_places)
    observations: ObservationSnapshot | None = None
    health: UInt8Array = field(default_factory=_no_health)
    units: Sequence[Unit] = ()
    units_now: UnitsNow | None = None
    paths_local_m: Mapping[str, Float32Array] = field(default_factory=dict)
    selection: Selected = field(default_factory=NothingSelected)
    colour_by: str = ""
    alarms: Mapping[str, Priority] = field(default_factory=dict)
    alarm_spots: tuple[AlarmSpot, ...] = ()
    targets: frozenset[str] = frozenset()
    style: CityStyle = PLAIN
    areas: tuple[Area, ...] = ()
    preview: Preview | None = None
    leases: Mapping[str, bool] = field(default_factory=dict)
    is_drill: bool = False
    marks: tuple[Mark, ...] = ()
    draft: Draft | None = None
    people: tuple[Person, ...] = ()
    incidents: tuple[Incident, ...] = ()

    @property
    def version(self) -> int:
        """Version of the observations, -1 when there are none."""
        return -1 if self.observations is None else self.observations.version


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What the stores still know of an earlier moment."""

    observations: ObservationSnapshot
    units: UnitsNow


def input_from_stores(
    *,
    observations: ObservationStore,
    units: UnitStore,
    now_ns: int,
    selection: Selected,
    colour_by: str = "",
    alarms: Mapping[str, Priority] | None = None,
    alarm_spots: tuple[AlarmSpot, ...] = (),
    targets: frozenset[str] = frozenset(),
    style: CityStyle = PLAIN,
    areas: tuple[Area, ...] = (),
    preview: Preview | None = None,
    leases: Mapping[str, bool] | None = None,
    is_drill: bool = False,
    marks: tuple[Mark, ...] = (),
    draft: Draft | None = None,
    people: tuple[Person, ...] = (),
    incidents: tuple[Incident, ...] = (),
    previous: SceneInput | None = None,
    past: Past | None = None,
) -> SceneInput:
    """Take one moment out of the live stores.

    Any thread (the stores are thread safe). Give the ``previous`` input, so that columns which
    did not change are not copied again. ``past`` takes the place of the newest observations and
    positions: ``now_ns`` is then the moment it was taken of.
    """
    from twin.sense.health import health_of

    catalogue = observations.catalogue_version
    known = previous if previous and previous.catalogue_version == catalogue else None
    snapshot = known.observations if known is not None else None
    if past is not None:
        snapshot = past.observations
    elif snapshot is None or snapshot.version != observations.version:
        snapshot = observations.snapshot()
    things = observations.things
    return SceneInput(
        now_ns=now_ns,
        things=things,
        datastreams=observations.datastreams,
        catalogue_version=catalogue,
        xyz_local_m=observations.xyz_local_m,
        observations=snapshot,
        health=health_of(snapshot, now_ns),
        units=units.units,
        units_now=units.at(now_ns) if past is None else past.units,
        paths_local_m=known.paths_local_m if known is not None else _paths(observations, things),
        selection=selection,
        colour_by=colour_by,
        alarms=alarms or {},
        alarm_spots=alarm_spots,
        targets=targets,
        style=style,
        areas=areas,
        preview=preview,
        leases=leases or {},
        is_drill=is_drill,
        marks=marks,
        draft=draft,
        people=people,
        incidents=incidents,
    )


def _paths(observations: ObservationStore, things: Mapping[str, Thing]) -> dict[str, Float32Array]:
    return {key: observations.path_local_m(key) for key, thing in things.items() if thing.path}
