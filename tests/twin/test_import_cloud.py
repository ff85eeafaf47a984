"""Point clouds become tiles: every point is there once, coarse tiles are samples of the whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.twin.imported import nodes, quiet
from twin.city.compose import compose, scene_at
from twin.errors import TwinError
from twin.importing import cloud as clouds
from twin.importing.cloud import chances, level_shares
from twin.importing.job import ImportRefusedError, import_city
from twin.importing.sources import import_sources
from twin.importing.tasks import CancelledError
from twin.tiles.tileset import TilesetSource, open_tileset

laspy = pytest.importorskip("laspy")
EAST, NORTH = 78_600.0, 457_900.0


def survey(path: Path, n: int, *, epsg: int = 28992, with_rgb: bool = True) -> np.ndarray:
    """A level survey with a heap of a third of its points in one place; its (n, 3) local points."""
    import pyproj

    rng = np.random.default_rng(4)
    xyz = rng.uniform((-300, -200, 0), (300, 200, 8), (n, 3))
    xyz[: n // 3] = rng.normal((50, 20, 10), (3, 3, 2), (n // 3, 3))
    header = laspy.LasHeader(point_format=7 if with_rgb else 6, version="1.4")
    header.scales, header.offsets = [0.001] * 3, [EAST, NORTH, 0.0]
    header.add_crs(pyproj.CRS.from_epsg(epsg))
    data = laspy.LasData(header)
    data.x, data.y, data.z = xyz[:, 0] + EAST, xyz[:, 1] + NORTH, xyz[:, 2]
    data.classification = np.where(np.arange(n) < n // 3, 6, 2).astype(np.uint8)
    if with_rgb:
        data.red = np.full(n, 200 << 8, np.uint16)
        data.green = np.full(n, 40 << 8, np.uint16)
    data.write(path)
    return xyz


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clouds, "KEPT", 500)
    monkeypatch.setattr(clouds, "MOST", 1500)


def taken(source: TilesetSource) -> list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """Level, points, colours and classes of each tile."""
    out, waiting = [], [(0, source.root)]
    while waiting:
        level, node = waiting.pop()
        waiting += [(level + 1, child) for child in node.children]
        if node.contents:
            points = source.load(node, lambda: False).points
            assert points is not None
            assert points.classes is not None
            out.append((level, points.xyz_local_m, points.rgb, points.classes))
    return out


@pytest.mark.usefixtures("small_tiles")
def test_every_point_is_in_one_tile_with_its_colour_and_class(tmp_path: Path) -> None:
    given = survey(tmp_path / "survey.las", 20_000)
    folder = tmp_path / "city"
    report = import_city(import_sources((str(tmp_path / "survey.las"),)), folder, told=quiet)
    assert (report.n_points, report.crs) == (20_000, "EPSG:28992")
    source = open_tileset(folder / "tileset.json", None)
    try:
        tiles = taken(source)
        shift = np.array([source.origin.east_m - EAST, source.origin.north_m - NORTH, 0.0])
    finally:
        source.close()
    assert len(tiles) == report.n_tiles > 20
    assert max(len(points) for _, points, _, _ in tiles) <= 1500
    got = np.concatenate([points for _, points, _, _ in tiles]) + shift
    order, wanted = (np.lexsort(np.round(one, 1).T) for one in (got, given))
    assert len(got) == len(given)
    assert np.abs(got[order].mean(axis=0) - given[wanted].mean(axis=0)).max() < 1e-3
    for axis in range(3):  # the same places, whatever their order
        assert np.abs(np.sort(got[:, axis]) - np.sort(given[:, axis])).max() < 0.02
    assert {tuple(colour) for _, _, rgb, _ in tiles for colour in rgb} == {(200, 40, 0)}
    kinds = np.concatenate([one for _, _, _, one in tiles])
    assert (kinds == 6).sum() == 20_000 // 3
    top = [points for level, points, _, _ in tiles if level == 0]
    spread = np.concatenate(top)[:, :2]
    assert (np.ptp(spread, axis=0) > (500, 330)).all()  # the coarsest tile shows the whole


@pytest.mark.usefixtures("small_tiles")
def test_the_tree_keeps_the_rules_and_opens_as_a_scene(tmp_path: Path) -> None:
    survey(tmp_path / "survey.laz", 8_000, with_rgb=False)
    folder = tmp_path / "city"
    import_city(import_sources((str(tmp_path / "survey.laz"),)), folder, told=quiet)
    tree = nodes(folder / "tileset.json")
    assert json.loads((folder / "tileset.json").read_bytes())["root"]["refine"] == "ADD"
    for one in tree:
        assert (one.tile["geometricError"] == 0) == ("children" not in one.tile)
        if one.parent is not None:
            assert one.parent.tile["geometricError"] > one.tile["geometricError"]
            assert (one.parent.box[:3] <= one.box[:3] + 2e-3).all()
            assert (one.parent.box[3:] >= one.box[3:] - 2e-3).all()
    assert not (folder / ".import").exists()
    composed = compose(scene_at([folder]))
    assert [stream.title for stream in composed.streams] == ["survey"]
    for stream in composed.streams:
        stream.close()


def test_a_cloud_is_imported_alone_and_from_metres(tmp_path: Path) -> None:
    survey(tmp_path / "a.las", 200)
    (tmp_path / "b.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    both = import_sources((str(tmp_path / "a.las"), str(tmp_path / "b.geojson")))
    with pytest.raises(ImportRefusedError, match="a folder of its own"):
        import_city(both, tmp_path / "both", told=quiet)
    assert not (tmp_path / "both").exists()
    survey(tmp_path / "degrees.las", 200, epsg=4979)
    with pytest.raises(TwinError):
        import_city(import_sources((str(tmp_path / "degrees.las"),)), tmp_path / "out", told=quiet)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_is_cut_off_is_refused_or_imported_as_far_as_it_goes(
    tmp_path: Path, share: float
) -> None:
    path = tmp_path / "cut.las"
    survey(path, 3_000)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    report = import_city(import_sources((str(path),)), tmp_path / "city", told=quiet)
    assert 0 < report.n_points < 3_000


def test_it_can_be_stopped(tmp_path: Path) -> None:
    survey(tmp_path / "a.las", 2_000)
    sources = import_sources((str(tmp_path / "a.las"),))
    with pytest.raises(CancelledError):
        import_city(sources, tmp_path / "city", told=quiet, stopped=lambda: True)
    assert not (tmp_path / "city" / "tileset.json").exists()
    assert import_city(sources, tmp_path / "city", told=quiet).n_points == 2_000


def test_chances_are_even_and_levels_hold_four_times_as_many() -> None:
    found = np.concatenate([chances(0, 50_000), chances(50_000, 50_000)])
    assert np.array_equal(found, chances(0, 100_000))
    assert np.abs(np.histogram(found, 20, (0, 1))[0] / 5_000 - 1).max() < 0.06
    shares = level_shares(30_000 * 21)
    assert shares.tolist() == pytest.approx([1 / 21, 5 / 21, 1.0])
