"""What a panel shows when it has nothing to show: what would fill it, and the step to get there."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget


class EmptyState(QWidget):
    """A sentence and, where there is one, a button for the next step."""

    def __init__(
        self, sentence: str, *, step: str = "", run: Callable[[], object] | None = None
    ) -> None:
        super().__init__()
        self._label = QLabel(sentence)
        self._label.setWordWrap(True)
        self._label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._label.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 16, 12, 12)
        layout.setSpacing(12)
        layout.addWidget(self._label)
        if run is not None:
            button = QPushButton(step)
            button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _checked=False: run())
            layout.addWidget(button)
        layout.addStretch(1)

    def say(self, sentence: str) -> None:
        """Change the sentence."""
        self._label.setText(sentence)

    def sentence(self) -> str:
        """What it says now."""
        return self._label.text()
