"""glTF contents: every way to store triangles, points, features and their properties."""

import base64
import json

import numpy as np
import pytest

from tests.twin.tileset_samples import (
    SQUARE,
    SQUARE_TRIANGLES,
    GltfMaker,
    corners,
    kinds,
    never,
    square_glb,
    write_tileset,
    y_up,
)
from twin.city.asset import Surface
from twin.errors import ReadError
from twin.tiles.gltf_scene import transforms, triangle_list
from twin.tiles.tileset import open_tileset


def load(tmp_path, content, name="a.glb", files=None, **root):
    folder = write_tileset(
        tmp_path, {"content": {"uri": name}, **root}, {name: content, **(files or {})}
    )
    source = open_tileset(folder)
    try:
        return source.load(source.root, never)
    finally:
        source.close()


def same_triangles(found, expected):
    def key(triangles):
        rolled = [np.roll(t, -int(np.lexsort(t.T[::-1])[0]), axis=0) for t in triangles]
        flat = np.array(rolled).reshape(len(rolled), -1)
        return flat[np.lexsort(flat.T)]

    assert found.shape == np.shape(expected)
    assert np.allclose(key(np.asarray(found)), key(np.asarray(expected)), atol=1e-5)


PLAIN = SQUARE[SQUARE_TRIANGLES]


def test_a_glb_is_turned_to_z_up_and_lit(tmp_path):
    content = load(tmp_path, square_glb())
    same_triangles(corners(content), PLAIN)
    tile = content.tiles[0]
    assert (tile.code_light.astype(int) == Surface.ROOF).all()
    assert content.features.n_features == 1
    assert content.features.ids == ["a.glb"]
    assert np.array_equal(content.features.bounds_min_max_local_m[0], [0, 0, 0, 1, 1, 0])
    assert not content.warnings


def test_json_with_outer_and_data_buffers(tmp_path):
    maker = GltfMaker()
    maker.square()
    outer = load(tmp_path / "1", maker.gltf("b.bin"), "a.gltf", {"b.bin": maker.body})
    same_triangles(corners(outer), PLAIN)
    uri = "data:application/octet-stream;base64," + base64.b64encode(maker.body).decode()
    same_triangles(corners(load(tmp_path / "2", maker.gltf(uri), "a.gltf")), PLAIN)


def test_a_buffer_outside_the_folder_is_refused(tmp_path):
    maker = GltfMaker()
    maker.square()
    (tmp_path / "secret.bin").write_bytes(maker.body)
    with pytest.raises(ReadError, match="outside its own folder"):
        load(tmp_path / "city", maker.gltf("../secret.bin"), "a.gltf")


def test_nodes_place_turn_and_scale(tmp_path):
    half = np.sqrt(0.5)
    maker = GltfMaker(
        nodes=[
            {"children": [1], "translation": [10, 0, 0]},
            # A quarter turn about the glTF's y axis is one about z here.
            {"mesh": 0, "rotation": [0, half, 0, half], "scale": [2, 2, 2]},
        ]
    )
    maker.square()
    turned = np.column_stack([-SQUARE[:, 1], SQUARE[:, 0], SQUARE[:, 2]]) * 2 + [10, 0, 0]
    same_triangles(corners(load(tmp_path, maker.glb())), turned[SQUARE_TRIANGLES])


def test_a_mirroring_node_keeps_faces_turned_outwards(tmp_path):
    maker = GltfMaker(nodes=[{"mesh": 0, "scale": [-1, 1, 1]}])
    maker.square()
    found = corners(load(tmp_path, maker.glb()))
    normals = np.cross(found[:, 1] - found[:, 0], found[:, 2] - found[:, 0])
    assert (normals[:, 2] > 0).all()


def test_transforms_match_the_matrix_of_a_quaternion():
    quaternion = np.array([[0.1, -0.2, 0.3, 0.9]])
    matrix = transforms(np.zeros((1, 3)), quaternion, np.ones((1, 3)))[0, :3, :3]
    x, y, z, w = quaternion[0] / np.linalg.norm(quaternion)
    vector = np.array([1.0, 2.0, 3.0])
    axis = np.array([x, y, z])
    expected = vector + 2 * np.cross(axis, np.cross(axis, vector) + w * vector)
    assert np.allclose(matrix @ vector, expected)


