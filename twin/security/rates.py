"""How fast somebody may ask: a bucket of tokens that fills by hub time. Pure, one thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

from twin.clock import NS_PER_S

_MOST = 20_000


@dataclass(slots=True)
class Buckets:
    """One bucket a key (person and rule). Bounded: the one not used for longest is let go."""

    _levels: OrderedDict[Hashable, tuple[float, int]] = field(default_factory=OrderedDict)

    def take(self, key: Hashable, *, per_s: float, burst: int, now_ns: int) -> bool:
        """Take one token; False if there is none."""
        level, then_ns = self._levels.pop(key, (float(burst), now_ns))
        level = min(float(burst), level + max(0, now_ns - then_ns) / NS_PER_S * per_s)
        is_enough = level >= 1.0
        self._levels[key] = (level - 1.0 if is_enough else level, max(now_ns, then_ns))
        if len(self._levels) > _MOST:
            self._levels.popitem(last=False)
        return is_enough
