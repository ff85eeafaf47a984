"""The timeline under the scene: which moment is shown, what happened when, and where to go."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QToolTip, QWidget

from twin.arrays import Float64Array
from twin.clock import NS_PER_S
from twin.playback.marks import Mark
from twin.playback.time_machine import Loop, Mode, TimeMachine
from twin.theme import Theme

HEIGHT_PX = 64
#: The least span shown, so that a fresh console is not a needle's eye.
LEAST_SPAN_NS = 60 * NS_PER_S
_RULER_PX, _LOAD_PX, _MARK_PX = 16, 14, 9
_NEAR_PX = 5
_STATE_PX, _SPEED_PX = 170, 48
_TICKS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600)
_RANK = {"critical": 4, "high": 3, "medium": 2, "low": 1, "": 0}


def clock_text(t_ns: int, *, with_day: bool = False) -> str:
    """A moment in local time: "14:02:07"."""
    moment = datetime.fromtimestamp(t_ns / NS_PER_S, UTC).astimezone()
    return moment.strftime("%d %b %H:%M:%S" if with_day else "%H:%M:%S")


def span_text(span_ns: int) -> str:
    """A span: "03:00", "1:12:09"."""
    minutes, seconds = divmod(round(span_ns / NS_PER_S), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"


def state_text(machine: TimeMachine) -> str:
    """What the timeline says of the moment shown."""
    if machine.is_live:
        return "Live"
    if machine.is_recording:
        return f"Replay {clock_text(machine.now_ns)}"
    return f"Behind live by {span_text(machine.behind_ns)}"


class TimelineBar(QWidget):
    """The part of the timeline that is drawn. GUI thread.

    Attributes
    ----------
    marks : in order of time
    load : (n,) shares of the largest, over the span shown
    """

    def __init__(self, machine: TimeMachine, theme: Theme) -> None:
        super().__init__()
        self._machine = machine
        self._theme = theme
        self.marks: Sequence[Mark] = ()
        self.load: Float64Array = np.zeros(0)
        self._span: tuple[int, int] | None = None  # zoomed in by the wheel
        self._is_dragging = False
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT_PX)
        self.setAccessibleName("Timeline")

    @property
    def span_ns(self) -> tuple[int, int]:
        """First and last moment shown."""
        start_ns, end_ns = self._machine.start_ns, self._machine.end_ns
        if self._span is not None:
            return self._span
        if not self._machine.is_recording:
            start_ns = min(start_ns or end_ns, end_ns - LEAST_SPAN_NS)
        return start_ns, max(end_ns, start_ns + NS_PER_S)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.update()

    def x_of(self, t_ns: int) -> float:
        """Where a moment is drawn."""
        start_ns, end_ns = self.span_ns
        return (t_ns - start_ns) / (end_ns - start_ns) * self.width()

    def t_of(self, x_px: float) -> int:
        """Which moment is drawn there."""
        start_ns, end_ns = self.span_ns
        share = min(max(x_px / max(self.width(), 1), 0.0), 1.0)
        return start_ns + round(share * (end_ns - start_ns))

    def mark_near(self, x_px: float) -> Mark | None:
        """The weightiest mark within a few pixels."""
        low = bisect_left(self.marks, self.t_of(x_px - _NEAR_PX), key=_time_of)
        high = bisect_left(self.marks, self.t_of(x_px + _NEAR_PX), key=_time_of)
        near = self.marks[low:high]
        return max(near, key=lambda mark: _RANK.get(mark.level, 0), default=None)

    # --- drawing ------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw load, ruler, marks and cursor."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ui = self._theme.ui
        painter.fillRect(self.rect(), QColor(ui["panel"]))
        self._paint_loop(painter)
        self._paint_load(painter, QColor(ui["line"]))
        self._paint_ruler(painter)
        self._paint_marks(painter)
        self._paint_cursor(painter)
        painter.end()

    def _paint_load(self, painter: QPainter, colour: QColor) -> None:
        if not len(self.load):
            return
        floor, width = self.height() - 2.0, self.width() / len(self.load)
        for i, share in enumerate(np.sqrt(self.load).tolist()):
            height = share * _LOAD_PX
            painter.fillRect(QRectF(i * width, floor - height, width, height), colour)

    def _paint_loop(self, painter: QPainter) -> None:
        loop = self._machine.loop
        if loop is None:
            return
        colour = QColor(self._theme.ui["accent"])
        colour.setAlpha(40)
        left, right = self.x_of(loop.start_ns), self.x_of(loop.end_ns)
        painter.fillRect(QRectF(left, 0, right - left, self.height()), colour)

    def _paint_ruler(self, painter: QPainter) -> None:
        start_ns, end_ns = self.span_ns
        span_s = (end_ns - start_ns) / NS_PER_S
        most = max(self.width() // 90, 1)
        step_s = next((s for s in _TICKS_S if span_s / s <= most), 86_400)
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        painter.setPen(QPen(QColor(self._theme.ui["muted"]), 1))
        first = -(-start_ns // (step_s * NS_PER_S)) * step_s
        for second in range(first, end_ns // NS_PER_S + 1, step_s):
            x = self.x_of(second * NS_PER_S)
            painter.drawLine(QPointF(x, 0), QPointF(x, 4))
            text = clock_text(second * NS_PER_S)
            text = text if step_s < 60 else text[:5]
            painter.drawText(QRectF(x + 3, 0, 80, _RULER_PX), Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_marks(self, painter: QPainter) -> None:
        start_ns, end_ns = self.span_ns
        low = bisect_left(self.marks, start_ns, key=_time_of)
        high = bisect_left(self.marks, end_ns + 1, key=_time_of)
        shown: dict[tuple[int, str], Mark] = {}
        for mark in self.marks[low:high]:  # one a pixel and kind: the weightiest
            key = (round(self.x_of(mark.t_ns) / 2), mark.kind)
            best = shown.get(key)
            if best is None or _RANK.get(mark.level, 0) > _RANK.get(best.level, 0):
                shown[key] = mark
        for mark in shown.values():
            self._paint_mark(painter, mark)

    def _paint_mark(self, painter: QPainter, mark: Mark) -> None:
        x, ui = self.x_of(mark.t_ns), self._theme.ui
        painter.setPen(Qt.PenStyle.NoPen)
        half = _MARK_PX / 2
        if mark.kind == "alarm":
            y = _RULER_PX + 6.0
            painter.setBrush(QColor(self._theme.priority.get(mark.level, ui["muted"])))
            if mark.level == "low":
                painter.drawEllipse(QPointF(x, y), 0.7 * half, 0.7 * half)
            else:
                painter.drawPolygon(_shape_of(mark.level, x, y, half))
            return
        if mark.kind == "stage":
            self._paint_stage(painter, mark, x)
            return
        y = _RULER_PX + 20.0
        painter.setBrush(QColor(ui["text"] if mark.kind == "incident" else ui["muted"]))
        if mark.kind == "incident":
            painter.drawRect(QRectF(x - 1, _RULER_PX, 2, 26))
        elif mark.kind == "trouble":
            painter.setPen(QPen(QColor(self._theme.priority["high"]), 2))
            painter.drawLine(QPointF(x - 3, y - 3), QPointF(x + 3, y + 3))
            painter.drawLine(QPointF(x - 3, y + 3), QPointF(x + 3, y - 3))
        else:
            painter.drawEllipse(QPointF(x, y), 2.5, 2.5)

    def _paint_stage(self, painter: QPainter, mark: Mark, x: float) -> None:
        """The number of the stage on a small flag, in the colours of text."""
        ui, height = self._theme.ui, 14.0
        top = self.height() - height - 2.0
        painter.setPen(QPen(QColor(ui["text"]), 1))
        painter.drawLine(QPointF(x, _RULER_PX), QPointF(x, self.height()))
        painter.setBrush(QColor(ui["panel"]))
        flag = QRectF(x, top, 13, height)
        painter.drawRect(flag)
        painter.drawText(flag, Qt.AlignmentFlag.AlignCenter, mark.level)

    def _paint_cursor(self, painter: QPainter) -> None:
        machine = self._machine
        colour = self._theme.ui["accent"] if machine.is_live else self._theme.frame["replay"]
        x = min(max(self.x_of(machine.now_ns), 1.0), self.width() - 1.0)
        painter.setPen(QPen(QColor(colour), 2))
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        painter.setBrush(QColor(colour))
        painter.drawPolygon(QPolygonF([QPointF(x - 5, 0), QPointF(x + 5, 0), QPointF(x, 7)]))

    # --- hands --------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there; on a mark exactly to it."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._is_dragging = True
            mark = self.mark_near(event.position().x())
            self._go(self.t_of(event.position().x()) if mark is None else mark.t_ns)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow a drag; else tell what is under the pointer."""
        x = event.position().x()
        if self._is_dragging:
            self._go(self.t_of(x))
            return
        mark = self.mark_near(x)
        text = clock_text(self.t_of(x), with_day=True)
        if mark is not None:
            text = f"{clock_text(mark.t_ns)}  {mark.text}"
        QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """The drag ends."""
        self._is_dragging = False

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom in and out at the pointer."""
        start_ns, end_ns = self.span_ns
        whole = (self._machine.start_ns, self._machine.end_ns)
        at_ns = self.t_of(event.position().x())
        factor = 0.8 if event.angleDelta().y() > 0 else 1.25
        low = round(at_ns - (at_ns - start_ns) * factor)
        high = round(at_ns + (end_ns - at_ns) * factor)
        is_whole = low <= whole[0] and high >= whole[1]
        is_least = high - low < 2 * NS_PER_S
        self._span = None if is_whole else (start_ns, end_ns) if is_least else (low, high)
        self.update()

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Show the whole span again."""
        self._span = None
        self.update()

    def _go(self, t_ns: int) -> None:
        machine = self._machine
        if not machine.is_recording and t_ns >= machine.end_ns - NS_PER_S:
            machine.go_live()
        else:
            machine.seek(t_ns)
        self.update()


