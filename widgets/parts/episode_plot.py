"""Plots of a watched datastream: its values in the usual band, and how far off they are.

pyqtgraph is loaded with the first plot, see `time_plot`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from twin.arrays import Float64Array
from twin.clock import NS_PER_S
from twin.perception.episode_log import Trace
from twin.perception.nearest import NearestDay
from widgets.parts.inks import Inks

#: The least that each plot takes; both grow with the panel.
VALUES_PX, RESIDUAL_PX = 84, 56
HINT_PX = 320
#: The band reaches so many spreads to either side of what is expected.
BAND_SPREADS = 3.0
_AXIS_PX = 52


class EpisodePlot(QWidget):
    """Values with the usual band and the nearest normal day, below it the residual. GUI thread."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks
        self._plots: list[Any] = []
        self._parts: dict[str, Any] = {}
        self._shown: tuple[object, ...] = ()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self.setMinimumHeight(VALUES_PX + RESIDUAL_PX + 2)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        """No more than the least: plots are as large as there is room."""
        return QSize(HINT_PX, VALUES_PX + RESIDUAL_PX + 2)

    def show_trace(
        self,
        trace: Trace,
        *,
        label: str,
        threshold: float,
        episode: tuple[int, int] | None,
        nearest: NearestDay | None,
    ) -> None:
        """Draw a part of a trace.

        Parameters
        ----------
        trace : the buckets to draw
        label : name and unit for the axis
        threshold : strength from which an episode is told, in spreads
        episode : its beginning and end, ns; None = there is none
        nearest : another day in the same window, None = none is known
        """
        last_ns = int(trace.t_ns[-1]) if len(trace.t_ns) else 0
        shown = (label, threshold, episode, len(trace.t_ns), last_ns,
                 nearest.back if nearest is not None else 0)  # fmt: skip
        if shown == self._shown:
            return
        self._shown = shown
        if not self._plots:
            self._make()
        self._plots[0].setLabel("left", label)
        t_s = trace.t_ns / NS_PER_S
        reach = BAND_SPREADS * trace.spread
        self._parts["low"].setData(t_s, trace.expected - reach)
        self._parts["high"].setData(t_s, trace.expected + reach)
        self._parts["values"].setData(t_s, trace.values)
        other = (np.zeros(0), np.zeros(0))
        if nearest is not None:
            other = (nearest.t_ns / NS_PER_S, nearest.values)
        self._parts["nearest"].setData(*other)
        self._parts["residual"].setData(t_s, _bounded(trace.residual, threshold))
        self._parts["above"].setValue(threshold)
        self._parts["below"].setValue(-threshold)
        for region in (self._parts["region"], self._parts["residual region"]):
            region.setVisible(episode is not None)
            if episode is not None:
                region.setRegion((episode[0] / NS_PER_S, episode[1] / NS_PER_S))
        if len(t_s):
            self._plots[0].setXRange(t_s[0], max(t_s[-1], t_s[0] + 1.0), padding=0.02)
        low, high = _range_of(trace, other[1])
        self._plots[0].setYRange(low, high, padding=0.06)
        self._plots[1].setYRange(-1.3 * threshold, 1.3 * threshold)

    def repaint_inks(self) -> None:
        """Follow a change of theme."""
        if self._plots:
            self._colour()

    def release(self) -> None:
        """Let go of the plots."""
        for plot in self._plots:
            self._layout.removeWidget(plot)
            plot.close()
            plot.deleteLater()
        self._plots, self._parts, self._shown = [], {}, ()

    def _make(self) -> None:
        import pyqtgraph as pg  # the reason is in the module's docstring

        parts = self._parts
        for height_px, share in ((VALUES_PX, 3), (RESIDUAL_PX, 2)):
            axis = pg.DateAxisItem(orientation="bottom")
            plot = pg.PlotWidget(axisItems={"bottom": axis}, enableMenu=False)
            plot.setMouseEnabled(x=False, y=False)
            plot.hideButtons()
            plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            plot.setMinimumHeight(height_px)
            plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
            plot.getAxis("left").setWidth(_AXIS_PX)
            self._plots.append(plot)
            self._layout.addWidget(plot, share)
        values, residual = self._plots
        residual.setXLink(values)
        residual.setLabel("left", "spreads")
        values.getAxis("bottom").setStyle(showValues=False)
        for name, plot in (("region", values), ("residual region", residual)):
            parts[name] = pg.LinearRegionItem(movable=False)
            plot.addItem(parts[name])
        parts["low"], parts["high"] = pg.PlotDataItem(), pg.PlotDataItem()
        parts["band"] = pg.FillBetweenItem(parts["low"], parts["high"])
        for name in ("low", "high", "band"):
            values.addItem(parts[name])
        for name in ("nearest", "values"):
            parts[name] = values.plot([], [], connect="finite", antialias=True)
        parts["residual"] = residual.plot([], [], connect="finite", antialias=True)
        for name in ("above", "below"):
            parts[name] = pg.InfiniteLine(angle=0, movable=False)
            residual.addItem(parts[name])
        self._colour()

    def _colour(self) -> None:
        inks, parts = self._inks, self._parts
        for plot in self._plots:
            plot.setBackground(inks.panel)
            plot.showGrid(x=False, y=True, alpha=0.12)
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(inks.line)
                axis.setTextPen(inks.muted)
        parts["low"].setPen(_faint(inks.muted, 90))
        parts["high"].setPen(_faint(inks.muted, 90))
        parts["band"].setBrush(_faint(inks.muted, 46))
        parts["values"].setPen(inks.text, width=1.6)
        parts["nearest"].setPen(inks.accent, width=1.3, style=Qt.PenStyle.DashLine)
        parts["residual"].setPen(inks.text, width=1.3)
        for name in ("above", "below"):
            parts[name].setPen(inks.high, width=1.0, style=Qt.PenStyle.DotLine)
        for name in ("region", "residual region"):
            parts[name].setBrush(_faint(inks.medium, 60))
            for line in parts[name].lines:
                line.setPen(_faint(inks.medium, 160))


def _range_of(trace: Trace, nearest: Float64Array) -> tuple[float, float]:
    """Lowest and highest of what is drawn; of the band its usual width, not where it bursts."""
    reach = BAND_SPREADS * np.nanmedian(trace.spread) if np.isfinite(trace.spread).any() else 0.0
    parts = (trace.values, nearest, trace.expected - reach, trace.expected + reach)
    drawn = np.concatenate(parts)
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return 0.0, 1.0
    low, high = float(drawn.min()), float(drawn.max())
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _bounded(residual: Float64Array, threshold: float) -> Float64Array:
    """Residuals that stay in the picture."""
    bounded: Float64Array = np.clip(residual, -1.25 * threshold, 1.25 * threshold)
    return bounded


def _faint(colour: QColor, alpha: int) -> QColor:
    faint = QColor(colour)
    faint.setAlpha(alpha)
    return faint
