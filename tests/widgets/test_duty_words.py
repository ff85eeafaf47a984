"""Everything that happens on duty is told in words, over the real core."""

from __future__ import annotations

from pathlib import Path

from tests.widgets.hub_world import HubWorld
from twin.room.parts.shifts import Shifts
from widgets.parts.activity_list import sentence_of
from widgets.parts.duty_words import DUTY_SAID


def test_everything_is_told_in_words(tmp_path: Path) -> None:
    world = HubWorld(tmp_path)
    for who, kind, body in (
        ("cleo", "stage.set", {"level": 3, "expected": 1, "reason": "River is rising"}),
        ("ben", "shift.note", {"id": "n1", "text": "Parade at three"}),
        ("cleo", "shift.take", {}),
        ("cleo", "shift.hand_over", {"id": "h1", "to_console": "id-Ada"}),
        ("ada", "shift.send_back", {"id": "h1", "text": "Who holds pump 3?"}),
        ("cleo", "shift.hand_over", {"id": "h2"}),
        ("ben", "unit.take_out", {"unit_id": "amb-1", "name": "Ambulance 1", "reason": "Tyre"}),
        ("ben", "unit.put_back", {"unit_id": "amb-1"}),
        ("ben", "workspace.offer", {"id": "w1", "to": "id-Cleo"}),
        ("cleo", "workspace.take", {"id": "w1"}),
        ("ben", "workspace.offer", {"id": "w2"}),
    ):
        world.act(who, kind, body)
    digest = world.bench.core.room[Shifts].handovers.entries["h2"].digest
    world.act("ada", "shift.accept", {"id": "h2", "digest": digest, "text": "Read it"})
    world.wait(3_700.0)
    world.sync()
    activity = world.session.hub.room.activity
    told = [sentence_of(world.session, event) for event in activity]
    for sentence in (
        "Cleo (fire) set stage 3 (Alert) – River is rising",
        "Ben (water) noted for the shift: Parade at three",
        "Cleo (fire) leads the shift now",
        "Cleo (fire) hands the shift over to Ada",
        "Ada (traffic) sent the handover back – Who holds pump 3?",
        "Ada (traffic) accepted the shift – Read it",
        "Ben (water) took Ambulance 1 out of service – Tyre",
        "Ben (water) put Ambulance 1 back in service",
        "Ben (water) offers a workspace to Cleo",
        "Cleo (fire) took over the workspace of Ben",
        "An offered workspace ended: Nobody took it",
    ):
        assert sentence in told, sentence
    assert set(DUTY_SAID) <= {event.kind for event in activity}
    world.close()
