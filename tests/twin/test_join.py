"""Tables joined to features: by id, by attribute, with what did not match."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.twin.scene_samples import EAST, NORTH, footprints
from twin.city.asset import CityAsset
from twin.city.compose import compose, scene_at
from twin.city.join import join_from_text, joined
from twin.city.scene_file import Join
from twin.errors import ReadError


@pytest.fixture
def city(tmp_path: Path) -> CityAsset:
    places = {"a": (EAST, NORTH), "b": (EAST + 50, NORTH), "7": (EAST + 100, NORTH)}
    return compose(scene_at([footprints(tmp_path / "city.geojson", places)])).asset


def notes(asset: CityAsset) -> dict[str, int]:
    return {note.kind: note.count for note in asset.warnings}


def test_by_id_with_both_kinds_of_leftovers(city: CityAsset, tmp_path: Path) -> None:
    table = tmp_path / "values.csv"
    table.write_text("bid;load;owner\nb;2.5;Ada\n7;4;\nzz;1;Ben\nb;9;Cy\n", encoding="utf-8")
    asset = joined(city, Join(path=str(table), key="bid"), table)
    load = asset.features.attributes["load"]
    assert load.tolist() == pytest.approx([np.nan, 2.5, 4.0], nan_ok=True)
    assert list(asset.features.attributes["owner"])[:2] == [None, "Ada"]
    assert notes(asset) == {"joined": 2, "join-unmatched": 1, "join-repeated": 1}


def test_by_attribute_and_a_name_that_is_taken(city: CityAsset, tmp_path: Path) -> None:
    table = tmp_path / "more.csv"
    table.write_text("name,height\na street,3\nb street,4\n", encoding="utf-8")
    asset = joined(city, Join(path=str(table), key="name", feature_key="street"), table)
    assert asset.features.attributes["more.height"][:2].tolist() == [3.0, 4.0]
    assert asset.features.attributes["height"].tolist() == [10.0, 10.0, 10.0]


def test_parquet_with_numbers_as_keys(city: CityAsset, tmp_path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "values.parquet"
    pyarrow.parquet.write_table(
        pyarrow.table({"id": [7.0, 8.0], "energy": ["A", "B"], "kwh": [12, 13]}), path
    )
    asset = joined(city, Join(path=str(path), key="id"), path)
    assert list(asset.features.attributes["energy"]) == [None, None, "A"]
    assert asset.features.attributes["kwh"][2] == 12.0


def test_a_join_of_the_scene_file(tmp_path: Path) -> None:
    footprints(tmp_path / "city.geojson", {"a": (EAST, NORTH)})
    (tmp_path / "v.csv").write_text("k,v\na,5\n", encoding="utf-8")
    (tmp_path / "scene.toml").write_text(
        '[[source]]\nid = "c"\npath = "city.geojson"\n'
        '[[join]]\nsource = "c"\npath = "v.csv"\nkey = "k"\n',
        encoding="utf-8",
    )
    assert compose(scene_at([tmp_path])).asset.features.attributes["v"].tolist() == [5.0]


@pytest.mark.parametrize(
    ("content", "key", "says"),
    [
        (b"a,b\n1,2\n", "id", "no column 'id'"),
        (b"", "id", "cannot be read"),
        (b"a,b\n1\n2,3,4\n", "a", "cannot be read"),
        (b"\xff\xfe\x00\x01", "a", "(cannot be read|no column)"),
    ],
)
def test_bad_tables_are_one_sentence(
    city: CityAsset, tmp_path: Path, content: bytes, key: str, says: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(ReadError, match=says) as caught:
        joined(city, Join(path=str(path), key=key), path)
    assert "\n" not in str(caught.value)


def test_a_broken_join_leaves_the_scene_open(tmp_path: Path) -> None:
    scene = scene_at([footprints(tmp_path / "city.geojson", {"a": (EAST, NORTH)})])
    scene.joins = (Join(path=str(tmp_path / "none.csv"), key="k"),)
    asset = compose(scene).asset
    assert asset.features.n_features == 1
    assert "join-failed" in notes(asset)


def test_joins_on_the_command_line() -> None:
    assert join_from_text("v.csv:id").key == "id"
    join = join_from_text("C:/data/v.csv:id=street")
    assert (join.key, join.feature_key) == ("id", "street")
    with pytest.raises(ReadError, match="FILE:KEY"):
        join_from_text("v.csv")
