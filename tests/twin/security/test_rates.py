"""Buckets of tokens: never more than the burst, never faster than the rate, and bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.clock import NS_PER_S
from twin.security.rates import Buckets


@given(
    st.lists(st.integers(0, 3 * NS_PER_S), max_size=60),
    st.floats(0.1, 20),
    st.integers(1, 10),
)
def test_no_window_ever_holds_more_than_burst_and_rate_allow(pauses, per_s, burst):
    buckets, now_ns, taken = Buckets(), 0, []
    for pause_ns in pauses:
        now_ns += pause_ns
        if buckets.take("a", per_s=per_s, burst=burst, now_ns=now_ns):
            taken.append(now_ns)
    for i, first in enumerate(taken):
        for j in range(i, len(taken)):
            most = burst + (taken[j] - first) / NS_PER_S * per_s + 1e-6
            assert j - i + 1 <= most


def test_it_fills_again_and_clocks_may_step_back():
    buckets = Buckets()
    assert buckets.take("a", per_s=1, burst=1, now_ns=10 * NS_PER_S)
    assert not buckets.take("a", per_s=1, burst=1, now_ns=10 * NS_PER_S)
    assert not buckets.take("a", per_s=1, burst=1, now_ns=5 * NS_PER_S)
    assert buckets.take("b", per_s=1, burst=1, now_ns=5 * NS_PER_S)
    assert buckets.take("a", per_s=1, burst=1, now_ns=11 * NS_PER_S)


def test_a_flood_of_names_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("twin.security.rates._MOST", 100)
    buckets = Buckets()
    for n in range(1_000):
        buckets.take(n, per_s=1, burst=1, now_ns=n)
    assert len(buckets._levels) == 100
