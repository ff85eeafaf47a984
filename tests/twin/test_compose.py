"""Several sources in one scene: one frame, one table, set on the terrain, joined."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.twin.scene_samples import EAST, NORTH, footprints, obj_box, slope_tile
from twin.city.asset import CityAsset, Surface
from twin.city.compose import compose, scene_at
from twin.city.drape import LIFT_M
from twin.city.frames import Origin, geographic_from_local
from twin.city.placing import projected_between
from twin.city.reframing import part_moved
from twin.city.scene_file import Placement, SceneFile, SceneSource
from twin.city.scene_sources import SceneSources
from twin.errors import ReadError, TwinError
from twin.readers.base import open_city


def lonlat_of(asset: CityAsset, feature_id: str) -> np.ndarray:
    bounds = asset.features.bounds_min_max_local_m[asset.features.row_of(feature_id)]
    middle = (bounds[:2] + bounds[3:5]).astype(np.float64) / 2
    return geographic_from_local(middle[None, :], asset.origin)[0]


def test_sources_of_different_crs_meet_at_the_same_place(tmp_path: Path) -> None:
    utm = footprints(tmp_path / "utm.geojson", {"a": (EAST, NORTH), "b": (EAST + 900, NORTH)})
    there = projected_between(np.array([[EAST, NORTH]]), "EPSG:32632", "EPSG:2154")[0]
    french = footprints(tmp_path / "french.geojson", {"c": tuple(there)}, "EPSG:2154")
    composed = compose(scene_at([utm, french]))
    asset = composed.asset
    assert asset.origin.crs == "EPSG:32632"
    assert [(one.first, one.end) for one in composed.reports] == [(0, 2), (2, 3)]
    assert [one.crs for one in composed.reports] == ["EPSG:32632", "EPSG:2154"]
    # The Lambert square stands a little turned on the same corner: its middle within a metre.
    away_deg = np.abs(lonlat_of(asset, "a") - lonlat_of(asset, "c")).max()
    assert away_deg < 2e-5
    alone = open_city(french)
    assert np.allclose(lonlat_of(alone, "c"), lonlat_of(asset, "c"), atol=1e-7)


def test_ids_that_two_sources_share_stay_apart(tmp_path: Path) -> None:
    one = footprints(tmp_path / "one.geojson", {"x": (EAST, NORTH)})
    two = footprints(tmp_path / "two.geojson", {"x": (EAST + 100, NORTH), "y": (EAST, NORTH)})
    asset = compose(scene_at([one, two])).asset
    assert list(asset.features.ids) == ["x", "two:x", "y"]
    assert list(asset.features.attributes["street"]) == ["x street", "x street", "y street"]
    rows = np.unique(asset.soup.features)
    assert rows.tolist() == [0, 1, 2]
    assert "repeated-id" in {note.kind for note in asset.warnings}


def test_a_source_that_cannot_be_read_leaves_the_others(tmp_path: Path) -> None:
    good = footprints(tmp_path / "good.geojson", {"a": (EAST, NORTH)})
    bad = tmp_path / "bad.city.json"
    bad.write_text("{", encoding="utf-8")
    composed = compose(scene_at([bad, good, tmp_path / "none.geojson"]))
    assert list(composed.asset.features.ids) == ["a"]
    troubles = [one.trouble for one in composed.reports]
    assert "not valid JSON" in troubles[0]
    assert troubles[1] == ""
    assert "no such file" in troubles[2]
    kinds = {note.kind for note in composed.asset.warnings}
    assert {"source-bad", "source-none"} <= kinds
    with pytest.raises(ReadError, match="not valid JSON"):
        compose(scene_at([bad]))
    with pytest.raises(TwinError, match="names no source"):
        compose(SceneFile())


def test_a_source_beyond_reach_is_refused_alone(tmp_path: Path) -> None:
    here = footprints(tmp_path / "here.geojson", {"a": (EAST, NORTH)})
    far = footprints(tmp_path / "far.geojson", {"b": (EAST, NORTH + 900_000)})
    composed = compose(scene_at([here, far]))
    assert "km from the scene" in composed.reports[1].trouble
    assert composed.asset.features.n_features == 1


def test_the_scene_may_name_its_frame(tmp_path: Path) -> None:
    path = footprints(tmp_path / "a.geojson", {"a": (EAST, NORTH)})
    scene = scene_at([path])
    scene.crs, scene.origin = "EPSG:2154", (1_000_000.0, 6_300_000.0, 5.0)
    asset = compose(scene).asset
    assert asset.origin == Origin(
        crs="EPSG:2154", east_m=1_000_000.0, north_m=6_300_000.0, height_m=5.0
    )
    assert np.allclose(lonlat_of(asset, "a"), lonlat_of(open_city(path), "a"), atol=1e-7)
    assert asset.features.bounds_min_max_local_m[0, 2] == pytest.approx(-5.0)


def test_heights_without_a_grid_stay_and_say_so(shared_data: Path) -> None:
    scene = scene_at([shared_data / "cityjson" / "denhaag_01_lod2.v10.city.json"])
    scene.vertical = "EPSG:5773"  # EGM96: no grid from NAP is installed
    composed = compose(scene)
    assert "vertical-datum" in {note.kind for note in composed.asset.warnings}
    scene.vertical = "EPSG:5709"  # NAP, as the file has it
    assert "vertical-datum" not in {note.kind for note in compose(scene).asset.warnings}


# -- terrain -----------------------------------------------------------------------------------


def test_houses_and_what_lies_flat_are_set_on_the_terrain(tmp_path: Path) -> None:
    path = footprints(tmp_path / "a.geojson", {"a": (EAST, NORTH), "b": (EAST + 400, NORTH)})
    composed = compose(scene_at([path, slope_tile(tmp_path)]))
    asset = composed.asset
    assert asset.terrain is not None
    soup, rows = asset.soup, {name: asset.features.row_of(name) for name in ("a", "b")}
    for row in rows.values():
        corners = soup.corners_local_m[soup.features == row].reshape(-1, 3)
        ground = asset.terrain.height_at(corners[:, :2].astype(np.float64))
        roof = corners[corners[:, 2] == corners[:, 2].max()]
        assert roof[0, 2] == pytest.approx(float(ground.mean()) + 10.0, abs=0.4)
        assert corners[:, 2].min() < ground.min()
        assert corners[:, 2].min() > ground.min() - 1.0
    # 1 m a sample of 3 arc seconds, about 67 m here, to the east
    tops = asset.features.bounds_min_max_local_m[list(rows.values()), 5]
    assert tops[1] - tops[0] == pytest.approx(400 / 67.2, abs=0.5)


def test_streets_and_flat_surfaces_follow_the_terrain(shared_data: Path) -> None:
    monaco = shared_data / "osm" / "monaco.osm.gz"
    composed = compose(scene_at([monaco, shared_data / "dem" / "N43E007.hgt.zip"]))
    asset = composed.asset
    assert asset.terrain is not None
    assert asset.streets is not None
    nodes = asset.streets.nodes_local_m
    off = nodes[:, 2] - asset.terrain.height_at(nodes[:, :2].astype(np.float64))
    off = off[np.isfinite(off)]
    assert len(off) > 1000
    assert np.percentile(np.abs(off - LIFT_M), 95) < 0.7
    ground = asset.streets.on_the_ground().edges
    step = np.diff(nodes[ground][:, :, :2], axis=1)[:, 0]
    assert np.hypot(*step.T).max() < 60.1
    assert len(asset.streets.names) == len(asset.streets.edges)
    roads = asset.soup.corners_local_m[asset.soup.surfaces == int(Surface.ROAD)]
    middles = roads.mean(axis=1).astype(np.float64)
    above = middles[:, 2] - asset.terrain.height_at(middles[:, :2])
    assert np.nanpercentile(np.abs(above - LIFT_M), 95) < 1.5
    assert asset.counts["cells"] == 1201 * 1201
    assert asset.counts["building"] == 962
    below = asset.streets.edges[asset.streets.is_below]
    inner = np.setdiff1d(below, ground)
    mouths = np.intersect1d(below, ground)
    assert len(inner) > 20
    under = asset.terrain.height_at(nodes[inner, :2].astype(np.float64)) - nodes[inner, 2]
    assert np.nanmax(under) > 20.0  # Monaco's tunnels run under its hills
    assert nodes[inner, 2].max() <= nodes[mouths, 2].max() + 0.5


def test_a_model_with_real_heights_is_not_lifted(shared_data: Path, tmp_path: Path) -> None:
    city = shared_data / "cityjson" / "denhaag_01_lod2.v10.city.json"
    plots = footprints(tmp_path / "plots.geojson", {"p": (78_600, 457_900)}, "EPSG:28992")
    asset = compose(scene_at([city, plots])).asset
    alone = open_city(city)
    n = alone.features.n_features
    assert np.array_equal(
        asset.features.bounds_min_max_local_m[:n],
        alone.features.bounds_min_max_local_m,
        equal_nan=True,
    )
    # The plot counts from 0: it is set on the ground that the city model brings.
    low = asset.features.bounds_min_max_local_m[n, 2] + asset.origin.height_m
    assert 1.5 < low < 9.0


def test_a_terrain_alone_opens_as_a_scene(tmp_path: Path) -> None:
    composed = compose(scene_at([slope_tile(tmp_path)]))
    assert composed.asset.origin.crs == "EPSG:32632"
    assert composed.asset.soup.n_triangles > 0


# -- by hand -----------------------------------------------------------------------------------


def placed(tmp_path: Path, place: Placement | None) -> CityAsset:
    path = footprints(tmp_path / "a.geojson", {"a": (EAST, NORTH)})
    box = obj_box(tmp_path / "box.obj")
    sources = (
        SceneSource(id="city", path=str(path)),
        SceneSource(id="box", path=str(box), place=place),
    )
    return compose(SceneFile(sources=sources)).asset


def test_a_source_without_a_crs_stands_where_it_was_put(tmp_path: Path) -> None:
    place = Placement(east_m=100.0, north_m=-50.0, height_m=7.0, turn_deg=90.0, scale=2.0)
    asset = placed(tmp_path, place)
    # The mesh's own origin is its middle; 20 m wide, doubled, turned about it.
    bounds = asset.features.bounds_min_max_local_m[1]
    assert bounds == pytest.approx([80.0, -70.0, 7.0, 120.0, -30.0, 47.0], abs=0.01)


def test_turning_is_clockwise_seen_from_above(tmp_path: Path) -> None:
    straight, turned = placed(tmp_path, None), placed(tmp_path, Placement(turn_deg=30.0))
    first = straight.soup.corners_local_m[straight.soup.features == 1].reshape(-1, 3)
    second = turned.soup.corners_local_m[turned.soup.features == 1].reshape(-1, 3)
    before = np.arctan2(first[:, 0], first[:, 1])
    after = np.arctan2(second[:, 0], second[:, 1])
    assert np.allclose(np.degrees(after - before) % 360.0, 30.0, atol=1e-3)


def test_moving_a_part_later_is_the_same_as_placing_it_at_once(tmp_path: Path) -> None:
    old = Placement(east_m=10.0, turn_deg=15.0)
    new = Placement(east_m=-40.0, north_m=30.0, height_m=3.0, turn_deg=200.0, scale=1.5)
    moved, at_once = part_moved(placed(tmp_path, old), 1, 2, old, new), placed(tmp_path, new)
    assert np.allclose(moved.soup.corners_local_m, at_once.soup.corners_local_m, atol=1e-3)
    assert np.allclose(
        moved.features.bounds_min_max_local_m,
        at_once.features.bounds_min_max_local_m,
        atol=1e-3,
    )


def test_sources_are_switched_and_kept(tmp_path: Path) -> None:
    one = footprints(tmp_path / "one.geojson", {"x": (EAST, NORTH)})
    two = footprints(tmp_path / "two.geojson", {"y": (EAST, NORTH), "z": (EAST + 50, NORTH)})
    composed = compose(scene_at([one, two]))
    sources = SceneSources(composed.reports, composed.scene)
    told: list[str] = []
    sources.visible_changed.connect(told.append)
    sources.set_visible("two", False)
    sources.set_visible("two", False)
    assert told == ["two"]
    assert sources.hidden_rows(3).tolist() == [False, True, True]
    composed.scene.save(tmp_path / "scene.toml")
    again = compose(scene_at([tmp_path]))
    assert [part.visible for part in again.asset.parts] == [True, False]
    assert [report.source.id for report in again.reports] == ["one", "two"]
