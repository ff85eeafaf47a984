"""A person's signing key, sealed with a password; it opens on the workstation only.

The password goes through argon2id; what comes out opens a box of XSalsa20-Poly1305, so a wrong
password and a changed file look the same. The password itself is stored nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.signing import SigningKey
from nacl.utils import random

from twin.errors import TwinError
from twin.security.canonical import sign

MIN_PASSWORD = 10
MAX_PASSWORD = 1_000
_MOST_OPS = 10
_MOST_MEMORY = 1 << 30


class PasswordError(TwinError):
    """A password is wrong, or too weak to be taken."""


@dataclass(frozen=True, slots=True)
class SealCost:
    """What one guess at a password costs; the defaults take about half a second."""

    ops: int = int(argon2id.OPSLIMIT_MODERATE)
    memory_bytes: int = int(argon2id.MEMLIMIT_MODERATE)


class SealedKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As it lies in a file; texts are hexadecimal."""

    id: str
    public_key: str
    kdf: str
    ops: int
    memory_bytes: int
    salt: str
    sealed: str


class Signer:
    """An opened key. Never printed: its text is the person's id."""

    __slots__ = ("_key", "person_id")

    def __init__(self, person_id: str, key: SigningKey) -> None:
        self.person_id = person_id
        self._key = key

    def __repr__(self) -> str:
        return f"Signer({self.person_id!r})"

    @property
    def public_key(self) -> str:
        """Ed25519, hexadecimal."""
        return self._key.verify_key.encode().hex()

    def sign(self, message: bytes) -> str:
        """Signature, hexadecimal."""
        return sign(self._key, message)

    def seal(self, password: str, cost: SealCost | None = None) -> SealedKey:
        """Lock the key away.

        Raises
        ------
        PasswordError
            The password is too weak.
        """
        sentence = why_weak(password, self.person_id)
        if sentence:
            raise PasswordError(sentence)
        price = cost or SealCost()
        salt = random(argon2id.SALTBYTES)
        box = SecretBox(_stretched(password, salt, price.ops, price.memory_bytes))
        return SealedKey(
            id=self.person_id, public_key=self.public_key, kdf="argon2id", ops=price.ops,
            memory_bytes=price.memory_bytes, salt=salt.hex(),
            sealed=bytes(box.encrypt(self._key.encode())).hex(),
        )  # fmt: skip

    def seed_hex(self) -> str:
        """The secret itself, for the system's key store and nothing else."""
        return self._key.encode().hex()


def new_signer(person_id: str) -> Signer:
    """Make a new key."""
    return Signer(person_id, SigningKey.generate())


def signer_from_seed(person_id: str, seed_hex: str) -> Signer:
    """Rebuild a key from the system's key store, raises `PasswordError` if it is damaged."""
    try:
        return Signer(person_id, SigningKey(bytes.fromhex(seed_hex)))
    except (ValueError, TypeError, CryptoError):
        text = f"The system's key store holds no usable key of {person_id}"
        raise PasswordError(text) from None


def opened(sealed: SealedKey, password: str) -> Signer:
    """Open a sealed key.

    Raises
    ------
    PasswordError
        The password is wrong or the file was changed.
    """
    is_bounded = 1 <= sealed.ops <= _MOST_OPS and 8192 <= sealed.memory_bytes <= _MOST_MEMORY
    if sealed.kdf != "argon2id" or not is_bounded:
        raise PasswordError(f"The sealed key of {sealed.id} asks for an unknown or absurd KDF")
    try:
        salt, content = bytes.fromhex(sealed.salt), bytes.fromhex(sealed.sealed)
        box = SecretBox(_stretched(password, salt, sealed.ops, sealed.memory_bytes))
        signer = Signer(sealed.id, SigningKey(box.decrypt(content)))
    except (CryptoError, ValueError, TypeError):
        raise PasswordError(f"The password of {sealed.id} is wrong") from None
    if signer.public_key != sealed.public_key:
        raise PasswordError(f"The sealed key of {sealed.id} is not the one its file names")
    return signer


def why_weak(password: str, person_id: str = "") -> str:
    """Why a password cannot be taken, "" if it can."""
    if len(password) < MIN_PASSWORD:
        return f"A password has at least {MIN_PASSWORD} letters; a few words are easy to remember"
    if len(password) > MAX_PASSWORD:
        return f"A password has at most {MAX_PASSWORD} letters"
    if len(set(password)) < 4:
        return "A password needs at least four different letters"
    if person_id and password.casefold().strip("0123456789") == person_id.casefold():
        return "A password must not be the person's own id"
    return ""


def _stretched(password: str, salt: bytes, ops: int, memory_bytes: int) -> bytes:
    return bytes(
        argon2id.kdf(
            SecretBox.KEY_SIZE, password.encode(), salt, opslimit=ops, memlimit=memory_bytes
        )
    )
