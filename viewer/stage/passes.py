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

<<<<<<< HEAD
DIRECTOR, CITY, WATCHER = "director", "city", "watcher"
=======
DIRECTOR, CITY = "director", "city"
RECORDER, AUDIENCE = "recorder", "audience"
>>>>>>> 331b7ee (civitwin play: scripted scenes as tests, with Cloudburst)
_PASSWORD_BYTES = 12


@dataclass(frozen=True, slots=True)
class Pass:
    """What one workstation gets: its folder of keys, who sits there, and the password."""

    folder: Path
    person: str = ""
    password: str = field(default="", repr=False)


def make_passes(script: Script, folder: Path) -> tuple[KeyStore, dict[str, Pass]]:
<<<<<<< HEAD
    """Keys of a hub, a workstation a seat, the city's machines, the watcher and the director.
=======
    """Keys of a hub, of a workstation a seat, of the city's machines, and of who directs,
    records and looks on.
>>>>>>> 331b7ee (civitwin play: scripted scenes as tests, with Cloudburst)

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
<<<<<<< HEAD
    place = _workstation(store, DIRECTOR, ("console", "recorder"))
    director = Person(
        id=DIRECTOR, name="Director", department="control_room", public_key="",
        roles=("auditor",), on_shift=True,
    )  # fmt: skip
    passes[DIRECTOR] = _admit(store, place, director, DIRECTOR)
    place = _workstation(store, WATCHER, ("console",))
    watcher = Person(
        id=WATCHER, name="Rules", department="control_room", public_key="", roles=("watcher",)
    )
    passes[WATCHER] = _admit(store, place, watcher, WATCHER)
=======
    passes[RECORDER] = Pass(_workstation(store, RECORDER, ("recorder",)))
    for name, title, roles in (
        (DIRECTOR, "Director", ("auditor", "trainer")), (AUDIENCE, "Audience", ("auditor",)),
    ):  # fmt: skip
        place = _workstation(store, name, ("console", "source"))
        person = Person(
            id=name, name=title, department="control_room", public_key="", roles=roles,
            on_shift=True,
        )  # fmt: skip
        passes[name] = _admit(store, place, person, name)
>>>>>>> 331b7ee (civitwin play: scripted scenes as tests, with Cloudburst)
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
