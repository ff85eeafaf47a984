"""Unique ids for features, whatever a file calls them."""

from __future__ import annotations


class UniqueNames:
    """Names in the order in which they were given out, each once.

    Attributes
    ----------
    row_of : row of each name
    """

    def __init__(self) -> None:
        self.row_of: dict[str, int] = {}
        self._next: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.row_of)

    def take(self, wanted: str) -> str:
        """Give out `wanted`, or `wanted` with a number when it is taken; "" gets a number."""
        name = wanted
        number = self._next.get(wanted, 2 if wanted else len(self.row_of) + 1)
        while not name or name in self.row_of:
            name = f"{wanted}#{number}" if wanted else str(number)
            number += 1
        if name != wanted:
            self._next[wanted] = number
        self.row_of[name] = len(self.row_of)
        return name
