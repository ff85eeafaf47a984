"""A live plot of one datastream. pyqtgraph is loaded with the first plot, not at the start:
its import takes about a second of the time to the first frame.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from twin.arrays import Float64Array, Int64Array
from twin.clock import NS_PER_S
from widgets.parts.inks import Inks

PLOT_PX = 168


class TimePlot(QWidget):
    """Values over local time (hh:mm:ss), fitted to what there is. GUI thread."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks
        self._plot: Any = None
        self._curve: Any = None
        self._region: Any = None
        self._shown: tuple[int, int, str] = (0, 0, "")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.setFixedHeight(PLOT_PX)

    def show_series(self, t_ns: Int64Array, values: Float64Array, label: str) -> None:
        """Draw a series.

        Parameters
        ----------
        t_ns : (k,) int64, UTC, oldest first
        values : (k,) float64; gaps where not finite
        label : name and unit for the axis
        """
        shown = (len(t_ns), int(t_ns[-1]) if len(t_ns) else 0, label)
        if shown == self._shown:
            return
        self._shown = shown
        if self._plot is None:
            self._make()
        self._plot.setLabel("left", label)
        self._curve.setData(np.asarray(t_ns, np.float64) / NS_PER_S, values)
        finite = values[np.isfinite(values)]
        if len(finite) and finite.min() == finite.max():
            self._plot.setYRange(finite[0] - 1.0, finite[0] + 1.0)
        else:
            self._plot.enableAutoRange(axis="y")

    def show_span(self, start_ns: int, end_ns: int) -> None:
        """Shade a part of the time; after `show_series`. An empty span shades nothing."""
        if self._plot is None:
            return
        if self._region is None:
            import pyqtgraph as pg  # the reason is in the module's docstring

            self._region = pg.LinearRegionItem(movable=False)
            self._plot.addItem(self._region)
            self._colour()
        self._region.setVisible(end_ns > start_ns)
        self._region.setRegion((start_ns / NS_PER_S, end_ns / NS_PER_S))

    def repaint_inks(self) -> None:
        """Follow a change of theme."""
        if self._plot is not None:
            self._colour()

    def release(self) -> None:
        """Let go of the plot and its menus."""
        if self._plot is not None:
            self._layout.removeWidget(self._plot)
            self._plot.close()
            self._plot.deleteLater()
            self._plot = self._curve = self._region = None

    def _make(self) -> None:
        import pyqtgraph as pg  # the reason is in the module's docstring

        self._plot = pg.PlotWidget(
            axisItems={"bottom": pg.DateAxisItem(orientation="bottom")}, enableMenu=False
        )
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.hideButtons()
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._curve = self._plot.plot([], [], connect="finite", antialias=True)
        self._layout.addWidget(self._plot)
        self._colour()

    def _colour(self) -> None:
        self._plot.setBackground(self._inks.panel)
        self._curve.setPen(self._inks.accent, width=1.5)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(self._inks.line)
            axis.setTextPen(self._inks.muted)
        if self._region is not None:
            shade = QColor(self._inks.accent)
            shade.setAlphaF(0.18)
            self._region.setBrush(shade)
            for line in self._region.lines:
                line.setPen(self._inks.accent, width=1)
        self._plot.showGrid(x=False, y=True, alpha=0.15)
