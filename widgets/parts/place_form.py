"""Numbers that say where a source stands: east, north, height, turn and scale."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from twin.city.scene_file import Placement

#: name, label, unit, lowest, highest, step, decimals
_FIELDS = (
    ("east_m", "East", " m", -131_000.0, 131_000.0, 1.0, 2),
    ("north_m", "North", " m", -131_000.0, 131_000.0, 1.0, 2),
    ("height_m", "Height", " m", -12_000.0, 12_000.0, 0.5, 2),
    ("turn_deg", "Turn", " °", -360.0, 360.0, 1.0, 1),
    ("scale", "Scale", " ×", 0.0001, 10_000.0, 0.1, 4),
)


class PlaceForm(QWidget):
    """Shown while a source is being placed. GUI thread.

    Signals: ``tried`` after each change by the person, ``chosen`` and ``left`` at the end.
    """

    tried = Signal()
    chosen = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, QDoubleSpinBox] = {}
        form = QFormLayout()
        form.setHorizontalSpacing(8)
        form.setVerticalSpacing(4)
        for name, label, unit, low, high, step, decimals in _FIELDS:
            box = QDoubleSpinBox(minimum=low, maximum=high, singleStep=step, decimals=decimals)
            box.setSuffix(unit)
            box.setKeyboardTracking(False)
            box.setValue(getattr(Placement(), name))
            box.valueChanged.connect(lambda _value: self.tried.emit())
            self.fields[name] = box
            form.addRow(label, box)
        self.stand = QPushButton("Stand here")
        self.stand.clicked.connect(lambda _checked=False: self._end(chosen=True))
        self.leave = QPushButton("Leave it where it was")
        self.leave.clicked.connect(lambda _checked=False: self._end(chosen=False))
        buttons = QHBoxLayout()
        buttons.addWidget(self.stand)
        buttons.addWidget(self.leave)
        buttons.addStretch(1)
        hint = QLabel("Drag in the view to move it, Shift-drag to turn it")
        hint.setWordWrap(True)
        hint.setProperty("role", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 4, 0, 4)
        layout.addLayout(form)
        layout.addWidget(hint)
        layout.addLayout(buttons)
        self.hide()

    def begin(self, place: Placement | None) -> None:
        """Open with the place it has now."""
        self.show_place(place or Placement())
        self.show()

    def place(self) -> Placement:
        """What the fields say."""
        return Placement(**{name: box.value() for name, box in self.fields.items()})

    def show_place(self, place: Placement | None) -> None:
        """Follow a place that was chosen with the mouse; None = the placing is over."""
        if place is None:
            self.hide()
            return
        for name, box in self.fields.items():
            was = box.blockSignals(True)
            box.setValue(getattr(place, name))
            box.blockSignals(was)

    def _end(self, *, chosen: bool) -> None:
        self.hide()
        (self.chosen if chosen else self.left).emit()
