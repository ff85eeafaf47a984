"""What the status strip says about the link to the hub."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class LinkState(enum.StrEnum):
    """LIVE: hub heard within 2 s. STALE: within 10 s. OFFLINE: longer, or never."""

    LIVE = "LIVE"
    STALE = "STALE"
    OFFLINE = "OFFLINE"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """A snapshot of the link, cheap to take on any thread.

    Attributes
    ----------
    text : one sentence for a person, e.g. "Hub not heard for 12 s, trying again"
    n_in_outbox : commands given but not yet acknowledged as journalled
    """

    state: LinkState
    text: str
    rtt_ms: float | None
    last_seq: int
    n_in_outbox: int
    endpoint: str
