"""Rules that run: once a second every condition is asked of all its datastreams at once.

A rule's states are arrays: since when the conditions hold, and whether it is open. What opened and
closed is read off by whoever raises alarms.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array, UInt8Array
from twin.clock import NS_PER_S
from twin.perception.rules_columns import Answer, Column, ask
from twin.perception.rules_inputs import MEANS_S, InputColumns, max_age_s
from twin.perception.rules_language import INPUTS
from twin.perception.rules_model import CompiledRule, EventRule, input_of, threshold_of
from twin.perception.rules_naming import alarm_id
from twin.perception.rules_selection import Directory, Selection, select
from twin.perception.rules_tree import Condition


class RunningRule:
    """One rule at all its datastreams or areas (its k *units*). One thread.

    Parameters
    ----------
    is_open_at : ids of alarms that are active already

    Attributes
    ----------
    alarm_ids : by unit
    is_open, is_suppressed : (k,) bool
    is_calm : (k,) bool, where the condition to suppress is known not to hold
    n_up : (k,) int64, of an area: how many of its datastreams are up
    """

    def __init__(
        self, compiled: CompiledRule, directory: Directory, is_open_at: Collection[str] = ()
    ) -> None:
        self.compiled = compiled
        self.rule: EventRule = compiled.rule
        self.directory = directory
        selection = select(self.rule, directory)
        self.slots = selection.slots
        self.areas: Sequence[str] = tuple(selection.members)
        self._members: Sequence[Int64Array] = tuple(selection.members.values())
        self.alarm_ids = self._ids(selection)
        self.unit_of = {one: unit for unit, one in enumerate(self.alarm_ids)}
        k = len(self.alarm_ids)
        self.is_open: BoolArray = np.fromiter(
            (one in is_open_at for one in self.alarm_ids), np.bool_, k
        )
        self.is_suppressed: BoolArray = np.zeros(k, np.bool_)
        self.is_calm: BoolArray = np.zeros(k, np.bool_)
        self.n_up: Int64Array = np.zeros(k, np.int64)
        self._open_since_ns = np.zeros(k, np.int64)
        self._close_since_ns = np.zeros(k, np.int64)
        self._is_up: BoolArray = np.zeros(len(self.slots), np.bool_)
        self._is_decided: BoolArray = np.zeros(len(self.slots), np.bool_)
        self._fixed = self._fixed_columns()
        self._max_age_s = max_age_s(directory.interval_s[self.slots], self.rule.max_age_s)

    @property
    def sizes(self) -> Int64Array:
        """(k,) of an area: how many datastreams it has."""
        return np.array([len(rows) for rows in self._members], np.int64)

    def rows_up(self, unit: int) -> Int64Array:
        """Of an area: slots of its datastreams that are up."""
        rows = self._members[unit]
        return self.slots[rows[self._is_up[rows]]]

    def carry_on(self, before: RunningRule) -> None:
        """Take over how long conditions hold at units that were there before (new datastreams)."""
        old = {one: unit for unit, one in enumerate(before.alarm_ids)}
        pairs = [(u, old[one]) for u, one in enumerate(self.alarm_ids) if one in old]
        if not pairs:
            return
        here, there = np.array(pairs, np.int64).T
        self._open_since_ns[here] = before._open_since_ns[there]
        self._close_since_ns[here] = before._close_since_ns[there]
        self.is_open[here] = before.is_open[there]
        self.is_suppressed[here] = before.is_suppressed[there]
        row_of = {int(slot): row for row, slot in enumerate(before.slots)}
        rows = [(r, row_of[int(slot)]) for r, slot in enumerate(self.slots) if int(slot) in row_of]
        if rows:
            here, there = np.array(rows, np.int64).T
            self._is_up[here] = before._is_up[there]
            self._is_decided[here] = before._is_decided[there]

    def step(self, now_ns: int, inputs: InputColumns) -> None:
        """Ask the conditions and move the states on."""
        if not len(self.slots):
            return
        columns = self.columns(now_ns, inputs)
        opens, closes = self._asked(columns)
        suppress = self._suppress(columns)
        if self._members:
            opens, closes = self._of_areas(opens, closes)
            suppress = self._area_answer(suppress)
        rule = self.rule
        may_open = _held(self._open_since_ns, opens, now_ns, rule.open_for_s)
        may_close = _held(self._close_since_ns, closes, now_ns, rule.close_for_s)
        self.is_open = may_open | (self.is_open & ~may_close)
        yes, self.is_calm = np.asarray(suppress.yes), np.asarray(suppress.no)
        self.is_suppressed = yes | (self.is_suppressed & ~self.is_calm)

    def columns(self, now_ns: int, inputs: InputColumns) -> dict[str, Column]:
        """What the conditions look at, by row of `slots`."""
        slots, names = self.slots, self.compiled.names
        t_ns = inputs.t_ns[slots]
        age_s = np.maximum(now_ns - t_ns, 0) / NS_PER_S
        seen: BoolArray = t_ns > 0
        fresh: BoolArray = seen & (age_s <= self._max_age_s)
        found = dict(self._fixed)
        if "value" in names:
            found["value"] = Column(inputs.values[slots], fresh)
        if "age_s" in names:
            found["age_s"] = Column(age_s, seen)
        for name in ("rate_per_min", *MEANS_S):
            if name in names:
                values, known = inputs.column(name, slots)
                found[name] = Column(values, known & fresh)
        for name, others in self._others.items():
            found[name] = self._of_others(others, now_ns, inputs)
        return found

    def _asked(self, columns: Mapping[str, Column]) -> tuple[BoolArray, BoolArray]:
        n = len(self.slots)
        opens = ask(self.compiled.open, columns).rows(n)
        if self.compiled.close is None:
            return np.asarray(opens.yes), np.asarray(opens.no)
        return np.asarray(opens.yes), np.asarray(ask(self.compiled.close, columns).rows(n).yes)

    def _suppress(self, columns: Mapping[str, Column]) -> Answer:
        condition: Condition | None = self.compiled.suppress
        n = len(self.slots)
        return (Answer(False, True) if condition is None else ask(condition, columns)).rows(n)

    def _of_areas(self, opens: BoolArray, closes: BoolArray) -> tuple[BoolArray, BoolArray]:
        """Each datastream goes up and down by itself; an area looks at how many are up.

        One of which nothing was decided yet may be up: it keeps an open area open.
        """
        self._is_up = opens | (self._is_up & ~closes)
        self._is_decided |= opens | closes
        may_be = self._is_up | ~self._is_decided
        self.n_up = np.array([np.count_nonzero(self._is_up[r]) for r in self._members], np.int64)
        most = np.array([np.count_nonzero(may_be[r]) for r in self._members], np.int64)
        wanted = needed(self.rule, self.sizes)
        return self.n_up >= wanted, most < wanted

    def _area_answer(self, answer: Answer) -> Answer:
        """Suppressed where that holds at any datastream of the area."""
        yes, no = np.asarray(answer.yes), np.asarray(answer.no)
        any_yes = np.array([bool(yes[rows].any()) for rows in self._members], np.bool_)
        all_no = np.array([bool(no[rows].all()) for rows in self._members], np.bool_)
        return Answer(any_yes, all_no)

    def _ids(self, selection: Selection) -> Sequence[str]:
        rule_id, streams = self.rule.id, self.directory.streams
        if selection.members:
            return [alarm_id(rule_id, name) for name in selection.members]
        return [alarm_id(rule_id, streams[slot].id) for slot in selection.slots.tolist()]

    # --- columns that do not change -----------------------------------------------------------

    def _fixed_columns(self) -> dict[str, Column]:
        directory, slots, names = self.directory, self.slots, self.compiled.names
        found: dict[str, Column] = {}
        is_declared = directory.usual_high[slots] > directory.usual_low[slots]
        if "usual_low" in names:
            found["usual_low"] = Column(directory.usual_low[slots], is_declared)
        if "usual_high" in names:
            found["usual_high"] = Column(directory.usual_high[slots], is_declared)
        things = [directory.streams[slot].thing_id for slot in slots.tolist()]
        streams = [directory.streams[slot].id for slot in slots.tolist()]
        for name, table in self.rule.thresholds.items():
            given = [threshold_of(table, *both) for both in zip(things, streams, strict=True)]
            found[name] = Column(
                np.array([0.0 if one is None else one for one in given], np.float64),
                np.array([one is not None for one in given], np.bool_),
            )
        self._others = {
            name: np.array(
                [directory.slot_of.get(input_of(self.rule, name, one), -1) for one in things],
                np.int64,
            )
            for name in self.rule.inputs
        }
        return found

    def _of_others(self, slots: Int64Array, now_ns: int, inputs: InputColumns) -> Column:
        """Newest values of other datastreams; -1 = there is none."""
        is_there = slots >= 0
        at = np.where(is_there, slots, 0)
        t_ns, interval_s = inputs.t_ns[at], self.directory.interval_s[at]
        age_s = np.maximum(now_ns - t_ns, 0) / NS_PER_S
        fresh = (t_ns > 0) & (age_s <= max_age_s(interval_s, self.rule.max_age_s))
        return Column(inputs.values[at], is_there & fresh)


class RuleBook:
    """All rules that run, over the same inputs. One thread."""

    def __init__(self) -> None:
        self.inputs = InputColumns()
        self.running: dict[str, RunningRule] = {}
        self._compiled: dict[str, CompiledRule] = {}
        self._directory = Directory.of((), {})

    def set_rules(self, rules: Iterable[CompiledRule], is_open_at: Collection[str] = ()) -> None:
        """Run these from now on; those that are the same go on as they stand.

        Parameters
        ----------
        is_open_at : ids of alarms that are active already
        """
        wanted = {one.rule.id: one for one in rules}
        self.running = {
            name: self.running[name]
            if name in self.running and self._compiled[name].rule == one.rule
            else RunningRule(one, self._directory, is_open_at)
            for name, one in wanted.items()
        }
        self._compiled = wanted
        names = frozenset[str]().union(*(one.names for one in wanted.values()))
        self.inputs.want(names & frozenset(INPUTS))

    def set_directory(self, directory: Directory, is_open_at: Collection[str] = ()) -> None:
        """Other datastreams are there (the old ones keep their slots)."""
        self._directory = directory
        for name, before in self.running.items():
            after = RunningRule(before.compiled, directory, is_open_at)
            after.carry_on(before)
            self.running[name] = after

    def step(
        self, now_ns: int, t_ns: Int64Array, values: Float64Array, quality: UInt8Array
    ) -> None:
        """Take in the newest samples by slot and ask all rules."""
        n = len(self._directory)
        self.inputs.take(now_ns, t_ns[:n], values[:n], quality[:n])
        for one in self.running.values():
            one.step(now_ns, self.inputs)


def needed(rule: EventRule, sizes: Int64Array) -> Int64Array:
    """(k,) how many datastreams of each area must be up."""
    if rule.needs == "any":
        return np.ones(len(sizes), np.int64)
    if rule.needs == "all":
        return np.maximum(sizes, 1)
    return np.full(len(sizes), rule.needs, np.int64)


def _held(since_ns: Int64Array, holds: BoolArray, now_ns: int, for_s: float) -> BoolArray:
    """Where a condition holds long enough; `since_ns` (0 = it does not hold) is moved on."""
    fresh = holds & (since_ns == 0)
    since_ns[fresh] = now_ns
    since_ns[~holds] = 0
    held: BoolArray = holds & (now_ns - since_ns >= round(for_s * NS_PER_S))
    return held
