"""What can be found in a session: places, sensors, units, buildings; panels and actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

import numpy as np

from twin.arrays import Float64Array
from twin.city.asset import CityAsset, Features, FeatureTable, Place
from twin.city.resident_range import SourceTable
from twin.city.residents import ResidentFeatures
from twin.errors import TwinError
from twin.sense.model import OBSERVED_PROPERTIES, Datastream, Thing, Unit
from twin.session import Selection, TwinSession
from widgets.actions import ActionTable
from widgets.bridge import Bridge, ignore
from widgets.find_box import action_group
from widgets.find_commands import CommandFinder
from widgets.find_index import FindGroup, NameIndex
from widgets.find_late import LateIndex
from widgets.pending_selection import PendingSelection

#: Places with the id of their feature, an index of them, titles of features, an index of those.
CityIndex: TypeAlias = tuple[list[tuple[Place, str]], NameIndex, list[str], NameIndex]
_NAME_WORDS = ("name", "naam", "title", "address", "adres", "street", "straat", "label")
_PLACE_M, _THING_M, _UNIT_M = 300.0, 200.0, 250.0
#: A thing of a place's name, as near as this, is that place: a pump station, a gate.
_SAME_PLACE_M = 60.0
PANEL_GROUP = "Panels"
NO_FEATURES = FeatureTable(
    ids=(),
    kind_names=(),
    kind_codes=np.empty(0, np.uint16),
    parents=np.empty(0, np.int32),
    bounds_min_max_local_m=np.empty((0, 6), np.float32),
)
FEATURES = "Buildings and other features"


class SessionFinder:
    """Groups of everything in a session, indexed in jobs so that opening never waits.

    Made and used on the GUI thread. ``ready`` is called when an index got ready.
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        bridge: Bridge,
        actions: ActionTable,
        ready: Callable[[], object],
    ) -> None:
        self._session = session
        self._bridge = bridge
        self._actions = actions
        self._ready = ready
        self._pending = PendingSelection(session, bridge)
        self._commands = CommandFinder(session=session, bridge=bridge, ready=ready)
        self._city: tuple[FindGroup, ...] = ()
        self._streamed = self._streamed_groups()
        self._sensed: tuple[FindGroup, ...] = ()
        self._sensed_version = (-1, -1)
        self._is_busy = False
        self._index_city()

    def groups(self) -> Sequence[FindGroup]:
        """All groups; starts to index what was announced since the last call."""
        self._index_sensed()
        return (
            *self._city[:1],
            *self._sensed,
            *self._city[1:],
            *self._streamed,
            *self._commands.groups(),
            action_group(self._actions, PANEL_GROUP, lambda a: a.group == PANEL_GROUP),
            action_group(self._actions, "Actions", lambda a: a.group != PANEL_GROUP),
        )

    def _index_city(self) -> None:
        city = self._session.city
        whole = whole_table(city.features)

        tables = tuple(_tables_of(city.features).values())

        def work(_progress: object) -> CityIndex:
            places = [(place, "") for place in city.places]
            for table in tables:
                with suppress(TwinError):  # the rest can still be found
                    places += table.places()
            names = NameIndex(f"{p.name} {p.district} {p.id}" for p, _ in places)
            titles, texts = feature_names(whole)
            return places, names, titles, NameIndex(texts)

        def done(made: CityIndex) -> None:
            places, names, titles, texts = made
            self._city = (
                self._place_group(places, names),
                self._feature_group(city, titles, texts),
            )
            self._ready()

        self._bridge.run_job(work, done, ignore)

    def _index_sensed(self) -> None:
        session = self._session
        version = (session.observations.catalogue_version, session.units.catalogue_version)
        if version == self._sensed_version or self._is_busy:
            return
        self._is_busy = True
        things = tuple(session.observations.things.values())
        datastreams = tuple(session.observations.datastreams)
        units = tuple(session.units.units)

        def work(_progress: object) -> tuple[NameIndex, NameIndex]:
            properties = _properties_by_thing(datastreams)
            texts = (f"{t.name} {t.id} {properties.get(t.id, '')}" for t in things)
            return NameIndex(texts), NameIndex(f"{u.name} {u.kind} {u.id}" for u in units)

        def done(made: tuple[NameIndex, NameIndex]) -> None:
            self._is_busy = False
            self._sensed_version = version
            self._sensed = (self._thing_group(things, made[0]), self._unit_group(units, made[1]))
            self._ready()

        def failed(_error: Exception) -> None:
            self._is_busy = False

        self._bridge.run_job(work, done, failed)

    def _place_group(self, places: Sequence[tuple[Place, str]], index: NameIndex) -> FindGroup:
        """Places with the id of a feature that may have to be loaded, "" for none."""

        def choose(row: int) -> None:
            place, feature_id = places[row]
            thing_id = self._thing_at(place)
            if thing_id:
                self._session.select(Selection(thing_id=thing_id))
            elif place.feature >= 0:
                self._session.select(Selection(feature=place.feature))
            elif feature_id:
                self._pending.want(feature_id, place.name)
            self._session.fly_to_requested.emit((*place.xyz_local_m, _PLACE_M))

        return FindGroup(
            heading="Places",
            index=index,
            title=lambda row: places[row][0].name,
            detail=lambda row: _detail(places[row][0].kind, places[row][0].district),
            choose=choose,
            icon="place",
        )

    def _thing_at(self, place: Place) -> str:
        """Id of the thing that stands at a place and bears its name, "" for none."""
        observations = self._session.observations
        for thing in tuple(observations.things.values()):
            if thing.name == place.name:
                away_m = observations.xyz_of_thing(thing.id) - np.array(place.xyz_local_m)
                if float(np.linalg.norm(away_m)) < _SAME_PLACE_M:
                    return thing.id
        return ""

    def _feature_group(self, city: CityAsset, titles: list[str], index: NameIndex) -> FindGroup:
        def choose(row: int) -> None:
            self._session.select(Selection(feature=row))
            bounds = city.features.bounds_min_max_local_m[row].astype(float)
            if not np.isnan(bounds).any():
                self._session.fly_to_requested.emit(_view_of(bounds))

        return FindGroup(
            heading=FEATURES,
            index=index,
            title=lambda row: titles[row],
            detail=lambda row: _detail(city.features.kind(row), ""),
            choose=choose,
            icon="building",
        )

    def _streamed_groups(self) -> tuple[FindGroup, ...]:
        """One for each streamed source that has a table: also of what is not loaded."""
        tables = _tables_of(self._session.city.features)
        return tuple(self._streamed_group(table) for table in tables.values())

    def _streamed_group(self, table: SourceTable) -> FindGroup:
        index = LateIndex(bridge=self._bridge, look=table.find, ready=self._ready)

        def choose(row: int) -> None:
            found = index.found(row)
            bounds = np.array(found.bounds, float)
            if not np.isnan(bounds).any():
                self._session.fly_to_requested.emit(_view_of(bounds))
            self._pending.want(found.id, found.name or found.id)

        def note() -> str:
            return f"Looking through {table.n_features:,} features …" if index.is_busy else ""

        return FindGroup(
            heading=FEATURES,
            index=index,
            title=lambda row: index.found(row).name or index.found(row).id,
            detail=lambda row: _detail(index.found(row).kind, ""),
            choose=choose,
            icon="building",
            note=note,
        )

    def _thing_group(self, things: Sequence[Thing], index: NameIndex) -> FindGroup:
        def choose(row: int) -> None:
            thing = things[row]
            self._session.select(Selection(thing_id=thing.id))
            xyz = self._session.observations.xyz_of_thing(thing.id)
            if not np.isnan(xyz).any():
                x, y, z = (float(v) for v in xyz)
                self._session.fly_to_requested.emit((x, y, z, _THING_M))

        return FindGroup(
            heading="Sensors and equipment",
            index=index,
            title=lambda row: things[row].name or things[row].id,
            detail=lambda row: _detail(things[row].kind, things[row].department),
            choose=choose,
            icon="sensor",
        )

    def _unit_group(self, units: Sequence[Unit], index: NameIndex) -> FindGroup:
        def choose(row: int) -> None:
            session = self._session
            session.select(Selection(unit_id=units[row].id))
            slot = session.units.slot_of(units[row].id)
            if slot >= 0:
                xyz = session.units.at(session.clock.now_ns()).xyz_local_m[slot]
                if not np.isnan(xyz).any():
                    x, y, z = (float(v) for v in xyz)
                    session.fly_to_requested.emit((x, y, z, _UNIT_M))

        return FindGroup(
            heading="Units",
            index=index,
            title=lambda row: units[row].name or units[row].id,
            detail=lambda row: _detail(units[row].kind, units[row].department),
            choose=choose,
            icon="unit",
        )


