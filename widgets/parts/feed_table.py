"""Item models of the health panel: feeds, and datastreams that must not be trusted."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
)

from twin.arrays import BoolArray, Int64Array, UInt8Array
from twin.clock import NS_PER_S
from twin.sense.feeds import FeedStats
from twin.sense.health import Health, health_of
from twin.sense.trust import Doubt
from twin.session import TwinSession
from widgets.parts.datastream_table import HealthRole, TrendRole
from widgets.parts.wording import (
    age_text,
    clock_text,
    health_sentence,
    lower_first,
    property_title,
)

ThingRole = int(Qt.ItemDataRole.UserRole) + 8
NameRole, ReasonRole, SinceRole = ThingRole + 1, ThingRole + 2, ThingRole + 3
SILENT_AFTER_S = 10.0
RATE_POINTS = 60
FEED_COLUMNS = (
    "",
    "Feed",
    "Rate",
    "Trend",
    "Lag",
    "Gaps",
    "Malformed",
    "Unknown",
    "Dropped",
    "Last error",
)
_AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class FeedTable(QAbstractTableModel):
    """One row a source. Keeps the last rates of each feed, which nobody else does. GUI thread."""

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self.feeds: tuple[FeedStats, ...] = ()
        self._rates: dict[str, deque[float]] = {}

    def take(self, feeds: tuple[FeedStats, ...]) -> None:
        """Show new figures; called once a tick."""
        feeds = tuple(sorted(feeds, key=lambda feed: feed.source))
        for feed in feeds:
            self._rates.setdefault(feed.source, deque(maxlen=RATE_POINTS)).append(feed.rate_hz)
        if [f.source for f in feeds] != [f.source for f in self.feeds]:
            self.beginResetModel()
            self.feeds = feeds
            self.endResetModel()
            return
        self.feeds = feeds
        if feeds:
            last = self.index(len(feeds) - 1, len(FEED_COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """How many feeds."""
        return 0 if parent.isValid() else len(self.feeds)

    def columnCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """See `FEED_COLUMNS`."""
        return 0 if parent.isValid() else len(FEED_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Column titles."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return FEED_COLUMNS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(section)
        return None

    def data(self, index: _AnyIndex, role: int = 0) -> Any:
        """Figures of one feed."""
        if not index.isValid() or index.row() >= len(self.feeds):
            return None
        feed = self.feeds[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(feed, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(index.column())
        if role == HealthRole:
            return Health.STALE if self.is_silent(feed) else Health.FRESH
        if role == TrendRole:
            return np.array(self._rates[feed.source])
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.sentence(feed)
        return None

    def is_silent(self, feed: FeedStats) -> bool:
        """Whether a feed has said nothing for a while."""
        return self._silent_s(feed) > SILENT_AFTER_S

    def sentence(self, feed: FeedStats) -> str:
        """How one feed is, for a person."""
        if not feed.last_received_ns:
            return f"{feed.source} has brought nothing that can be read"
        if self.is_silent(feed):
            return f"{feed.source} has been silent for {age_text(self._silent_s(feed))}"
        skipped = f", {feed.skipped:,} of its messages were skipped" if feed.skipped else ""
        return f"{feed.source} brings {feed.rate_hz:,.0f} samples a second{skipped}"

    def _silent_s(self, feed: FeedStats) -> float:
        return (self._session.clock.now_ns() - feed.last_received_ns) / NS_PER_S

    def _rate_text(self, feed: FeedStats) -> str:
        if not feed.last_received_ns:
            return "nothing yet"
        if self.is_silent(feed):
            return f"silent {age_text(self._silent_s(feed))}"
        return f"{feed.rate_hz:,.0f}/s"

    def _text(self, feed: FeedStats, column: int) -> str:
        lag = "–" if not np.isfinite(feed.lag_ms) else f"{feed.lag_ms:,.0f} ms"
        return (
            "",
            feed.source,
            self._rate_text(feed),
            "",
            lag,
            f"{feed.gaps:,}",
            f"{feed.malformed:,}",
            f"{feed.unknown:,}",
            f"{feed.dropped:,}",
            feed.last_error,
        )[column]


def _side(column: int) -> Qt.AlignmentFlag:
    is_figure = FEED_COLUMNS[column] in ("Rate", "Lag", "Gaps", "Malformed", "Unknown", "Dropped")
    return _RIGHT if is_figure else _LEFT


#: Reasons to choose from: title, codes of `Health`, bits of `Doubt`.
REASONS: tuple[tuple[str, tuple[Health, ...], Doubt], ...] = (
    ("For any reason", (Health.SUSPECT, Health.STALE, Health.NEVER), Doubt.NONE),
    ("Silent now", (Health.STALE,), Doubt.NONE),
    ("Silent since the start", (Health.NEVER,), Doubt.NONE),
    ("Gaps", (), Doubt.GAP),
    ("Wrong clock", (), Doubt.SKEW),
    ("Flat line", (), Doubt.FLAT),
    ("Out of range", (), Doubt.RANGE),
    ("Noisy", (), Doubt.NOISY),
    ("Doubted by the source itself", (), Doubt.FLAGGED),
)


class OddDatastreams(QAbstractListModel):
    """Datastreams that must not be trusted: suspect, stale or silent since the start."""

    def __init__(self, session: TwinSession) -> None:
        super().__init__()
        self._session = session
        self._store = session.observations
        self.slots: Int64Array = np.empty(0, np.int64)
        self.reason = 0
        self.counts: tuple[int, ...] = (0,) * len(REASONS)
        self.take()

    def choose(self, reason: int) -> None:
        """List those of one of `REASONS` only."""
        self.reason = reason
        self.take()

    def take(self) -> None:
        """Look at all of them again; a list that stays the same is only to be repainted."""
        self._snapshot = self._store.snapshot()
        self._codes = health_of(self._snapshot, self._session.clock.now_ns())
        bits = self._snapshot.doubts.fitted(len(self._codes)).bits
        self.counts = tuple(
            int(np.count_nonzero(_has_reason(self._codes, bits, reason)))
            for reason in range(len(REASONS))
        )
        wanted = _has_reason(self._codes, bits, self.reason)
        slots = np.concatenate(
            [
                np.flatnonzero(wanted & (self._codes == code))
                for code in (Health.SUSPECT, Health.STALE, Health.NEVER, Health.FRESH)
            ]
        ).astype(np.int64)
        if np.array_equal(slots, self.slots):
            return  # the view is repainted by the panel: no row needs to be told on its own
        self.beginResetModel()
        self.slots = slots
        self.endResetModel()

    def rowCount(self, parent: _AnyIndex = _NOWHERE) -> int:
        """How many must not be trusted."""
        return 0 if parent.isValid() else len(self.slots)

    def data(self, index: _AnyIndex, role: int = 0) -> Any:
        """Sentence, since when, mark and thing of one."""
        if not index.isValid() or index.row() >= len(self.slots):
            return None
        slot = int(self.slots[index.row()])
        if role in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.ToolTipRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            since = self.since(slot)
            return f"{self.sentence(slot)}. Since {since}" if since else self.sentence(slot)
        if role == HealthRole:
            return Health(int(self._codes[slot]))
        if role == ThingRole:
            return self._store.datastreams[slot].thing_id
        parts = {NameRole: self.name, ReasonRole: self.reason_of, SinceRole: self.since}
        return parts[role](slot) if role in parts else None

    def since(self, slot: int) -> str:
        """Since when it must not be trusted, as local time; "" where that is not known."""
        snapshot, doubts = self._snapshot, self._snapshot.doubts
        code = self._codes[slot]
        if code == Health.NEVER:
            return ""
        if code == Health.STALE:
            return clock_text(int(snapshot.t_ns[slot]))
        if slot >= len(doubts.bits):
            return ""
        if doubts.bits[slot] == Doubt.FLAT:
            return clock_text(int(snapshot.changed_ns[slot]))
        return clock_text(int(doubts.since_ns[slot]))

    def name(self, slot: int) -> str:
        """Name of a datastream: its thing and property."""
        datastream = self._store.datastreams[slot]
        thing = self._store.things.get(datastream.thing_id)
        name = thing.name if thing is not None else datastream.thing_id
        return f"{name}, {lower_first(property_title(datastream.observed_property))}"

    def reason_of(self, slot: int) -> str:
        """What is odd about a datastream."""
        return health_sentence(self._store, slot, self._snapshot, self._session.clock.now_ns())

    def sentence(self, slot: int) -> str:
        """What is odd about a datastream, with its name."""
        return f"{self.name(slot)}: {self.reason_of(slot)}"


def _has_reason(codes: UInt8Array, bits: UInt8Array, reason: int) -> BoolArray:
    """(n,) bool: those with one of `REASONS`."""
    _title, healths, doubt = REASONS[reason]
    has: BoolArray = np.isin(codes, healths) | ((bits & np.uint8(doubt)) != 0)
    return has
