"""When a command may leave: at once or not before a time, and until when."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from PySide6.QtCore import Qt, QTime, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QTimeEdit,
    QVBoxLayout,
    QWidget,
)

from twin.clock import NS_PER_S
from twin.commanding import AT_ONCE, Timing
from widgets.parts.value_form import LABEL_PX, indent
from widgets.parts.wording import clock_text, duration_text

_AT_A_TIME = -1
_LEAST_PX = 56
_STARTS = (
    ("At once", 0),
    ("In 5 minutes", 300),
    ("In 15 minutes", 900),
    ("In an hour", 3_600),
    ("At a time…", _AT_A_TIME),
)
_DEADLINES = (
    ("No deadline", 0),
    ("Within 5 minutes", 300),
    ("Within 30 minutes", 1_800),
    ("Within 2 hours", 7_200),
)


class ScheduleField(QWidget):
    """Two choices below each other, and a time of day. GUI thread.

    Signals: ``edited()`` after each change by the person.
    """

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.start = _box("When it may leave", _STARTS)
        self.deadline = _box("How long it may wait", _DEADLINES)
        self.time = QTimeEdit()
        self.time.setDisplayFormat("HH:mm:ss")
        self.time.setAccessibleName("Not before this time")
        indent(self.time)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(self.start)
        column.addWidget(self.time, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(8)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        label = QLabel("When")
        label.setMinimumWidth(LABEL_PX)
        layout.addRow(label, column)
        layout.addRow(QLabel("Deadline"), self.deadline)
        self.start.activated.connect(lambda _index: self._follow())
        self.deadline.activated.connect(lambda _index: self.edited.emit())
        self.time.timeChanged.connect(lambda _time: self.edited.emit())
        self.clear()

    def clear(self) -> None:
        """At once, without a deadline."""
        self.start.setCurrentIndex(0)
        self.deadline.setCurrentIndex(0)
        self.time.hide()

    @property
    def is_set(self) -> bool:
        """Whether the person asked for anything but "at once"."""
        return self.start.currentIndex() > 0 or self.deadline.currentIndex() > 0

    def timing(self, now_ns: int) -> Timing:
        """Both times, hub time; a deadline counts from when it may leave."""
        after_s = int(self.start.currentData())
        start_ns = 0
        if after_s == _AT_A_TIME:
            chosen = self.time.time()
            start_ns = next_at(time(chosen.hour(), chosen.minute(), chosen.second()), now_ns)
        elif after_s:
            start_ns = now_ns + after_s * NS_PER_S
        left_s = int(self.deadline.currentData())
        deadline_ns = (start_ns or now_ns) + left_s * NS_PER_S if left_s else 0
        return Timing(not_before_ns=start_ns, deadline_ns=deadline_ns)

    def _follow(self) -> None:
        is_time = self.start.currentData() == _AT_A_TIME
        if is_time and self.time.isHidden():
            self.time.setTime(QTime.currentTime().addSecs(600))
        self.time.setVisible(is_time)
        self.edited.emit()


def next_at(at: time, now_ns: int) -> int:
    """The next moment at a local time of day, nanoseconds since 1970."""
    now = datetime.fromtimestamp(now_ns / NS_PER_S).astimezone()
    moment = now.replace(hour=at.hour, minute=at.minute, second=at.second, microsecond=0)
    if moment <= now:
        moment = (moment.replace(tzinfo=None) + timedelta(days=1)).astimezone()
    return round(moment.timestamp()) * NS_PER_S


def timing_text(timing: Timing, now_ns: int) -> str:
    """Both times for a person; "" for at once without a deadline."""
    if timing == AT_ONCE:
        return ""
    parts = []
    if timing.not_before_ns:
        left = duration_text((timing.not_before_ns - now_ns) / NS_PER_S)
        parts.append(f"It leaves at {clock_text(timing.not_before_ns)}, in {left}, not before")
    if timing.deadline_ns:
        parts.append(f"It is dropped if it has not left by {clock_text(timing.deadline_ns)}")
    return ". ".join(parts) + "."


def _box(name: str, entries: tuple[tuple[str, int], ...]) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    for title, seconds in entries:
        box.addItem(title, seconds)
    box.setMinimumContentsLength(1)
    box.setMinimumWidth(_LEAST_PX)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box
