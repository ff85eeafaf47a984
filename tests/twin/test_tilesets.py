"""Tilesets as a source: trees, volumes, frames, packages, externals, implicit tilings."""

import gzip
import json
import sqlite3
import struct
import zipfile

import numpy as np
import pytest

from tests.twin.tileset_samples import (
    BOX,
    GltfMaker,
    corners,
    kinds,
    never,
    square_glb,
    tileset,
    walk,
    write_tileset,
)
from twin.city.frames import Origin, local_from_geographic
from twin.errors import CrsError, ReadError
from twin.tiles.bounding import boxes_of_regions, ecef_from_radians, is_near_surface, volume_of
from twin.tiles.content import LoadCancelledError
from twin.tiles.fetch import inner_key
from twin.tiles.implicit import fill, morton
from twin.tiles.tileset import open_tileset

MOVE = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 100, 0, 0, 1]
TURN_AND_GROW = [0, 2, 0, 0, -2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]
GLB = {"a.glb": square_glb()}


def test_transforms_multiply_down_the_tree(tmp_path):
    child = {
        "boundingVolume": BOX, "geometricError": 4, "transform": TURN_AND_GROW,
        "content": {"uri": "a.glb"},
    }  # fmt: skip
    folder = write_tileset(tmp_path, {"transform": MOVE, "children": [child]}, GLB)
    source = open_tileset(folder)
    node = source.root.children[0]
    assert node.geometric_error_m == 8
    assert np.allclose(node.centre_local_m, [99, 1, 1])
    assert np.allclose(node.half_axes_local_m, [[0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    found = corners(source.load(node, never))
    assert found.min(axis=(0, 1)).tolist() == [98, 0, 0]
    assert found.max(axis=(0, 1)).tolist() == [100, 2, 0]


def test_refinement_is_inherited(tmp_path):
    child = {"boundingVolume": BOX, "geometricError": 0}
    replace = dict(child, refine="REPLACE", children=[child])
    folder = write_tileset(tmp_path, {"refine": "ADD", "children": [child, replace]})
    first, second = open_tileset(folder).root.children
    assert first.is_additive
    assert not second.is_additive
    assert not second.children[0].is_additive


@pytest.mark.parametrize(
    ("spoilt", "kind"),
    [
        ({"boundingVolume": {"box": [1, 2]}}, "bad-volume"),
        ({"boundingVolume": {"sphere": [0, 0, 0, -1]}}, "bad-volume"),
        ({"boundingVolume": {"region": [9, 0, 9, 0, 0, 0]}}, "bad-volume"),
        ({"boundingVolume": {"box": [1e300] * 12}}, "bad-volume"),
        ({"boundingVolume": {}}, "bad-volume"),
        ({"geometricError": -1}, "bad-geometric-error"),
        ({"geometricError": "much"}, "bad-geometric-error"),
        ({"refine": "MAYBE"}, "bad-refine"),
        ({"transform": [0] * 16}, "bad-transform"),
        ({"transform": [1, 2]}, "bad-transform"),
        ({"children": 7}, "bad-tile"),
        ({"children": [7]}, "bad-tile"),
        ({"content": {"uri": 5}}, "bad-content"),
    ],
)
def test_odd_tiles_are_kept_with_a_named_warning(tmp_path, spoilt, kind):
    child = {"boundingVolume": BOX, "geometricError": 1, **spoilt}
    source = open_tileset(write_tileset(tmp_path, {"children": [child]}))
    node = source.root.children[0]
    assert kinds(source.warnings()) - {"no-crs"} == {kind}
    assert np.isfinite(node.centre_local_m).all()
    assert node.geometric_error_m >= 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not valid JSON"),
        ("[]", "no root tile"),
        ("{}", "no root tile"),
        ('{"root": 5}', "no root tile"),
        ('{"root": {}}', "cannot be placed"),
        ('{"root": {"boundingVolume": {"box": [NaN]}}}', "not valid JSON"),
        ("[" * 100_000, "nested too deeply|not valid JSON"),
    ],
)
def test_what_is_no_tileset_is_one_sentence(tmp_path, text, sentence):
    (tmp_path / "tileset.json").write_text(text)
    with pytest.raises(ReadError, match=sentence):
        open_tileset(tmp_path)


def test_a_folder_without_a_tileset_and_nothing_at_all(tmp_path):
    with pytest.raises(ReadError, match=r"holds no tileset\.json"):
        open_tileset(tmp_path)
    with pytest.raises(ReadError, match="no such file"):
        open_tileset(tmp_path / "gone.json")


def test_a_loading_that_is_no_longer_wanted_stops(tmp_path):
    source = open_tileset(write_tileset(tmp_path, {"content": {"uri": "a.glb"}}, GLB))
    with pytest.raises(LoadCancelledError):
        source.load(source.root, lambda: True)


def test_contents_of_a_tile_are_put_together(tmp_path):
    root = {"contents": [{"uri": "a.glb"}, {"uri": "b.glb"}]}
    files = {"a.glb": square_glb(), "b.glb": square_glb()}
    source = open_tileset(write_tileset(tmp_path / "1", root, files))
    content = source.load(source.root, never)
    assert content.features.ids == ["a.glb", "b.glb"]
    assert len(corners(content)) == 4
    old = {"extensions": {"3DTILES_multiple_contents": {"content": root["contents"]}}}
    source = open_tileset(write_tileset(tmp_path / "2", old, {"a.glb": square_glb()}))
    content = source.load(source.root, never)
    assert len(corners(content)) == 2
    assert kinds(content.warnings) == {"content-lost"}


# -- externals ------------------------------------------------------------------------------


def nested(**root):
    return json.dumps(tileset(root)).encode()


def test_external_tilesets_lie_under_their_tile(tmp_path):
    root = {"transform": MOVE, "content": {"uri": "sub/t.json"}}
    inner = {"content": {"uri": "a.glb"}, "transform": MOVE}
    files = {"sub/t.json": nested(**inner), "sub/a.glb": square_glb()}
    source = open_tileset(write_tileset(tmp_path, root, files))
    assert source.root.has_more
    assert source.root.contents == ()
    (node,) = source.expand(source.root)
    assert corners(source.load(node, never)).min(axis=(0, 1)).tolist() == [200, 0, 0]


@pytest.mark.parametrize("uri", ["tileset.json", "./x/../tileset.json"])
def test_a_tileset_that_refers_to_itself_is_refused(tmp_path, uri):
    source = open_tileset(write_tileset(tmp_path, {"content": {"uri": uri}}))
    with pytest.raises(ReadError, match="refers to itself"):
        source.expand(source.root)


def test_a_circle_of_tilesets_is_refused(tmp_path):
    files = {"b.json": nested(content={"uri": "tileset.json"})}
    source = open_tileset(write_tileset(tmp_path, {"content": {"uri": "b.json"}}, files))
    (node,) = source.expand(source.root)
    with pytest.raises(ReadError, match="refers to itself"):
        source.expand(node)


@pytest.mark.parametrize(
    "uri",
    ["../a.glb", "..\\a.glb", "%2e%2e/a.glb", "/etc/passwd", "file:///etc/passwd", "x/../../a.glb",
     "C:\\a.glb", "//host/a.glb", "a\0.glb"],
)  # fmt: skip
def test_paths_that_climb_out_are_refused(tmp_path, uri):
    (tmp_path / "a.glb").write_bytes(square_glb())
    source = open_tileset(write_tileset(tmp_path / "city", {"content": {"uri": uri}}))
    with pytest.raises(ReadError, match="outside its own folder"):
        source.load(source.root, never)
    assert source.is_there(source.root) == (False,)


def test_links_that_climb_out_are_refused(tmp_path):
    (tmp_path / "a.glb").write_bytes(square_glb())
    folder = write_tileset(tmp_path / "city", {"content": {"uri": "l.glb"}})
    (folder / "l.glb").symlink_to(tmp_path / "a.glb")
    source = open_tileset(folder)
    with pytest.raises(ReadError, match="outside its own folder"):
        source.load(source.root, never)


def test_a_tileset_on_disk_asks_no_server(tmp_path):
    root = {"content": {"uri": "http://127.0.0.1:9/a.glb"}}
    source = open_tileset(write_tileset(tmp_path, root))
    with pytest.raises(ReadError, match="refers to a server"):
        source.load(source.root, never)


def test_what_a_uri_means():
    assert inner_key("tileset.json", "a%20b.glb?v=2#x") == "a b.glb"
    assert inner_key("sub/t.json", "../a.glb") == "a.glb"
    assert inner_key("sub/t.json", "x/y.glb") == "sub/x/y.glb"


def test_gzip_and_bombs(tmp_path, monkeypatch):
    monkeypatch.setattr("twin.tiles.tileset.MAX_CONTENT_BYTES", 1 << 20)
    files = {"a.glb": gzip.compress(square_glb())}
    folder = write_tileset(tmp_path, {"content": {"uri": "a.glb"}}, files)
    packed = gzip.compress((folder / "tileset.json").read_bytes())
    (folder / "tileset.json").write_bytes(packed)
    source = open_tileset(folder)
    assert len(corners(source.load(source.root, never))) == 2
    (folder / "a.glb").write_bytes(gzip.compress(b"\0" * (2 << 20)))
    with pytest.raises(ReadError, match="unpacks to more than 1 MiB"):
        source.load(source.root, never)
    (folder / "a.glb").write_bytes(packed[:-12])
    with pytest.raises(ReadError, match=r"gzip file is (cut short|broken)"):
        source.load(source.root, never)


# -- packages -------------------------------------------------------------------------------


def as_zip(path, files, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def as_sqlite(path, files):
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE media (key TEXT PRIMARY KEY, content BLOB)")
    base.executemany("INSERT INTO media VALUES (?, ?)", files.items())
    base.commit()
    base.close()
    return path


def files_of_a_package():
    return {"tileset.json": nested(content={"uri": "t/a.glb"}), "t/a.glb": square_glb()}


@pytest.mark.parametrize(("pack", "name"), [(as_zip, "c.3tz"), (as_sqlite, "c.3dtiles")])
def test_packages(tmp_path, pack, name):
    source = open_tileset(pack(tmp_path / name, files_of_a_package()))
    assert source.title == "c"
    assert source.is_there(source.root) == (True,)
    assert len(corners(source.load(source.root, never))) == 2
    source.close()


@pytest.mark.parametrize(("pack", "name"), [(as_zip, "c.3tz"), (as_sqlite, "c.3dtiles")])
def test_packages_that_are_broken(tmp_path, pack, name):
    whole = pack(tmp_path / name, files_of_a_package()).read_bytes()
    for share in (0.1, 0.5, 0.9, 0.99):
        cut = tmp_path / f"cut-{share}-{name}"
        cut.write_bytes(whole[: int(len(whole) * share)])
        try:
            source = open_tileset(cut)
        except ReadError:
            continue
        try:
            source.load(source.root, never)
        except ReadError:
            pass
        finally:
            source.close()
    empty = pack(tmp_path / f"empty-{name}", {"other.json": b"{}"})
    with pytest.raises(ReadError, match=r"holds no tileset\.json"):
        open_tileset(empty)
    (tmp_path / f"text-{name}").write_text("no package")
    with pytest.raises(ReadError, match="not a sound"):
        open_tileset(tmp_path / f"text-{name}")


@pytest.mark.parametrize(("pack", "name"), [(as_zip, "c.3tz"), (as_sqlite, "c.3dtiles")])
def test_bombs_in_packages(tmp_path, pack, name, monkeypatch):
    monkeypatch.setattr("twin.tiles.tileset.MAX_CONTENT_BYTES", 1 << 20)
    files = {**files_of_a_package(), "t/a.glb": b"\0" * (2 << 20)}
    source = open_tileset(pack(tmp_path / name, files))
    with pytest.raises(ReadError, match="unpacks to more than 1 MiB"):
        source.load(source.root, never)
    source.close()


# -- the Earth ------------------------------------------------------------------------------


def at_bern(lon_deg=7.44, lat_deg=46.95, height_m=540.0):
    """Root transform that puts local east-north-up metres there."""
    from twin.tiles.bounding import east_north_up

    angles = np.radians([lon_deg]), np.radians([lat_deg])
    matrix = np.eye(4)
    matrix[:3, :3] = east_north_up(*angles)[0].T
    matrix[:3, 3] = ecef_from_radians(*angles, np.array([height_m]))[0]
    return matrix.T.reshape(-1).tolist()


def test_the_earths_frame_becomes_a_utm_zone(tmp_path):
    root = {"transform": at_bern(), "content": {"uri": "a.glb"}}
    source = open_tileset(write_tileset(tmp_path, root, GLB))
    assert (source.origin.crs, source.source_crs) == ("EPSG:32632", "EPSG:4978")
    found = corners(source.load(source.root, never)).reshape(-1, 3)
    where = local_from_geographic(np.array([7.44]), np.array([46.95]), source.origin)[0]
    assert np.abs(found.min(axis=0)[:2] - where).max() < 0.05
    assert abs(found[:, 2].mean() + source.origin.height_m - 540.0) < 0.01
    assert not source.warnings()


def test_a_scenes_own_frame_is_kept(tmp_path):
    root = {"transform": at_bern(), "content": {"uri": "a.glb"}}
    origin = Origin(crs="EPSG:2056", east_m=2_600_000.0, north_m=1_200_000.0, height_m=500.0)
    source = open_tileset(write_tileset(tmp_path, root, GLB), origin)
    assert source.origin == origin
    found = corners(source.load(source.root, never)).reshape(-1, 3)
    where = local_from_geographic(np.array([7.44]), np.array([46.95]), origin)[0]
    assert np.abs(found.min(axis=0)[:2] - where).max() < 1.0
    assert np.abs(source.root.centre_local_m[:2] - where).max() < 2.0
    assert np.allclose(np.linalg.norm(source.root.half_axes_local_m, axis=1), 0.5, atol=0.01)


def test_heights_above_the_sea_are_not_made_up(tmp_path):
    folder = write_tileset(tmp_path, {"transform": at_bern(4.4, 51.9, 45.0)})
    scene = Origin(crs="EPSG:7415", east_m=92_000.0, north_m=437_000.0)
    source = open_tileset(folder, scene)
    assert kinds(source.warnings()) == {"ellipsoidal-heights"}
    assert abs(source.root.centre_local_m[2] - 45.5) < 1.0


def test_regions_hold_what_lies_in_them():
    rng = np.random.default_rng(3)
    region = np.array([0.10, 0.80, 0.12, 0.81, -50.0, 300.0])
    low, high = region[[0, 1, 4]], region[[2, 3, 5]]
    inside = low + rng.random((500, 3)) * (high - low)
    points = ecef_from_radians(*inside.T)
    centres, axes = boxes_of_regions(region[None])
    shares = (points - centres[0]) @ np.linalg.inv(axes[0])
    assert np.abs(shares).max() < 1.02
    assert np.abs(shares).max() > 0.8


def test_regions_over_the_date_line():
    centres, axes = boxes_of_regions(np.array([[3.14, 0.0, -3.14, 0.01, 0.0, 10.0]]))
    assert centres[0][0] < -6.3e6
    assert np.linalg.norm(axes[0], axis=1).max() < 4e4


def test_regions_and_spheres_become_boxes():
    sphere = volume_of({"sphere": [1, 2, 3, 4]})
    assert sphere.half_axes_m.tolist() == (np.eye(3) * 4).tolist()
    assert volume_of({"region": [0.1, 0.8, 0.1001, 0.8001, 0, 10]}).region is not None


@pytest.mark.parametrize(
    ("xyz", "expected"),
    [
        ([4.27e6, 0.55e6, 4.69e6], True),
        ([0, 0, 6_356_752], True),
        ([6_378_137, 0, 0], True),
        ([0, 0, 0], False),
        ([499_946, 6_783_362, 87], False),
        ([92_000, 437_000, 0], False),
    ],
)
def test_what_lies_near_the_earths_surface(xyz, expected):
    assert is_near_surface(np.array(xyz, float)) is expected


MERCATOR = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 499_946, 6_783_362, 87, 1]


def test_web_mercator_is_brought_to_true_metres(tmp_path):
    wide = {"box": [0, 0, 0, 1000, 0, 0, 0, 1000, 0, 0, 0, 50]}
    root = {"transform": MERCATOR, "boundingVolume": wide}
    source = open_tileset(write_tileset(tmp_path, root), crs="EPSG:3857")
    scale = np.cos(np.radians(51.91))
    lengths = np.linalg.norm(source.root.half_axes_local_m, axis=1)
    assert source.origin.crs == "EPSG:32631"
    assert np.abs(lengths - [1000 * scale, 1000 * scale, 50]).max() < 3
    assert abs(source.root.geometric_error_m - scale) < 0.01
    assert not source.warnings()


def test_numbers_without_a_crs_are_placed_as_they_are_with_advice(tmp_path):
    folder = write_tileset(tmp_path, {"transform": MERCATOR, "content": {"uri": "a.glb"}}, GLB)
    source = open_tileset(folder)
    assert source.origin.crs is None
    assert kinds(source.warnings()) == {"no-crs"}
    assert "EPSG:3857" in source.warnings()[0].message
    assert np.abs(corners(source.load(source.root, never))).max() < 2
    scene = Origin(crs="EPSG:28992", east_m=92_000.0, north_m=437_000.0)
    assert np.abs(open_tileset(folder, scene).root.centre_local_m).max() < 2


def test_numbers_of_the_scenes_own_crs_fit_it(tmp_path):
    there = [*MERCATOR[:12], 92_100, 437_000, 5, 1]
    folder = write_tileset(tmp_path, {"transform": there, "content": {"uri": "a.glb"}}, GLB)
    scene = Origin(crs="EPSG:28992", east_m=92_000.0, north_m=437_000.0)
    source = open_tileset(folder, scene)
    assert corners(source.load(source.root, never)).min(axis=(0, 1)).tolist() == [100, 0, 5]
    named = open_tileset(folder, crs="EPSG:28992")
    assert named.origin == Origin(crs="EPSG:28992", east_m=92_100.0, north_m=437_000.0, height_m=6)


def test_an_unknown_crs_is_one_sentence(tmp_path):
    folder = write_tileset(tmp_path, {"transform": MERCATOR})
    with pytest.raises((CrsError, ReadError), match="unknown"):
        open_tileset(folder, crs="EPSG:999999")


def imported(tmp_path, **root):
    where = {"crs": "EPSG:28992", "east_m": 92_000.0, "north_m": 437_000.0, "height_m": 2.0}
    folder = write_tileset(tmp_path, {"transform": at_bern(), **root}, GLB)
    whole = json.loads((folder / "tileset.json").read_text())
    whole["asset"]["extras"] = {"civitwin": {"version": 1, **where}}
    (folder / "tileset.json").write_text(json.dumps(whole))
    return folder, Origin(**where)


def test_an_imported_city_needs_no_way_round_the_earth(tmp_path):
    folder, own = imported(tmp_path, content={"uri": "a.glb"})
    source = open_tileset(folder)
    assert source.origin == own
    assert corners(source.load(source.root, never)).max(axis=(0, 1)).tolist() == [1, 1, 0]
    beside = Origin(crs="EPSG:28992", east_m=91_000.0, north_m=437_000.0, height_m=0.0)
    source = open_tileset(folder, beside)
    assert corners(source.load(source.root, never)).max(axis=(0, 1)).tolist() == [1001, 1, 2]


def test_an_imported_city_in_a_scene_of_another_crs(tmp_path):
    folder, own = imported(tmp_path, content={"uri": "a.glb"})
    scene = Origin(crs="EPSG:32631", east_m=603_000.0, north_m=5_752_000.0)
    source = open_tileset(folder, scene)
    found = corners(source.load(source.root, never)).min(axis=(0, 1))
    from twin.city.frames import geographic_from_local

    lon, lat = geographic_from_local(np.zeros((1, 3)), own)[0]
    where = local_from_geographic(np.array([lon]), np.array([lat]), scene)[0]
    assert np.abs(found[:2] - where).max() < 1.5
    assert abs(found[2] - 2.0) < 0.01


# -- implicit tilings -----------------------------------------------------------------------


def subtree(described, body=b""):
    text = json.dumps(described).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<4sIQQ", b"subt", 1, len(text), len(body)) + text + body


def tiling(scheme="QUADTREE", levels=2, available=3, **more):
    return {
        "content": {"uri": "c/{level}-{x}-{y}-{z}.glb"},
        "implicitTiling": {
            "subdivisionScheme": scheme,
            "subtreeLevels": levels,
            "availableLevels": available,
            "subtrees": {"uri": "s/{level}-{x}-{y}.subtree"},
        },
        **more,
    }


def test_morton_numbers():
    assert morton(16, 2)[[1, 2, 3, 6, 15], :2].tolist() == [[1, 0], [0, 1], [1, 1], [2, 1], [3, 3]]
    assert morton(64, 3)[[1, 2, 4, 63]].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [3, 3, 3]]
    assert fill("{level}/{x}/{y}/{z}", 3, (1, 2, 4)) == "3/1/2/4"


