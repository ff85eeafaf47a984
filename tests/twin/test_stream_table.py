"""The feature table beside a streamed city."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from twin.city.asset import FeatureTable
from twin.city.feature_file import FIXED
from twin.city.resident_range import ResidentRange
from twin.city.residents import ResidentFeatures
from twin.city.stream_table import table_beside
from twin.errors import ReadError


@pytest.fixture
def folder(tmp_path):
    """Ten features in row groups of four."""
    n = 10
    columns = {name: np.zeros(n, np.float32) for name in FIXED[3:]}
    columns |= {
        "id": [f"f{i}" for i in range(n)],
        "kind": ["Building"] * n,
        "parent": np.full(n, -1, np.int32),
        "height": np.arange(n) * 2.0,
        "use": [None if i % 2 else f"use {i}" for i in range(n)],
    }
    table = pa.table({name: columns[name] for name in (*FIXED, "height", "use")})
    pq.write_table(table, tmp_path / "features.parquet", row_group_size=4)
    return tmp_path


def test_values_come_in_the_order_asked_for_over_row_groups(folder):
    table = table_beside(folder)
    assert set(table.columns) == {"height", "use"}
    assert table.statistics("height") is None  # nobody has asked: it would block
    rows = np.array([9, 0, 5, 4_294_967_295, -1])
    assert table.values("height", rows).tolist()[:3] == [18.0, 0.0, 10.0]
    assert np.isnan(table.values("height", rows)[3:]).all()
    assert table.values("use", rows).tolist() == [None, "use 0", None, None, None]
    assert table.statistics("height") == (0.0, 18.0)
    assert table.statistics("use") is None
    assert table.attributes_of(4)["use"] == "use 4"
    assert table.attributes_of(4_294_967_295) == {}
    table.close()


def test_a_range_is_completed_from_it(folder):
    features = ResidentFeatures()
    table = FeatureTable(
        ids=["f3", "f8", "ground"],
        kind_names=("Building",),
        kind_codes=np.zeros(3, np.uint16),
        parents=np.full(3, -1, np.int32),
        bounds_min_max_local_m=np.zeros((3, 6), np.float32),
        attributes={"row": np.array([3.0, 8.0, np.nan])},
    )
    rows = ResidentRange(features.reserve(3), table, "city")
    features.admit(rows)
    features.set_table("city", table_beside(folder))
    assert np.isnan(features.attributes["height"]).all()  # and asks for it
    assert features.lacking(rows) == ("height",)
    features.exchange(features.completed(rows))
    assert features.attributes["height"].tolist()[:2] == [6.0, 16.0]
    assert np.isnan(features.attributes["height"][2])
    assert features.attributes_of(1) == {"height": 16.0, "use": "use 8"}


def test_a_folder_without_a_table_has_none_and_a_broken_one_is_named(tmp_path):
    assert table_beside(tmp_path) is None
    assert table_beside(None) is None
    (tmp_path / "features.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(ReadError, match="feature table"):
        table_beside(tmp_path)
