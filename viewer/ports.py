"""Free ports for a console's private hub."""

from __future__ import annotations

import socket

from twin.errors import TwinError

PORTS_A_HUB = 5
STEP = 10
N_TRIES = 50


def free_base_port(first: int) -> int:
    """First base port from `first` on, in steps of 10, whose five ports are free on loopback.

    Raises
    ------
    TwinError
        Fifty hubs already run on this machine.
    """
    for base in range(first, first + N_TRIES * STEP, STEP):
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
