"""Reviews after a broken glass, and passing a yes on; over the real core."""

from __future__ import annotations

import pytest

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.room.parts.delegations import Delegations
from twin.room.parts.reviews import Reviews
from twin.waiting import queue_of, whoami


def rows(panel) -> list[str]:
    return [str(panel.model.index(row).data()) for row in range(panel.model.rowCount())]


@pytest.fixture
def panel(open_panel):
    return open_panel("reviews")


def broken(hub_world, by: str) -> str:
    """Somebody breaks the glass over a command of Ben's; id of the review."""
    command_id = hub_world.submit("ben", "gate.set", "gate-0", opening_pct=80.0)
    body = {"command_id": command_id, "digest": hub_world.digest(command_id)}
    hub_world.act(by, "approval.break_glass", body | {"reason": "People in the water"})
    hub_world.sync()
    return f"review-{command_id}"


def test_a_review_is_closed_by_somebody_else_with_a_finding(hub_world, panel) -> None:
    review_id = broken(hub_world, "cleo")
    assert rows(panel)[0] == "To be reviewed"
    panel.list.setCurrentIndex(panel.model.index(1))
    assert "Cleo (fire) broke the glass" in panel.text.text()
    assert "Move North gate to an opening of 80 %" in panel.text.text()
    panel.close_it.click()
    assert panel.problem.text() == "Say in a sentence what the review found"
    panel.finding.setText("It was right: two people were saved")
    panel.close_it.click()
    hub_world.sync()
    assert hub_world.session.hub.room[Reviews].by_id.get(review_id) is None
    assert rows(panel) == []


def test_my_own_review_is_for_others(hub_world, panel) -> None:
    broken(hub_world, "ada")
    panel.list.setCurrentIndex(panel.model.index(1))
    assert panel.note.text() == "Somebody else has to close the review of what you did."
    assert not panel.close_it.isVisible()


def test_my_yes_is_passed_on_and_taken_back(hub_world, panel) -> None:
    panel.delegate.click()
    form = panel.form
    assert form.isVisible()
    assert not form.confirm.isEnabled()
    names = [form.to.itemText(row) for row in range(form.to.count())]
    assert names == ["Ben (water)", "Cleo (fire)", "Dora (police)"]
    assert [form.department.itemData(r) for r in range(form.department.count())] == ["traffic"]
    form.to.choose("dora")
    form.tell()
    assert form.confirm.full_text == "Let Dora approve for traffic"
    form.until.setCurrentIndex(1)
    form.confirm.click()
    hub_world.sync()
    (given,) = hub_world.session.hub.room[Delegations].by_id.values()
    assert (given.to, given.department, given.giver.name) == ("dora", "traffic", "Ada")
    assert not form.isVisible()
    hub_world.submit("ben", "gate.set", "gate-0", opening_pct=80.0)
    hub_world.sync()
    room, now_ns = hub_world.session.hub.room, hub_world.world.clock.now_ns()
    dora = room.operators["id-Dora"]
    assert queue_of(room, dora, now_ns).for_me[0].department == "traffic"
    assert queue_of(room, whoami(hub_world.session), now_ns).n_for_me == 1
    panel.list.setCurrentIndex(panel.model.index(panel.model.row_of(given.id)))
    assert panel.withdraw.full_text == "Withdraw the yes of traffic from Dora"
    panel.withdraw.click()
    hub_world.sync()
    assert rows(panel) == []


def test_a_circle_is_refused_in_words(hub_world, panel) -> None:
    body = {"id": "d1", "to": "ada", "to_name": "Ada", "department": "fire"}
    until_ns = hub_world.world.clock.now_ns() + 10**12
    hub_world.act("cleo", "delegation.give", body | {"until_ns": until_ns})
    hub_world.sync()
    panel.delegate.click()
    panel.form.department.setCurrentIndex(panel.form.department.findData("fire"))
    panel.form.to.choose("cleo")
    panel.form.tell()
    panel.form.confirm.click()
    hub_world.session.poll()
    assert panel.problem.text() == (
        "The hub refused: That would be a circle: they pass it on to you already"
    )
