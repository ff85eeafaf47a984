"""Footprints: heights in every spelling, holes, and the two real files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.twin.city_samples import written
from twin.city.asset import CityAsset, Surface
from twin.city.footprints import metres
from twin.errors import ReadError
from twin.readers.base import open_city

#: About 100 m x 100 m in Delft, and a courtyard of a quarter of its area.
SQUARE = [[4.36, 52.01], [4.36146, 52.01], [4.36146, 52.0109], [4.36, 52.0109], [4.36, 52.01]]
YARD = [[4.3604, 52.0102], [4.3604, 52.0107], [4.3611, 52.0107], [4.3611, 52.0102]]


def volume(asset: CityAsset) -> float:
    """Volume under the roofs plus nothing below: the roofs' areas times their heights."""
    corners = asset.soup.corners_local_m[asset.soup.surfaces == Surface.ROOF].astype(float)
    crosses = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (crosses[:, 2] > 0).all()  # roofs look up
    return float((crosses[:, 2] / 2 * corners[:, :, 2].mean(axis=1)).sum())


def walls_look_outwards(asset: CityAsset) -> bool:
    """By the divergence theorem: the flux of (x, y, 0) through closed walls is twice a volume."""
    corners = asset.soup.corners_local_m[asset.soup.surfaces == Surface.WALL].astype(float)
    crosses = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
    middles = corners.mean(axis=1)
    flux = (crosses[:, :2] * middles[:, :2]).sum()
    return bool(flux == pytest.approx(2 * volume(asset), rel=1e-3))


def feature(properties: Any, *rings: Any, kind: str = "Polygon") -> dict[str, Any]:
    coordinates: Any = list(rings) if kind == "Polygon" else [list(rings)]
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def opened(folder: Path, *features: Any, **root: Any) -> CityAsset:
    value = {"type": "FeatureCollection", "features": list(features)} | root
    return open_city(written(folder, "map.geojson", value))


def height(asset: CityAsset, row: int = 0) -> float:
    return float(np.diff(asset.features.bounds_min_max_local_m[row, [2, 5]])[0])


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"height": 12}, 12),
        ({"height": "12.5 m"}, 12.5),
        ({"height": "100 ft"}, 30.48),
        ({"HEIGHT": 7.0}, 7),
        ({"building:height": "20"}, 20),
        ({"measuredHeight": 11}, 11),
        ({"building:levels": "4"}, 12),
        ({"levels": 5}, 15),
        ({"height": 10, "building:levels": 9}, 10),
        ({"height": 30, "min_height": 10}, 20),
        ({"building:levels": 6, "building:min_level": 2}, 12),
        ({"height": "tall"}, 9),
        ({"height": -4}, 9),
        (None, 9),
    ],
)
def test_heights_in_every_spelling(tmp_path: Path, properties: Any, expected: float) -> None:
    asset = opened(tmp_path, feature(properties, SQUARE))
    assert height(asset) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3,5", 3.5), ("40'", 12.192), (2, 2.0), (True, None), ("3 floors", None), ("9" * 50, None)],
)
def test_metres(text: Any, expected: float | None) -> None:
    assert metres(text) == pytest.approx(expected)


@pytest.mark.parametrize("turned", [False, True])
def test_courtyards_stay_open_and_walls_look_outwards(tmp_path: Path, turned: bool) -> None:
    rings = [SQUARE, YARD]
    if turned:
        rings = [ring[::-1] for ring in rings]
    full = opened(tmp_path, feature({"height": 10}, rings[0]))
    holed = opened(tmp_path, feature({"height": 10}, *rings))
    share = (7 * 5) / (14.6 * 9)
    assert volume(holed) == pytest.approx(volume(full) * (1 - share), rel=1e-3)
    assert walls_look_outwards(full)
    assert walls_look_outwards(holed)
    assert full.n_surfaces == 5
    assert holed.n_surfaces == 9


def test_kinds_ids_and_what_is_left_out(tmp_path: Path) -> None:
    point = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [4, 52]}}
    asset = opened(
        tmp_path,
        feature({"height": 5, "name": "A"}, SQUARE) | {"id": "way/1"},
        feature({"building": "yes"}, SQUARE, kind="MultiPolygon") | {"id": "way/1"},
        feature({"use": "park"}, SQUARE),
        point,
        {"type": "Feature", "geometry": None},
        None,
    )
    assert asset.features.ids == ("way/1", "way/1#2", "3", "4")
    assert asset.features.counts_by_kind() == {
        "Building": 2, "Footprint": 1, "PointOfInterest": 1
    }  # fmt: skip
    counts = {warning.kind: warning.count for warning in asset.warnings}
    assert counts == {"no-height": 2, "repeated-id": 1, "no-geometry": 1, "bad-feature": 1}
    assert asset.features.attributes_of(0) == {"height": 5.0, "name": "A"}


def test_old_crs_member(tmp_path: Path) -> None:
    square = [[85_000, 447_000], [85_100, 447_000], [85_100, 447_100], [85_000, 447_100]]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
    asset = opened(tmp_path, feature({"height": 3}, square), crs=crs)
    assert asset.origin.crs == "EPSG:28992"
    assert volume(asset) == pytest.approx(30_000, rel=1e-5)


def test_no_polygon_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no polygon"):
        opened(tmp_path)
    with pytest.raises(ReadError, match="not GeoJSON"):
        open_city(written(tmp_path, "odd.geojson", {"type": "Topology"}))


def test_manhattan(shared_data: Path) -> None:
    asset = open_city(shared_data / "footprints" / "manhattan_buildings_heights.json")
    assert asset.features.counts_by_kind() == {"Building": 999}
    assert (asset.source_crs, asset.origin.crs) == ("EPSG:4326", "EPSG:32618")
    assert asset.features.attributes["height"][0] == 137.0
    assert height(asset) == pytest.approx(137)
    assert {"crs-assumed", "degenerate-surface"} == {w.kind for w in asset.warnings}
    bounds = asset.bounds_min_max_local_m()
    assert 1_000 < bounds[3] - bounds[0] < 10_000


def test_vancouver(shared_data: Path) -> None:
    asset = open_city(shared_data / "footprints" / "vancouver_blocks.geojson")
    assert asset.features.counts_by_kind() == {"Footprint": 4627}
    assert asset.origin.crs == "EPSG:32610"
    assert {w.kind: w.count for w in asset.warnings}["no-height"] == 4627
    assert sorted(asset.features.attributes) == ["growth", "valuePerSqm"]
