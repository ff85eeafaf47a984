"""Small shapes that say how pressing something is: never colour alone.

calm = grey ring, low = disc, notice = square, warning = triangle, alarm = diamond, pending = ring.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

from twin.theme import Theme

Level = Literal["calm", "live", "pending", "low", "notice", "warning", "alarm"]

#: Significance of a command -> how pressing its mark looks, and the word for it.
LEVEL_OF_SIGNIFICANCE: dict[int, Level] = {1: "low", 2: "notice", 3: "warning", 4: "alarm"}
SIGNIFICANCE_WORDS = {1: "routine", 2: "noticeable", 3: "serious", 4: "grave"}


def level_colour(level: Level, theme: Theme) -> str:
    """Colour of a level in a theme, "#RRGGBB"."""
    return {
        "calm": theme.ui["muted"],
        "live": theme.ui["muted"],
        "pending": theme.priority["low"],
        "low": theme.priority["low"],
        "notice": theme.priority["medium"],
        "warning": theme.priority["high"],
        "alarm": theme.priority["critical"],
    }[level]


def paint_level(painter: QPainter, box: QRectF, level: Level, theme: Theme) -> None:
    """Draw a level's shape into a square box."""
    colour = QColor(level_colour(level, theme))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if level in ("calm", "pending"):
        painter.setPen(QPen(colour, box.width() / 7))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        inset = box.width() / 7
        painter.drawEllipse(box.adjusted(inset, inset, -inset, -inset))
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        _fill(painter, box, level)
    painter.restore()


def _fill(painter: QPainter, box: QRectF, level: Level) -> None:
    left, right, top, bottom = box.left(), box.right(), box.top(), box.bottom()
    middle = box.center()
    if level in ("live", "low"):
        inset = box.width() / 6
        painter.drawEllipse(box.adjusted(inset, inset, -inset, -inset))
    elif level == "notice":
        inset = box.width() / 8
        painter.drawRect(box.adjusted(inset, inset, -inset, -inset))
    elif level == "warning":
        corners = [QPointF(middle.x(), top), QPointF(right, bottom), QPointF(left, bottom)]
        painter.drawPolygon(QPolygonF(corners))
    else:
        corners = [
            QPointF(middle.x(), top),
            QPointF(right, middle.y()),
            QPointF(middle.x(), bottom),
            QPointF(left, middle.y()),
        ]
        painter.drawPolygon(QPolygonF(corners))


def level_icon(level: Level, theme: Theme, size_px: int = 12, *, gap_px: int = 0) -> QIcon:
    """A level's shape as an icon, sharp on every screen, with a gap at its right."""
    made = QIcon()
    for ratio in (1, 2, 3):
        picture = QPixmap((size_px + gap_px) * ratio, size_px * ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        paint_level(painter, QRectF(0, 0, size_px * ratio, size_px * ratio), level, theme)
        painter.end()
        picture.setDevicePixelRatio(ratio)
        made.addPixmap(picture)
    return made
