"""Decisions of a policy, each with its rule; default deny; the unknown is never an advantage."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.commands.base import DEPARTMENTS, command_registry, may_issue
from twin.security.actions import known_actions
from twin.security.approvers import Approver, why_not_by
from twin.security.policy import Policy
from twin.security.policy_file import PolicyError, load_policy, read_policy, unmatched_actions
from twin.security.rules import ApprovalRule, Question

CITY = Path("resources/policies/city.toml")


def _policy(text: str, **_: object) -> Policy:
    return read_policy(
        ("version = 1\nroles = ['operator', 'approver']\n" + text).encode(), "p.toml"
    )


def _error(text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        read_policy(text.encode(), "p.toml")
    return str(caught.value)


def _ask(action: str = "gate.set", **more) -> Question:
    fields = {"roles": ("operator",), "department": "water", "kind": "gate", "level": 2}
    return Question(action=action, **(fields | more))


def test_nothing_is_allowed_by_an_empty_policy():
    decision = _policy("").decide(_ask())
    assert not decision.allowed
    assert decision.rule_id == ""
    assert decision.text == "No rule of the policy allows “gate.set” to water"


@pytest.mark.parametrize("department", [*DEPARTMENTS, "", "Control room", "bakery"])
def test_the_open_policy_is_todays_rules(department):
    policy = Policy.open()
    for command_type in command_registry():
        asked = Question(action=command_type.id, department=department, level=4, on_shift=False)
        assert policy.decide(asked).allowed == may_issue(command_type, department)
        assert policy.approval_for(asked) is None
        assert policy.rate_for(asked) is None
        assert not policy.may_break_glass(asked).allowed
    assert policy.lease_required("gate") is None


@pytest.mark.parametrize(
    ("condition", "fits", "misses"),
    [
        ("people = ['ada']", {"person_id": "ada"}, {"person_id": "ben"}),
        ("roles = ['operator']", {}, {"roles": ("approver",)}),
        ("departments = ['Water']", {"department": "water "}, {"department": "fire"}),
        ("actions = ['gate.*']", {}, {"action": "pump.start"}),
        ("targets = ['gate-?']", {"target_id": "gate-1"}, {"target_id": "gate-12"}),
        ("kinds = ['gate']", {}, {"kind": "pump"}),
        ("kinds = ['gate']", {}, {"kind": ""}),
        ("max_level = 2", {}, {"level": 3}),
        ("min_level = 2", {}, {"level": 1}),
        ("min_rank = 3", {"rank": 3}, {"rank": 2}),
        ("drill = true", {"drill": True}, {}),
        ("drill = false", {}, {"drill": True}),
        ("own_commands = true", {}, {"department": "fire"}),
        ("own_commands = true", {}, {"action": "approval.give"}),
        ("areas = ['a']", {"lon_lat": (0.5, 0.5)}, {"lon_lat": (2.0, 0.5)}),
        ("areas = ['a']", {"lon_lat": (1.0, 0.5)}, {}),
        ("areas = ['b']", {"xy_local": (50.0, 50.0)}, {"lon_lat": (0.5, 0.5)}),
        ("areas = ['a', 'b']", {"xy_local": (50.0, 50.0)}, {"xy_local": (-1.0, 0.0)}),
        ("", {}, {"on_shift": False}),
    ],
)  # fmt: skip
def test_each_condition_of_an_allow_rule(condition, fits, misses):
    policy = _policy(f"""
[areas.a]
lon_lat = [[0, 0], [1, 0], [1, 1], [0, 1]]
[areas.b]
local = [[0, 0], [100, 0], [100, 100], [0, 100]]
[[allow]]
id = "x"
{condition}
""")
    yes = policy.decide(_ask(**fits))
    assert yes.allowed
    assert yes.rule_id == "x"
    no = policy.decide(_ask(**misses))
    assert not no.allowed
    assert no.rule_id == ""
    assert "the nearest, “x”, is for" in no.text


def test_off_shift_is_said_in_the_rule():
    assert _policy("[[allow]]\nid='x'\noff_shift=true").decide(_ask(on_shift=False)).allowed


def test_deny_wins_over_allow_and_says_why():
    policy = _policy("""
[[allow]]
id = "all"
[[deny]]
id = "no-gates"
text = "Gates are under repair"
actions = ["gate.*"]
""")
    decision = policy.decide(_ask())
    assert (decision.allowed, decision.rule_id) == (False, "no-gates")
    assert decision.text == "The rule “no-gates” forbids it: Gates are under repair"
    assert policy.decide(_ask("pump.start")).allowed


def test_an_unknown_place_or_kind_fits_what_is_stricter():
    policy = _policy("""