class Timeline(QWidget):
    """Buttons, what is shown in words, and the bar. GUI thread."""

    def __init__(self, machine: TimeMachine, theme: Theme) -> None:
        super().__init__()
        self._machine = machine
        self.setObjectName("timeline")
        self.bar = TimelineBar(machine, theme)
        self.play = _button("Play or stand still (Space)")
        self.live = _button("Back to live (L)")
        self.slower = _button("Slower (Ctrl+Down)", "−")
        self.faster = _button("Faster (Ctrl+Up)", "+")
        self.loop = _button("Play the next 30 s again and again (Ctrl+L)", "↻")
        self.loop.setCheckable(True)
        self.state, self.speed = QLabel(), QLabel()
        self.state.setFixedWidth(_STATE_PX)
        self.speed.setFixedWidth(_SPEED_PX)
        self.speed.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(4)
        for widget in (
            self.play, self.slower, self.speed, self.faster, self.loop, self.live, self.state,
        ):  # fmt: skip
            row.addWidget(widget)
        row.addWidget(self.bar, 1)
        self.setFixedHeight(HEIGHT_PX)
        self.setAutoFillBackground(True)
        self.play.clicked.connect(lambda _c=False: machine.toggle())
        self.live.clicked.connect(lambda _c=False: machine.go_live())
        self.slower.clicked.connect(lambda _c=False: machine.faster(-1))
        self.faster.clicked.connect(lambda _c=False: machine.faster(1))
        self.loop.clicked.connect(lambda _c=False: toggle_loop(machine))
        self.set_theme(theme)
        self.refresh()

    def sizeHint(self) -> QSize:
        """64 pixels high."""
        return QSize(600, HEIGHT_PX)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        palette = self.palette()
        palette.setColor(self.backgroundRole(), QColor(theme.ui["panel"]))
        self.setPalette(palette)
        self.bar.set_theme(theme)

    def refresh(self) -> None:
        """Show the moment, the mode and the speed as they are."""
        machine = self._machine
        self.play.setText("▮▮" if machine.mode in (Mode.PLAYING, Mode.LIVE) else "▶")
        self.live.setText("●" if machine.is_live else "○")
        self.live.setVisible(not machine.is_recording)
        self.state.setText(state_text(machine))
        self.speed.setText(f"{machine.speed:g}×")
        self.loop.setChecked(machine.loop is not None)
        self.bar.update()


def toggle_loop(machine: TimeMachine) -> None:
    """Play the 30 s from here on again and again, or no more."""
    if machine.loop is not None or machine.is_live:
        machine.set_loop(None)
        return
    now_ns = machine.now_ns
    machine.set_loop(Loop(now_ns, min(now_ns + 30 * NS_PER_S, machine.end_ns)))


def _button(tip: str, text: str = "") -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _time_of(mark: Mark) -> int:
    return mark.t_ns


def _shape_of(level: str, x: float, y: float, half: float) -> QPolygonF:
    """Diamond, triangle, square: never colour alone."""
    if level == "critical":
        points = [(0, -half), (half, 0), (0, half), (-half, 0)]
    elif level == "high":
        points = [(0, -half), (half, half), (-half, half)]
    else:
        points = [(-half, -half), (half, -half), (half, half), (-half, half)]
    return QPolygonF([QPointF(x + a, y + b) for a, b in points])
