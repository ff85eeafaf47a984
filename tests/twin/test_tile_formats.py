"""b3dm, i3dm, cmpt and pnts: tables, instances, old headers, every encoding of points."""

import struct

import numpy as np
import pytest

from tests.twin.tileset_samples import (
    SQUARE,
    SQUARE_TRIANGLES,
    GltfMaker,
    composite,
    corners,
    kinds,
    never,
    square_glb,
    tile,
    write_tileset,
    y_up,
)
from twin.errors import ReadError
from twin.tiles.bounding import ecef_from_radians
from twin.tiles.tileset import open_tileset


def load(tmp_path, content, name="a.tile", files=None, **root):
    folder = write_tileset(
        tmp_path, {"content": {"uri": name}, **root}, {name: content, **(files or {})}
    )
    source = open_tileset(folder)
    return source.load(source.root, never)


def batched_glb():
    """Two squares side by side, batch ids 0 and 1."""
    maker = GltfMaker()
    both = np.concatenate([SQUARE, SQUARE + np.array([2, 0, 0], np.float32)])
    maker.mesh(
        {
            "attributes": {
                "POSITION": maker.accessor(y_up(both)),
                "_BATCHID": maker.accessor(np.repeat([0, 1], 4).astype(np.uint16)),
            },
            "indices": maker.accessor(np.concatenate([SQUARE_TRIANGLES, SQUARE_TRIANGLES + 4])
                                      .reshape(-1).astype(np.uint16)),
        }
    )  # fmt: skip
    return maker.glb()


BATCH = {
    "gml_id": ["b-1", "b-2"],
    "height": {"byteOffset": 0, "componentType": "FLOAT", "type": "SCALAR"},
    "flags": {"byteOffset": 8, "componentType": "UNSIGNED_BYTE", "type": "VEC2"},
    "roof": [{"type": "flat"}, None],
    "kind": ["Building", "WaterBody"],
}
BATCH_BINARY = np.array([7.5, 9.0], "<f4").tobytes() + bytes([1, 2, 3, 4])


def test_a_b3dm_gives_features_with_its_batch_table(tmp_path):
    content = load(
        tmp_path,
        tile(
            b"b3dm", {"BATCH_LENGTH": 2, "RTC_CENTER": [10, 20, 30]}, b"",
            BATCH, BATCH_BINARY, batched_glb(),
        ),
    )  # fmt: skip
    features = content.features
    assert features.ids == ["b-1", "b-2"]
    assert features.attributes_of(0) == {
        "gml_id": "b-1", "height": 7.5, "flags": "[1,2]", "roof": '{"type":"flat"}',
        "kind": "Building",
    }  # fmt: skip
    assert features.attributes_of(1)["height"] == 9.0
    assert "roof" not in features.attributes_of(1)
    assert [features.kind(0), features.kind(1)] == ["Building", "WaterBody"]
    assert features.bounds_min_max_local_m.tolist() == [
        [10, 20, 30, 11, 21, 30],
        [12, 20, 30, 13, 21, 30],
    ]
    mesh = content.tiles[0]
    assert sorted(set(mesh.features.tolist())) == [0, 1]
    assert set(mesh.code_light[mesh.triangles[mesh.features == 1]].astype(int).reshape(-1)) == {4}


def test_hierarchies_and_bad_columns_are_named(tmp_path):
    batch = {
        "extensions": {"3DTILES_batch_table_hierarchy": {}},
        "far": {"byteOffset": 10**6, "componentType": "FLOAT", "type": "SCALAR"},
        "odd": {"byteOffset": 0, "componentType": "HALF", "type": "SCALAR"},
        "name": ["x", "y"],
    }
    content = load(tmp_path, tile(b"b3dm", {"BATCH_LENGTH": 2}, b"", batch, b"", batched_glb()))
    assert kinds(content.warnings) == {"batch-hierarchy", "bad-property"}
    assert set(content.features.attributes) == {"name"}


