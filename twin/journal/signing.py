"""The hub's key as the journal takes it."""

from __future__ import annotations

from dataclasses import dataclass

from twin.security.keystore import HubKeys


@dataclass(frozen=True, slots=True)
class HubSigner:
    """A `twin.journal.base.Signer` with the keys of a hub's folder."""

    keys: HubKeys

    @property
    def public_key(self) -> bytes:
        """Ed25519, 32 bytes."""
        return self.keys.public_key

    def sign(self, message: bytes, /) -> bytes:
        """Ed25519 signature, 64 bytes."""
        return self.keys.sign(message)
