"""Small synchronous signals for the state lane (under 100 a second). GUI thread only."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Signal(Generic[T]):
    """A list of handlers that are called with one value, in the order they were connected.

    A handler that raises is logged and disconnected; the others are still called.
    Not thread safe: connect, disconnect and emit on the GUI thread.
    """

    def __init__(self) -> None:
        self._handlers: list[Callable[[T], object]] = []

    def connect(self, handler: Callable[[T], object]) -> Callable[[], None]:
        """Add a handler; call what is returned to take it away again."""
        self._handlers.append(handler)

        def disconnect() -> None:
            if handler in self._handlers:
                self._handlers.remove(handler)

        return disconnect

    def emit(self, value: T) -> None:
        """Call every handler with `value`."""
        for handler in tuple(self._handlers):
            try:
                handler(value)
            except Exception:  # noqa: BLE001 - one bad handler must not silence the others
                _log.exception("A signal handler failed and was disconnected: %r", handler)
                if handler in self._handlers:
                    self._handlers.remove(handler)

    @property
    def n_handlers(self) -> int:
        """How many handlers are connected."""
        return len(self._handlers)
