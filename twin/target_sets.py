"""Targets that belong together: all signals of a street, all pumps, what was drawn around."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twin.sense.model import Thing, Unit
from twin.session import TwinSession
from twin.street_names import streets_in, without_number

#: A batch holds no more.
MOST_TARGETS = 500
_PLURALS = {
    "bus": "buses",
    "police": "police cars",
    "works": "works vehicles",
    "evacuation_speakers": "evacuation speakers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSet:
    """Two or more targets of one kind.

    Attributes
    ----------
    title : for a person: "6 signals of Canal Street"
    accepts : command types that all of them accept
    """

    title: str
    kind: str
    ids: tuple[str, ...]
    accepts: tuple[str, ...]


def kinds_text(kind: str, n: int) -> str:
    """A count with the plural of a kind: "6 signals", "2 street light groups"."""
    words = kind.replace("_", " ")
    return f"{n:,} {_PLURALS.get(kind, words + 's') if n != 1 else words}"


def street_sets(things: Sequence[Thing], streets: Iterable[str]) -> list[TargetSet]:
    """Targets by the street that their name bears; any thread.

    Parameters
    ----------
    streets : names of streets; those of road segments are known besides, without their number
    """
    targets = [thing for thing in things if thing.accepts]
    known = {name.casefold(): name for name in streets if name}
    for thing in targets:
        if thing.kind == "road_segment":
            name = without_number(thing.name)
            known[name.casefold()] = name
    grouped: dict[tuple[str, str], list[Thing]] = {}
    for thing in targets:
        for street in streets_in(thing.name, known):
            grouped.setdefault((street, thing.kind), []).append(thing)
    return [
        one
        for (street, kind), members in grouped.items()
        if (one := _set_of(kind, members, f" of {street}")) is not None
    ]


def kind_sets(targets: Sequence[Thing | Unit]) -> list[TargetSet]:
    """All targets of each kind in the city, where they are not too many."""
    grouped: dict[str, list[Thing | Unit]] = {}
    for target in targets:
        if target.accepts:
            grouped.setdefault(target.kind, []).append(target)
    sets = (_set_of(kind, members, " of the city") for kind, members in grouped.items())
    return [one for one in sets if one is not None]


def selected_sets(session: TwinSession) -> list[TargetSet]:
    """Targets among what is selected: things inside the lasso, and those on selected features."""
    selection, store = session.selection, session.observations
    features = session.city.features
    rows = [row for row in selection.rows if 0 <= row < features.n_features]
    feature_ids = {features.ids[row] for row in rows} - {""}
    wanted = set(selection.things)
    things = store.things.values()
    members = [t for t in things if t.accepts and (t.id in wanted or t.feature_id in feature_ids)]
    grouped: dict[str, list[Thing]] = {}
    for thing in members:
        grouped.setdefault(thing.kind, []).append(thing)
    sets = (_set_of(kind, group, " selected") for kind, group in grouped.items())
    return [one for one in sets if one is not None]


def _set_of(kind: str, members: Sequence[Thing | Unit], ending: str) -> TargetSet | None:
    shared = set.intersection(*(set(member.accepts) for member in members))
    if not (2 <= len(members) <= MOST_TARGETS and shared):
        return None
    return TargetSet(
        title=f"{kinds_text(kind, len(members))}{ending}",
        kind=kind,
        ids=tuple(member.id for member in members),
        accepts=tuple(one for one in members[0].accepts if one in shared),
    )
