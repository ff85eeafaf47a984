"""What leaves a console is signed by the person who gave it; nobody signs for somebody else.

A request is signed when it is given, or, if no hub was ever heard of until then, when it is first
sent. What lies unsigned in the outbox from an earlier run stays unsigned: whoever sits here now did
not give it, and a hub with keys refuses it.
"""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from twin.link.control import Act, HubInfo, Submit
from twin.link.outbox import Kept, key_of
from twin.room.fold import Room
from twin.room.model import Operator
from twin.security.canonical import SUBMIT, CanonicalError, signed_bytes
from twin.security.client_security import ClientSecurity
from twin.security.sealed import Signer


def console_id_at(workstation: str) -> str:
    """A new id of a console at a workstation with keys (whose name has at most 40 letters)."""
    return f"{workstation}:{uuid.uuid4().hex[:12]}"


class Signing:
    """Signs requests of one person. The client's thread, but for `operator`."""

    def __init__(self, signer: Signer | None, security: ClientSecurity | None) -> None:
        self._signer = signer
        self._security = security
        self._given: set[str] = set()

    def given(self, message: Kept, info: HubInfo | None) -> Kept:
        """Sign a request that the person just gave."""
        if info is None:
            self._given.add(key_of(message))
            return message
        return self._signed(message, info)

    def sent(self, message: Kept, info: HubInfo | None) -> Kept:
        """Sign a request that could not be signed when it was given in this run."""
        if info is None or key_of(message) not in self._given:
            return message
        return self._signed(message, info)

    def operator(self, room: Room, operator: Operator) -> Operator:
        """Who the hub says that sits here."""
        if self._signer is None:
            return operator
        return room.operators.get(operator.console_id, operator)

    def _signed(self, message: Kept, info: HubInfo) -> Kept:
        if self._signer is None or self._security is None:
            return message
        match message:
            case Submit(request=request, signature=""):
                kind, body = SUBMIT, msgspec.to_builtins(request)
            case Act(kind=kind, body=body, signature=""):
                pass
            case _:
                return message
        try:
            signature = self._signer.sign(_bytes(kind, body, info.epoch, self._security.is_drill))
        except CanonicalError:
            return message  # the hub says what is wrong with it
        return msgspec.structs.replace(message, signature=signature)


def _bytes(kind: str, body: Any, epoch: str, drill: bool) -> bytes:
    return signed_bytes(kind=kind, body=body, epoch=epoch, drill=drill)
