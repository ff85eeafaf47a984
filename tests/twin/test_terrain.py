"""Terrain: heights are where the file has them, units and CRS are honoured, bad tiles refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.twin.scene_samples import hgt, slope_tile
from twin.city.asset import Surface
from twin.city.frames import Origin, geographic_from_local, local_from_geographic
from twin.city.ground_raster import filled, ground_of
from twin.city.terrain_heights import TerrainHeights
from twin.errors import ReadError
from twin.readers.base import ReadOptions, open_city


def test_heights_are_read_between_samples() -> None:
    heights = np.array([[0.0, 10.0], [20.0, np.nan]], np.float32)
    terrain = TerrainHeights(
        heights_m=heights, pixel_from_local=np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    )
    got = terrain.height_at(np.array([[0, 0], [0.5, 0], [0, 0.25], [3, 0], [0.5, 0.5]]))
    assert got[:3] == pytest.approx([0.0, 5.0, 5.0])
    assert np.isnan(got[3])
    assert got[4] == pytest.approx(10.0)  # the unknown fourth sample does not count


def test_a_tile_lies_where_its_name_says_and_slopes_as_it_should(tmp_path: Path) -> None:
    asset = open_city(slope_tile(tmp_path))
    assert asset.counts == {"cells": 1201 * 1201}
    assert asset.origin.crs == "EPSG:32632"
    assert asset.terrain is not None
    for lon, lat in ((7.25, 43.5), (7.5, 43.25), (7.8, 43.9)):
        xy = local_from_geographic(np.array([lon]), np.array([lat]), asset.origin)
        height = float(asset.terrain.height_at(xy)[0]) + asset.origin.height_m
        assert height == pytest.approx(100 + 1200 * (lon - 7.0), abs=0.2)
    error = next(one for one in asset.warnings if one.kind == "terrain-error")
    assert " m of its samples" in error.message
    assert 0 < asset.soup.n_triangles <= 300_000


def test_the_triangles_keep_to_the_error_that_is_stated(tmp_path: Path) -> None:
    row, column = np.mgrid[0:1201, 0:1201]
    path = hgt(tmp_path / "N43E007.hgt", 500 + 60 * np.sin(row / 40) * np.cos(column / 55))
    origin = Origin(crs="EPSG:32632", east_m=380_000.0, north_m=4_820_000.0)
    asset = open_city(path, ReadOptions(origin=origin, focus_local_m=(-900, -900, 900, 900)))
    assert asset.origin == origin
    assert asset.terrain is not None
    middles = asset.soup.corners_local_m.mean(axis=1).astype(np.float64)
    core = (np.abs(middles[:, :2]) < 900).all(axis=1)
    off = asset.terrain.height_at(middles[core, :2]) - middles[core, 2]
    assert core.sum() > 60
    assert np.abs(off).max() < 0.6
    far = np.abs(asset.soup.corners_local_m[:, :, :2]).max()
    assert 5_000 < far < 12_000  # cropped to the surroundings of what is looked at


def test_voids_are_filled_and_said_and_the_sea_is_water(tmp_path: Path) -> None:
    heights = np.full((1201, 1201), 200)
    heights[:, :600] = 0
    heights[300:320, 800:820] = -32768
    asset = open_city(hgt(tmp_path / "N43E007.hgt", heights))
    assert {one.kind: one.count for one in asset.warnings}["voids"] == 400
    water = asset.soup.corners_local_m[asset.soup.surfaces == int(Surface.WATER)]
    lon = geographic_from_local(water.mean(axis=1)[:, :2], asset.origin)[:, 0]
    assert len(water) > 0
    assert lon.max() < 7.51
    assert asset.features.kind(1) == "WaterBody"
    assert np.isfinite(asset.soup.corners_local_m).all()


def test_a_packed_tile_is_the_same(tmp_path: Path) -> None:
    tile = slope_tile(tmp_path)
    with zipfile.ZipFile(tmp_path / "N43E007.hgt.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tile, "N43E007.hgt")
    plain, packed = open_city(tile), open_city(tmp_path / "N43E007.hgt.zip")
    assert plain.soup.n_triangles == packed.soup.n_triangles


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_tiles_that_are_cut_off_are_refused(tmp_path: Path, share: float) -> None:
    whole = slope_tile(tmp_path).read_bytes()
    (tmp_path / "N43E007.hgt").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ReadError, match="cut off"):
        open_city(tmp_path / "N43E007.hgt")


def test_a_tile_without_a_place_in_its_name_is_refused(tmp_path: Path) -> None:
    path = slope_tile(tmp_path).rename(tmp_path / "terrain.hgt")
    with pytest.raises(ReadError, match="name it like N43E007"):
        open_city(path)


def test_a_bomb_in_a_packed_tile_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "N43E007.hgt.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("N43E007.hgt", bytes(200_000_000))
    with pytest.raises(ReadError, match="bytes"):
        open_city(path)


# -- GeoTIFF -----------------------------------------------------------------------------------


def tiff(path: Path, heights: np.ndarray, crs: str, west: float, north: float, cell: float) -> Path:
    rasterio = pytest.importorskip("rasterio", reason="the formats extra is not installed")
    from rasterio.transform import Affine

    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=heights.shape[1],
        height=heights.shape[0],
        count=1,
        dtype=heights.dtype,
        crs=crs or None,
        transform=Affine(cell, 0.0, west, 0.0, -cell, north),
        nodata=-9999,
    ) as file:
        file.write(heights, 1)
    return path


def test_a_raster_in_metres_and_its_gaps(tmp_path: Path) -> None:
    heights = np.tile(np.arange(200, dtype=np.float32), (150, 1))
    heights[:30] = -9999
    path = tiff(tmp_path / "t.tif", heights, "EPSG:25832", 500_000.0, 5_500_000.0, 2.0)
    asset = open_city(path)
    assert asset.counts == {"cells": 30_000}
    assert {one.kind: one.count for one in asset.warnings}["voids"] == 6_000
    assert asset.terrain is not None
    origin = asset.origin
    places = np.array([[500_101.0, 5_499_800.0], [500_101.0, 5_499_990.0]])
    got = asset.terrain.height_at(places - (origin.east_m, origin.north_m)) + origin.height_m
    assert got[0] == pytest.approx(50.0, abs=0.1)
    assert np.isnan(got[1])
    assert asset.soup.corners_local_m[:, :, 1].max() + origin.north_m < 5_499_942


def test_survey_feet_become_metres(shared_data: Path) -> None:
    pytest.importorskip("rasterio", reason="the formats extra is not installed")
    asset = open_city(shared_data / "dem" / "ky4_elevation.tif")
    assert asset.counts == {"cells": 587 * 402}
    assert asset.source_crs == "EPSG:3547"
    west, south, low, east, north, high = asset.bounds_min_max_local_m()
    assert east - west == pytest.approx(586 * 90.9752 * 1200 / 3937, rel=0.02)
    assert north - south == pytest.approx(401 * 90.9752 * 1200 / 3937, rel=0.03)
    assert (low + asset.origin.height_m, high + asset.origin.height_m) == (
        pytest.approx(117.4, abs=1.5),
        pytest.approx(226.2, abs=1.5),
    )
    assert "height-unit" in {one.kind for one in asset.warnings}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_rasters_that_are_cut_off_say_so_or_open(
    shared_data: Path, tmp_path: Path, share: float
) -> None:
    pytest.importorskip("rasterio", reason="the formats extra is not installed")
    whole = (shared_data / "dem" / "ky4_elevation.tif").read_bytes()
    path = tmp_path / "cut.tif"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ReadError) as caught:
        open_city(path)
    assert "\n" not in str(caught.value)


def test_a_picture_is_no_terrain(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio", reason="the formats extra is not installed")
    path = tmp_path / "photo.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=8, height=8, count=3, dtype="uint8",
        transform=rasterio.Affine(1, 0, 0, 0, -1, 8),
    ) as file:  # fmt: skip
        file.write(np.zeros((3, 8, 8), np.uint8))
    with pytest.raises(ReadError, match="a picture"):
        open_city(path)


# -- cities without a terrain --------------------------------------------------------------------


def test_the_ground_of_a_city_comes_from_its_flat_surfaces(shared_data: Path) -> None:
    city = open_city(shared_data / "cityjson" / "denhaag_01_lod2.v10.city.json")
    ground = ground_of(city)
    flat = city.soup.corners_local_m[city.soup.surfaces == int(Surface.TERRAIN)]
    middles = flat.mean(axis=1)[::50]
    off = ground.height_at(middles[:, :2].astype(np.float64)) - middles[:, 2]
    assert np.percentile(np.abs(off), 90) < 0.5
    assert np.isnan(ground.height_at(np.array([[1e5, 0.0]]))[0])


def test_holes_are_filled_smoothly() -> None:
    heights = np.full((32, 32), np.nan)
    heights[:, 0], heights[:, 31] = 0.0, 31.0
    whole = filled(heights)
    assert np.isfinite(whole).all()
    assert (whole.min(), whole.max()) == (0.0, 31.0)
    assert (np.diff(whole.mean(axis=0)) > -0.5).all()
