"""The folder of keys on a workstation, and the keys themselves once they are open.

``workstation.key`` (secret) · ``hub.public.toml`` · ``people/ID.key`` (sealed). A person's key may
lie in the system's key store instead (package keyring), which the log-in of the system opens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import TwinError
from twin.security.keystore import (
    HUB_PUBLIC,
    WORKSTATION_KEY,
    HubPublic,
    WorkstationSecret,
    write_sealed,
)
from twin.security.sealed import SealCost, SealedKey, Signer, opened, signer_from_seed
from twin.security.secret_files import KeyFileError, read_public, read_secret

_SERVICE = "civitwin"


class KeyringError(TwinError):
    """The system's key store cannot be used."""


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """What a process needs to talk with a hub: its own pair and the hub's public key."""

    own: WorkstationSecret
    hub: HubPublic
    folder: Path | None = None


def load_client_keys(folder: Path) -> ClientKeys:
    """Read a workstation's folder.

    Raises
    ------
    KeyFileError
        Something is missing, damaged or not private.
    """
    if not (folder / WORKSTATION_KEY).exists():
        raise KeyFileError(
            f"There is no {WORKSTATION_KEY} here; the folder of a workstation is made by"
            f" civitwin keys workstation NAME on the hub's machine: {folder}"
        )
    own = read_secret(folder / WORKSTATION_KEY, WorkstationSecret)
    return ClientKeys(own, read_public(folder / HUB_PUBLIC, HubPublic), folder)


def hub_of(folder: Path) -> HubPublic:
    """The hub that a folder of keys is for, raises `KeyFileError`."""
    return read_public(folder / HUB_PUBLIC, HubPublic)


def people_here(folder: Path) -> tuple[str, ...]:
    """Ids of the people whose sealed key lies in a folder, for the log-in dialog."""
    return tuple(sorted(path.stem for path in (folder / "people").glob("*.key")))


def read_sealed(folder: Path, person_id: str) -> SealedKey:
    """Read somebody's sealed key, raises `KeyFileError`."""
    path = folder / "people" / f"{person_id}.key"
    if not person_id or Path(person_id).name != person_id or not path.exists():
        raise KeyFileError(
            f"The key of “{person_id[:64]}” is not on this workstation; copy the file"
            f" people/{person_id[:64]}.key from the hub's machine into this folder: {folder}"
        )
    sealed = read_secret(path, SealedKey)
    if sealed.id != person_id:
        raise KeyFileError(f"This is the key of {sealed.id}, not of {person_id}: {path}")
    return sealed


def unlock(folder: Path, person_id: str, password: str) -> Signer:
    """Open somebody's key with their password, raises `PasswordError` or `KeyFileError`."""
    return opened(read_sealed(folder, person_id), password)


def change_password(
    folder: Path, person_id: str, old: str, new: str, cost: SealCost | None = None
) -> None:
    """Seal a key anew, raises `PasswordError` (wrong, too weak) or `KeyFileError`."""
    write_sealed(folder, unlock(folder, person_id, old).seal(new, cost))


# --- the system's key store -----------------------------------------------------------------------


def keep_in_keyring(signer: Signer, hub: HubPublic) -> None:
    """Put a key into the system's key store, raises `KeyringError`."""
    account = _account(signer.person_id, hub)
    _asked(lambda store: store.set_password(_SERVICE, account, signer.seed_hex()))


def from_keyring(person_id: str, hub: HubPublic) -> Signer | None:
    """Somebody's key from the system's key store, None if it is not there."""
    seed = _asked(lambda store: store.get_password(_SERVICE, _account(person_id, hub)))
    return None if seed is None else signer_from_seed(person_id, str(seed))


def remove_from_keyring(person_id: str, hub: HubPublic) -> None:
    """Take a key out of the system's key store, raises `KeyringError`."""
    _asked(lambda store: store.delete_password(_SERVICE, _account(person_id, hub)))


def _account(person_id: str, hub: HubPublic) -> str:
    return f"{person_id}@{hub.signing_public[:16]}"


def _asked(ask: Callable[[Any], Any]) -> Any:
    try:
        import keyring
        from keyring.errors import KeyringError as ForeignError
    except ImportError:
        raise KeyringError(
            "The package keyring is missing; install it with: pip install 'civitwin[keyring]'"
        ) from None
    try:
        return ask(keyring)
    except ForeignError as error:
        text = f"The system's key store did not answer ({type(error).__name__})"
        raise KeyringError(text) from None
