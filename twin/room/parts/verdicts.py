"""Verdicts: what operators said of detected episodes, "anomaly" or not. They are labels.

A verdict tells all that a label needs by itself: which datastream, when, how unusual and what for a
threshold was in force. The newest `KEPT` are in the room, all of them in the journal.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body

KEPT = 1_000


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One label. All fields are always written.

    Attributes
    ----------
    id : of the episode, the same on every console: datastream and beginning
    datastream_id, thing_id, thing_name, xyz : of what; local metres, None = nowhere
    start_ns, end_ns : of the episode, as far as it was known
    is_anomaly : what the operator said
    strength, threshold : greatest distance from usual in the episode, and the one from which an
        episode is told, both in spreads; below the threshold: an operator found it by themselves
    reason : what the detector said
    """

    id: str
    datastream_id: str
    is_anomaly: bool
    start_ns: int
    end_ns: int
    by: Operator
    at_ns: int
    thing_id: str = ""
    thing_name: str = ""
    xyz: tuple[float, float, float] | None = None
    strength: float = 0.0
    threshold: float = 0.0
    reason: str = ""


class _Given(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "verdict.given"."""

    verdict: Verdict


class Verdicts(Part):
    """The newest verdict on each episode, the latest given last."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.by_id = self.table("verdict", Verdict, lambda entry: entry.id)

    def handlers(self) -> Mapping[str, Handler]:
        """Giving one, also another one than before."""
        return {"verdict.given": self._given}

    def _given(self, event: Event) -> None:
        verdict = read_body(event, _Given).verdict
        self.by_id.drop(verdict.id)
        self.by_id.put(verdict)
        if len(self.by_id) > KEPT:
            self.by_id.drop(next(iter(self.by_id)))


PART = PartType(id="verdicts", make=Verdicts)
