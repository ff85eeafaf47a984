"""Searching names quickly: prefix before word start before anywhere before letters in order.

One group of names is one long lower-case string, so that a key press over 100,000 names costs a
few milliseconds (``benchmarks/bench_find.py``). No Qt here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

_SEPARATORS = re.compile(r"[-_/.,:;()\[\]·…]")
_MAX_HITS = 400
_MAX_SCANNED = 8_000
_MAX_WORDS_HITS = 100
_MAX_LOOSE_NAMES = 5_000
_MIN_LOOSE = 3
_PREFIX, _WORD, _ANYWHERE, _LOOSE = range(4)


def normalised(text: str) -> str:
    """Lower case, separators as spaces, one line; as long as `text` need not be."""
    return _SEPARATORS.sub(" ", text.casefold().replace("\n", " "))


@dataclass(frozen=True, slots=True)
class Hit:
    """One name found: row in its group and how well it fits (lower is better)."""

    row: int
    rank: tuple[int, int, int]


class NameIndex:
    """Names of one group, ready to be searched. Made on any thread, read-only afterwards."""

    def __init__(self, names: Iterable[str]) -> None:
        lines = [normalised(name) for name in names]
        self.n_names = len(lines)
        self._text = "\n" + "\n".join(lines) + "\n"
        self._starts: list[int] = []
        at = 1
        for line in lines:
            self._starts.append(at)
            at += len(line) + 1

    def search(self, query: str, limit: int) -> list[Hit]:
        """The best `limit` names for `query`, best first; none for an empty query."""
        words = normalised(query).split()
        if not words or not self.n_names:
            return []
        phrase = " ".join(words)
        found: dict[int, int] = {}
        for kind, needle in ((_PREFIX, "\n" + phrase), (_WORD, " " + phrase), (_ANYWHERE, phrase)):
            if len(found) < limit:
                for row in self._rows_with(needle):
                    found.setdefault(row, kind)
        if len(words) > 1 and len(found) < limit:
            for row in self._rows_with_all(words):
                found.setdefault(row, _WORD)
        if not found and self.n_names <= _MAX_LOOSE_NAMES and len(phrase) >= _MIN_LOOSE:
            for row in self._rows_in_order(phrase):
                found.setdefault(row, _LOOSE)
        hits = [Hit(row, (kind, self._length(row), row)) for row, kind in found.items()]
        return sorted(hits, key=lambda hit: hit.rank)[:limit]

    def _line(self, row: int) -> str:
        start = self._starts[row]
        return self._text[start : self._text.index("\n", start)]

    def _length(self, row: int) -> int:
        return len(self._line(row))

    def _rows_with(self, needle: str) -> Iterator[int]:
        """Rows that contain `needle`, in order, each once, at most `_MAX_HITS`."""
        at, n = 0, 0
        while n < _MAX_HITS:
            at = self._text.find(needle, at)
            if at < 0:
                return
            row = bisect_right(self._starts, at + (needle[0] == "\n")) - 1
            yield row
            n += 1
            at = self._text.index("\n", at + 1)

    def _rows_with_all(self, words: Sequence[str]) -> Iterator[int]:
        """Rows that contain every word, looked for around the rarest one."""
        text = self._text
        rarest = min(words, key=text.count)
        others = [word for word in words if word is not rarest]
        at, n, n_scanned = 0, 0, 0
        while n < _MAX_WORDS_HITS and n_scanned < _MAX_SCANNED:
            at = text.find(rarest, at)
            if at < 0:
                return
            begin, end = text.rfind("\n", 0, at), text.find("\n", at)
            if all(text.find(word, begin, end) >= 0 for word in others):
                yield bisect_right(self._starts, begin + 1) - 1
                n += 1
            n_scanned += 1
            at = end

    def _rows_in_order(self, phrase: str) -> Iterator[int]:
        letters = [re.escape(letter) for letter in phrase if letter != " "]
        pattern = re.compile(r"[^\n]*?".join(letters))
        at, n = 0, 0
        while n < _MAX_HITS and (match := pattern.search(self._text, at)) is not None:
            yield bisect_right(self._starts, match.start()) - 1
            n += 1
            at = self._text.index("\n", match.end() - 1)


class Searched(Protocol):
    """Names that can be searched; `NameIndex` is one."""

    def search(self, query: str, limit: int) -> list[Hit]:
        """The best `limit` names for `query`, best first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FindGroup:
    """Things of one sort that can be found.

    Attributes
    ----------
    heading : e.g. "Places"
    index : over texts that may hold more than the title (id, address, synonyms)
    note : what is still going on, for a person; "" = nothing
    title, detail, key : of a row, for a person; `detail` and `key` may be ""
    choose : do it or fly there, on the GUI thread
    icon : name in ``resources/icons``
    """

    heading: str
    index: Searched
    title: Callable[[int], str]
    choose: Callable[[int], object]
    detail: Callable[[int], str] = lambda _row: ""
    key: Callable[[int], str] = lambda _row: ""
    icon: str = "place"
    note: Callable[[], str] = lambda: ""


@dataclass(frozen=True, slots=True)
class Found:
    """One result, in the order of the list."""

    group: FindGroup
    row: int
    rank: tuple[int, int, int]


def find(groups: Iterable[FindGroup], query: str, per_group: int = 6) -> list[Found]:
    """Results of all groups; the group with the best hit first, groups kept together."""
    blocks: list[list[Found]] = []
    for group in groups:
        hits = group.index.search(query, per_group)
        if hits:
            blocks.append([Found(group, hit.row, hit.rank) for hit in hits])
    blocks.sort(key=lambda block: block[0].rank[0])
    return [found for block in blocks for found in block]
