"""Cues in the core: the newest of each kind, what is refused, a scene that begins."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twin.hub_bench import Bench
from twin.link.control import Acknowledged, Refused
from twin.room.fold import Room
from twin.room.parts.cues import Cues

STOP = (1.0, 2.0, 0.0, 300.0, 0.5, 0.4, 4.0, 1.0)


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.greet("ada", "Ada", "control_room")
    return bench


def show(bench: Bench, kind: str, **more: Any) -> Any:
    return bench.act("ada", "cue.show", {"kind": kind, "scene_s": 3.5, **more})


def test_the_newest_cue_of_each_kind_is_kept_until_a_scene_begins(bench: Bench) -> None:
    assert isinstance(show(bench, "caption", text="Rain"), Acknowledged)
    show(bench, "caption", title="Cloudburst", text="More rain", seconds=5)
    show(bench, "camera", stops=[STOP])
    cues = bench.core.room[Cues].by_kind
    caption, camera = cues.get("caption"), cues.get("camera")
    assert caption is not None
    assert camera is not None
    assert (caption.text, caption.scene_s, caption.by.name) == ("More rain", 3.5, "Ada")
    assert camera.stops == (STOP,)
    again = Room.from_bytes(bench.core.room.to_bytes())
    assert again.state_hash() == bench.core.room.state_hash()
    show(bench, "scene", title="Another", text="begun")
    assert tuple(cues.entries) == ("scene",)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"text": "x" * 1_001}, "at most"),
        ({"things": ["a"] * 201}, "at most 200"),
        ({"layers_on": ["x" * 201]}, "names of at most"),
        ({"seconds": 1e9}, "numbers of at most"),
        ({"stops": [(*STOP[:3], 0.0, *STOP[4:])]}, "some way off"),
        ({"stops": [(*STOP[:6], -1.0, 0.0)]}, "some way off"),
        ({"mood": "dark"}, "cannot be read"),
    ],
)
def test_what_cannot_be_shown_leaves_no_trace(
    bench: Bench, more: dict[str, Any], words: str
) -> None:
    before = bench.core.room.state_hash()
    reply = show(bench, "caption", **more)
    assert isinstance(reply, Refused)
    assert words in reply.text
    assert bench.core.room.state_hash() == before
