"""GeoPackage, FlatGeobuf, Shapefile, zipped ones, and lines and points of GeoJSON."""

from __future__ import annotations

import builtins
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from tests.twin.city_samples import written
from tests.twin.reader_rig import check
from twin.city.asset import CityAsset, Surface
from twin.errors import ReadError
from twin.readers.base import open_city
from twin.readers.vector_kinds import kind_of_layer

pyogrio = pytest.importorskip("pyogrio")

RD = "EPSG:28992"
EAST, NORTH = 85_000.0, 447_000.0


def layer(
    path: Path, name: str, geometries: list[Any], fields: dict[str, Any], crs: str = RD
) -> Path:
    """Add a layer, its geometries given in metres from a point in Delft."""
    moved = (
        shapely.transform(
            np.array(geometries, dtype=object), lambda xy: xy + np.array([EAST, NORTH])
        )
        if crs == RD
        else np.array(geometries, dtype=object)
    )
    kinds = {one.geom_type for one in moved if one is not None}
    append = path.exists() and path.suffix == ".gpkg"
    extra = {"layer": name} if path.suffix == ".gpkg" else {}
    pyogrio.raw.write(
        path, shapely.to_wkb(moved), [np.array(values) for values in fields.values()],
        list(fields), geometry_type=kinds.pop() if len(kinds) == 1 else "Unknown", crs=crs,
        append=append, **extra,
    )  # fmt: skip
    return path


def boxes(n: int) -> list[Any]:
    return [shapely.box(20 * k, 0, 20 * k + 10, 10) for k in range(n)]


def kinds(asset: CityAsset) -> dict[str, int]:
    return asset.features.counts_by_kind()


@pytest.mark.parametrize("ending", [".gpkg", ".fgb", ".shp"])
def test_polygons_stand_as_high_as_their_columns_say(tmp_path: Path, ending: str) -> None:
    path = layer(
        tmp_path / f"houses{ending}", "houses", boxes(3),
        {"height": [12.0, 7.5, np.nan], "name": ["A", "Bäckerei", "C"]},
    )  # fmt: skip
    asset = open_city(path)
    assert kinds(asset) == {"Building": 3}
    assert (asset.source_crs, asset.origin.crs) == (RD, RD)
    tops = dict(zip(asset.features.attributes["name"], asset.features.bounds_min_max_local_m[:, 5],
                    strict=True))  # fmt: skip
    assert tops == {"A": 12.0, "Bäckerei": 7.5, "C": 9.0}
    roofs = asset.soup.corners_local_m[asset.soup.surfaces == Surface.ROOF].astype(float)
    crosses = np.cross(roofs[:, 1] - roofs[:, 0], roofs[:, 2] - roofs[:, 0])
    assert crosses[:, 2].sum() / 2 == pytest.approx(300)
    assert asset.counts == {"features": 3, "polygons": 3}
    assert [one.kind for one in asset.warnings] == ["no-height"]


def test_every_layer_is_read_and_its_name_gives_the_kind(tmp_path: Path) -> None:
    path = tmp_path / "city.gpkg"
    layer(path, "buildings", boxes(2), {"floors": [3, 5]})
    layer(path, "main_roads", [
        shapely.LineString([(0, -10), (50, -10)]),
        shapely.LineString([(50, -10), (100, -10), (100, -60)]),
        shapely.MultiLineString([[(50, -10), (50, -60)]]),
    ], {"name": ["East", "East", "South"]})  # fmt: skip
    layer(path, "lakes", [shapely.box(0, 30, 40, 60)], {"name": ["Lake"]})
    layer(path, "stops", [shapely.Point(5, -12), shapely.Point(90, -12)], {"name": ["P", "Q"]})
    layer(path, "wards", [shapely.box(-50, -80, 150, 90)], {"code": ["W1"]})
    asset = open_city(path)
    assert kinds(asset) == {
        "Building": 2, "Road": 3, "WaterBody": 1, "PointOfInterest": 2, "LandUse": 1
    }  # fmt: skip
    assert asset.streets is not None
    assert sorted(asset.streets.names) == ["East", "East", "East", "South"]
    assert [place.name for place in asset.places] == ["P", "Q"]
    tops = asset.features.bounds_min_max_local_m[:2, 5]
    assert tops.tolist() == [9.0, 15.0]
    assert asset.features.ids[:3] == ("buildings/1", "buildings/2", "main_roads/1")
    lake = asset.soup.corners_local_m[asset.soup.surfaces == Surface.WATER]
    ward = asset.soup.corners_local_m[asset.soup.surfaces == Surface.TERRAIN]
    assert 0.0 <= ward[:, :, 2].max() < lake[:, :, 2].min() < 1.0


def test_layers_of_other_crs_are_brought_together(tmp_path: Path) -> None:
    path = tmp_path / "two.gpkg"
    layer(path, "buildings", boxes(1), {"height": [5.0]})
    layer(path, "trees", [shapely.Point(4.3709, 52.0061)], {"name": ["Oak"]}, crs="EPSG:4326")
    asset = open_city(path)
    oak = np.array(asset.places[0].xyz_local_m[:2])
    assert np.hypot(*oak) < 2_000  # both lie in Delft


