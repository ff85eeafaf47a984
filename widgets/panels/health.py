"""Are the feeds alive and the values believable? Feeds, odd datastreams, link and journal."""

from __future__ import annotations

import math

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHeaderView,
    QLabel,
    QListView,
    QSplitter,
    QStackedLayout,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from twin.samples.choosing import Lane
from twin.sense.health import Health
from twin.sense.ingest import IngestStats
from twin.session import Selection
from widgets.panel import PanelContext, PanelType
from widgets.parts.datastream_table import HealthRole
from widgets.parts.empty_state import EmptyState
from widgets.parts.feed_table import (
    FEED_COLUMNS,
    REASONS,
    FeedTable,
    NameRole,
    OddDatastreams,
    ReasonRole,
    SinceRole,
    ThingRole,
)
from widgets.parts.marks import MARK_PX, paint_health_mark
from widgets.parts.panel_widget import PanelWidget
from widgets.parts.row_text import sized, write
from widgets.parts.sparkline import MarkDelegate, RowDelegate, SparklineDelegate
from widgets.parts.wording import count_text

_WIDTHS = (26, 0, 92, 64, 72, 52, 76, 72, 68, 0)
_ROW_PX, _ODD_PX, _SINCE_PX = 28, 40, 96


class OddDelegate(RowDelegate):
    """Paints the mark and the sentence of a datastream somebody should look at."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint one row."""
        self.paint_ground(painter, option)
        row = option.rect
        mark = QRectF(row.left() + 4, row.top() + 4, MARK_PX, MARK_PX)
        paint_health_mark(painter, mark, Health(index.data(HealthRole)).name, self.inks)
        since = str(index.data(SinceRole))
        small = sized(option.font, 11)
        right = QRect(row.right() - _SINCE_PX - 8, row.top() + 2, _SINCE_PX, 18)
        write(painter, small, self.inks.muted, right, f"since {since}" if since else "", right=True)
        box = QRect(row.left() + 28, row.top() + 2, right.left() - row.left() - 34, 18)
        write(painter, QFont(option.font), self.inks.text, box, str(index.data(NameRole)))
        below = QRect(box.left(), box.bottom() + 1, row.right() - 8 - box.left(), 16)
        write(painter, small, self.inks.muted, below, str(index.data(ReasonRole)))


