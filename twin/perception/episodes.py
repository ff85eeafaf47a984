"""From scores to episodes: one beginning and one end, whatever the score does in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Chosen on labelled series (docs/detection.md): a tail probability of 10^-14.5.
THRESHOLD = 1.0 - 10.0**-14.5
CALM = 24
GAP = 50

Change = Literal["opened", "closed", ""]


@dataclass(slots=True, kw_only=True)
class Episodes:
    """Follows one datastream's scores. One thread.

    Attributes
    ----------
    threshold : score from which something is unusual
    calm : so many usual observations in a row end an episode
    gap : so many observations between two beginnings
    """

    threshold: float = THRESHOLD
    calm: int = CALM
    gap: int = GAP
    is_open: bool = False
    _n_calm: int = 0
    _since: int = 1 << 60

    def update(self, score: float) -> Change:
        """Take the next score; says whether an episode opened or closed by it."""
        self._since += 1
        is_unusual = score >= self.threshold
        if not self.is_open:
            if not is_unusual or self._since < self.gap:
                return ""
            self.is_open, self._n_calm, self._since = True, 0, 0
            return "opened"
        self._n_calm = 0 if is_unusual else self._n_calm + 1
        if self._n_calm < self.calm:
            return ""
        self.is_open = False
        return "closed"
