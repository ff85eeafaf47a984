"""The journal in memory."""

from __future__ import annotations

import pytest

from tests.twin.journal.conformance import JournalConformance, Opener
from twin.journal.memory import MemoryJournal


class TestMemoryJournal(JournalConformance):
    @pytest.fixture
    def opened(self) -> Opener:
        return MemoryJournal


def test_the_epoch_can_be_given() -> None:
    assert MemoryJournal("drill").epoch == "drill"
