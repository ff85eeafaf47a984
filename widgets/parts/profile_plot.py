"""The plot of an elevation profile with a cursor. pyqtgraph is loaded with the first curve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from twin.analysis.finding import Curve
from widgets.parts.inks import Inks

PLOT_PX = 190


class ProfilePlot(QWidget):
    """Heights along a line; tells where along it the pointer is. GUI thread.

    Parameters
    ----------
    point : called with the distance in metres under the pointer, None when it leaves
    """

    def __init__(self, inks: Inks, point: Callable[[float | None], object]) -> None:
        super().__init__()
        self._inks = inks
        self._point = point
        self._plot: Any = None
        self._cursor: Any = None
        self._curves: dict[str, Any] = {}
        self._shown: Curve | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.setFixedHeight(PLOT_PX)

    def show_curve(self, curve: Curve) -> None:
        """Draw the heights; the same curve is not drawn twice."""
        if curve is self._shown:
            return
        self._shown = curve
        if self._plot is None:
            self._make()
        for known in self._curves.values():
            self._plot.removeItem(known)
        self._curves = {
            title: self._plot.plot(curve.distance_m, heights, connect="finite", name=title)
            for title, heights in curve.heights_m.items()
        }
        self._colour()

    def repaint_inks(self) -> None:
        """Follow a change of theme."""
        if self._plot is not None:
            self._colour()

    def release(self) -> None:
        """Let go of the plot."""
        if self._plot is not None:
            self._layout.removeWidget(self._plot)
            self._plot.close()
            self._plot.deleteLater()
            self._plot = self._cursor = None
            self._curves = {}

    def _make(self) -> None:
        import pyqtgraph as pg  # a second of the start is saved for who never needs it

        self._plot = pg.PlotWidget(enableMenu=False)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.hideButtons()
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setLabel("left", "height", units="m")
        self._plot.setLabel("bottom", "distance", units="m")
        self._plot.addLegend(offset=(-8, 4))
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.hide()
        self._plot.addItem(self._cursor)
        self._plot.scene().sigMouseMoved.connect(self._follow)
        self._layout.addWidget(self._plot)

    def _follow(self, at: QPointF) -> None:
        if self._shown is None or self._plot is None:
            return
        inside = self._plot.sceneBoundingRect().contains(at)
        x = float(self._plot.getPlotItem().vb.mapSceneToView(at).x())
        last = float(self._shown.distance_m[-1])
        distance = float(np.clip(x, 0.0, last)) if inside else None
        self._cursor.setVisible(distance is not None)
        if distance is not None:
            self._cursor.setPos(distance)
        self._point(distance)

    def _colour(self) -> None:
        ui = self._inks.theme.ui
        self._plot.setBackground(self._inks.panel)
        pens = [(ui["accent"], 2.0), (ui["muted"], 1.5)]
        for curve, (colour, width) in zip(self._curves.values(), pens, strict=False):
            curve.setPen(colour, width=width)
        self._cursor.setPen(ui["text"], width=1)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(self._inks.line)
            axis.setTextPen(self._inks.muted)
            axis.enableAutoSIPrefix(False)
        self._plot.showGrid(x=False, y=True, alpha=0.15)
