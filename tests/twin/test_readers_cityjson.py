"""CityJSON and CityJSONSeq: real cities by their counts, every part by a small one."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.twin.city_samples import CUBE_FACES, cube, rich_city, written
from twin.city.asset import CityAsset, Surface
from twin.errors import ReadError
from twin.readers.base import ReadOptions, open_city

#: File, format, version, CRS, objects by type: what ../shared/data/README.md says of each.
REAL: list[tuple[str, str, str, str | None, dict[str, int]]] = [
    ("denhaag_01_lod2.v10.city.json", "CityJSON", "1.0", "EPSG:7415",
     {"Building": 844, "BuildingPart": 1653, "TINRelief": 1}),
    ("rotterdam_delfshaven.v20.city.json", "CityJSON", "2.0", "EPSG:28992", {"Building": 853}),
    ("delft_lod1.v20.city.json", "CityJSON", "2.0", "EPSG:7415",
     {"Building": 160, "Road": 143, "PlantCover": 126, "LandUse": 81, "GenericCityObject": 54,
      "Bridge": 3, "WaterBody": 3}),
    ("zurich_subset_lod2.v11.city.json", "CityJSON", "1.1", "EPSG:2056",
     {"Building": 49, "BuildingPart": 161}),
    ("vienna.v11.city.jsonl", "CityJSONSeq", "1.1", None, {"Building": 149, "BuildingPart": 443}),
    ("delft_3dbag_extension.v11.city.jsonl", "CityJSONSeq", "1.1", "EPSG:7415",
     {"Building": 99, "BuildingPart": 100}),
    ("rotterdam_two_buildings_textures.v0x.zip", "CityJSON", "0.3", "EPSG:7415", {"Building": 2}),
    ("rotterdam_textured_subset/rotterdam_subset.json", "CityJSON", "2.0", None, {"Building": 16}),
    ("rotterdam_textured_subset/rotterdam_subset_cjio_test.json", "CityJSON", "1.1", None,
     {"Building": 16}),
    ("rotterdam_textured_subset/rotterdam_one.json", "CityJSON", "1.1", "EPSG:7415",
     {"Building": 1}),
    ("paris_tower.v20.city.jsonl", "CityJSONSeq", "2.0", "EPSG:2154",
     {"Building": 1, "BuildingPart": 1}),
    ("montreal_b4.v20.city.jsonl", "CityJSONSeq", "2.0", "EPSG:26918", {"Building": 4}),
    ("denhaag_random_5.city.jsonl", "CityJSONSeq", "1.1", "EPSG:7415",
     {"Building": 5, "BuildingPart": 12}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "format_name", "version", "crs", "kinds"), REAL, ids=[row[0] for row in REAL]
)
def test_real_cities_have_their_published_counts(
    shared_data: Path,
    name: str,
    format_name: str,
    version: str,
    crs: str | None,
    kinds: dict[str, int],
) -> None:
    asset = open_city(shared_data / "cityjson" / name)
    assert (asset.format, asset.version, asset.source_crs) == (format_name, version, crs)
    assert asset.features.counts_by_kind() == kinds
    assert asset.features.n_features == sum(kinds.values())
    assert asset.soup.n_triangles > 0
    assert ("no-crs" in kinds_of_warning(asset)) == (crs is None)
    bounds = asset.bounds_min_max_local_m()
    assert np.abs(bounds[[0, 1, 3, 4]]).max() < 10_000
    np.testing.assert_allclose(bounds[:2] + bounds[3:5], 0, atol=2.1)  # centred, whole metres


def kinds_of_warning(asset: CityAsset) -> dict[str, int]:
    return {warning.kind: warning.count for warning in asset.warnings}


def opened(tmp_path: Path, city: dict[str, Any], **options: str) -> CityAsset:
    return open_city(written(tmp_path, "city.city.json", city), ReadOptions(**options))


def shades(asset: CityAsset, feature_id: str) -> Counter[Surface]:
    rows = asset.soup.features == asset.features.row_of(feature_id)
    return Counter(Surface(code) for code in asset.soup.surfaces[rows])


def test_areas_of_a_real_city_agree_with_its_polygons(shared_data: Path) -> None:
    path = shared_data / "cityjson" / "denhaag_01_lod2.v10.city.json"
    city = json.loads(path.read_text())
    vertices = np.array(city["vertices"]) * city["transform"]["scale"]
    expected = 0.0
    for one in city["CityObjects"].values():
        for geometry in one.get("geometry", []):
            shells = geometry["boundaries"]
            for ring in (
                ring
                for surface in (shells[0] if geometry["type"] == "Solid" else shells)
                for ring in surface
            ):
                points = vertices[ring] - vertices[ring[0]]
                expected += np.linalg.norm(np.cross(points, np.roll(points, -1, 0)).sum(0)) / 2
    soup = open_city(path).soup.corners_local_m.astype(float)
    crosses = np.cross(soup[:, 1] - soup[:, 0], soup[:, 2] - soup[:, 0])
    assert np.linalg.norm(crosses, axis=1).sum() / 2 == pytest.approx(expected, rel=2e-3)


def test_semantics_become_shades_and_triangles_look_outwards(tmp_path: Path) -> None:
    asset = opened(tmp_path, rich_city())
    assert shades(asset, "part") == {Surface.GROUND: 2, Surface.ROOF: 2, Surface.WALL: 8}
    rows = asset.soup.features == asset.features.row_of("part")
    corners = asset.soup.corners_local_m[rows].astype(float)
    centre = corners.reshape(-1, 3).mean(axis=0)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    outwards = corners.mean(axis=1) - centre
    assert (np.einsum("tk,tk->t", normals, outwards) > 0).all()


def test_without_semantics_the_normal_decides(tmp_path: Path) -> None:
    city = rich_city()
    del city["CityObjects"]["part"]["geometry"][0]["semantics"]
    asset = opened(tmp_path, city)
    assert shades(asset, "part") == {Surface.GROUND: 2, Surface.ROOF: 2, Surface.WALL: 8}


@pytest.mark.parametrize(
    ("kind", "attributes", "shade"),
    [
        ("Road", {}, Surface.ROAD),
        ("TransportSquare", {}, Surface.PAVED),
        ("Railway", {}, Surface.RAIL),
        ("Waterway", {}, Surface.WATER),
        ("WaterBody", {}, Surface.WATER),
        ("PlantCover", {}, Surface.GREEN),
        ("SolitaryVegetationObject", {}, Surface.GREEN),
        ("TINRelief", {"class": "paved"}, Surface.TERRAIN),
        ("LandUse", {}, Surface.TERRAIN),
        ("LandUse", {"class": "grass"}, Surface.GREEN),
        ("LandUse", {"bgt_fysiekvoorkomen": "open verharding"}, Surface.PAVED),
        ("LandUse", {"bgt_fysiekvoorkomen": "onverhard"}, Surface.TERRAIN),
        ("Bridge", {}, Surface.BRIDGE),
        ("BridgeConstructiveElement", {}, Surface.BRIDGE),
        ("Tunnel", {}, Surface.OTHER),
        ("CityFurniture", {}, Surface.OTHER),
        ("GenericCityObject", {}, Surface.OTHER),
        ("+NoiseCityFurnitureSegment", {}, Surface.OTHER),
        ("+MyRoadPiece", {}, Surface.ROAD),
        ("+NoiseBuilding", {}, Surface.ROOF),
        ("OtherConstruction", {}, Surface.ROOF),
        ("BuildingInstallation", {}, Surface.ROOF),
        ("+Unheard", {}, Surface.OTHER),
    ],
)
def test_kinds_have_their_shade(
    tmp_path: Path, kind: str, attributes: dict[str, str], shade: Surface
) -> None:
    city = rich_city()
    one = {
        "type": kind,
        "attributes": attributes,
        "geometry": [{"type": "MultiSurface", "lod": "1", "boundaries": [[[8, 9, 10, 11]]]}],
    }
    city["CityObjects"] = {"it": one}
    asset = opened(tmp_path, city)
    assert shades(asset, "it") == {shade: 2}
    assert asset.features.counts_by_kind() == {kind: 1}


def test_bridges_keep_their_shade_whatever_their_semantics(tmp_path: Path) -> None:
    city = rich_city()
    city["CityObjects"]["part"]["type"] = "BridgePart"
    assert set(shades(opened(tmp_path, city), "part")) == {Surface.BRIDGE}


def test_holes_stay_open(tmp_path: Path) -> None:
    asset = opened(tmp_path, rich_city())
    corners = asset.soup.corners_local_m[asset.soup.features == asset.features.row_of("plot")]
    sides = corners.astype(float)
    crosses = np.cross(sides[:, 1] - sides[:, 0], sides[:, 2] - sides[:, 0])
    assert crosses[:, 2].sum() / 2 == pytest.approx(1600 - 400)
    assert (crosses[:, 2] > 0).all()


def test_templates_are_scaled_and_moved_to_their_anchor(tmp_path: Path) -> None:
    asset = opened(tmp_path, rich_city())
    row = asset.features.row_of("tree")
    corners = asset.soup.corners_local_m[asset.soup.features == row]
    assert len(corners) == 2
    low = corners.reshape(-1, 3).min(axis=0) + asset.origin.as_array()
    high = corners.reshape(-1, 3).max(axis=0) + asset.origin.as_array()
    np.testing.assert_allclose(low, [85_045, 447_000, 0])  # anchor (40, 0, 0) plus 5
    np.testing.assert_allclose(high, [85_047, 447_002, 2])
    assert shades(asset, "tree") == {Surface.GREEN: 2}


def test_composites_of_solids_are_unfolded(tmp_path: Path) -> None:
    asset = opened(tmp_path, rich_city())
    assert sum(shades(asset, "two").values()) == 24
    assert kinds_of_warning(asset)["points-lines"] == 1


def test_level_of_detail(tmp_path: Path) -> None:
    best = opened(tmp_path, rich_city())
    assert (best.lods, best.lod_drawn) == (("0", "1", "2"), "2")
    assert sum(shades(best, "part").values()) == 12
    low = opened(tmp_path, rich_city(), lod="0")
    assert low.lod_drawn == "0"
    assert sum(shades(low, "part").values()) == 2
    with pytest.raises(ReadError, match=r"no level of detail 3 in the file \(it has: 0, 1, 2\)"):
        opened(tmp_path, rich_city(), lod="3")


def test_levels_of_a_real_city(shared_data: Path) -> None:
    path = shared_data / "cityjson" / "delft_3dbag_extension.v11.city.jsonl"
    found = {lod: open_city(path, ReadOptions(lod=lod)) for lod in ("0", "1.2", "1.3", "2.2")}
    assert all(asset.lods == ("0", "1.2", "1.3", "2.2") for asset in found.values())
    assert found["1.2"].soup.n_triangles < found["1.3"].soup.n_triangles
    assert found["1.3"].soup.n_triangles < found["2.2"].soup.n_triangles
    best = open_city(path)
    assert best.lod_drawn == "2.2"
    buildings = best.features.kind_names.index("Building")
    drawn_kinds = best.features.kind_codes[best.soup.features]
    assert not (drawn_kinds == buildings).any()  # footprints of buildings with finer parts


def test_family_attributes_and_bounds(tmp_path: Path) -> None:
    asset = opened(tmp_path, rich_city())
    features = asset.features
    house, part = features.row_of("house"), features.row_of("part")
    assert features.parents[part] == house
    assert features.parents[house] == -1
    assert features.attributes["height"].dtype == np.float64
    assert features.attributes_of(part) == {"height": 9.5, "mixed": "two", "open": "true"}
    assert features.attributes_of(house) == {
        "height": 10.0, "name": "Stadhuis", "mixed": "1", "nested": '{"a":1}',
    }  # fmt: skip
    assert np.isnan(features.bounds_min_max_local_m[house]).all()
    bounds = features.bounds_min_max_local_m[part].reshape(2, 3) + asset.origin.as_array()
    np.testing.assert_allclose(bounds, [[85_000, 447_000, 0], [85_010, 447_010, 10]])


def test_cycles_of_parents_are_cut(tmp_path: Path) -> None:
    city = rich_city()
    city["CityObjects"]["house"]["parents"] = ["part"]
    asset = opened(tmp_path, city)
    assert kinds_of_warning(asset)["parent-cycle"] == 2
    assert (asset.features.parents == -1).all()


@pytest.mark.parametrize(
    "metadata",
    [
        {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/28992"},
        {"referenceSystem": "http://www.opengis.net/def/crs/EPSG/0/28992"},
        {"referenceSystem": "urn:ogc:def:crs:EPSG::28992"},
        {"referenceSystem": "urn:ogc:def:crs:EPSG:9.8.6:28992"},
        {"referenceSystem": "EPSG:28992"},
        {"referenceSystem": 28992},
        {"crs": {"epsg": 28992}},
    ],
)
def test_every_spelling_of_a_crs(tmp_path: Path, metadata: dict[str, Any]) -> None:
    asset = opened(tmp_path, rich_city() | {"metadata": metadata})
    assert asset.source_crs == asset.origin.crs == "EPSG:28992"


def test_no_and_unknown_crs(tmp_path: Path) -> None:
    bare = opened(tmp_path, rich_city() | {"metadata": {}})
    assert not bare.origin.has_crs
    assert "not georeferenced" in next(w.message for w in bare.warnings if w.kind == "no-crs")
    told = opened(tmp_path, rich_city() | {"metadata": {}}, crs="EPSG:28992")
    assert told.origin.crs == "EPSG:28992"
    odd = opened(tmp_path, rich_city() | {"metadata": {"referenceSystem": "EPSG:123456"}})
    assert {"unknown-crs", "no-crs"} <= set(kinds_of_warning(odd))
    with pytest.raises(ReadError, match="is unknown"):
        opened(tmp_path, rich_city() | {"metadata": {}}, crs="EPSG:123456")


def test_degrees_become_utm_metres(tmp_path: Path) -> None:
    city = rich_city()
    city["metadata"]["referenceSystem"] = "https://www.opengis.net/def/crs/EPSG/0/4979"
    del city["CityObjects"]["tree"]  # its matrix is in metres
    city["transform"] = {"scale": [1e-5, 1e-5, 1.0], "translate": [4.36, 52.01, 0.0]}
    asset = opened(tmp_path, city)
    assert (asset.source_crs, asset.origin.crs) == ("EPSG:4979", "EPSG:32631")
    size = np.ptp(asset.bounds_min_max_local_m().reshape(2, 3), axis=0)
    np.testing.assert_allclose(size, [40e-5 * 68_600, 40e-5 * 111_260, 10], rtol=0.04)
    assert asset.source_bounds[:2] == pytest.approx((4.36, 52.01))


def test_spread_beyond_a_city_is_refused(tmp_path: Path) -> None:
    city = rich_city()
    city["vertices"][9] = [300_000, 0, 0]
    with pytest.raises(ReadError, match=r"spread over 300 km"):
        opened(tmp_path, city)


def test_impossible_heights_do_not_stretch_a_city(tmp_path: Path) -> None:
    city = rich_city()
    city["transform"]["scale"] = [1.0, 1.0, 0.001]
    city["vertices"][0][2] = -2147483648
    asset = opened(tmp_path, city)
    assert kinds_of_warning(asset)["impossible-height"] == 1
    assert asset.bounds_min_max_local_m()[2] > -1


def test_missing_and_present_textures_are_counted(shared_data: Path) -> None:
    folder = shared_data / "cityjson"
    absent = open_city(folder / "rotterdam_delfshaven.v20.city.json")
    assert kinds_of_warning(absent)["missing-textures"] == 148
    one = open_city(folder / "rotterdam_textured_subset" / "rotterdam_subset.json")
    images = [material.image for material in one.materials]
    assert [image.name for image in images if isinstance(image, Path)] == ["0320_4_15.jpg"]
    assert kinds_of_warning(one)["missing-textures"] == 73
    inside = open_city(folder / "rotterdam_two_buildings_textures.v0x.zip")
    assert len(inside.materials) == 14
    assert all(
        isinstance(one.image, bytes) and one.image[:2] == b"\xff\xd8" for one in inside.materials
    )
    assert "missing-textures" not in kinds_of_warning(inside)
    assert inside.path is not None
    assert inside.path.suffix == ".zip"


def feature_line(name: str, x: int) -> str:
    geometry = {"type": "Solid", "lod": "1", "boundaries": [CUBE_FACES]}
    one = {"type": "Building", "geometry": [geometry]}
    return json.dumps(
        {"type": "CityJSONFeature", "id": name, "CityObjects": {name: one}, "vertices": cube(x)}
    )


def test_lines_have_their_own_vertices_and_bad_lines_are_left_out(tmp_path: Path) -> None:
    header = rich_city() | {"CityObjects": {}, "vertices": []}
    lines = [json.dumps(header), feature_line("a", 0), '{"type": "CityJS', feature_line("b", 100)]
    path = tmp_path / "street.city.jsonl"
    path.write_text("\n".join(lines) + "\n\n")
    asset = open_city(path)
    assert asset.features.ids == ("a", "b")
    assert asset.format == "CityJSONSeq"
    bounds = asset.features.bounds_min_max_local_m
    np.testing.assert_allclose(bounds[1] - bounds[0], [100, 0, 0, 100, 0, 0])
    bad = next(w for w in asset.warnings if w.kind == "bad-line")
    assert (bad.count, bad.message.rsplit(" ", 1)[1]) == (1, "3")


def test_parsed_lines_are_let_go(tmp_path: Path) -> None:
    import tracemalloc

    header = json.dumps(rich_city() | {"CityObjects": {}, "vertices": []})
    padding = {"attributes": {"note": "x" * 50_000}}
    path = tmp_path / "long.city.jsonl"
    with path.open("w") as sink:
        sink.write(header + "\n")
        for number in range(400):
            line = json.loads(feature_line(f"f{number}", number))
            line["CityObjects"][f"f{number}"]["geometry"][0]["padding"] = padding
            sink.write(json.dumps(line) + "\n")
    assert path.stat().st_size > 20_000_000
    open_city(path)  # imports and caches
    tracemalloc.start()
    try:
        assert open_city(path).features.n_features == 400
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_progress_rises_and_may_cancel(shared_data: Path) -> None:
    class StopError(Exception):
        pass

    seen: list[float] = []
    path = shared_data / "cityjson" / "vienna.v11.city.jsonl"
    open_city(path, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0

    def cancel(fraction: float) -> None:
        raise StopError

    with pytest.raises(StopError):
        open_city(path, progress=cancel)
