"""Parent rows of features, free of gaps and cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from twin.arrays import Int32Array
from twin.city.tally import Tally


def parent_rows(
    n_features: int,
    row_of: Mapping[str, int],
    parent_ids: Mapping[int, Sequence[object]],
    child_ids: Mapping[int, Sequence[object]],
    tally: Tally,
) -> Int32Array:
    """(N,) int32 row of each feature's first parent, -1 for none.

    `parent_ids` wins over `child_ids` (by row). Unknown ids and cycles are counted and cut.
    """
    parents = np.full(n_features, -1, dtype=np.int32)
    missing = 0
    for row, ids in child_ids.items():
        for child in ids:
            child_row = row_of.get(child, -1) if isinstance(child, str) else -1
            missing += child_row < 0
            if child_row >= 0 and parents[child_row] < 0:
                parents[child_row] = row
    for row, ids in parent_ids.items():
        rows = [row_of.get(one, -1) if isinstance(one, str) else -1 for one in ids]
        missing += rows.count(-1)
        parents[row] = next((one for one in rows if one >= 0), parents[row])
    tally.add("missing-relative", "Parents or children are named that are not in the file", missing)
    _cut_cycles(parents, tally)
    return parents


def _cut_cycles(parents: Int32Array, tally: Tally) -> None:
    """Jump ever farther up at once; who never arrives at a root is in or below a cycle."""
    ahead = parents.copy()
    for _ in range(int(np.ceil(np.log2(len(parents) + 1))) + 1):
        climbing = ahead >= 0
        if not climbing.any():
            return
        ahead[climbing] = ahead[ahead[climbing]]
    trapped = ahead >= 0
    parents[trapped] = -1
    tally.add(
        "parent-cycle",
        "Features that are their own ancestors lost their parent",
        int(trapped.sum()),
    )
