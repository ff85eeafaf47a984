"""What a console does for working together: what waits for me, what became of mine, drill or live.

Looks a few times a second instead of at each event: a busy room has thousands of open commands.
"""

from __future__ import annotations

from typing import Protocol

from PySide6.QtWidgets import QWidget

from twin.session import TwinSession
from twin.waiting import Queue, Waiting, queue_of, whoami
from viewer.command_teller import CommandTeller
from viewer.incident_teller import IncidentTeller
from viewer.settings import Settings
from widgets.actions import Action, ActionTable
from widgets.bridge import Bridge
from widgets.parts.approval_words import waiting_title
from widgets.parts.command_words import operator_text
from widgets.parts.wording import count_text, lower_first
from widgets.shape_mark import LEVEL_OF_SIGNIFICANCE, Level
from widgets.sound_dialog import SoundDialog
from widgets.sounds import SoundMode, Sounds, SystemPlayer

STEP_MS = 250
_MOVES_QUEUE = frozenset({"commands", "leases", "delegations", "batches", "operators"})


class Window(Protocol):
    """What is asked of the window."""

    def say(self, sentence: str, level: Level = "calm") -> None:
        """Show one sentence."""
        ...

    def show_queue(self, n: int, level: int, panel_id: str) -> None:
        """Show how many things wait."""
        ...

    def show_drill(self, is_drill: bool) -> None:
        """Show that nothing is real, or that all is."""
        ...


class Collaboration:
    """Watches the room for whoever sits here. GUI thread; call `close` at the end."""

    def __init__(
        self, *, session: TwinSession, bridge: Bridge, window: Window, settings: Settings
    ) -> None:
        self._session = session
        self._window = window
        self._settings = settings
        self._player = SystemPlayer()
        self.sounds = Sounds(
            clock=session.clock,
            play=self._player.play,
            mode=lambda: settings.sound_mode,
            volume=lambda: settings.sound_volume,
        )
        self._teller = CommandTeller(session, window.say)
        self._incidents = IncidentTeller(session, window.say)
        self._seen: set[str] = set()
        self._moved: set[str] = set(_MOVES_QUEUE)
        self._is_drill = False
        self.queue = Queue()
        self._stops = [
            session.room_changed.connect(self._moved.update),
            bridge.every(STEP_MS, self.step),
        ]

    def add_actions(self, table: ActionTable) -> None:
        """Sounds, by name."""
        table.add(
            Action(
                id="window.sounds",
                title="Sounds…",
                group="Window",
                icon="sound",
                run=self.open_sounds,
            )
        )

    def open_sounds(self) -> SoundDialog:
        """Show the dialog of sounds."""
        dialog = SoundDialog(
            self._window if isinstance(self._window, QWidget) else None,
            mode=self._settings.sound_mode,
            volume=self._settings.sound_volume,
            changed=self._set_sounds,
            try_out=self.sounds.try_out,
        )
        dialog.open()
        return dialog

    def step(self) -> None:
        """Look at what has moved since the last time."""
        moved = frozenset(self._moved)
        self._moved.clear()
        self._follow_drill()
        if moved & _MOVES_QUEUE:
            self._look_at_queue()
        if "refusals" in moved:
            self._teller.tell_refusals()
        if "commands" in moved:
            self._teller.step(whoami(self._session))
        self._incidents.step(whoami(self._session))

    def close(self) -> None:
        """Let go of the session, stop what plays."""
        for stop in self._stops:
            stop()
        self._player.close()

    def _set_sounds(self, mode: SoundMode, volume: float) -> None:
        self._settings.sound_mode, self._settings.sound_volume = mode, volume

    def _follow_drill(self) -> None:
        is_drill = self._session.hub.is_drill
        if is_drill != self._is_drill:
            self._is_drill = is_drill
            self._window.show_drill(is_drill)

    def _look_at_queue(self) -> None:
        session = self._session
        self.queue = queue_of(session.hub.room, whoami(session), session.clock.now_ns())
        panel_id = "approvals" if self.queue.for_me or not self.queue.lease_requests else "leases"
        self._window.show_queue(self.queue.n_for_me, self.queue.level, panel_id)
        self._tell_new()

    def _tell_new(self) -> None:
        """Say and ring for what has just come to wait."""
        asked = {f"lease {one.asset_id}": one for one in self.queue.lease_requests}
        waiting = {one.key: one for one in self.queue.for_me}
        now = {*asked, *waiting}
        new, self._seen = now - self._seen, now
        if not new:
            return
        levels = [waiting[key].level for key in new if key in waiting]
        significance = max(levels, default=1)
        self.sounds.ring(significance)
        if len(new) > 1:
            sentence = f"{count_text(len(new), 'thing')} came in that wait for you"
        else:
            (key,) = new
            lease = asked.get(key)
            if lease is not None and lease.wanted_by is not None:
                sentence = f"{operator_text(lease.wanted_by)} asks you for {lease.asset_name}"
            else:
                sentence = asks_sentence(waiting[key])
        self._window.say(sentence, LEVEL_OF_SIGNIFICANCE.get(significance, "low"))


def asks_sentence(waiting: Waiting) -> str:
    """Who asks for what: "Ben (water) asks you to approve: set North gate"."""
    who = operator_text(waiting.first.issued_by)
    return f"{who} asks you to approve: {lower_first(waiting_title(waiting))}"
