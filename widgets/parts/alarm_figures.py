"""The figures of EEMUA 191 for a shift: rate in bars of ten minutes, and what came most."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from twin.operations.alarm_rates import FLOOD_BEGINS, AlarmFigures
from widgets.parts.inks import Inks
from widgets.parts.labels import wrapped
from widgets.parts.row_text import sized, write
from widgets.parts.wording import clock_text, duration_text

SPANS = (("The last hour", 1.0), ("This shift, 8 hours", 8.0), ("The last day", 24.0))
_PLOT_PX = 96
_LEFT_PX = 24
_FLOOR_PX = 16
#: From here on numbers and lists stand beside the plot.
_WIDE_PX = 760


class RatePlot(QWidget):
    """Bars of ten minutes: quiet ones grey, those above the flood's limit orange and taller."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks
        self._figures: AlarmFigures | None = None
        self.setMinimumSize(180, _PLOT_PX)
        self.setAccessibleName("Alarms an operator in ten minutes")

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(420, _PLOT_PX + 24)

    def show_figures(self, figures: AlarmFigures) -> None:
        """Draw other figures."""
        if figures != self._figures:
            self._figures = figures
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw bars, the limit and the times."""
        figures = self._figures
        if figures is None:
            return
        painter = QPainter(self)
        painter.setFont(sized(self.font(), 11))
        box = QRectF(_LEFT_PX, 14, self.width() - _LEFT_PX - 4, self.height() - _FLOOR_PX - 14)
        top = max(figures.peak * 1.1, 1.2 * FLOOD_BEGINS)
        self._paint_bars(painter, box, figures, top)
        self._paint_lines(painter, box, top)
        self._paint_peak(painter, box, figures, top)
        painter.setPen(QPen(self._inks.muted))
        foot = QRectF(box.left(), box.bottom() + 1, box.width(), _FLOOR_PX - 1)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(foot, left, clock_text(figures.start_ns)[:5])
        painter.drawText(foot, right, "now")
        painter.end()

    def _paint_bars(
        self, painter: QPainter, box: QRectF, figures: AlarmFigures, top: float
    ) -> None:
        step = box.width() / len(figures.series)
        for n, rate in enumerate(figures.series):
            if rate <= 0:
                continue
            height = max(rate / top * box.height(), 1.0)
            ink = self._inks.high if rate > FLOOD_BEGINS else self._inks.muted
            bar = QRectF(box.left() + n * step, box.bottom() - height, max(step - 1, 1), height)
            painter.fillRect(bar, ink)

    def _paint_peak(
        self, painter: QPainter, box: QRectF, figures: AlarmFigures, top: float
    ) -> None:
        """The highest bar's number above it."""
        if figures.peak <= 0:
            return
        step = box.width() / len(figures.series)
        middle = box.left() + (figures.series.index(figures.peak) + 0.5) * step
        y = box.bottom() - figures.peak / top * box.height()
        place = QRectF(min(middle - 30, box.right() - 60), y - 14, 60, 14)
        is_last = place.left() < middle - 30
        side = Qt.AlignmentFlag.AlignRight if is_last else Qt.AlignmentFlag.AlignHCenter
        painter.setPen(QPen(self._inks.text))
        painter.drawText(place, side | Qt.AlignmentFlag.AlignBottom, f"{figures.peak:,.0f}")

    def _paint_lines(self, painter: QPainter, box: QRectF, top: float) -> None:
        for rate, style in ((0, Qt.PenStyle.SolidLine), (FLOOD_BEGINS, Qt.PenStyle.DashLine)):
            y = box.bottom() - rate / top * box.height()
            painter.setPen(QPen(self._inks.muted if rate else self._inks.line, 1, style))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            if rate and box.bottom() - y < 14:
                continue
            painter.setPen(QPen(self._inks.muted))
            beside = QRectF(0, y - 8, _LEFT_PX - 4, 16)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(beside, flags, str(rate))


class ActorBars(QWidget):
    """What came most: a bar, its number and its name in each line."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self._inks = inks
        self._rows: tuple[tuple[str, int], ...] = ()
        self.setAccessibleName("What came most")

    def show_rows(self, rows: tuple[tuple[str, int], ...]) -> None:
        """Draw other rows."""
        if rows != self._rows:
            self._rows = rows
            self.setMinimumHeight(20 * max(len(rows), 1))
            self.setAccessibleDescription("; ".join(f"{n:,} times {name}" for name, n in rows))
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the rows."""
        painter = QPainter(self)
        most = max((n for _, n in self._rows), default=0)
        for line, (name, n) in enumerate(self._rows):
            box = self.rect()
            box.setTop(20 * line)
            box.setHeight(20)
            if not n:
                write(painter, self.font(), self._inks.muted, box, name)
                continue
            bar = QRectF(0, box.top() + 6, 60 * n / most, 8)
            painter.fillRect(bar, self._inks.muted)
            number, text = box.adjusted(66, 0, 0, 0), box.adjusted(112, 0, 0, 0)
            number.setWidth(38)
            write(painter, self.font(), self._inks.text, number, f"{n:,}", right=True)
            write(painter, self.font(), self._inks.text, text, name)
        painter.end()


