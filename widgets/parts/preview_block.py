"""What a command would change, in words: beside the picture of it in the city."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from twin.commands.preview import Prediction, Preview
from widgets.parts.wording import count_text, duration_text, unbroken

_MOST_LINES = 6


def prediction_text(prediction: Prediction) -> str:
    """One prediction: "Water level at Old Basin: 2.31 → 1.10 m within 2 min"."""
    when = f" within {duration_text(prediction.after_s)}" if prediction.after_s > 0 else ""
    told = f"{prediction.text[:1].upper()}{prediction.text[1:]}: {prediction.change}{when}"
    return re.sub(r"(\d) (?=[^\W\d])", "\\1\u00a0", told)  # a figure stays with its unit


def preview_lines(preview: Preview) -> list[str]:
    """Predictions, then areas, then notes; a few, and how many more."""
    lines = [prediction_text(one) for one in preview.predictions]
    lines += [area.label for area in preview.areas if area.label]
    lines += list(preview.notes)
    if len(preview.things) > 1:
        lines.append(f"{count_text(len(preview.things), 'thing')} touched, ringed in the view")
    n_more = len(lines) - _MOST_LINES
    return lines if n_more <= 0 else [*lines[:_MOST_LINES], f"and {n_more:,} more"]


class PreviewBlock(QWidget):
    """Heading, lines, and the model they come from. Hidden without a preview. GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        heading = QLabel("What would change")
        heading.setProperty("role", "heading")
        self._lines, self._basis = QLabel(), QLabel()
        self._lines.setTextFormat(Qt.TextFormat.PlainText)
        self._lines.setAccessibleName("What would change")
        self._basis.setTextFormat(Qt.TextFormat.PlainText)
        self._basis.setProperty("role", "caption")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for part in (heading, self._lines, self._basis):
            part.setWordWrap(True)
            layout.addWidget(part)
        self.hide()

    def show_preview(self, preview: Preview | None) -> None:
        """Tell what would change, None = nothing is known."""
        self.setVisible(preview is not None)
        if preview is None:
            return
        self._lines.setText("\n".join(f"• {unbroken(line)}" for line in preview_lines(preview)))
        self._basis.setText(f"Drawn in the view. By {preview.basis}" if preview.basis else "")
        self._basis.setVisible(bool(preview.basis))

    def text(self) -> str:
        """What it says now."""
        return self._lines.text()
