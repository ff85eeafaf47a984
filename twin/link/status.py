"""What the status strip says about the link to the hub."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from twin.link.connection import Connection

LIVE_S = 2.0
STALE_S = 10.0


class LinkState(enum.StrEnum):
    """LIVE: hub heard within 2 s. STALE: within 10 s. OFFLINE: longer, or never.

    REPLAY: there is no hub, a recording is shown.
    """

    LIVE = "LIVE"
    STALE = "STALE"
    OFFLINE = "OFFLINE"
    REPLAY = "REPLAY"


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


def state_of(age_s: float | None) -> LinkState:
    """State of a link whose hub was heard so long ago; None = never."""
    if age_s is None or age_s > STALE_S:
        return LinkState.OFFLINE
    return LinkState.LIVE if age_s <= LIVE_S else LinkState.STALE


def sentence_of(connection: Connection, state: LinkState, age_s: float | None, trouble: str) -> str:
    """One sentence for a person.

    Parameters
    ----------
    age_s : since the hub was heard, None = never
    trouble : what is wrong although the hub is heard, "" = nothing
    """
    where = connection.endpoint.removeprefix("tcp://")
    refused = f"The hub refuses this console: {connection.refusal}" if connection.refusal else ""
    if connection.handshake.text:
        return connection.handshake.text
    if connection.is_answering and state is not LinkState.LIVE:
        return refused or (f"The hub at {where} answers, but its facts do not arrive; trying again")
    if age_s is None:
        return f"No hub answers at {where}, trying again"
    if state is not LinkState.LIVE:
        return f"Hub not heard for {age_s:.0f} s, trying again"
    return refused or trouble or f"Connected to the hub at {where}"
