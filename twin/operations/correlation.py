"""Joins what happens close together in place, time and on the asset graph into proposed incidents.

Pure and deterministic: every console makes the same proposals from the same room. Pairs that are
close are joined in one order, by their time gap, distance and ids (union-find), so the order in
which the happenings are given means nothing. Two that must stay apart (`Apart`) never end in one
proposal, whatever lies between them. A transitive chain is meant: a front that moves is one event.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

import numpy as np

from twin.arrays import BoolArray, Float64Array
from twin.clock import NS_PER_S

RADIUS_M, WITHIN_S = 250.0, 20 * 60.0
#: The newest so many happenings are looked at; more is a flood, which alarms are grouped for.
MOST = 400
#: Pairs that hang together of which a proposal tells.
MOST_REASONS = 3
Kind = Literal["alarm", "anomaly", "incident"]
Pair = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that began at a place and time.

    Attributes
    ----------
    id : "alarm:…", "anomaly:…" or "incident:…"
    t_ns, until_ns : beginning; for an incident the time up to which it may take more
    xyz : local metres, None = nowhere in particular
    thing_id, rule : of what, and by which rule; "" = none
    reach_m : how far around `xyz` it extends
    things : an incident's things, besides `thing_id`
    root : id of the happening that its source says it follows from, "" = none
    """

    id: str
    kind: Kind
    title: str
    t_ns: int
    until_ns: int = 0
    xyz: tuple[float, float, float] | None = None
    thing_id: str = ""
    thing_name: str = ""
    rule: str = ""
    department: str = ""
    priority: str = ""
    reach_m: float = 0.0
    things: frozenset[str] = frozenset()
    root: str = ""

    @property
    def where(self) -> str:
        """What tells its place from others."""
        return self.thing_id or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What is not to be joined.

    Attributes
    ----------
    rules, assets : pairs of rules and of things; one id alone = not with itself
    happenings : pairs of happening ids
    """

    rules: frozenset[Pair] = frozenset()
    assets: frozenset[Pair] = frozenset()
    happenings: frozenset[Pair] = frozenset()

    def parts(self, a: Happening, b: Happening) -> bool:
        """Whether these two must not be in one proposal."""
        if a.kind == b.kind == "incident":
            return True
        rules = a.rule and b.rule and frozenset((a.rule, b.rule)) in self.rules
        assets = a.thing_id and b.thing_id and frozenset((a.thing_id, b.thing_id)) in self.assets
        return bool(rules or assets or frozenset((a.id, b.id)) in self.happenings)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentProposal:
    """Happenings that may be one incident.

    Attributes
    ----------
    members : alarms and anomalies, by time
    incident : the open incident that they may belong to, None = a new one
    reasons : sentences, why
    span_m, span_s : greatest distance from their middle, and time from first to last
    xyz : their middle, None = nowhere
    """

    members: tuple[Happening, ...]
    incident: Happening | None
    reasons: tuple[str, ...]
    span_m: float
    span_s: float
    xyz: tuple[float, float, float] | None

    @property
    def key(self) -> str:
        """The same for the same members, whatever their order."""
        return "\n".join(sorted(one.id for one in self.members))


@dataclass(slots=True)
class _Forest:
    """Union-find over rows, with rows that must not come together."""

    parent: list[int]
    apart: dict[int, set[int]]
    members: dict[int, set[int]] = field(default_factory=dict)
    refused: set[tuple[int, int]] = field(default_factory=set)

    def root(self, row: int) -> int:
        while self.parent[row] != row:
            self.parent[row] = self.parent[self.parent[row]]
            row = self.parent[row]
        return row

    def join(self, a: int, b: int) -> None:
        """Join the trees of two rows, unless that would bring two together that stay apart."""
        first, second = self.root(a), self.root(b)
        if first == second or (first, second) in self.refused:
            return
        ours, theirs = self.members.get(first, {first}), self.members.get(second, {second})
        banned = self.apart.get(first, set())
        if not banned.isdisjoint(theirs):
            self.refused |= {(first, second), (second, first)}  # trees only grow: it stays so
            return
        self.parent[second] = first
        self.members[first] = ours | theirs
        self.apart[first] = banned | self.apart.get(second, set())


def proposals(
    happenings: Iterable[Happening],
    *,
    relations: Mapping[Pair, str] | None = None,
    apart: Apart | None = None,
    radius_m: float = RADIUS_M,
    within_s: float = WITHIN_S,
) -> tuple[IncidentProposal, ...]:
    """Propose what may be one incident, the newest first; who has nobody near is in none.

    Several happenings at one thing alone are no proposal: they are one alarm that grew.

    Parameters
    ----------
    relations : pairs of thing ids that hang together, with the reason (`AssetGraph.relations`)
    """
    ordered = sorted({one.id: one for one in happenings}.values(), key=lambda o: (-o.t_ns, o.id))
    found = sorted(ordered[:MOST], key=lambda one: one.id)
    if len(found) < 2:
        return ()
    relations, apart = relations or {}, apart or Apart()
    gap_s, gap_m = _gaps_s(found), _gaps_m(found)
    related = _related(found, relations)
    is_close = ((gap_s <= within_s) & ((gap_m <= radius_m) | related)) | _follows(found)
    forest = _joined(found, is_close, gap_s, gap_m, apart)
    trees: dict[int, list[int]] = {}
    for row in range(len(found)):
        trees.setdefault(forest.root(row), []).append(row)
    made = [
        _proposal([found[row] for row in rows], relations) for rows in trees.values() if rows[1:]
    ]
    kept = [
        one
        for one in made
        if one.members and (one.incident or len({member.where for member in one.members}) > 1)
    ]
    return tuple(sorted(kept, key=lambda one: (-one.members[-1].t_ns, one.key)))


def _joined(
    found: Sequence[Happening],
    is_close: BoolArray,
    gap_s: Float64Array,
    gap_m: Float64Array,
    apart: Apart,
) -> _Forest:
    never = _never(found, apart)
    forest = _Forest(parent=list(range(len(found))), apart=never)
    if not never:  # the order means nothing then
        _join_all(forest, is_close)
        return forest
    rows_a, rows_b = np.nonzero(np.triu(is_close, 1))
    gaps_s, gaps_m = gap_s[rows_a, rows_b], gap_m[rows_a, rows_b]
    # ``found`` is sorted by id: rows as the last keys make the order one of the happenings alone
    for at in np.lexsort((rows_b, rows_a, gaps_m, gaps_s)).tolist():
        forest.join(int(rows_a[at]), int(rows_b[at]))
    return forest


def _join_all(forest: _Forest, is_close: BoolArray) -> None:
    """Join whatever is close, tree by tree."""
    is_left: BoolArray = np.ones(len(is_close), bool)
    for row in range(len(is_close)):
        border = np.zeros(len(is_close), bool)
        border[row] = is_left[row]
        while border.any():
            is_left &= ~border
            for member in np.flatnonzero(border).tolist():
                forest.parent[member] = row
            border = is_close[border].any(axis=0) & is_left


def _never(found: Sequence[Happening], apart: Apart) -> dict[int, set[int]]:
    """Rows that must not come together, by row."""
    never: dict[int, set[int]] = {}
    by_rule, by_thing, by_id = _rows_by("rule", found), _rows_by("thing_id", found), {}
    for row, one in enumerate(found):
        by_id[one.id] = [row]
    incidents = [row for row, one in enumerate(found) if one.kind == "incident"]
    groups = [(incidents, incidents)]
    for pairs, rows_of in (
        (apart.rules, by_rule), (apart.assets, by_thing), (apart.happenings, by_id)
    ):  # fmt: skip
        for pair in pairs:
            a, *rest = pair
            groups.append((rows_of.get(a, []), rows_of.get(rest[0] if rest else a, [])))
    for first, second in groups:
        for a_row in first:
            others = {row for row in second if row != a_row}
            if others:
                never.setdefault(a_row, set()).update(others)
                for row in others:
                    never.setdefault(row, set()).add(a_row)
    return never


def _rows_by(name: Literal["rule", "thing_id"], found: Sequence[Happening]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, one in enumerate(found):
        key = one.rule if name == "rule" else one.thing_id
        if key:
            rows.setdefault(key, []).append(row)
    return rows


def _gaps_s(found: Sequence[Happening]) -> Float64Array:
    """(n, n) seconds between the end of the earlier and the beginning of the later."""
    # subtracted as whole numbers: nanoseconds since 1970 do not fit a float
    begins = np.array([one.t_ns for one in found], np.int64)
    ends = np.maximum(np.array([one.until_ns for one in found], np.int64), begins)
    gap = np.maximum(begins[:, None] - ends[None, :], begins[None, :] - ends[:, None])
    return np.asarray(np.maximum(gap, 0) / NS_PER_S)


def _gaps_m(found: Sequence[Happening]) -> Float64Array:
    """(n, n) metres on the ground; infinite where one of them is nowhere."""
    nowhere = (math.nan, math.nan, math.nan)
    xy = np.array([one.xyz or nowhere for one in found], np.float64)[:, :2]
    reach = np.array([one.reach_m for one in found])
    gap = np.hypot(*(xy[:, None, :] - xy[None, :, :]).transpose(2, 0, 1))
    gap = np.maximum(gap - reach[:, None] - reach[None, :], 0.0)
    return np.where(np.isfinite(gap), gap, np.inf)


def _follows(found: Sequence[Happening]) -> BoolArray:
    """(n, n) bool: one says that it follows from the other, whenever and wherever it was."""
    row_of = {one.id: row for row, one in enumerate(found)}
    follows: BoolArray = np.zeros((len(found), len(found)), bool)
    for row, one in enumerate(found):
        root = row_of.get(one.root, -1) if one.root else -1
        if root >= 0:
            follows[row, root] = follows[root, row] = True
    return follows


def _things_of(one: Happening) -> frozenset[str]:
    return one.things | {one.thing_id} if one.thing_id else one.things


def _related(found: Sequence[Happening], relations: Mapping[Pair, str]) -> BoolArray:
    """(n, n) bool: on the same thing, or on things that hang together."""
    rows_of: dict[str, list[int]] = {}
    for row, one in enumerate(found):
        for thing_id in _things_of(one):
            rows_of.setdefault(thing_id, []).append(row)
    related: BoolArray = np.zeros((len(found), len(found)), bool)
    for rows in rows_of.values():
        related[np.ix_(rows, rows)] = True
    cells = [
        (row, other)
        for pair in relations
        if len(pair) == 2
        for row, other in product(*(rows_of.get(thing, ()) for thing in pair))
    ]
    if cells:
        a, b = np.array(cells, np.intp).T
        related[a, b] = related[b, a] = True
    return related


def _proposal(rows: Sequence[Happening], relations: Mapping[Pair, str]) -> IncidentProposal:
    members = tuple(sorted((o for o in rows if o.kind != "incident"), key=_came))
    incident = next((one for one in rows if one.kind == "incident"), None)
    placed = np.array([one.xyz for one in members if one.xyz is not None], np.float64)
    xyz, span_m = None, 0.0
    if len(placed):
        middle = placed.mean(axis=0)
        span_m = float(np.hypot(*(placed - middle)[:, :2].T).max())
        xyz = (float(middle[0]), float(middle[1]), float(middle[2]))
    span_s = (members[-1].t_ns - members[0].t_ns) / NS_PER_S if members else 0.0
    return IncidentProposal(
        members=members, incident=incident, xyz=xyz, span_m=span_m, span_s=span_s,
        reasons=_reasons(members, incident, relations, span_m, span_s),
    )  # fmt: skip


def _came(one: Happening) -> tuple[int, bool, str]:
    """Order of coming; of those at once the one that stands for itself is first."""
    return one.t_ns, bool(one.root), one.id


def _reasons(
    members: Sequence[Happening],
    incident: Happening | None,
    relations: Mapping[Pair, str],
    span_m: float,
    span_s: float,
) -> tuple[str, ...]:
    told: dict[str, None] = {}
    if len(members) > 1:
        where = f"within {max(span_m, 1.0):,.0f} m of their middle" if span_m else "at one place"
        told[f"{len(members)} {where}, {_duration(span_s)} from first to last"] = None
    title_of = {one.id: one.title for one in members}
    roots = [one.root for one in members if one.root in title_of]
    for root in dict.fromkeys(roots):
        told[f"{roots.count(root)} follow from “{title_of[root]}”, says their rule"] = None
    if incident is not None:
        told[f"Close to “{incident.title}”, which is open"] = None
    all_of = (*members, incident) if incident is not None else tuple(members)
    name_of = {one.thing_id: one.thing_name or one.thing_id for one in members if one.thing_id}
    things = {thing for one in all_of for thing in _things_of(one)}
    shown = things & set(name_of)
    found = [pair for pair in relations if len(pair) == 2 and pair <= shown]
    for pair in sorted(found, key=sorted)[:MOST_REASONS]:
        a, b = sorted(name_of[thing] for thing in pair)
        told[f"{a} and {b}: {relations[pair]}"] = None
    if len(found) > MOST_REASONS:
        told[f"and {len(found) - MOST_REASONS:,} more pairs that hang together"] = None
    return tuple(told)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
