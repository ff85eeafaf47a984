"""Where a hub's five sockets are."""

from __future__ import annotations

from twin.link.control import HubAddresses

BASE_PORT = 5710


def default_addresses(host: str = "127.0.0.1", base_port: int = BASE_PORT) -> HubAddresses:
    """Addresses of a hub on five ports in a row; `base_port` 0 = any free ports."""
    names = ("control", "events", "samples_in", "samples_out", "record")
    ports = [base_port + i if base_port else "*" for i in range(len(names))]
    return HubAddresses(
        **{name: f"tcp://{host}:{port}" for name, port in zip(names, ports, strict=True)}
    )
