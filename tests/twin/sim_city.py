"""A small hand-made city for the simulator's tests: a street grid with houses beside it."""

from __future__ import annotations

import numpy as np

from twin.city.asset import CityAsset, FeatureTable, Place, StreetNetwork, TriangleSoup
from twin.city.frames import Origin


def grid_streets(n: int, step_m: float = 120.0) -> StreetNetwork:
    """n by n crossings; streets "Row 1" … and "Column 1" …"""
    ticks = (np.arange(n) - (n - 1) / 2) * step_m
    xs, ys = np.meshgrid(ticks, ticks)
    nodes = np.column_stack([xs.ravel(), ys.ravel(), np.zeros(n * n)]).astype(np.float32)
    edges, names = [], []
    for row in range(n):
        for column in range(n):
            here = row * n + column
            if column < n - 1:
                edges.append((here, here + 1))
                names.append(f"Row {row + 1}")
            if row < n - 1:
                edges.append((here, here + n))
                names.append(f"Column {column + 1}")
    m = len(edges)
    return StreetNetwork(
        nodes_local_m=nodes,
        edges=np.array(edges, dtype=np.int32),
        names=names,
        widths_m=np.full(m, 9.0, dtype=np.float32),
        speeds_mps=np.full(m, 13.9, dtype=np.float32),
    )


def grid_city(n_crossings: int = 10, n_buildings: int = 99, n_places: int = 4) -> CityAsset:
    """A city of boxes without drawn geometry; enough for the simulator."""
    rng = np.random.default_rng(7)
    half = n_crossings * 60.0
    middle = rng.uniform(-half, half, (n_buildings, 2))
    height = rng.uniform(6.0, 40.0, n_buildings)
    bounds = np.column_stack([middle - 8.0, np.zeros(n_buildings), middle + 8.0, height])
    places = []
    for kind in ("pump_station", "gate", "river_gauge", "substation", "hospital"):
        for k in range(n_places):
            x, y = rng.uniform(-half, half, 2).tolist()
            title = f"{kind.replace('_', ' ').capitalize()} {'ABCDEFGH'[k]}"
            places.append(Place(id=f"{kind}-{k}", name=title, kind=kind, xyz_local_m=(x, y, 0.0)))
    return CityAsset(
        title="Grid",
        format="test",
        version="1",
        origin=Origin(crs=None),
        features=FeatureTable(
            ids=[f"house-{k}" for k in range(n_buildings)],
            kind_names=("Building",),
            kind_codes=np.zeros(n_buildings, dtype=np.uint16),
            parents=np.full(n_buildings, -1, dtype=np.int32),
            bounds_min_max_local_m=bounds.astype(np.float32),
        ),
        soup=TriangleSoup(
            corners_local_m=np.zeros((0, 3, 3), dtype=np.float32),
            features=np.zeros(0, dtype=np.int32),
            surfaces=np.zeros(0, dtype=np.uint8),
        ),
        streets=grid_streets(n_crossings),
        places=tuple(places),
    )
