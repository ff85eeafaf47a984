"""Which stage of the city the rules propose, and why. Pure; a person sets the stage.

The rules are a TOML file (``resources/stage.toml``); what is wrong in one is said with file, line
and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from twin.clock import NS_PER_S
from twin.errors import TwinError
from twin.near_names import near_names
from twin.room.fold import Room
from twin.room.parts.alarms import Alarms, AlarmState, Priority
from twin.room.parts.incidents import Incidents, Severity
from twin.room.parts.stage import HIGHEST, LOWEST
from twin.sense.health import Health, health_of
from twin.sense.snapshot import ObservationSnapshot
from twin.toml_lines import TomlFile, content_of, toml_file

MAX_BYTES = 1 << 16
_INCIDENTS = {f"incidents.{severity.value}": severity for severity in Severity}
_ALARMS = {"alarms.critical": Priority.CRITICAL, "alarms.high": Priority.HIGH}
LOST = "sensors.lost_pct"
WHATS = (*_INCIDENTS, *_ALARMS, LOST)
_KEYS = ("version", "dwell_s", "rule")
_RULE_KEYS = ("stage", "what", "at_least")


class StageRulesError(TwinError):
    """A file of stage rules cannot be used; nothing of it is."""


@dataclass(frozen=True, slots=True)
class StageRule:
    """From which count on a stage is proposed."""

    stage: int
    what: str
    at_least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRules:
    """Rules of a city, and how long a proposal must hold before it is made."""

    rules: tuple[StageRule, ...] = ()
    dwell_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the rules propose.

    Attributes
    ----------
    level : 1 … 5
    facts : sentences that it stands on, those of the highest stage first; empty at stage 1
    """

    level: int
    facts: tuple[str, ...] = ()


NORMAL = Proposal(LOWEST)


def counts_of(room: Room, snapshot: ObservationSnapshot, now_ns: int) -> dict[str, float]:
    """Every count that a rule may look at."""
    incidents = [one.severity for one in room[Incidents].open]
    alarms = [
        alarm.priority
        for alarm in room[Alarms].by_id.entries.values()
        if alarm.state is AlarmState.UNACKNOWLEDGED
    ]
    counts: dict[str, float] = {what: incidents.count(one) for what, one in _INCIDENTS.items()}
    counts |= {what: alarms.count(one) for what, one in _ALARMS.items()}
    codes = health_of(snapshot, now_ns)
    n_heard = int(np.count_nonzero(codes != Health.NEVER))
    n_lost = int(np.count_nonzero(codes == Health.STALE))
    counts[LOST] = 100.0 * n_lost / n_heard if n_heard else 0.0
    return counts


def propose(rules: StageRules, counts: Mapping[str, float]) -> Proposal:
    """The highest stage of the rules that hold, and what they stand on."""
    held = [rule for rule in rules.rules if counts.get(rule.what, 0.0) >= rule.at_least]
    if not held:
        return NORMAL
    held.sort(key=lambda rule: -rule.stage)
    level = held[0].stage
    facts = dict.fromkeys(fact_text(rule.what, counts[rule.what]) for rule in held)
    return Proposal(level, tuple(facts))


class Steady:
    """Makes a proposal only when it has held for a while, so that it does not flicker."""

    def __init__(self, dwell_s: float) -> None:
        self._dwell_ns = round(dwell_s * NS_PER_S)
        self._coming = NORMAL
        self._since_ns = 0
        self.now = NORMAL

    def take(self, proposal: Proposal, t_ns: int) -> Proposal:
        """The proposal in force after another look at `t_ns`; its facts are always new."""
        if proposal.level != self._coming.level or t_ns < self._since_ns:
            self._since_ns = t_ns
        self._coming = proposal
        is_steady = t_ns - self._since_ns >= self._dwell_ns
        if is_steady or proposal.level == self.now.level:
            self.now = proposal
        return self.now


def fact_text(what: str, count: float) -> str:
    """A count as a sentence: "2 severe incidents are open"."""
    group, _, kind = what.partition(".")
    if what == LOST:
        return f"{count:.0f} % of the sensors have fallen silent"
    n = round(count)
    if group == "incidents":
        return f"1 {kind} incident is open" if n == 1 else f"{n} {kind} incidents are open"
    return (
        f"1 {kind} alarm is not acknowledged"
        if n == 1
        else f"{n} {kind} alarms are not acknowledged"
    )


# --- reading --------------------------------------------------------------------------------------


def bundled_rules() -> StageRules:
    """The rules that the console comes with."""
    return read_stage_rules(files("resources").joinpath("stage.toml").read_bytes(), "stage.toml")


def load_stage_rules(path: Path) -> StageRules:
    """Read a file of stage rules, raises `StageRulesError`."""
    content = content_of(path, MAX_BYTES, StageRulesError, noun="stage rules")
    return read_stage_rules(content, str(path))


def read_stage_rules(content: bytes, where: str) -> StageRules:
    """Read the text of a file; `where` names it in errors. Raises `StageRulesError`."""
    file = toml_file(content, where, MAX_BYTES, StageRulesError)
    for name in file.table:
        if name not in _KEYS:
            raise _error(file, _unknown(name, _KEYS), field=name)
    if file.table.get("version") != 1:
        raise _error(file, "version must be 1", field="version")
    dwell_s = file.table.get("dwell_s", 10.0)
    is_number = isinstance(dwell_s, int | float) and not isinstance(dwell_s, bool)
    if not is_number or not 0 <= dwell_s <= 3_600:
        raise _error(file, "dwell_s is 0 to 3600 seconds", field="dwell_s")
    rows = file.rows("rule")
    rules = tuple(_rule(file, i, row) for i, row in enumerate(rows))
    return StageRules(rules=rules, dwell_s=float(dwell_s))


def _rule(file: TomlFile[StageRulesError], i: int, row: dict[str, Any]) -> StageRule:
    def wrong(what: str, field: str) -> StageRulesError:
        return _error(file, what, head="rule", i=i, field=field)

    for name in row:
        if name not in _RULE_KEYS:
            raise wrong(_unknown(name, _RULE_KEYS), name)
    stage, what, at_least = row.get("stage"), row.get("what"), row.get("at_least")
    if not isinstance(stage, int) or isinstance(stage, bool) or not LOWEST < stage <= HIGHEST:
        raise wrong(f"stage must be {LOWEST + 1} to {HIGHEST}", "stage")
    if not isinstance(what, str) or what not in WHATS:
        raise wrong(_unknown(str(what), WHATS, noun="count"), "what")
    if not isinstance(at_least, int | float) or isinstance(at_least, bool) or not at_least > 0:
        raise wrong("at_least must be a number above 0", "at_least")
    return StageRule(stage, what, float(at_least))


def _unknown(name: str, known: Sequence[str], noun: str = "key") -> str:
    near = near_names(name, known)
    hint = f"did you mean {near}?" if near else f"known are {', '.join(known)}"
    return f"there is no {noun} “{name[:60]}”; {hint}"


def _error(
    file: TomlFile[StageRulesError], what: str, *, head: str = "", i: int = 0, field: str = ""
) -> StageRulesError:
    line = file.line(head, i, field)
    place = f"{file.where}:{line}" if line else file.where
    rule = f" rule {i + 1}:" if head else ""
    return StageRulesError(f"{place}:{rule} {what}")
