"""The text of a script, checked while it is written; the wrong line is marked."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase, QTextCursor, QTextFormat
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit

from twin.playback.script import ScriptError, parse_script
from widgets.bridge import Bridge, Stop
from widgets.parts.inks import Inks

_CHECK_AFTER_MS = 300
_LINE = re.compile(r"line (\d+): ")
UNNAMED = Path("script.yaml")


class ScriptText(QPlainTextEdit):
    """YAML with a check behind it. GUI thread.

    Signals
    -------
    checked(str)
        One sentence: what is wrong and in which line, or how much there is.

    Attributes
    ----------
    is_right : whether it can be played
    """

    checked = Signal(str)

    def __init__(self, bridge: Bridge, inks: Inks) -> None:
        super().__init__()
        self.is_right = False
        self._bridge = bridge
        self._inks = inks
        self._stop: Stop | None = None
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self.setAccessibleName("Text of the script")
        self.textChanged.connect(self._check_soon)

    def add_line(self, line: str) -> None:
        """Put a line at the end, wherever the person is writing."""
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        text = self.toPlainText()
        cursor.insertText(f"{line}\n" if not text or text.endswith("\n") else f"\n{line}\n")
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    def check(self) -> None:
        """Read it now and say what was found."""
        self._stop_waiting()
        text = self.toPlainText()
        if not text.strip():
            self._found(0, "", is_right=False)
            return
        try:
            script = parse_script(text, UNNAMED)
        except ScriptError as error:
            said = str(error).removeprefix(f"{UNNAMED.name}, ")
            found = _LINE.search(str(error))
            self._found(int(found[1]) if found else 1, said[:1].upper() + said[1:], is_right=False)
            return
        n, n_expected = len(script.all_steps()), sum(s.verb == "expect" for s in script.all_steps())
        steps = "1 step" if n == 1 else f"{n} steps"
        self._found(
            0, f"It can be played: {steps}, {n_expected} of them expectations", is_right=True
        )

    def go_to_wrong(self) -> None:
        """Put the cursor where it is wrong."""
        marked = self.extraSelections()
        if marked:
            self.setTextCursor(QTextCursor(marked[0].cursor))
            self.setFocus()

    def close_down(self) -> None:
        """Let go of the timer."""
        self._stop_waiting()

    def _check_soon(self) -> None:
        self._stop_waiting()
        self._stop = self._bridge.after(_CHECK_AFTER_MS, self.check)

    def _stop_waiting(self) -> None:
        if self._stop is not None:
            self._stop()
            self._stop = None

    def _found(self, line: int, sentence: str, *, is_right: bool) -> None:
        self.is_right = is_right
        marks = []
        if line:
            mark = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self.document().findBlockByNumber(line - 1))
            mark.cursor = cursor
            mark.format.setBackground(self._inks.selected_row())
            mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            marks.append(mark)
        self.setExtraSelections(marks)
        self.checked.emit(sentence)
