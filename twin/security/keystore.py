"""The folder of keys on the hub's machine: the hub's own, and whom it knows.

``hub.key`` (secret) · ``hub.public.toml`` · ``workstations.toml`` · ``people.toml`` ·
``people/ID.key`` (sealed) · ``workstations/NAME/``: a folder for each workstation, made here and
carried there. Whoever may write this folder decides who gets in.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
import zmq
import zmq.utils.z85
from nacl.signing import SigningKey

from twin.errors import TwinError
from twin.near_names import near_names
from twin.security.records import Directory, Person, Workstation, is_fit_id, twice
from twin.security.sealed import SealedKey
from twin.security.secret_files import (
    PUBLIC_MODE,
    SECRET_MODE,
    KeyFileError,
    locked,
    read_public,
    read_secret,
    write_toml,
)

HUB_KEY = "hub.key"
HUB_PUBLIC = "hub.public.toml"
WORKSTATION_KEY = "workstation.key"
WORKSTATIONS = "workstations.toml"
PEOPLE = "people.toml"
_R = TypeVar("_R", Workstation, Person)


class KeyStoreError(TwinError):
    """A change to the keys is not possible."""


class HubPublic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What workstations must know of a hub.

    Attributes
    ----------
    curve_public : Z85, what the hub is recognised by
    signing_public : Ed25519, hexadecimal: verifies the checkpoints of its journal
    drill : whether this hub is for drills
    """

    name: str
    curve_public: str
    signing_public: str
    drill: bool = False


class _HubSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    curve_secret: str
    signing_seed: str


class WorkstationSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A workstation's CURVE pair, Z85. Never printed."""

    name: str
    curve_public: str
    curve_secret: str

    def __repr__(self) -> str:
        return f"WorkstationSecret({self.name!r})"


class _Workstations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    workstation: tuple[Workstation, ...] = ()


