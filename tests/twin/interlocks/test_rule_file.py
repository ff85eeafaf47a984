"""Files of interlocks: the ready one, mistakes with their place, changes while the hub runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.twin.interlocks.samples import GATE_RULE, READY, around, other, rules, subject
from twin.city.furnish import furnish
from twin.commands.base import command_registry
from twin.errors import TwinError
from twin.generate.city import generate_city
from twin.hub.rule_files import RuleFile
from twin.interlocks.explaining import Asked, explained, values_of
from twin.interlocks.model import Reading
from twin.interlocks.rule_file import InterlocksError, load_interlocks, unmatched_actions
from twin.interlocks.rules import Rules, link_names
from twin.sim.world import World, WorldOptions


def test_the_ready_file_is_about_known_commands() -> None:
    city = load_interlocks(READY)
    assert unmatched_actions(city, command_registry().ids()) == ()
    assert len(city.fingerprint) == 64
    assert len(city.cards) >= 7


@pytest.mark.parametrize(
    ("about", "more", "is_blocked"),
    [
        (("gate.set", "gate-1", {"opening_pct": 80}), {"pump-1/pump_running": 1}, True),
        (("gate.set", "gate-1", {"opening_pct": 80}), {"pump-1/pump_running": 0}, False),
        (("gate.set", "gate-1", {"opening_pct": 0}), {"pump-1/pump_running": 1}, False),
        (("siren.sound", "siren-1", {}), {}, False),
        (("power.open_breaker", "feeder-4", {}), {"speakers-1/occupancy": 240}, True),
        (("power.open_breaker", "feeder-4", {}), {"speakers-1/occupancy": 0}, False),
        (("power.open_breaker", "feeder-4", {}), {}, True),
        (("power.open_breaker", "feeder-1", {}), {}, False),
    ],
)
def test_the_ready_rules_over_samples(
    about: tuple[str, str, dict[str, float]], more: dict[str, float], is_blocked: bool
) -> None:
    seen = {name: Reading(value) for name, value in more.items()}
    city = load_interlocks(READY)
    assert bool(city.blocked("release", subject(*about), seen, around())) is is_blocked


def test_the_ready_links_are_assets_of_the_demo_city() -> None:
    world = World(furnish(generate_city(n_buildings=5_000, seed=1)), WorldOptions())
    ids = {stream.id for stream in world.datastreams}
    city = load_interlocks(READY)
    for rule in city.rules:
        for target_id in {t for name in link_names(rule) for t in city.links[name]}:
            about = subject(rule.actions[0], target_id)
            assert set(city.inputs(about)) <= ids
            assert target_id in world.asset_ids


def test_the_ready_rules_between_commands() -> None:
    city = load_interlocks(READY)
    ambulance = other(kind="ambulance", has_route=True, route_distance_m=10.0)
    evacuation = other("building.evacuate", "speakers-1", kind="speakers", distance_m=300.0)
    moving = other("gate.set", "gate-1", args={"opening_pct": 40}, distance_m=80.0)
    for about, stands_against in (
        (subject("road.close", "road-1", {}), ambulance),
        (subject("signal.set_plan", "signal-1", {"plan": 2}), ambulance),
        (subject("power.open_breaker", "feeder-1", {}), evacuation),
        (subject("pump.start", "pump-1", {}), moving),
    ):
        blocked = city.blocked("release", about, {}, around(stands_against))
        assert [one.others for one in blocked] == [(stands_against.command.request.id,)]
        assert city.blocked("release", about, {}, around()) == ()
    assert city.blocked("submit", subject("siren.sound", "siren-1", {}, drill=True), {}, around())


BASE = 'version = 1\n\n[[interlock]]\nid = "r"\ntitle = "R"\ntext = "t"\n'
TRUE = BASE + 'blocks_when = "true"\n'
IN_8 = "line 8, [[interlock]] “r”: "


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "city.toml: version must be a whole number from 1 on"),
        ("version = 0", "city.toml, line 1: version must be"),
        ("version = 1\nname = 4", "city.toml, line 2: name must be a text"),
        ("version = 1\nintrlock = 3", "nothing is called “intrlock”; did you mean “interlock”"),
        ("version = ", "city.toml is not TOML: "),
        ("version = 1\n[interlock]\nid = 'x'", "city.toml: write [[interlock]] with two brackets"),
        (BASE, "city.toml, line 3, [[interlock]] “r”: it needs blocks_when = \"…\""),
        (BASE + 'blocks_when = "a >"', "line 7, [[interlock]] “r”, blocks_when, letter 4: some"),
        (
            BASE + 'blocks_when = """\n1 > 0\n&& frob"""',
            "line 9, [[interlock]] “r”, blocks_when, letter 4: nothing is called “frob”",
        ),
        (TRUE + 'unknwn = "x"', IN_8 + "nothing is called “unknwn”"),
        (TRUE + 'unknown = "x"', IN_8 + "unknown: Invalid enum"),
        (TRUE + 'at = []', "at names no stage"),
        (TRUE + 'at = ["later"]', IN_8 + "at: Invalid"),
        (TRUE + 'max_age_s = -1', IN_8 + "max_age_s lies"),
        (TRUE + 'areas = ["x"]', IN_8 + "there is no [areas.x]"),
        (
            TRUE + 'inputs = { a = "x/y" }', IN_8 + "the input “a” is not used",
        ),
        (BASE + 'blocks_when = "A > 0"\ninputs = { A = "x/y" }', "an input cannot be called “A”"),
        (BASE + 'blocks_when = "others > 0"\ninputs = { others = "x/y" }', "called “others”"),
        (
            BASE + 'blocks_when = "a > 0"\ninputs = { a = "{pump}/y" }',
            "inputs name “{pump}”, but there is no [links.pump]",
        ),
        (TRUE.replace('"t"', '"{nobody}"'), "line 6, [[interlock]] “r”: text: nothing"),
        (TRUE.replace('"t"', f'"{"x" * 600}"'), "text has over 500 letters"),
        (TRUE + '' + BASE[13:] + 'blocks_when = "true"', "a second rule has the id"),
        (TRUE + 'others = ["road.*"]', IN_8 + "it names others, but blocks_when does not"),
        ('version = 1\n[links.pump]\n"a" = 3', "line 2: [links.pump] holds lines like"),
        ('version = 1\n[links.target]\n"a" = "b"', "line 2: a link cannot be called “target”"),
        ("version = 1\n[areas.x]\nlocal = [[0, 0]]", "line 2: area “x”: it needs at least three"),
        ("version = 1\nlinks = 3", "write [links.NAME]"),
        ("version = 1\nareas = 3", "write [areas.NAME]"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_their_place(text: str, said: str) -> None:
    with pytest.raises(InterlocksError) as caught:
        rules(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_too_much_is_refused() -> None:
    with pytest.raises(InterlocksError, match="has over 262,144 bytes"):
        rules("#" * 300_000)
    row = '[[interlock]]\nid = "%d"\ntitle = "R"\ntext = "t"\nblocks_when = "true"\n'
    with pytest.raises(InterlocksError, match="there are over 200 rules"):
        rules("version = 1\n" + "".join(row % i for i in range(201)))
    many = ", ".join(f'a{i} = "x/{i}"' for i in range(21))
    with pytest.raises(InterlocksError, match="it has over 20 inputs"):
        rules(BASE + f'blocks_when = "a0 > 0"\ninputs = {{ {many} }}')


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InterlocksError, match=r"cannot be read \(No such file or directory\)"):
        load_interlocks(tmp_path / "none.toml")


# --- while the hub runs -------------------------------------------------------------------------


def rewrite(path: Path, text: str) -> None:
    """Another content, and another time even where the clock is coarse."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_a_changed_file_is_read_again_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(GATE_RULE)
    file: RuleFile[Rules] = RuleFile(path, load_interlocks)
    first = file.value
    assert not file.has_changed()
    rewrite(path, GATE_RULE + "nonsense")
    assert file.has_changed()
    assert "is not TOML" in file.trouble
    assert file.value is first
    rewrite(path, GATE_RULE + "nonsense")
    assert not file.has_changed(), "the same mistake is said once"
    path.unlink()
    assert file.has_changed()
    assert "cannot be read" in file.trouble
    rewrite(path, GATE_RULE.replace("version = 1", "version = 2"))
    assert file.has_changed()
    assert file.trouble == ""
    assert file.value.fingerprint != first.fingerprint