[areas.a]
lon_lat = [[0, 0], [1, 0], [1, 1], [0, 1]]
[[allow]]
id = "all"
[[deny]]
id = "not-there"
areas = ["a"]
actions = ["road.close"]
[[approval]]
id = "there"
areas = ["a"]
""")
    assert not policy.decide(_ask("road.close")).allowed
    assert not policy.decide(_ask("road.close", xy_local=(5.0, 5.0))).allowed
    assert policy.decide(_ask("road.close", lon_lat=(5.0, 5.0))).allowed
    assert policy.approval_for(_ask()).id == "there"
    assert policy.approval_for(_ask(lon_lat=(5.0, 5.0))) is None


def test_the_first_approval_rule_counts_and_none_exempts():
    policy = _policy("""
[[approval]]
id = "drill"
drill = true
needed = 0
[[approval]]
id = "gates"
actions = ["gate.*"]
needed = 2
by_roles = ["approver"]
by_departments = ["fire", "control room"]
distinct_departments = true
expires_s = 60
""")
    rule = policy.approval_for(_ask())
    assert rule.id == "gates"
    assert rule.expires_s == 60
    assert (
        rule.wanted_text()
        == "2 approvals by approver of fire or control room from another department"
    )
    assert policy.approval_for(_ask(drill=True)) is None
    assert policy.approval_for(_ask("pump.start")) is None


def test_leases_rates_and_glass():
    policy = _policy("""
