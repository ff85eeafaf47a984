"""Looks which stage of the city the rules propose, and shows it and the one in force at the top."""

from __future__ import annotations

from collections.abc import Callable

from twin.room.parts.stage import Stage
from twin.session import TwinSession
from twin.staging import StageRules, Steady, counts_of, propose
from twin.theme import Theme
from widgets.bridge import Bridge
from widgets.stage_button import StageButton

LOOK_MS = 1_000


class StageDriver:
    """GUI thread; call `close` at the end.

    Parameters
    ----------
    open_panel : opens the panel of that id
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        bridge: Bridge,
        theme: Theme,
        rules: StageRules,
        open_panel: Callable[[str], object],
    ) -> None:
        self._session = session
        self._rules = rules
        self._steady = Steady(rules.dwell_s)
        self.button = StageButton(theme, lambda: open_panel("stage"))
        self._stops = [
            bridge.every(LOOK_MS, self.look),
            session.room_changed.connect(self._follow_room),
            session.proposal_changed.connect(lambda _proposal: self._show()),
        ]

    def look(self) -> None:
        """Propose anew from what the room and its sources are now."""
        session = self._session
        now_ns = session.clock.now_ns()
        counts = counts_of(session.hub.room, session.observations.snapshot(), now_ns)
        session.propose_stage(self._steady.take(propose(self._rules, counts), now_ns))
        self._show()

    def close(self) -> None:
        """Let go of everything."""
        for stop in self._stops:
            stop()

    def _follow_room(self, changed: frozenset[str]) -> None:
        if "stage" in changed:
            self._show()

    def _show(self) -> None:
        level = self._session.hub.room[Stage].level
        self.button.show_stage(level, self._session.proposal.level)
