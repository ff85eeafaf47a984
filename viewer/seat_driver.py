"""Plays one seat of a script in a console's window, and says on stdout how each step went."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twin.playback.hands import NoHands
from twin.playback.script import Script
from twin.playback.seat import Outcome, SeatPlayer

if TYPE_CHECKING:
    from viewer.desk import Desk

STEP_MS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which seat of which script; ``run`` is the same at all seats, ``pictures`` a folder."""

    script: Script
    seat: str
    run: str
    pictures: Path


class SeatDriver(NoHands):
    """Steps a `SeatPlayer` with a console's window. GUI thread."""

    def __init__(self, desk: Desk, part: Part) -> None:
        self._desk, self._part = desk, part
        self._has_told_end = False
        self._player = SeatPlayer(
            desk.session, part.script, seat=part.seat, run=part.run,
            last_value=desk.session.city_view.last_value, tell=self._tell, hands=self,
        )  # fmt: skip

    def step(self) -> None:
        """Call a few times a second."""
        self._player.step()
        if self._player.is_over and not self._has_told_end:
            self._has_told_end = True
            _say({"seat": self._part.seat, "over": True})

    def show_panel(self, panel_id: str) -> None:
        """Bring a panel to the front."""
        self._desk.window.show_panel(panel_id)

    def picture(self, name: str) -> None:
        """Take a picture of the window."""
        self._desk.save_picture(self._part.pictures / f"{name}.png")

    def follow(self, console_id: str) -> None:
        """Let the view follow somebody's."""
        self._desk.window.together.follow_requested.emit(console_id)

    def _tell(self, outcome: Outcome) -> None:
        """One JSON line a step, for whoever started this console."""
        line = {
            "seat": self._part.seat, "line": outcome.step.line, "do": outcome.step.verb,
            "ok": not outcome.text, "text": outcome.text, "took_s": outcome.took_s,
        }  # fmt: skip
        _say(line)
        if outcome.text:
            self._desk.session.message.emit(f"Script, line {outcome.step.line}: {outcome.text}")


def _say(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
