"""Which rules are about a command, what they say, and what the adapter gets."""

from __future__ import annotations

import math

import pytest

from tests.twin.interlocks.samples import GATE_RULE, around, one_rule, other, rules, subject
from twin.interlocks.model import NoInterlocks, Reading
from twin.interlocks.rules import Rules
from twin.room.model import CommandState

RUNNING = "pump-2/pump_running"


def texts(found: Rules, stage: str = "submit", *others: object, **more: object) -> list[str]:
    seen = more.pop("seen", {})
    about = more.pop("about", None) or subject(**more)
    return [b.text for b in found.blocked(stage, about, seen, around(*others))]  # type: ignore[arg-type]


def test_it_blocks_with_rule_and_value_and_passes_when_the_value_changes() -> None:
    city = rules(GATE_RULE)
    assert city.inputs(subject()) == (RUNNING,)
    (blocked,) = city.blocked("release", subject(), {RUNNING: Reading(1.0, 2.0)}, around())
    assert blocked.text == "Name of gate-1 stays shut while pump-2 runs (pump-2/pump_running = 1)"
    assert (blocked.rule_id, blocked.title) == ("gate-pump", "Gate against pump")
    assert blocked.values == {RUNNING: 1.0}
    assert city.blocked("release", subject(), {RUNNING: Reading(0.0, 2.0)}, around()) == ()


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ({}, "pump-2/pump_running is not known"),
        ({RUNNING: Reading(0.0, 61.0)}, "pump-2/pump_running is not known (last sample 61 s ago)"),
        ({RUNNING: Reading(0.0, -90.0)}, "is not known (its sample is of 90 s from now)"),
        ({RUNNING: Reading(math.nan, 1.0)}, "pump-2/pump_running is not known"),
    ],
)
def test_what_is_not_known_or_stale_blocks_unless_the_rule_lets_it_pass(
    seen: dict[str, Reading], why: str
) -> None:
    (text,) = texts(rules(GATE_RULE), seen=seen)
    assert text.startswith("Name of gate-1 stays shut while pump-2 runs: ")
    assert why in text
    lenient = rules(GATE_RULE + 'unknown = "pass"')
    assert texts(lenient, seen=seen) == []
    assert len(texts(lenient, seen={RUNNING: Reading(1.0)})) == 1


def test_a_rule_may_wait_longer_for_rare_samples() -> None:
    patient = rules(GATE_RULE + "max_age_s = 600")
    assert texts(patient, seen={RUNNING: Reading(0.0, 599.0)}) == []
    assert len(texts(patient, seen={RUNNING: Reading(0.0, 601.0)})) == 1


@pytest.mark.parametrize(
    ("fields", "about", "is_meant"),
    [
        ({"actions": '["gate.*"]'}, {}, True),
        ({"actions": '["pump.*", "road.?lose"]'}, {"type_id": "road.close"}, True),
        ({"actions": '["pump.*"]'}, {}, False),
        ({"targets": '["gate-?"]'}, {}, True),
        ({"targets": '["gate-2"]'}, {}, False),
        ({"kinds": '["gate"]'}, {"kind": "gate"}, True),
        ({"kinds": '["gate"]'}, {"kind": "lock"}, False),
        ({"kinds": '["gate"]'}, {"kind": ""}, True),
    ],
)
def test_a_rule_is_about_some_commands(
    fields: dict[str, str], about: dict[str, str], is_meant: bool
) -> None:
    assert bool(texts(one_rule(**fields), about=subject(**about))) is is_meant


def test_areas_in_either_frame_and_a_place_that_nobody_knows() -> None:
    city = rules(
        "version = 1\n[areas.old]\nlocal = [[0, 0], [100, 0], [100, 100]]\n"
        "[areas.new]\nlon_lat = [[4, 52], [4.1, 52], [4.1, 52.1]]\n"
        '[[interlock]]\nid = "r"\ntitle = "R"\ntext = "no"\nareas = ["old", "new"]\n'
        'blocks_when = "true"\n'
    )
    assert texts(city, about=subject(xyz=(90.0, 10.0, 0.0)))
    assert not texts(city, about=subject(xyz=(200.0, 10.0, 0.0), lon_lat=(5.0, 52.0)))
    assert texts(city, about=subject(lon_lat=(4.09, 52.01)))
    assert texts(city, about=subject()), "a place that is not known counts as inside"


def test_a_target_without_a_link_is_not_meant() -> None:
    city = rules(GATE_RULE)
    assert city.inputs(subject(target_id="gate-9")) == ()
    assert texts(city, about=subject(target_id="gate-9")) == []
    assert city.miss(city.rules[0], subject(target_id="gate-9")) == (
        "[links.pump] does not hold gate-9"
    )


def test_stages() -> None:
    city = one_rule(at='["release"]')
    assert texts(city, "submit") == []
    assert len(texts(city, "release")) == 1
    assert city.guards(subject()) == ()


ROUTE = (
    '\'others.exists(o, o.type == "unit.dispatch" && o.kind == "ambulance"'
    ' && o.state != "VERIFIED" && o.route_distance_m < 30)\''
)


