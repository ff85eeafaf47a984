"""Which stage the rules propose: pure, steady; rules that are wrong are named with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.twin.hub_bench import Bench
from twin.clock import NS_PER_S, FakeClock
from twin.sense.store import ObservationStore
from twin.staging import (
    LOST,
    NORMAL,
    WHATS,
    Proposal,
    StageRulesError,
    Steady,
    bundled_rules,
    counts_of,
    load_stage_rules,
    propose,
    read_stage_rules,
)

RULES = bundled_rules()


@pytest.mark.parametrize(
    ("counts", "level", "fact"),
    [
        ({}, 1, ""),
        ({"incidents.minor": 2}, 1, ""),
        ({"incidents.minor": 3}, 2, "3 minor incidents are open"),
        ({"alarms.critical": 1}, 2, "1 critical alarm is not acknowledged"),
        ({"incidents.severe": 1, "alarms.critical": 1}, 3, "1 severe incident is open"),
        ({"incidents.extreme": 1}, 4, "1 extreme incident is open"),
        ({"incidents.extreme": 2}, 5, "2 extreme incidents are open"),
        ({LOST: 31.4}, 3, "31 % of the sensors have fallen silent"),
    ],
)
def test_the_highest_stage_of_the_rules_that_hold_is_proposed(
    counts: dict[str, float], level: int, fact: str
) -> None:
    proposal = propose(RULES, counts)
    assert proposal.level == level
    assert (proposal.facts[0] if proposal.facts else "") == fact


def test_more_never_means_a_lower_stage() -> None:
    for what in WHATS:
        levels = [propose(RULES, {what: float(n)}).level for n in range(101)]
        assert levels == sorted(levels), what


def test_counts_are_those_of_the_room_and_its_sources() -> None:
    bench = Bench()
    bench.greet()
    alarms = [
        {"id": "a1", "title": "x", "priority": "critical"},
        {"id": "a2", "title": "x", "priority": "critical"},
        {"id": "a3", "title": "x", "priority": "high"},
    ]
    bench.act("a1", "alarm.raise", {"alarms": alarms})
    bench.act("a1", "alarm.acknowledge", {"ids": ["a2"]})
    for n, severity in enumerate(("severe", "severe", "minor")):
        body = {"id": f"i{n}", "title": "x", "kind": "flood", "severity": severity}
        bench.act("a1", "incident.open", body)
    bench.act("a1", "incident.close", {"id": "i0", "cause": "over"})
    store = ObservationStore(capacity=4, history=4, clock=FakeClock())
    counts = counts_of(bench.core.room, store.snapshot(), bench.now_ns)
    assert counts["alarms.critical"] == 1
    assert counts["alarms.high"] == 1
    assert counts["incidents.severe"] == 1
    assert counts["incidents.minor"] == 1
    assert counts[LOST] == 0.0
    assert propose(RULES, counts).level == 3


def test_a_proposal_is_made_when_it_has_held_for_a_while() -> None:
    steady, high = Steady(10.0), Proposal(3, ("x",))
    assert steady.take(high, 0) == NORMAL
    assert steady.take(high, 9 * NS_PER_S) == NORMAL
    assert steady.take(NORMAL, 9 * NS_PER_S) == NORMAL
    assert steady.take(high, 12 * NS_PER_S) == NORMAL
    assert steady.take(high, 22 * NS_PER_S) == high
    other = Proposal(3, ("y",))
    assert steady.take(other, 23 * NS_PER_S) == other, "facts are always new"
    assert steady.take(NORMAL, 5 * NS_PER_S).level == 3, "time that goes back begins anew"
    assert steady.take(NORMAL, 15 * NS_PER_S) == NORMAL


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("version = 2", "rules.toml:1: version must be 1"),
        ("version = 1\nrules = 3", "there is no key “rules”; did you mean “rule”?"),
        ("version = 1\n[[rules]]", "rules.toml:2: there is no key “rules”"),
        ("version = 1\ndwell_s = -1", "rules.toml:2: dwell_s is 0 to 3600 seconds"),
        (
            'version = 1\n[[rule]]\nstage = 3\nwhat = "incident.severe"\nat_least = 1',
            "rules.toml:4: rule 1: there is no count “incident.severe”",
        ),
        (
            'version = 1\n[[rule]]\nstage = 7\nwhat = "alarms.high"\nat_least = 1',
            "rules.toml:3: rule 1: stage must be 2 to 5",
        ),
        (
            'version = 1\n[[rule]]\nstage = 2\nwhat = "alarms.high"\nat_least = "many"',
            "rules.toml:5: rule 1: at_least must be a number above 0",
        ),
        ("version = 1\n[[rule]\n", "is not TOML"),
        ("\xff", "rules.toml"),
    ],
)
def test_wrong_rules_are_named_with_their_place(text: str, sentence: str) -> None:
    with pytest.raises(StageRulesError) as caught:
        read_stage_rules(text.encode("latin-1"), "rules.toml")
    assert sentence in str(caught.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StageRulesError, match="cannot be read"):
        load_stage_rules(tmp_path / "none.toml")
