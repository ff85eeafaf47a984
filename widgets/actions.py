"""Named actions: menus, keys, the find box and context menus all come from one table."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from twin.signals import Signal

_log = logging.getLogger(__name__)
#: What uses letters itself while it has the focus.
_TAKES_LETTERS = (
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
)


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something a person can do.

    Attributes
    ----------
    id : dotted, lower case, permanent, e.g. "view.frame_selection"
    title : sentence case, verb and object; "…" at the end when more input follows
    run : does it, on the GUI thread
    key : Qt's portable text of a key sequence, e.g. "Ctrl+K", "F", "" for none
    group : heading in menus and the find box, e.g. "View", "Selection", "Window", "Commands"
    enabled : asked each time it is offered
    checked : for a switch: asked each time it is shown; None for a plain action
    """

    id: str
    title: str
    run: Callable[[], object]
    key: str = ""
    group: str = "General"
    icon: str = ""
    enabled: Callable[[], bool] = _always
    checked: Callable[[], bool] | None = None


class ActionTable:
    """All actions of one window, by id, in the order they were added. GUI thread.

    Signals
    -------
    changed(None)
        An action was added or taken away.
    """

    def __init__(self) -> None:
        self._actions: dict[str, Action] = {}
        self.changed: Signal[None] = Signal()

    def add(self, action: Action) -> Callable[[], None]:
        """Add an action; call what is returned to take it away again.

        Raises
        ------
        ValueError
            The id is taken, or the key belongs to another action.
        """
        if action.id in self._actions:
            raise ValueError(f"There is already an action {action.id}")
        if action.key:
            for other in self._actions.values():
                if other.key == action.key:
                    raise ValueError(f"{action.key} already belongs to {other.id}")
        self._actions[action.id] = action
        self.changed.emit(None)

        def remove() -> None:
            if self._actions.get(action.id) is action:
                del self._actions[action.id]
                self.changed.emit(None)

        return remove

    def run(self, action_id: str) -> bool:
        """Do it. False if it is unknown, not enabled, or failed (which is logged)."""
        action = self._actions.get(action_id)
        if action is None or not action.enabled():
            return False
        try:
            action.run()
        except Exception:  # noqa: BLE001 - logged; the window goes on
            _log.exception("The action failed: %s", action_id)
            return False
        return True

    def get(self, action_id: str) -> Action | None:
        """The action called `action_id`, or None."""
        return self._actions.get(action_id)

    def in_group(self, group: str) -> tuple[Action, ...]:
        """The actions under one heading."""
        return tuple(a for a in self._actions.values() if a.group == group)

    def groups(self) -> tuple[str, ...]:
        """The headings, in the order they first came."""
        return tuple(dict.fromkeys(a.group for a in self._actions.values()))

    def __iter__(self) -> Iterator[Action]:
        return iter(tuple(self._actions.values()))

    def __len__(self) -> int:
        return len(self._actions)


def key_text(key: str) -> str:
    """A key as the person's platform writes it ("Ctrl+K", "⌘K"), "" for none."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) if key else ""


class KeyBinding:
    """Keeps a window's keys in step with an `ActionTable`. GUI thread; call `close` at the end."""

    def __init__(self, window: QWidget, table: ActionTable) -> None:
        self._window = window
        self._table = table
        self._bound: dict[str, tuple[Action, QAction]] = {}
        self._disconnect = table.changed.connect(self._follow)
        self._follow(None)

    def _follow(self, _nothing: None) -> None:
        wanted = {action.id: action for action in self._table if action.key}
        for action_id, (action, qt_action) in tuple(self._bound.items()):
            if wanted.get(action_id) is not action:
                self._window.removeAction(qt_action)
                qt_action.deleteLater()
                del self._bound[action_id]
        for action_id, action in wanted.items():
            if action_id not in self._bound:
                self._bound[action_id] = (action, self._bind(action))

    def _bind(self, action: Action) -> QAction:
        qt_action = QAction(action.title, self._window)
        qt_action.setShortcut(QKeySequence(action.key))
        qt_action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        qt_action.triggered.connect(lambda _checked=False, a=action: self._take(a))
        self._window.addAction(qt_action)
        return qt_action

    def _take(self, action: Action) -> None:
        """Run it, but a lone letter belongs to the list or field that has the focus."""
        focus = QApplication.focusWidget()
        if len(action.key) > 1 or not isinstance(focus, _TAKES_LETTERS):
            self._table.run(action.id)
        elif isinstance(focus, QAbstractItemView):
            focus.keyboardSearch(action.key)

    def close(self) -> None:
        """Take all keys away."""
        self._disconnect()
        for _action, qt_action in self._bound.values():
            self._window.removeAction(qt_action)
            qt_action.deleteLater()
        self._bound.clear()


def fill_menu(menu: QMenu, table: ActionTable, actions: Iterable[Action]) -> None:
    """Add an entry for each action, with its key, tick and whether it can be done now."""
    for action in actions:
        entry = menu.addAction(action.title)
        entry.setEnabled(action.enabled())
        if action.key:  # shown only: the key itself belongs to the window's KeyBinding
            entry.setText(f"{action.title}\t{key_text(action.key)}")
        if action.checked is not None:
            entry.setCheckable(True)
            entry.setChecked(action.checked())
        entry.triggered.connect(lambda _checked=False, i=action.id: table.run(i))
