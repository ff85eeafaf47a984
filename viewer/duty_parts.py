"""What belongs to duty in one console: stage, units, workspaces; put together and taken apart."""

from __future__ import annotations

from functools import partial

from twin.room.parts.shifts import Shifts
from twin.staging import bundled_rules
from twin.waiting import whoami
from viewer.city_panes import CityPanes
from viewer.main_window import MainWindow
from viewer.stage_driver import StageDriver
from viewer.unit_follower import UnitFollower
from viewer.workspace_handover import WorkspaceHandover
from widgets.actions import Action, ActionTable
from widgets.parts.command_words import operator_text

GROUP = "Shift"


class DutyParts:
    """The drivers behind stage and shift. GUI thread."""

    def __init__(self, *, panes: CityPanes, window: MainWindow) -> None:
        self._window = window
        self._told = ""
        self._follower = UnitFollower(window.session, panes)
        self._handover = WorkspaceHandover(panes=panes, window=window)
        self._stage = StageDriver(
            session=window.session,
            bridge=window.bridge,
            theme=window.theme,
            rules=bundled_rules(),
            open_panel=window.show_panel,
        )
        window.top_bar.add_widget(self._stage.button)
        self._stops = [
            window.theme_changed.connect(self._stage.button.set_theme),
            window.session.room_changed.connect(self._follow_room),
        ]

    def add_actions(self, table: ActionTable) -> None:
        """Going to stage and shift by name, following a unit."""
        self._follower.add_actions(table)
        self._handover.add_actions(table)
        table.add(
            Action(
                id="stage.why",
                title="Stage of the city: why, and set it",
                group=GROUP,
                run=partial(self._window.show_panel, "stage"),
            )
        )

    def close(self) -> None:
        """Let go of everything."""
        for stop in self._stops:
            stop()
        self._handover.close()
        self._stage.close()

    def _follow_room(self, changed: frozenset[str]) -> None:
        if "operators" in changed:
            self._window.take_roles(whoami(self._window.session).roles)
        if "shifts" in changed:
            self._tell_of_handover()

    def _tell_of_handover(self) -> None:
        """Say once that the shift is handed to whoever sits here."""
        session = self._window.session
        me, waiting = whoami(session), session.hub.room[Shifts].open
        if not waiting or waiting[0].id == self._told:
            return
        handover = waiting[0]
        self._told = handover.id
        is_for_me = handover.to is not None and handover.to.identity == me.identity
        is_for_leaders = handover.to is None and (not me.roles or "shift_leader" in me.roles)
        if handover.by.identity != me.identity and (is_for_me or is_for_leaders):
            key = self._window.docks["shift"].record.key if "shift" in self._window.docks else ""
            self._window.say(
                f"{operator_text(handover.by)} hands the shift over: read it in “Shift” ({key})",
                "notice",
            )
