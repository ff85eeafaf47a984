"""Text in rows that are painted by hand: a font of a size, a line that is cut with dots."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen


def sized(font: QFont, px: int, *, bold: bool = False) -> QFont:
    """A copy of a font in another size."""
    made = QFont(font)
    made.setPixelSize(px)
    made.setBold(bold)
    return made


def write(
    painter: QPainter, font: QFont, ink: QColor, box: QRect, text: str, *, right: bool = False
) -> None:
    """Write one line into a box, in the middle of its height; what is too long ends in dots."""
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.setFont(font)
    painter.setPen(QPen(ink))
    short = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, short)
