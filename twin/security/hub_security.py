"""The hub's side of encryption and admission: CURVE on every socket, an allow-list by ZAP.

Each of the five sockets has a ZAP domain of its own, because not every key may use every socket.
The lists are read again when their files change; who was revoked is cut off from what they have
open. A list that cannot be read leaves the last good one in force and is told as `trouble`.

Hard-won rules (each guarded in tests/twin/security/test_hub_security.py):

1. CURVE without ZAP lets any key in: the hub proves at its start that a random one is refused.
2. pyzmq's ``'*'`` is no wildcard for domains: every domain is configured by name, and
   ``ZAP_ENFORCE_DOMAIN`` is set so that a socket without one is not open.
3. An exception in the ZAP thread ends it, and then no handshake is ever answered: the callback
   cannot raise.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import zmq
from zmq.auth.thread import ThreadAuthenticator

from twin.errors import TwinError
from twin.security.keystore import PEOPLE, WORKSTATIONS, HubKeys, KeyStore
from twin.security.peers import Peers
from twin.security.records import Directory, Workstation, WorkstationRole

Plane = Literal["control", "events", "samples_in", "samples_out", "record"]
PLANES: tuple[Plane, ...] = get_args(Plane)
#: Who may connect where.
ROLES_OF_PLANE: dict[Plane, frozenset[WorkstationRole]] = {
    "control": frozenset({"console", "actuator", "recorder"}),
    "events": frozenset({"console", "recorder"}),
    "samples_in": frozenset({"source"}),
    "samples_out": frozenset({"console", "recorder"}),
    "record": frozenset({"recorder"}),
}
HANDSHAKE_MS = 2_000
BACKLOG = 1_024
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of the lists since the last look."""

    directory: Directory
    cut_keys: frozenset[str]


class HubSecurity:
    """Keys of a hub and whom it lets in. Made and polled on one thread; lookups on any.

    Parameters
    ----------
    read : reads the lists again, None = they never change
    files : whose change makes it read again

    Attributes
    ----------
    directory : whom the hub knows now
    peers : open connections by key
    trouble : why the newest lists are not in force, "" = they are
    n_refused : handshakes that were refused
    """

    def __init__(
        self,
        keys: HubKeys,
        directory: Directory,
        *,
        read: Callable[[], Directory] | None = None,
        files: tuple[Path, ...] = (),
    ) -> None:
        self.keys = keys
        self.directory = directory
        self.trouble = ""
        self.n_refused = 0
        self.peers = Peers(is_welcome=self.is_welcome)
        self._read = read
        self._files = files
        self._stamps = _stamps(files)
        self._zap: ThreadAuthenticator | None = None

    @classmethod
    def of_folder(cls, folder: Path) -> HubSecurity:
        """Open a folder of keys, raises `KeyFileError` or `KeyStoreError`."""
        store = KeyStore(folder)
        files = (folder / WORKSTATIONS, folder / PEOPLE)
        keys = store.hub_keys()
        return cls(keys, store.directory(), read=store.directory, files=files)

    def start(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        """Begin to answer handshakes of this context's sockets; before any of them is bound."""
        self._zap = ThreadAuthenticator(context, log=_log)
        for plane in PLANES:
            self._zap.configure_curve_callback(_domain(plane), _Door(self, plane))
        self._zap.start()

    def stop(self) -> None:
        """Stop answering; after the sockets are closed. Twice is fine."""
        if self._zap is not None:
            self._zap.stop()
            self._zap = None

    def apply(self, socket: zmq.Socket[bytes], plane: Plane) -> None:
        """Encrypt a socket and put it behind the allow-list; before it is bound."""
        socket.set(zmq.CURVE_SERVER, 1)
        socket.set(zmq.CURVE_SECRETKEY, self.keys.curve_secret)
        socket.set_string(zmq.ZAP_DOMAIN, _domain(plane))
        socket.set(zmq.ZAP_ENFORCE_DOMAIN, 1)

    def may_connect(self, plane: Plane, key: str) -> bool:
        """Whether a key may use a socket. Any thread."""
        found = self.directory.workstation(key)
        if found is not None and not ROLES_OF_PLANE[plane].isdisjoint(found.roles):
            return True
        self.n_refused += 1
        return False

    def is_welcome(self, key: str) -> bool:
        """Whether a key is still on the list. Any thread."""
        return self.directory.workstation(key) is not None

    def poll(self) -> Changed | None:
        """Read the lists again if their files changed; cuts off who is not on them any more.

        Call it at least once a second.
        """
        if self._zap is not None and not self._zap.is_alive():
            self.trouble = "The hub cannot check keys any more and lets nobody new in; restart it"
            return None
        stamps = _stamps(self._files)
        if self._read is None or stamps == self._stamps:
            return None
        self._stamps = stamps
        try:
            new = self._read()
        except TwinError as error:
            self.trouble = f"The new lists of keys are not in force: {error}"
            _log.warning("%s", self.trouble)
            return None
        self.trouble = ""
        cut = _welcome(self.directory) - _welcome(new)
        cut |= {one.public_key for one in new.workstations if _lost_role(self.directory, one)}
        self.directory = new
        self.peers.cut(set(cut))
        self.peers.forget_closed()
        return Changed(new, frozenset(cut))


@dataclass(frozen=True, slots=True)
class _Door:
    """What pyzmq's authenticator asks for one domain."""

    security: HubSecurity
    plane: Plane

    def callback(self, _domain: str, key: bytes) -> bool:
        """Whether a key may in."""
        return self.security.may_connect(self.plane, key.decode("ascii", "replace"))


def _domain(plane: Plane) -> str:
    return f"civitwin.{plane}"


def _welcome(directory: Directory) -> set[str]:
    return {one.public_key for one in directory.workstations if not one.revoked}


def _lost_role(before: Directory, now: Workstation) -> bool:
    """Whether a workstation may less than before: it has to connect anew."""
    old = before.workstation(now.public_key)
    return old is not None and (not set(old.roles) <= set(now.roles) or old.assets != now.assets)


def _stamps(files: tuple[Path, ...]) -> tuple[tuple[int, int, int] | None, ...]:
    found: list[tuple[int, int, int] | None] = []
    for path in files:
        try:
            status = path.stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
