"""Connected bodies of a triangle mesh."""

from __future__ import annotations

import numpy as np

from twin.arrays import Float64Array, Int64Array


def body_of_faces(vertices: Float64Array, faces: Int64Array) -> Int64Array:
    """(F,) number of the body each face (F, 3) belongs to, 0 … n-1 in the order of first faces.

    Faces belong together when they share a corner at the very same place, however the file
    numbers its vertices (V, 3).
    """
    if not len(faces):
        return np.empty(0, np.int64)
    _, place = np.unique(vertices, axis=0, return_inverse=True)
    corners = place.reshape(-1)[faces]
    labels = np.arange(int(corners.max()) + 1)
    while True:
        lowest = labels[corners].min(axis=1)
        lowered = labels.copy()
        np.minimum.at(lowered, labels[corners], lowest[:, None])
        np.minimum.at(lowered, corners, lowest[:, None])
        lowered = lowered[lowered]
        if np.array_equal(lowered, labels):
            break
        labels = lowered
    face_labels = labels[corners[:, 0]]
    _, first, bodies = np.unique(face_labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[bodies.reshape(-1)]
