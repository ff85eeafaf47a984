"""Tools of a scene: frames with them, and changes of their settings."""

from __future__ import annotations

import dataclasses

from scenes.scene_input import SceneInput

GIVEN = SceneInput(now_ns=1_780_000_000_000_000_000)


def draw(scene, target, given=GIVEN, frames=3):
    """Some frames, until what is made bit by bit is there; the last one: (height, width, 3) int."""
    for _ in range(frames):
        scene.update(given)
        target.render()
    assert scene.tools.failures == {}
    return target.pixels().astype(int)


def change(tools, tool_id, **values):
    """Change settings of a tool."""
    tools.set_state(tool_id, dataclasses.replace(tools.state(tool_id), **values))
