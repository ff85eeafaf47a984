"""What the hub lets the person at a console do: asked in the background, kept for a few seconds.

The GUI thread looks an answer up and gets None while nobody knows; looking is also what asks.
What is looked at again and again (a button in sight) is kept fresh, what changes it in the room is
asked anew at once, and an answer that nobody confirms is forgotten: a console without its hub
offers everything, as the hub decides in the end.

Hard-won rules (each guarded in tests/twin/test_link_permissions.py):

1. An answer that was under way while its subject changed counts, but is asked for again: events and
   answers come on two sockets, in any order.
2. A hub that is asked too fast, or that knows no such question, is left alone for a while.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twin.clock import NS_PER_S
from twin.ids import uuid7
from twin.link.control import Answers, MayI, Refused, Snapshot
from twin.link.permission import MAX_LETTERS, MAX_QUESTIONS, Permission, Wish
from twin.room.model import Event

#: An answer counts for so long after it came.
LIFETIME_S = 10.0
#: What is looked at is asked again after so long …
REFRESH_S = 4.0
#: … if it was looked at not longer ago than this.
WANTED_S = 3.0
ASK_EVERY_S = 0.25
LOST_S = 2.0
PAUSE_S = 2.0
MAX_KEPT = 300
#: How the ids of questions begin, so that a late refusal of one is not told as that of a request.
_MINE = "may-"
#: Facts after which any answer may be another one.
_ABOUT_ALL = frozenset(
    {
        "policy.changed", "hub.started", "delegation.given", "delegation.withdrawn",
        "shift.taken", "shift.accepted", "shift.offered", "shift.sent_back", "stage.set",
        "incident.changed", "incident.closed",
    }
)  # fmt: skip
_ABOUT_ME = frozenset({"operator.joined", "operator.left"})
_NAMES = ("id", "asset_id", "command_id", "queue", "unit_id", "incident")


@dataclass(slots=True)
class _Known:
    """One wish and what is known of it; ``version`` moves when its subject does."""

    wanted_ns: int
    answer: Permission | None = None
    answered_ns: int = 0
    version: int = 0
    asked_version: int = -1

    def is_due(self, now_ns: int) -> bool:
        if now_ns - self.wanted_ns > WANTED_S * NS_PER_S:
            return False
        is_old = now_ns - self.answered_ns > REFRESH_S * NS_PER_S
        return self.answer is None or self.asked_version != self.version or is_old


@dataclass(slots=True)
class _Asked:
    """The message that is under way, with the versions of what it asks about."""

    id: str
    sent_ns: int
    versions: dict[Wish, int]


class Permissions:
    """Answers by wish. Any thread; times are monotonic.

    Parameters
    ----------
    own_id : console id of this console
    """

    def __init__(self, own_id: str) -> None:
        self._own_id = own_id
        self._lock = threading.Lock()
        self._known: OrderedDict[Wish, _Known] = OrderedDict()
        self._asked: _Asked | None = None
        self._not_before_ns: int | None = None
        self._has_changed = False

    # --- the GUI's side -------------------------------------------------------------------------

    def may(self, action: str, about: str, now_ns: int) -> Permission | None:
        """What the hub would say, None while nobody knows; it is asked for in the background."""
        if not action or max(len(action), len(about)) > MAX_LETTERS:
            return None
        wish = Wish(action=action, about=about)
        with self._lock:
            known = self._known.setdefault(wish, _Known(now_ns))
            known.wanted_ns = now_ns
            self._known.move_to_end(wish)
            if len(self._known) > MAX_KEPT:
                self._known.popitem(last=False)
            is_fresh = now_ns - known.answered_ns <= LIFETIME_S * NS_PER_S
            return known.answer if is_fresh else None

    def take_changed(self) -> bool:
        """Whether some answer is another one than at the last call."""
        with self._lock:
            has_changed, self._has_changed = self._has_changed, False
            return has_changed

    # --- the link's side ------------------------------------------------------------------------

    def due(self, now_ns: int) -> MayI | None:
        """What to ask the hub now, None for nothing."""
        with self._lock:
            if not self._may_ask(now_ns):
                return None
            wishes = [wish for wish, known in self._known.items() if known.is_due(now_ns)]
            if not wishes:
                return None
            wishes = wishes[-MAX_QUESTIONS:]
            self._not_before_ns = now_ns + round(ASK_EVERY_S * NS_PER_S)
            versions = {wish: self._known[wish].version for wish in wishes}
            self._asked = _Asked(f"{_MINE}{uuid7()}", now_ns, versions)
            return MayI(id=self._asked.id, questions=tuple(wishes))

    def take(self, message: Answers | Refused, now_ns: int) -> bool:
        """Take in an answer, or that there is none; False if it was about something else."""
        if not message.id.startswith(_MINE):
            return False
        with self._lock:
            asked = self._asked
            if asked is None or message.id != asked.id:
                return True
            self._asked = None
            if isinstance(message, Refused):
                pause_s = LIFETIME_S if message.is_final else PAUSE_S
                self._not_before_ns = now_ns + round(pause_s * NS_PER_S)
                return True
            for (wish, version), answer in zip(
                asked.versions.items(), message.answers, strict=False
            ):
                self._take_one(wish, version, answer, now_ns)
            return True

    def follow(self, item: object) -> None:
        """Ask anew about what an event moves, after a whole room about everything."""
        if isinstance(item, Snapshot):
            self.outdate()
        elif isinstance(item, Event):
            is_me = item.kind in _ABOUT_ME and item.body.get("console_id") == self._own_id
            if is_me or item.kind in _ABOUT_ALL:
                self.outdate()
            else:
                self._outdate_about(_named_in(item.body))

    def outdate(self) -> None:
        """Ask anew about everything; what is known counts until then, or its time is over."""
        with self._lock:
            for known in self._known.values():
                known.version += 1

    def _outdate_about(self, names: set[str]) -> None:
        with self._lock:
            for wish, known in self._known.items():
                if wish.about in names:
                    known.version += 1

    def _may_ask(self, now_ns: int) -> bool:
        asked = self._asked
        if asked is not None and now_ns - asked.sent_ns < LOST_S * NS_PER_S:
            return False
        return self._not_before_ns is None or now_ns >= self._not_before_ns

    def _take_one(self, wish: Wish, version: int, answer: Permission, now_ns: int) -> None:
        known = self._known.get(wish)
        if known is None:
            return
        is_stale = now_ns - known.answered_ns > LIFETIME_S * NS_PER_S
        if is_stale or answer != known.answer:
            self._has_changed = True
        known.answer, known.answered_ns, known.asked_version = answer, now_ns, version


def _named_in(body: Mapping[str, Any]) -> set[str]:
    """Ids of what an event is about, also of what it puts: an incident, a task and its incident."""
    put = [one for one in body.values() if isinstance(one, Mapping)]
    found = (one.get(name) for one in (body, *put) for name in _NAMES)
    return {one for one in found if isinstance(one, str) and one}
