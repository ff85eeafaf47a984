"""Refusals that were given: a late copy of the same request gets the same answer.

Without this a console could be told "refused" and then see the second copy of its request succeed,
because the city has moved on in between. Kept in memory only: copies do not outlive a connection,
and connections do not outlive the hub.
"""

from __future__ import annotations

from collections import OrderedDict

from twin.link.control import Refused

KEPT = 20_000


class Refusals:
    """The last `KEPT` final refusals by person and id of the request. One thread."""

    def __init__(self) -> None:
        self._by_key: OrderedDict[str, tuple[int, Refused]] = OrderedDict()

    def get(self, key: str) -> Refused | None:
        """The refusal that was given, None if there was none."""
        found = self._by_key.get(key)
        return found[1] if found else None

    def keep(self, key: str, refused: Refused, seq: int) -> None:
        """Remember a final refusal; ``seq``: of the room that it was based on."""
        if not refused.is_final:
            return
        self._by_key[key] = seq, refused
        if len(self._by_key) > KEPT:
            self._by_key.popitem(last=False)

    def forget_after(self, seq: int) -> None:
        """Events after `seq` were never stored: what they made us refuse was not refused."""
        for key, (based_on, _) in tuple(self._by_key.items()):
            if based_on > seq:
                del self._by_key[key]
