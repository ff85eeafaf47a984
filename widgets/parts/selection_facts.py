"""What is told about a feature, a thing or a unit. Degrees and local time begin here."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.arrays import Int64Array
from twin.city.frames import geographic_from_local
from twin.clock import NS_PER_S
from twin.commanding import Target, target_of
from twin.errors import CrsError
from twin.export.chosen import MERGED
from twin.session import Selection, TwinSession
from widgets.parts.feature_lookup import Attributes, near_attributes
from widgets.parts.places import feature_name
from widgets.parts.wording import age_text, clock_text, kind_title, number_text

Facts = list[tuple[str, str]]
_POINTS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
_SPEED_OVER_NS = 2 * NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One selected object, as the inspector shows it.

    Attributes
    ----------
    slots : its datastreams
    target : what commands go to; None = it accepts none
    shows_thing_names : its datastreams belong to several things
    """

    title: str
    subtitle: str
    slots: Int64Array
    target: Target | None
    shows_thing_names: bool = False


def subject_of(session: TwinSession, selection: Selection) -> Subject | None:
    """Describe what is selected; None for nothing or something unknown."""
    if selection.thing_id:
        return _thing(session, selection.thing_id)
    if selection.unit_id:
        return _unit(session, selection.unit_id)
    if 0 <= selection.feature < session.city.features.n_features:
        return _feature(session, selection.feature)
    return None


def facts_of(
    session: TwinSession,
    selection: Selection,
    attributes: Callable[[int], Attributes] | None = None,
) -> Facts:
    """Rows of (name, value) about what is selected, at this moment.

    Parameters
    ----------
    attributes : tells those of a feature row (`FeatureLookup.attributes`); None = those that are
        known at once
    """
    if selection.thing_id:
        return _thing_facts(session, selection.thing_id)
    if selection.unit_id:
        return _unit_facts(session, selection.unit_id)
    if 0 <= selection.feature < session.city.features.n_features:
        known = attributes or (lambda row: near_attributes(session, row))
        return _feature_facts(session, selection.feature, known)
    return []


def _thing(session: TwinSession, thing_id: str) -> Subject | None:
    thing = session.observations.things.get(thing_id)
    if thing is None:
        return None
    return Subject(
        title=thing.name,
        subtitle=_line(kind_title(thing.kind), thing.department),
        slots=session.observations.slots_of_thing(thing_id),
        target=target_of(session, thing_id),
    )


def _unit(session: TwinSession, unit_id: str) -> Subject | None:
    slot = session.units.slot_of(unit_id)
    if slot < 0:
        return None
    unit = session.units.units[slot]
    return Subject(
        title=unit.name,
        subtitle=_line(kind_title(unit.kind), unit.department),
        slots=session.observations.slots_of_thing(unit_id),
        target=target_of(session, unit_id),
    )


def _feature(session: TwinSession, row: int) -> Subject:
    features, store = session.city.features, session.observations
    ids = {features.ids[row]}
    parent = int(features.parents[row])
    if parent >= 0:
        ids.add(features.ids[parent])
    mine = [thing.id for thing in store.things.values() if thing.feature_id in ids]
    slots = [store.slots_of_thing(thing_id) for thing_id in mine]
    return Subject(
        title=feature_name(session, row),
        subtitle=kind_title(features.kind(row)),
        slots=np.concatenate(slots) if slots else np.empty(0, np.int64),
        target=target_of(session, mine[0]) if len(mine) == 1 else None,
        shows_thing_names=True,
    )


def _feature_facts(
    session: TwinSession, row: int, attributes: Callable[[int], Attributes]
) -> Facts:
    features = session.city.features
    facts: Facts = [("Id", str(features.ids[row]))]
    low_high = features.bounds_min_max_local_m[row].tolist()
    if all(math.isfinite(part) for part in low_high):
        facts.append(("Height of its box", f"{low_high[5] - low_high[2]:.1f} m"))
    facts += _told(attributes(row))
    parent = int(features.parents[row])
    if parent >= 0:
        facts.append(("Part of", feature_name(session, parent)))
        own = {name for name, _value in facts}
        facts += [one for one in _told(attributes(parent)) if one[0] not in own]
    return facts


def _told(attributes: Attributes) -> Facts:
    told = {name: _value_text(value) for name, value in attributes.items()}
    merged = told.pop(MERGED, "1")
    block = [] if merged == "1" else [("Drawn from afar", f"block of {merged} features")]
    return [*block, *told.items()]


def _value_text(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.0f}" if value == int(value) else number_text(value)


def _thing_facts(session: TwinSession, thing_id: str) -> Facts:
    thing = session.observations.things.get(thing_id)
    if thing is None:
        return []
    facts: Facts = [("Id", thing.id)]
    x, y, z = session.observations.xyz_of_thing(thing_id).tolist()
    facts += _position(session, (x, y, z))
    if thing.feature_id:
        facts.append(("On", thing.feature_id))
    return facts


def _unit_facts(session: TwinSession, unit_id: str) -> Facts:
    units, now_ns = session.units, session.clock.now_ns()
    slot = units.slot_of(unit_id)
    if slot < 0:
        return []
    now, before = units.at(now_ns), units.at(now_ns - _SPEED_OVER_NS)
    x, y, z = now.xyz_local_m[slot].tolist()
    moved_m = float(np.linalg.norm(now.xyz_local_m[slot] - before.xyz_local_m[slot]))
    facts: Facts = []
    if math.isfinite(moved_m):
        facts.append(("Speed", f"{moved_m / (_SPEED_OVER_NS / NS_PER_S) * 3.6:.0f} km/h"))
    heading = float(now.heading_rad[slot])
    if math.isfinite(heading):
        degrees = math.degrees(heading) % 360
        facts.append(("Heading", f"{degrees:.0f}°, {_POINTS[round(degrees / 45) % 8]}"))
    facts += _position(session, (x, y, z))
    seen_ns = units.last_seen_ns(slot)
    if seen_ns:
        age = age_text((now_ns - seen_ns) / NS_PER_S)
        facts.append(("Last position", f"{clock_text(seen_ns)}, {age}"))
    facts.append(("Id", unit_id))
    return facts


def _position(session: TwinSession, xyz_local_m: tuple[float, float, float]) -> Facts:
    if not all(math.isfinite(part) for part in xyz_local_m):
        return [("Position", "not known in this city")]
    x, y, z = xyz_local_m
    if session.city.origin.has_crs:
        try:
            lon_lat = geographic_from_local(np.array([xyz_local_m]), session.city.origin)
        except CrsError:
            return [("Position", "outside the city's coordinate system")]
        lon, lat = lon_lat[0].tolist()
        return [("Position", f"{abs(lat):.5f}° {'NS'[lat < 0]}, {abs(lon):.5f}° {'EW'[lon < 0]}")]
    return [("Position", f"{x:.0f} m east, {y:.0f} m north, {z:.0f} m up")]


def _line(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
