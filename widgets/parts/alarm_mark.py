"""The mark of an alarm: shape and letter by priority, filled until somebody acknowledges it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPolygonF

from twin.room.parts.alarms import Priority
from widgets.parts.alarm_words import PRIORITY_LETTERS
from widgets.parts.inks import Inks

MARK_PX = 17


def priority_ink(priority: Priority, inks: Inks) -> QColor:
    """Colour of a priority."""
    return QColor(inks.theme.priority[priority.value])


def paint_alarm_mark(
    painter: QPainter, box: QRectF, priority: Priority, inks: Inks, *, filled: bool
) -> None:
    """Paint critical = diamond C, high = triangle H, medium = square M, low = circle L."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = priority_ink(priority, inks)
    painter.setPen(Qt.PenStyle.NoPen if filled else QPen(colour, 1.5))
    painter.setBrush(colour if filled else Qt.BrushStyle.NoBrush)
    inner = box if filled else box.adjusted(0.8, 0.8, -0.8, -0.8)
    if priority is Priority.LOW:
        painter.drawEllipse(inner.adjusted(1, 1, -1, -1))
    elif priority is Priority.MEDIUM:
        painter.drawRect(inner.adjusted(1.5, 1.5, -1.5, -1.5))
    else:
        painter.drawPolygon(_corners(inner, is_diamond=priority is Priority.CRITICAL))
    font = QFont(painter.font())
    font.setPixelSize(9)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QPen(_letter_ink(priority, inks, filled=filled)))
    low = 2.5 if priority is Priority.HIGH else 0.0
    painter.drawText(
        box.translated(0, low), Qt.AlignmentFlag.AlignCenter, PRIORITY_LETTERS[priority]
    )
    painter.restore()


def _letter_ink(priority: Priority, inks: Inks, *, filled: bool) -> QColor:
    if not filled:
        return inks.text
    colour = priority_ink(priority, inks)
    is_bright = 0.299 * colour.redF() + 0.587 * colour.greenF() + 0.114 * colour.blueF() > 0.5
    return inks.on_bright if is_bright else QColor("#FFFFFF")


def _corners(box: QRectF, *, is_diamond: bool) -> QPolygonF:
    c = box.center()
    if is_diamond:
        points = [
            QPointF(c.x(), box.top() - 1), QPointF(box.right() + 1, c.y()),
            QPointF(c.x(), box.bottom() + 1), QPointF(box.left() - 1, c.y()),
        ]  # fmt: skip
    else:
        points = [QPointF(c.x(), box.top()), box.bottomRight(), box.bottomLeft()]
    return QPolygonF(points)
