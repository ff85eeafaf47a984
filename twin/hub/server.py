"""The hub process: sockets around the core."""

from __future__ import annotations

from twin.hub.options import HubOptions


def run_hub(options: HubOptions) -> int:
    """Run a hub until SIGTERM or SIGINT; prints one JSON line with its addresses when ready."""
    raise NotImplementedError
