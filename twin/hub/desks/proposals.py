"""Answers to proposed incidents: one incident, apart, or never again this pair.

"One incident" opens it with links to all its members in the same step, or adds them to one that is
open. Of two operators who answer at once the second is told what became of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from twin.hub.desks.base import Ask, Desk, DeskType, Taken
from twin.hub.desks.incidents import MAX_ID, MAX_LIST, MAX_TEXT
from twin.hub.hall import person
from twin.hub.incident_rules import why_not_open
from twin.hub.rules import is_plain
from twin.hub.who import Who
from twin.room.parts.alarms import Alarms
from twin.room.parts.incidents import Asked, Incident, Incidents, Severity
from twin.room.parts.proposals import NeverPair, PairKind, ProposalAnswer, Proposals, pair_id
from twin.room.parts.verdicts import Verdicts
from twin.security.policy import Decision

MAX_MEMBERS = 400
MAX_PAIRS = 500
Point = tuple[float, float, float]


class OneIncident(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "proposal.accept": the members are one incident.

    Attributes
    ----------
    members : ids as "alarm:…" and "anomaly:…"
    incident : id of a new incident, or of an open one that they are added to
    title, kind, severity, xyz, radius_m, departments : of a new one
    """

    members: tuple[str, ...]
    incident: str
    title: str = ""
    kind: str = ""
    severity: Severity = Severity.MODERATE
    xyz: Point | None = None
    radius_m: float = 0.0
    departments: tuple[str, ...] = ()


class Apart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "proposal.split": the members belong apart, but for those in one of the groups."""

    members: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...] = ()


class Never(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "proposal.never": two rules or two assets are not proposed as one again."""

    kind: PairKind
    a: str
    b: str
    a_name: str = ""
    b_name: str = ""
    reason: str = ""


