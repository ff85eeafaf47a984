"""Workstations and people as the hub knows them: public keys and what they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, get_args

import msgspec

WorkstationRole = Literal["console", "actuator", "source", "recorder"]
WORKSTATION_ROLES: tuple[WorkstationRole, ...] = get_args(WorkstationRole)
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class Workstation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A machine or process with a key of its own.

    Attributes
    ----------
    public_key : CURVE, Z85, 40 letters
    roles : what it may connect as
    department : of the console, for lists; people bring their own
    assets : patterns of the assets that an actuator may serve, empty = all
    """

    name: str
    public_key: str
    roles: tuple[WorkstationRole, ...] = ("console",)
    department: str = ""
    assets: tuple[str, ...] = ()
    revoked: bool = False

    def may_serve(self, asset_id: str) -> bool:
        """Whether an actuator with this key may serve an asset."""
        return not self.assets or any(fnmatchcase(asset_id, one) for one in self.assets)


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who can log in.

    Attributes
    ----------
    public_key : Ed25519, 64 hexadecimal digits
    roles : of the policy
    rank : who may take an asset over from whom; higher wins
    """

    id: str
    name: str
    public_key: str
    department: str = ""
    roles: tuple[str, ...] = ()
    rank: int = 0
    on_shift: bool = False
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Directory:
    """Everybody a hub knows at one moment. Immutable, any thread."""

    workstations: tuple[Workstation, ...] = ()
    people: tuple[Person, ...] = ()
    _by_key: dict[str, Workstation] = field(init=False, repr=False)
    _by_id: dict[str, Person] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_key", {one.public_key: one for one in self.workstations})
        object.__setattr__(self, "_by_id", {one.id: one for one in self.people})

    def workstation(self, public_key: str) -> Workstation | None:
        """The workstation with a key, unless it is unknown or revoked."""
        found = self._by_key.get(public_key)
        return None if found is None or found.revoked else found

    def person(self, person_id: str) -> Person | None:
        """Somebody by id, also if revoked."""
        return self._by_id.get(person_id)


def is_fit_id(text: str) -> bool:
    """Whether a text can name a workstation or a person (it names files too)."""
    return _ID.fullmatch(text) is not None


def twice(names: Iterable[str]) -> str:
    """The first name that comes twice, "" for none."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""
