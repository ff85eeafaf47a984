"""What choosing a find leads to."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.widgets.panel_fixtures import *  # noqa: F403
from twin.city.asset import Place
from twin.session import Selection
from widgets.actions import ActionTable
from widgets.find_groups import SessionFinder


@pytest.mark.parametrize(("away_m", "thing_id"), [(20.0, "gate-0"), (500.0, "")])
def test_a_place_that_is_equipment_is_selected(
    full_world, context, qtbot, away_m, thing_id
) -> None:
    session = full_world.session
    x, y, z = (float(v) for v in session.observations.xyz_of_thing("gate-0"))
    gate = Place(id="p9", name="North gate", kind="gate", xyz_local_m=(x + away_m, y, z))
    session.city = dataclasses.replace(session.city, places=(gate,))
    ready = []
    finder = SessionFinder(
        session=session, bridge=context.bridge, actions=ActionTable(), ready=lambda: ready.append(1)
    )
    qtbot.waitUntil(lambda: bool(ready) and finder.groups()[0].heading == "Places", timeout=10_000)
    flown = []
    session.fly_to_requested.connect(flown.append)
    finder.groups()[0].choose(0)
    assert session.selection == Selection(thing_id=thing_id)
    assert np.allclose(flown[0][:3], gate.xyz_local_m)
