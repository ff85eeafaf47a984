"""The small window shown while a large city is being opened: progress, time left, cancel."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from twin.clock import NS_PER_S, Clock
from viewer.city_source import CityLoading

#: A city that opens faster than this shows no window of its own.
SHOW_AFTER_S = 0.6


class Splash(QWidget):
    """Progress of one `CityLoading`. GUI thread; `refresh` is called some times a second."""

    def __init__(self, *, title: str, loading: CityLoading, clock: Clock) -> None:
        super().__init__(None, Qt.WindowType.Dialog | Qt.WindowType.WindowTitleHint)
        self._loading = loading
        self._clock = clock
        self._started_ns = clock.monotonic_ns()
        self.setWindowTitle("Civitwin")
        self.setFixedWidth(420)
        self._bar = QProgressBar(maximum=1000, textVisible=False)
        self._left = QLabel("")
        cancel = QPushButton("Cancel opening")
        cancel.clicked.connect(loading.cancel)
        row = QHBoxLayout()
        row.addWidget(self._left, 1)
        row.addWidget(cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(QLabel(f"Opening {title} …"))
        layout.addWidget(self._bar)
        layout.addLayout(row)

    def refresh(self) -> None:
        """Show how far it is; appears by itself when it takes long."""
        elapsed_s = (self._clock.monotonic_ns() - self._started_ns) / NS_PER_S
        if elapsed_s > SHOW_AFTER_S and not self.isVisible():
            self.show()
        fraction = self._loading.fraction
        self._bar.setValue(round(1000 * fraction))
        if fraction > 0.02 and elapsed_s > 1.0:
            left_s = elapsed_s * (1 - fraction) / fraction
            self._left.setText(f"about {left_s:.0f} s left")
