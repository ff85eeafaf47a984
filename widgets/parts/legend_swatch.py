"""The colours of the city with their meaning: ramp or classes, range, unit, "no data"."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QIcon,
    QImage,
    QPainter,
    QPaintEvent,
    QPixmap,
)
from PySide6.QtWidgets import QWidget

from twin.ramps import Ramp, ramp_table
from widgets.layer_list import Legend
from widgets.parts.inks import Inks

_BAR_PX = 12
_LINE_PX = 18
_MOST_CLASSES = 8


def ramp_image(ramp: Ramp) -> QImage:
    """256 × 1 pixels, lowest value left."""
    table = ramp_table(ramp)
    image = QImage(len(table), 1, QImage.Format.Format_RGB32)
    for x, (red, green, blue) in enumerate(table.tolist()):
        image.setPixelColor(x, 0, QColor(red, green, blue))
    return image


def ramp_icon(ramp: Ramp) -> QIcon:
    """A small picture of a ramp for lists."""
    return QIcon(QPixmap.fromImage(ramp_image(ramp).scaled(QSize(48, 12))))


class LegendSwatch(QWidget):
    """Paints a `Legend`; takes no room while there is none."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks
        self._legend: Legend | None = None
        self.hide()

    def show_legend(self, legend: Legend | None) -> None:
        """Paint another legend; None hides it."""
        self._legend = legend
        self.setVisible(legend is not None)
        if legend is None:
            return
        n_lines = min(len(legend.classes), _MOST_CLASSES) + 1 if legend.classes else 1
        extra = _BAR_PX + 4 if not legend.classes else 0
        note = _LINE_PX if legend.note else 0
        self.setFixedHeight(_LINE_PX * (n_lines + 1) + extra + note)
        ends = f"{legend.vmin:,.4g} to {legend.vmax:,.4g} {legend.unit}"
        self.setAccessibleName(f"Legend: {legend.title}, {ends}")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw title, colours, ends and the colour of "no data"."""
        legend = self._legend
        if legend is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        small = QFont(self.font())
        small.setPixelSize(11)
        unit = f" ({legend.unit})" if legend.unit else ""
        painter.setPen(self._inks.text)
        painter.drawText(QRect(0, 0, self.width(), _LINE_PX), 0, f"{legend.title}{unit}")
        painter.setFont(small)
        y = _LINE_PX
        if legend.classes:
            y = self._paint_classes(painter, legend, y)
            self._paint_swatch(painter, y, legend.no_data, "No data")
        else:
            self._paint_ramp(painter, legend, y)
            y += _BAR_PX + 4
        if legend.note:
            painter.setPen(self._inks.muted)
            painter.drawText(QRect(0, y + _LINE_PX, self.width(), _LINE_PX), 0, legend.note)
        painter.end()

    def _paint_ramp(self, painter: QPainter, legend: Legend, y: int) -> None:
        bar = QRectF(0, y, self.width() - 76, _BAR_PX)
        if legend.ramp is not None:
            painter.drawImage(bar, ramp_image(legend.ramp))
        painter.setPen(self._inks.muted)
        line = QRect(0, y + _BAR_PX + 2, round(bar.width()), _LINE_PX)
        middle = (legend.vmin + legend.vmax) / 2
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, f"{legend.vmin:,.4g}")
        painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, f"{middle:,.4g}")
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, f"{legend.vmax:,.4g}")
        box = QRectF(bar.right() + 12, y, _BAR_PX, _BAR_PX)
        painter.fillRect(box, QColor(legend.no_data))
        text = QRect(round(box.right()) + 4, y - 2, 52, _LINE_PX)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft, "No data")

    def _paint_classes(self, painter: QPainter, legend: Legend, y: int) -> int:
        for name, colour in legend.classes[:_MOST_CLASSES]:
            self._paint_swatch(painter, y, colour, name)
            y += _LINE_PX
        return y

    def _paint_swatch(self, painter: QPainter, y: int, colour: str, text: str) -> None:
        painter.fillRect(QRectF(0, y + 2, _BAR_PX, _BAR_PX), QColor(colour))
        painter.setPen(self._inks.text)
        painter.drawText(QRect(20, y, self.width() - 20, _LINE_PX), 0, text)
