"""The stage of the city in the top bar: number, word and shape, and what the rules propose."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QPushButton

from twin.room.parts.stage import STAGE_WORDS
from twin.theme import Theme
from widgets.shape_mark import Level, level_icon
from widgets.style import set_role

#: How each stage is drawn: grey is normal.
LEVEL_OF_STAGE: dict[int, Level] = {1: "calm", 2: "low", 3: "notice", 4: "warning", 5: "alarm"}


def stage_text(level: int) -> str:
    """A stage for a person: "3 Alert"."""
    return f"{level} {STAGE_WORDS[level]}"


class StageButton(QPushButton):
    """Opens why the city is at this stage. GUI thread."""

    def __init__(self, theme: Theme, open_why: Callable[[], object]) -> None:
        super().__init__()
        self._theme = theme
        self._shown = (0, 0)
        self.setIconSize(QSize(16, 12))
        self.clicked.connect(lambda _checked=False: open_why())
        self.show_stage(1, 1)

    def show_stage(self, level: int, proposed: int) -> None:
        """Show the stage in force and the one proposed; nothing is drawn for the same ones."""
        if (level, proposed) != self._shown:
            self._shown = (level, proposed)
            self._dress()

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours."""
        self._theme = theme
        self._dress()

    def _dress(self) -> None:
        level, proposed = self._shown
        is_other = proposed != level
        text = stage_text(level) + (f" → {proposed}" if is_other else "")
        self.setText(text)
        words = f", {proposed} is proposed" if is_other else ""
        self.setAccessibleName(f"Stage of the city: {stage_text(level)}{words}")
        self.setToolTip(
            f"The rules propose stage {stage_text(proposed)}. See why, and set it"
            if is_other
            else "Stage of the city. See why, and what was before"
        )
        self.setIcon(level_icon(LEVEL_OF_STAGE[level], self._theme, gap_px=4))
        set_role(self, "queue" if is_other else "counter")
        colour = self._theme.ui["text"] if level > 1 or is_other else ""
        self.setStyleSheet(f"color: {colour};" if colour else "")
