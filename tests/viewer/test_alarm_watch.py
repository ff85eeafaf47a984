"""What a console tells its operator of alarms by itself: counts, sounds, a sentence, the key A."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.hub_world import HubWorld
from twin.operations.alarm_book import Unseen
from twin.room.fold import Room
from twin.room.parts.alarms import Priority
from viewer.alarm_watch import AlarmWatch
from widgets.actions import ActionTable
from widgets.bridge import Bridge
from widgets.sounds import SoundMode, Sounds, chime_wav


class ToldWindow:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.counts: Mapping[Priority, Unseen] = {}
        self.panels: list[str] = []
        self.n_acknowledged = 0
        self.has_chosen = False

    def say(self, sentence: str, level: str = "calm") -> None:
        self.said.append(sentence)

    def show_alarm_counts(self, counts: Mapping[Priority, Unseen]) -> None:
        self.counts = counts

    def show_panel(self, panel_id: str) -> None:
        self.panels.append(panel_id)

    def acknowledge_alarms(self) -> bool:
        self.n_acknowledged += 1
        return self.has_chosen


class Rig:
    """A session over the real core, the watch, and what was told and played."""

    def __init__(self, tmp_path: Path) -> None:
        self.world = HubWorld(tmp_path)
        self.bridge = Bridge(self.world.world.clock)
        self.window = ToldWindow()
        self.played: list[bytes] = []
        self.mode: SoundMode = "all"
        self.is_live = True
        self.watch = AlarmWatch(
            session=self.world.session,
            bridge=self.bridge,
            window=self.window,
            sounds=Sounds(
                clock=self.world.world.clock,
                play=self.played.append,
                mode=lambda: self.mode,
                volume=lambda: 0.5,
            ),
            is_live=lambda: self.is_live,
        )
        self.look()

    def look(self) -> None:
        """Ada's console takes in what happened."""
        self.window.said.clear()
        self.played.clear()
        self.world.sync()
        self.watch.step()

    def raise_(self, alarm_id: str, priority: str, **more: Any) -> None:
        one = {"id": alarm_id, "title": "Level is high", "priority": priority, **more}
        self.world.act("ben", "alarm.raise", {"alarms": [one]})

    def pass_s(self, seconds: float) -> None:
        self.world.world.clock.advance_s(seconds)


@pytest.fixture
def rig(tmp_path: Path, qapp: Any) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.watch.close()
    made.bridge.close()
    made.world.close()


def test_each_priority_has_its_sound_and_a_critical_one_a_sentence(rig: Rig) -> None:
    for priority in Priority:
        rig.pass_s(5.0)
        rig.raise_(priority.value, priority.value, thing_name="Pump 1")
        rig.look()
        assert rig.played == [chime_wav(f"alarm {priority.value}", 0.5)]  # type: ignore[arg-type]
        is_told = priority is Priority.CRITICAL
        assert rig.window.said == ["Critical alarm: Level is high, Pump 1"] * is_told
    assert set(rig.window.counts) == set(Priority)


def test_it_is_heard_again_until_somebody_acknowledges_it(rig: Rig) -> None:
    rig.raise_("a", "critical")
    rig.look()
    assert len(rig.played) == 1
    rig.pass_s(5.0)
    rig.look()
    assert rig.played == []
    rig.pass_s(6.0)
    rig.look()
    assert rig.played == [chime_wav("alarm critical", 0.5)]
    assert rig.window.said == []
    rig.world.act("ben", "alarm.acknowledge", {"ids": ["a"]})
    rig.pass_s(60.0)
    rig.look()
    assert rig.played == []
    assert rig.window.counts == {Priority.CRITICAL: Unseen(n=1, n_unacknowledged=0)}


def test_sounds_follow_the_settings_and_what_is_set_aside_is_silent(rig: Rig) -> None:
    rig.mode = "urgent"
    rig.raise_("a", "low")
    rig.look()
    assert rig.played == []
    rig.raise_("b", "high")
    rig.look()
    assert len(rig.played) == 1
    rig.mode = "off"
    rig.pass_s(40.0)
    rig.look()
    assert rig.played == []
    rig.mode = "all"
    rig.pass_s(40.0)
    rig.raise_("c", "critical", suppressed_by="The pump is off by design")
    rig.world.act("ben", "alarm.shelve", {"ids": ["b"], "seconds": 600.0, "reason": "Known"})
    rig.look()
    assert rig.played == []
    assert set(rig.window.counts) == {Priority.LOW}


def test_the_past_is_silent_and_what_was_there_already_is_not_new(rig: Rig) -> None:
    rig.is_live = False
    rig.raise_("a", "critical")
    rig.look()
    assert (rig.played, rig.window.said) == ([], [])
    assert rig.window.counts[Priority.CRITICAL].n == 1
    rig.is_live = True
    client = rig.world.world.client
    client._copy.room = Room.from_bytes(client.room.to_bytes())  # another picture of the room
    rig.watch._rung_ns = rig.world.world.clock.monotonic_ns()
    rig.look()
    assert (rig.played, rig.window.said) == ([], [])


def test_many_critical_ones_are_one_sentence(rig: Rig) -> None:
    rig.raise_("a", "critical")
    rig.raise_("b", "critical")
    rig.look()
    assert rig.window.said == ["2 critical alarms came in"]
    assert len(rig.played) == 1


def test_the_key_a_acknowledges_or_shows_what_should_be_looked_at(rig: Rig) -> None:
    table = ActionTable()
    rig.watch.add_actions(table)
    action = table.get("alarm.acknowledge")
    assert action is not None
    assert action.key == "A"
    table.run(action.id)
    assert rig.window.panels == ["alarms"]
    rig.window.has_chosen = True
    table.run(action.id)
    assert (rig.window.panels, rig.window.n_acknowledged) == (["alarms"], 2)


def test_an_alarm_that_is_clicked_in_the_view_opens_the_panel(rig: Rig) -> None:
    rig.world.session.alarm_inspected.emit("a")
    assert rig.window.panels == ["alarms"]
