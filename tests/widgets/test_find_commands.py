"""The palette: a command typed in words opens the filled form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.room.parts.templates import Templates
from twin.session import Selection
from widgets.bridge import Bridge
from widgets.find_commands import CommandFinder
from widgets.find_index import find


@pytest.fixture
def finder(hub_world, qtbot: Any) -> Iterator[CommandFinder]:
    bridge = Bridge()
    ready: list[int] = []
    made = CommandFinder(session=hub_world.session, bridge=bridge, ready=lambda: ready.append(1))
    made.groups()
    qtbot.waitUntil(lambda: bool(ready))
    yield made
    bridge.close()


def titles(finder: CommandFinder, query: str) -> list[str]:
    return [one.group.title(one.row) for one in find(finder.groups(), query)]


def choose(finder: CommandFinder, query: str) -> None:
    first = find(finder.groups(), query)[0]
    first.group.choose(first.row)


def test_verb_and_name_find_the_command(hub_world, finder) -> None:
    assert titles(finder, "close harbour street")[0] == "Close Harbour Street…"
    assert titles(finder, "harbour clo")[0] == "Close Harbour Street…"
    assert titles(finder, "set north gate")[0] == "Set North gate…"
    assert titles(finder, "dispatch ambulance")[0] == "Dispatch Ambulance 1…"
    choose(finder, "close harbour street")
    request = hub_world.session.compose_request
    assert (request.target_id, request.type_id) == ("road-0", "road.close")


def test_all_of_a_kind_and_of_the_selection(hub_world, finder) -> None:
    assert "Start pump: 3 pump stations of the city…" in titles(finder, "start pump stations city")
    choose(finder, "start pump stations city")
    request = hub_world.session.compose_request
    assert request.target_ids == ("pump-0", "pump-1", "pump-2")
    assert request.type_id == "pump.start"
    assert not any("selected" in one for one in titles(finder, "close road selected"))
    hub_world.session.select(Selection(things=("road-0", "road-3")))
    choose(finder, "close road selected")
    assert hub_world.session.compose_request.target_ids == ("road-0", "road-3")


def test_templates_are_found_by_their_name(hub_world, finder) -> None:
    items = [{"type_id": "gate.set", "args": {"opening_pct": 5.0}, "target_id": "gate-0"}]
    body = {"id": "t", "title": "Storm position", "items": items}
    hub_world.session.hub.act("template.save", body)
    hub_world.sync()
    assert hub_world.session.hub.room[Templates].by_id.get("t") is not None
    choose(finder, "storm pos")
    assert hub_world.session.compose_request.args == {"opening_pct": 5.0}
