"""The parts of an import, each against what can be worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city.asset import Surface, TriangleSoup
from twin.city.tally import Tally
from twin.city.text_index import TextIndex, bits_of, write_index
from twin.errors import ReadError
from twin.generate.city import generate_city
from twin.importing import seq_lines
from twin.importing.boxes import boxes_soup, fitted, joined_boxes, merged_boxes
from twin.importing.cutting import clipped, cut
from twin.importing.ground import NOTHING, frame_around, painted, rectangles_soup
from twin.importing.lit import Lit
from twin.importing.morton import DEPTH, Node, morton_numbers, smallest_node
from twin.importing.seq_file import write_city_json_seq
from twin.importing.seq_lines import header_of, line_ranges, read_lines
from twin.importing.seq_plain import plain_part
from twin.importing.welding import weld


def house(
    x: float, y: float, *, turn: float = 0.3, size: tuple[float, float] = (12, 8), high: float = 9
) -> TriangleSoup:
    """A box of walls and a flat roof, turned."""
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float) * np.array(size) / 2
    c, s = math.cos(turn), math.sin(turn)
    ring = signs @ np.array([[c, s], [-s, c]]) + [x, y]
    foot = np.column_stack([ring, np.full(4, 2.0)])
    top = np.column_stack([ring, np.full(4, 2.0 + high)])
    triangles, kinds = [], []
    for k in range(4):
        n = (k + 1) % 4
        triangles += [[foot[k], foot[n], top[n]], [foot[k], top[n], top[k]]]
        kinds += [Surface.WALL] * 2
    triangles += [top[[0, 1, 2]], top[[0, 2, 3]]]
    kinds += [Surface.ROOF] * 2
    return TriangleSoup(
        corners_local_m=np.array(triangles, np.float32),
        features=np.zeros(len(kinds), np.int32),
        surfaces=np.array(kinds, np.uint8),
    )


def area(corners: np.ndarray) -> float:
    a, b, c = (corners[:, k].astype(float) for k in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


PLACES = st.floats(-131_000, 131_000).map(lambda one: round(one, 3))


@settings(deadline=None)
@given(PLACES, PLACES, st.integers(0, DEPTH))
def test_a_place_lies_in_the_square_of_its_number(x: float, y: float, depth: int) -> None:
    number = int(morton_numbers(np.array([[x, y]]))[0])
    node = Node(depth, number >> 2 * (DEPTH - depth))
    assert node.first <= number < node.end
    west, south = node.corner_m
    assert west <= x < west + node.size_m
    assert south <= y < south + node.size_m
    if depth < DEPTH:
        assert sum(child.first <= number < child.end for child in node.children()) == 1


@given(st.integers(0, 4**DEPTH - 1), st.integers(0, 4**DEPTH - 1))
def test_the_smallest_square_around_two(a: int, b: int) -> None:
    node = smallest_node(min(a, b), max(a, b))
    assert node.first <= min(a, b) <= max(a, b) < node.end
    for child in node.children() if node.depth < DEPTH else ():
        assert not child.first <= min(a, b) <= max(a, b) < child.end


def test_a_box_is_found_again() -> None:
    boxes = fitted(house(100, 50))
    assert boxes.centres[0] == pytest.approx([100, 50], abs=1e-4)
    assert sorted(boxes.halves[0]) == pytest.approx([4, 6], abs=1e-4)
    assert abs(boxes.axes[0] @ [math.cos(0.3), math.sin(0.3)]) == pytest.approx(1, abs=1e-6)
    assert (boxes.z_low_m[0], boxes.z_high_m[0]) == pytest.approx((2, 11))
    assert boxes.area_m2[0] == pytest.approx(96, rel=1e-4)
    assert boxes.error_m() < 0.01
    assert area(boxes_soup(boxes).corners_local_m) == pytest.approx(
        area(house(100, 50).corners_local_m), rel=1e-4
    )


def test_a_ridge_counts_as_error_of_the_flat_box() -> None:
    soup = house(0, 0, turn=0, high=6)
    ridge = np.array([[[-6, -4, 8], [6, -4, 8], [6, 0, 11]], [[-6, -4, 8], [6, 0, 11], [-6, 0, 11]],
                      [[6, 4, 8], [-6, 4, 8], [-6, 0, 11]], [[6, 4, 8], [-6, 0, 11], [6, 0, 11]]],
                     np.float32)  # fmt: skip
    pitched = TriangleSoup(
        corners_local_m=np.concatenate([soup.corners_local_m[:8], ridge]),
        features=np.zeros(12, np.int32),
        surfaces=np.array([Surface.WALL] * 8 + [Surface.ROOF] * 4, np.uint8),
    )
    boxes = fitted(pitched)
    assert boxes.z_high_m[0] == pytest.approx(9.5)  # the mean of the roof
    assert 0.5 < boxes.error_m() < 1.6


def test_merged_boxes_keep_ground_and_height() -> None:
    row = [fitted(house(100 + 12.0 * k, 50, turn=0)) for k in range(5)]
    tower = fitted(house(130, 62, turn=0, high=60))
    joined = joined_boxes([*row, tower])
    joined = joined.taken(np.arange(6))
    merged = merged_boxes(joined, 500.0)
    assert len(merged) == 2, "a tower never shares a box with houses"
    low, tall = np.argsort(merged.z_high_m)
    assert merged.merged[low] == 5
    assert merged.area_m2[low] == pytest.approx(5 * 96, rel=1e-4)
    assert sorted(merged.halves[low]) == pytest.approx([4, 30], rel=1e-3)
    assert merged.z_high_m[low] == pytest.approx(11)
    assert merged.z_high_m[tall] == pytest.approx(62)
    assert merged.error_m() < 0.5


def test_far_houses_in_one_box_state_how_far_off_it_is() -> None:
    apart = joined_boxes([fitted(house(100, 50, turn=0)), fitted(house(160, 50, turn=0))])
    merged = merged_boxes(apart, 1000.0)
    assert len(merged) == 1
    assert 4 * merged.halves[0].prod() == pytest.approx(1.15 * 2 * 96, rel=1e-3)
    outer = merged.centres[0, 0] + merged.halves[0].max()
    assert merged.error_m() >= 166 - outer - 1e-6


def test_cutting_and_clipping_keep_the_ground() -> None:
    triangle = np.array([[[-100, 0, 0], [3000, 70, 30], [40, 2000, 0]]], np.float32)
    parts, sources = cut(triangle, 256.0)
    assert area(parts) == pytest.approx(area(triangle), rel=1e-5)
    cells = np.floor(parts[:, :, :2].mean(axis=1) / 256)[:, None]
    assert (parts[:, :, :2] >= cells * 256).all()
    assert (parts[:, :, :2] <= (cells + 1) * 256).all()
    assert (sources == 0).all()
    west, _ = clipped(parts, 0, 1000.0, 1.0)
    east, _ = clipped(parts, 0, 1000.0, -1.0)
    assert west[:, :, 0].max() <= 1000.0
    assert east[:, :, 0].min() >= 1000.0
    assert area(west) + area(east) == pytest.approx(area(triangle), rel=1e-5)


def test_neighbours_that_are_cut_share_every_corner() -> None:
    a, b, c, d = [-310, -90, 4], [2900, 1300, 9], [200, 2500, 1], [2700, -1900, 0]
    one, _ = cut(np.array([[a, b, c]], np.float32), 128.0)
    two, _ = cut(np.array([[b, a, d]], np.float32), 128.0)
    along = np.array(b, float) - a

    def on_the_common_edge(parts: np.ndarray) -> set[bytes]:
        points = parts.reshape(-1, 3)
        off = np.linalg.norm(np.cross(points - a, along), axis=1) / np.linalg.norm(along)
        return {point.tobytes() for point in points[off < 0.01]}

    assert len(on_the_common_edge(one)) > 30
    assert on_the_common_edge(one) == on_the_common_edge(two)


def _slab(x0: float, y0: float, x1: float, y1: float, z: float) -> np.ndarray:
    a, b, c, d = [x0, y0, z], [x1, y0, z], [x1, y1, z], [x0, y1, z]
    return np.array([[a, b, c], [a, c, d]], np.float32)


def test_ground_is_painted_halved_and_drawn() -> None:
    land, water = _slab(-64, -64, 64, 64, 5.0), _slab(-64, -16, 64, 16, 2.0)
    corners = np.concatenate([land, water])
    surfaces = np.array([Surface.TERRAIN] * 2 + [Surface.WATER] * 2, np.uint8)
    frame = frame_around([-64, -64, 2, 64, 64, 5], 32)
    raster = painted(corners, surfaces, frame)
    assert raster.frame.pixel_m == 4.0
    assert (raster.codes == Surface.WATER).sum() == 128 * 32 / 16
    assert (raster.codes == NOTHING).sum() == 0
    coarse = raster.halved().halved()
    assert coarse.frame.pixel_m == 16.0
    assert (coarse.codes == Surface.WATER).sum() == 128 * 32 / 256
    for one in (raster, coarse):
        soup = rectangles_soup(one, 0.5)
        assert soup.n_triangles == 6, "three bands, two triangles each"
        assert area(soup.corners_local_m) == pytest.approx(128 * 128, rel=1e-3)
        wet = soup.corners_local_m[soup.surfaces == Surface.WATER]
        assert (wet[:, :, 2] == 2.0).all()
    up = soup.corners_local_m
    assert (np.cross(up[:, 1] - up[:, 0], up[:, 2] - up[:, 0])[:, 2] > 0).all()


@settings(max_examples=40)
@given(st.integers(-40, 40), st.integers(-40, 40), st.integers(1, 30), st.integers(1, 30))
def test_halving_covers_the_same_ground(column: int, row: int, width: int, height: int) -> None:
    corners = _slab(column, row, column + width, row + height, 1.0)
    surfaces = np.full(2, Surface.ROAD, np.uint8)
    frame = frame_around([column, row, 0, column + width, row + height, 1], 128)
    raster = painted(corners, surfaces, frame)
    assert (raster.codes == Surface.ROAD).sum() * frame.pixel_m**2 == width * height
    half = raster.halved()
    assert half.frame == frame.coarser()
    assert half.codes.shape == (half.frame.n_rows, half.frame.n_columns)
    west, south = half.frame.corner_m
    assert west <= column
    assert south <= row
    assert west + half.frame.n_columns * half.frame.pixel_m >= column + width


def test_welding_joins_only_what_is_alike() -> None:
    soup = house(0, 0, turn=0)
    light = np.repeat(soup.surfaces[:, None] + np.float32(0.5), 3, axis=1).astype(np.float32)
    lit = Lit(corners_local_m=soup.corners_local_m, features=soup.features, code_light=light)
    welded = weld(lit)
    assert len(welded.positions) == 8 + 4  # walls share corners here, the roof's look is another
    points = welded.centre_local_m + welded.steps_m * welded.positions
    assert np.abs(points[welded.triangles] - soup.corners_local_m).max() < welded.steps_m.max()
    two = Lit(
        corners_local_m=np.concatenate([soup.corners_local_m] * 2),
        features=np.repeat(np.array([0, 1], np.int32), soup.n_triangles),
        code_light=np.concatenate([light] * 2),
    )
    assert len(weld(two).positions) == 24


def test_welding_keeps_corners_apart_whose_hashes_are_equal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    soup = house(0, 0, turn=0)
    light = np.repeat(soup.surfaces[:, None] + np.float32(0.5), 3, axis=1).astype(np.float32)
    lit = Lit(corners_local_m=soup.corners_local_m, features=soup.features, code_light=light)
    good = weld(lit)
    monkeypatch.setattr(
        "twin.importing.welding._hashes", lambda places, _looks: np.zeros_like(places)
    )
    bad = weld(lit)
    for one in (good, bad):
        points = one.centre_local_m + one.steps_m * one.positions
        assert np.abs(points[one.triangles] - lit.corners_local_m).max() < one.steps_m.max()
    assert len(bad.positions) > len(good.positions)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lines") / "town.city.jsonl"
    write_city_json_seq(generate_city(700, 3), path)
    return path


def _plain_and_built(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, crs: str = ""
) -> tuple[bool, object, object]:
    """Whether the lines were plain, and both readings."""
    plain: list[bool] = []

    def noted(*arguments: object) -> object:
        part = plain_part(*arguments)  # type: ignore[arg-type]
        plain.append(part is not None)
        return part

    monkeypatch.setattr(seq_lines, "plain_part", noted)
    one = read_lines(path, 0, path.stat().st_size, crs=crs, lod="", tick=lambda: None)
    monkeypatch.setattr(seq_lines, "plain_part", lambda *_: None)
    two = read_lines(path, 0, path.stat().st_size, crs=crs, lod="", tick=lambda: None)
    return plain[0], one, two


def _same(one: object, two: object) -> None:
    assert list(one.features.ids) == list(two.features.ids)
    assert one.features.kind_names == two.features.kind_names
    assert np.array_equal(one.features.kind_codes, two.features.kind_codes)
    assert np.array_equal(one.features.parents, two.features.parents)
    assert np.array_equal(one.soup.corners_local_m, two.soup.corners_local_m)
    assert np.array_equal(one.soup.features, two.soup.features)
    assert np.array_equal(one.soup.surfaces, two.soup.surfaces)
    assert one.origin == two.origin
    assert one.features.attributes.keys() == two.features.attributes.keys()
    for name, column in one.features.attributes.items():
        other = two.features.attributes[name]
        assert column.dtype == other.dtype
        if column.dtype == object:
            assert column.tolist() == other.tolist()
        else:
            assert np.array_equal(column, other, equal_nan=True)


def test_plain_lines_give_what_the_builder_gives(
    lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, one, two = _plain_and_built(lines, monkeypatch)
    assert plain
    assert one.soup.n_triangles > 5000
    _same(one, two)


_ODD = (
    '"attributes":null,', '"attributes":{"a":1,"b":"x","c":null,"d":[1],"e":true},',
    '"attributes":{"a":"text","f":1e400},', '"attributes":{"a":' + "9" * 400 + '},',
    '"parents":["nobody"],', '"attributes":7,', '"children":["x","y"],',
)  # fmt: skip


@pytest.mark.parametrize("odd", _ODD)
@pytest.mark.parametrize(
    "boundaries",
    [
        ('"MultiSurface"', "[[[0,1,2,3]]]", ""),
        ('"Solid"', "[[[[0,1,2]],[[0,2,3]]]]", ',"semantics":{"surfaces":[{"type":"RoofSurface"}],'
         '"values":[[0,0]]}'),
        ('"Solid"', "[[[[0,1,2]]]]", ',"semantics":{"surfaces":[{"type":"RoofSurface"}],'
         '"values":[[null]]}'),
        ('"MultiSurface"', "[[[0,1,7]]]", ""),
        ('"MultiSurface"', "[[[0,1,-2]]]", ""),
        ('"MultiSurface"', "[[[0,1,2]]]", ',"semantics":{"surfaces":[],"values":[3]}'),
        ('"MultiSolid"', "[[[[[0,1,2]]]]]", ""),
        ('"MultiPoint"', "[0,1]", ""),
        ('"MultiSurface"', '"none"', ""),
    ],
)  # fmt: skip
def test_odd_lines_read_the_same_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str, boundaries: tuple[str, str, str]
) -> None:
    kind, rings, semantics = boundaries
    head = '{"type":"CityJSON","version":"2.0","CityObjects":{},"vertices":[],' \
        '"transform":{"scale":[0.1,0.1,0.1],"translate":[5,6,7]}}'  # fmt: skip
    good = (
        '{"type":"CityJSONFeature","id":"g","CityObjects":{"g":{"type":"Building","geometry":'
        '[{"type":"MultiSurface","lod":"1","boundaries":[[[0,1,2]]]}]}},'
        '"vertices":[[0,0,0],[90,0,0],[0,90,5]]}'
    )
    line = (
        '{"type":"CityJSONFeature","id":"b","CityObjects":{"b":{"type":"LandUse",'
        + odd
        + f'"geometry":[{{"type":{kind},"lod":"1","boundaries":{rings}{semantics}}}]}}}},'
        '"vertices":[[0,0,0],[90,0,0],[90,90,0],[0,90,0]]}'
    )
    path = tmp_path / "odd.city.jsonl"
    path.write_text("\n".join([head, good, line, ""]))
    _, one, two = _plain_and_built(path, monkeypatch)
    _same(one, two)


def test_a_file_without_a_header_loses_no_feature(
    tmp_path: Path, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "headless.city.jsonl"
    path.write_bytes(b"".join(lines.read_bytes().splitlines(keepends=True)[1:51]))
    plain, one, two = _plain_and_built(path, monkeypatch)
    assert not plain
    assert len(one.features.ids) == 50
    _same(one, two)


def test_ranges_hold_every_line_once(lines: Path) -> None:
    content = lines.read_bytes()
    ranges = line_ranges(lines, 10_000)
    assert len(ranges) > 10
    assert b"".join(content[a:b] for a, b in ranges) == content
    assert all(content[b - 1 : b] == b"\n" for _, b in ranges)
    ids: list[str] = []
    for first, end in ranges:
        part = read_lines(lines, first, end, crs="", lod="", tick=lambda: None)
        ids += part.features.ids
    assert len(ids) == len(set(ids)) == content.count(b"CityJSONFeature")
    assert header_of(lines).type == "CityJSON"


def test_a_text_index_leaves_no_hit_out(tmp_path: Path) -> None:
    groups = [["12 Mill Lane", "Tower Bridge", None], ["Ölmühle", "x"], ["", "12 MILL STREET"]]
    write_index(tmp_path / "a.find", [bits_of([pa.array(one)]) for one in groups])
    index = TextIndex(tmp_path / "a.find", 3)
    assert index.groups_with("mill").tolist() == [True, False, True]
    assert index.groups_with("mill lane").tolist() == [True, False, False]
    assert index.groups_with("ÖLMÜHLE").tolist() == [False, True, False]
    assert index.groups_with("x").tolist() == [True, True, True]  # too short to tell
    with pytest.raises(ReadError):
        TextIndex(tmp_path / "a.find", 4)
    (tmp_path / "a.find").write_bytes(b"nonsense of more than twelve bytes")
    with pytest.raises(ReadError):
        TextIndex(tmp_path / "a.find", 3)


def test_odd_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.city.jsonl"
    path.write_text('{"type":"CityJSON","version":"2.0","CityObjects":{},"vertices":[],'
                    '"transform":{"scale":[1,1,1],"translate":[0,0,0]}}\nnot json\n')  # fmt: skip
    part = read_lines(path, 0, path.stat().st_size, crs="", lod="", tick=lambda: None)
    assert isinstance(part.tally, Tally)
    assert "bad-line" in {one.kind for one in part.tally.warnings()}
