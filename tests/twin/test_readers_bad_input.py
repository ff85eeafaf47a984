"""Whatever a file holds: it opens with named warnings, or one clear sentence says why not."""

from __future__ import annotations

import copy
import json
import random
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.twin.city_samples import rich_city, written
from tests.twin.reader_rig import check
from twin.errors import ReadError
from twin.readers.base import ReaderType, ReadOptions, no_progress, open_city, reader_registry

READERS = sorted(reader_registry(), key=lambda reader: reader.id)
RUBBISH = {
    "nothing": b" ",
    "text": b"This is a letter, not a city.\n" * 20,
    "zeros": bytes(4096),
    "random": random.Random(7).randbytes(20_000),
    "utf16": '{"type": "CityJSON"}'.encode("utf-16"),
    "open brackets": b"[" * 200_000,
    "open objects": b'{"CityObjects":' * 100_000,
    "number": b"42",
    "string": b'"CityJSON"',
    "huge number": b"9" * 100_000,
    "zip head": b"PK\x03\x04" + b"\x00" * 64,
    "glb head": b"glTF\x02\x00\x00\x00\xff\xff\xff\x7f" + b"\xff" * 64,
    "ply promise": b"ply\nformat binary_little_endian 1.0\nelement vertex 99999999999\n"
    b"property float x\nend_header\n",
    "stl promise": b"\x00" * 80 + b"\xff\xff\xff\x7f" + b"\x00" * 50,
    "surrogate": b'{"type":"CityJSON","CityObjects":{"\\ud800":{}}}',
    "not a number": b'{"type":"CityJSON","CityObjects":{},"vertices":[[NaN,0,0]]}',
}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("3dgi-corpus/invalid/*/invalid_out_of_range_vertex_index.json", "bad-vertex-index"),
        ("3dgi-corpus/invalid/*/invalid_missing_type.json", "no-type"),
        ("cjval/duplicate.json", "duplicate-id"),
        ("cjval/o4.json", "old-version"),
        ("cjval/sem.json", "bad-semantics"),
        ("cjval/sem_point.city.json", "points-lines"),
        ("cjval/extension.jsonl", "bad-line"),
        ("cjval/texture1.city.json", "missing-textures"),
        ("cjval/cjfeat1.json", "no-header"),
    ],
)
def test_what_is_odd_is_named(shared_data: Path, name: str, kind: str) -> None:
    (path,) = (shared_data / "cityjson-conformance").glob(name)
    asset = check(path)
    assert asset is not None
    assert kind in {warning.kind for warning in asset.warnings}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("val3dity/cityjson/with-errors.json", "not valid JSON"),
        ("cjval/generic.ext.json", "no CityObjects"),
        ("val3dity/test_empty/completely_empty.json", "is empty"),
        ("val3dity/test_empty/empty_primitive.obj", "no surface to draw"),
        ("val3dity/test_empty/empty_primitive.poly", "No reader knows"),
        ("3dgi-corpus/invalid/*/invalid_u64_f64_bounds.json", "larger than any place on Earth"),
    ],
)
def test_what_cannot_open_says_why(shared_data: Path, name: str, words: str) -> None:
    (path,) = (shared_data / "cityjson-conformance").glob(name)
    with pytest.raises(ReadError, match=words):
        open_city(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize(
    "name",
    [
        "cityjson/zurich_subset_lod2.v11.city.json",
        "cityjson/delft_3dbag_extension.v11.city.jsonl",
        "cityjson/rotterdam_two_buildings_textures.v0x.zip",
        "footprints/manhattan_buildings_heights.json",
        "footprints/vancouver_blocks.geojson",
        "gltf/VirtualCity.glb",
    ],
)
def test_truncated_files_open_in_part_or_are_refused(
    shared_data: Path, tmp_path: Path, name: str, share: float
) -> None:
    source = shared_data / name
    content = source.read_bytes()
    path = tmp_path / source.name
    path.write_bytes(content[: int(len(content) * share)])
    asset = check(path)
    if name.endswith(".jsonl"):
        assert asset is not None
        assert ("bad-line", 1) in {(w.kind, w.count) for w in asset.warnings}
    else:
        assert asset is None


@pytest.mark.parametrize("what", sorted(RUBBISH))
def test_rubbish_under_every_ending_is_refused(tmp_path: Path, what: str) -> None:
    for suffix in sorted({suffix for reader in READERS for suffix in reader.suffixes}):
        path = tmp_path / f"rubbish{suffix}"
        path.write_bytes(RUBBISH[what])
        assert check(path) is None


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.id)
def test_every_reader_refuses_rubbish_and_its_sniff_never_raises(
    tmp_path: Path, reader: ReaderType
) -> None:
    for number, content in enumerate(RUBBISH.values()):
        path = tmp_path / f"{number}{reader.suffixes[0]}"
        path.write_bytes(content)
        assert reader.sniff(path, content) in (True, False)
        with pytest.raises(ReadError) as caught:
            reader.read(path, ReadOptions(), no_progress)
        assert caught.value.path == path


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.id)
def test_every_reader_refuses_a_file_that_is_gone(tmp_path: Path, reader: ReaderType) -> None:
    with pytest.raises(ReadError):
        reader.read(tmp_path / f"gone{reader.suffixes[0]}", ReadOptions(), no_progress)


