"""Presence at a console: what the others show, and when to tell what changed here."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from twin.clock import NS_PER_S
from twin.link.control import Everybody, PresenceMessage
from twin.link.presence import CHANGED_S, TTL_S, UNCHANGED_S, PresenceState, Present

_ASK_AGAIN_S = 2.0


@dataclass(slots=True)
class _Seen:
    present: Present
    heard_ns: int


class Presences:
    """What the other consoles show of their operators. Any thread.

    Parameters
    ----------
    own_id : console id of this console, which is left out

    Attributes
    ----------
    version : moves with everything that is heard
    """

    def __init__(self, own_id: str) -> None:
        self.version = 0
        self._own_id = own_id
        self._lock = threading.Lock()
        self._seen: dict[str, _Seen] = {}
        self._asked_ns: int | None = None

    def others(self, now_ns: int) -> tuple[Present, ...]:
        """Everybody heard of lately, in the order they came; ``now_ns`` is monotonic."""
        oldest_ns = now_ns - TTL_S * NS_PER_S
        with self._lock:
            return tuple(s.present for s in self._seen.values() if s.heard_ns >= oldest_ns)

    def of(self, console_id: str, now_ns: int) -> Present | None:
        """What one of them shows, None if nothing was heard lately."""
        with self._lock:
            seen = self._seen.get(console_id)
        if seen is None or now_ns - seen.heard_ns > TTL_S * NS_PER_S:
            return None
        return seen.present

    def take(self, message: PresenceMessage | Everybody, now_ns: int) -> bool:
        """Take in what came; True when everybody's presence should be asked for."""
        with self._lock:
            told = message.present if isinstance(message, Everybody) else message.changed
            for present in told:
                self._take_one(present, now_ns)
            self.version += 1
            if isinstance(message, Everybody) or message.here is None:
                return False
            return self._compare(dict(message.here), now_ns)

    def forget(self) -> None:
        """The hub changed: nobody is known any more."""
        with self._lock:
            self._seen.clear()
            self.version += 1
            self._asked_ns = None

    def _take_one(self, present: Present, now_ns: int) -> None:
        if present.console_id == self._own_id:
            return
        seen = self._seen.get(present.console_id)
        if seen is None or present.n >= seen.present.n:
            self._seen[present.console_id] = _Seen(present, now_ns)

    def _compare(self, here: dict[str, int], now_ns: int) -> bool:
        for console_id in [key for key in self._seen if key not in here]:
            del self._seen[console_id]
        for console_id, seen in self._seen.items():
            if seen.present.n >= here[console_id]:
                seen.heard_ns = now_ns
        has_all = all(
            console_id == self._own_id
            or (console_id in self._seen and self._seen[console_id].present.n >= n)
            for console_id, n in here.items()
        )
        if has_all or not self._may_ask(now_ns):
            return False
        self._asked_ns = now_ns
        return True

    def _may_ask(self, now_ns: int) -> bool:
        asked_ns = self._asked_ns
        return asked_ns is None or now_ns - asked_ns > _ASK_AGAIN_S * NS_PER_S


class OwnPresence:
    """What this console shows, and when to tell it. One thread sets, another asks what is due."""

    def __init__(self) -> None:
        self._state: PresenceState | None = None
        self._told: PresenceState | None = None
        self._told_ns = 0

    def set(self, state: PresenceState) -> None:
        """Show this from now on."""
        self._state = state

    def due(self, now_ns: int) -> PresenceState | None:
        """What to tell now: at most ten times a second when it changed, else now and then."""
        state = self._state
        if state is None:
            return None
        pause_s = CHANGED_S if state != self._told else UNCHANGED_S
        if self._told is not None and now_ns - self._told_ns < pause_s * NS_PER_S:
            return None
        self._told, self._told_ns = state, now_ns
        return state

    def tell_again(self) -> None:
        """The hub may have forgotten it."""
        self._told = None
