"""What exactly is signed: one byte string for one meaning, in every language.

The signed bytes are the prefix `DOMAIN`, then the JSON of ``{"body", "drill", "epoch", "kind"}`` in
the canonical form of RFC 8785 (JCS). JSON numbers hold 53 bits, hub times need 61: a larger integer
stands as ``{"$int": "1764000000000000000"}``, and a key that begins with ``$`` gets a second one,
so that two different bodies never have the same bytes. Pure functions, any thread.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import rfc8785
from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

from twin.errors import TwinError

#: First bytes of everything a person signs; no other protocol's message begins so.
DOMAIN = b"civitwin-signed-1\n"
SUBMIT = "command.submit"
_LARGEST = 2**53 - 1
_SIGNATURE_HEX = 128
_KEY_HEX = 64
_UNSIGNABLE = (bytes, bytearray, memoryview)


class CanonicalError(TwinError):
    """Something has no canonical form: bytes, infinite numbers, keys that are not texts."""


def canonical(value: Any) -> bytes:
    """Return the canonical JSON of plain data (a msgspec struct counts as its map).

    Raises
    ------
    CanonicalError
        It has none.
    """
    try:
        # bytes would become base64 texts, which another body could hold too
        return rfc8785.dumps(_plain(msgspec.to_builtins(value, builtin_types=_UNSIGNABLE)))
    except (rfc8785.CanonicalizationError, TypeError, UnicodeError) as error:
        raise CanonicalError(f"This cannot be signed, it is not plain JSON ({error})") from error
    except RecursionError as error:
        raise CanonicalError("This cannot be signed, it is nested too deeply") from error


def signed_bytes(*, kind: str, body: Any, epoch: str, drill: bool) -> bytes:
    """Return what a person signs.

    Parameters
    ----------
    kind : `SUBMIT` for a command, else the kind of the act, e.g. "approval.give"
    body : the request or the act's body, as a struct or as plain data
    epoch : of the journal; a signature for one is worth nothing in another
    drill : whether the hub is a drill; a drill's signature is worth nothing live

    Raises
    ------
    CanonicalError
        The body has no canonical form.
    """
    whole = {"body": body, "drill": drill, "epoch": epoch, "kind": kind}
    return DOMAIN + canonical(whole)


def digest_of(request: Any) -> str:
    """SHA-256 (hex) of the canonical form of a request: what an approval is bound to.

    Raises
    ------
    CanonicalError
        It has no canonical form.
    """
    return hashlib.sha256(canonical(request)).hexdigest()


def sign(key: SigningKey, message: bytes) -> str:
    """Signature of the message, 128 hexadecimal digits."""
    return key.sign(message).signature.hex()


def is_signed_by(public_key_hex: str, message: bytes, signature_hex: str) -> bool:
    """Whether the signature is this key's; False for whatever is not a key or a signature."""
    if len(signature_hex) != _SIGNATURE_HEX or len(public_key_hex) != _KEY_HEX:
        return False
    try:
        key = VerifyKey(bytes.fromhex(public_key_hex))
        key.verify(message, bytes.fromhex(signature_hex))
    except (CryptoError, ValueError, TypeError):
        return False
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_escaped(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
        return {"$int": str(value)}
    return value


def _escaped(key: Any) -> Any:
    return f"${key}" if isinstance(key, str) and key.startswith("$") else key