def whole_table(features: Features) -> Features:
    """What was read whole: it never changes, so that any thread may read it. GUI thread."""
    if not isinstance(features, ResidentFeatures):
        return features
    return next((one.table for one in features.ranges if not one.source_id), NO_FEATURES)


def _tables_of(features: Features) -> Mapping[str, SourceTable]:
    return features.tables if isinstance(features, ResidentFeatures) else {}


def _view_of(bounds_m: Float64Array) -> tuple[float, float, float, float]:
    """Middle of a box (6,) and a good distance to look at it from."""
    low, high = bounds_m[:3], bounds_m[3:]
    x, y, z = (float(v) for v in (low + high) / 2)
    return x, y, z, 80.0 + 3.0 * float(np.linalg.norm(high - low))


def feature_names(features: Features) -> tuple[list[str], list[str]]:
    """Title for a person and text to search, for each feature. Any thread; long for many."""
    names = [
        column
        for key, column in features.attributes.items()
        if column.dtype == object and any(word in key.casefold() for word in _NAME_WORDS)
    ]
    titles, texts = [], []
    for row, feature_id in enumerate(features.ids):
        values = [str(column[row]) for column in names if column[row] is not None]
        titles.append(values[0] if values else feature_id)
        texts.append(" ".join((*values, feature_id)))
    return titles, texts


def _properties_by_thing(datastreams: Sequence[Datastream]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for stream in datastreams:
        known = OBSERVED_PROPERTIES.get(stream.observed_property)
        title = known[0] if known else stream.observed_property
        found.setdefault(stream.thing_id, []).append(title)
    return {thing_id: " ".join(titles) for thing_id, titles in found.items()}


def _detail(kind: str, more: str) -> str:
    words = kind.replace("_", " ").strip()
    words = words[:1].upper() + words[1:]
    extra = more.replace("_", " ")
    return f"{words} · {extra}" if words and extra else words or extra
