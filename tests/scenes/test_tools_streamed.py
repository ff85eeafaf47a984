"""Shadows, sections and viewsheds over tiles that come and go."""

from __future__ import annotations

import numpy as np
import pytest

from tests.scenes.streamed_rig import ELSEWHERE, STREET, settle
from tests.scenes.tool_rig import GIVEN, change


@pytest.fixture
def street(streamed, target):
    """A street of a streamed city, complete."""
    scene = streamed()
    scene.camera.set_pose(STREET)
    settle(scene, target, GIVEN)
    return scene


def picture(scene, target):
    settle(scene, target, GIVEN)
    assert scene.tools.failures == {}
    return target.pixels().astype(int)


def n_darker(before, after):
    return int((after.sum(axis=2) < 0.75 * before.sum(axis=2)).sum())


def test_streamed_tiles_cast_shadows_also_after_others_left(street, target):
    tools = street.tools
    plain = picture(street, target)
    tools.switch("sun", on=True)
    change(tools, "sun", day="2026-06-21", hour=9.0)
    first = picture(street, target)
    dark = n_darker(plain, first)
    assert dark > 1000
    street.camera.set_pose(ELSEWHERE)
    picture(street, target)
    street.camera.set_pose(STREET)
    again = picture(street, target)
    assert abs(n_darker(plain, again) - dark) < 0.2 * dark
    tools.switch("sun", on=False)
    assert n_darker(plain, picture(street, target)) == 0


def test_streamed_tiles_are_cut_and_capped(street, target):
    tools = street.tools
    tools.switch("section", on=True)
    change(tools, "section", cut="level", height_m=4.0)
    picture(street, target)
    rows = {row.name: row.value for row in tools.finding("section").rows}
    assert float(rows["Area cut through"].replace(",", "")) > 100
    x, y = np.array(target.window.GetSize()) / 2
    hit = street.pick(float(x), float(y))
    ground = street._stage.ground_z_m
    assert hit is not None
    assert hit.xyz_local_m[2] <= ground + 4.0 + 1e-3


def test_an_observer_sees_streamed_tiles(street, target):
    tools = street.tools
    plain = picture(street, target)
    tools.switch("viewshed", on=True)
    picture(street, target)
    change(tools, "viewshed", height_m=30.0, range_m=400.0)
    tools.click(200.0, 150.0)
    tinted = picture(street, target)
    for _ in range(40):  # the areas come in over the next updates
        street.update(GIVEN)
    changed = np.abs(tinted - plain).sum(axis=2) > 60
    assert changed.mean() > 0.1
    assert "Roofs seen" in {row.name for row in tools.finding("viewshed").rows}
