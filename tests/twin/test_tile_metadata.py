"""Property tables: every type, arrays, enums, missing values, scales; entities as JSON."""

import numpy as np
import pytest

from tests.twin.tileset_samples import (
    GltfMaker,
    kinds,
    never,
    square_glb,
    write_tileset,
    y_up,
)
from twin.city.tally import Tally
from twin.tiles.metadata import columns_of_table, entity_attributes
from twin.tiles.tileset import open_tileset


def read(rule, *views, enums=None, **stored):
    """One property ``p`` over views; gives its column as a list."""
    names = ["values", "arrayOffsets", "stringOffsets"]
    table = {"class": "c", "count": 2, "properties": {"p": stored}}
    contents = []
    for name, view in zip(names, views, strict=False):
        if view is not None:
            stored[name] = len(contents)
            contents.append(view if isinstance(view, bytes) else np.asarray(view).tobytes())
    schema = {"classes": {"c": {"properties": {"p": rule}}}, "enums": enums or {}}
    tally = Tally()
    count, columns = columns_of_table(table, schema, contents.__getitem__, tally)
    assert count == 2
    if "p" not in columns:
        return [warning.kind for warning in tally.warnings()]
    return [None if value != value else value for value in columns["p"].tolist()]


def offsets(*numbers):
    return np.array(numbers, "<u4")


@pytest.mark.parametrize(
    ("rule", "views", "expected"),
    [
        ({"type": "SCALAR", "componentType": "INT16"}, [np.array([-3, 4], "<i2")], [-3.0, 4.0]),
        ({"type": "SCALAR", "componentType": "FLOAT64"}, [np.array([0.5, 1e9])], [0.5, 1e9]),
        ({"type": "SCALAR", "componentType": "UINT8", "normalized": True},
         [np.array([0, 255], "u1")], [0.0, 1.0]),
        ({"type": "SCALAR", "componentType": "INT8", "normalized": True, "scale": 2, "offset": 1},
         [np.array([-128, 127], "i1")], [-1.0, 3.0]),
        ({"type": "SCALAR", "componentType": "INT16", "noData": -1},
         [np.array([-1, 5], "<i2")], [None, 5.0]),
        ({"type": "SCALAR", "componentType": "INT16", "noData": -1, "default": 7},
         [np.array([-1, 5], "<i2")], [7.0, 5.0]),
        ({"type": "SCALAR", "componentType": "UINT64"},
         [np.array([2**63 + 1, 5], "<u8")], ["9223372036854775809", "5"]),
        ({"type": "VEC2", "componentType": "UINT8"}, [np.array([1, 2, 3, 4], "u1")],
         ["[1.0,2.0]", "[3.0,4.0]"]),
        ({"type": "VEC2", "componentType": "UINT8", "noData": [1, 2]},
         [np.array([1, 2, 3, 4], "u1")], [None, "[3.0,4.0]"]),
        ({"type": "SCALAR", "componentType": "UINT8", "array": True, "count": 2},
         [np.array([1, 2, 3, 4], "u1")], ["[1.0,2.0]", "[3.0,4.0]"]),
        ({"type": "SCALAR", "componentType": "UINT8", "array": True},
         [np.array([1, 2, 3], "u1"), offsets(0, 1, 3)], ["[1.0]", "[2.0,3.0]"]),
        ({"type": "STRING"}, [b"abc", None, offsets(0, 1, 3)], ["a", "bc"]),
        ({"type": "STRING"}, ["aß".encode(), None, offsets(0, 1, 3)], ["a", "ß"]),
        ({"type": "STRING", "noData": "a"}, [b"abc", None, offsets(0, 1, 3)], [None, "bc"]),
        ({"type": "STRING", "array": True}, [b"abc", offsets(0, 2, 3), offsets(0, 1, 2, 3)],
         ['["a","b"]', '["c"]']),
        ({"type": "BOOLEAN"}, [bytes([0b10])], ["false", "true"]),
        ({"type": "BOOLEAN", "array": True, "count": 2}, [bytes([0b0110])],
         ['["false","true"]', '["true","false"]']),
    ],
)  # fmt: skip
def test_every_type(rule, views, expected):
    assert read(rule, *views) == expected


def test_enums_are_shown_by_name():
    enums = {"e": {"valueType": "INT8", "values": [{"name": "Low", "value": -1}]}}
    rule = {"type": "ENUM", "enumType": "e"}
    assert read(rule, np.array([-1, 3], "i1"), enums=enums) == ["Low", "3"]


def test_wide_offsets_and_a_tables_own_scale():
    rule = {"type": "STRING"}
    wide = np.array([0, 1, 3], "<u8")
    assert read(rule, b"abc", None, wide, stringOffsetType="UINT64") == ["a", "bc"]
    rule = {"type": "SCALAR", "componentType": "UINT8", "scale": 2}
    assert read(rule, np.array([1, 2], "u1"), scale=10, offset=1) == [11.0, 21.0]


