"""Leases over the real core: taking, asking, handing over, taking over by rank."""

from __future__ import annotations

import pytest

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.room.parts.leases import Leases
from twin.session import Selection
from widgets.panel import panel_registry


def rows(panel) -> list[str]:
    return [str(panel.model.index(row).data()) for row in range(panel.model.rowCount())]


def choose(panel, asset_id: str) -> None:
    panel.list.setCurrentIndex(panel.model.index(panel.model.row_of(asset_id)))


@pytest.fixture
def panel(hub_world, open_panel):
    """Ben holds the gate, Cleo (rank 5) a pump."""
    for name, asset, title in (("ben", "gate-0", "North gate"), ("cleo", "pump-0", "Pump 1")):
        hub_world.act(name, "lease.take", {"asset_id": asset, "asset_name": title})
    hub_world.sync()
    return open_panel("leases")


def holder(hub_world, asset_id: str) -> str:
    found = hub_world.bench.core.room[Leases].holder(asset_id)
    return found.name if found is not None else ""


def test_what_is_selected_is_offered_and_taken(hub_world, panel) -> None:
    assert rows(panel) == ["Held by others", "North gate", "Pump 1"]
    hub_world.session.select(Selection(thing_id="pump-1"))
    assert panel.take.full_text == "Take it"
    panel.take.click()
    hub_world.sync()
    assert holder(hub_world, "pump-1") == "Ada"
    assert rows(panel)[:2] == ["You hold", "Pump 2"]
    assert panel.take.full_text == "You hold it"
    assert not panel.take.isEnabled()


def test_a_held_asset_is_asked_for(hub_world, panel) -> None:
    hub_world.session.select(Selection(thing_id="gate-0"))
    assert panel.take.full_text == "Ask Ben"
    panel.take.click()
    hub_world.sync()
    choose(panel, "gate-0")
    assert panel.ask.full_text == "Asked; waits for the holder"
    assert not panel.ask.isEnabled()
    hub_world.act("ben", "lease.consent", {"asset_id": "gate-0", "to_console": "id-Ada"})
    hub_world.sync()
    assert holder(hub_world, "gate-0") == "Ada"
    assert panel.release_it.full_text == "Release North gate"
    assert not panel.ask.isVisible()
    panel.release_it.click()
    hub_world.sync()
    assert holder(hub_world, "gate-0") == ""


def test_what_is_asked_of_me_stands_first_and_is_handed_over(hub_world, panel) -> None:
    hub_world.session.hub.act("lease.take", {"asset_id": "pump-1", "asset_name": "Pump 2"})
    hub_world.act("cleo", "lease.ask", {"asset_id": "pump-1"})
    hub_world.sync()
    assert rows(panel)[:2] == ["Asked of you", "Pump 2"]
    panel_registry()["leases"].enter(panel)
    assert panel.give.full_text == "Hand Pump 2 over to Cleo (fire)"
    panel.give.click()
    hub_world.sync()
    assert holder(hub_world, "pump-1") == "Cleo"


def test_rank_takes_over_with_a_reason(hub_world, open_panel, tmp_path) -> None:
    hub_world.bench.lose("ada")
    hub_world.bench.log_in("Ada", "traffic", rank=3)
    hub_world.act("ben", "lease.take", {"asset_id": "gate-0", "asset_name": "North gate"})
    hub_world.act("cleo", "lease.take", {"asset_id": "pump-0", "asset_name": "Pump 1"})
    hub_world.sync()
    panel = open_panel("leases")
    choose(panel, "pump-0")
    assert not panel.seize.isEnabled()
    assert panel.note.text() == "Rank 3 does not take over from rank 5; ask for it."
    choose(panel, "gate-0")
    assert panel.seize.isEnabled()
    panel.seize.click()
    assert "Ben (water) loses North gate at once" in panel.warning.text()
    panel.confirm.click()
    assert panel.problem.text() == "Taking an asset over needs a reason"
    assert holder(hub_world, "gate-0") == "Ben"
    panel.reason.setText("Dam breach")
    panel.confirm.click()
    hub_world.sync()
    assert holder(hub_world, "gate-0") == "Ada"
    taken = [e for e in hub_world.bench.events if e.kind == "lease.taken"][-1]
    assert "Dam breach" in taken.body["how"]


def test_who_was_faster_is_told(hub_world, panel) -> None:
    hub_world.session.select(Selection(thing_id="pump-2"))
    hub_world.act("ben", "lease.take", {"asset_id": "pump-2", "asset_name": "Pump 3"})
    panel.take.click()
    hub_world.session.poll()
    assert panel.problem.text() == "The hub refused: Pump 3 is held by Ben (water); ask for it"
    hub_world.sync()
    assert not panel.problem.isVisible()
    assert panel.take.full_text == "Ask Ben"
