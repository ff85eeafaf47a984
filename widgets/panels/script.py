"""Script: what the operator does, noted as steps that can be changed, checked, saved and played."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
)

from twin.link.hub_link import Given
from twin.playback.noting import Noter, head_of
from twin.playback.scene_clock import time_text
from twin.theme import Theme
from widgets.panel import PanelContext, PanelType
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.script_text import ScriptText

_LOOK_MS = 400
_FILES = "Scripts (*.yaml *.yml)"
_HINT = (
    "Press “Note what I do” and work: commands, answers, messages, selections and where the camera"
    " comes to rest become steps here. Then change the text, save it and play it with"
    " “civitwin play FILE”."
)


class ScriptPanel(PanelWidget):
    """A text and a button that fills it."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.noter: Noter | None = None
        self.text = ScriptText(context.bridge, self.inks)
        self.text.setPlaceholderText(_HINT)
        self.text.checked.connect(self._say)
        self.note = QPushButton("Note what I do")
        self.note.setCheckable(True)
        self.note.toggled.connect(self._toggle)
        self.since = QLabel()
        self.since.setProperty("role", "caption")
        self.caption = QLineEdit()
        self.caption.setPlaceholderText("Caption for this moment")
        self.caption.setAccessibleName("Caption for this moment")
        self.caption.returnPressed.connect(self.add_caption)
        self.caption.setEnabled(False)
        self.open, self.save = QPushButton("Open …"), QPushButton("Save …")
        self.open.clicked.connect(lambda _checked=False: self._ask_open())
        self.save.clicked.connect(lambda _checked=False: self._ask_save())
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setProperty("role", "muted")
        self.go = QPushButton("Show the line")
        self.go.setProperty("role", "flat")
        self.go.clicked.connect(lambda _checked=False: self.text.go_to_wrong())
        self.go.hide()
        self._lay_out()
        self.follow(self.session.given, self._take)
        self._stop = context.bridge.every(_LOOK_MS, self._look)

    def _lay_out(self) -> None:
        top, foot = QHBoxLayout(), QHBoxLayout()
        for row in (top, foot):
            row.setSpacing(8)
        for part, stretch in (
            (self.note, 0), (self.since, 0), (self.caption, 1), (self.open, 0), (self.save, 0),
        ):  # fmt: skip
            top.addWidget(part, stretch)
        foot.addWidget(self.said, 1)
        foot.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self.text, 1)
        column.addLayout(foot)

    def take_theme(self, theme: Theme) -> None:
        """Mark a wrong line in the other theme's colour."""
        super().take_theme(theme)
        self.text.check()

    def release(self) -> None:
        """Let go of signals and timers."""
        self._stop()
        self.text.close_down()
        super().release()

    # --- noting -----------------------------------------------------------------------------------

    def _toggle(self, is_on: bool) -> None:
        self.note.setText("Stop noting" if is_on else "Note what I do")
        self.caption.setEnabled(is_on)
        if not is_on:
            self.noter = None
            self.since.clear()
            self.text.check()
            return
        operator = self.session.hub.operator
        seat = operator.department or "operator"
        self.text.setPlainText(head_of(f"What {operator.name} did", seat, operator))
        self.noter = Noter(seat=seat, clock=self.session.clock, write=self.text.add_line)

    def add_caption(self) -> None:
        """Put what was written in as a caption of this moment."""
        text = self.caption.text().strip()
        if self.noter is not None and text:
            self.noter.caption(text)
            self.caption.clear()

    def _take(self, given: Given) -> None:
        if self.noter is not None:
            self.noter.take(given)

    def _look(self) -> None:
        if self.noter is not None:
            self.noter.look(self.session.hub.room)
            self.since.setText(time_text(self.noter.elapsed_s))

    # --- files ------------------------------------------------------------------------------------

    def _ask_open(self) -> None:
        name, _kind = QFileDialog.getOpenFileName(self, "Open a script", "", _FILES)
        if name:
            self.open_file(Path(name))

    def _ask_save(self) -> None:
        name, _kind = QFileDialog.getSaveFileName(self, "Save the script", "scene.yaml", _FILES)
        if name:
            self.save_to(Path(name))

    def open_file(self, path: Path) -> None:
        """Show a file's text."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.session.message.emit(f"The script was not opened ({error}): {path}")
            return
        self.note.setChecked(False)
        self.text.setPlainText(text)
        self.text.check()

    def save_to(self, path: Path) -> None:
        """Write the text, right or not."""
        try:
            path.write_text(self.text.toPlainText(), encoding="utf-8")
        except OSError as error:
            self.session.message.emit(f"The script was not saved ({error.strerror}): {path}")
            return
        self.text.check()
        if self.text.is_right:
            self.session.message.emit(f"Saved; play it with: civitwin play {path}")
        else:
            self.session.message.emit(f"Saved, but it cannot be played yet: {path}")

    def _say(self, sentence: str) -> None:
        is_wrong = bool(sentence) and not self.text.is_right
        self.said.setText(sentence)
        self.said.setProperty("role", "error" if is_wrong else "muted")
        self.said.style().unpolish(self.said)
        self.said.style().polish(self.said)
        self.go.setVisible(is_wrong)


PANEL = PanelType(
    id="script",
    title="Script",
    area="bottom",
    create=ScriptPanel,
    order=90,
    icon="replay",
    workspaces=("review",),
)