def test_a_hub_does_not_start_with_a_bad_file(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text("version = 1\n[[interlock]]\n")
    with pytest.raises(InterlocksError, match="it needs id"):
        RuleFile(path, load_interlocks)


# --- explaining -----------------------------------------------------------------------------------


def test_every_rule_says_what_it_thinks() -> None:
    city = load_interlocks(READY)
    lines, is_blocked = explained(
        city,
        Asked(
            type_id="gate.set", target_id="gate-1", args={"opening_pct": 80},
            values={"pump_running": 1},
        ),
    )  # fmt: skip
    assert is_blocked
    assert lines[0] == "gate.set on gate-1 is blocked by 1 rule:"
    assert lines[1].startswith("  BLOCKED gate-against-pump: gate-1 stays shut while pump-1 runs")
    assert "(pump-1/pump_running = 1)" in lines[1]
    assert "road-against-emergency-route: it is about road.close" in "\n".join(lines)


def test_explaining_with_other_commands() -> None:
    city = load_interlocks(READY)
    asked = Asked(
        type_id="road.close", target_id="road-1", others=("unit.dispatch@12",),
        other_kind="ambulance",
    )  # fmt: skip
    assert explained(city, asked)[1]
    asked = Asked(
        type_id="road.close", target_id="road-1", others=("unit.dispatch@120",),
        other_kind="ambulance",
    )  # fmt: skip
    lines, is_blocked = explained(city, asked)
    assert not is_blocked
    assert lines[0] == "road.close on road-1 may go on:"


def test_bad_options_are_named() -> None:
    city = load_interlocks(READY)
    with pytest.raises(TwinError, match="--value pump_running takes a number, not “on”"):
        explained(
            city, Asked(type_id="gate.set", target_id="gate-1", values={"pump_running": "on"})
        )
    with pytest.raises(TwinError, match="--other takes COMMAND@METRES, not “x”"):
        explained(city, Asked(type_id="gate.set", target_id="gate-1", others=("x",)))
    with pytest.raises(TwinError, match="--arg takes NAME=VALUE, not “x”"):
        values_of(["x"], "--arg")
    assert values_of(["a=1", "b=x", 'c={"d":2}'], "--arg") == {"a": 1, "b": "x", "c": {"d": 2}}