@pytest.mark.parametrize(
    ("mode", "indices", "expected"),
    [
        (4, [0, 1, 2, 2, 1, 3, 9], [[0, 1, 2], [2, 1, 3]]),
        (5, [0, 1, 2, 3], [[0, 1, 2], [2, 1, 3]]),
        (6, [0, 1, 2, 3], [[0, 1, 2], [0, 2, 3]]),
        (5, [0, 1], []),
    ],
)
def test_lists_strips_and_fans(mode, indices, expected):
    found = triangle_list(np.array(indices, np.uint16), mode)
    assert found.tolist() == expected


def test_primitives_without_indices(tmp_path):
    maker = GltfMaker()
    maker.mesh({"attributes": {"POSITION": maker.accessor(y_up(PLAIN.reshape(-1, 3)))}})
    same_triangles(corners(load(tmp_path, maker.glb())), PLAIN)


def test_interleaved_attributes(tmp_path):
    maker = GltfMaker()
    both = np.zeros(4, [("p", "<f4", 3), ("f", "<f4")])
    both["p"], both["f"] = y_up(SQUARE), [0, 0, 0, 0]
    view = maker.view(both.tobytes(), byteStride=16)
    maker.mesh(
        {
            "attributes": {
                "POSITION": maker.describe(view, "<f4", 4, 3),
                "_BATCHID": maker.describe(view, "<f4", 4, 1, byteOffset=12),
            },
            "indices": maker.accessor(SQUARE_TRIANGLES.reshape(-1)),
        }
    )
    same_triangles(corners(load(tmp_path, maker.glb())), PLAIN)


def test_sparse_accessors(tmp_path):
    maker = GltfMaker()
    rows = maker.view(np.array([2], np.uint16).tobytes())
    values = maker.view(y_up(np.array([[5, 5, 5]], np.float32)).tobytes())
    sparse = {
        "count": 1,
        "indices": {"bufferView": rows, "componentType": 5123},
        "values": {"bufferView": values},
    }
    position = maker.accessor(y_up(SQUARE), sparse=sparse)
    maker.mesh(
        {
            "attributes": {"POSITION": position},
            "indices": maker.accessor(SQUARE_TRIANGLES.reshape(-1)),
        }
    )
    moved = SQUARE.copy()
    moved[2] = 5
    same_triangles(corners(load(tmp_path, maker.glb())), moved[SQUARE_TRIANGLES])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16])
def test_quantised_and_normalised_positions(tmp_path, dtype):
    most = np.iinfo(dtype).max
    maker = GltfMaker(extensionsRequired=["KHR_mesh_quantization"])
    position = maker.accessor((np.abs(y_up(SQUARE)) * most).astype(dtype), normalized=True)
    maker.mesh(
        {
            "attributes": {"POSITION": position},
            "indices": maker.accessor(SQUARE_TRIANGLES.reshape(-1)),
        }
    )
    found = corners(load(tmp_path, maker.glb()))
    same_triangles(found, (SQUARE * [1, -1, 1])[SQUARE_TRIANGLES])


def draco_square(**more):
    import DracoPy

    packed = DracoPy.encode(
        y_up(SQUARE), SQUARE_TRIANGLES.astype(np.uint32), quantization_bits=14,
        preserve_order=True, **more,
    )  # fmt: skip
    ids = {a["attribute_type"]: a["unique_id"] for a in DracoPy.decode(packed).attributes}
    return packed, ids


def test_draco(tmp_path):
    packed, ids = draco_square(generic_attributes={5: np.zeros((4, 1), np.uint32)})
    maker = GltfMaker(extensionsRequired=["KHR_draco_mesh_compression"])
    extension = {"bufferView": maker.view(packed), "attributes": {"POSITION": ids[0]}}
    maker.mesh(
        {
            "attributes": {"POSITION": maker.describe(None, "<f4", 4, 3)},
            "indices": maker.describe(None, "<u2", 6, 1),
            "extensions": {"KHR_draco_mesh_compression": extension},
        }
    )
    found = corners(load(tmp_path, maker.glb()))
    assert np.abs(found.min(axis=(0, 1)) - [0, 0, 0]).max() < 1e-3
    assert np.abs(found.max(axis=(0, 1)) - [1, 1, 0]).max() < 1e-3
    assert len(found) == 2


def test_broken_draco_is_one_sentence(tmp_path):
    maker = GltfMaker()
    extension = {"bufferView": maker.view(b"no draco at all"), "attributes": {"POSITION": 0}}
    maker.mesh({"attributes": {}, "extensions": {"KHR_draco_mesh_compression": extension}})
    with pytest.raises(ReadError, match="Draco part of its glTF cannot be unpacked"):
        load(tmp_path, maker.glb())