def test_a_quadtree_unfolds_subtree_by_subtree(tmp_path):
    # Level 0, of level 1 the cells (0, 0) and (1, 1); below (1, 1) one further subtree.
    first = {
        "buffers": [{"byteLength": 16}],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": 1},
            {"buffer": 0, "byteOffset": 8, "byteLength": 2},
        ],
        "tileAvailability": {"bitstream": 0},
        "contentAvailability": [{"constant": 1}],
        "childSubtreeAvailability": {"bitstream": 1},
    }
    body = bytes([0b10011]) + bytes(7) + (1 << 15).to_bytes(2, "little") + bytes(6)
    second = {
        "tileAvailability": {"constant": 1},
        "contentAvailability": {"constant": 0},
        "childSubtreeAvailability": {"constant": 0},
    }
    files = {
        "s/0-0-0.subtree": subtree(first, body),
        "s/2-3-3.subtree": json.dumps(second).encode(),
    }
    source = open_tileset(write_tileset(tmp_path, tiling(), files))
    (root,) = source.expand(source.root)
    assert root.contents == ("c/0-0-0-0.glb",)
    assert [child.contents for child in root.children] == [("c/1-0-0-0.glb",), ("c/1-1-1-0.glb",)]
    corner = root.children[1]
    assert corner.centre_local_m.tolist() == [0.75, 0.75, 0.5]
    assert corner.half_axes_local_m.tolist() == [[0.25, 0, 0], [0, 0.25, 0], [0, 0, 0.5]]
    assert corner.geometric_error_m == 0.5
    (further,) = corner.children
    assert further.has_more
    (below,) = source.expand(further)
    assert below.centre_local_m.tolist() == [0.875, 0.875, 0.5]
    assert (below.contents, below.geometric_error_m) == ((), 0.25)
    assert below.children == ()  # level 3 is not available