[[lease]]
id = "one-hand"
kinds = ["gate", "pump*"]
ttl_s = 20
[[rate]]
id = "grave"
min_level = 3
per_s = 0.1
burst = 2
[[break_glass]]
id = "leader"
min_rank = 5
""")
    assert policy.lease_required("pump_station").ttl_s == 20
    assert policy.lease_required("road") is None
    assert policy.rate_for(_ask(level=3)).burst == 2
    assert policy.rate_for(_ask(level=2)) is None
    assert policy.may_break_glass(_ask(rank=5)).allowed
    assert not policy.may_break_glass(_ask(rank=4)).allowed
    assert not policy.may_break_glass(_ask(rank=5, on_shift=False)).allowed


def _approver(person_id="ben", department="fire", role="approver") -> Approver:
    return Approver(person_id=person_id, department=department, roles=(role,))


_ADA = _approver("ada", "water", "operator")


@pytest.mark.parametrize(
    ("approver", "given", "why"),
    [
        (_ADA, [], "their own"),
        (_approver(role="operator"), [], "role approver"),
        (_approver(department="police"), [], "by fire or water"),
        (_approver(department="Water"), [], "the issuer's"),
        (_approver(), [_approver()], "another person"),
        (_approver(), [_approver("cy")], "another department"),
        (_approver(department="Fire"), [], ""),
    ],
)
def test_whose_approval_counts(approver, given, why):
    rule = ApprovalRule(
        id="x",
        needed=2,
        by_roles=("approver",),
        by_departments=("fire", "water"),
        distinct_departments=True,
    )
    text = why_not_by(rule, approver=approver, issuer=_ADA, given=given)
    assert (why in text) if why else text == ""


def test_the_ready_policy_of_a_city():
    policy = load_policy(CITY)
    assert not list(unmatched_actions(policy, known_actions()))
    assert policy.decide(_ask()).rule_id == "own-commands"
    assert policy.approval_for(_ask()).id == "flood-gates"
    assert policy.lease_required("pump_station").id == "one-hand"
    assert not policy.decide(_ask(department="fire")).allowed
    assert not policy.decide(_ask(on_shift=False)).allowed
    assert not policy.decide(_ask(roles=("auditor",))).allowed
    assert not policy.decide(_ask(level=4)).allowed
    assert policy.decide(_ask(level=4, roles=("shift_leader",))).rule_id == "leaders-gravest"
    assert not policy.decide(_ask(roles=("trainer",), department="fire")).allowed
    assert (
        policy.decide(_ask(roles=("trainer",), department="fire", drill=True)).rule_id == "drills"
    )
    assert policy.decide(_ask("approval.give", roles=("approver",), level=0)).allowed
    assert not policy.decide(_ask("approval.give", level=0)).allowed
    alert = policy.approval_for(_ask("siren.sound", department="fire", level=4))
    assert (alert.id, alert.needed, alert.distinct_departments) == ("public-alert", 2, True)
    assert policy.approval_for(_ask("road.close", level=3)).id == "serious"
    assert policy.approval_for(_ask("road.close", level=2)) is None
    assert policy.approval_for(_ask(drill=True)) is None
    assert len(policy.fingerprint) == 64


_WRONG = [
    ("version = ", "p.toml is not TOML: Invalid value (at end of document)"),
    ("name = 'x'", "p.toml: version must be a whole number from 1 on; count it up by hand"),
    ("version = true", "p.toml, line 1: version must be a whole number"),
    ("name = 3", "name must be a text"),
    ("[[alow]]", "p.toml, line 2: nothing is called “alow”; did you mean “allow”"),
    ("[foo.bar]", "p.toml, line 2: nothing is called “foo”"),
    ("[allow]", "p.toml, line 2: write [[allow]] with two brackets"),
    (
        "[[allow]]\nid='x'\n[[allow]]\nid='y'\nrole=['a']",
        "p.toml, line 6, [[allow]] “y”: nothing is called “role”; did you mean “roles”",
    ),
    (
        "[[allow]]\nid='x'\nroles='operator'",
        "p.toml, line 4, [[allow]] “x”: roles: Expected `array`, got `str`",
    ),
    (
        "[[allow]]\ntext='x'",
        "p.toml, line 2, [[allow]] number 1: the rule: Object missing required field `id`",
    ),
    ("[[allow]]\nid='x'\n[[deny]]\nid='x'", "[[allow]] “x”: a second rule has the id"),
    (
        "roles=['operator']\n[[allow]]\nid='x'\nroles=['operatr']",
        "line 5, [[allow]] “x”: roles names “operatr”, unknown here; did you mean “operator”",
    ),
    ("[[allow]]\nid='x'\ndepartments=['watr']", "did you mean “water”"),
    ("[[allow]]\nid='x'\nareas=['y']", "areas names “y”, unknown here"),
    ("[[approval]]\nid='x'\nby_roles=['y']", "by_roles names “y”, unknown here"),
    ("[[allow]]\nid='x'\nmin_level=3\nmax_level=2", "the lower one first"),
    ("[[approval]]\nid='x'\nneeded=10", "needed is a number of people, 0 to 9"),
    ("[[approval]]\nid='x'\nexpires_s=nan", "expires_s lies between"),
    (
        "[[approval]]\nid='x'\nneeded=2\ndistinct_departments=true\nby_departments=['fire']",
        "nobody can ever give 2 approvals",
    ),
    ("[[lease]]\nid='x'\nkinds=['gate']\nttl_s=0", "ttl_s lies between"),
    ("[[rate]]\nid='x'\nper_s=0\nburst=1", "per_s must be more than 0"),
    ("[areas.a]\nx=1", "p.toml, line 2, area “a”: it needs either lon_lat or local"),
    ("[areas.a]\nlocal=[[0,0],[1,1]]", "at least three corners"),
    ("[areas.a]\nlocal=[[0,0],[1,1],[0,1],[1,0]]", "crosses itself"),
    ("[areas.a]\nlon_lat=[[0,0],[100,100],[0,100]]", "longitude first"),
    ("roles='x'\n[[allow]]\nid='a'\nroles=['x']", "roles must be a list of texts"),
]


def test_the_ready_policy_lets_somebody_do_everything_there_is():
    policy = load_policy(CITY)
    everybody = ("operator", "shift_leader", "approver", "trainer", "auditor", "watcher")
    types = {one.id: one for one in command_registry()}
    for action in known_actions():
        departments = types[action].departments if action in types else ("traffic",)
        level = types[action].significance if action in types else 0
        asked = _ask(action, roles=everybody, department=departments[0], level=level)
        assert policy.decide(asked).allowed, action


@pytest.mark.parametrize(("text", "sentence"), _WRONG)
def test_what_is_wrong_is_said_with_its_place(text, sentence):
    needs_version = "version" not in text and not text.startswith("name = 'x'")
    assert sentence in _error("version = 1\n" * needs_version + text)


def test_rubbish_of_any_kind_is_one_sentence():
    for content in (b"\xff\xfe", b"a" * (2 << 20), b"x=" + b"[" * 5000, b"version=1\nallow=[1]"):
        with pytest.raises(PolicyError):
            read_policy(content, "p.toml")
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(Path("/nowhere/p.toml"))
