"""The table of actions and its keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QListWidget, QMenu, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from widgets.actions import Action, ActionTable, KeyBinding, fill_menu


def test_ids_and_keys_are_unique() -> None:
    table = ActionTable()
    table.add(Action(id="view.home", title="Show the whole city", run=list, key="Home"))
    with pytest.raises(ValueError, match="already an action"):
        table.add(Action(id="view.home", title="Again", run=list))
    with pytest.raises(ValueError, match=r"belongs to view\.home"):
        table.add(Action(id="view.other", title="Other", run=list, key="Home"))


def test_a_disabled_or_failing_action_does_not_run(caplog: pytest.LogCaptureFixture) -> None:
    table = ActionTable()
    done: list[str] = []
    table.add(Action(id="a", title="A", run=lambda: done.append("a"), enabled=lambda: False))
    table.add(Action(id="b", title="B", run=lambda: 1 / 0))
    table.add(Action(id="c", title="C", run=lambda: done.append("c")))
    assert [table.run(i) for i in ("a", "b", "c", "unknown")] == [False, False, True, False]
    assert done == ["c"]
    assert "The action failed: b" in caplog.text


def test_keys_follow_the_table_and_leave_typing_alone(qtbot: QtBot) -> None:
    table = ActionTable()
    done: list[str] = []
    window = QWidget()
    edit = QLineEdit()
    QVBoxLayout(window).addWidget(edit)
    qtbot.addWidget(window)
    binding = KeyBinding(window, table)
    remove = table.add(Action(id="f", title="Frame", run=lambda: done.append("f"), key="F"))
    window.show()
    qtbot.waitExposed(window)
    window.setFocus()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_F)
    assert done == ["f"]
    edit.setFocus()
    qtbot.keyClick(edit, Qt.Key.Key_F)
    assert edit.text().lower() == "f"
    assert done == ["f"]
    remove()
    window.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_F)
    assert done == ["f"]
    binding.close()
    assert table.changed.n_handlers == 0


def test_a_lone_letter_is_left_to_a_list_with_the_focus(qtbot: QtBot) -> None:
    table = ActionTable()
    done: list[str] = []
    window = QWidget()
    names = QListWidget()
    names.addItems(["Canal Street", "Friar Street"])
    QVBoxLayout(window).addWidget(names)
    qtbot.addWidget(window)
    binding = KeyBinding(window, table)
    table.add(Action(id="f", title="Frame", run=lambda: done.append("f"), key="F"))
    table.add(Action(id="k", title="Find", run=lambda: done.append("k"), key="Ctrl+K"))
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    names.setFocus()
    qtbot.waitUntil(names.hasFocus)
    qtbot.keyClick(names, Qt.Key.Key_F)
    qtbot.keyClick(names, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert done == ["k"]
    assert names.currentItem().text() == "Friar Street"
    window.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_F)
    assert done == ["k", "f"]
    binding.close()


def test_a_menu_shows_keys_ticks_and_what_is_possible(qtbot: QtBot) -> None:
    table = ActionTable()
    done: list[str] = []
    table.add(Action(id="a", title="Close road", run=lambda: done.append("a"), key="Ctrl+R"))
    table.add(Action(id="b", title="Layers", run=list, checked=lambda: True))
    table.add(Action(id="c", title="Later", run=list, enabled=lambda: False, group="Other"))
    menu = QMenu()
    qtbot.addWidget(menu)
    fill_menu(menu, table, table)
    first, second, third = menu.actions()
    assert first.text() == "Close road\tCtrl+R"
    assert second.isChecked()
    assert not third.isEnabled()
    first.trigger()
    assert done == ["a"]
    assert table.groups() == ("General", "Other")