@pytest.mark.parametrize("head", [20, 24])
def test_headers_from_before_1_0(tmp_path, head):
    text = b'{"name":["x","y"]}  '
    numbers = [2, len(text)] if head == 20 else [len(text), 0, 2]
    glb = batched_glb()
    total = head + len(text) + len(glb)
    old = struct.pack("<4sII", b"b3dm", 1, total) + struct.pack(f"<{len(numbers)}I", *numbers)
    content = load(tmp_path, old + text + glb)
    assert content.features.attributes["name"].tolist() == ["x", "y"]
    assert kinds(content.warnings) == {"old-header"}


def instances(**features):
    """An i3dm of two squares with everything in the JSON's binary body."""
    body, described = b"", {"INSTANCES_LENGTH": 2}
    for name, values in features.items():
        if not isinstance(values, np.ndarray):
            described[name] = values
            continue
        body += b"\0" * (-len(body) % 8)
        described[name] = {"byteOffset": len(body)}
        body += values.tobytes()
    return tile(b"i3dm", described, body, {"name": ["p", "q"]}, b"", square_glb(), gltf_format=1)


PLACES = np.array([[0, 0, 0], [10, 0, 0]], "<f4")


def oct16(vector):
    """A unit vector as two 16-bit numbers."""
    x, y, z = np.array(vector) / np.abs(vector).sum()
    if z < 0:
        x, y = (1 - abs(y)) * np.copysign(1, x), (1 - abs(x)) * np.copysign(1, y)
    return np.round((np.array([x, y]) + 1) / 2 * 65535)


def second(content):
    return corners(content)[content.tiles[0].features == 1]


def test_an_i3dm_repeats_its_model(tmp_path):
    content = load(tmp_path, instances(POSITION=PLACES, SCALE=np.array([1, 3], "<f4")))
    assert content.tiles[0].n_triangles == 4
    found = second(content)
    assert found.min(axis=(0, 1)).tolist() == [10, 0, 0]
    assert found.max(axis=(0, 1)).tolist() == [13, 3, 0]
    assert content.features.attributes_of(1) == {"name": "q"}


