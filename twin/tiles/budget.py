"""One limit of memory for everything that a scene holds."""

from __future__ import annotations

import math

MIB = 1024 * 1024
DEFAULT_BYTES = 2048 * MIB
#: From this share of the room on, the picture needs too much …
TIGHT = 0.90
#: … and below this it may need more again.
AMPLE = 0.55
_STEP = 1.15
#: Coarser than this many times the allowed error nothing is made.
_MOST = 4096.0


class MemoryBudget:
    """Who holds how much, and how much coarser the picture must be for it to fit. One thread.

    Attributes
    ----------
    limit_bytes : never passed by what can be given back
    coarser : factor on the allowed error, 1 = the picture fits as it is wanted
    """

    def __init__(self, limit_bytes: int = DEFAULT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.coarser = 1.0
        self._held: dict[str, int] = {}
        self._tight_at = b""

    @property
    def used_bytes(self) -> int:
        """What everybody holds together."""
        return sum(self._held.values())

    @property
    def held(self) -> dict[str, int]:
        """Bytes by holder."""
        return dict(self._held)

    def hold(self, holder: str, n_bytes: int) -> None:
        """Note what a holder holds now."""
        self._held[holder] = n_bytes

    def room_for(self, holder: str) -> int:
        """What a holder may hold: the limit less what the others hold, at least 0."""
        others = self.used_bytes - self._held.get(holder, 0)
        return max(0, self.limit_bytes - others)

    def fit(self, needed_bytes: int, room_bytes: int, view: bytes) -> bool:
        """Make the picture coarser or finer for it to fit; True when `coarser` has changed.

        It gets finer only in another view than the one that was too much, so that it settles.
        """
        before = self.coarser
        if needed_bytes > TIGHT * room_bytes:
            self.coarser = min(self.coarser * _STEP, _MOST)
            self._tight_at = view
        elif self.coarser > 1.0 and needed_bytes < AMPLE * room_bytes and view != self._tight_at:
            self.coarser = max(1.0, self.coarser / _STEP)
        return not math.isclose(before, self.coarser)
