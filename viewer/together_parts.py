"""Working together in one console: presence, following and marks, put together and taken apart."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from viewer.city_panes import CityPanes
from viewer.main_window import MainWindow
from viewer.mark_driver import MarkDriver
from viewer.together_driver import TogetherDriver
from widgets.actions import ActionTable
from widgets.parts.command_words import operator_text

LETTERS_TOLD = 90


class TogetherParts:
    """The drivers behind the panels of operators, marks and messages. GUI thread."""

    def __init__(self, *, panes: CityPanes, window: MainWindow) -> None:
        self._window = window
        self._marks = MarkDriver(
            session=window.session, tools=window.tools, show_panel=window.show_panel
        )
        self._driver = TogetherDriver(
            session=window.session,
            panes=panes,
            together=window.together,
            bridge=window.bridge,
            panel=self._panel_in_hand,
        )
        self._stop = window.session.room_changed.connect(self._tell_of_messages)
        self._n_unread = 0
        self._driver.dress(window.theme, window.theme_changed)

    def add_actions(self, table: ActionTable) -> None:
        """Pointing, calling and following, by name."""
        self._driver.add_actions(table)

    def close(self) -> None:
        """Let go of everything."""
        self._stop()
        self._driver.close()
        self._marks.close()

    def _tell_of_messages(self, changed: frozenset[str]) -> None:
        """Say the newest message for a moment where nobody looks at the messages."""
        if "messages" not in changed:
            return
        session = self._window.session
        was, self._n_unread = self._n_unread, session.reader.n_unread()
        dock = self._window.docks.get("messages")
        if self._n_unread <= was or (dock is not None and dock.is_showing):
            return
        newest = session.reader.newest_unread()
        if newest is not None:
            text = newest.text.replace("\n", " ")
            short = text if len(text) <= LETTERS_TOLD else text[: LETTERS_TOLD - 1] + "…"
            session.message.emit(f"{operator_text(newest.by)}: {short}")

    def _panel_in_hand(self) -> str:
        """Title of the panel that has the focus, "" for none."""
        focus = QApplication.focusWidget()
        docks = self._window.docks.values()
        dock = next((d for d in docks if focus is not None and d.isAncestorOf(focus)), None)
        return "" if dock is None else dock.record.title
