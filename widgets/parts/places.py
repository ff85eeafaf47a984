"""Where the things of a session are, and what they are called."""

from __future__ import annotations

import math

from twin.session import Selection, TwinSession
from widgets.parts.feature_lookup import near_attributes

Xyz = tuple[float, float, float]
_NAME_ATTRIBUTES = ("name", "Name", "addr:street", "identificatie")


def feature_name(session: TwinSession, row: int) -> str:
    """Name of a feature where it has one, else its id."""
    features = session.city.features
    known = near_attributes(session, row)
    for name in _NAME_ATTRIBUTES:
        if isinstance(known.get(name), str) and known[name]:
            return str(known[name])
    for place in session.city.places:
        if place.feature == row:
            return place.name
    return str(features.ids[row])


def place_of(session: TwinSession, selection: Selection) -> tuple[str, Xyz] | None:
    """Name and position (metres, local; roof centre of a feature) of what is selected.

    Returns
    -------
    None for nothing, something unknown or something without a place
    """
    found: tuple[str, Xyz] | None = None
    if selection.thing_id:
        thing = session.observations.things.get(selection.thing_id)
        if thing is not None:
            x, y, z = session.observations.xyz_of_thing(thing.id).tolist()
            found = (thing.name, (x, y, z))
    elif selection.unit_id:
        slot = session.units.slot_of(selection.unit_id)
        if slot >= 0:
            x, y, z = session.units.at(session.clock.now_ns()).xyz_local_m[slot].tolist()
            found = (session.units.units[slot].name, (x, y, z))
    elif 0 <= selection.feature < session.city.features.n_features:
        low_high = session.city.features.bounds_min_max_local_m[selection.feature].tolist()
        x, y = (low_high[0] + low_high[3]) / 2, (low_high[1] + low_high[4]) / 2
        found = (feature_name(session, selection.feature), (x, y, low_high[5]))
    if found is None or not all(math.isfinite(part) for part in found[1]):
        return None
    return found


def place_of_selection(session: TwinSession) -> tuple[str, Xyz] | None:
    """`place_of` the present selection."""
    return place_of(session, session.selection)
