"""Tags of OpenStreetMap as columns: the frequent keys one each, the rare ones together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from twin.city.asset import Column
from twin.city.columns import MAX_CELLS
from twin.city.footprints import metres
from twin.city.osm_tags import Tags

#: Keys that get a column of their own, the most frequent ones.
MOST_KEYS = 72
#: Keys that fewer things have go into `OTHER_TAGS`, unless there are few keys at all.
OTHER_TAGS = "other tags"
_NUMBERS = {
    "height", "min_height", "building:levels", "building:min_level", "roof:height", "roof:levels",
    "lanes", "width", "maxspeed", "layer", "ele", "population", "capacity",
}  # fmt: skip
_ALWAYS = ("name", "building", "height", "building:levels", "highway", "amenity")


def tag_columns(tags: Sequence[Tags]) -> dict[str, Column]:
    """One column a frequent key; numbers where the key is one by its meaning.

    A value that is no number though its key is (``maxspeed=walk``) stays readable in
    `OTHER_TAGS`, with all tags of rare keys, as ``key=value; key=value``.
    """
    uses = Counter(key for one in tags for key in one)
    most = max(1, min(MOST_KEYS, MAX_CELLS // max(1, len(tags)) - 1))
    ranked = sorted(uses, key=lambda key: (key not in _ALWAYS, -uses[key], key))
    chosen = set(ranked[:most])
    columns: dict[str, Column] = {
        key: np.full(len(tags), np.nan) if key in _NUMBERS
        else np.full(len(tags), None, dtype=object)
        for key in sorted(chosen)
    }  # fmt: skip
    rest = np.full(len(tags), None, dtype=object)
    for row, one in enumerate(tags):
        left = [
            f"{key}={value}"
            for key, value in one.items()
            if key not in chosen or not _put(columns[key], row, key, value)
        ]
        if left:
            rest[row] = "; ".join(left)
    if any(value is not None for value in rest):
        columns[OTHER_TAGS] = rest
    return columns


def _put(column: Column, row: int, key: str, value: str) -> bool:
    """Write one cell; False where a number was wanted and this is none."""
    if key not in _NUMBERS:
        column[row] = value
        return True
    number = metres(value)
    if number is None:
        return False
    column[row] = number
    return True