def test_other_commands_are_named_with_their_distance() -> None:
    city = one_rule(blocks_when=ROUTE, text='"{target} stays open: {other} comes through"')
    near = other(kind="ambulance", has_route=True, route_distance_m=12.4)
    far = other(target_id="ambulance-5", kind="ambulance", has_route=True, route_distance_m=800.0)
    (blocked,) = city.blocked("submit", subject("road.close", "road-1"), {}, around(far, near))
    assert blocked.text == (
        "Name of road-1 stays open: Name of ambulance-4 comes through"
        " (“Dispatch unit” for Name of ambulance-4, its route 12 m away)"
    )
    assert blocked.others == (near.command.request.id,)


@pytest.mark.parametrize(
    ("more", "is_blocked"),
    [
        ({"has_route": True, "route_distance_m": 12.0}, True),
        ({"has_route": True, "route_distance_m": 31.0}, False),
        ({"has_route": False}, False),
        ({"has_route": True, "route_distance_m": None}, True),
        ({"has_route": True, "route_distance_m": 12.0, "state": CommandState.VERIFIED}, False),
        ({"has_route": True, "route_distance_m": None, "kind": "bus"}, False),
    ],
)
def test_a_route_that_is_not_announced_is_far_one_that_cannot_be_measured_is_not_known(
    more: dict[str, object], is_blocked: bool
) -> None:
    one = other(**{"kind": "ambulance", **more})  # type: ignore[arg-type]
    city = one_rule(blocks_when=ROUTE)
    found = texts(city, "submit", one)
    assert bool(found) is is_blocked
    if is_blocked and more["route_distance_m"] is None:
        assert "route_distance_m is not known (“Dispatch unit” for Name of ambulance-4)" in found[0]


def test_several_culprits_are_counted_and_a_rule_over_their_number_names_none() -> None:
    crowd = [other(target_id=f"u{i}", distance_m=5.0 + i) for i in range(6)]
    (text,) = texts(one_rule(blocks_when='"others.exists(o, o.distance_m < 50)"'), "submit", *crowd)
    named = [f"“Dispatch unit” for Name of u{i}, {5 + i} m away" for i in range(3)]
    assert text.endswith(f"({', '.join(named)}, 3 more)")
    (text,) = texts(one_rule(blocks_when='"others.size() > 2"'), "submit", *crowd)
    assert text == "Name of gate-1 is not touched"


def test_a_rule_may_look_at_some_types_of_commands_only() -> None:
    city = one_rule(others='["unit.*"]', blocks_when='"others.exists(o, o.distance_m < 50)"')
    dispatch = other(distance_m=5.0)
    closure = other("road.close", "road-1", distance_m=5.0)
    assert texts(city, "submit", closure) == []
    (blocked,) = city.blocked("submit", subject(), {}, around(closure, dispatch))
    assert blocked.others == (dispatch.command.request.id,)


def test_others_are_only_gathered_for_rules_that_look_at_them() -> None:
    def gather(_: object) -> tuple[()]:
        raise AssertionError("nobody looks at them")

    assert rules(GATE_RULE).blocked("submit", subject(), {RUNNING: Reading(0)}, gather) == ()


def test_a_rule_that_breaks_down_stands_in_the_way(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: object) -> tuple[()]:
        raise RuntimeError("no room")

    (blocked,) = one_rule(blocks_when='"others.size() > 2"').blocked(
        "submit", subject(), {}, broken
    )
    assert blocked.text == "The interlock “R” broke down; the hub's log says why"
    assert "broke down" in caplog.text


def test_guards_carry_what_an_adapter_needs_and_no_rules_about_others() -> None:
    city = rules(
        GATE_RULE
        + 'max_age_s = 5\n[[interlock]]\nid = "o"\ntitle = "O"\ntext = "no"\n'
        + 'blocks_when = "others.size() > 0"\n'
        + '[[interlock]]\nid = "f"\ntitle = "F"\ntext = "{target} no"\n'
        + "blocks_when = 'target.kind == \"gate\" && command.level > 2'\n"
    )
    first, second = city.guards(subject(kind="gate", level=3))
    assert first.inputs == {"running": RUNNING}
    assert first.text == "Name of gate-1 stays shut while pump-2 runs"
    assert (first.unknown, first.max_age_s, first.facts) == ("block", 5.0, {})
    assert second.facts == {"target.kind": "gate", "command.level": 3}


def test_datastreams_to_keep_at_hand() -> None:
    city = rules(
        'version = 1\n[links.pump]\n"gate-1" = "pump-2"\n"gate-2" = "pump-3"\n'
        '[[interlock]]\nid = "a"\ntitle = "A"\ntext = "a"\n'
        'inputs = { a = "{pump}/on", b = "river/level", c = "{target}/level",'
        ' d = "{target}-box/t" }\n'
        'blocks_when = "a > 0 || b > 0 || c > 0 || d > 0"\n'
    )
    assert city.kept == ("*-box/t", "pump-2/on", "pump-3/on", "river/level")


def test_cards_for_the_consoles() -> None:
    (card,) = rules(GATE_RULE).cards
    assert (card.id, card.title, card.actions) == ("gate-pump", "Gate against pump", ("gate.*",))
    assert card.at == ("submit", "release", "adapter")


def test_no_rules_block_nothing() -> None:
    none = NoInterlocks()
    assert none.inputs(subject()) == none.guards(subject()) == none.cards == none.kept == ()
    assert none.blocked("submit", subject(), {}, around()) == ()
