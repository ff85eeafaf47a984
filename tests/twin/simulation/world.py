"""Time, chance and the network of the simulation: everything that happens follows from the seed."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from twin.clock import NS_PER_S

MS = 1_000_000
S_NS = NS_PER_S
#: How long every machine has been running when a simulation begins.
_UP_NS = 3_600 * S_NS


@dataclass
class World:
    """One queue of what happens when. Messages between two nodes may be lost, late, or doubled."""

    seed: int
    now: int = 0
    calm: bool = False
    cut: set[tuple[str, str]] = field(default_factory=set)
    _queue: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _n: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.loss = self.rng.choice((0.0, 0.02, 0.1, 0.3))
        self.doubling = self.rng.choice((0.0, 0.05, 0.2))
        self.slowest_ms = self.rng.choice((5, 50, 800))

    def after(self, delay_ns: int, do: Callable[[], None]) -> None:
        """Have something happen later."""
        self._n += 1
        heapq.heappush(self._queue, (self.now + delay_ns, self._n, do))

    def happens(self, chance: float) -> bool:
        """Throw the dice for a fault; none happens in calm."""
        return not self.calm and self.rng.random() < chance

    def send(self, source: str, to: str, deliver: Callable[[], None]) -> None:
        """Have a message arrive: once, twice, or never."""
        if (source, to) in self.cut or self.happens(self.loss):
            return
        self.after(self._delay_ns(), deliver)
        if self.happens(self.doubling):
            self.after(self._delay_ns(), deliver)

    def run_until(self, end: int) -> None:
        """Let everything happen that is due by then."""
        while self._queue and self._queue[0][0] <= end:
            self.now, _, do = heapq.heappop(self._queue)
            do()
        self.now = end

    def _delay_ns(self) -> int:
        return self.rng.randint(1, 3 * MS if self.calm else self.slowest_ms * MS)


class SimClock:
    """The clock of one machine, a `twin.clock.Clock`; ``wall_ns``: what it showed at first."""

    def __init__(self, world: World, wall_ns: int) -> None:
        self._world = world
        self._wall_ns = wall_ns

    def now_ns(self) -> int:
        """Wall time, UTC, nanoseconds since 1970."""
        return self._wall_ns + self._world.now

    def monotonic_ns(self) -> int:
        """Time since the machine was started."""
        return _UP_NS + self._world.now
