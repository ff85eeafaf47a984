"""Triangles cover exactly their polygons and keep their side."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.city.polygons import Polygons, Triangulation, triangulate

Ring = list[tuple[float, float, float]]


def polygons_of(surfaces: list[list[Ring]]) -> Polygons:
    rings = [ring for surface in surfaces for ring in surface]
    points = np.array([point for ring in rings for point in ring], dtype=float).reshape(-1, 3)
    return Polygons(
        vertices=points,
        corners=np.arange(len(points)),
        ring_sizes=np.array([len(ring) for ring in rings], dtype=np.int64),
        surface_rings=np.array([len(surface) for surface in surfaces], dtype=np.int64),
    )


def area_vectors(polygons: Polygons, found: Triangulation) -> np.ndarray:
    """Sum of the area vectors of each polygon's triangles, (S, 3)."""
    a, b, c = (polygons.vertices[found.corners[:, k]] for k in range(3))
    sums = np.zeros((polygons.n_surfaces, 3))
    np.add.at(sums, found.surfaces, np.cross(b - a, c - a) / 2)
    return sums


def flat(*xy: tuple[float, float]) -> Ring:
    return [(x, y, 0.0) for x, y in xy]


SQUARE = flat((0, 0), (4, 0), (4, 4), (0, 4))
HOLE = flat((1, 1), (1, 3), (3, 3), (3, 1))
DART = flat((0, 0), (4, 0), (1, 1), (0, 4))  # reflex corner at (1, 1)
ELL = flat((0, 0), (4, 0), (4, 1), (1, 1), (1, 4), (0, 4))
COMB = flat((0, 0), (6, 0), (6, 4), (5, 4), (5, 1), (3, 1), (3, 4), (2, 4), (2, 1), (0, 1))


@pytest.mark.parametrize(
    ("surface", "area"),
    [
        ([flat((0, 0), (4, 0), (0, 4))], 8),
        ([SQUARE], 16),
        ([DART], 4),
        ([DART[1:] + DART[:1]], 4),
        ([DART[2:] + DART[:2]], 4),
        ([ELL], 7),
        ([COMB], 12),
        ([SQUARE, HOLE], 12),
        ([SQUARE, HOLE[::-1]], 12),
        ([[*SQUARE, SQUARE[0]]], 16),  # closed, as some writers do
        ([[SQUARE[0], *SQUARE]], 16),
        ([flat((0, 0), (2, 0), (4, 0), (4, 4), (0, 4))], 16),  # a straight corner
    ],
)
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("turned", [False, True])
def test_area_and_side(surface: list[Ring], area: float, axis: int, turned: bool) -> None:
    rings = [[tuple(np.roll(point, axis + 1)) for point in ring] for ring in surface]
    if turned:
        rings = [ring[::-1] for ring in rings]
    polygons = polygons_of([rings])
    found = triangulate(polygons)
    expected = np.zeros(3)
    expected[axis] = -area if turned else area
    np.testing.assert_allclose(area_vectors(polygons, found)[0], expected, atol=1e-9)
    assert found.n_degenerate == 0
    a, b, c = (polygons.vertices[found.corners[:, k]] for k in range(3))
    signed = np.cross(b - a, c - a)[:, axis]
    assert (signed * (-1 if turned else 1) > 0).all()  # hence no triangle overlaps another


def test_many_at_once_keep_their_order_and_their_numbers() -> None:
    surfaces = [[SQUARE], [flat((0, 0), (1, 1), (2, 2))], [SQUARE, HOLE], [], [COMB], [DART]]
    polygons = polygons_of(surfaces)
    found = triangulate(polygons)
    assert (np.diff(found.surfaces) >= 0).all()
    assert found.n_degenerate == 2
    np.testing.assert_allclose(area_vectors(polygons, found)[:, 2], [16, 0, 12, 0, 12, 4])


def test_far_away_polygons_keep_their_area() -> None:
    away = np.array([300_000.0, 5_000_000.0, 100.0])
    polygons = polygons_of([[[tuple(np.array(p) * 0.5 + away) for p in COMB]]])
    found = triangulate(polygons)
    np.testing.assert_allclose(area_vectors(polygons, found)[0], [0, 0, 12 / 4], atol=1e-6)


def test_nothing_gives_nothing() -> None:
    found = triangulate(polygons_of([]))
    assert found.corners.shape == (0, 3)
    assert found.n_degenerate == 0


def test_crossing_and_broken_polygons_do_not_raise() -> None:
    bow_tie = flat((0, 0), (4, 4), (4, 0), (0, 4))
    nowhere = [(float("nan"), 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]
    star = [(np.cos(k * 4 * np.pi / 5), np.sin(k * 4 * np.pi / 5), 0.0) for k in range(5)]
    found = triangulate(polygons_of([[bow_tie], [nowhere], [star], [flat((0, 0), (1, 0))]]))
    assert not np.isin(found.surfaces, [1, 3]).any()


@given(
    st.lists(st.floats(0.5, 10.0), min_size=3, max_size=40),
    st.floats(0, 6.3),
    st.floats(-1.4, 1.4),
)
def test_random_stars_are_covered(radii: list[float], turn: float, tilt: float) -> None:
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False) + turn
    xy = np.array(radii)[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    tilted = np.column_stack([xy[:, 0], xy[:, 1] * np.cos(tilt), xy[:, 1] * np.sin(tilt)])
    polygons = polygons_of([[[tuple(point) for point in tilted]]])
    found = triangulate(polygons)
    x, y = xy.T
    area = float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2)
    covered = np.linalg.norm(area_vectors(polygons, found), axis=1).sum()
    a, b, c = (polygons.vertices[found.corners[:, k]] for k in range(3))
    drawn = float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)
    assert covered == pytest.approx(area, rel=1e-6)
    assert drawn == pytest.approx(area, rel=1e-6)  # no overlaps


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    surfaces = [[SQUARE], [flat((0, 0), (1, 1), (2, 2))], [SQUARE, HOLE], [], [COMB], [DART]]
    whole = triangulate(polygons_of(surfaces))
    for size in (1, 2, 4):
        monkeypatch.setattr("twin.city.polygons.BLOCK_SURFACES", size)
        parts = triangulate(polygons_of(surfaces))
        np.testing.assert_array_equal(parts.corners, whole.corners)
        np.testing.assert_array_equal(parts.surfaces, whole.surfaces)
        np.testing.assert_array_equal(parts.normals, whole.normals)
        assert parts.n_degenerate == whole.n_degenerate
