"""The smallest city a session needs."""

from __future__ import annotations

import numpy as np

from twin.city.asset import CityAsset, FeatureTable, TriangleSoup
from twin.city.frames import Origin


def small_city() -> CityAsset:
    """A city of no features."""
    return CityAsset(
        title="Testburg",
        format="CityJSON",
        version="2.0",
        origin=Origin(crs=None),
        features=FeatureTable(
            ids=[],
            kind_names=("Building",),
            kind_codes=np.zeros(0, np.uint16),
            parents=np.zeros(0, np.int32),
            bounds_min_max_local_m=np.zeros((0, 6), np.float32),
            attributes={},
        ),
        soup=TriangleSoup(
            corners_local_m=np.zeros((0, 3, 3), np.float32),
            features=np.zeros(0, np.int32),
            surfaces=np.zeros(0, np.uint8),
        ),
    )
