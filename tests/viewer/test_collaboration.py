"""What a console tells its operator by itself: what waits for them, what became of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.twin.hub_bench import INFO
from tests.widgets.hub_world import HubWorld
from twin.commanding import issue_command
from viewer.collaboration import Collaboration
from viewer.settings import Settings
from widgets.actions import ActionTable
from widgets.bridge import Bridge


class ToldWindow:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.queue: tuple[int, int, str] = (0, 0, "")
        self.is_drill = False

    def say(self, sentence: str, level: str = "calm") -> None:
        self.said.append((sentence, level))

    def show_queue(self, n: int, level: int, panel_id: str) -> None:
        self.queue = (n, level, panel_id)

    def show_drill(self, is_drill: bool) -> None:
        self.is_drill = is_drill


class Rig:
    """A session over the real core, its collaboration, and what was told and played."""

    def __init__(self, tmp_path: Path) -> None:
        self.world = HubWorld(tmp_path)
        self.bridge = Bridge(self.world.world.clock)
        self.window = ToldWindow()
        self.settings = Settings(tmp_path / "console.ini")
        self.driver = Collaboration(
            session=self.world.session,
            bridge=self.bridge,
            window=self.window,
            settings=self.settings,
        )
        self.played: list[bytes] = []
        self.driver.sounds._play = self.played.append
        self.driver.step()

    def look(self) -> list[tuple[str, str]]:
        """Sync and step; what was said since the last look."""
        self.window.said.clear()
        self.world.sync()
        self.driver.step()
        return list(self.window.said)


@pytest.fixture
def rig(tmp_path: Path, qapp: Any) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.driver.close()
    made.bridge.close()
    made.world.close()


def test_what_comes_to_wait_for_me_is_said_shown_and_heard_once(rig: Rig) -> None:
    assert rig.window.queue == (0, 0, "approvals")
    rig.world.submit("ben", "gate.set", "gate-0", opening_pct=80.0)
    said = rig.look()
    assert said == [("Ben (water) asks you to approve: set North gate", "notice")]
    assert rig.window.queue == (1, 2, "approvals")
    assert len(rig.played) == 1
    assert rig.look() == []
    assert len(rig.played) == 1
    rig.world.submit("dora", "pump.start", "pump-0")
    rig.world.submit("dora", "pump.start", "pump-1")
    assert rig.look() == [("2 things came in that wait for you", "notice")]
    assert rig.window.queue == (3, 2, "approvals")


def test_a_request_for_my_lease_opens_the_leases(rig: Rig) -> None:
    rig.world.session.hub.act("lease.take", {"asset_id": "gate-0", "asset_name": "North gate"})
    assert rig.look() == []
    rig.world.act("cleo", "lease.ask", {"asset_id": "gate-0"})
    assert rig.look() == [("Cleo (fire) asks you for North gate", "low")]
    assert rig.window.queue == (1, 1, "leases")


def test_sounds_follow_the_settings(rig: Rig) -> None:
    rig.settings.sound_mode = "off"
    rig.world.submit("ben", "gate.set", "gate-0", opening_pct=80.0)
    rig.look()
    assert rig.played == []


def test_each_end_of_my_own_command_is_told(rig: Rig) -> None:
    gate = issue_command(rig.world.session, "pump.start", "pump-0", {})
    (told,) = rig.look()
    assert told == (
        "Start Pump 1 waits for 2 approvals, each of another department",
        "notice",
    )
    body = {"command_id": gate.id, "digest": rig.world.digest(gate.id)}
    rig.world.act("ben", "approval.give", body)
    assert rig.look() == []
    rig.world.act("cleo", "approval.deny", body | {"text": "The outlet is blocked"})
    assert rig.look() == [
        ("Start Pump 1 denied: Denied by Cleo (fire): The outlet is blocked", "alarm")
    ]


def test_an_approval_and_the_effect_are_told(rig: Rig) -> None:
    bench = rig.world.bench
    rig.world.world.observe("road-0/traffic_flow", 800.0)
    road = issue_command(rig.world.session, "road.close", "road-0", {"cause": "works"})
    rig.look()
    bench.see(800.0, "road-0/traffic_flow")
    bench.says(road.id, "accepted")
    assert rig.look() == [], "steps on the way are no news"
    bench.see(12.0, "road-0/traffic_flow")
    ((sentence, level),) = rig.look()
    assert sentence.startswith("Closed Harbour Street: traffic flow 12 veh/h")
    assert level == "calm"
    assert rig.look() == []


def test_others_commands_are_not_told(rig: Rig) -> None:
    command_id = rig.world.submit("cleo", "road.close", "road-0", cause="works")
    rig.look()
    rig.world.bench.says(command_id, "failed", "No crew")
    assert rig.look() == []


def test_a_refusal_says_who_was_faster(rig: Rig) -> None:
    rig.world.act("ben", "lease.take", {"asset_id": "gate-0", "asset_name": "North gate"})
    rig.world.session.hub.act("lease.take", {"asset_id": "gate-0", "asset_name": "North gate"})
    ((sentence, level),) = rig.look()
    assert sentence == "The hub refused: North gate is held by Ben (water); ask for it"
    assert level == "alarm"


def test_a_drill_frames_the_window(rig: Rig) -> None:
    assert not rig.window.is_drill
    drill = msgspec.structs.replace(INFO, drill=True)
    rig.world.world.client.hub_info = lambda: drill  # type: ignore[method-assign]
    rig.driver.step()
    assert rig.window.is_drill


def test_sounds_are_an_action_with_a_dialog(rig: Rig, qtbot: Any) -> None:
    table = ActionTable()
    rig.driver.add_actions(table)
    assert table.get("window.sounds").title == "Sounds…"
    dialog = rig.driver.open_sounds()
    qtbot.addWidget(dialog)
    dialog.volume.setValue(10)
    assert rig.settings.sound_volume == pytest.approx(0.1)
    dialog.close()