@pytest.mark.parametrize(
    ("rule", "views"),
    [
        ({"type": "STRING"}, [b"abc", None, offsets(0, 1, 9)]),
        ({"type": "STRING"}, [b"abc", None, offsets(0, 2, 1)]),
        ({"type": "STRING"}, [b"abc", None, offsets(0)]),
        ({"type": "SCALAR", "componentType": "UINT8"}, [b""]),
        ({"type": "SCALAR", "componentType": "HALF"}, [b"ab"]),
        ({"type": "TENSOR", "componentType": "UINT8"}, [b"ab"]),
        ({"type": "BOOLEAN"}, [b""]),
        ({"type": "ENUM", "enumType": "gone"}, [b"ab"]),
        ({"type": "SCALAR", "componentType": "UINT8", "array": True, "count": 10**9}, [b"ab"]),
    ],
)
def test_properties_that_make_no_sense_are_left_out(rule, views):
    assert read(rule, *views) == ["bad-property"]


def test_a_table_without_a_count_is_refused():
    with pytest.raises(ValueError, match="no sound count"):
        columns_of_table({"count": -1}, {}, [].__getitem__, Tally())


SCHEMA = {
    "classes": {
        "c": {
            "properties": {
                "share": {"type": "SCALAR", "componentType": "UINT8", "normalized": True},
                "gone": {"type": "STRING", "noData": "-"},
            }
        }
    }
}


def test_entities():
    values = {"share": 255, "gone": "-", "list": [1, 2], "none": None, "text": "x"}
    found = entity_attributes({"class": "c", "properties": values}, SCHEMA)
    assert found == {"share": 1.0, "list": "[1,2]", "text": "x"}
    assert entity_attributes(None, SCHEMA) == {}


def with_table(**more):
    """Two features of a square's two triangles: by attribute, with a property table."""
    maker = GltfMaker()
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 1, 0], [0, 1, 0]], "<f4")
    table = {
        "class": "c",
        "count": 2,
        "properties": {
            "id": {
                "values": maker.view(b"xyz"),
                "stringOffsets": maker.view(offsets(0, 1, 3).tobytes()),
            },
            "height": {"values": maker.view(np.array([3.5, 9], "<f4").tobytes())},
        },
    }
    properties = {
        "id": {"type": "STRING"},
        "height": {"type": "SCALAR", "componentType": "FLOAT32"},
    }
    maker.json["extensions"] = {
        "EXT_structural_metadata": {
            "schema": {"classes": {"c": {"properties": properties}}},
            "propertyTables": [table],
            **more,
        }
    }
    ids = maker.accessor(np.repeat([1, 0], 3).astype(np.uint8))
    feature_ids = {"featureIds": [{"featureCount": 2, "attribute": 0, "propertyTable": 0}]}
    maker.mesh(
        {
            "attributes": {"POSITION": maker.accessor(y_up(corners)), "_FEATURE_ID_0": ids},
            "extensions": {"EXT_mesh_features": feature_ids},
        }
    )
    return maker


def load(tmp_path, content, **more):
    folder = write_tileset(tmp_path, {"content": {"uri": "a.glb"}}, {"a.glb": content}, **more)
    source = open_tileset(folder)
    return source.load(source.root, never)


def test_features_of_a_glb_with_their_properties(tmp_path):
    content = load(tmp_path, with_table(propertyTextures=[{}], propertyAttributes=[{}]).glb())
    assert content.features.ids == ["x", "yz"]
    assert content.features.attributes_of(1) == {"id": "yz", "height": 9.0}
    assert content.tiles[0].features.tolist() == [1, 0]
    assert content.features.bounds_min_max_local_m[0].tolist() == [0, 0, 0, 1, 1, 0]
    assert kinds(content.warnings) == {"property-textures", "property-attributes"}


def test_ids_by_the_order_of_vertices_and_ids_of_nothing(tmp_path):
    maker = GltfMaker()
    plain = {"POSITION": maker.accessor(y_up(np.eye(3, dtype=np.float32)))}
    by_order = {"featureIds": [{"featureCount": 3}]}
    absent = {"featureIds": [{"featureCount": 1, "attribute": 4}]}
    maker.mesh(
        {"attributes": plain, "extensions": {"EXT_mesh_features": by_order}},
        {"attributes": plain, "extensions": {"EXT_mesh_features": absent}},
    )
    content = load(tmp_path, maker.glb())
    assert content.features.n_features == 4
    assert kinds(content.warnings) == {"bad-feature-id"}


def test_ids_that_name_no_row_belong_to_the_whole(tmp_path):
    maker = with_table()
    view = maker.json["accessors"][0]["bufferView"]
    start = maker.json["bufferViews"][view]["byteOffset"]
    body = bytearray(maker.body)
    body[start : start + 3] = bytes([255] * 3)  # what a null feature id looks like
    maker.body = bytes(body)
    content = load(tmp_path, maker.glb())
    assert content.features.n_features == 3
    assert sorted(content.tiles[0].features.tolist()) == [0, 2]
    assert content.features.ids[2] == "a.glb"


def test_metadata_of_tiles_groups_and_contents(tmp_path):
    root = {
        "metadata": {"properties": {"tile": 1, "who": "tile"}},
        "content": {"uri": "a.glb", "group": 0, "metadata": {"properties": {"who": "content"}}},
    }
    folder = write_tileset(
        tmp_path, root, {"a.glb": square_glb()},
        groups=[{"properties": {"group": "g", "who": "group"}}],
        metadata={"properties": {"city": "Bern"}},
    )  # fmt: skip
    source = open_tileset(folder)
    assert source.attributes == {"city": "Bern"}
    features = source.load(source.root, never).features
    assert features.attributes_of(0) == {"tile": 1.0, "group": "g", "who": "content"}
