"""Presence at the hub: the newest word of each console, relayed together. Not journalled.

Hard-won rules (each guarded in tests/twin/test_hub_presence.py):

1. Who somebody is comes from the connection; nothing in the message can say otherwise.
2. One message tells of everybody who changed since the last, so that 100 consoles cost ten
   messages a second and not 100,000; at most `MOST_A_MESSAGE` at once, the others come next.
3. Bounded: so many consoles, so many words a second of each, words of limited length.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from twin.clock import NS_PER_S
from twin.link.control import Everybody, GetPresence, PresenceMessage, Tell
from twin.link.presence import PresenceState, Present

RELAY_S = 0.1
HERE_S = 1.0
CAPACITY = 200
MOST_A_MESSAGE = 100
#: A console may tell so often a second, and so often at once after a pause.
RATE_HZ, BURST = 12.0, 20.0


@dataclass(slots=True)
class _Seat:
    """What is known of one console."""

    present: Present
    tokens: float
    taken_ns: int
    told_n: int = 0


class PresenceRelay:
    """The newest presence of each console. One thread; no sockets, no clock.

    Parameters
    ----------
    console_at : session -> console id, "" for connections that are no console

    Attributes
    ----------
    n_dropped : words of consoles that told too often, or beyond `CAPACITY`
    """

    def __init__(self, console_at: Callable[[str], str]) -> None:
        self.n_dropped = 0
        self._console_at = console_at
        self._seats: dict[str, _Seat] = {}
        self._changed: dict[str, None] = {}
        self._n = 0
        self._relayed_ns = 0
        self._here_ns = 0

    def handle(self, session: str, message: Tell | GetPresence, now_ns: int) -> Everybody | None:
        """Take a word, or answer who is there."""
        if isinstance(message, GetPresence):
            return Everybody(present=tuple(seat.present for seat in self._seats.values()))
        console_id = self._console_at(session)
        if console_id:
            self._take(console_id, message.state, now_ns)
        return None

    def due(
        self, now_ns: int, present_ids: Callable[[], Collection[str]]
    ) -> PresenceMessage | None:
        """What is to be published now, None for nothing.

        Parameters
        ----------
        present_ids : ids of the consoles that are connected; asked once a second
        """
        if now_ns - self._relayed_ns < RELAY_S * NS_PER_S:
            return None
        is_here_due = bool(self._seats) and now_ns - self._here_ns >= HERE_S * NS_PER_S
        if not is_here_due and not self._changed:
            return None
        self._relayed_ns = now_ns
        if not is_here_due:
            return PresenceMessage(changed=self._what_changed())
        self._here_ns = now_ns
        connected = present_ids()
        for console_id in [key for key in self._seats if key not in connected]:
            self._forget(console_id)
        changed = self._what_changed()
        told = tuple((key, seat.told_n) for key, seat in self._seats.items() if seat.told_n)
        return PresenceMessage(changed=changed, here=told)

    def _what_changed(self) -> tuple[Present, ...]:
        ids = list(self._changed)[:MOST_A_MESSAGE]
        for console_id in ids:
            del self._changed[console_id]
            self._seats[console_id].told_n = self._seats[console_id].present.n
        return tuple(self._seats[console_id].present for console_id in ids)

    def _take(self, console_id: str, state: PresenceState, now_ns: int) -> None:
        seat = self._seats.get(console_id)
        if seat is None:
            if len(self._seats) >= CAPACITY:
                self._give_up_a_seat()
            self._seats[console_id] = _Seat(self._next(console_id, state, now_ns), BURST, now_ns)
            self._changed[console_id] = None
            return
        seat.tokens = min(BURST, seat.tokens + (now_ns - seat.taken_ns) / NS_PER_S * RATE_HZ)
        seat.taken_ns = now_ns
        if seat.tokens < 1.0:
            self.n_dropped += 1
            return
        seat.tokens -= 1.0
        if state != seat.present.state:
            seat.present = self._next(console_id, state, now_ns)
            self._changed[console_id] = None

    def _next(self, console_id: str, state: PresenceState, now_ns: int) -> Present:
        """Numbers grow through restarts too: they begin with the hub's time in milliseconds."""
        self._n = max(self._n + 1, now_ns // 1_000_000)
        return Present(console_id=console_id, n=self._n, state=state)

    def _give_up_a_seat(self) -> None:
        """Whoever changed longest ago makes room."""
        oldest = min(self._seats.values(), key=lambda seat: seat.present.n)
        self._forget(oldest.present.console_id)
        self.n_dropped += 1

    def _forget(self, console_id: str) -> None:
        del self._seats[console_id]
        self._changed.pop(console_id, None)
