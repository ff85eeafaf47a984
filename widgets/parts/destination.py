"""Choosing where a unit goes: one of the city's places, or what is selected now."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFormLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from twin.session import TwinSession
from widgets.parts.places import place_of_selection
from widgets.parts.target_chooser import NameChooser
from widgets.parts.value_form import LABEL_PX

#: Parameters of a command that say where: metres of the local frame, and a name.
DESTINATION_FIELDS = frozenset({"x_m", "y_m", "place"})
#: A clicked point is called after a place that is nearer than this.
NEAR_PLACE_M = 250.0


class DestinationField(QWidget):
    """One chooser for the three fields x_m, y_m and place. GUI thread."""

    def __init__(
        self, session: TwinSession, values: Mapping[str, Any], *, title: str = "Destination"
    ) -> None:
        super().__init__()
        self._session = session
        self._xy: tuple[float, float] | None = None
        self._name = ""
        self.chooser = NameChooser(placeholder="Choose a place")
        self.chooser.setAccessibleName(title)
        places = sorted(session.city.places, key=lambda place: place.name)
        self.chooser.offer([(place.id, place.name) for place in places])
        self.chooser.chosen.connect(self._take_place)
        self.use_selection = QPushButton("Use what is selected")
        self.use_selection.clicked.connect(lambda _checked=False: self._take_selection())
        self.point = QPushButton("Point in the view")
        self.point.clicked.connect(lambda _checked=False: session.ask_point(self._take_point))
        self._error = QLabel()
        self._error.setProperty("role", "error")
        self._error.setWordWrap(True)
        self._error.hide()
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(4)
        for part in (self.chooser, self._error):
            right.addWidget(part)
        for button in (self.use_selection, self.point):  # side by side they are wider than a panel
            right.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(8)
        label = QLabel(title)
        label.setMinimumWidth(LABEL_PX)
        layout.addRow(label, right)
        if values.get("x_m") is not None and values.get("y_m") is not None:
            self._take(float(values["x_m"]), float(values["y_m"]), str(values.get("place", "")))

    def values(self) -> dict[str, Any]:
        """The three fields; empty while nothing is chosen."""
        if self._xy is None:
            return {}
        return {"x_m": self._xy[0], "y_m": self._xy[1], "place": self._name}

    def show_errors(self, errors: Mapping[str, str]) -> None:
        """Put the sentence under the chooser."""
        wrong = [errors[name] for name in sorted(DESTINATION_FIELDS & errors.keys())]
        sentence = "; ".join(wrong) if self._xy is not None else "Choose a place"
        self._error.setText(sentence)
        self._error.setVisible(bool(wrong))
        if wrong:
            self.chooser.setFocus(Qt.FocusReason.OtherFocusReason)

    def error(self) -> str:
        """The sentence shown now."""
        return self._error.text() if not self._error.isHidden() else ""

    def _take_place(self, place_id: str) -> None:
        for place in self._session.city.places:
            if place.id == place_id:
                self._take(place.xyz_local_m[0], place.xyz_local_m[1], place.name)
                return
        self._xy = None

    def _take_selection(self) -> None:
        found = place_of_selection(self._session)
        if found is None or not math.isfinite(found[1][0]):
            self._session.message.emit("Select a building, a sensor or a unit in the view first")
            return
        name, (x_m, y_m, _z_m) = found
        self._take(x_m, y_m, name)

    def hideEvent(self, event: QHideEvent) -> None:
        """A form that is gone wants no place any more."""
        self.forget_point()
        super().hideEvent(event)

    def forget_point(self) -> None:
        """Let the next click in the view select again."""
        if self._session.point_taker == self._take_point:
            self._session.point_taker = None

    def _take_point(self, xyz_local_m: tuple[float, float, float]) -> None:
        """A clicked point, called after the place that it is near to."""
        x_m, y_m, _z_m = xyz_local_m
        places = self._session.city.places
        near = min(places, key=lambda p: math.dist(p.xyz_local_m[:2], (x_m, y_m)), default=None)
        is_near = near is not None and math.dist(near.xyz_local_m[:2], (x_m, y_m)) < NEAR_PLACE_M
        self._take(x_m, y_m, f"near {near.name}" if near is not None and is_near else "")

    def _take(self, x_m: float, y_m: float, name: str) -> None:
        self._xy, self._name = (x_m, y_m), name
        self.chooser.setEditText(name or f"{x_m:.0f} m east, {y_m:.0f} m north")
        self._error.hide()
