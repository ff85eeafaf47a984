"""Progress of a command of several steps."""

from __future__ import annotations

import io

from twin.clock import FakeClock
from viewer.step_progress import StepProgress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_plain_lines_come_seldom_and_at_each_new_step():
    clock, stream = FakeClock(), io.StringIO()
    line = StepProgress(stream, clock=clock)
    for tenth in range(10):
        clock.advance_s(1)
        line.told(tenth / 20, "Reading")
    line.told(0.5, "Building tiles")
    line.told(1.0, "Done")
    line.end()
    lines = stream.getvalue().splitlines()
    assert lines == [
        "  0%  Reading",
        " 25%  Reading, 18 s left",
        " 50%  Building tiles, 10 s left",
        "100%  Done",
    ]


def test_a_terminal_gets_one_line_that_grows():
    clock, stream = FakeClock(), Terminal()
    line = StepProgress(stream, clock=clock)
    clock.advance_s(120)
    line.told(0.5, "Reading")
    line.told(0.501, "Reading")
    clock.advance_s(1)
    line.told(0.75, "Reading")
    line.end()
    line.end()
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.count("\r") == 2
    assert "about 2 min 00 s left" in text
    assert "━" * 21 + "╌" * 7 in text
