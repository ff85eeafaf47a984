"""Free ports for a console's private hub."""

from __future__ import annotations

import socket

from twin.errors import TwinError

PORTS_A_HUB = 5
STEP = 10
N_TRIES = 50


class PortClaim:
    """Base port of a hub that is about to start; other consoles leave it alone until `close`.

    A free port alone would not do: of two consoles that start in the same moment both find it. The
    claim is a UDP socket of the same number, which the system gives to one of them only.

    Attributes
    ----------
    base : the port
    """

    def __init__(self, first: int) -> None:
        """Claim the first base port from `first` on.

        Raises
        ------
        TwinError
            Fifty hubs already run on this machine.
        """
        end = first + N_TRIES * STEP
        self.base = free_base_port(first, end)
        while (guard := _claimed(self.base)) is None:
            self.base = free_base_port(self.base + STEP, end)
        self._guard: socket.socket | None = guard

    def close(self) -> None:
        """Let others have it; twice is fine."""
        if self._guard is not None:
            self._guard.close()
        self._guard = None


def _claimed(port: int) -> socket.socket | None:
    guard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        guard.bind(("127.0.0.1", port))
    except OSError:
        guard.close()
        return None
    return guard


def free_base_port(first: int, end: int | None = None) -> int:
    """First base port from `first` on, in steps of 10, whose five ports are free on loopback.

    Raises
    ------
    TwinError
        Fifty hubs already run on this machine.
    """
    for base in range(first, end or first + N_TRIES * STEP, STEP):
        if all(_is_free(base + i) for i in range(PORTS_A_HUB)):
            return base
    raise TwinError(f"No five free ports in a row from {first} on; name some with --base-port")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
