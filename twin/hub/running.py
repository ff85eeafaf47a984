"""A hub as a process: signals, and the line that says it is ready."""

from __future__ import annotations

import signal
import threading

import msgspec

from twin.hub.options import HubOptions
from twin.hub.server import Hub
from twin.journal.opening import shown


def run_hub(options: HubOptions) -> int:
    """Run a hub until SIGTERM or SIGINT; prints one JSON line with its addresses when ready.

    Raises
    ------
    TwinError
        The journal or a port cannot be had; the text is for the person.
    """
    hub = Hub(options)
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: hub.stop())
    hub.run(lambda: print(ready_line(hub, options), flush=True))  # noqa: T201 - said to the starter
    return 0


def ready_line(hub: Hub, options: HubOptions) -> str:
    """What a starter reads from the hub's standard output."""
    return msgspec.json.encode(
        {
            "ready": True,
            **msgspec.to_builtins(hub.addresses),
            "epoch": hub.epoch,
            "journal": shown(options.journal),
        }
    ).decode()
