"""The stage of the city: in the top bar and in its panel, over the real core."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.widgets.hub_panel import *  # noqa: F403
from tests.widgets.hub_panel import shown
from tests.widgets.hub_world import HubWorld
from twin.room.parts.stage import Stage
from twin.staging import NORMAL, Proposal
from twin.theme import load_theme
from widgets.panels.stage import StagePanel
from widgets.stage_button import StageButton


@pytest.fixture
def panel(world: HubWorld, qtbot: QtBot) -> Iterator[StagePanel]:
    with shown(StagePanel, world, qtbot) as made:
        yield made


def test_a_proposal_is_taken_with_its_reason(
    world: HubWorld, panel: StagePanel, qtbot: QtBot
) -> None:
    assert panel.figure.text() == "Stage 1 Normal"
    assert not panel.confirm.isVisible()
    world.session.propose_stage(Proposal(3, ("1 severe incident is open",)))
    assert "1 severe incident is open" in panel.proposal.text()
    qtbot.mouseClick(panel.confirm, Qt.MouseButton.LeftButton)
    assert panel.reason.text() == "1 severe incident is open"
    qtbot.mouseClick(panel.set, Qt.MouseButton.LeftButton)
    world.sync()
    change = world.session.hub.room[Stage].newest
    assert change is not None
    assert (change.level, change.proposed, change.by.name) == (3, 3, "Ada")
    assert panel.figure.text() == "Stage 3 Alert"
    assert panel.model.rowCount() == 2
    assert not panel.reason.isVisible()


def test_another_stage_needs_a_reason(world: HubWorld, panel: StagePanel, qtbot: QtBot) -> None:
    world.session.propose_stage(NORMAL)
    qtbot.mouseClick(panel.steps.button(4), Qt.MouseButton.LeftButton)
    assert not panel.set.isEnabled()
    panel.reason.setText("Storm warning")
    qtbot.keyClick(panel.reason, Qt.Key.Key_Return)
    world.sync()
    change = world.session.hub.room[Stage].newest
    assert change is not None
    assert (change.level, change.proposed) == (4, 1)
    assert "stage 1 was proposed" in panel.model.index(1).data(Qt.ItemDataRole.ToolTipRole)


def test_who_was_first_is_told(world: HubWorld, panel: StagePanel, qtbot: QtBot) -> None:
    qtbot.mouseClick(panel.steps.button(4), Qt.MouseButton.LeftButton)
    panel.reason.setText("Storm warning")
    body = {"level": 2, "expected": 1, "reason": "Wind"}
    world.act("cleo", "stage.set", body)
    qtbot.keyClick(panel.reason, Qt.Key.Key_Return)
    world.sync()
    assert "Cleo (fire) set stage 2 first" in panel.problem.text()


def test_the_top_bar_tells_number_word_and_proposal(qtbot: QtBot) -> None:
    opened: list[str] = []
    button = StageButton(load_theme("light"), lambda: opened.append("stage"))
    qtbot.addWidget(button)
    assert button.text() == "1 Normal"
    button.show_stage(2, 4)
    assert button.text() == "2 Attention → 4"
    assert button.accessibleName() == "Stage of the city: 2 Attention, 4 is proposed"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert opened == ["stage"]