UP, RIGHT = [[0, 1, 0], [0, 0, 1]], [[1, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize("is_packed", [False, True])
def test_orientations_of_instances(tmp_path, is_packed):
    """The second stands on edge: its y became z."""
    if is_packed:
        turns = {
            "NORMAL_UP_OCT32P": np.array([oct16(v) for v in UP], "<u2"),
            "NORMAL_RIGHT_OCT32P": np.array([oct16(v) for v in RIGHT], "<u2"),
        }
    else:
        turns = {"NORMAL_UP": np.array(UP, "<f4"), "NORMAL_RIGHT": np.array(RIGHT, "<f4")}
    found = second(load(tmp_path, instances(POSITION=PLACES, **turns)))
    assert np.abs(found.min(axis=(0, 1)) - [10, 0, 0]).max() < 1e-3
    assert np.abs(found.max(axis=(0, 1)) - [11, 0, 1]).max() < 1e-3


def test_quantised_places_and_wide_scales(tmp_path):
    content = load(
        tmp_path,
        instances(
            POSITION_QUANTIZED=np.array([[0, 0, 0], [65535, 0, 65535]], "<u2"),
            QUANTIZED_VOLUME_OFFSET=[100, 0, 0],
            QUANTIZED_VOLUME_SCALE=[50, 1, 7],
            SCALE_NON_UNIFORM=np.array([[1, 1, 1], [2, 4, 1]], "<f4"),
            BATCH_ID=np.array([0, 1], "<u2"),
        ),
    )
    found = second(content)
    assert np.allclose(found.min(axis=(0, 1)), [150, 0, 7])
    assert np.allclose(found.max(axis=(0, 1)), [152, 4, 7])


def test_east_north_up_instances_lie_level_on_the_earth(tmp_path):
    where = np.radians([[9.0, 47.0], [9.001, 47.0]])
    places = ecef_from_radians(where[:, 0], where[:, 1], np.zeros(2))
    centre = places.mean(axis=0)
    content = load(
        tmp_path,
        instances(POSITION=(places - centre).astype("<f4"), RTC_CENTER=centre.tolist(),
                  EAST_NORTH_UP=True),
        boundingVolume={"region": [*(where[0] - 1e-4).tolist(), *(where[1] + 1e-4).tolist(), 0, 9]},
    )  # fmt: skip
    found = corners(content)
    assert np.ptp(found[..., 2]) < 0.01
    first = found[content.tiles[0].features == 0].reshape(-1, 3)
    assert np.abs(np.ptp(first, axis=0) - [1, 1, 0]).max() < 0.02


def test_a_model_beside_an_i3dm(tmp_path):
    described = {"INSTANCES_LENGTH": 2, "POSITION": {"byteOffset": 0}}
    content = tile(b"i3dm", described, PLACES.tobytes(), {}, b"", b"m.glb", gltf_format=0)
    found = load(tmp_path, content, files={"m.glb": square_glb()})
    assert found.tiles[0].n_triangles == 4


def test_composites_also_nested(tmp_path):
    one = tile(b"b3dm", {"BATCH_LENGTH": 0}, b"", {}, b"", square_glb())
    content = load(tmp_path, composite(one, composite(one, square_glb())))
    assert len(corners(content)) == 6
    assert content.features.n_features == 3
    assert len(set(content.features.ids)) == 3


def test_composites_without_end_are_refused(tmp_path):
    nested = square_glb()
    for _ in range(12):
        nested = composite(nested)
    with pytest.raises(ReadError, match="nested too deeply"):
        load(tmp_path, nested)


XYZ = np.array([[0, 0, 0], [1, 2, 3], [4, 5, 6]], "<f4")


def cloud(batch=None, batch_binary=b"", **features):
    """A pnts of three points; arrays go into the body, a pair is an array and further facts."""
    body, described = b"", {"POINTS_LENGTH": 3}
    for name, values in features.items():
        values, facts = values if isinstance(values, tuple) else (values, {})
        if isinstance(values, np.ndarray):
            body += b"\0" * (-len(body) % 8)
            described[name] = {"byteOffset": len(body), **facts}
            body += values.tobytes()
        else:
            described[name] = values
    return tile(b"pnts", described, body, batch or {}, batch_binary, b"")


@pytest.mark.parametrize(
    ("colours", "expected"),
    [
        ({}, None),
        ({"RGB": np.array([[1, 2, 3]] * 3, "u1")}, [1, 2, 3]),
        ({"RGBA": np.array([[1, 2, 3, 4]] * 3, "u1")}, [1, 2, 3]),
        ({"RGB565": np.array([0xF800, 0xF800, 0xF800], "<u2")}, [255, 0, 0]),
        ({"CONSTANT_RGBA": [9, 8, 7, 255]}, [9, 8, 7]),
    ],
)
def test_points_in_every_colour(tmp_path, colours, expected):
    content = load(tmp_path, cloud(POSITION=XYZ, **colours))
    assert content.points.xyz_local_m.tolist() == XYZ.tolist()
    if expected is None:
        assert content.points.rgb is None
    else:
        assert content.points.rgb.tolist() == [expected] * 3
    assert content.features.n_features == 1
    assert content.features.bounds_min_max_local_m[0].tolist() == [0, 0, 0, 4, 5, 6]


def test_quantised_points_batches_and_classes(tmp_path):
    quantised = cloud(
        POSITION_QUANTIZED=np.array([[0, 0, 0], [65535, 65535, 65535], [0, 0, 65535]], "<u2"),
        QUANTIZED_VOLUME_OFFSET=[5.0, 0.0, 0.0],
        QUANTIZED_VOLUME_SCALE=[1.0, 2.0, 3.0],
        RTC_CENTER=[100.0, 0.0, 0.0],
        BATCH_ID=(np.array([0, 1, 1], "u1"), {"componentType": "UNSIGNED_BYTE"}),
        BATCH_LENGTH=2,
        batch={"name": ["a", "b"]},
    )
    content = load(tmp_path, quantised)
    assert np.allclose(content.points.xyz_local_m, [[105, 0, 0], [106, 2, 3], [105, 0, 3]])
    assert content.points.features.tolist() == [0, 1, 1]
    assert content.features.attributes_of(1) == {"name": "b"}
    classes = {"Classification": {"byteOffset": 0, "componentType": "UNSIGNED_BYTE",
                                  "type": "SCALAR"}}  # fmt: skip
    with_classes = cloud(POSITION=XYZ, batch=classes, batch_binary=bytes([2, 6, 9]))
    assert load(tmp_path / "c", with_classes).points.classes.tolist() == [2, 6, 9]


def test_draco_points(tmp_path):
    import DracoPy

    colours = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.uint8)
    packed = DracoPy.encode(XYZ, quantization_bits=16, colors=colours, preserve_order=True)
    ids = {a["attribute_type"]: a["unique_id"] for a in DracoPy.decode(packed).attributes}
    described = {
        "POINTS_LENGTH": 3,
        "POSITION": {"byteOffset": 0},
        "RGB": {"byteOffset": 0},
        "extensions": {
            "3DTILES_draco_point_compression": {
                "properties": {"POSITION": ids[0], "RGB": ids[2]},
                "byteOffset": 0,
                "byteLength": len(packed),
            }
        },
    }
    content = load(tmp_path, tile(b"pnts", described, packed, {}, b"", b""))
    order = np.argsort(content.points.xyz_local_m[:, 0])
    assert np.abs(content.points.xyz_local_m[order] - XYZ).max() < 1e-3
    assert content.points.rgb[order].tolist() == colours.tolist()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"what is this", "of no known format"),
        (b"b3dm", "cut short"),
        (struct.pack("<4sIIIIII", b"b3dm", 2, 28, 0, 0, 0, 0), "unknown version 2"),
        (struct.pack("<4sIIIIII", b"b3dm", 1, 999, 0, 0, 0, 0), "cut short"),
        (struct.pack("<4sIIIIII", b"b3dm", 1, 28, 99, 0, 0, 0), "longer than the tile"),
        (tile(b"pnts", {"POINTS_LENGTH": 10**9}, b"", {}, b"", b""), "no sound count"),
        (tile(b"pnts", {"POINTS_LENGTH": 3}, b"", {}, b"", b""), "no positions"),
        (tile(b"pnts", {"POINTS_LENGTH": 3, "POSITION": {"byteOffset": 0}}, b"", {}, b"", b""),
         "does not follow the rules"),
        (tile(b"i3dm", {"INSTANCES_LENGTH": 0}, b"", {}, b"", square_glb(), gltf_format=1),
         "no sound count"),
        (tile(b"b3dm", {"BATCH_LENGTH": 10**8}, b"", {}, b"", square_glb()), "over 1,000,000"),
        (struct.pack("<4sIII", b"cmpt", 1, 16, 5), "cut short"),
        (b"glTF" + bytes(8), "cut short"),
    ],
)  # fmt: skip
def test_broken_tiles_are_one_sentence(tmp_path, content, sentence):
    with pytest.raises(ReadError, match=sentence):
        load(tmp_path, content)


@pytest.mark.parametrize(
    "content", [b"vctr", b"geom", b"PK\x03\x04", b'{"type":"FeatureCollection"}']
)
def test_what_is_not_drawn_is_named(tmp_path, content):
    found = load(tmp_path, content)
    assert kinds(found.warnings) == {"unknown-content"}
    assert not found.tiles
