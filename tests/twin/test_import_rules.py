"""An imported city keeps the rules of 3D Tiles 1.1, and holds every feature of its source."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.twin.imported import Glb, Node, imported, nodes
from twin.city.asset import Surface
from twin.city.frames import Origin
from twin.generate.city import generate_city
from twin.importing.earth import ecef_from_local
from twin.importing.glb import baked_colours
from twin.readers.base import ReadOptions, open_city
from twin.tiles.tileset import open_tileset

N_BUILDINGS = 4000


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city") / "town"
    return imported(f"generated:{N_BUILDINGS}", folder, branch_features=2500)


@pytest.fixture(scope="module")
def tree(city: Path) -> list[Node]:
    return nodes(city / "tileset.json")


@pytest.fixture(scope="module")
def leaves(tree: list[Node]) -> list[Glb]:
    found = [Glb(one.content) for one in tree if one.content and "children" not in one.tile]
    assert all(one.json["asset"]["extras"]["civitwin"]["level"] == 0 for one in found)
    return found


def test_errors_fall_and_boxes_hold_their_children(tree: list[Node]) -> None:
    assert max(one.depth for one in tree) >= 3
    assert len({one.folder for one in tree}) > 2, "no branch became a tileset of its own"
    for one in tree:
        error = one.tile["geometricError"]
        assert (error == 0) == ("children" not in one.tile)
        above = one.parent
        if above is None:
            continue
        if above.content is not None and above.content.suffix == ".json":
            assert above.tile["geometricError"] == error
        else:
            assert above.tile["geometricError"] > error
        assert (above.box[:3] <= one.box[:3] + 2e-3).all()
        assert (above.box[3:] >= one.box[3:] - 2e-3).all()


def test_tileset_files_say_version_and_refinement(city: Path, tree: list[Node]) -> None:
    files = [city / "tileset.json", *(city / "tiles").glob("*/tileset.json")]
    for file in files:
        tileset = json.loads(file.read_bytes())
        assert tileset["asset"]["version"] == "1.1"
        # CesiumJS draws nothing of a tileset whose error is small on the screen.
        box = np.array(tileset["root"]["boundingVolume"]["box"])
        assert tileset["geometricError"] >= 1.9 * np.linalg.norm(box[[3, 7, 11]])
        assert tileset["geometricError"] >= tileset["root"]["geometricError"]
        assert tileset["root"]["refine"] == "REPLACE"
        assert ("transform" in tileset["root"]) == (file.parent == city)
    named = {one.content.resolve() for one in tree if one.content}
    assert named == {one.resolve() for one in city.rglob("*.glb")}


def test_every_tile_is_sound_and_inside_its_box(tree: list[Node]) -> None:
    for one in tree:
        assert one.content is not None
        glb = Glb(one.content)
        for view in glb.json["bufferViews"]:
            assert view["byteOffset"] % 8 == 0
            assert view["byteLength"] > 0
        position = glb.attribute("POSITION")
        facts = glb.json["accessors"][glb.primitive["attributes"]["POSITION"]]
        assert position.min(axis=0).tolist() == facts["min"]
        assert position.max(axis=0).tolist() == facts["max"]
        points, triangles = glb.points(), glb.triangles()
        assert triangles.max() < len(points)
        assert (points >= one.box[:3]).all()
        assert (points <= one.box[3:]).all()
        features = glb.attribute("_FEATURE_ID_0")
        count = glb.table["count"]
        declared = glb.primitive["extensions"]["EXT_mesh_features"]["featureIds"][0]
        assert declared["featureCount"] == count == len(glb.column("id")) == len(glb.column("kind"))
        assert set(features.astype(int)) <= set(range(count))
        assert (features[triangles] == features[triangles[:, :1]]).all()


def test_leaves_hold_every_triangle_of_the_source(leaves: list[Glb]) -> None:
    soup = generate_city(N_BUILDINGS, 1).soup
    got = np.concatenate([glb.points()[glb.triangles()] for glb in leaves])
    assert _area(got) == pytest.approx(_area(soup.corners_local_m), rel=2e-4)
    for surface in (Surface.WALL, Surface.ROOF, Surface.WATER):
        true = _area(soup.corners_local_m[soup.surfaces == surface])
        parts = [_own_corners(glb)[_surfaces(glb) == surface] for glb in leaves]
        assert _area(np.concatenate(parts)) == pytest.approx(true, rel=2e-4)


def test_leaves_name_every_feature_by_its_row(city: Path, leaves: list[Glb]) -> None:
    table = pq.read_table(city / "features.parquet")
    ids, names, kinds = (table[name].to_pylist() for name in ("id", "name", "kind"))
    seen: set[int] = set()
    for glb in leaves:
        rows = glb.column("row")
        assert glb.column("id") == [ids[row] for row in rows]
        assert glb.column("kind") == [kinds[row] for row in rows]
        assert glb.column("name") == [names[row] or "" for row in rows]
        assert set(glb.column("merged")) == {1}
        seen |= set(rows)
    source = generate_city(N_BUILDINGS, 1).features
    assert len(seen) == int(np.isfinite(source.bounds_min_max_local_m[:, 0]).sum())
    assert sorted(ids) == sorted(source.ids)


def test_the_table_keeps_attributes_and_bounds(city: Path) -> None:
    table = pq.read_table(city / "features.parquet")
    source = generate_city(N_BUILDINGS, 1).features
    row_of = {one: row for row, one in enumerate(source.ids)}
    order = [row_of[one] for one in table["id"].to_pylist()]
    for name, column in source.attributes.items():
        got = np.array(table[name].to_pylist(), dtype=column.dtype)
        if column.dtype == object:
            assert got.tolist() == column[order].tolist()
        else:
            assert np.array_equal(got, column[order], equal_nan=True)
    box = np.stack([table[one].to_numpy() for one in ("xmin", "ymin", "zmin")], axis=1)
    assert np.array_equal(box, source.bounds_min_max_local_m[order, :3], equal_nan=True)


def test_coarse_tiles_are_simpler_and_stand_for_all_buildings(tree: list[Node]) -> None:
    levels = {Glb(one.content).json["asset"]["extras"]["civitwin"]["level"] for one in tree}
    assert levels == {0, 1, 2, 3}
    for one in tree:
        if "children" not in one.tile or one.content is None:
            continue
        glb = Glb(one.content)
        assert len(glb.triangles()) < 25_000
        merged = np.array(glb.column("merged"))
        rows = np.array(glb.column("row"))
        assert (rows[merged == 0] == 0xFFFFFFFF).all()
        assert (merged == 0).sum() <= 1
        below = [Glb(leaf.content) for leaf in tree if _is_under(leaf, one)]
        n_buildings = sum(glb.column("kind").count("Building") for glb in below)
        boxes = np.array(glb.column("kind")) == "Building"
        assert merged[boxes].sum() >= 0.99 * n_buildings
        own = [leaf for leaf in tree if _stands_on(leaf) is one]
        n_children = sum(len(Glb(child.content).triangles()) for child in own)
        assert len(glb.triangles()) < 0.8 * n_children or one.parent is None


def test_our_reader_finds_the_very_places(city: Path) -> None:
    source = open_tileset(city / "tileset.json", None)
    try:
        waiting, corners = [source.root], []
        while waiting:
            node = waiting.pop()
            below = [*node.children, *(source.expand(node) if node.has_more else ())]
            waiting += below
            if not below:
                content = source.load(node, lambda: False)
                corners += [tile.corners_local_m for tile in content.tiles]
        got = np.concatenate(corners)
    finally:
        source.close()
    soup = generate_city(N_BUILDINGS, 1).soup
    assert _area(got) == pytest.approx(_area(soup.corners_local_m), rel=2e-4)
    assert got[:, :, 2].max() == pytest.approx(soup.corners_local_m[:, :, 2].max(), abs=0.01)


def test_the_root_transform_is_the_projection_at_the_origin() -> None:
    import pyproj

    origin = Origin(crs="EPSG:7415", east_m=78_642.0, north_m=457_941.0, height_m=3.0)
    matrix = np.array(ecef_from_local(origin)).reshape(4, 4).T
    to_degrees = pyproj.Transformer.from_crs("EPSG:28992", "EPSG:4326", always_xy=True)
    to_earth = pyproj.Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
    for x, y, z in ((0.0, 0.0, 0.0), (300.0, -200.0, 40.0), (-2000.0, 1500.0, 0.0)):
        lon, lat = to_degrees.transform(origin.east_m + x, origin.north_m + y)
        true = np.array(to_earth.transform(lon, lat, origin.height_m + z))
        got = (matrix @ [x, y, z, 1.0])[:3]
        away = np.hypot(x, y)
        # What is left is the curve of the Earth and of the projection.
        assert np.linalg.norm(got - true) < 1e-3 + away**2 / 6.0e6
    assert ecef_from_local(Origin(crs=None)) is None


def test_baked_colours_grow_with_the_light() -> None:
    dark, bright = baked_colours(np.array([1.1, 1.9], np.float32))
    assert (bright[:3] > dark[:3]).all()
    assert bright[3] == dark[3] == 255


@pytest.mark.parametrize(
    ("file", "crs"),
    [
        ("cityjson/denhaag_01_lod2.v10.city.json", ""),
        ("cityjson/delft_lod1.v20.city.json", ""),
        ("cityjson/vienna.v11.city.jsonl", "EPSG:31256"),
        ("cityjson/vienna.v11.city.jsonl", ""),
        ("footprints/manhattan_buildings_heights.json", ""),
    ],
)
def test_real_cities(shared_data: Path, tmp_path: Path, file: str, crs: str) -> None:
    source = open_city(shared_data / file, ReadOptions(crs=crs))
    folder = imported(str(shared_data / file), tmp_path / "city", crs=crs)
    table = pq.read_table(folder / "features.parquet")
    assert sorted(table["id"].to_pylist()) == sorted(source.features.ids)
    ids = table["id"].to_pylist()
    for row, above in enumerate(table["parent"].to_pylist()):
        own = source.features.row_of(ids[row])
        parent = int(source.features.parents[own])
        assert (ids[above] if above >= 0 else None) == (
            source.features.ids[parent] if parent >= 0 else None
        )
    leaves = [one for one in nodes(folder / "tileset.json") if "children" not in one.tile]
    got = np.concatenate([_own_corners(Glb(one.content)) for one in leaves])
    assert _area(got) == pytest.approx(_area(source.soup.corners_local_m), rel=2e-3)
    root = json.loads((folder / "tileset.json").read_bytes())
    assert ("transform" in root["root"]) == source.origin.has_crs
    assert root["asset"]["extras"]["civitwin"]["crs"] == (source.origin.crs or "")


def _stands_on(node: Node) -> Node | None:
    """The tile drawn instead of it from further away."""
    above = node.parent
    while above is not None and above.content is not None and above.content.suffix == ".json":
        above = above.parent
    return above


def _surfaces(glb: Glb) -> np.ndarray:
    """(T,) surface of each triangle."""
    return np.floor(glb.attribute("_CODE_LIGHT")[glb.triangles()[:, 0]])


def _own_corners(glb: Glb) -> np.ndarray:
    return glb.points()[glb.triangles()]


def _area(corners: np.ndarray) -> float:
    a, b, c = (corners[:, k].astype(float) for k in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def _is_under(leaf: Node, above: Node) -> bool:
    if "children" in leaf.tile:
        return False
    node: Node | None = leaf
    while node is not None:
        if node is above:
            return True
        node = node.parent
    return False


def test_an_imported_city_keeps_its_name_in_any_folder(
    city: Path,
) -> None:
    told = json.loads((city / "tileset.json").read_bytes())["asset"]["extras"]["civitwin"]["title"]
    source = open_tileset(city / "tileset.json", None)
    try:
        assert source.title == told != city.name
    finally:
        source.close()