class _People(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    person: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class HubKeys:
    """The hub's keys, opened. Never printed."""

    public: HubPublic
    curve_secret: bytes
    signing: SigningKey

    def __repr__(self) -> str:
        return f"HubKeys({self.public.name!r})"

    @property
    def curve_public(self) -> bytes:
        """Z85."""
        return self.public.curve_public.encode()

    @property
    def public_key(self) -> bytes:
        """Ed25519, 32 bytes: what checkpoints of the journal are verified with."""
        return bytes(self.signing.verify_key)

    def sign(self, message: bytes, /) -> bytes:
        """Ed25519 signature of the hub, 64 bytes (checkpoints of the journal)."""
        return bytes(self.signing.sign(message).signature)


def new_hub_keys(name: str, *, drill: bool = False) -> HubKeys:
    """Make keys of a hub, on no disk yet."""
    curve_public, curve_secret = zmq.curve_keypair()
    signing = SigningKey.generate()
    public = HubPublic(
        name=name,
        curve_public=curve_public.decode(),
        signing_public=signing.verify_key.encode().hex(),
        drill=drill,
    )
    return HubKeys(public, curve_secret, signing)


def new_workstation_secret(name: str) -> WorkstationSecret:
    """Make a CURVE pair, on no disk yet."""
    public, secret = zmq.curve_keypair()
    return WorkstationSecret(name=name, curve_public=public.decode(), curve_secret=secret.decode())


@dataclass(frozen=True, slots=True)
class KeyStore:
    """A hub's folder of keys. Every change is written whole, one administrator at a time."""

    folder: Path

    def init(self, name: str, *, drill: bool = False) -> HubPublic:
        """Make the hub's keys.

        Raises
        ------
        KeyStoreError
            There are some already.
        """
        with locked(self.folder):
            if (self.folder / HUB_KEY).exists():
                raise KeyStoreError(f"There are keys of a hub already; keep them: {self.folder}")
            keys = new_hub_keys(name, drill=drill)
            self._write_hub(keys)
            self._write_workstations(())
            self._write_people(())
        return keys.public

    def hub_keys(self) -> HubKeys:
        """Open the hub's keys, raises `KeyFileError`."""
        self._require_hub()
        secret = read_secret(self.folder / HUB_KEY, _HubSecret)
        public = self.hub_public()
        try:
            signing = SigningKey(bytes.fromhex(secret.signing_seed))
            curve_public = zmq.curve_public(secret.curve_secret.encode()).decode()
        except (ValueError, TypeError, zmq.ZMQError):
            raise KeyFileError(f"The hub's key is damaged: {self.folder / HUB_KEY}") from None
        is_pair = signing.verify_key.encode().hex() == public.signing_public
        if not is_pair or curve_public != public.curve_public:
            raise KeyFileError(f"{HUB_KEY} and {HUB_PUBLIC} do not belong together: {self.folder}")
        return HubKeys(public, secret.curve_secret.encode(), signing)

    def hub_public(self) -> HubPublic:
        """What workstations must know, raises `KeyFileError`."""
        return read_public(self.folder / HUB_PUBLIC, HubPublic)

    def directory(self) -> Directory:
        """Whom the hub knows, raises `KeyFileError` for damage and names that come twice."""
        workstations = read_public(self.folder / WORKSTATIONS, _Workstations).workstation
        people = read_public(self.folder / PEOPLE, _People).person
        for path, names in (
            (WORKSTATIONS, [one.name for one in workstations]),
            (WORKSTATIONS, [one.public_key for one in workstations]),
            (PEOPLE, [one.id for one in people]),
            (PEOPLE, [one.public_key for one in people]),
        ):
            if twice(names):
                raise KeyFileError(f"“{twice(names)}” stands twice in {self.folder / path}")
        return Directory(workstations, people)

    # --- workstations -----------------------------------------------------------------------------

    def add_workstation(self, record: Workstation, secret: WorkstationSecret | None) -> Path | None:
        """Let a workstation in; returns the folder to carry to it, None without its secret.

        Raises
        ------
        KeyStoreError
            The name or key is taken or unfit.
        """
        self._require_hub()
        _require_fit(record.name, "A workstation")
        if not is_curve_key(record.public_key):
            raise KeyStoreError("That is no public key of a workstation (40 letters of Z85)")
        with locked(self.folder):
            old = self.directory()
            if any(one.name == record.name for one in old.workstations):
                raise KeyStoreError(
                    f"There is a workstation {record.name} already; revoke it and take a new name"
                )
            if any(one.public_key == record.public_key for one in old.workstations):
                raise KeyStoreError("Another workstation has this key; keys are not shared")
            self._write_workstations((*old.workstations, record))
            return None if secret is None else self._write_bundle(secret)

    def revoke_workstation(self, name: str) -> Workstation:
        """Cut a workstation off for good, raises `KeyStoreError` if there is none."""
        with locked(self.folder):
            old = self.directory()
            found = _found(name, {one.name: one for one in old.workstations}, "workstation")
            new = msgspec.structs.replace(found, revoked=True)
            self._write_workstations(
                tuple(new if one is found else one for one in old.workstations)
            )
        return new

    # --- people -----------------------------------------------------------------------------------

    def require_addable(self, person_id: str, at: tuple[str, ...] = ()) -> None:
        """Raise `KeyStoreError` if `add_person` would, before anybody is asked for a password."""
        self._require_hub()
        _require_fit(person_id, "A person's id")
        for name in at:
            self._bundle(name)
        known = self.directory().person(person_id)
        if known is not None and not known.revoked:
            raise KeyStoreError(f"{person_id} has a key already; revoke it first")

    def add_person(
        self, record: Person, sealed: SealedKey | None, at: tuple[str, ...] = ()
    ) -> None:
        """Let somebody log in; a person who was revoked gets a new key so.

        Parameters
        ----------
        sealed : the key, None when it was made elsewhere
        at : names of workstations whose folders get a copy of the sealed key

        Raises
        ------
        KeyStoreError
            The id is taken or unfit, or a workstation of `at` has no folder here.
        """
        self.require_addable(record.id, at)
        if not is_signing_key(record.public_key):
            raise KeyStoreError("That is no public key of a person (64 hexadecimal digits)")
        folders = [self._bundle(name) for name in at]
        with locked(self.folder):
            self.require_addable(record.id)
            old = self.directory()
            if any(one.public_key == record.public_key for one in old.people):
                raise KeyStoreError("This key was used before; make a new one")
            others = tuple(one for one in old.people if one.id != record.id)
            if sealed is not None:
                for folder in (self.folder, *folders):
                    write_sealed(folder, sealed)
            self._write_people((*others, record))

    def change_person(self, person_id: str, **changes: object) -> Person:
        """Change what the hub knows of somebody (``on_shift``, ``revoked`` …).

        Raises
        ------
        KeyStoreError
            There is no such person, or they are revoked and would not be any more.
        """
        with locked(self.folder):
            old = self.directory()
            found = _found(person_id, {one.id: one for one in old.people}, "person")
            if found.revoked and "revoked" not in changes:
                raise KeyStoreError(f"{person_id} is revoked; give them a new key first")
            new = msgspec.structs.replace(found, **changes)
            self._write_people(tuple(new if one is found else one for one in old.people))
        return new

    # --- files ------------------------------------------------------------------------------------

    def _require_hub(self) -> None:
        if not (self.folder / HUB_KEY).exists():
            raise KeyStoreError(
                f"There are no keys of a hub here; run civitwin keys init first: {self.folder}"
            )

    def _bundle(self, name: str) -> Path:
        folder = self.folder / "workstations" / name
        if not (folder / WORKSTATION_KEY).exists():
            raise KeyStoreError(
                f"The workstation {name} has no folder here; copy people/ID.key to it by hand"
            )
        return folder

    def _write_bundle(self, secret: WorkstationSecret) -> Path:
        folder = self.folder / "workstations" / secret.name
        write_workstation_secret(folder, secret)
        _write_public(folder, self.hub_public())
        return folder

    def _write_hub(self, keys: HubKeys) -> None:
        secret = _HubSecret(
            curve_secret=keys.curve_secret.decode(), signing_seed=keys.signing.encode().hex()
        )
        _write_public(self.folder, keys.public)
        write_toml(
            self.folder / HUB_KEY, secret, mode=SECRET_MODE,
            comment="Whoever has this file is the hub. It never leaves the hub's machine.",
        )  # fmt: skip

    def _write_workstations(self, rows: tuple[Workstation, ...]) -> None:
        write_toml(
            self.folder / WORKSTATIONS, _Workstations(rows), mode=PUBLIC_MODE,
            comment="Whom the hub lets connect. A running hub reads changes within a second.",
        )  # fmt: skip

    def _write_people(self, rows: tuple[Person, ...]) -> None:
        write_toml(
            self.folder / PEOPLE, _People(rows), mode=PUBLIC_MODE,
            comment="Who can log in. A running hub reads changes within a second.",
        )  # fmt: skip


def write_workstation_secret(folder: Path, secret: WorkstationSecret) -> None:
    """Write a workstation's key into its folder."""
    write_toml(
        folder / WORKSTATION_KEY, secret, mode=SECRET_MODE,
        comment="Key of one workstation. It stays there; a second one gets a key of its own.",
    )  # fmt: skip


def _write_public(folder: Path, public: HubPublic) -> None:
    write_toml(
        folder / HUB_PUBLIC, public, mode=PUBLIC_MODE,
        comment="What workstations must know of this hub. Not secret; copy it to each of them.",
    )  # fmt: skip


def write_sealed(folder: Path, sealed: SealedKey) -> None:
    """Write a person's sealed key into a folder of keys."""
    write_toml(
        folder / "people" / f"{sealed.id}.key", sealed, mode=SECRET_MODE,
        comment="A person's key, sealed with their password (argon2id, XSalsa20-Poly1305).",
    )  # fmt: skip


def is_curve_key(text: str) -> bool:
    """Whether a text can be a CURVE key in Z85."""
    try:
        return len(text) == 40 and len(zmq.utils.z85.decode(text.encode())) == 32
    except (ValueError, KeyError, TypeError):
        return False


def is_signing_key(text: str) -> bool:
    """Whether a text can be an Ed25519 public key."""
    try:
        return len(bytes.fromhex(text)) == 32 and text == text.lower() and len(text) == 64
    except ValueError:
        return False


def _require_fit(name: str, what: str) -> None:
    if not is_fit_id(name):
        raise KeyStoreError(
            f"{what} has up to 63 small letters, digits, dots and dashes, not “{name[:80]}”"
        )


def _found(name: str, known: dict[str, _R], what: str) -> _R:
    found = known.get(name)
    if found is None:
        near = near_names(name, known)
        hint = f"; did you mean {near}" if near else ""
        raise KeyStoreError(f"There is no {what} called {name}{hint}")
    return found