class Allow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "proposal.allow": a pair may be proposed again."""

    id: str


class ProposalDesk(Desk):
    """Keeps answers and pairs."""

    def acts(self) -> Mapping[str, Taken]:
        """Answers to proposals."""
        return {
            "proposal.accept": Taken(OneIncident, self._accept),
            "proposal.split": Taken(Apart, self._split),
            "proposal.never": Taken(Never, self._never),
            "proposal.allow": Taken(Allow, self._allow),
        }

    def permissions(self) -> Mapping[str, Ask]:
        """By id of an open incident ("" = a new one), or of a pair."""
        return {
            "proposal.accept": self._may_accept,
            "proposal.allow": self.asked("proposal.allow", lambda _, key: self._why_not_allow(key)),
        }

    def _may_accept(self, who: Who, incident_id: str) -> Decision:
        old = self.hall.room[Incidents].by_id.get(incident_id)
        decision = self.hall.decide(who, "incident.open" if old is None else "incident.change")
        if not decision.allowed:
            return decision
        if old is not None and not old.is_open:
            return Decision.no(f"“{old.title}” is closed; open another one")
        full = why_not_open(self.hall.room[Incidents]) if old is None else ""
        return Decision.no(full) if full else decision

    def _why_not_allow(self, pair_id: str) -> str:
        return "" if pair_id in self._proposals.never else "There is no such pair"

    @property
    def _proposals(self) -> Proposals:
        return self.hall.room[Proposals]

    def _accept(self, who: Who, body: OneIncident) -> str:
        incidents = self.hall.room[Incidents]
        old = incidents.by_id.get(body.incident)
        decision = self._may_accept(who, body.incident)
        if not decision.allowed:
            return decision.text
        sentence = self._unfit_members(body.members, at_least=2 if old is None else 1)
        if sentence:
            return sentence
        for one in incidents.open:
            if not set(body.members).isdisjoint(one.links):
                by = person(one.opened_by)
                return f"Some of them belong to “{one.title}” already, opened by {by}"
        if old is not None:
            links = (*old.links, *body.members)
            if len(links) > MAX_LIST:
                return f"“{old.title}” has {MAX_LIST} links already"
            changes = {"links": links}
            self.hall.emit("incident.changed", person(who.operator), id=old.id, changes=changes)
        else:
            sentence = self._open(who, body)
        return sentence or self._answered(who, body.members, is_one=True, incident=body.incident)

    def _open(self, who: Who, body: OneIncident) -> str:
        if not 0 < len(body.incident) <= MAX_ID:
            return f"An incident has a new id of 1 to {MAX_ID} letters"
        if not 0 < len(body.title.strip()) <= MAX_TEXT or not 0 < len(body.kind) <= MAX_ID:
            return "An incident has a title and a kind"
        if len(body.departments) > MAX_LIST or not is_plain(msgspec.to_builtins(body)):
            return "Its numbers must be finite, and its departments not too many"
        now_ns, own = self.hall.now_ns, who.operator.department
        incident = Incident(
            id=body.incident, title=body.title.strip(), kind=body.kind, severity=body.severity,
            opened_by=who.operator, opened_ns=now_ns, xyz=body.xyz, radius_m=body.radius_m,
            links=body.members,
            departments=tuple(
                Asked(
                    department=name, asked_ns=now_ns,
                    taken_by=who.operator if name == own else None,
                    taken_ns=now_ns if name == own else 0,
                )
                for name in dict.fromkeys((own, *body.departments))
            ),
        )  # fmt: skip
        self.hall.emit("incident.opened", person(who.operator), incident=incident)
        return ""

    def _split(self, who: Who, body: Apart) -> str:
        sentence = self._unfit_members(body.members, at_least=2)
        if sentence:
            return sentence
        grouped = [member for group in body.groups for member in group]
        if len(set(grouped)) != len(grouped) or not set(grouped) <= set(body.members):
            return "A group holds members of the proposal, each in one group at most"
        return self._answered(who, body.members, is_one=False, groups=body.groups)

    def _answered(self, who: Who, members: Sequence[str], **more: object) -> str:
        ordered = tuple(sorted(members))
        answer = ProposalAnswer(
            id=answer_id(ordered), members=ordered, by=who.operator, at_ns=self.hall.now_ns,
            **more,  # type: ignore[arg-type]
        )  # fmt: skip
        self.hall.emit("proposal.answered", person(who.operator), answer=answer)
        return ""

    def _never(self, who: Who, body: Never) -> str:
        texts = (body.a, body.b, body.a_name, body.b_name, body.reason)
        if not body.a or not body.b or max(map(len, texts)) > MAX_TEXT:
            return f"A pair names two rules or two assets, in at most {MAX_TEXT} letters each"
        known = self._proposals.never
        key = pair_id(body.kind, body.a, body.b)
        if key in known:
            return "This pair is not proposed any more already"
        if len(known) >= MAX_PAIRS:
            return f"There are {MAX_PAIRS} such pairs; let some be proposed again"
        a, b = sorted(((body.a, body.a_name), (body.b, body.b_name)))
        pair = NeverPair(
            id=key, kind=body.kind, a=a[0], b=b[0], a_name=a[1], b_name=b[1],
            reason=body.reason.strip(), by=who.operator, at_ns=self.hall.now_ns,
        )  # fmt: skip
        self.hall.emit("proposal.forbidden", person(who.operator), pair=pair)
        return ""

    def _allow(self, who: Who, body: Allow) -> str:
        pair = self._proposals.never.get(body.id)
        if pair is None:
            return self._why_not_allow(body.id)
        names = f"{pair.a_name or pair.a} and {pair.b_name or pair.b}"
        self.hall.emit("proposal.allowed", person(who.operator), id=body.id, names=names)
        return ""

    def _unfit_members(self, members: Sequence[str], *, at_least: int) -> str:
        if not at_least <= len(set(members)) == len(members) <= MAX_MEMBERS:
            return f"A proposal has {at_least} to {MAX_MEMBERS} members, each once"
        alarms, verdicts = self.hall.room[Alarms].by_id, self.hall.room[Verdicts].by_id
        for member in members:
            kind, _, key = member.partition(":")
            verdict = verdicts.get(key)
            is_there = key in alarms if kind == "alarm" else verdict and verdict.is_anomaly
            if kind not in ("alarm", "anomaly") or not is_there:
                return f"“{member[:80]}” is no alarm or anomaly of this room any more"
        return ""


def answer_id(members: Sequence[str]) -> str:
    """Id of an answer: the same members have the same."""
    return hashlib.blake2b("\n".join(sorted(members)).encode(), digest_size=12).hexdigest()


DESK = DeskType(id="proposals", make=ProposalDesk)
