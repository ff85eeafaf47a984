"""What every reader must do with a file that may be anything."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import numpy as np

from twin.city.asset import CityAsset
from twin.errors import ReadError
from twin.readers.base import ReadOptions, open_city

MAX_SECONDS = 10.0


def check(path: Path, *, options: ReadOptions | None = None) -> CityAsset | None:
    """Open a file; what opens must be sound, what does not must say one sentence."""
    started = perf_counter()
    try:
        asset = open_city(path, options)
    except ReadError as error:
        sentence = str(error)
        assert sentence.endswith(str(path))
        assert "\n" not in sentence.removesuffix(str(path))
        assert "Traceback" not in sentence
        return None
    finally:
        assert perf_counter() - started < MAX_SECONDS
    soup, features = asset.soup, asset.features
    assert soup.corners_local_m.shape == (soup.n_triangles, 3, 3)
    assert soup.corners_local_m.dtype == np.float32
    assert np.isfinite(soup.corners_local_m).all()
    if soup.n_triangles:
        assert soup.features.min() >= 0
        assert soup.features.max() < features.n_features
    assert len(set(features.ids)) == features.n_features
    assert len(features.parents) == features.n_features
    assert all(len(column) == features.n_features for column in features.attributes.values())
    assert all(warning.count > 0 and warning.message for warning in asset.warnings)
    return asset