class HealthPanel(PanelWidget):
    """Feeds on the left, what is odd on the right, link and totals above."""

    def __init__(self, context: PanelContext) -> None:
        super().__init__(context)
        self.feeds = FeedTable(self.session)
        self.odd = OddDatastreams(self.session)
        self.link = _caption("")
        self.totals = _caption("caption")
        self._make_feeds()
        self._make_odd()
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        splitter.addWidget(self._feeds_side)
        splitter.addWidget(self._odd_side)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 4)
        layout.setSpacing(4)
        layout.addWidget(self.link)
        layout.addWidget(self.totals)
        layout.addWidget(splitter, 1)
        self.refresh()

    def _make_feeds(self) -> None:
        table = self.table = QTableView()
        table.setModel(self.feeds)
        table.setAccessibleName("Feeds")
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(_ROW_PX)
        header = table.horizontalHeader()
        header.setMinimumSectionSize(20)
        header.setHighlightSections(False)
        for column, width in enumerate(_WIDTHS):
            stretches = width == 0
            mode = QHeaderView.ResizeMode.Stretch if stretches else QHeaderView.ResizeMode.Fixed
            header.setSectionResizeMode(column, mode)
            if not stretches:
                header.resizeSection(column, width)
        self._mark, self._line = MarkDelegate(self.inks), SparklineDelegate(self.inks, margin_px=4)
        table.setItemDelegateForColumn(0, self._mark)
        table.setItemDelegateForColumn(FEED_COLUMNS.index("Trend"), self._line)
        self._feeds_side = QWidget()
        self._feeds_stack = QStackedLayout(self._feeds_side)
        self._feeds_stack.addWidget(table)
        self._feeds_stack.addWidget(
            EmptyState(
                "No feed has been heard yet. Start “civitwin sim”, replay a file with "
                "“civitwin feed”, or publish to the hub’s sample port."
            )
        )

    def _make_odd(self) -> None:
        self.odd_list = QListView()
        self.odd_list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.odd_list.setModel(self.odd)
        self.odd_list.setAccessibleName("Sensors I must not trust")
        self.odd_list.setFrameShape(QFrame.Shape.NoFrame)
        self.odd_list.setUniformItemSizes(True)
        self._odd_delegate = OddDelegate(self.inks, row_px=_ODD_PX)
        self.odd_list.setItemDelegate(self._odd_delegate)
        self.odd_list.clicked.connect(self._select_thing)
        self.odd_list.activated.connect(self._fly_to_thing)
        self.reason = QComboBox()
        self.reason.setAccessibleName("Reason not to trust a sensor")
        self.reason.addItems([title for title, _, _ in REASONS])
        self.reason.currentIndexChanged.connect(self._choose_reason)
        self._odd_title = _caption("heading")
        self._all_well = _caption("muted")
        self._all_well.setAlignment(Qt.AlignmentFlag.AlignTop)
        body = QWidget()
        self._odd_stack = QStackedLayout(body)
        self._odd_stack.addWidget(self.odd_list)
        self._odd_stack.addWidget(self._all_well)
        self._odd_side = QWidget()
        layout = QVBoxLayout(self._odd_side)
        layout.setContentsMargins(12, 4, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._odd_title)
        layout.addWidget(self.reason)
        layout.addWidget(body, 1)

    def refresh(self) -> None:
        """Pull the counters of the ingest thread and look at all datastreams again."""
        stats = self.session.ingest.stats()
        self.feeds.take(stats.feeds)
        self._feeds_stack.setCurrentIndex(0 if stats.feeds else 1)
        self.odd.take()
        self.odd_list.viewport().update()
        n, n_odd = self.odd.rowCount(), self.odd.counts[0]
        self._odd_title.setText(
            f"{count_text(n_odd, 'sensor value')} I must not trust"
            if n_odd
            else "All sensors can be trusted"
        )
        for row, ((title, _, _), count) in enumerate(zip(REASONS, self.odd.counts, strict=True)):
            self.reason.setItemText(row, f"{title}: {count:,}")
        self.reason.setVisible(n_odd > 0 or self.odd.reason > 0)
        n_all = len(self.session.observations.datastreams)
        all_well = f"All of {count_text(n_all, 'datastream')} are fresh" if n_all else ""
        self._all_well.setText("None for this reason" if n_odd else all_well)
        self._odd_stack.setCurrentIndex(0 if n else 1)
        self._tell_link()
        self.totals.setText(totals_text(stats))

    def _tell_link(self) -> None:
        status = self.session.hub.status()
        rtt = f", {status.rtt_ms:.0f} ms there and back" if status.rtt_ms is not None else ""
        waiting = (
            f" · {count_text(status.n_in_outbox, 'command')} waiting for the hub"
            if status.n_in_outbox
            else ""
        )
        self.link.setText(
            f"Hub {status.state.value}{rtt} · {status.text} · journal at event "
            f"{status.last_seq:,}{waiting}"
        )
        self.link.setToolTip(status.endpoint)

    def _choose_reason(self, row: int) -> None:
        self.odd.choose(max(row, 0))
        self.refresh()

    def _select_thing(self, index: QModelIndex) -> None:
        self.session.select(Selection(thing_id=str(index.data(ThingRole))))

    def _fly_to_thing(self, index: QModelIndex) -> None:
        """A double click or Enter: go there."""
        self._select_thing(index)
        x, y, z = self.session.observations.xyz_of_thing(str(index.data(ThingRole))).tolist()
        if math.isfinite(x) and math.isfinite(y):
            self.fly_to((x, y, z if math.isfinite(z) else 0.0))


def totals_text(stats: IngestStats) -> str:
    """Counters of the whole sample lane in one line."""
    parts = [
        f"{count_text(stats.received, 'sample')} received",
        f"{count_text(stats.gaps, 'message')} missing",
        f"{stats.malformed:,} malformed",
        f"{stats.unknown:,} unknown",
        f"{stats.dropped:,} dropped",
    ]
    if stats.skipped:
        parts.append(f"{count_text(stats.skipped, 'update')} skipped to catch up")
    if stats.lane is Lane.THIN:
        parts.append(f"thinned, {stats.lag_s:.1f} s behind")
    if stats.trouble:
        parts.append(stats.trouble)
    if math.isfinite(stats.latency_ms_p95):
        parts.append(
            f"on the way {stats.latency_ms_p50:.0f} ms, worst 5 % {stats.latency_ms_p95:.0f} ms"
        )
    return " · ".join(parts)


def _caption(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(label.sizePolicy().Policy.Ignored, label.sizePolicy().Policy.Preferred)
    if role:
        label.setProperty("role", role)
    return label


PANEL = PanelType(
    id="health", title="Health", area="bottom", create=HealthPanel, order=30, icon="health"
)
