"""Event rules in the core: put, switched, removed, brought in from files; who may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.twin.hub_bench import Bench, why
from twin.link.control import Acknowledged
from twin.room.fold import Room
from twin.room.parts.event_rules import EventRules, RuleEntry
from twin.security.policy_file import load_policy

POLICY = Path(__file__).parents[2] / "resources" / "policies" / "city.toml"


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.greet()
    return bench


def rule(rule_id: str = "high", **more: Any) -> dict[str, Any]:
    given = {"id": rule_id, "title": "Too high", "open": "value > 2", "kinds": ["gauge"]}
    return given | more


def put(bench: Bench, rev: int = 0, **more: Any) -> Any:
    return bench.act("a1", "rule.put", {"rule": rule(**more), "expected_rev": rev})


def load(bench: Bench, *rules: dict[str, Any], file: str = "city.toml", mark: str = "f1") -> Any:
    body = {"file": file, "fingerprint": mark, "rules": list(rules)}
    return bench.act("a1", "rule.load", body)


def entry(bench: Bench, rule_id: str = "high") -> RuleEntry | None:
    return bench.core.room[EventRules].by_id.get(rule_id)


def test_a_rule_is_made_changed_switched_and_removed(bench: Bench) -> None:
    assert isinstance(put(bench), Acknowledged)
    assert isinstance(put(bench, 1, open="value > 3"), Acknowledged)
    assert "changed first, by Ada" in why(put(bench, 1, open="value > 4"))
    found = entry(bench)
    assert found is not None
    assert (found.rule.open, found.rev, found.is_on) == ("value > 3", 2, True)
    bench.act("a1", "rule.enable", {"id": "high", "is_on": False})
    assert not entry(bench).is_on  # type: ignore[union-attr]
    assert "off already" in why(bench.act("a1", "rule.enable", {"id": "high", "is_on": False}))
    bench.act("a1", "rule.remove", {"id": "high"})
    assert entry(bench) is None


def test_a_rule_that_is_not_sound_leaves_no_trace(bench: Bench) -> None:
    before = bench.core.room.state_hash()
    assert "open: nothing is called “valu”" in why(put(bench, open="valu > 2"))
    assert "could follow from" in why(put(bench, root="nobody"))
    assert "cannot be read" in why(put(bench, opens="value > 2"))
    assert bench.core.room.state_hash() == before


def test_a_file_replaces_its_rules_but_not_what_somebody_changed(bench: Bench) -> None:
    load(bench, rule("a"), rule("b"), rule("c"))
    bench.act("a1", "rule.enable", {"id": "a", "is_on": False})
    bench.act("a1", "rule.put", {"rule": rule("b", open="value > 9"), "expected_rev": 1})
    load(bench, rule("a", open="value > 5"), rule("b", open="value > 5"), mark="f2")
    a, b, c = (entry(bench, name) for name in "abc")
    assert a is not None
    assert b is not None
    assert (a.rule.open, a.is_on, a.file) == ("value > 5", False, "city.toml")
    assert (b.rule.open, b.is_edited) == ("value > 9", True)
    assert c is None
    assert bench.core.room[EventRules].files.get("city.toml").fingerprint == "f2"  # type: ignore[union-attr]


def test_a_rule_of_a_file_is_switched_off_instead_of_removed(bench: Bench) -> None:
    load(bench, rule())
    assert "switch it off instead" in why(bench.act("a1", "rule.remove", {"id": "high"}))
    put(bench, 1, open="value > 9")
    assert isinstance(bench.act("a1", "rule.remove", {"id": "high"}), Acknowledged)
    load(bench, rule())
    assert entry(bench).rule.open == "value > 2"  # type: ignore[union-attr]


def test_two_files_cannot_have_the_same_rule(bench: Bench) -> None:
    load(bench, rule())
    assert "stands in the file city.toml already" in why(load(bench, rule(), file="other.toml"))
    assert "same id" in why(load(bench, rule("x"), rule("x"), file="other.toml"))


def test_how_often_it_fired_is_counted_and_survives_a_picture(bench: Bench) -> None:
    put(bench)
    for place in ("g1", "g2"):
        one = {"id": f"rule:high:{place}", "title": "", "priority": "low", "thing_name": place}
        bench.act("a1", "alarm.raise", {"alarms": [one | {"title": "Too high"}]})
    fired = bench.core.room[EventRules].fired.get("high")
    assert fired is not None
    assert (fired.n, fired.last_place, fired.last_ns) == (2, "g2", bench.now_ns)
    again = Room.from_bytes(bench.core.room.to_bytes())
    assert again.state_hash() == bench.core.room.state_hash()


def test_an_alarm_of_nobody_is_not_counted(bench: Bench) -> None:
    one = {"id": "rule:none:g1", "title": "Odd", "priority": "low"}
    bench.act("a1", "alarm.raise", {"alarms": [one]})
    assert not bench.core.room[EventRules].fired.values()


def test_the_policy_lets_leaders_write_and_watchers_watch() -> None:
    bench = Bench(policy=load_policy(POLICY))
    bench.log_in("Ada", "water")
    bench.log_in("Lea", "water", roles=("shift_leader",))
    bench.log_in("Wat", "control_room", roles=("watcher",), is_on_shift=False)
    body = {"rule": rule()}
    assert "No rule of the policy allows" in why(bench.act("ada", "rule.put", body))
    assert "No rule of the policy allows" in why(bench.act("wat", "rule.put", body))
    assert isinstance(bench.act("lea", "rule.put", body), Acknowledged)
    loaded = {"file": "f.toml", "fingerprint": "1", "rules": [rule("x")]}
    assert "No rule of the policy allows" in why(bench.act("lea", "rule.load", loaded))
    assert isinstance(bench.act("wat", "rule.load", loaded), Acknowledged)
    one = {"id": "rule:x:g1", "title": "Too high", "priority": "low"}
    assert isinstance(bench.act("wat", "alarm.raise", {"alarms": [one]}), Acknowledged)
    assert "No rule" in why(bench.act("wat", "alarm.acknowledge", {"ids": ["rule:x:g1"]}))
