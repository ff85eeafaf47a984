"""One PostgreSQL for all tests of the journal."""

from __future__ import annotations

from tests.services.postgres import postgres

__all__ = ["postgres"]