class AlarmFiguresPage(QScrollArea):
    """Choices, plot, figures and lists. GUI thread."""

    def __init__(self, inks: Inks) -> None:
        super().__init__()
        self.span, self.department = QComboBox(), QComboBox()
        self.span.setAccessibleName("Time of the figures")
        self.department.setAccessibleName("Department of the figures")
        for title, hours in SPANS:
            self.span.addItem(title, hours)
        for box in (self.span, self.department):
            box.setMinimumContentsLength(6)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
        self.span.setCurrentIndex(1)
        self.department.addItem("All departments", "")
        self.plot, self.actors, self.operators = RatePlot(inks), ActorBars(inks), ActorBars(inks)
        self.operators.setAccessibleName("Who acknowledged")
        self.verdict = wrapped("muted")
        self.values: dict[str, QLabel] = {}
        self._lay_out()

    @property
    def hours(self) -> float:
        """How far the figures go back."""
        return float(self.span.currentData())

    def _lay_out(self) -> None:
        choices = QHBoxLayout()
        choices.setSpacing(8)
        choices.addWidget(self.span, 1)
        choices.addWidget(self.department, 1)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(2)
        for n, name in enumerate(
            (
                "Mean",
                "Peak",
                "In flood",
                "To answer",
                "Standing",
                "Chattering",
                "Stale",
                "Came",
            )
        ):
            value, caption = QLabel("–"), QLabel(name)
            value.setProperty("role", "figure")
            caption.setProperty("role", "caption")
            value.setAccessibleName(name)
            self.values[name] = value
            grid.addWidget(value, 2 * (n // 3), n % 3)
            grid.addWidget(caption, 2 * (n // 3) + 1, n % 3)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addLayout(choices)
        left.addWidget(
            wrapped(
                "heading", "Alarms an operator in ten minutes; the line is where a flood begins"
            )
        )
        left.addWidget(self.plot, 1)
        middle = QVBoxLayout()
        middle.setSpacing(8)
        middle.addLayout(grid)
        middle.addWidget(self.verdict)
        middle.addStretch(1)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(wrapped("heading", "What came most"))
        right.addWidget(self.actors)
        right.addWidget(wrapped("heading", "Who acknowledged"))
        right.addWidget(self.operators)
        right.addStretch(1)
        body = QWidget()
        self._sides = QBoxLayout(QBoxLayout.Direction.LeftToRight, body)
        self._sides.setContentsMargins(8, 4, 8, 4)
        self._sides.setSpacing(24)
        for side in (left, middle, right):
            self._sides.addLayout(side, 1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Narrow pages have the lists below the plot."""
        super().resizeEvent(event)
        is_wide = self.width() >= _WIDE_PX
        direction = QBoxLayout.Direction
        self._sides.setDirection(direction.LeftToRight if is_wide else direction.TopToBottom)

    def show_figures(
        self, figures: AlarmFigures, *, standing: int, chattering: int, stale: int, n_operators: int
    ) -> None:
        """Show other figures."""
        self.plot.show_figures(figures)
        often = tuple((name, n) for name, n in figures.actors if n > 1)
        self.actors.show_rows(often or (("Nothing came twice", 0),))
        self.operators.show_rows(figures.by_operator or (("Nobody yet", 0),))
        ack = "–" if figures.ack_s is None else duration_text(figures.ack_s)
        texts = {
            "Mean": f"{figures.mean:.1f}",
            "Peak": f"{figures.peak:,.0f}",
            "In flood": f"{figures.flood_share:.0%}",
            "To answer": ack,
            "Standing": f"{standing:,}",
            "Chattering": f"{chattering:,}",
            "Stale": f"{stale:,}",
            "Came": f"{figures.n_raised:,}",
        }
        for name, text in texts.items():
            self.values[name].setText(text)
        shared = "one operator" if n_operators <= 1 else f"{n_operators} operators"
        self.verdict.setText(
            f"A mean of {figures.mean:.1f} for {shared} is {figures.grade} by EEMUA 191: up to 1 "
            "is acceptable, up to 2 manageable, up to 5 over-demanding"
        )
