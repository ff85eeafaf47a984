"""A plot of a past: the mean as a line in the band from lowest to highest, others beside it.

pyqtgraph is loaded with the first plot, as for `widgets.parts.time_plot`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from twin.arrays import Float64Array
from twin.clock import NS_PER_S
from twin.history.asking import Span
from twin.signals import Signal
from widgets.parts.inks import Inks

LEAST_PX = 150
_BAND_ALPHA = 46
_FEW = 60
_DASHES = (
    Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine,
    Qt.PenStyle.DashDotDotLine,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Other:
    """A span to compare with; ``shift_ns`` brings it over the one that is shown."""

    span: Span
    shift_ns: int


class PastPlot(QWidget):
    """GUI thread. Left and right move the reading line where the mouse does not.

    Signals
    -------
    read(int)
        The bucket under the reading line, -1 = none.
    """

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks
        self.read: Signal[int] = Signal()
        self.at = -1
        self._span: Span | None = None
        self._others: tuple[Other, ...] = ()
        self._plot: Any = None
        self._items: list[Any] = []
        self._line: Any = None
        self._moment: Any = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.setMinimumHeight(LEAST_PX)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Plot of the past; left and right read its values")

    def show_span(
        self, span: Span, others: Sequence[Other], label: str, limits_ns: tuple[int, int]
    ) -> None:
        """Draw a span; `limits_ns` is all that was asked for, also where nothing is kept."""
        if self._plot is None:
            self._make()
        self._span, self._others = span, tuple(others)
        self._plot.setLabel("left", label)
        self._draw()
        start, end = (limit / NS_PER_S for limit in limits_ns)
        self._plot.setXRange(start, end, padding=0.01)
        self._plot.enableAutoRange(axis="y")
        self.read_at(-1)

    def read_at(self, bucket: int) -> None:
        """Put the reading line on a bucket; -1 takes it away."""
        n = 0 if self._span is None else len(self._span.t_ns)
        self.at = min(max(bucket, -1), n - 1)
        if self._line is not None and self._span is not None:
            self._line.setVisible(self.at >= 0)
            if self.at >= 0:
                middle = self._span.t_ns[self.at] + self._span.width_ns / 2
                self._line.setPos(middle / NS_PER_S)
        self.read.emit(self.at)

    def show_moment(self, t_ns: int) -> None:
        """Mark the moment that the rest of the window shows; 0 = it is live."""
        if self._moment is not None:
            self._moment.setVisible(bool(t_ns))
            self._moment.setPos(t_ns / NS_PER_S)

    def other_at(self, number: int, bucket: int) -> float | None:
        """Mean of another span at the same place, None where it has none."""
        if self._span is None:
            return None
        other = self._others[number]
        t_ns = int(self._span.t_ns[bucket]) - other.shift_ns
        near = int(np.searchsorted(other.span.t_ns, t_ns - other.span.width_ns // 2))
        if near < len(other.span.t_ns) and abs(int(other.span.t_ns[near]) - t_ns) <= (
            other.span.width_ns
        ):
            return float(other.span.mean[near])
        return None

    def repaint_inks(self) -> None:
        """Follow a change of theme."""
        if self._plot is not None:
            self._colour()
            self._draw()

    def release(self) -> None:
        """Let go of the plot."""
        if self._plot is not None:
            self._layout.removeWidget(self._plot)
            self._plot.close()
            self._plot.deleteLater()
            self._plot = self._line = self._moment = None
            self._items = []

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right read the values, one after the other."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or self._span is None:
            super().keyPressEvent(event)
            return
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            step *= 10
        self.read_at(max(self.at + step, 0))

    # --- inside -----------------------------------------------------------------------------------

    def _make(self) -> None:
        import pyqtgraph as pg  # the reason is in the module's docstring

        self._plot = pg.PlotWidget(
            axisItems={"bottom": pg.DateAxisItem(orientation="bottom")}, enableMenu=False
        )
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.hideButtons()
        self._plot.getAxis("left").enableAutoSIPrefix(False)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._line = pg.InfiniteLine(angle=90, movable=False)
        self._line.setVisible(False)
        self._plot.addItem(self._line)
        self._moment = pg.InfiniteLine(angle=90, movable=False)
        self._moment.setVisible(False)
        self._plot.addItem(self._moment)
        self._plot.scene().sigMouseMoved.connect(self._follow_mouse)
        self._layout.addWidget(self._plot)
        self._colour()

    def _follow_mouse(self, at: Any) -> None:
        if self._span is None or not len(self._span.t_ns):
            return
        t_ns = self._plot.getPlotItem().vb.mapSceneToView(at).x() * NS_PER_S
        bucket = int(np.searchsorted(self._span.t_ns, t_ns, side="right")) - 1
        width = self._span.width_ns
        is_inside = bucket >= 0 and t_ns - self._span.t_ns[bucket] < 2 * width
        self.read_at(bucket if is_inside else -1)

    def _draw(self) -> None:
        import pyqtgraph as pg

        for item in self._items:
            self._plot.removeItem(item)
        self._items = []
        if self._span is None:
            return
        for number, other in enumerate(self._others):
            x, columns = drawn(other.span, other.shift_ns)
            pen = pg.mkPen(self._inks.muted, width=1.2, style=_DASHES[number % len(_DASHES)])
            self._add(self._plot.plot(x, columns[0], pen=pen, connect="finite", antialias=True))
        x, (mean, low, high) = drawn(self._span, 0)
        band = QColor(self._inks.accent)
        band.setAlpha(_BAND_ALPHA)
        edge = pg.mkPen(band, width=1)
        below = self._plot.plot(x, low, pen=edge, connect="finite")
        above = self._plot.plot(x, high, pen=edge, connect="finite")
        self._add(below)
        self._add(above)
        if np.isfinite(low).all():
            self._add(pg.FillBetweenItem(below, above, brush=band), is_new=True)
        pen = pg.mkPen(self._inks.accent, width=1.8)
        line = self._plot.plot(x, mean, pen=pen, connect="finite", antialias=True)
        if len(x) <= _FEW:  # one alone would make no line
            line.setSymbol("o")
            line.setSymbolSize(4)
            line.setSymbolPen(None)
            line.setSymbolBrush(self._inks.accent)
        self._add(line)

    def _add(self, item: Any, *, is_new: bool = False) -> None:
        if is_new:
            self._plot.addItem(item)
        self._items.append(item)

    def _colour(self) -> None:
        self._plot.setBackground(self._inks.panel)
        self._line.setPen(self._inks.muted, width=1)
        self._moment.setPen(QColor(self._inks.theme.frame["replay"]), width=1.5)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(self._inks.line)
            axis.setTextPen(self._inks.muted)
        self._plot.showGrid(x=False, y=True, alpha=0.15)


def drawn(span: Span, shift_ns: int) -> tuple[Float64Array, tuple[Float64Array, ...]]:
    """Seconds (k,) and mean, low, high (k,) with a NaN in every gap, so that no line crosses it."""
    t_ns = span.t_ns + shift_ns + span.width_ns // 2
    gaps = np.flatnonzero(np.diff(t_ns) > 1.5 * span.width_ns) + 1
    x = np.insert(t_ns.astype(np.float64), gaps, t_ns[gaps].astype(np.float64) - 1)
    columns = tuple(np.insert(one, gaps, np.nan) for one in (span.mean, span.low, span.high))
    return x / NS_PER_S, columns
