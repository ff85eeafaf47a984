"""Ids that are computed when asked for: a million of them take no memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload


class NumberedIds(Sequence[str]):
    """Ids of several series one after another, like "building-00017" or "road-003".

    Parameters
    ----------
    series : (prefix, how many) in order; numbers start at 1
    """

    def __init__(self, series: Sequence[tuple[str, int]]) -> None:
        self._series = tuple((prefix, n, max(2, len(str(n)))) for prefix, n in series)
        self._length = sum(n for _, n, _ in self._series)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(self._length))]
        k = index + self._length if index < 0 else index
        if k >= 0:
            for prefix, n, digits in self._series:
                if k < n:
                    return f"{prefix}-{k + 1:0{digits}d}"
                k -= n
        raise IndexError(index)

    def index(self, value: str, start: int = 0, stop: int | None = None) -> int:
        """Row of an id, found from its number."""
        prefix, _, number = value.rpartition("-")
        before = 0
        for name, n, digits in self._series:
            if name == prefix and number.isdecimal() and 1 <= int(number) <= n:
                row = before + int(number) - 1
                end = self._length if stop is None else stop
                if f"{name}-{int(number):0{digits}d}" == value and start <= row < end:
                    return row
            before += n
        raise ValueError(value)

    def __contains__(self, value: object) -> bool:
        try:
            return isinstance(value, str) and self.index(value) >= 0
        except ValueError:
            return False
