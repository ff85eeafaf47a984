"""When a console takes the thinned lane, and when the full one again. Pure; one thread.

How far behind a console is shows in the hub's beats, which come the same way as the samples: both
sides note their own monotonic clock, and what the difference exceeds its smallest value by is the
wait on the way. So neither a wrong clock nor a clock that is set counts as lag.

Hard-won rules (tests/twin/test_choosing.py):

1. Only what is lost on this console's own way counts: loss before the hub shows in no beat.
2. Back on the full lane only after a while without lag, each time a longer one, so that a console
   that cannot keep up does not flutter.
"""

from __future__ import annotations

import enum
import math
from collections import deque

from twin.clock import NS_PER_S
from twin.link.wire_thin import Beat


class Lane(enum.StrEnum):
    """FULL: every sample. THIN: the newest value of each datastream, about once a second."""

    FULL = "full"
    THIN = "thin"


#: Further behind than this is behind.
LAG_LIMIT_S = 2.0
#: Less than this is caught up.
CALM_LAG_S = 0.5
#: Lag is forgiven for so long at first: who joins takes in the announcements of a whole city.
GRACE_S = 10.0
#: Calm for so long brings the full lane back; doubled each time it did not last.
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 120.0
#: The full lane kept for so long counts as having lasted.
LASTED_S = 60.0
#: Beats with loss among the last so many that mean "too much for this console".
LOSSY_BEATS = 3
BEATS_LOOKED_AT = 50
#: Two clocks drift apart at most this fast.
_DRIFT = 2e-4


class LaneChooser:
    """Told each beat, says which lane to listen to.

    Attributes
    ----------
    lane : to listen to now
    lag_s : of the newest beat; NaN while there is none to compare with
    n_lost : messages of the full lane that the hub published and this console did not get
    """

    def __init__(self) -> None:
        self.lane = Lane.FULL
        self.lag_s = math.nan
        self.n_lost = 0
        self._epoch = ""
        self._offset_ns = 0
        self._last_ns = 0
        self._balance: int | None = None
        self._lossy: deque[bool] = deque(maxlen=BEATS_LOOKED_AT)
        self._calm_since_ns: int | None = None
        self._changed_ns = 0
        self._joined_ns = 0
        self._wait_s = FIRST_WAIT_S

    def beat(self, beat: Beat, n_received: int, now_ns: int, *, n_dropped: int = 0) -> Lane:
        """Take a beat in.

        Parameters
        ----------
        n_received : messages of the full lane received up to now on this connection
        now_ns : monotonic
        n_dropped : messages let go of by this console itself since the last beat
        """
        self._joined_ns = self._joined_ns or now_ns
        lost = self._lost(beat, n_received) + n_dropped
        self.n_lost += lost
        self._lossy.append(lost > 0)
        self._note_lag(beat, now_ns)
        if self.lane is Lane.FULL:
            is_new = now_ns - self._joined_ns < GRACE_S * NS_PER_S
            is_late = self.lag_s > LAG_LIMIT_S and not is_new
            if is_late or sum(self._lossy) >= LOSSY_BEATS:
                self._fall_back(now_ns)
        elif self._is_calm(now_ns):
            self._change(Lane.FULL, now_ns)
        return self.lane

    def listening(self) -> None:
        """The console listens to another lane from here on: count anew."""
        self._balance = None

    def _lost(self, beat: Beat, n_received: int) -> int:
        """Messages missing since the last beat; the first beat only sets the mark."""
        before = self._balance if beat.epoch == self._epoch else None
        if beat.n_messages < 0 or self.lane is Lane.THIN:
            self._balance = None
            return 0
        self._balance = n_received - beat.n_messages
        return 0 if before is None else max(0, before - self._balance)

    def _note_lag(self, beat: Beat, now_ns: int) -> None:
        offset_ns = now_ns - beat.sent_ns
        if beat.epoch != self._epoch:
            self._epoch, self._offset_ns, self._last_ns = beat.epoch, offset_ns, now_ns
            self.lag_s = math.nan
            return
        crept_ns = self._offset_ns + round((now_ns - self._last_ns) * _DRIFT)
        self._offset_ns = min(offset_ns, crept_ns)
        self._last_ns = now_ns
        self.lag_s = (offset_ns - self._offset_ns) / NS_PER_S

    def _fall_back(self, now_ns: int) -> None:
        has_lasted = now_ns - self._changed_ns > LASTED_S * NS_PER_S
        is_first = not self._changed_ns
        self._wait_s = (
            FIRST_WAIT_S if is_first or has_lasted else min(2 * self._wait_s, LONGEST_WAIT_S)
        )
        self._change(Lane.THIN, now_ns)

    def _is_calm(self, now_ns: int) -> bool:
        if not self.lag_s <= CALM_LAG_S or (self._lossy and self._lossy[-1]):
            self._calm_since_ns = None
            return False
        if self._calm_since_ns is None:
            self._calm_since_ns = now_ns
        return now_ns - self._calm_since_ns >= self._wait_s * NS_PER_S

    def _change(self, lane: Lane, now_ns: int) -> None:
        self.lane = lane
        self._changed_ns = now_ns
        self._calm_since_ns = None
        self._lossy.clear()
        self.listening()
