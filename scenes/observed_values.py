"""What the sensors say about every feature: its own one, or the nearest within reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from scenes.colouring import nearest_within, owners_of
from scenes.scene_input import SceneInput
from twin.arrays import Float64Array
from twin.city.asset import Features
from twin.city.style_paint import ValueRange
from twin.sense.model import OBSERVED_PROPERTIES

#: How far a sensor speaks for the buildings around it, metres.
REACH_M = 250.0
#: Code of `twin.sense.health.Health`.
_STALE = 1


class ObservedValues:
    """Observed properties as columns of features. GUI thread.

    Which sensor speaks for which feature is found once a property and catalogue.
    """

    def __init__(self, features: Features) -> None:
        self._features = features
        self._given = SceneInput()
        self._slots: dict[str, np.ndarray] = {}
        self._speaks: dict[str, np.ndarray] = {}
        self._catalogue = -1

    def take(self, given: SceneInput) -> None:
        """Answer from this moment on."""
        self._given = given
        if given.catalogue_version == self._catalogue:
            return
        self._catalogue = given.catalogue_version
        self._speaks = {}
        found: dict[str, list[int]] = {}
        for slot, stream in enumerate(given.datastreams[: len(given.xyz_local_m)]):
            found.setdefault(stream.observed_property, []).append(slot)
        self._slots = {name: np.array(slots, np.intp) for name, slots in found.items()}

    @property
    def columns(self) -> Mapping[str, Callable[[], Float64Array]]:
        """Property -> its values by feature, computed when asked for."""
        return {name: partial(self.values, name) for name in self._slots}

    def values(self, name: str) -> Float64Array:
        """(N,) float64 of one property; NaN where no fresh sensor is near."""
        slots = self._slots[name]
        if name not in self._speaks:
            self._speaks[name] = self._speaking(slots)
        now = np.full(len(slots) + 1, np.nan)
        given = self._given
        if given.observations is not None:
            known = slots < len(given.observations.values)
            now[:-1][known] = given.observations.values[slots[known]]
        if len(given.health):
            stale = given.health[np.minimum(slots, len(given.health) - 1)] == _STALE
            now[:-1][stale] = np.nan
        values: Float64Array = now[self._speaks[name]]
        return values

    def range_of(self, name: str) -> ValueRange | None:
        """Title, unit and usual range of a property; None for what nobody measures."""
        if name not in self._slots:
            return None
        streams = [self._given.datastreams[slot] for slot in self._slots[name]]
        title, unit, vmin, vmax = OBSERVED_PROPERTIES.get(
            name, (name.replace("_", " ").capitalize(), "", None, None)
        )
        unit = next((stream.unit for stream in streams if stream.unit), unit)
        declared = [(stream.min, stream.max) for stream in streams if stream.max > stream.min]
        if declared:
            vmin, vmax = min(low for low, _ in declared), max(high for _, high in declared)
        return ValueRange(title=title, unit=unit, vmin=vmin, vmax=vmax)

    def _speaking(self, slots: np.ndarray) -> np.ndarray:
        """(N,) row of ``slots`` that speaks for each feature, -1 = none."""
        bounds = self._features.bounds_min_max_local_m
        middles = 0.5 * (bounds[:, :2] + bounds[:, 3:5]).astype(float)
        given = self._given
        own, is_own_only = owners_of(given, slots)
        places = given.xyz_local_m[slots, :2].astype(float)
        places[is_own_only] = np.nan
        rows = nearest_within(middles, places, REACH_M)
        if own:
            for feature, feature_id in enumerate(self._features.ids):
                rows[feature] = own.get(feature_id, rows[feature])
            parents = self._features.parents
            parts = np.flatnonzero(parents >= 0)
            ids = self._features.ids
            inherits = np.array([ids[parent] in own for parent in parents[parts]], bool)
            rows[parts[inherits]] = rows[parents[parts[inherits]]]
        return rows
