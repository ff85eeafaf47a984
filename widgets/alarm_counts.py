"""Alarms by priority at the top of the window; what nobody has acknowledged is filled and bold."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy

from twin.operations.alarm_book import Unseen
from twin.room.parts.alarms import PRIORITIES, Priority
from twin.theme import Theme
from widgets.parts.alarm_mark import MARK_PX, paint_alarm_mark
from widgets.parts.alarm_words import PRIORITY_TITLES
from widgets.parts.inks import Inks
from widgets.parts.row_text import write
from widgets.style import set_role

CALM = "No alarms"
_PAD_PX = 8
_GAP_PX = 5
_BETWEEN_PX = 10


class AlarmCounts(QPushButton):
    """One button with a mark and a number for each priority that has alarms. GUI thread."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._inks = Inks(theme)
        self._counts: Mapping[Priority, Unseen] = {}
        self.setProperty("role", "counter")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._dress()

    def set_theme(self, theme: Theme) -> None:
        """Take another theme's colours."""
        self._inks.change(theme)
        self.update()

    def show_counts(self, counts: Mapping[Priority, Unseen]) -> None:
        """Show other counts; priorities without alarms are left out."""
        if counts != self._counts:
            self._counts = dict(counts)
            self._dress()

    def _dress(self) -> None:
        told = [
            f"{one.n:,} {PRIORITY_TITLES[priority].lower()}"
            + (f", {one.n_unacknowledged:,} not acknowledged" if one.n_unacknowledged else "")
            for priority, one in self._shown()
        ]
        text = "; ".join(told)
        self.setAccessibleName(f"Alarms: {text}" if text else CALM)
        self.setToolTip(f"Alarms: {text}" if text else "Nothing is outside its limits")
        is_new = any(one.n_unacknowledged for _, one in self._shown())
        set_role(self, "queue" if is_new else "counter")
        self.updateGeometry()
        self.update()

    def _shown(self) -> list[tuple[Priority, Unseen]]:
        return [(p, self._counts[p]) for p in PRIORITIES if p in self._counts]

    def sizeHint(self) -> QSize:
        """As wide as its marks and numbers."""
        high = super().sizeHint().height()
        if not self._shown():
            return QSize(self._font(is_new=False)[1].horizontalAdvance(CALM) + 2 * _PAD_PX, high)
        width = 2 * _PAD_PX - _BETWEEN_PX
        for _, one in self._shown():
            metrics = self._font(is_new=one.n_unacknowledged > 0)[1]
            number = metrics.horizontalAdvance(_number(one)) + 2
            width += MARK_PX + _GAP_PX + number + _BETWEEN_PX
        return QSize(width, high)

    def minimumSizeHint(self) -> QSize:
        """Nothing of it may be cut off."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw marks and numbers over the button's ground."""
        super().paintEvent(event)
        painter = QPainter(self)
        box = self.rect().adjusted(_PAD_PX, 0, -_PAD_PX, 0)
        if not self._shown():
            write(painter, self._font(is_new=False)[0], self._inks.muted, box, CALM)
        x = box.left()
        for priority, one in self._shown():
            is_new = one.n_unacknowledged > 0
            top = box.center().y() - MARK_PX / 2 + 0.5
            mark = QRectF(x, top, MARK_PX, MARK_PX)
            paint_alarm_mark(painter, mark, priority, self._inks, filled=is_new)
            x += MARK_PX + _GAP_PX
            font, metrics = self._font(is_new=is_new)
            width = metrics.horizontalAdvance(_number(one)) + 2
            ink = self._inks.text if is_new else self._inks.muted
            number = QRect(x, box.top(), width, box.height())
            painter.setFont(font)
            painter.setPen(ink)
            side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(number, side, _number(one))
            x += width + _BETWEEN_PX
        painter.end()

    def _font(self, *, is_new: bool) -> tuple[QFont, QFontMetrics]:
        font = QFont(self.font())
        font.setBold(is_new)
        return font, QFontMetrics(font)


def _number(one: Unseen) -> str:
    """How many nobody has seen, else how many there are; the tool tip tells both."""
    return f"{one.n_unacknowledged or one.n:,}"
