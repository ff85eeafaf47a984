"""What came from each source: counters, sequence gaps, rate and lag. Bounded in every direction."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

from twin.clock import NS_PER_S

#: More sources than this share one line, named `OTHER_SOURCES`.
MAX_FEEDS = 256
OTHER_SOURCES = "(others)"
#: Messages whose topic names no source.
NO_SOURCE = "(unreadable)"
#: A message this far behind the newest is taken for a restart of the numbering.
MAX_BEHIND = 100_000
_MAX_MISSING = 4096
_MAX_EPOCHS = 8
_RATE_WINDOW_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStats:
    """Counters of one source.

    Attributes
    ----------
    received : samples (observations and positions) that arrived and could be read
    rate_hz : samples per second over the last 5 s
    gaps : messages missing in the source's numbering
    skipped : messages left out on purpose while this console took the thinned lane
    malformed : messages (or entries of a JSON list) refused as a whole
    unknown : samples of an index that was not announced
    dropped : samples left out: NaN, infinite, out of time, late or not placeable
    last_received_ns : 0 = never
    lag_ms : how old the newest sample was on arrival; NaN before the first
    last_error : the newest fault as a sentence, "" = none
    """

    source: str
    received: int
    rate_hz: float
    gaps: int
    malformed: int
    unknown: int
    dropped: int
    last_received_ns: int
    lag_ms: float
    last_error: str
    skipped: int = 0


class SequenceWatch:
    """Counts the messages missing in one epoch's numbering; late ones are taken off again."""

    def __init__(self) -> None:
        self._newest = -1
        self._missing: OrderedDict[int, None] = OrderedDict()

    def step(self, seq: int) -> int:
        """Change of the gap count: positive for missing messages, -1 for one that came late."""
        newest = self._newest
        if newest < 0 or seq == newest + 1 or seq < newest - MAX_BEHIND:
            self._newest = seq
            return 0
        if seq <= newest:
            return -1 if self._missing.pop(seq, 0) is None else 0
        for missing in range(max(newest + 1, seq - _MAX_MISSING), seq):
            self._missing[missing] = None
        while len(self._missing) > _MAX_MISSING:
            self._missing.popitem(last=False)
        self._newest = seq
        return seq - newest - 1

    def is_repeated(self, seq: int) -> bool:
        """Whether this number was here before."""
        is_known = self._newest - MAX_BEHIND <= seq <= self._newest
        return is_known and seq not in self._missing

    def skip_to(self, seq: int) -> int:
        """Go on at `seq`; gives how many numbers before it are left out, which are no gaps."""
        newest = self._newest
        is_behind = newest - MAX_BEHIND <= seq <= newest
        self._newest = newest if is_behind else seq
        return 0 if newest < 0 or seq < newest - MAX_BEHIND else max(0, seq - newest - 1)


class Feed:
    """Counters of one source. Ingest thread only; `stats` is taken under the ingest's lock."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.received = 0
        self.gaps = 0
        self.skipped = 0
        self.malformed = 0
        self.unknown = 0
        self.dropped = 0
        self.last_received_ns = 0
        self.lag_ms = float("nan")
        self.last_error = ""
        self._epochs: OrderedDict[str, SequenceWatch] = OrderedDict()
        self._resuming: set[str] = set()
        self._seconds: deque[tuple[int, int]] = deque(maxlen=_RATE_WINDOW_S + 2)

    def note_seq(self, epoch: str, seq: int, *, is_thin: bool = False) -> bool:
        """Look for a gap; a new epoch starts a new numbering.

        Returns
        -------
        bool
            Whether the message is a repetition that says nothing new.
        """
        watch = self._watch(epoch)
        if is_thin or epoch in self._resuming:
            self.skipped += watch.skip_to(seq)
            if not is_thin:
                self._resuming.discard(epoch)
            return False
        if watch.is_repeated(seq):
            return True
        step = watch.step(seq)
        self.gaps += step
        if step > 0:
            self.last_error = f"{step:,} messages are missing before number {seq:,}"
        return False

    def resume(self) -> None:
        """The full lane comes again: what is missing before its next messages was skipped."""
        self._resuming = set(self._epochs)

    def _watch(self, epoch: str) -> SequenceWatch:
        watch = self._epochs.get(epoch)
        if watch is None:
            watch = self._epochs[epoch] = SequenceWatch()
            if len(self._epochs) > _MAX_EPOCHS:
                self._epochs.popitem(last=False)
        return watch

    def note_samples(self, n: int, received_ns: int, newest_ns: int | None) -> None:
        """Count samples that could be read; `newest_ns` is the time of the newest of them."""
        self.received += n
        self.last_received_ns = received_ns
        if newest_ns is not None:
            self.lag_ms = (received_ns - newest_ns) / 1e6
        second = received_ns // NS_PER_S
        if self._seconds and self._seconds[-1][0] == second:
            n += self._seconds.pop()[1]
        self._seconds.append((second, n))

    def stats(self, now_ns: int) -> FeedStats:
        """The counters as they stand."""
        return FeedStats(
            source=self.source,
            received=self.received,
            rate_hz=self._rate_hz(now_ns),
            gaps=self.gaps,
            malformed=self.malformed,
            unknown=self.unknown,
            dropped=self.dropped,
            last_received_ns=self.last_received_ns,
            lag_ms=self.lag_ms,
            last_error=self.last_error,
            skipped=self.skipped,
        )

    def _rate_hz(self, now_ns: int) -> float:
        """Over whole seconds, the running one left out."""
        this_second = now_ns // NS_PER_S
        counts = [n for s, n in self._seconds if this_second - _RATE_WINDOW_S <= s < this_second]
        started = min((s for s, _ in self._seconds), default=this_second)
        return sum(counts) / max(1, min(_RATE_WINDOW_S, this_second - started))


class FeedBook:
    """All feeds by source, bounded."""

    def __init__(self) -> None:
        self._feeds: dict[str, Feed] = {}

    def feed(self, source: str) -> Feed:
        """The feed of a source ("" = unreadable), made on first sight."""
        name = source or NO_SOURCE
        found = self._feeds.get(name)
        if found is None:
            if len(self._feeds) >= MAX_FEEDS:
                name = OTHER_SOURCES
            found = self._feeds.setdefault(name, Feed(name))
        return found

    def resume(self) -> None:
        """The full lane comes again, after the thinned one."""
        for feed in self._feeds.values():
            feed.resume()

    def stats(self, now_ns: int) -> tuple[FeedStats, ...]:
        """All counters, in the order of first sight."""
        return tuple(feed.stats(now_ns) for feed in self._feeds.values())
