"""Log-in of a person on a workstation: the hub's challenge and the person's proof. Pure.

The proof is a signature over the hub's nonce, the hub's key, the workstation's key, the epoch and
whether it is a drill: a proof that was seen elsewhere is worth nothing here. Each nonce is
answered once, within `CHALLENGE_S`.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from nacl.utils import random

from twin.clock import NS_PER_S
from twin.security.canonical import is_signed_by, signed_bytes
from twin.security.records import Directory, Person

CHALLENGE_S = 30.0
MOST_OPEN = 2_000
LOGIN = "session.login"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPlace:
    """Where somebody logs in: all of it is signed.

    Attributes
    ----------
    hub_key, workstation_key : CURVE public keys, Z85
    """

    hub_key: str
    workstation_key: str
    epoch: str
    drill: bool


def proof_bytes(place: LoginPlace, *, person_id: str, nonce: str) -> bytes:
    """Return what the person signs to log in."""
    body = {
        "hub": place.hub_key,
        "nonce": nonce,
        "person": person_id,
        "workstation": place.workstation_key,
    }
    return signed_bytes(kind=LOGIN, body=body, epoch=place.epoch, drill=place.drill)


def why_not_in(
    directory: Directory, place: LoginPlace, *, person_id: str, nonce: str, proof: str
) -> tuple[Person | None, str]:
    """Check a proof; gives the person, or None and the sentence for the console."""
    person = directory.person(person_id)
    if person is None:
        return None, (
            f"The hub knows no person called “{person_id[:64]}”; ask the administrator to run"
            f" civitwin keys person {person_id[:64]}"
        )
    if person.revoked:
        return None, f"The key of {person.name} was revoked; ask the administrator for a new one"
    if not is_signed_by(
        person.public_key, proof_bytes(place, person_id=person_id, nonce=nonce), proof
    ):
        return (
            None,
            f"The hub has another key for {person.name}; this workstation's copy is out of date",
        )
    return person, ""


@dataclass(slots=True)
class Challenges:
    """Open nonces by connection; each can be answered once. Bounded: the oldest is dropped."""

    _open: OrderedDict[str, tuple[str, int]] = field(default_factory=OrderedDict)

    def new(self, session: str, now_ns: int) -> str:
        """A nonce for a connection: the open one while it is young, else a new one.

        After a break several hellos cross several challenges; each must have the same answer.
        """
        nonce, made_ns = self._open.get(session, ("", 0))
        if nonce and now_ns - made_ns <= CHALLENGE_S * NS_PER_S / 2:
            return nonce
        self._open.pop(session, None)
        if len(self._open) >= MOST_OPEN:
            self._open.popitem(last=False)
        nonce = random(32).hex()
        self._open[session] = (nonce, now_ns)
        return nonce

    def take(self, session: str, now_ns: int) -> str:
        """The open nonce of a connection, "" if there is none or it is too old; it is used up."""
        nonce, made_ns = self._open.pop(session, ("", 0))
        return nonce if nonce and now_ns - made_ns <= CHALLENGE_S * NS_PER_S else ""
