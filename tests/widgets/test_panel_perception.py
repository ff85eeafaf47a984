"""Anomalies and proposals in their panels, over the real core."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from tests.widgets.panel_fixtures import *  # noqa: F403
from tests.widgets.test_permission import assert_off, change_policy
from tests.widgets.test_permission_desks import EVERYBODY, LEADERS
from twin.clock import NS_PER_S
from twin.judging import graph_of
from twin.operations.proposing import proposals_of
from twin.perception.watching import AnomalyWatch
from twin.room.parts.incidents import Incidents
from twin.room.parts.proposals import Proposals
from twin.room.parts.verdicts import Verdicts
from twin.session import Selection
from widgets.parts.section_list import KeyRole


def rows(panel) -> list[str]:
    return [str(panel.model.index(row).data()) for row in range(panel.model.rowCount())]


# -- anomalies ------------------------------------------------------------------------------


def live(world, stream: str, *, n: int = 720, odd: tuple[int, int] = (660, 670)) -> None:
    """Observations every 10 s, some of them far off, watched as they come."""
    slot = world.store.slot_of(stream)
    rng, first_ns = np.random.default_rng(4), world.clock.now_ns()
    anomalies = world.session.anomalies
    for i in range(n):
        value = 2.0 + float(rng.normal(0, 0.02)) + (1.5 if odd[0] <= i < odd[1] else 0.0)
        t_ns = first_ns + i * 10 * NS_PER_S
        world.store.add(np.array([slot]), np.array([t_ns]), np.array([value]),
                        np.zeros(1, np.uint8), t_ns)  # fmt: skip
        if i % 40 == 39:
            anomalies.look(t_ns)
    world.clock.advance_s(n * 10.0)
    anomalies.look(world.clock.now_ns())


@pytest.fixture
def watched(hub_world):
    """Ada watches Pump 1, which had an odd quarter of an hour."""
    world = hub_world.world
    world.session.anomalies = AnomalyWatch(world.store)
    world.session.anomalies.watch("pump-0/water_level")
    live(world, "pump-0/water_level")
    return hub_world


def test_an_empty_panel_says_what_would_fill_it_and_offers_the_step(hub_world, open_panel) -> None:
    panel = open_panel("anomalies")
    assert panel._stack.currentIndex() == 1
    assert not panel.watch.isEnabled()
    hub_world.session.select(Selection(thing_id="pump-1"))
    assert panel.watch.full_text == "Watch values of Pump 2…"
    menu = panel.fill_menu()
    titles = [action.text() for action in menu.actions()]
    assert titles == ["Water level", "Pump running"]
    menu.actions()[0].toggle()
    assert hub_world.session.anomalies.wanted == ("pump-1/water_level",)
    assert rows(panel) == ["Watched", "Pump 2, water level"]
    assert panel.why.text() == "waits for its first values"
    panel.stop.click()
    assert hub_world.session.anomalies.wanted == ()


def test_an_episode_is_shown_with_why_and_judged_for_everybody(watched, open_panel) -> None:
    panel = open_panel("anomalies")
    assert rows(panel) == ["To be judged", "Pump 1, water level", "Watched", "Pump 1, water level"]
    assert panel.why.text().startswith("3.4")
    assert "(usual so far: 2" in panel.why.text()
    assert not panel.plot.isHidden()
    assert "the nearest normal hour" in panel.legend.text()
    assert len(panel.plot._parts["nearest"].getData()[0]) > 10
    assert panel.plot._parts["region"].isVisible()
    panel.yes.click()
    watched.sync()
    (verdict,) = watched.session.hub.room[Verdicts].by_id.values()
    assert (verdict.is_anomaly, verdict.by.name, verdict.thing_name) == (True, "Ada", "Pump 1")
    assert verdict.strength > verdict.threshold > 0
    assert verdict.xyz == (0.0, -80.0, 0.0)
    assert "Ada (traffic) said at" in panel.verdict.text()
    assert rows(panel)[0] == "Judged"
    panel.no.click()
    watched.sync()
    assert panel.verdict.text().endswith("not an anomaly")


def test_a_missed_one_is_marked_and_a_threshold_is_proposed_but_not_used(
    watched, open_panel
) -> None:
    panel = open_panel("anomalies")
    anomalies, stream = watched.session.anomalies, "pump-0/water_level"
    before = anomalies.threshold_of(stream)
    panel.list.setCurrentIndex(panel.model.index(panel.model.row_of(stream)))
    panel.missed.click()
    for n in range(5):
        body = {"id": f"{stream}@{n}", "datastream_id": stream, "is_anomaly": True}
        body |= {"start_ns": n, "end_ns": n, "strength": 5.0 + n / 10, "threshold": before}
        watched.act("ben", "verdict.give", body)
    watched.sync()
    panel.refresh()
    assert "instead of 7.9 spreads" in panel.advice.text()
    assert "it would tell" in panel.advice.text()
    assert anomalies.threshold_of(stream) == before, "nothing changes by itself"
    panel.use.click()
    assert anomalies.threshold_of(stream) < 5.0
    assert panel.advice.text() == ""


def test_a_refused_verdict_is_told_in_words(watched, open_panel) -> None:
    panel = open_panel("anomalies")
    (episode,) = panel._episodes()
    view = watched.session.anomalies.views["pump-0/water_level"]
    long = "x" * 300
    odd = type(episode)(**{f: getattr(episode, f) for f in episode.__slots__} | {"id": long})
    object.__setattr__(view, "episodes", (odd,))
    panel.refresh()
    panel.list.setCurrentIndex(panel.model.index(1))
    panel.yes.click()
    watched.sync()
    assert panel.problem.text().startswith("The hub refused: A verdict names its episode")


def test_who_may_not_judge_sees_it_before(watched, open_panel) -> None:
    panel = open_panel("anomalies")
    assert panel.yes.isEnabled()
    change_policy(watched, LEADERS)
    watched.answer_permissions()
    for button in (panel.yes, panel.no):
        assert_off(button, "No rule of the policy allows “verdict.give” to traffic")
    assert panel.note.text() == f"Anomaly: {panel.yes.toolTip()}"
    panel.list.setCurrentIndex(panel.model.index(panel.model.row_of("pump-0/water_level")))
    assert_off(panel.missed, "“verdict.give”")
    change_policy(watched, EVERYBODY)
    watched.answer_permissions()
    assert panel.missed.isEnabled()
    assert not panel.note.isVisible()


def test_double_click_flies_to_the_sensor(watched, open_panel) -> None:
    panel, flown = open_panel("anomalies"), []
    watched.session.fly_to_requested.connect(flown.append)
    panel.list.activated.emit(panel.model.index(1))
    assert flown[0][:2] == (0.0, -80.0)
    assert watched.session.selection.thing_id == "pump-0"


# -- proposals ------------------------------------------------------------------------------


def flood(hub_world, *names: str) -> None:
    """Alarms at Pump 1 and 2 and the North gate, all within minutes."""
    known = {
        "level": ("pump-0", "Pump 1", (0.0, -80.0, 0.0), "critical"),
        "pump": ("pump-1", "Pump 2", (90.0, -80.0, 0.0), "high"),
        "gate": ("gate-0", "North gate", (0.0, 200.0, 0.0), "medium"),
    }
    for name in names or known:
        thing_id, thing_name, xyz, priority = known[name]
        one = {"id": name, "title": f"Water {name}", "priority": priority, "xyz": xyz,
               "thing_id": thing_id, "thing_name": thing_name, "rule": f"rule-{name}",
               "department": "water"}  # fmt: skip
        hub_world.act("ben", "alarm.raise", {"alarms": [one]})
        hub_world.wait(60.0)
    propose(hub_world)


def propose(hub_world) -> None:
    """What the console does in a job once a second."""
    hub_world.sync()
    session = hub_world.session
    graph = graph_of(session.observations)
    now_ns = session.clock.now_ns()
    session.set_incident_proposals(proposals_of(session.hub.room, graph, now_ns))


def test_alarms_that_hang_together_are_one_card_and_one_incident(hub_world, open_panel) -> None:
    panel = open_panel("proposals")
    assert panel._stack.currentIndex() == 1
    flood(hub_world)
    assert rows(panel)[0] == "One incident?"
    assert rows(panel)[1].startswith("3 alarms within ")
    assert rows(panel)[1].endswith("2 min: make it an incident?")
    assert "North gate and Pump 1: on the same water" in panel.reasons.text()
    assert panel.yes.full_text == "Make 3 of them an extreme flood incident"
    assert panel.name.text() == "Water level, Pump 1"
    panel.name.setText("Flood at the quay")
    panel.yes.click()
    propose(hub_world)
    (incident,) = hub_world.session.hub.room[Incidents].open
    assert incident.title == "Flood at the quay"
    assert set(incident.links) == {"alarm:level", "alarm:pump", "alarm:gate"}
    assert [one.department for one in incident.departments] == ["traffic", "water"]
    assert panel._stack.currentIndex() == 1


def test_what_has_no_tick_is_left_out_or_split_off(hub_world, open_panel) -> None:
    panel = open_panel("proposals")
    flood(hub_world)
    panel.members.item(2).setCheckState(Qt.CheckState.Unchecked)
    assert panel.apart.full_text == "Split: 2 together, 1 apart"
    panel.apart.click()
    propose(hub_world)
    assert [m.id for m in panel.proposal().members] == ["alarm:level", "alarm:pump"]
    assert panel.apart.full_text == "They belong apart"
    panel.apart.click()
    propose(hub_world)
    assert rows(panel) == []
    assert len(hub_world.session.hub.room[Proposals].answers) == 2


def test_a_pair_is_never_proposed_until_somebody_lets_it(hub_world, open_panel) -> None:
    panel = open_panel("proposals")
    flood(hub_world, "level", "pump")
    actions = panel.fill_menu().actions()
    texts = [action.text() for action in actions]
    assert texts == ["Rules: Water level and Water pump", "Things: Pump 1 and Pump 2"]
    actions[1].trigger()
    propose(hub_world)
    assert rows(panel) == ["Never proposed as one", "Pump 1 and Pump 2"]
    panel.again.click()
    propose(hub_world)
    assert rows(panel)[0] == "One incident?"


def test_a_late_alarm_is_added_to_the_incident(hub_world, open_panel) -> None:
    panel = open_panel("proposals")
    flood(hub_world, "level", "pump")
    panel.yes.click()
    flood(hub_world, "gate")
    assert rows(panel)[1] == "1 alarm near “Water level, Pump 1”: add to it?"
    assert panel.name.isHidden()
    panel.yes.click()
    propose(hub_world)
    (incident,) = hub_world.session.hub.room[Incidents].open
    assert "alarm:gate" in incident.links


def test_who_answers_second_is_told(hub_world, open_panel) -> None:
    panel = open_panel("proposals")
    flood(hub_world, "level", "pump")
    body = {"members": ["alarm:level", "alarm:pump"], "incident": "i", "title": "Burst main",
            "kind": "flood"}  # fmt: skip
    hub_world.act("ben", "proposal.accept", body)
    panel.yes.click()
    hub_world.sync()
    assert panel.problem.text() == (
        "The hub refused: Some of them belong to “Burst main” already, opened by Ben (water)"
    )


def test_members_are_selected_and_flown_to(hub_world, open_panel) -> None:
    panel, flown = open_panel("proposals"), []
    flood(hub_world, "level", "pump")
    hub_world.session.fly_to_requested.connect(flown.append)
    panel.members.itemActivated.emit(panel.members.item(1))
    assert hub_world.session.selection.thing_id == "pump-1"
    assert flown[0][:2] == (90.0, -80.0)
    panel.list.activated.emit(panel.model.index(1))
    assert flown[1][:2] == (45.0, -80.0)
    assert panel.model.index(1).data(KeyRole)
