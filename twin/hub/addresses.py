"""Where a hub's four sockets are."""

from __future__ import annotations

from twin.link.control import HubAddresses

BASE_PORT = 5710


def default_addresses(host: str = "127.0.0.1", base_port: int = BASE_PORT) -> HubAddresses:
    """Addresses of a hub on four ports in a row; `base_port` 0 = any free ports."""
    ports = [base_port + i if base_port else 0 for i in range(4)]
    control, events, samples_in, samples_out = (f"tcp://{host}:{port or '*'}" for port in ports)
    return HubAddresses(
        control=control, events=events, samples_in=samples_in, samples_out=samples_out
    )
