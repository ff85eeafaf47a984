"""The find box: one key press over 100,000 names, against a bare scan of the same names."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.result import Result
from widgets.find_index import NameIndex

_N_NAMES = 100_000
_STREETS = ("Spui", "Harbour Street", "Markt", "Laan van Meerdervoort")
_QUERIES = ("h", "har", "harbour street 99", "street 77 harb", "0518", "zzzz", "99999")
_ROUNDS = 5
_LIMIT_MS = 30.0


def run() -> list[Result]:
    """Slowest query (median of five rounds), alternating with a scan of a list of strings."""
    names = [f"{_STREETS[i % 4]} {i} Pand.0518{i * 7919 % 1_000_003:09d}" for i in range(_N_NAMES)]
    lowered = [name.casefold() for name in names]
    index = NameIndex(names)
    ours: dict[str, list[float]] = {query: [] for query in _QUERIES}
    bare: dict[str, list[float]] = {query: [] for query in _QUERIES}
    for _ in range(_ROUNDS):
        for query in _QUERIES:
            ours[query].append(_took_ms(index.search, query, 6))
            bare[query].append(_took_ms(_scan, lowered, query))
    slowest = max(_QUERIES, key=lambda query: _median(ours[query]))
    value = _median(ours[slowest])
    return [
        Result(
            name="find.key_press_100k",
            value=round(value, 2),
            unit="ms",
            ratio=round(value / _median(bare[slowest]), 3),
            limit=_LIMIT_MS,
            ok=value < _LIMIT_MS,
            note=f"slowest query {slowest!r}; ratio to a bare list scan, limit on the value in ms",
        )
    ]


def _scan(names: list[str], query: str) -> list[str]:
    return [name for name in names if query in name]


def _took_ms(call: Callable[..., object], *arguments: object) -> float:
    began_ns = time.perf_counter_ns()
    call(*arguments)
    return (time.perf_counter_ns() - began_ns) / 1e6


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
