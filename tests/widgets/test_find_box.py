"""Finding by name: what comes first, how the box is used, and that it stays quick."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QListView, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from twin.theme import load_theme
from widgets.actions import Action, ActionTable
from widgets.find_box import FindBox, action_group
from widgets.find_index import FindGroup, NameIndex, find


def names(entries: Sequence[str], query: str, limit: int = 10) -> list[str]:
    return [entries[hit.row] for hit in NameIndex(entries).search(query, limit)]


def test_prefix_before_word_start_before_anywhere() -> None:
    entries = ["Shoreham", "Old Harbour", "Harbour", "Harbour Street", "Charm"]
    assert names(entries, "har") == ["Harbour", "Harbour Street", "Old Harbour", "Charm"]


def test_letters_in_order_only_when_nothing_else_fits() -> None:
    entries = ["Harbour Street", "High street", "Park"]
    assert names(entries, "hst") == ["High street", "Harbour Street"]
    assert names(entries, "street") == ["High street", "Harbour Street"]
    assert names(entries, "xyz") == []


def test_words_in_any_order_and_separators_do_not_matter() -> None:
    entries = ["pump.station-3 level", "pump.station-4 level", "gate 3"]
    assert names(entries, "level 3") == ["pump.station-3 level"]
    assert names(entries, "pump station 4") == ["pump.station-4 level"]
    assert names(entries, "PUMP STATION-3") == ["pump.station-3 level"]


@pytest.mark.parametrize("query", ["", "   ", "\n", "()", "?*["])
def test_odd_queries_find_nothing_and_do_not_fail(query: str) -> None:
    assert names(["Park", "Pump 3"], query) == []


def test_names_of_other_scripts_and_line_breaks() -> None:
    assert names(["Straße\nNord", "Ørsted Plads", "中央公園"], "strasse nord") == ["Straße\nNord"]
    assert names(["Straße", "Ørsted Plads", "中央公園"], "公園") == ["中央公園"]
    assert names(["Straße", "Ørsted Plads"], "ørs") == ["Ørsted Plads"]


def test_the_group_with_the_best_hit_comes_first() -> None:
    def group(heading: str, entries: list[str]) -> FindGroup:
        return FindGroup(
            heading=heading,
            index=NameIndex(entries),
            title=entries.__getitem__,
            choose=lambda _row: None,
        )

    found = find([group("A", ["Old pump"]), group("B", ["Pump 1", "x pump"])], "pump")
    assert [(f.group.heading, f.group.title(f.row)) for f in found] == [
        ("B", "Pump 1"),
        ("B", "x pump"),
        ("A", "Old pump"),
    ]


def test_a_key_press_over_100_000_names_is_quick() -> None:
    streets = ("Spui", "Harbour Street", "Markt", "Laan van Meerdervoort")
    index = NameIndex(
        f"{streets[i % 4]} {i} Pand.0518{i * 7919 % 1_000_003:09d}" for i in range(100_000)
    )
    took = []
    for query in ("h", "har", "harbour street 99", "street 77 harb", "0518", "zzzz", "99999"):
        began = time.perf_counter()
        index.search(query, 6)
        took.append(time.perf_counter() - began)
    assert sorted(took)[len(took) // 2] < 0.1, "measured 0.01 s on an idle machine"


@pytest.fixture
def box_and_done(qtbot: QtBot) -> tuple[FindBox, list[str], QLineEdit]:
    done: list[str] = []
    table = ActionTable()
    for name in ("Close Harbour Street", "Close the window", "Open gate"):
        table.add(
            Action(id=name.lower().replace(" ", "."), title=name, run=lambda n=name: done.append(n))
        )
    table.add(Action(id="no", title="Close nothing", run=list, enabled=lambda: False))
    window = QWidget()
    edit = QLineEdit()
    QVBoxLayout(window).addWidget(edit)
    window.resize(800, 600)
    qtbot.addWidget(window)
    box = FindBox(
        window,
        groups=lambda: (action_group(table, "Actions", lambda _a: True),),
        theme=load_theme("light"),
    )
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    edit.setFocus()
    return box, done, edit


def test_type_arrow_enter(box_and_done: tuple[FindBox, list[str], QLineEdit], qtbot: QtBot) -> None:
    box, done, edit = box_and_done
    box.open()
    line = box.findChild(QLineEdit)
    assert line is not None
    assert line.hasFocus()
    qtbot.keyClicks(line, "close")
    assert [f.group.title(f.row) for f in box.results()] == [
        "Close the window",
        "Close Harbour Street",
    ]
    qtbot.keyClick(line, Qt.Key.Key_Down)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert done == ["Close Harbour Street"]
    assert not box.isVisible()
    assert edit.hasFocus(), "the keyboard goes back to where it was"


def test_the_first_heading_is_in_sight(
    box_and_done: tuple[FindBox, list[str], QLineEdit], qtbot: QtBot
) -> None:
    box, _done, _edit = box_and_done
    groups = [
        FindGroup(
            heading=f"Group {n}",
            index=NameIndex(f"Close {k}" for k in range(9)),
            title=lambda row: f"Close {row}",
            choose=lambda _row: None,
        )
        for n in range(4)
    ]
    box._ask_groups = lambda: groups
    box.open()
    line, listed = box.findChild(QLineEdit), box.findChild(QListView)
    qtbot.keyClicks(line, "close")
    assert listed.verticalScrollBar().maximum() > 0
    assert listed.verticalScrollBar().value() == 0
    for _ in range(20):
        qtbot.keyClick(line, Qt.Key.Key_Down)
    assert listed.verticalScrollBar().value() > 0
    for _ in range(25):
        qtbot.keyClick(line, Qt.Key.Key_Up)
        if listed.currentIndex().row() == 1:
            break
    assert listed.verticalScrollBar().value() == 0
    line.setText("zzz")
    line.setText("clo")
    assert listed.visualRect(listed.model().index(0, 0)).top() >= 0


def test_escape_closes_and_nothing_runs(
    box_and_done: tuple[FindBox, list[str], QLineEdit], qtbot: QtBot
) -> None:
    box, done, _edit = box_and_done
    box.open()
    line = box.findChild(QLineEdit)
    qtbot.keyClicks(line, "zzzz")
    assert box.results() == []
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert box.isVisible()
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    assert not box.isVisible()
    assert done == []
    box.grab()
