"""The bundled playbooks find in the demonstration city what they speak of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.twin.sim_drive import Drive
from tests.twin.sim_view import view_of
from tests.widgets.panel_world import World as PanelWorld
from twin.city.asset import CityAsset
from twin.generate.city import generate_city
from twin.playbooks.library import bundled_playbooks
from twin.playbooks.model import Playbook
from twin.playbooks.working import collected, order_now, step_now
from twin.room.model import Operator
from twin.room.parts.incidents import Incident, Severity
from twin.session import TwinSession
from twin.sim.world import World, WorldOptions

ADA = Operator(name="Ada", department="control_room", console_id="c1")
PLACE_OF = {
    "flood": "pump_station", "fire": "substation", "crowd": "parking", "accident": "road_segment"
}  # fmt: skip


@pytest.fixture(scope="module")
def city() -> CityAsset:
    return generate_city(1_000)


@pytest.fixture
def session(city: CityAsset, tmp_path: Path) -> Iterator[TwinSession]:
    """A console after some seconds of the simulated city."""
    view = view_of(Drive(World(city, WorldOptions())), city)
    world = PanelWorld(tmp_path)
    made = world.session
    made.city, made.city_view = city, view
    made.observations, made.units = view._observations, view._units
    made.clock = view._clock
    yield made
    world.close()


@pytest.mark.parametrize("playbook", bundled_playbooks(), ids=lambda one: one.id)
def test_every_command_has_its_asset_and_every_question_its_values(
    playbook: Playbook, session: TwinSession
) -> None:
    kind = PLACE_OF[playbook.kind]
    thing = next(one for one in session.observations.things.values() if one.kind == kind)
    incident = Incident(
        id="i", title="Test", kind=playbook.kind, severity=Severity.SEVERE, opened_by=ADA,
        opened_ns=session.clock.now_ns(), xyz=session.city_view.position(thing.id),
    )  # fmt: skip
    for step in playbook.steps:
        if step.command is not None:
            ordered = order_now(session, incident, step.command)
            assert ordered.target_name
            assert ordered.effect
        names = {one.name for one in collected(session, incident, step)}
        assert names == {one.name for one in step.collect}, step.id
        assert step_now(session, incident, step).guard in (True, False), step.id
