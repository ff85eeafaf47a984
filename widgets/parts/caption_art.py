"""Paints a scene's caption and what was ordered lately, over a picture of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from twin.playback.cue_view import Caption
from twin.theme import Theme
from widgets.style import body_font

#: Letters have these shares of the picture's height.
_TEXT, _TITLE, _LINE = 0.030, 0.019, 0.0185
_MARGIN, _PAD = 0.045, 0.020
_WIDEST = 0.60
_OPAQUE = 242
_LEAST_PX = 11.0
_LETTERS_FLAGS = int(Qt.AlignmentFlag.AlignLeft) | int(Qt.TextFlag.TextWordWrap)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order of the last while; `mark` says how it stands without colour."""

    mark: str
    text: str
    is_worrying: bool = False


def paint_caption(
    painter: QPainter,
    width: float,
    height: float,
    caption: Caption,
    orders: Sequence[OrderLine],
    theme: Theme,
) -> None:
    """Paint the caption into a calm lower third and the orders into the upper right corner.

    Parameters
    ----------
    width, height : of the picture in the painter's pixels
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    if caption.title or caption.text:
        _paint_words(painter, width, height, caption, theme)
    if orders:
        _paint_orders(painter, width, height, orders, theme)


def _paint_words(
    painter: QPainter, width: float, height: float, caption: Caption, theme: Theme
) -> None:
    title_font = _font(_TITLE * height, QFont.Weight.DemiBold)
    text_font = _font(_TEXT * height, QFont.Weight.Medium)
    room = QRectF(0, 0, _WIDEST * width, height)
    title = _size(title_font, caption.title, room)
    text = _size(text_font, caption.text, room)
    pad, margin = _PAD * height, _MARGIN * height
    gap = 0.35 * pad if caption.title and caption.text else 0.0
    inner_w = max(title.width(), text.width())
    inner_h = title.height() + gap + text.height()
    box = QRectF(margin, height - margin - inner_h - 2 * pad, inner_w + 2 * pad, inner_h + 2 * pad)
    _paint_box(painter, box, height, theme)
    painter.setFont(title_font)
    painter.setPen(QColor(theme.ui["muted"]))
    at = box.adjusted(pad, pad, -pad, -pad)
    painter.drawText(at, _LETTERS_FLAGS, caption.title)
    painter.setFont(text_font)
    painter.setPen(QColor(theme.ui["text"]))
    painter.drawText(at.adjusted(0, title.height() + gap, 1, 1), _LETTERS_FLAGS, caption.text)


def _paint_orders(
    painter: QPainter, width: float, height: float, orders: Sequence[OrderLine], theme: Theme
) -> None:
    font = _font(_LINE * height, QFont.Weight.Normal)
    metrics = QFontMetricsF(font)
    pad, margin, row_h = 0.7 * _PAD * height, _MARGIN * height, 1.5 * metrics.height()
    mark_w = 1.9 * metrics.height()
    text_w = min(max(metrics.horizontalAdvance(one.text) for one in orders) + 1, 0.42 * width)
    box_w, box_h = mark_w + text_w + 2 * pad, len(orders) * row_h + 2 * pad
    box = QRectF(width - margin - box_w, margin, box_w, box_h)
    _paint_box(painter, box, height, theme)
    painter.setFont(font)
    flags = int(Qt.AlignmentFlag.AlignVCenter)
    for row, order in enumerate(orders):
        line = QRectF(box.x() + pad, box.y() + pad + row * row_h, box_w - 2 * pad, row_h)
        ink = theme.priority["high"] if order.is_worrying else theme.ui["muted"]
        painter.setPen(QColor(ink))
        painter.drawText(line, flags, order.mark)
        painter.setPen(QColor(theme.ui["text"]))
        shown = metrics.elidedText(order.text, Qt.TextElideMode.ElideRight, text_w)
        painter.drawText(line.adjusted(mark_w, 0, 0, 0), flags, shown)


def _paint_box(painter: QPainter, box: QRectF, height: float, theme: Theme) -> None:
    fill = QColor(theme.ui["panel"])
    fill.setAlpha(_OPAQUE)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.drawRoundedRect(box, 0.006 * height, 0.006 * height)


def _font(size_px: float, weight: QFont.Weight) -> QFont:
    font = body_font()
    font.setPixelSize(round(max(size_px, _LEAST_PX)))
    font.setWeight(weight)
    return font


def _size(font: QFont, text: str, room: QRectF) -> QRectF:
    if not text:
        return QRectF()
    return QFontMetricsF(font).boundingRect(room, _LETTERS_FLAGS, text)
