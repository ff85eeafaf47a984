"""Keys for everybody on stage: made new for each run, thrown away with its folder."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from twin.playback.script import Script
from twin.security.keystore import KeyStore, new_workstation_secret
from twin.security.records import Person, Workstation, WorkstationRole
from twin.security.sealed import new_signer

DIRECTOR, CITY, WATCHER = "director", "city", "watcher"
RECORDER, AUDIENCE = "recorder", "audience"
_PASSWORD_BYTES = 12


@dataclass(frozen=True, slots=True)
class Pass:
    """What one workstation gets: its folder of keys, who sits there, and the password."""

    folder: Path
    person: str = ""
    password: str = field(default="", repr=False)


def make_passes(script: Script, folder: Path) -> tuple[KeyStore, dict[str, Pass]]:
    """Keys of a hub, a workstation a seat, the city's machines, and of who watches and directs.

    Returns
    -------
    KeyStore, dict
        The hub's keys, and by seat what its console needs.
    """
    store = KeyStore(folder)
    store.init("Stage")
    passes = {CITY: Pass(_workstation(store, CITY, ("actuator", "source")))}
    for seat in script.seats.values():
        place = _workstation(store, seat.name, ("console",), seat.department)
        person = Person(
            id=seat.person or seat.name, name=seat.operator, department=seat.department,
            public_key="", roles=("operator", "shift_leader"), rank=1, on_shift=True,
        )  # fmt: skip
        passes[seat.name] = _admit(store, place, person, seat.name)
    passes[RECORDER] = Pass(_workstation(store, RECORDER, ("recorder",)))
    for name, title, roles in (
        (DIRECTOR, "Director", ("auditor", "trainer")), (AUDIENCE, "Audience", ("auditor",)),
        (WATCHER, "Rules", ("watcher",)),
    ):  # fmt: skip
        place = _workstation(store, name, ("console", "source"))
        person = Person(
            id=name, name=title, department="control_room", public_key="", roles=roles,
            on_shift=True,
        )  # fmt: skip
        passes[name] = _admit(store, place, person, name)
    return store, passes


def _workstation(
    store: KeyStore, name: str, roles: tuple[WorkstationRole, ...], department: str = ""
) -> Path:
    secret = new_workstation_secret(name)
    record = Workstation(
        name=name, public_key=secret.curve_public, roles=roles, department=department
    )
    folder = store.add_workstation(record, secret)
    assert folder is not None  # noqa: S101 - its secret was given
    return folder


def _admit(store: KeyStore, place: Path, person: Person, workstation: str) -> Pass:
    signer = new_signer(person.id)
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    record = msgspec.structs.replace(person, public_key=signer.public_key)
    store.add_person(record, signer.seal(password), at=(workstation,))
    return Pass(place, person.id, password)
