"""Events and a hub's key for tests of the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nacl.signing import SigningKey

from twin.clock import NS_PER_S
from twin.room.model import Event

T0_NS = 1_760_000_000_123_456_789
HARD_TEXTS = ("", "ü €", "🚦", 'quote " and \\', "tab\t\x01\x00\x7f", "\u2028", "\\0", "line\nline")


def note(seq: int, text: str = "hello", *, key: str = "", step_s: float = 0.0) -> Event:
    """A fact with a body of many shapes."""
    body: dict[str, Any] = {"id": f"n{seq}", "text": text, "x": 1.0, "n": None}
    body["deep"] = {"a": [1, 2.5, "ü"], "large": 2**53 + 1, "empty": {}}
    t_ns = T0_NS + seq + round(seq * step_s * NS_PER_S)
    return Event(seq=seq, t_ns=t_ns, kind="note.added", actor="Ada", body=body, key=key)


def notes(first: int, last: int, **more: Any) -> list[Event]:
    return [note(seq, key=f"key-{seq}", **more) for seq in range(first, last + 1)]


@dataclass(frozen=True)
class HubKey:
    """A real Ed25519 key, as the journal wants it."""

    key: SigningKey = field(default_factory=lambda: SigningKey(bytes(range(32))))

    @property
    def public_key(self) -> bytes:
        return bytes(self.key.verify_key)

    def sign(self, message: bytes, /) -> bytes:
        return self.key.sign(message).signature
