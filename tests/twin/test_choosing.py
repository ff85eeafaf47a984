"""When a console takes the thinned lane: scripted beats, no clock."""

from __future__ import annotations

import math

from twin.clock import NS_PER_S
from twin.link.wire_thin import Beat
from twin.samples.choosing import FIRST_WAIT_S, GRACE_S, LONGEST_WAIT_S, Lane, LaneChooser


class Way:
    """A hub's beats on their way to a console whose clock began elsewhere."""

    def __init__(self, start_s: float = 1e6) -> None:
        self.chooser = LaneChooser()
        self.hub_s, self.start_s = 0.0, start_s
        self.n_beats = self.n_sent = self.n_received = 0

    def beat(
        self, lag_s: float = 0.0, *, lost: int = 0, dropped: int = 0, epoch: str = "h"
    ) -> Lane:
        self.hub_s += 0.2
        self.n_beats += 1
        self.n_sent += 10
        self.n_received += 10 - lost
        beat = Beat(
            epoch=epoch, seq=self.n_beats, sent_ns=round(self.hub_s * NS_PER_S),
            n_messages=self.n_sent,
        )  # fmt: skip
        now_ns = round((self.start_s + self.hub_s + lag_s) * NS_PER_S)
        return self.chooser.beat(beat, self.n_received, now_ns, n_dropped=dropped)

    def beats(self, seconds: float, lag_s: float = 0.0) -> list[Lane]:
        return [self.beat(lag_s) for _ in range(round(seconds / 0.2))]


def test_a_calm_console_stays_on_the_full_lane() -> None:
    way = Way()
    assert set(way.beats(60.0, lag_s=0.05)) == {Lane.FULL}
    assert way.chooser.lag_s < 0.01
    assert way.chooser.n_lost == 0


def test_two_seconds_behind_takes_the_thinned_lane_and_calm_brings_the_full_one_back() -> None:
    way = Way()
    way.beats(GRACE_S + 1.0)
    assert way.beat(1.9) is Lane.FULL
    assert way.beat(2.1) is Lane.THIN
    assert set(way.beats(10.0, lag_s=1.0)) == {Lane.THIN}, "not caught up"
    lanes = way.beats(FIRST_WAIT_S + 0.4)
    assert lanes[0] is Lane.THIN
    assert lanes[-1] is Lane.FULL


def test_a_console_that_cannot_keep_up_tries_ever_more_seldom() -> None:
    way = Way()
    way.beats(GRACE_S + 1.0)
    waits = []
    for _ in range(8):
        assert way.beat(3.0) is Lane.THIN
        n = 0
        while way.beat() is Lane.THIN:
            n += 1
        waits.append(n * 0.2)
    assert waits == sorted(waits)
    assert waits[0] < FIRST_WAIT_S + 1.0
    assert LONGEST_WAIT_S - 1.0 < waits[-1] < LONGEST_WAIT_S + 1.0
    way.beats(100.0)  # now it lasts
    assert way.beat(3.0) is Lane.THIN
    lanes = way.beats(FIRST_WAIT_S + 0.4)
    assert lanes[-1] is Lane.FULL


def test_loss_on_the_own_way_counts_and_once_is_no_reason() -> None:
    way = Way()
    way.beat()
    assert way.beat(lost=4) is Lane.FULL
    assert way.beats(1.0)[-1] is Lane.FULL
    assert way.chooser.n_lost == 4
    way.beat(lost=1)
    assert way.beat(dropped=2) is Lane.THIN
    assert way.chooser.n_lost == 7


def test_old_loss_is_forgiven() -> None:
    way = Way()
    way.beat()
    for _ in range(5):
        assert way.beat(lost=1) is Lane.FULL
        way.beats(15.0)


def test_who_joins_may_be_late_at_first_but_not_lose() -> None:
    way = Way()
    way.beats(1.0)
    assert way.beat(5.0) is Lane.FULL
    assert [way.beat(lost=1) for _ in range(3)] == [Lane.FULL, Lane.FULL, Lane.THIN]


def test_another_hub_is_another_clock_and_another_count() -> None:
    way = Way()
    way.beats(1.0)
    way.hub_s, way.start_s, way.n_sent = 0.0, 5.0, 0
    assert way.beat(epoch="other") is Lane.FULL
    assert math.isnan(way.chooser.lag_s)
    assert way.chooser.n_lost == 0


def test_drifting_clocks_are_no_lag_and_standing_lag_stays_lag() -> None:
    way = Way()
    for _ in range(5 * 3600):
        way.start_s += 0.2 * 1e-4
        way.beat()
    assert way.chooser.lane is Lane.FULL
    assert way.chooser.lag_s < 0.1
    way.beats(60.0, lag_s=3.0)
    assert way.chooser.lag_s > 2.5
