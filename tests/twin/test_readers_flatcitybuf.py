"""FlatCityBuf: a file written with the library's own generated code, whole and cut off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("flatcitybuf", reason="needs the extra 'formats'")

from tests.twin.fcb_town import write_town
from twin.errors import ReadError
from twin.readers.base import open_city


def test_a_town_opens_with_ids_attributes_crs_and_bodies(tmp_path: Path) -> None:
    path = tmp_path / "town.fcb"
    write_town(path)
    city = open_city(path)
    assert (city.format, city.version, city.source_crs) == ("FlatCityBuf", "2.0", "EPSG:28992")
    assert city.features.ids == ("house-0", "house-1", "house-2")
    assert city.counts["Building"] == 3
    assert city.lods == ("1.2",)
    assert city.n_surfaces == 18
    assert city.soup.n_triangles == 36
    assert city.features.attributes["height"].tolist() == [10.0, 11.0, 12.0]
    widths = np.diff(np.array(city.source_bounds).reshape(2, 3), axis=0)[0]
    assert widths.tolist() == [45.0, 5.0, 5.0]
    assert city.warnings == ()


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_a_cut_off_file_shows_what_is_there(tmp_path: Path, share: float) -> None:
    path = tmp_path / "town.fcb"
    write_town(path, n_buildings=20)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    city = open_city(path)
    assert {warning.kind for warning in city.warnings} == {"truncated"}
    assert 0 < city.features.n_features < 20


def test_a_file_cut_off_in_its_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "town.fcb"
    write_town(path)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ReadError, match="sound FlatCityBuf"):
        open_city(path)


def test_a_feature_that_claims_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "town.fcb"
    write_town(path, n_buildings=1)
    content = path.read_bytes()
    header_end = 12 + int.from_bytes(content[8:12], "little")
    path.write_bytes(content[:header_end] + b"\xff\xff\xff\x7f" + content[header_end + 4 :])
    with pytest.raises(ReadError, match="sound FlatCityBuf"):
        open_city(path)