def test_an_octree_of_regions(tmp_path):
    region = [0.1, 0.8, 0.1004, 0.8004, 0.0, 80.0]
    whole = {"tileAvailability": {"constant": 1}, "contentAvailability": [{"constant": 1}]}
    root = tiling("OCTREE", 2, 2, boundingVolume={"region": region})
    files = {"s/0-0-0.subtree": subtree(whole)}
    source = open_tileset(write_tileset(tmp_path, root, files))
    (top,) = source.expand(source.root)
    assert len(top.children) == 8
    assert {child.contents[0] for child in top.children} >= {"c/1-0-0-0.glb", "c/1-1-1-1.glb"}
    heights = sorted({round(float(child.centre_local_m[2])) for child in top.children})
    assert abs(heights[1] - heights[0] - 40) <= 1
    sizes = [np.linalg.norm(child.half_axes_local_m, axis=1) for child in top.children]
    assert np.allclose(sizes, np.linalg.norm(top.half_axes_local_m, axis=1) / 2, rtol=0.02)


def test_metadata_of_implicit_tiles_reaches_their_features(tmp_path):
    schema = {
        "classes": {"tile": {"properties": {"n": {"type": "SCALAR", "componentType": "UINT8"}}}}
    }
    described = {
        "buffers": [{"byteLength": 8, "uri": "../outer.bin"}],
        "bufferViews": [{"buffer": 0, "byteOffset": 0, "byteLength": 5}],
        "tileAvailability": {"constant": 1},
        "contentAvailability": [{"constant": 1}],
        "propertyTables": [{"class": "tile", "count": 5, "properties": {"n": {"values": 0}}}],
        "tileMetadata": 0,
    }
    files = {
        "s/0-0-0.subtree": subtree(described),
        "outer.bin": bytes([10, 11, 12, 13, 14, 0, 0, 0]),
        "c/1-1-0-0.glb": square_glb(),
    }
    folder = write_tileset(tmp_path, tiling(available=2), files, schema=schema)
    source = open_tileset(folder)
    node = next(n for n in walk(source) if n.contents == ("c/1-1-0-0.glb",))
    assert source.load(node, never).features.attributes_of(0) == {"n": 12.0}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "neither binary nor JSON"),
        (b"subt", "cut short"),
        (struct.pack("<4sIQQ", b"subt", 7, 0, 0), "unknown version 7"),
        (struct.pack("<4sIQQ", b"subt", 1, 2**60, 0), "cut short"),
        (subtree([]), "no JSON object"),
        (subtree({}), "does not say what is available"),
        (subtree({"tileAvailability": {}}), "neither constant nor a bitstream"),
        (subtree({"tileAvailability": {"bitstream": 0}}), "buffer view that is not there"),
        (subtree({"tileAvailability": {"bitstream": 0}, "buffers": [{}],
                  "bufferViews": [{"buffer": 0, "byteLength": 9}]}), "ends behind its buffer"),
        (subtree({"tileAvailability": {"bitstream": 0}, "buffers": [{}],
                  "bufferViews": [{"buffer": 0, "byteLength": 0}]}), "too short"),
    ],
)  # fmt: skip
def test_broken_subtrees_are_one_sentence(tmp_path, content, sentence):
    source = open_tileset(write_tileset(tmp_path, tiling(), {"s/0-0-0.subtree": content}))
    with pytest.raises(ReadError, match=sentence):
        source.expand(source.root)


def test_subtrees_without_end_are_refused(tmp_path):
    whole = {"tileAvailability": {"constant": 1}, "contentAvailability": {"constant": 0}}
    files = {"s/0-0-0.subtree": subtree(whole)}
    source = open_tileset(write_tileset(tmp_path, tiling(levels=20, available=20), files))
    with pytest.raises(ReadError, match="over 400,000"):
        source.expand(source.root)


def test_edges_are_drawn_where_a_tile_is_the_finest(tmp_path):
    child = {"boundingVolume": BOX, "geometricError": 0, "content": {"uri": "a.glb"}}
    maker = GltfMaker()
    maker.square()
    root = {
        "refine": "REPLACE", "geometricError": 50, "content": {"uri": "a.glb"}, "children": [child]
    }  # fmt: skip
    source = open_tileset(write_tileset(tmp_path, root, {"a.glb": maker.glb()}))
    assert len(source.load(source.root, never).tiles[0].edges_local_m) == 0
    assert len(source.load(source.root.children[0], never).tiles[0].edges_local_m) == 4
