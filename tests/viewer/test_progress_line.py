"""Progress on a terminal."""

from __future__ import annotations

import io

from twin.clock import FakeClock
from viewer.progress_line import ProgressLine


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_share_and_time_left():
    clock, stream = FakeClock(), Terminal()
    tell = ProgressLine("Drawing", clock=clock, stream=stream)
    clock.advance_s(30)
    tell(0.25)
    assert "Drawing  25%, 90 s left" not in stream.getvalue()
    assert "Drawing  25%, 2 min left" in stream.getvalue()
    clock.advance_s(50)
    tell(0.8)
    assert "80%, 20 s left" in stream.getvalue()
    tell(1.0)
    assert stream.getvalue().endswith("\n")


def test_not_more_often_than_one_can_read():
    clock, stream = FakeClock(), Terminal()
    tell = ProgressLine("Drawing", clock=clock, stream=stream)
    for step in range(1, 100):
        clock.advance_s(0.01)
        tell(step / 100)
    assert 3 <= stream.getvalue().count("\r") <= 6


def test_a_pipe_gets_nothing():
    stream = io.StringIO()
    ProgressLine("Drawing", stream=stream)(1.0)
    assert stream.getvalue() == ""
