"""What a console does by itself for alarms: counts at the top, sounds, a sentence, the key A."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from twin.clock import NS_PER_S
from twin.operations.alarm_book import Unseen, unseen_of
from twin.operations.alarm_groups import RANK
from twin.room.fold import Room
from twin.room.parts.alarms import Alarm, Alarms, Priority
from twin.session import TwinSession
from widgets.actions import Action, ActionTable
from widgets.bridge import Bridge
from widgets.parts.alarm_words import place_text
from widgets.parts.wording import count_text
from widgets.shape_mark import Level
from widgets.sounds import ALARM_CHIMES, Sounds

STEP_MS = 250
PANEL_ID = "alarms"
#: While one of these is not acknowledged, its sound comes again after so long.
AGAIN_S: Mapping[Priority, float] = {Priority.CRITICAL: 10.0, Priority.HIGH: 30.0}
SIGNIFICANCE = {Priority.CRITICAL: 4, Priority.HIGH: 3, Priority.MEDIUM: 2, Priority.LOW: 1}


class Window(Protocol):
    """What is asked of the window."""

    def say(self, sentence: str, level: Level = "calm") -> None:
        """Show one sentence."""
        ...

    def show_alarm_counts(self, counts: Mapping[Priority, Unseen]) -> None:
        """Show how many alarms there are."""
        ...

    def show_panel(self, panel_id: str) -> None:
        """Open a panel."""
        ...

    def acknowledge_alarms(self) -> bool:
        """Acknowledge what is chosen in the panel of alarms, if it is seen."""
        ...


class AlarmWatch:
    """Watches the alarms of the room. GUI thread; call `close` at the end.

    Parameters
    ----------
    is_live : whether what is shown is now; the past makes no sound
    """

    def __init__(
        self,
        *,
        session: TwinSession,
        bridge: Bridge,
        window: Window,
        sounds: Sounds,
        is_live: Callable[[], bool],
    ) -> None:
        self._session = session
        self._window = window
        self._sounds = sounds
        self._is_live = is_live
        self._room: Room | None = None
        self._has_moved = True
        self._seen: frozenset[tuple[str, int]] = frozenset()
        self._worst: Priority | None = None
        self._rung_ns = 0
        self._stops = [
            session.room_changed.connect(self._note),
            session.alarm_inspected.connect(lambda _alarm_id: window.show_panel(PANEL_ID)),
            bridge.every(STEP_MS, self.step),
        ]

    def add_actions(self, table: ActionTable) -> None:
        """Acknowledging, by name and by its letter."""
        table.add(
            Action(
                id="alarm.acknowledge",
                title="Acknowledge the chosen alarm",
                key="A",
                group="Alarms",
                icon="alarm",
                run=self.acknowledge,
            )
        )

    def acknowledge(self) -> None:
        """Acknowledge what is chosen; where nothing is, show what should be looked at first."""
        if not self._window.acknowledge_alarms():
            self._window.show_panel(PANEL_ID)

    def step(self) -> None:
        """Look at what has moved since the last time."""
        room = self._session.hub.room
        if self._has_moved or room is not self._room:
            self._look(room[Alarms].by_id.entries, is_other=room is not self._room)
            self._room, self._has_moved = room, False
        self._ring_again()

    def close(self) -> None:
        """Let go of the session."""
        for stop in self._stops:
            stop()

    def _note(self, changed: frozenset[str]) -> None:
        self._has_moved = self._has_moved or "alarms" in changed

    def _look(self, alarms: Mapping[str, Alarm], *, is_other: bool) -> None:
        """Count; what is new is told, but not what was there when the room was first seen."""
        self._window.show_alarm_counts(unseen_of(alarms.values()))
        unseen = [a for a in alarms.values() if a.is_annunciated and not a.acked_ns]
        self._worst = min((a.priority for a in unseen), key=lambda p: RANK[p], default=None)
        new = [alarm for alarm in unseen if (alarm.id, alarm.raised_ns) not in self._seen]
        self._seen = frozenset((alarm.id, alarm.raised_ns) for alarm in unseen)
        if new and not is_other and self._is_live():
            self._tell(new)

    def _tell(self, new: list[Alarm]) -> None:
        worst = min((alarm.priority for alarm in new), key=lambda priority: RANK[priority])
        self._ring(worst)
        if worst is not Priority.CRITICAL:
            return
        critical = [alarm for alarm in new if alarm.priority is worst]
        if len(critical) == 1:
            place = place_text(critical[0])
            what = f"{critical[0].title}, {place}" if place else critical[0].title
            self._window.say(f"Critical alarm: {what}", "warning")
        else:
            self._window.say(f"{count_text(len(critical), 'critical alarm')} came in", "warning")

    def _ring_again(self) -> None:
        """An alarm that nobody acknowledges is heard again."""
        if self._worst is None or not self._is_live():
            return
        after_s = AGAIN_S.get(self._worst)
        now_ns = self._session.clock.monotonic_ns()
        if after_s is not None and now_ns - self._rung_ns >= after_s * NS_PER_S:
            self._ring(self._worst)

    def _ring(self, priority: Priority) -> None:
        self._rung_ns = self._session.clock.monotonic_ns()
        self._sounds.ring(SIGNIFICANCE[priority], ALARM_CHIMES[priority])
