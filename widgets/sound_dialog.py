"""Which sounds, and how loud: a small dialog with a button to hear it."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from widgets.sounds import SOUND_MODES, Chime, SoundMode


class SoundDialog(QDialog):
    """Changes take effect at once. GUI thread.

    Parameters
    ----------
    changed : called with the mode and the volume, 0 … 1, after each change
    try_out : plays a chime
    """

    def __init__(
        self,
        parent: QWidget | None,
        *,
        mode: SoundMode,
        volume: float,
        changed: Callable[[SoundMode, float], object],
        try_out: Callable[[Chime], object],
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Sounds")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._changed = changed
        self.mode = QComboBox()
        self.mode.setAccessibleName("When a sound is played")
        for name, title in SOUND_MODES.items():
            self.mode.addItem(title, name)
        self.mode.setCurrentIndex(self.mode.findData(mode))
        self.volume = QSlider(Qt.Orientation.Horizontal)
        self.volume.setAccessibleName("Volume")
        self.volume.setRange(0, 100)
        self.volume.setValue(round(volume * 100))
        self.mode.currentIndexChanged.connect(lambda _index: self._tell())
        self.volume.valueChanged.connect(lambda _value: self._tell())
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for title, chime in (
            ("Hear a call", "call"),
            ("Hear an urgent call", "urgent"),
            ("Hear an alarm", "alarm critical"),
        ):
            button = QPushButton(title)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, c=chime: try_out(cast("Chime", c)))
            buttons.addWidget(button)
        buttons.addStretch(1)
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(lambda _checked=False: self.accept())
        buttons.addWidget(close)
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.addRow("Play a sound for", self.mode)
        form.addRow("Volume", self.volume)
        note = QLabel("Whatever is chosen here, what waits for you is always shown at the top.")
        note.setWordWrap(True)
        note.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addLayout(buttons)
        self.setMinimumWidth(440)

    def _tell(self) -> None:
        mode = cast("SoundMode", self.mode.currentData())
        self._changed(mode, self.volume.value() / 100)
