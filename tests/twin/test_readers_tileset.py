"""Real tilesets read whole, the validator's valid and bad ones, truncated copies."""

import time
from pathlib import Path

import numpy as np
import pytest

from tests.twin.tileset_samples import BOX, kinds, square_glb, tileset, write_tileset
from twin.errors import ReadError, TwinError
from twin.readers.base import ReadOptions, open_city
from twin.readers.tileset import sniff
from twin.tiles.tileset_survey import MAX_TILES

MERCATOR = ReadOptions(crs="EPSG:3857")


@pytest.fixture(scope="module")
def rotterdam(shared_data):
    return open_city(shared_data / "3dtiles" / "rotterdam_geodan_partial", MERCATOR)


def test_rotterdam_says_what_is_missing(rotterdam):
    counts = rotterdam.counts
    assert (counts["tiles"], counts["tiles_there"], counts["tiles_missing"]) == (801, 12, 789)
    (warning,) = [one for one in rotterdam.warnings if one.kind == "tiles-missing"]
    assert warning.count == 789
    assert warning.message.startswith(
        "12 of 801 tiles are there, 789 are missing: tiles/2.b3dm, tiles/3.b3dm"
    )


def test_rotterdam_lies_in_its_utm_zone_with_true_metres(rotterdam):
    assert (rotterdam.format, rotterdam.version) == ("3D Tiles", "1.0")
    assert rotterdam.origin.crs == "EPSG:32631"
    low_x, low_y, low_z, high_x, high_y, high_z = rotterdam.bounds_min_max_local_m()
    assert 3_500 < high_x - low_x < 4_500
    assert 2_400 < high_y - low_y < 3_000
    assert high_z - low_z < 200


def test_rotterdams_buildings_can_be_picked_with_their_attributes(rotterdam):
    features = rotterdam.features
    assert features.n_features == 240
    row = features.row_of("0599100000614401")
    assert features.attributes_of(row) == {"id": "0599100000614401"}
    own = rotterdam.soup.corners_local_m[rotterdam.soup.features == row].reshape(-1, 3)
    bounds = features.bounds_min_max_local_m[row]
    assert np.array_equal(bounds, np.concatenate([own.min(axis=0), own.max(axis=0)]))
    assert len(np.unique(rotterdam.soup.features)) == 240


def test_all_points_of_the_dutch_height_survey(shared_data):
    asset = open_city(shared_data / "3dtiles" / "ahn_netherlands_pnts" / "tileset.json", MERCATOR)
    assert (asset.counts["points"], asset.counts["tiles"]) == (60_968, 13)
    # The coarsest tile is replaced by finer ones: counted, and not drawn.
    assert (asset.counts["tiles_read"], asset.points.n_points) == (12, 60_357)
    assert asset.points.rgb.shape == (60_357, 3)
    assert not asset.warnings


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("1.0/TilesetWithDiscreteLOD", {"tiles": 3, "tiles_missing": 1, "tiles_read": 1}),
        ("1.1/SparseImplicitQuadtree", {"tiles": 32, "tiles_missing": 0, "features": 32}),
        ("1.1/MultipleContents", {"tiles": 2, "points": 16_641}),
        ("1.1/TilesetWithFullMetadata", {"tiles": 0}),
    ],
)
def test_cesiums_samples(shared_data, name, expected):
    asset = open_city(shared_data / "3dtiles" / "cesium_samples" / name)
    assert expected.items() <= asset.counts.items()


def test_the_finest_tiles_that_are_there_are_taken(shared_data):
    folder = shared_data / "3dtiles" / "cesium_samples" / "1.0" / "TilesetWithDiscreteLOD"
    asset = open_city(folder)
    assert asset.soup.n_triangles == 14_782  # the medium dragon: the fine one is absent


def outcome(path):
    """Warnings or a sentence; whatever else is raised fails the test."""
    started = time.perf_counter()
    try:
        asset = open_city(path)
    except TwinError as error:
        text = str(error)
        assert "\n" not in text
        assert "Traceback" not in text
    else:
        assert all(one.kind and one.message for one in asset.warnings)
        assert np.isfinite(asset.soup.corners_local_m).all()
    assert time.perf_counter() - started < 15.0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tilesets/tilesetWithCycleA.json", "tileset-lost"),
        ("tilesets/tileTransformNonInvertible.json", "bad-transform"),
        ("tilesets/tileGeometricErrorNegative.json", "bad-geometric-error"),
        ("tilesets/tileRefineInvalidValue.json", "bad-refine"),
        ("tilesets/assetVersionUnknown.json", "unknown-version"),
        ("tilesets/validTilesetWithInvalidB3dm.json", "tile-lost"),
        ("tilesets/validTilesetWithInvalid3tz.json", "tile-lost"),
        ("Samples/TilesetOfTilesetsWithError/tileset.json", "tile-lost"),
        ("tilesets/implicitTilingSubtreesUriMissing.json", "tileset-lost"),
    ],
)
def test_the_validators_faults_are_named(shared_data, name, kind):
    path = shared_data / "3dtiles-bad" / "validator_specs" / name
    assert kind in kinds(open_city(path).warnings)