@pytest.mark.parametrize("name", ["EXT_meshopt_compression", "KHR_meshopt_compression"])
def test_meshopt(tmp_path, name):
    import meshoptimizer

    def packed(maker, content, **facts):
        held = maker.view(content)
        view = maker.json["bufferViews"][held]
        extension = {
            "buffer": 0, "byteOffset": view["byteOffset"], "byteLength": len(content), **facts
        }  # fmt: skip
        maker.json["bufferViews"].append(
            {"buffer": 1, "byteLength": facts["count"] * facts["byteStride"],
             "extensions": {name: extension}}
        )  # fmt: skip
        return len(maker.json["bufferViews"]) - 1

    maker = GltfMaker(extensionsRequired=[name])
    points = y_up(SQUARE)
    view = packed(
        maker, meshoptimizer.encode_vertex_buffer(points), count=4, byteStride=12,
        mode="ATTRIBUTES",
    )  # fmt: skip
    indices = SQUARE_TRIANGLES.reshape(-1).astype(np.uint32)
    order = packed(
        maker, meshoptimizer.encode_index_buffer(indices, 6, 4), count=6, byteStride=2,
        mode="TRIANGLES",
    )  # fmt: skip
    maker.mesh(
        {
            "attributes": {"POSITION": maker.describe(view, "<f4", 4, 3)},
            "indices": maker.describe(order, "<u2", 6, 1),
        }
    )
    same_triangles(corners(load(tmp_path, maker.glb())), PLAIN)


def test_instances_of_a_node_and_their_features(tmp_path):
    maker = GltfMaker()
    maker.square()
    moves = maker.accessor(y_up(np.array([[0, 0, 0], [10, 0, 0], [0, 10, 0]], np.float32)))
    ids = maker.accessor(np.array([2, 1, 0], np.uint16))
    maker.json["nodes"] = [
        {
            "mesh": 0,
            "extensions": {
                "EXT_mesh_gpu_instancing": {
                    "attributes": {"TRANSLATION": moves, "_FEATURE_ID_0": ids}
                },
                "EXT_instance_features": {"featureIds": [{"featureCount": 3, "attribute": 0}]},
            },
        }
    ]
    content = load(tmp_path, maker.glb())
    tile = content.tiles[0]
    assert tile.n_triangles == 6
    low = {int(f): tuple(tile.corners_local_m[tile.features == f].min(axis=(0, 1)))
           for f in np.unique(tile.features)}  # fmt: skip
    first = content.features.n_features - 3
    assert low == {first + 2: (0, 0, 0), first + 1: (10, 0, 0), first: (0, 10, 0)}


def test_instances_without_end_are_refused(tmp_path):
    maker = GltfMaker()
    maker.square()
    many = maker.describe(None, "<f4", 4_500_000, 3)
    instancing = {"EXT_mesh_gpu_instancing": {"attributes": {"TRANSLATION": many}}}
    maker.json["nodes"] = [{"mesh": 0, "extensions": instancing}]
    with pytest.raises(ReadError, match="instances in a tile make over"):
        load(tmp_path, maker.glb())


def test_points_with_colours(tmp_path):
    maker = GltfMaker()
    colours = np.array([[255, 0, 0, 255], [0, 255, 0, 255]], np.uint8)
    maker.mesh(
        {
            "mode": 0,
            "attributes": {
                "POSITION": maker.accessor(y_up(np.array([[1, 2, 3], [4, 5, 6]], np.float32))),
                "COLOR_0": maker.accessor(colours, normalized=True),
            },
        }
    )
    content = load(tmp_path, maker.glb())
    assert content.points.xyz_local_m.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert content.points.rgb.tolist() == colours[:, :3].tolist()
    assert content.points.features.tolist() == [0, 0]


def test_tiles_with_their_own_light_are_taken_over(tmp_path):
    maker = GltfMaker()
    light = np.array([1.5, 1.25, 1.5, 1.75], np.float32)
    ids = np.zeros(4, np.float32)
    maker.square(_CODE_LIGHT=maker.accessor(light), _FEATURE_ID_0=maker.accessor(ids))
    content = load(tmp_path, maker.glb())
    tile = content.tiles[0]
    assert tile.code_light.tolist() == light.tolist()
    assert tile.points_local_m.tolist() == SQUARE.tolist()
    assert tile.triangles.tolist() == SQUARE_TRIANGLES.tolist()
    assert len(tile.edges_local_m) == 4  # the outline of a square, not its diagonal


