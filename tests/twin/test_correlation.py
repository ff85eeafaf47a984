"""Correlation: what is joined, what is not, and that the order of what is given means nothing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.clock import NS_PER_S
from twin.operations.asset_graph import AssetGraph
from twin.operations.correlation import Apart, Happening, IncidentProposal, proposals
from twin.sense.model import Thing

T0 = 1_760_000_000 * NS_PER_S
MIN = 60.0


def at(name: str, x: float = 0.0, y: float = 0.0, t_s: float = 0.0, **more: object) -> Happening:
    more.setdefault("thing_id", name)
    return Happening(
        id=f"alarm:{name}", kind="alarm", title=name, t_ns=T0 + round(t_s * NS_PER_S),
        xyz=(x, y, 0.0), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def names(found: tuple[IncidentProposal, ...]) -> set[frozenset[str]]:
    return {frozenset(one.id[6:] for one in proposal.members) for proposal in found}


def city() -> AssetGraph:
    """A river gauge, an underpass 600 m away, a pump between, a feeder, two streets."""
    things = (
        Thing(id="gauge", name="River gauge 1", kind="river_gauge"),
        Thing(id="underpass", name="Sewer gauge underpass Mill Lane", kind="sewer_gauge"),
        Thing(id="pump", name="Pump station Mill Lane", kind="pump_station"),
        Thing(id="road", name="Mill Lane 3", kind="road_segment"),
        Thing(id="feeder", name="Feeder west", kind="feeder"),
        Thing(id="lights", name="Lights Oak Road", kind="street_light_group"),
        Thing(id="hall", name="Siren town hall", kind="siren", feature_id="b1"),
        Thing(id="hall2", name="Speakers town hall", kind="evacuation_speakers", feature_id="b1"),
    )
    xyz = {
        "gauge": (0, 0, 0), "underpass": (600, 0, 0), "pump": (400, 300, 0), "road": (900, 0, 0),
        "feeder": (5_000, 0, 0), "lights": (5_900, 0, 0), "hall": (9_000, 0, 0),
        "hall2": (9_020, 0, 0),
    }  # fmt: skip
    return AssetGraph({one.id: one for one in things}, xyz, ("Mill Lane", "Oak Road"))


def test_a_flood_is_one_proposal_and_two_far_fires_are_none() -> None:
    flood = [
        at("gauge", 0, 0, 0, rule="river-high"),
        at("underpass", 600, 0, 6 * MIN, rule="underpass-wet"),
        at("pump", 400, 300, 9 * MIN, rule="pump-fault"),
    ]
    fires = [
        at("fire-1", 3_000, 3_000, 2 * MIN, rule="fire"),
        at("fire-2", 7_000, -3_000, 3 * MIN, rule="fire"),
    ]
    relations = city().relations([one.thing_id for one in (*flood, *fires)])
    (found,) = proposals([*flood, *fires], relations=relations)
    assert names((found,)) == {frozenset({"gauge", "underpass", "pump"})}
    assert found.reasons[0].startswith("3 within ")
    assert any("on the same water" in reason for reason in found.reasons)
    assert found.span_s == pytest.approx(540.0)


def test_near_in_place_is_not_enough_without_time_and_the_other_way_round() -> None:
    assert names(proposals([at("a"), at("b", 200.0, t_s=19 * MIN)])) == {frozenset({"a", "b"})}
    assert proposals([at("a"), at("b", 200.0, t_s=21 * MIN)]) == ()
    assert proposals([at("a"), at("b", 260.0, t_s=1.0)]) == ()
    nowhere = Happening(id="alarm:c", kind="alarm", title="c", t_ns=T0)
    assert proposals([at("a"), nowhere]) == ()


def test_why_assets_hang_together() -> None:
    graph = city()
    found = {
        tuple(sorted(pair)): reason
        for pair, reason in graph.relations(
            ["gauge", "underpass", "pump", "road", "feeder", "lights", "hall", "hall2", "gone"]
        ).items()
    }
    assert found["hall", "hall2"] == "in the same building"
    assert found["gauge", "pump"] == "on the same water"
    assert found["feeder", "lights"] == "supplied by Feeder west"
    assert found["pump", "road"] == "both on Mill Lane"
    assert ("lights", "road") not in found
    assert ("feeder", "gauge") not in found, "too far from the cabinet"


def test_never_pairs_stay_apart_even_through_a_third() -> None:
    three = [at("a", 0, rule="r1"), at("b", 100, rule="r2"), at("c", 50, rule="r3", t_s=5.0)]
    assert names(proposals(three)) == {frozenset("abc")}
    rules = Apart(rules=frozenset({frozenset({"r1", "r2"})}))
    for found in (proposals(three, apart=rules), proposals(reversed(three), apart=rules)):
        assert len(found) == 1
        assert not {"a", "b"} <= next(iter(names(found)))
    assets = Apart(assets=frozenset({frozenset({"a", "b"})}))
    assert not {"a", "b"} <= next(iter(names(proposals(three, apart=assets))))
    same = [at("a", 0, rule="noise"), at("d", 10, rule="noise")]
    assert proposals(same, apart=Apart(rules=frozenset({frozenset({"noise"})}))) == ()


def test_what_comes_near_an_open_incident_is_proposed_for_it() -> None:
    incident = Happening(
        id="incident:i", kind="incident", title="Flood", t_ns=T0, until_ns=T0 + 7_200 * NS_PER_S,
        xyz=(0.0, 0.0, 0.0), reach_m=400.0,
    )  # fmt: skip
    other = Happening(
        id="incident:j", kind="incident", title="Fire", t_ns=T0, until_ns=T0 + 7_200 * NS_PER_S,
        xyz=(100.0, 0.0, 0.0),
    )  # fmt: skip
    (found,) = proposals([incident, at("late", 600.0, t_s=6_000.0)])
    assert (found.incident, names((found,))) == (incident, {frozenset({"late"})})
    assert "Close to “Flood”, which is open" in found.reasons
    for one in proposals([incident, other, at("late", 90.0, t_s=60.0)]):
        assert one.incident in (incident, other)


HAPPENINGS = st.lists(
    st.builds(
        lambda key, x, y, t, rule, thing: Happening(
            id=f"alarm:{key}", kind="alarm", title="", t_ns=T0 + t * NS_PER_S,
            xyz=(float(x), float(y), 0.0), rule=rule, thing_id=thing,
        ),
        st.integers(0, 30), st.integers(0, 900), st.integers(0, 900), st.integers(0, 5_000),
        st.sampled_from("pqr"), st.sampled_from("uvwxyz"),
    ),
    max_size=14,
    unique_by=lambda one: one.id,
)  # fmt: skip
PAIRS = st.frozensets(
    st.lists(st.sampled_from("pqr"), min_size=1, max_size=2).map(frozenset), max_size=3
)


@given(found=HAPPENINGS, rules=PAIRS, seed=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_the_order_means_nothing_and_who_stays_apart_stays_apart(
    found: list[Happening], rules: frozenset[frozenset[str]], seed: int
) -> None:
    apart, relations = Apart(rules=rules), {frozenset("uv"): "one pipe"}
    mixed = found.copy()
    random.Random(seed).shuffle(mixed)
    first = proposals(found, apart=apart, relations=relations)
    assert first == proposals(mixed, apart=apart, relations=relations)
    seen = [one.id for proposal in first for one in proposal.members]
    assert len(seen) == len(set(seen)), "nobody is in two"
    for proposal in first:
        for a in proposal.members:
            assert not any(apart.parts(a, b) for b in proposal.members if b is not a)
            assert len({member.thing_id for member in proposal.members}) > 1


@given(found=HAPPENINGS)
@settings(max_examples=60, deadline=None)
def test_without_exceptions_all_that_is_close_is_together(found: list[Happening]) -> None:
    beacon = [
        Happening(id=f"alarm:beacon {one.id}", kind="alarm", title="", t_ns=one.t_ns, xyz=one.xyz)
        for one in found
    ]  # so that everybody has somebody near: several of one thing alone are no proposal
    made = proposals([*found, *beacon])
    group = {one.id: key for key, p in enumerate(made) for one in p.members}
    for a in found:
        for b in found:
            gap_m = ((a.xyz[0] - b.xyz[0]) ** 2 + (a.xyz[1] - b.xyz[1]) ** 2) ** 0.5
            is_near = gap_m <= 250.0 or a.thing_id == b.thing_id
            if a is not b and is_near and abs(a.t_ns - b.t_ns) <= 1_200 * NS_PER_S:
                assert group.get(a.id, -1) == group.get(b.id, -2)


def test_hundreds_at_once_are_joined_in_time() -> None:
    crowd = [at(f"a{i:04}", i % 20 * 10.0, i // 20 * 10.0, float(i % 60)) for i in range(900)]
    (found,) = proposals(crowd)
    assert len(found.members) == 400, "the newest, a flood has groups of its own"
