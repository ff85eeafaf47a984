"""One measured figure, printed as a JSON line by every benchmark."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A figure beside its yardstick, both measured in the same run.

    Attributes
    ----------
    name : dotted, permanent
    value, unit : the figure itself
    ratio : value over the yardstick's value (or the inverse, where more is better); None when the
        limit is absolute
    limit : what `ratio` (or `value`) must not pass
    ok : whether it holds
    note : what the yardstick was and its own figure
    """

    name: str
    value: float
    unit: str
    ratio: float | None
    limit: float
    ok: bool
    note: str = ""

    def to_json(self) -> str:
        """One line of JSON."""
        return msgspec.json.encode(self).decode()