def paths_in(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    yield at
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield from paths_in(inner, (*at, key))


def replaced(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    out = copy.copy(value)
    out[at[0]] = replaced(value[at[0]], at[1:], new)
    return out


STRANGE: list[Any] = [
    None, True, -1, 7, 10**30, 1.5, 1e300, "x", "", [], {}, [[]], [[[[[[1]]]]]], [None], {"a": [1]},
    ["x", "y"],
]  # fmt: skip


def test_any_wrong_value_anywhere_in_a_city_is_named_or_refused(tmp_path: Path) -> None:
    city = rich_city()
    places = list(paths_in(city))
    assert len(places) > 300
    for number, at in enumerate(places):
        for new in STRANGE[number % 2 :: 2] if len(at) > 4 else STRANGE:
            check(written(tmp_path, "city.json", replaced(city, at, new)))


def test_any_wrong_value_anywhere_in_footprints_is_named_or_refused(tmp_path: Path) -> None:
    ring = [[4.0, 52.0], [4.001, 52.0], [4.001, 52.001], [4.0, 52.0]]
    plain = [{"height": 12, "polygon": ring}, {"height": "3 m", "polygon": [ring]}]
    collection = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": 1,
                "properties": {"building:levels": "3", "min_height": 2},
                "geometry": {"type": "MultiPolygon", "coordinates": [[ring]]},
            }
        ],
    }
    for name, value in (("list.json", plain), ("map.geojson", collection)):
        assert check(written(tmp_path, name, value)) is not None
        for at in paths_in(value):
            for new in STRANGE:
                check(written(tmp_path, name, replaced(value, at, new)))


@pytest.mark.parametrize("name", ["city.city.json", "map.geojson", "list.json", "city.city.jsonl"])
def test_deleted_keys_are_named_or_refused(tmp_path: Path, name: str) -> None:
    city = rich_city()
    for at in paths_in(city):
        if at and isinstance(at[-1], str):
            value = copy.deepcopy(city)
            inner = value
            for key in at[:-1]:
                inner = inner[key]
            del inner[at[-1]]
            check(written(tmp_path, name, value))


def test_template_bomb_is_refused_in_little_memory(tmp_path: Path) -> None:
    city = rich_city()
    template = city["geometry-templates"]["templates"][0]
    template["boundaries"] = [[[0, 1, 2]]] * 40_000
    template.pop("semantics")
    instance = city["CityObjects"]["tree"]["geometry"][0]
    city["CityObjects"]["tree"]["geometry"] = [instance] * 5_000
    path = written(tmp_path, "bomb.city.json", city)
    tracemalloc.start()
    try:
        with pytest.raises(ReadError, match="corners"):
            open_city(path)
        assert tracemalloc.get_traced_memory()[1] < 256 << 20
    finally:
        tracemalloc.stop()


def test_attribute_bomb_keeps_its_memory(tmp_path: Path) -> None:
    objects = {f"o{n}": {"type": "Building", "attributes": {f"a{n}": n}} for n in range(20_000)}
    city = {"type": "CityJSON", "version": "2.0", "CityObjects": objects, "vertices": []}
    asset = check(written(tmp_path, "wide.city.json", city))
    assert asset is not None
    assert "too-many-attributes" in {warning.kind for warning in asset.warnings}
    assert len(asset.features.attributes) * 20_000 <= 20_000_000


def test_many_features_of_one_id_stay_quick(tmp_path: Path) -> None:
    line = json.dumps(
        {"type": "CityJSONFeature", "id": "a", "CityObjects": {"a": {"type": "Building"}}}
    )
    path = tmp_path / "same.city.jsonl"
    path.write_text("\n".join([line] * 20_000))
    asset = check(path)
    assert asset is not None
    assert asset.features.n_features == 20_000
    assert asset.features.ids[:3] == ("a", "a#2", "a#3")


def test_byte_order_mark_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "marked.city.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(rich_city()).encode())
    assert check(path) is not None


def test_zip_slip_writes_nothing_outside(tmp_path: Path) -> None:
    path = tmp_path / "slip.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../escaped.city.json", json.dumps(rich_city()))
        archive.writestr("/absolute.city.json", json.dumps(rich_city()))
    assert check(path) is None
    assert not list(tmp_path.parent.rglob("escaped*"))


def test_zip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.readers.zipped.MAX_UNPACKED_BYTES", 1 << 20)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"{number}.json", bytes(300 << 10))
    with pytest.raises(ReadError, match="too large"):
        open_city(path)
    assert path.stat().st_size < 10_000
