"""The other side of the hub's door: a socket that shows its key and insists on the hub's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import zmq

from twin.security.client_keys import ClientKeys, load_client_keys
from twin.security.login import LoginPlace, proof_bytes
from twin.security.sealed import Signer


@dataclass(frozen=True, slots=True)
class ClientSecurity:
    """Keys of a console, actuator, source or recorder. Immutable, any thread."""

    keys: ClientKeys

    @classmethod
    def of_folder(cls, folder: Path) -> ClientSecurity:
        """Open a workstation's folder of keys, raises `KeyFileError`."""
        return cls(load_client_keys(folder))

    @property
    def name(self) -> str:
        """Of the workstation."""
        return self.keys.own.name

    @property
    def public_key(self) -> str:
        """Of the workstation, Z85."""
        return self.keys.own.curve_public

    @property
    def is_drill(self) -> bool:
        """Whether the hub with these keys is for drills."""
        return self.keys.hub.drill

    def apply(self, socket: zmq.Socket[bytes]) -> None:
        """Encrypt a socket; before it connects."""
        own = self.keys.own
        socket.set(zmq.CURVE_PUBLICKEY, own.curve_public.encode())
        socket.set(zmq.CURVE_SECRETKEY, own.curve_secret.encode())
        socket.set(zmq.CURVE_SERVERKEY, self.keys.hub.curve_public.encode())

    def proof(self, signer: Signer, *, nonce: str, epoch: str) -> str:
        """Answer to the hub's challenge. Whether it is a drill is told by the keys, not the hub."""
        place = LoginPlace(
            hub_key=self.keys.hub.curve_public,
            workstation_key=self.public_key,
            epoch=epoch,
            drill=self.is_drill,
        )
        return signer.sign(proof_bytes(place, person_id=signer.person_id, nonce=nonce))


def apply_security(socket: zmq.Socket[bytes], security: ClientSecurity | None) -> None:
    """Encrypt a socket if there are keys."""
    if security is not None:
        security.apply(socket)