def test_zipped_shapefile(tmp_path: Path) -> None:
    layer(tmp_path / "blocks.shp", "blocks", boxes(2), {"LEVELS": [2, 4]})
    path = tmp_path / "blocks.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(tmp_path.glob("blocks.*")):
            if part.suffix != ".zip":
                archive.write(part, f"inner/{part.name}")
    asset = open_city(path)
    assert kinds(asset) == {"Building": 2}
    assert asset.features.bounds_min_max_local_m[:, 5].tolist() == [6.0, 12.0]
    assert [one.kind for one in asset.warnings] == ["inside-zip"]


def test_missing_geometries_and_nested_collections(tmp_path: Path) -> None:
    nested = shapely.GeometryCollection(
        [shapely.Point(1, 1), shapely.GeometryCollection([shapely.box(0, 0, 5, 5)])]
    )
    asset = open_city(layer(tmp_path / "odd.gpkg", "things", [nested, None], {"id": [1, 2]}))
    assert {one.kind: one.count for one in asset.warnings} == {"no-geometry": 1, "no-height": 1}
    assert asset.counts == {"features": 2, "polygons": 1, "points": 1}


@pytest.mark.parametrize("ending", [".gpkg", ".fgb", ".shp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_truncated_files_open_in_part_or_say_why(tmp_path: Path, ending: str, share: float) -> None:
    path = layer(tmp_path / f"houses{ending}", "houses", boxes(400), {"height": [9.0] * 400})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    asset = check(path)
    if asset is not None:
        assert 0 < asset.features.n_features <= 400
        assert asset.features.n_features == 400 or asset.warnings


def test_shapefile_without_its_index_says_so(tmp_path: Path) -> None:
    path = layer(tmp_path / "alone.shp", "alone", boxes(1), {"height": [3.0]})
    for ending in (".shx", ".dbf", ".prj"):
        path.with_suffix(ending).unlink()
    with pytest.raises(ReadError, match="cannot be read"):
        open_city(path)


def test_too_many_features_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.readers.vector_file.MAX_FEATURES", 2)
    path = layer(tmp_path / "many.fgb", "many", boxes(3), {"height": [3.0] * 3})
    with pytest.raises(ReadError, match="holds 3 features"):
        open_city(path)


def test_without_the_extra_the_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = layer(tmp_path / "one.fgb", "one", boxes(1), {"height": [3.0]})
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "pyogrio":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ReadError, match=r"civitwin\[formats\]"):
        open_city(path)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Buildings_2024", "Building"),
        ("gebaeude", "Building"),
        ("tl_roads", "Road"),
        ("bike_routes", "Road"),
        ("rivers", "WaterBody"),
        ("seepark", "PlantCover"),
        ("railway_lines", "Railway"),
        ("parcels", "LandUse"),
        ("poi", ""),
    ],
)
def test_words_in_layer_names(name: str, kind: str) -> None:
    assert kind_of_layer(name) == kind


def test_geojson_lines_and_points(tmp_path: Path) -> None:
    def feature(kind: str, coordinates: Any, **properties: Any) -> dict[str, Any]:
        geometry = {"type": kind, "coordinates": coordinates}
        return {"type": "Feature", "properties": properties, "geometry": geometry}

    path = written(tmp_path, "map.geojson", {"type": "FeatureCollection", "features": [
        feature("LineString", [[4.36, 52.0], [4.362, 52.0], [4.364, 52.0]], highway="primary",
                name="High Street"),
        feature("MultiLineString", [[[4.362, 52.0], [4.362, 52.002]]], highway="residential"),
        feature("LineString", [[4.36, 52.001], [4.362, 52.001, 3.0]], note="a fence"),
        feature("LineString", [[4.36, "x"]], note="broken"),
        feature("Point", [4.361, 52.0005], name="St. Anna", amenity="hospital"),
        feature("MultiPoint", [[4.36, 52.0], ["a", 1]], name="Two"),
        feature("Polygon", [[[4.36, 52.003], [4.362, 52.003], [4.362, 52.004]]], natural="water"),
    ]})  # fmt: skip
    asset = open_city(path)
    assert kinds(asset) == {"Road": 2, "Line": 2, "PointOfInterest": 2, "WaterBody": 1}
    assert asset.streets is not None
    assert sorted(asset.streets.names) == [
        "High Street", "High Street", "Residential street by High Street"
    ]  # fmt: skip
    assert [(place.name, place.kind) for place in asset.places] == [
        ("St. Anna", "hospital"),
        ("Two", "pointofinterest"),
    ]
    assert {one.kind: one.count for one in asset.warnings} == {"bad-line": 1, "bad-point": 1}
    assert json.dumps(dict(asset.counts)) == (
        '{"features": 7, "polygons": 1, "lines": 3, "points": 2}'
    )
