"""Tools that are clicked at a place instead of a pixel."""

from __future__ import annotations

import numpy as np

from tests.scenes.tool_rig import change, draw
from tests.twin.box_city import HEIGHT_M


def test_a_tool_is_clicked_at_what_is_topmost_at_a_place(scene, target, tools):
    tools.switch("viewshed", on=True)
    draw(scene, target)
    change(tools, "viewshed", height_m=2.0, range_m=200.0)
    assert tools.click_at("viewshed", -60.0, 0.0)
    draw(scene, target, frames=3)
    eye = tools.finding("viewshed").shapes[0].xyz_local_m[0]
    assert np.allclose(eye, (-60.0, 0.0, HEIGHT_M + 2.0), atol=0.01)


def test_a_tool_that_is_off_takes_no_place(tools):
    assert not tools.click_at("viewshed", 0.0, 0.0)
