"""Cities of boxes whose every corner is known."""

import numpy as np

from twin.city.asset import CityAsset, FeatureTable, Surface, TriangleSoup
from twin.city.frames import Origin

BOX_M, HEIGHT_M, STEP_M = 20.0, 30.0, 60.0


def city_of_boxes(columns=3, rows=3, attributes=None):
    """Boxes of 20 x 20 x 30 m on a 60 m grid around the origin, one feature each."""
    unit = np.array([[x, y, z] for z in (0, 1) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
    quads = [(0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7), (4, 5, 6, 7)]
    faces = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
    n = columns * rows
    row, column = np.divmod(np.arange(n), columns)
    middle = np.column_stack([column - (columns - 1) / 2, row - (rows - 1) / 2]) * STEP_M
    points = unit[None] * np.array([BOX_M / 2, BOX_M / 2, HEIGHT_M])
    points = np.repeat(points, n, axis=0)
    points[:, :, :2] += middle[:, None]
    features = FeatureTable(
        ids=[f"box-{i}" for i in range(n)],
        kind_names=("Building",),
        kind_codes=np.zeros(n, np.uint16),
        parents=np.full(n, -1, np.int32),
        bounds_min_max_local_m=np.hstack([points.min(axis=1), points.max(axis=1)]).astype("f4"),
        attributes=attributes or {},
    )
    surfaces = np.tile(np.array([Surface.WALL] * 8 + [Surface.ROOF] * 2, np.uint8), n)
    soup = TriangleSoup(
        corners_local_m=points[:, faces].reshape(-1, 3, 3).astype(np.float32),
        features=np.repeat(np.arange(n, dtype=np.int32), len(faces)),
        surfaces=surfaces,
    )
    return CityAsset(
        title="Boxes",
        format="test",
        version="1",
        origin=Origin(crs=None),
        features=features,
        soup=soup,
    )
