"""Hub processes that start in milliseconds: forked from a server that has imported everything.

They are real processes with real sockets and a real file, and ``kill`` is SIGKILL; only the
interpreter's start is saved, so that hundreds of kills fit into a test.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from twin.hub.addresses import default_addresses
from twin.hub.options import HubOptions, HubTimes
from twin.link.control import HubAddresses

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["twin.hub.server", "tests.twin.fork_hub"])
_READY_S = 20.0


def _serve(pipe: Connection, journal: str, base_port: int, times: HubTimes) -> None:
    from twin.hub.server import Hub

    addresses = default_addresses(base_port=base_port)
    hub = Hub(HubOptions(journal=Path(journal), addresses=addresses, times=times))
    signal.signal(signal.SIGTERM, lambda *_: hub.stop())
    hub.run(lambda: pipe.send(msgspec.to_builtins(hub.addresses)))


class ForkedHub:
    """One hub process. ``base_port`` 0 = any free ports."""

    def __init__(self, journal: Path, base_port: int = 0, times: HubTimes | None = None) -> None:
        ours, theirs = _context.Pipe()
        self.process = _context.Process(
            target=_serve, args=(theirs, str(journal), base_port, times or HubTimes())
        )
        self.process.start()
        theirs.close()
        if not ours.poll(_READY_S):
            self.process.kill()
            raise RuntimeError("the hub did not become ready")
        self.addresses = msgspec.convert(ours.recv(), HubAddresses)
        ours.close()

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.process.pid is not None and self.process.is_alive():
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.join(10)
        self.process.close()

    def stop(self) -> int | None:
        """SIGTERM; gives the exit status."""
        self.process.terminate()
        self.process.join(20)
        status = self.process.exitcode
        self.process.close()
        return status