def test_light_that_is_none_is_baked_anew(tmp_path):
    maker = GltfMaker()
    maker.square(_CODE_LIGHT=maker.accessor(np.array([1, 2, 3, 9e9], np.float32)))
    tile = load(tmp_path, maker.glb()).tiles[0]
    assert (tile.code_light.astype(int) == Surface.ROOF).all()


def test_nodes_in_a_circle_are_refused(tmp_path):
    maker = GltfMaker(nodes=[{"children": [1]}, {"children": [0]}])
    maker.square()
    with pytest.raises(ReadError, match="nodes in a circle"):
        load(tmp_path, maker.glb())


def broken(change):
    maker = GltfMaker()
    maker.square()
    change(maker.json)
    return maker.glb()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda j: j["accessors"][0].update(count=10**9), "no sound count"),
        (lambda j: j["accessors"][0].update(count=5), "ends behind its buffer view"),
        (lambda j: j["accessors"][0].update(byteOffset=-4), "no sound place"),
        (lambda j: j["accessors"][0].update(componentType=1), "unknown type"),
        (lambda j: j["bufferViews"][0].update(byteLength=10**9), "ends behind its buffer"),
        (lambda j: j["bufferViews"][0].update(buffer=7), r"buffers\[7\], which is not there"),
        (lambda j: j["scenes"][0].update(nodes=[4]), r"nodes\[4\], which is not there"),
        (lambda j: j["asset"].update(version="1.0"), "version 1.0, only 2.0"),
        (lambda j: j["nodes"][0].update(matrix=[1]), "no sound matrix"),
        (lambda j: j["nodes"][0].update(translation=[1e999, 0, 0]), "no valid JSON"),
    ],
)  # fmt: skip
def test_broken_gltf_is_one_sentence(tmp_path, change, sentence):
    with pytest.raises(ReadError, match=sentence):
        load(tmp_path, broken(change))


def test_faces_on_absent_points_are_left_out(tmp_path):
    maker = GltfMaker()
    maker.mesh(
        {
            "attributes": {"POSITION": maker.accessor(y_up(SQUARE))},
            "indices": maker.accessor(np.array([0, 1, 2, 0, 1, 4], np.uint16)),
        }
    )
    content = load(tmp_path, maker.glb())
    assert len(corners(content)) == 1
    assert kinds(content.warnings) == {"bad-face"}


def test_faces_with_infinite_points_are_left_out(tmp_path):
    maker = GltfMaker()
    bad = y_up(SQUARE)
    bad[3] = np.nan
    maker.mesh(
        {
            "attributes": {"POSITION": maker.accessor(bad)},
            "indices": maker.accessor(SQUARE_TRIANGLES.reshape(-1)),
        }
    )
    content = load(tmp_path, maker.glb())
    assert len(corners(content)) == 1
    assert kinds(content.warnings) == {"bad-point"}


def test_lines_and_textures_of_ids_are_named(tmp_path):
    maker = GltfMaker()
    position = maker.accessor(y_up(SQUARE))
    ids = {"featureIds": [{"featureCount": 3, "texture": {"index": 0, "channels": [0]}}]}
    maker.mesh(
        {"attributes": {"POSITION": position}, "mode": 1},
        {"attributes": {"POSITION": position}, "extensions": {"EXT_mesh_features": ids},
         "indices": maker.accessor(SQUARE_TRIANGLES.reshape(-1))},
    )  # fmt: skip
    content = load(tmp_path, maker.glb())
    assert kinds(content.warnings) == {"lines", "feature-texture"}
    assert len(corners(content)) == 2


def test_centre_of_an_old_extension(tmp_path):
    maker = GltfMaker(extensions={"CESIUM_RTC": {"center": [100, 200, 300]}})
    maker.square()
    found = corners(load(tmp_path, maker.glb()))
    assert found.min(axis=(0, 1)).tolist() == [100, 200, 300]


def test_old_files_that_are_z_up(tmp_path):
    maker = GltfMaker()
    maker.mesh(
        {
            "attributes": {"POSITION": maker.accessor(SQUARE)},
            "indices": maker.accessor(SQUARE_TRIANGLES.reshape(-1)),
        }
    )
    folder = write_tileset(tmp_path, {"content": {"uri": "a.glb"}}, {"a.glb": maker.glb()})
    whole = json.loads((folder / "tileset.json").read_text())
    whole["asset"]["gltfUpAxis"] = "Z"
    (folder / "tileset.json").write_text(json.dumps(whole))
    source = open_tileset(folder)
    same_triangles(corners(source.load(source.root, never)), PLAIN)
