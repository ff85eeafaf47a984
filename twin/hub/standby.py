"""Several hubs, one room: one serves, the others read along and take over when it ends.

Hard-won rules (each guarded in tests/twin/journal/test_standby.py):

1. Who serves is decided by the lease in the database alone; nothing here asks whether the other hub
   answers.
2. A hub that was overtaken closes everything before it waits for its next turn.
3. A database that cannot be reached is waited for, but not at the start: then its address is wrong.
"""

from __future__ import annotations

import json
import logging
import signal
import threading
from collections.abc import Callable

from twin.hub.options import HubOptions
from twin.hub.running import ready_line
from twin.hub.server import Hub
from twin.journal.base import JournalError, JournalLostError
from twin.journal.follower import Follower
from twin.journal.lease import Holder
from twin.journal.opening import shown

POLL_S = 0.5
_log = logging.getLogger(__name__)


class Turns:
    """Serves whenever it is this hub's turn. Made and run on one thread; `stop` from any.

    Parameters
    ----------
    say : gets one JSON line when this hub begins to wait, and one when it serves
    """

    def __init__(self, options: HubOptions, say: Callable[[str], None]) -> None:
        self._options = options
        self._say = say
        self._hub: Hub | None = None
        self._is_stopping = threading.Event()
        self._follower = Follower(str(options.journal))

    def stop(self) -> None:
        """Make `run` return soon. Any thread, signal handlers too."""
        self._is_stopping.set()
        if self._hub is not None:
            self._hub.stop()

    def run(self) -> None:
        """Wait, serve, and wait again, until `stop`.

        Raises
        ------
        TwinError
            A port cannot be had, or the journal was changed from outside.
        """
        try:
            while not self._is_stopping.is_set():
                hub = self._next_hub()
                if hub is not None:
                    self._serve(hub)
        finally:
            self._follower.close()

    def _next_hub(self) -> Hub | None:
        """Wait until nobody else serves; None = stopped meanwhile."""
        is_told = False
        while not self._is_stopping.is_set():
            holder = self._look()
            if isinstance(holder, Holder):
                if not is_told:
                    self._say(waiting_line(self._options, holder))
                    is_told = True
            elif holder is None:
                try:
                    return Hub(self._options)
                except JournalLostError:
                    _log.info("Another hub was faster")
            self._wait()
        return None

    def _look(self) -> Holder | str | None:
        """Read along; who serves now, None = nobody, a sentence = it cannot be known."""
        try:
            self._follower.follow()
            return self._follower.holder()
        except JournalLostError as error:
            _log.warning("%s", error)
            return str(error)

    def _wait(self) -> None:
        try:
            self._follower.wait(POLL_S)
        except JournalError:
            self._is_stopping.wait(POLL_S)

    def _serve(self, hub: Hub) -> None:
        self._hub = hub
        self._follower.close()  # a listener that does not read would block the server's queue
        try:
            if self._is_stopping.is_set():
                hub.stop()
            hub.run(lambda: self._say(ready_line(hub, self._options)))
        except JournalLostError as error:
            _log.warning("%s", error)
        finally:
            self._hub = None


def run_in_turns(options: HubOptions) -> int:
    """Run one of several hubs until SIGTERM or SIGINT."""
    turns = Turns(options, lambda line: print(line, flush=True))  # noqa: T201 - for the starter
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: turns.stop())
    turns.run()
    return 0


def waiting_line(options: HubOptions, holder: Holder) -> str:
    """What a starter reads when another hub serves."""
    return json.dumps(
        {
            "standby": True,
            "active": holder.name,
            "address": holder.address,
            "journal": shown(options.journal),
        }
    )
