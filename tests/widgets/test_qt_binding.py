"""The Qt binding itself: see docs/adr/0003."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QLabel

N_CALLS = 2000


def test_calls_that_return_none_keep_its_reference_count(qapp):
    label = QLabel()
    before = sys.getrefcount(None)
    for _ in range(N_CALLS):
        label.setText("x")
    drift_per_call = (sys.getrefcount(None) - before) / N_CALLS
    assert abs(drift_per_call) < 0.01
