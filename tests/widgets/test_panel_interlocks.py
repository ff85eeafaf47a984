"""Interlocks over the real core: rules in force, what they hold back, by which values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.twin.interlocks.samples import rules
from tests.widgets.hub_world import HubWorld
from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.hub.requests import Observation
from twin.room.model import CommandState

RULE = """
version = 1
[[interlock]]
id = "road-level"
title = "Closure against high water"
text = "{target} stays open while the water is high"
actions = ["road.close"]
inputs = { level = "pump-0/water_level" }
blocks_when = "level > 3.0"
"""


@pytest.fixture
def hub_world(tmp_path: Path) -> Iterator[HubWorld]:
    made = HubWorld(tmp_path, interlocks=rules(RULE))
    water(made, 1.0)
    yield made
    made.close()


def water(hub_world: Any, level: float) -> None:
    hub_world.world.observe("pump-0/water_level", level)
    seen = Observation(
        datastream_id="pump-0/water_level", t_ns=hub_world.world.clock.now_ns(), value=level
    )
    hub_world.bench.last["pump-0/water_level"] = seen


def rows(panel) -> list[str]:
    return [str(panel.model.index(row).data()) for row in range(panel.model.rowCount())]


def test_the_rules_in_force_with_their_values_now(hub_world, open_panel) -> None:
    panel = open_panel("interlocks")
    assert rows(panel) == ["Rules in force", "Closure against high water"]
    panel.list.setCurrentIndex(panel.model.index(1))
    assert panel.text.text() == "The asset stays open while the water is high"
    assert panel.condition.text() == "Holds a command back when  level > 3.0"
    facts = dict(panel.facts.facts._facts)
    assert facts["Commands"] == "road.close"
    assert facts["level"] == "Pump 1, water level 1.00 m"
    water(hub_world, 2.5)
    panel.refresh()
    assert dict(panel.facts.facts._facts)["level"] == "Pump 1, water level 2.50 m"


def test_a_refused_command_is_listed_with_rule_and_values(hub_world, open_panel) -> None:
    panel = open_panel("interlocks")
    water(hub_world, 3.4)
    command_id = hub_world.submit("ben", "road.close", "road-0", cause="works")
    assert hub_world.bench.state(command_id) is CommandState.REJECTED
    hub_world.sync()
    panel.refresh()
    assert rows(panel)[:2] == ["Refused lately", "Close Harbour Street, Ben (water)"]
    hub_world.world.clock.advance_s(901.0)
    panel.refresh()
    assert rows(panel) == ["Rules in force", "Closure against high water"]


def test_a_queued_command_is_held_back_until_the_value_falls(hub_world, open_panel) -> None:
    panel = open_panel("interlocks")
    hub_world.session.hub.act("queue.hold", {"queue": "all"})
    command_id = hub_world.submit("cleo", "road.close", "road-0", cause="works")
    water(hub_world, 3.4)
    hub_world.session.hub.act("queue.release", {"queue": "all"})
    hub_world.wait(0.5)
    hub_world.sync()
    panel.refresh()
    assert hub_world.bench.state(command_id) is CommandState.QUEUED
    assert rows(panel)[:2] == ["Held back now", "Close Harbour Street, Cleo (fire)"]
    panel.list.setCurrentIndex(panel.model.index(1))
    assert "Harbour Street stays open while the water is high" in panel.text.text()
    facts = dict(panel.facts.facts._facts)
    assert facts["Rule"] == "Closure against high water"
    assert facts["Pump 1, water level"] == "3.40 m then, 3.40 m now"
    water(hub_world, 2.0)
    panel.refresh()
    assert dict(panel.facts.facts._facts)["Pump 1, water level"] == "3.40 m then, 2.00 m now"
    assert panel.cancel.isVisible()
    for _ in range(20):
        hub_world.wait(0.5)
        water(hub_world, 2.0)
    hub_world.sync()
    panel.refresh()
    assert hub_world.bench.state(command_id) is CommandState.SENT
    assert "Held back now" not in rows(panel)
