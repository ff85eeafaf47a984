"""Point clouds: positions, colours and classes survive; thinning and damage are said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.errors import ReadError
from twin.readers import las
from twin.readers.base import open_city

laspy = pytest.importorskip("laspy", reason="the formats extra is not installed")

N_POINTS = 120_000


def cloud(path: Path, *, crs: str = "EPSG:7415", n: int = N_POINTS) -> Path:
    """A wavy square of 300 m near The Hague, with colours and three classes."""
    import pyproj

    rng = np.random.default_rng(3)
    header = laspy.LasHeader(point_format=7, version="1.4")
    header.offsets, header.scales = [78_000, 457_000, 0], [0.001] * 3
    if crs:
        header.add_crs(pyproj.CRS(crs))
    record = laspy.LasData(header)
    x, y = rng.uniform(0, 300, (2, n))
    record.x, record.y, record.z = 78_400 + x, 457_700 + y, 5 + np.sin(x / 30)
    record.classification = rng.choice([2, 6, 9], n)
    record.red = np.full(n, 51_200, np.uint16)
    record.green = record.blue = np.full(n, 256, np.uint16)
    record.write(path)
    return path


@pytest.mark.parametrize("name", ["a.las", "a.laz"])
def test_points_colours_and_classes(tmp_path: Path, name: str) -> None:
    asset = open_city(cloud(tmp_path / name))
    points = asset.points
    assert points is not None
    assert (asset.counts, points.n_points) == ({"points": N_POINTS}, N_POINTS)
    assert asset.origin.crs == "EPSG:7415"
    assert points.rgb is not None
    assert points.rgb[0].tolist() == [200, 1, 1]
    assert points.classes is not None
    assert set(np.unique(points.classes)) == {2, 6, 9}
    east = points.xyz_local_m[:, 0].astype(float) + asset.origin.east_m
    up = points.xyz_local_m[:, 2] + asset.origin.height_m
    assert np.abs(up - (5 + np.sin((east - 78_400) / 30))).max() < 0.01
    assert asset.warnings == ()


def test_a_large_cloud_is_thinned_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(las, "MOST_POINTS", 10_000)
    asset = open_city(cloud(tmp_path / "a.laz"))
    assert asset.points is not None
    assert asset.points.n_points == 10_000
    assert asset.counts == {"points": N_POINTS}
    thinned = next(one for one in asset.warnings if one.kind == "thinned")
    assert "10,000 of 120,000" in thinned.message
    quarter = np.count_nonzero(asset.points.xyz_local_m[:, 0] < 0) / 10_000
    assert quarter == pytest.approx(0.5, abs=0.03)


def test_a_cloud_without_a_crs_is_not_georeferenced(tmp_path: Path) -> None:
    asset = open_city(cloud(tmp_path / "a.las", crs="", n=100))
    assert asset.origin.crs is None
    assert "no-crs" in {one.kind for one in asset.warnings}


@pytest.mark.parametrize("name", ["a.las", "a.laz"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_what_is_cut_off_opens_with_a_warning_or_says_so(
    tmp_path: Path, name: str, share: float
) -> None:
    whole = cloud(tmp_path / name).read_bytes()
    path = tmp_path / f"cut-{name}"
    path.write_bytes(whole[: int(len(whole) * share)])
    if name.endswith(".laz"):  # its packed blocks are read whole: the first is already torn
        with pytest.raises(ReadError, match="cut off"):
            open_city(path)
        return
    asset = open_city(path)
    assert "cut-off" in {one.kind for one in asset.warnings}
    assert asset.points is not None
    assert 0 < asset.points.n_points < N_POINTS


@pytest.mark.parametrize(
    "content", [b"LASF", b"LASF" + bytes(400), b"LASF" + b"\xff" * 400, b"LASF" + b"\x01" * 4000]
)
def test_rubbish_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.las"
    path.write_bytes(content)
    with pytest.raises(ReadError):
        open_city(path)