@pytest.mark.parametrize(
    ("name", "tiles", "features"),
    [
        ("Samples/TilesetOfTilesets", 5, 50),
        ("Samples/TilesetGzipped", 5, 50),
        ("tilesets/packages/validTilesetPackage.3tz", 1, 1),
        ("tilesets/packages/validTilesetPackageZipped.3tz", 1, 1),
        ("tilesets/packages/validTilesetPackage.3dtiles", 1, 1),
        ("tilesets/packages/validTilesetPackageZipped.3dtiles", 1, 1),
        ("tilesets/packages/validTilesetPackage", 1, 1),
        ("tilesets/tiles/i3dm/i3dmWithUri", 1, None),
    ],
)
def test_the_validators_sound_tilesets(shared_data, name, tiles, features):
    asset = open_city(shared_data / "3dtiles-bad" / "validator_specs" / name)
    assert asset.counts["tiles"] == tiles
    assert asset.counts["tiles_missing"] == 0
    assert asset.soup.n_triangles > 0
    if features is not None:
        assert asset.features.n_features == features


def test_metadata_of_an_implicit_sample_that_counts_too_few(shared_data):
    folder = shared_data / "3dtiles-bad" / "validator_specs" / "Samples" / "ImplicitTileMetadata"
    asset = open_city(folder / "tileset_1.1.json")
    assert (asset.counts["tiles"], asset.counts["tiles_missing"]) == (5, 1)
    assert {"bad-metadata", "tiles-missing"} <= kinds(asset.warnings)


SAMPLES = [
    "3dtiles/rotterdam_geodan_partial/tiles/774.b3dm",
    "3dtiles/ahn_netherlands_pnts/r0.pnts",
    "3dtiles/cesium_samples/1.0/TilesetWithDiscreteLOD/dragon_low.b3dm",
    "3dtiles/cesium_samples/1.1/MultipleContents/planePoints.glb",
    "3dtiles-bad/validator_specs/tilesets/tiles/cmpt/validWithGlbInfo.cmpt",
    "3dtiles-bad/validator_specs/tilesets/tiles/i3dm/invalid.i3dm",
    "3dtiles-bad/validator_specs/tilesets/packages/validTilesetPackage.3tz",
    "3dtiles-bad/validator_specs/tilesets/packages/validTilesetPackageZipped.3dtiles",
    "3dtiles/rotterdam_geodan_partial/tileset.json",
    "3dtiles/cesium_samples/1.1/SparseImplicitQuadtree/subtrees/0.0.0.subtree",
]


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_truncated_copies(shared_data, tmp_path, name, share):
    content = (shared_data / name).read_bytes()
    cut = content[: int(len(content) * share)]
    suffix = Path(name).suffix
    if suffix in (".3tz", ".3dtiles", ".json"):
        path = tmp_path / Path(name).name
        path.write_bytes(cut)
        if suffix == ".json":
            with pytest.raises(ReadError, match="not valid JSON"):
                open_city(path)
        outcome(path)
        return
    if suffix == ".subtree":
        root = {
            "content": {"uri": "{level}.{x}.{y}.glb"},
            "implicitTiling": {
                "subdivisionScheme": "QUADTREE", "subtreeLevels": 3, "availableLevels": 6,
                "subtrees": {"uri": "cut.tile"},
            },
        }  # fmt: skip
    else:
        root = {"content": {"uri": "cut.tile"}}
    folder = write_tileset(tmp_path, root, {"cut.tile": cut})
    outcome(folder)
    assert {"tile-lost", "tileset-lost"} & kinds(open_city(folder).warnings)


def test_a_tileset_too_large_to_read_whole_stays_coarse(tmp_path, monkeypatch):
    monkeypatch.setattr("twin.tiles.tileset_survey.MAX_TILES", 6)
    leaf = {"boundingVolume": BOX, "geometricError": 0, "content": {"uri": "a.glb"}}
    middle = {**leaf, "geometricError": 5, "children": [leaf] * 4}
    root = {**leaf, "refine": "REPLACE", "geometricError": 9, "children": [middle] * 3}
    asset = open_city(write_tileset(tmp_path, root, {"a.glb": square_glb()}))
    assert 3 <= asset.counts["tiles_read"] <= 6
    assert "coarse" in kinds(asset.warnings)
    assert MAX_TILES > 6


def test_files_of_other_formats_are_left_to_others():
    assert sniff(Path("tileset.json"), b"")
    assert sniff(Path("x.json"), str(tileset({})).replace("'", '"').encode())
    assert not sniff(Path("x.json"), b'{"type": "CityJSON", "version": "2.0"}')
    assert not sniff(Path("x.json"), b'{"type": "FeatureCollection", "features": []}')
    assert not sniff(Path("x.gpkg"), b"SQLite format 3\x00")
    assert not sniff(Path("x.gz"), b"\x1f\x8bnonsense")


def test_a_folder_without_a_tileset_is_one_sentence(tmp_path):
    with pytest.raises(ReadError, match="folder"):
        open_city(tmp_path)
