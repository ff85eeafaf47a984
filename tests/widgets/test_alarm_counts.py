"""Counts of alarms at the top: nothing is calm, what nobody has seen is told first."""

from __future__ import annotations

from typing import Any

from twin.operations.alarm_book import Unseen
from twin.room.parts.alarms import Priority
from twin.theme import load_theme
from widgets.alarm_counts import CALM, AlarmCounts


def test_no_alarms_are_said_and_counts_by_priority_are_shown(qtbot: Any) -> None:
    counts = AlarmCounts(load_theme("light"))
    qtbot.addWidget(counts)
    counts.show()
    assert counts.accessibleName() == CALM
    calm = counts.sizeHint().width()
    counts.show_counts({
        Priority.LOW: Unseen(n=1_200),
        Priority.CRITICAL: Unseen(n=3, n_unacknowledged=1),
    })  # fmt: skip
    assert counts.accessibleName() == "Alarms: 3 critical, 1 not acknowledged; 1,200 low"
    assert counts.property("role") == "queue"
    assert counts.sizeHint().width() > calm
    light = counts.grab().toImage()
    counts.show_counts({Priority.LOW: Unseen(n=1_200), Priority.CRITICAL: Unseen(n=3)})
    assert counts.property("role") == "counter"
    assert counts.grab().toImage() != light


def test_its_marks_have_the_colours_of_the_theme(qtbot: Any) -> None:
    counts = AlarmCounts(load_theme("light"))
    qtbot.addWidget(counts)
    counts.show_counts({Priority.CRITICAL: Unseen(n=3, n_unacknowledged=3)})
    counts.resize(counts.sizeHint())

    def colours() -> set[str]:
        image = counts.grab().toImage()
        at = ((x, y) for x in range(image.width()) for y in range(image.height()))
        return {image.pixelColor(*one).name().upper() for one in at}

    assert load_theme("light").priority["critical"] in colours()
    counts.set_theme(load_theme("dark"))
    assert load_theme("dark").priority["critical"] in colours()
