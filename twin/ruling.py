"""Event rules from a console: how they stand, changing them, looking at what they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from twin.arrays import Float32Array, Float64Array, Int64Array, UInt8Array
from twin.perception.rules_columns import ask
from twin.perception.rules_inputs import InputColumns
from twin.perception.rules_language import INPUTS
from twin.perception.rules_model import CompiledRule, EventRule
from twin.perception.rules_naming import rule_of_alarm
from twin.perception.rules_running import RunningRule
from twin.perception.rules_selection import Directory
from twin.room.fold import Room
from twin.room.parts.alarms import PRIORITIES, Alarms
from twin.room.parts.event_rules import EventRules, RuleEntry, RuleFired
from twin.sense.model import Datastream, Thing
from twin.session import TwinSession


@dataclass(frozen=True, slots=True)
class RuleStanding:
    """A rule of the room as it stands.

    Attributes
    ----------
    n_open : its active alarms
    fired : how often it came, None = never
    """

    entry: RuleEntry
    n_open: int
    fired: RuleFired | None


def standings(room: Room) -> list[RuleStanding]:
    """All rules of a room: those with open alarms first, the most urgent on top; off ones last."""
    part = room[EventRules]
    n_open: dict[str, int] = {}
    for name, alarm in room[Alarms].by_id.entries.items():
        rule_id = rule_of_alarm(name) if alarm.is_active else ""
        if rule_id:
            n_open[rule_id] = n_open.get(rule_id, 0) + 1
    found = [
        RuleStanding(entry, n_open.get(entry.id, 0), part.fired.get(entry.id))
        for entry in part.by_id.values()
    ]
    return sorted(found, key=_order)


def _order(one: RuleStanding) -> tuple[bool, bool, int, str]:
    rule = one.entry.rule
    pressing = PRIORITIES.index(rule.priority) if one.n_open else 0
    return not one.n_open, not one.entry.is_on, pressing, rule.title.casefold()


def is_watched(room: Room) -> bool:
    """Whether a watcher is connected that runs the room's rules."""
    present = set(room.operators)
    return any(one.console_id in present for one in room[EventRules].files.values())


def put_rule(session: TwinSession, rule: EventRule, rev: int, *, is_on: bool = True) -> str:
    """Make (`rev` 0) or change a rule; the id of the request."""
    body = {"rule": msgspec.to_builtins(rule), "expected_rev": rev, "is_on": is_on}
    return session.hub.act("rule.put", body)


def remove_rule(session: TwinSession, rule_id: str) -> str:
    """Take a rule away; the id of the request."""
    return session.hub.act("rule.remove", {"id": rule_id})


def switch_rule(session: TwinSession, rule_id: str, *, is_on: bool) -> str:
    """Switch a rule on or off; the id of the request."""
    return session.hub.act("rule.enable", {"id": rule_id, "is_on": is_on})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a console knows of its datastreams at one moment, for a worker. Immutable."""

    streams: Sequence[Datastream]
    things: Mapping[str, Thing]
    xyz: Float32Array
    now_ns: int
    t_ns: Int64Array
    values: Float64Array
    quality: UInt8Array

    @classmethod
    def of(cls, session: TwinSession) -> Sight:
        """Take it; cheap."""
        store = session.observations
        streams = store.datastreams
        seen = store.snapshot()
        return cls(
            streams=streams, things=store.things, xyz=store.xyz_local_m[: len(streams)],
            now_ns=session.clock.now_ns(), t_ns=seen.t_ns, values=seen.values,
            quality=seen.quality,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a rule is about.

    Attributes
    ----------
    n, n_areas : datastreams; areas, 0 for a rule of single datastreams
    names : of the first few
    n_true : where `open` holds now; of a rule that looks back (means, rate) None
    """

    n: int
    n_areas: int
    names: tuple[str, ...]
    n_true: int | None


def reach_of(rule: CompiledRule, sight: Sight, most: int = 3) -> Reach:
    """Look what a rule would be about. Pure; takes a while in a large city."""
    directory = Directory.of(sight.streams, sight.things, np.asarray(sight.xyz, np.float64))
    running = RunningRule(rule, directory)
    n = len(directory)
    names = tuple(
        f"{directory.things[slot].name or directory.streams[slot].thing_id}"
        for slot in running.slots[:most].tolist()
    )
    looks_back = {"rate_per_min", *(one for one in INPUTS if one.startswith("mean"))}
    n_true = None
    if not looks_back & rule.names:
        inputs = InputColumns()
        inputs.take(sight.now_ns, sight.t_ns[:n], sight.values[:n], sight.quality[:n])
        columns = running.columns(sight.now_ns, inputs)
        n_true = int(np.count_nonzero(ask(rule.open, columns).rows(len(running.slots)).yes))
    return Reach(n=len(running.slots), n_areas=len(running.areas), names=names, n_true=n_true)
