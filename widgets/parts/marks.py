"""Painted marks: health of a datastream and state of a command. Shape first, colour second."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPen, QPolygonF

from twin.room.model import CommandState
from widgets.parts.inks import Inks

MARK_PX = 14

_RUNNING = {
    CommandState.RELEASED,
    CommandState.SENT,
    CommandState.ACCEPTED,
    CommandState.EXECUTING,
}
_WITHDRAWN = {CommandState.CANCELLED}
_FAILED = {CommandState.REJECTED, CommandState.FAILED, CommandState.TIMED_OUT}

#: health name -> letter inside its mark; fresh is calm and has none
HEALTH_LETTERS = {"FRESH": "", "STALE": "S", "SUSPECT": "?", "NEVER": "–"}


def paint_health_mark(painter: QPainter, box: QRectF, health: str, inks: Inks) -> None:
    """Paint a health mark: fresh = grey dot, stale = hollow square S, suspect = triangle ?,
    never = hollow ring –.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if health == "FRESH":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(inks.muted)
        painter.drawEllipse(box.center(), 3.5, 3.5)
    elif health == "STALE":
        painter.setPen(QPen(inks.high, 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(1, 1, -1, -1))
        _letter(painter, box, "S", inks.text)
    elif health == "SUSPECT":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(inks.medium)
        painter.drawPolygon(_triangle(box))
        _letter(painter, box.translated(0, 1.5), "?", inks.on_bright)
    else:
        painter.setPen(QPen(inks.muted, 1.2, Qt.PenStyle.DotLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(box.adjusted(1.5, 1.5, -1.5, -1.5))
        _letter(painter, box, "–", inks.muted)
    painter.restore()


def paint_command_mark(painter: QPainter, box: QRectF, state: CommandState, inks: Inks) -> None:
    """Paint a command's chip: pending hollow, waiting for people = clock, running half, verified
    tick, failed cross, denied no-entry, expired hourglass, cancelled bar, unknown question mark.

    Compares by value: a `CommandState` that went through a Qt model comes back as plain text.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ring = box.adjusted(1, 1, -1, -1)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if state == CommandState.VERIFIED:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(inks.text)
        painter.drawEllipse(ring)
        _tick(painter, box, inks)
    elif state in _RUNNING:
        painter.setPen(QPen(inks.accent, 1.4))
        painter.drawEllipse(ring)
        painter.setBrush(QBrush(inks.accent))
        painter.drawPie(ring, 90 * 16, 180 * 16)
    elif state in _FAILED:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(inks.critical)
        painter.drawPolygon(_diamond(box))
        _cross(painter, box, inks)
    elif state == CommandState.AWAITING_APPROVAL:
        _clock(painter, ring, inks)
    elif state == CommandState.DENIED:
        _no_entry(painter, ring, inks)
    elif state == CommandState.EXPIRED:
        _hourglass(painter, box, inks)
    elif state in _WITHDRAWN:
        painter.setPen(QPen(inks.muted, 1.4))
        painter.drawEllipse(ring)
        painter.drawLine(ring.topLeft() + QPointF(2.4, 2.4), ring.bottomRight() - QPointF(2.4, 2.4))
    elif state == CommandState.UNKNOWN:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(inks.high)
        painter.drawPolygon(_triangle(box))
        _letter(painter, box.translated(0, 1.5), "?", inks.panel)
    else:
        painter.setPen(QPen(inks.muted, 1.4))
        painter.drawEllipse(ring)
    painter.restore()


def _clock(painter: QPainter, ring: QRectF, inks: Inks) -> None:
    painter.setPen(QPen(inks.accent, 1.4))
    painter.drawEllipse(ring)
    centre, hand = ring.center(), 0.3 * ring.width()
    painter.drawLine(centre, centre - QPointF(0, hand))
    painter.drawLine(centre, centre + QPointF(0.75 * hand, 0))


def _no_entry(painter: QPainter, ring: QRectF, inks: Inks) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(inks.critical)
    painter.drawEllipse(ring)
    painter.setPen(QPen(inks.panel, 2.0))
    centre, half = ring.center(), 0.28 * ring.width()
    painter.drawLine(centre - QPointF(half, 0), centre + QPointF(half, 0))


def _hourglass(painter: QPainter, box: QRectF, inks: Inks) -> None:
    c, w, h = box.center(), 0.32 * box.width(), 0.42 * box.height()
    corners = [c + QPointF(-w, -h), c + QPointF(w, -h), c + QPointF(-w, h), c + QPointF(w, h)]
    painter.setPen(QPen(inks.high, 1.4))
    painter.drawPolygon(QPolygonF(corners))


def _letter(painter: QPainter, box: QRectF, letter: str, colour: QColor) -> None:
    font = QFont(painter.font())
    font.setPixelSize(9)
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QPen(colour))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter)


def _tick(painter: QPainter, box: QRectF, inks: Inks) -> None:
    painter.setPen(QPen(inks.panel, 1.8))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    c, w = box.center(), box.width()
    painter.drawPolyline(
        QPolygonF(
            [
                c + QPointF(-0.22 * w, 0.02 * w),
                c + QPointF(-0.05 * w, 0.18 * w),
                c + QPointF(0.24 * w, -0.17 * w),
            ]
        )
    )


def _cross(painter: QPainter, box: QRectF, inks: Inks) -> None:
    painter.setPen(QPen(inks.panel, 1.6))
    c, d = box.center(), 0.15 * box.width()
    painter.drawLine(c - QPointF(d, d), c + QPointF(d, d))
    painter.drawLine(c + QPointF(-d, d), c + QPointF(d, -d))


def _triangle(box: QRectF) -> QPolygonF:
    return QPolygonF(
        [QPointF(box.center().x(), box.top() + 0.5), box.bottomRight(), box.bottomLeft()]
    )


def _diamond(box: QRectF) -> QPolygonF:
    c = box.center()
    return QPolygonF(
        [
            QPointF(c.x(), box.top() - 0.5),
            QPointF(box.right() + 0.5, c.y()),
            QPointF(c.x(), box.bottom() + 0.5),
            QPointF(box.left() - 0.5, c.y()),
        ]
    )
