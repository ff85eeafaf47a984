"""Where the symbol of each thing stands: one row a thing, made once for each catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scenes.scene_input import SceneInput
from scenes.stage import Stage
from twin.arrays import Float32Array, Int64Array, UInt8Array

STEM_M = 7.0
HIGHEST_STEM_M = 70.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThingPlaces:
    """Things that can be placed, one row each.

    Attributes
    ----------
    ids, kinds, names : sequences of n
    feet_local_m, tops_local_m : (n, 3) float32, ends of the stem; the symbol is at the top
    slots : (n, w) int64, the thing's datastreams, -1 = none
    row_of : thing id -> row
    """

    ids: Sequence[str]
    kinds: Sequence[str]
    names: Sequence[str]
    feet_local_m: Float32Array
    tops_local_m: Float32Array
    slots: Int64Array
    row_of: Mapping[str, int]

    def health(self, given: SceneInput) -> UInt8Array:
        """(n,) the worst health of each thing's datastreams: stale, never, suspect, fresh."""
        if not len(self.ids):
            return np.zeros(0, np.uint8)
        # Codes of `twin.sense.health.Health` in order of how much they should worry.
        worry = np.array([0, 3, 1, 2, 0], np.uint8)
        back = np.array([0, 2, 3, 1], np.uint8)
        codes = np.full(self.slots.shape, 4, np.uint8)
        known = (self.slots >= 0) & (self.slots < len(given.health))
        codes[known] = given.health[self.slots[known]]
        worst: UInt8Array = back[worry[codes].max(axis=1)]
        return worst


def places_of(given: SceneInput, stage: Stage) -> ThingPlaces:
    """Group the datastreams by thing and lift each symbol above the roofs around it."""
    slots_by_thing: dict[str, list[int]] = {}
    n = len(given.xyz_local_m)
    for slot, stream in enumerate(given.datastreams[:n]):
        if np.isfinite(given.xyz_local_m[slot]).all():
            slots_by_thing.setdefault(stream.thing_id, []).append(slot)
    ids = [thing_id for thing_id in slots_by_thing if thing_id in given.things]
    widest = max((len(slots_by_thing[thing_id]) for thing_id in ids), default=1)
    slots = np.full((len(ids), widest), -1, np.int64)
    for row, thing_id in enumerate(ids):
        slots[row, : len(slots_by_thing[thing_id])] = slots_by_thing[thing_id]
    feet = given.xyz_local_m[slots[:, 0]] if ids else np.zeros((0, 3), np.float32)
    tops = feet.copy()
    roof = stage.roofs.around(feet)
    tops[:, 2] = np.maximum(feet[:, 2], np.minimum(roof, feet[:, 2] + HIGHEST_STEM_M)) + STEM_M
    return ThingPlaces(
        ids=ids,
        kinds=[given.things[thing_id].kind for thing_id in ids],
        names=[given.things[thing_id].name or thing_id for thing_id in ids],
        feet_local_m=feet.astype(np.float32),
        tops_local_m=tops.astype(np.float32),
        slots=slots,
        row_of={thing_id: row for row, thing_id in enumerate(ids)},
    )
