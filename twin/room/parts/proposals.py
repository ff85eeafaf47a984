"""What operators answered to proposed incidents, and which pairs are never proposed again.

The proposals themselves are no facts: every console makes them from the alarms, verdicts and
incidents of the room (`twin.operations.correlation`). Only what somebody said of them is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from twin.room.model import Event, Operator
from twin.room.parts.base import Fingerprint, Handler, Part, PartType, read_body

ANSWERS_KEPT = 300
PairKind = Literal["rule", "asset"]


class ProposalAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said of some happenings. All fields are always written.

    Attributes
    ----------
    members : ids of what it is about, sorted: "alarm:…", "anomaly:…"
    is_one : True = they are one incident, `incident`; False = they belong apart
    groups : where they belong apart, those that stay together; who is in none stands alone
    """

    id: str
    members: tuple[str, ...]
    is_one: bool
    by: Operator
    at_ns: int
    incident: str = ""
    groups: tuple[tuple[str, ...], ...] = ()


class NeverPair(msgspec.Struct, frozen=True, kw_only=True):
    """Two rules or two assets whose happenings are not proposed as one; ``a`` before ``b``."""

    id: str
    kind: PairKind
    a: str
    b: str
    by: Operator
    at_ns: int
    a_name: str = ""
    b_name: str = ""
    reason: str = ""


class _ProposalAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "proposal.answered"."""

    answer: ProposalAnswer


class _Forbidden(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "proposal.forbidden"."""

    pair: NeverPair


class _Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """Body of "proposal.allowed": the pair may be proposed again."""

    id: str


def pair_id(kind: PairKind, a: str, b: str) -> str:
    """Id of a pair, whichever comes first."""
    return "|".join((kind, *sorted((a, b))))


class Proposals(Part):
    """Answers by id, the latest last, and pairs by id."""

    def __init__(self, fingerprint: Fingerprint) -> None:
        super().__init__(fingerprint)
        self.answers = self.table("proposal_answer", ProposalAnswer, lambda entry: entry.id)
        self.never = self.table("never_pair", NeverPair, lambda entry: entry.id)

    def handlers(self) -> Mapping[str, Handler]:
        """Answers, pairs that go and pairs that come back."""
        return {
            "proposal.answered": self._answered,
            "proposal.forbidden": self._forbidden,
            "proposal.allowed": self._allowed,
        }

    def _answered(self, event: Event) -> None:
        answer = read_body(event, _ProposalAnswered).answer
        self.answers.drop(answer.id)
        self.answers.put(answer)
        if len(self.answers) > ANSWERS_KEPT:
            self.answers.drop(next(iter(self.answers)))

    def _forbidden(self, event: Event) -> None:
        self.never.put(read_body(event, _Forbidden).pair)

    def _allowed(self, event: Event) -> None:
        self.never.drop(read_body(event, _Allowed).id)


PART = PartType(id="proposals", make=Proposals)
