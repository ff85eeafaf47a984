"""Proposed incidents of a room: from its alarms, verdicts, incidents and answers. Pure.

What is proposed: alarms that are active and not set aside, each with the one that it follows from,
and episodes that an operator called an anomaly in the last hours. What belongs to an open incident,
by itself or with its root, or was made one before, is not proposed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product

from twin.clock import NS_PER_S
from twin.operations.asset_graph import AssetGraph
from twin.operations.correlation import Apart, Happening, IncidentProposal, Pair, proposals
from twin.room.fold import Room
from twin.room.parts.alarms import Alarm, Alarms
from twin.room.parts.incidents import Incident, Incidents, Severity
from twin.room.parts.proposals import ProposalAnswer, Proposals
from twin.room.parts.verdicts import Verdicts

#: An anomaly is proposed for so long after it began.
ANOMALY_NS = 6 * 3_600 * NS_PER_S
_SEVERITY = {
    "critical": Severity.EXTREME,
    "high": Severity.SEVERE,
    "medium": Severity.MODERATE,
}
#: Words of rules, titles and kinds, and the kind of incident that they hint at.
_KINDS = (
    ("fire", ("fire", "smoke", "heat")),
    ("flood", ("water", "river", "level", "flood", "pump", "sewer", "rain", "gate", "underpass")),
    ("power", ("power", "feeder", "substation", "breaker", "blackout")),
    ("traffic", ("traffic", "road", "speed", "jam", "collision")),
    ("pollution", ("pm25", "air", "smell", "gas")),
    ("crowd", ("crowd", "people", "occupancy")),
)


def happenings_of(room: Room, now_ns: int) -> tuple[Happening, ...]:
    """What may be proposed, and the incidents that it may be added to."""
    taken = _taken(room)
    incidents = room[Incidents].open
    found = [*_alarms(room, taken), *_anomalies(room, taken, now_ns)]
    return (*found, *(_as_happening(one, room, now_ns) for one in incidents))


def apart_of(room: Room) -> Apart:
    """What operators said must not be joined."""
    part = room[Proposals]
    never = part.never.values()
    happenings: set[Pair] = set()
    for answer in part.answers.values():
        if not answer.is_one:
            happenings |= set(_pairs_apart(answer))
    return Apart(
        rules=frozenset(frozenset((one.a, one.b)) for one in never if one.kind == "rule"),
        assets=frozenset(frozenset((one.a, one.b)) for one in never if one.kind == "asset"),
        happenings=frozenset(happenings),
    )


def proposals_of(room: Room, graph: AssetGraph, now_ns: int) -> tuple[IncidentProposal, ...]:
    """What may be one incident, the newest first."""
    return proposals_among(happenings_of(room, now_ns), apart_of(room), graph)


def proposals_among(
    found: Sequence[Happening], apart: Apart, graph: AssetGraph
) -> tuple[IncidentProposal, ...]:
    """The same from what was taken out of a room before; any thread."""
    if all(one.kind == "incident" for one in found):
        return ()
    things = {thing for one in found for thing in (one.thing_id, *one.things) if thing}
    return proposals(found, relations=graph.relations(sorted(things)), apart=apart)


def kind_of(proposal: IncidentProposal) -> str:
    """The kind of incident that most of the members hint at; "other" for none."""
    votes: dict[str, int] = {}
    for one in proposal.members:
        text = f"{one.rule} {one.title} {one.thing_id} {one.thing_name}".casefold()
        for kind, words in _KINDS:
            if any(word in text for word in words):
                votes[kind] = votes.get(kind, 0) + 1
                break
    return max(votes, key=lambda kind: (votes[kind], kind)) if votes else "other"


def severity_of(proposal: IncidentProposal) -> Severity:
    """From the most urgent priority of the members."""
    priorities = {one.priority for one in proposal.members}
    found = (severity for priority, severity in _SEVERITY.items() if priority in priorities)
    return next(found, Severity.MINOR)


def title_of(proposal: IncidentProposal) -> str:
    """What the incident may be called: what came first, and where."""
    first = proposal.members[0]
    where = f", {first.thing_name}" if first.thing_name else ""
    return f"{first.title}{where}"


def departments_of(proposal: IncidentProposal) -> tuple[str, ...]:
    """Whose alarms they are, each once."""
    return tuple(dict.fromkeys(one.department for one in proposal.members if one.department))


def _taken(room: Room) -> dict[str, int]:
    """Happenings that belong to an incident, with the hub time up to which that counts."""
    forever = 1 << 62
    linked = {link: forever for one in room[Incidents].open for link in one.links}
    for answer in room[Proposals].answers.values():
        if answer.is_one:
            for member in answer.members:
                linked.setdefault(member, answer.at_ns)
    return linked


def _alarms(room: Room, taken: dict[str, int]) -> Iterator[Happening]:
    for alarm in room[Alarms].by_id.entries.values():
        if not alarm.is_active or not alarm.is_annunciated:
            continue
        key, root = f"alarm:{alarm.id}", f"alarm:{alarm.root}" if alarm.root else ""
        if alarm.raised_ns > max(taken.get(key, -1), taken.get(root, -1)):
            yield _of_alarm(key, root, alarm)


def _of_alarm(key: str, root: str, alarm: Alarm) -> Happening:
    return Happening(
        id=key, kind="alarm", title=alarm.title, t_ns=alarm.raised_ns, xyz=alarm.xyz,
        thing_id=alarm.thing_id, thing_name=alarm.thing_name, rule=alarm.rule,
        department=alarm.department, priority=str(alarm.priority), root=root,
    )  # fmt: skip


def _anomalies(room: Room, taken: dict[str, int], now_ns: int) -> Iterator[Happening]:
    for one in room[Verdicts].by_id.values():
        key = f"anomaly:{one.id}"
        is_late = now_ns - one.start_ns > ANOMALY_NS
        if not one.is_anomaly or is_late or one.at_ns <= taken.get(key, -1):
            continue
        yield Happening(
            id=key, kind="anomaly", title=f"Unusual values: {one.reason}" if one.reason else
            "Unusual values", t_ns=one.start_ns, xyz=one.xyz, thing_id=one.thing_id,
            thing_name=one.thing_name, rule=f"anomaly:{one.datastream_id}", priority="low",
        )  # fmt: skip


def _as_happening(one: Incident, room: Room, now_ns: int) -> Happening:
    alarms = room[Alarms].by_id
    linked = [alarms.get(link[6:]) for link in one.links if link.startswith("alarm:")]
    return Happening(
        id=f"incident:{one.id}", kind="incident", title=one.title, t_ns=one.opened_ns,
        until_ns=max(now_ns, one.opened_ns), xyz=one.xyz, reach_m=max(one.radius_m, 0.0),
        things=frozenset(alarm.thing_id for alarm in linked if alarm and alarm.thing_id),
    )  # fmt: skip


def _pairs_apart(answer: ProposalAnswer) -> Iterator[Pair]:
    group_of = {member: row for row, group in enumerate(answer.groups) for member in group}
    for a, b in combinations(answer.members, 2):
        if group_of.get(a, -1) != group_of.get(b, -2):
            yield frozenset((a, b))


def pairs_of(proposal: IncidentProposal) -> tuple[tuple[str, Happening, Happening], ...]:
    """Pairs of rules and of assets that could be forbidden, each once: "rule" or "asset", a, b."""
    told: dict[tuple[str, Pair], tuple[str, Happening, Happening]] = {}
    for a, b in product(proposal.members, repeat=2):
        if a.id >= b.id:
            continue
        if a.rule and b.rule:
            told.setdefault(("rule", frozenset((a.rule, b.rule))), ("rule", a, b))
        if a.thing_id and b.thing_id:
            told.setdefault(("asset", frozenset((a.thing_id, b.thing_id))), ("asset", a, b))
    return tuple(told.values())
