"""Which feature of the city a thing of a live topic speaks for, as the joins of a scene say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import msgspec

from twin.sense.model import Thing

#: Different names that are looked up at most, a join.
MAX_NAMES = 200_000
#: Attribute of features, their names and the source they are of -> id of the feature by name.
LookUp = Callable[[str, Collection[str], str], Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveJoin:
    """One join.

    Attributes
    ----------
    topic : name of the publisher, ``*`` and ``?`` stand for anything
    key : what of its things names the feature: id, name or feature_id
    attribute : of the feature that is compared, "" = its id
    source : of the scene whose features are meant, "" = all
    """

    topic: str
    key: str
    attribute: str = ""
    source: str = ""


@dataclass(slots=True)
class _Known:
    """What is known of one join: names that were looked up, and those that are to be."""

    ids: dict[str, str] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)


class LiveJoins:
    """Gives things of joined topics their feature, and says that they speak for it alone.

    `joined` is called under a store's lock and never waits; names it does not know yet are looked
    up by `resolve`, which blocks. Both may be called on any thread.

    Parameters
    ----------
    look_up : finds features by names; called by `resolve` only
    """

    def __init__(self, joins: Sequence[LiveJoin], look_up: LookUp) -> None:
        self._joins = tuple(joins)
        self._look_up = look_up
        self._lock = threading.Lock()
        self._known = {join: _Known() for join in self._joins}

    @property
    def joins(self) -> tuple[LiveJoin, ...]:
        """As given."""
        return self._joins

    @property
    def has_questions(self) -> bool:
        """Whether there are names to look up."""
        with self._lock:
            return any(known.wanted for known in self._known.values())

    def joined(self, source: str, thing: Thing) -> Thing:
        """The thing as the first join of its publisher has it; unchanged when none fits."""
        for join in self._joins:
            if not fnmatchcase(source, join.topic):
                continue
            name = {"id": thing.id, "name": thing.name, "feature_id": thing.feature_id}[join.key]
            found = self._feature_of(join, name)
            if found:
                return msgspec.structs.replace(thing, feature_id=found, own_only=True)
        return thing

    def resolve(self) -> bool:
        """Look names up; True when features were found, so that things are to be joined anew."""
        has_found = False
        for join, known in self._known.items():
            with self._lock:
                names, known.wanted = known.wanted, set()
            if not names:
                continue
            found = self._look_up(join.attribute, names, join.source)
            with self._lock:
                known.ids.update({name: found.get(name, "") for name in names})
            has_found |= bool(found)
        return has_found

    def misses(self) -> list[str]:
        """A sentence for each join of which names were looked up in vain."""
        out = []
        with self._lock:
            for join, known in self._known.items():
                n_lost = sum(1 for found in known.ids.values() if not found)
                if n_lost:
                    what = f"attribute {join.attribute!r}" if join.attribute else "id"
                    out.append(
                        f"{n_lost:,} of {len(known.ids):,} names of the topic {join.topic} are the "
                        f"{what} of no feature"
                    )
        return out

    def _feature_of(self, join: LiveJoin, name: str) -> str:
        with self._lock:
            known = self._known[join]
            if not name:
                return ""
            if name not in known.ids and len(known.ids) + len(known.wanted) < MAX_NAMES:
                known.wanted.add(name)
            return known.ids.get(name, "")
