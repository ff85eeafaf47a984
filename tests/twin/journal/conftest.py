"""One PostgreSQL for all tests of the journal."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.postgres import postgres

__all__ = ["memory_folder", "postgres"]


@pytest.fixture
def memory_folder() -> Iterator[Path]:
    """A folder in memory, where there is such a place: for what is written thousands of times."""
    shm = Path("/dev/shm")
    path = Path(tempfile.mkdtemp(prefix="civitwin-", dir=shm if shm.is_dir() else None))
    yield path
    shutil.rmtree(path)
