"""Delegates that paint rows of datastreams: mark, two lines of text, sparkline."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from twin.arrays import Float64Array
from twin.sense.health import Health
from widgets.parts.datastream_table import CaptionRole, HealthRole, TrendRole
from widgets.parts.inks import Inks
from widgets.parts.marks import MARK_PX, paint_health_mark

ROW_PX = 36
_PAD_PX = 4
_AnyIndex = QModelIndex | QPersistentModelIndex


def sparkline(values: Float64Array, box: QRectF) -> QPolygonF:
    """The line through `values`, stretched to fill `box`; a constant one runs in the middle.

    Parameters
    ----------
    values : (k,) float64, oldest first; not finite ones are left out
    box : where to draw, pixels
    """
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return QPolygonF()
    low, high = float(values.min()), float(values.max())
    share = (values - low) / (high - low) if high > low else np.full(len(values), 0.5)
    x = np.linspace(box.left(), box.right(), len(values))
    y = box.bottom() - share * box.height()
    return QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])


class RowDelegate(QStyledItemDelegate):
    """Base of the delegates here: paints the row's background and gives its height."""

    def __init__(self, inks: Inks, *, row_px: int = ROW_PX) -> None:
        super().__init__()
        self.inks = inks
        self._row_px = row_px

    def sizeHint(self, option: QStyleOptionViewItem, _index: _AnyIndex) -> QSize:
        """All rows are equally high."""
        return QSize(option.rect.width(), self._row_px)

    def paint_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        """Fill the cell if its row is selected."""
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, self.inks.selected_row())


class MarkDelegate(RowDelegate):
    """Paints the health mark."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """Paint one cell."""
        self.paint_ground(painter, option)
        centre = QRectF(option.rect).center()
        half = MARK_PX / 2
        box = QRectF(centre.x() - half, centre.y() - half, MARK_PX, MARK_PX)
        health = index.data(HealthRole)
        if health is not None:
            paint_health_mark(painter, box, Health(health).name, self.inks)


class TwoLineDelegate(RowDelegate):
    """Paints the text of a cell and its caption below; `right` aligns figures."""

    def __init__(self, inks: Inks, *, right: bool = False) -> None:
        super().__init__(inks)
        self._side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """Paint one cell."""
        self.paint_ground(painter, option)
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        caption = str(index.data(CaptionRole) or "")
        box = option.rect.adjusted(_PAD_PX, 2, -_PAD_PX, -2)
        small = QFont(option.font)
        small.setPixelSize(11)
        upper = box.adjusted(0, 0, 0, -14) if caption else box
        painter.save()
        self._write(painter, option.font, self.inks.text, upper, text)
        if caption:
            lower = box.adjusted(0, box.height() - 15, 0, 0)
            self._write(painter, small, self.inks.muted, lower, caption)
        painter.restore()

    def _write(self, painter: QPainter, font: QFont, ink: QColor, box: QRect, text: str) -> None:
        painter.setFont(font)
        painter.setPen(QPen(ink))
        short = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, self._side | Qt.AlignmentFlag.AlignVCenter, short)


class SparklineDelegate(RowDelegate):
    """Paints the last values as a line without axes, the newest as a dot."""

    def __init__(self, inks: Inks, *, margin_px: int = 8) -> None:
        super().__init__(inks)
        self._margin_px = margin_px

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _AnyIndex) -> None:
        """Paint one cell."""
        self.paint_ground(painter, option)
        values = index.data(TrendRole)
        if values is None:
            return
        line = sparkline(
            values, QRectF(option.rect).adjusted(4, self._margin_px, -6, -self._margin_px)
        )
        if line.isEmpty():
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.inks.muted, 1.2))
        painter.drawPolyline(line)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.inks.text)
        painter.drawEllipse(line.at(line.count() - 1), 1.8, 1.8)
        painter.restore()
