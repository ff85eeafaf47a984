"""Roofs: closed bodies of the right volume over any outline, whatever their shape."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from twin.city.asset import Surface, TriangleSoup
from twin.city.roof_shapes import Bodies, RoofShape, solids

RECTANGLE = shapely.box(0, 0, 10, 6)
ANGLE = shapely.Polygon([(0, 0), (20, 0), (20, 8), (8, 8), (8, 20), (0, 20)])
COURT = shapely.Polygon(
    [(0, 0), (30, 0), (30, 30), (0, 30)], [[(9, 9), (9, 20), (21, 20), (21, 9)]]
)
TOP_M, RISE_M = 9.0, 3.0


def made(
    *polygons: shapely.Polygon,
    shape: RoofShape,
    base: float = 0.0,
    ridge: float = np.nan,
    across: bool = False,
) -> tuple[TriangleSoup, int]:
    n = len(polygons)
    return solids(
        Bodies(
            polygons=np.array(polygons, dtype=object),
            features=np.arange(n, dtype=np.int32),
            base_m=np.full(n, base),
            top_m=np.full(n, TOP_M),
            rise_m=np.full(n, 0.0 if shape == RoofShape.FLAT else RISE_M),
            shapes=np.full(n, shape, dtype=np.uint8),
            ridge_rad=np.full(n, ridge),
            across=np.full(n, across),
        )
    )


def volume(soup: TriangleSoup) -> float:
    """By the divergence theorem; a floor at z = 0 adds nothing."""
    a, b, c = (soup.corners_local_m[:, k].astype(float) for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def areas(soup: TriangleSoup) -> np.ndarray:
    a, b, c = (soup.corners_local_m[:, k].astype(float) for k in range(3))
    return np.cross(b - a, c - a) / 2


@pytest.mark.parametrize("shape", list(RoofShape))
@pytest.mark.parametrize("outline", [RECTANGLE, ANGLE, COURT], ids=["box", "angle", "court"])
@pytest.mark.parametrize("turn", [0.0, 33.0])
def test_every_body_is_closed_and_its_roof_covers_the_outline(
    shape: RoofShape, outline: shapely.Polygon, turn: float
) -> None:
    polygon = shapely.affinity.rotate(outline, turn, origin=(0, 0))
    soup, _ = made(polygon, shape=shape)
    faces = areas(soup)
    roof = soup.surfaces == Surface.ROOF
    assert faces[roof, 2].sum() == pytest.approx(polygon.area, rel=1e-4)
    assert (faces[roof, 2] > -1e-4).all()  # looks up
    closed = faces.sum(axis=0) - [0, 0, polygon.area]  # with its floor
    assert np.abs(closed).max() < 1e-3 * polygon.area
    heights = soup.corners_local_m[:, :, 2]
    assert heights.max() <= TOP_M + 1e-3
    if outline is RECTANGLE:
        assert heights.max() == pytest.approx(TOP_M, abs=1e-3)
    low = TOP_M - RISE_M if shape != RoofShape.FLAT else TOP_M
    assert heights[roof].min() >= low - 1e-3


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (RoofShape.FLAT, 540.0),
        (RoofShape.GABLED, 360 + 90),
        (RoofShape.SKILLION, 360 + 90),
        (RoofShape.PYRAMIDAL, 360 + 60),
        (RoofShape.HIPPED, 360 + 3 * 6 / 2 * 4 + 36 * 3 / 3),
    ],
)
def test_volumes_over_a_rectangle(shape: RoofShape, expected: float) -> None:
    soup, _ = made(RECTANGLE, shape=shape)
    assert volume(soup) == pytest.approx(expected, rel=1e-4)


def ridge_ends(soup: TriangleSoup) -> np.ndarray:
    points = soup.corners_local_m.reshape(-1, 3)
    return np.unique(points[points[:, 2] > TOP_M - 1e-3, :2].round(3), axis=0)


def test_ridge_runs_along_the_longer_side_unless_told() -> None:
    assert np.ptp(ridge_ends(made(RECTANGLE, shape=RoofShape.GABLED)[0]), axis=0).tolist() == [
        10,
        0,
    ]
    across = made(RECTANGLE, shape=RoofShape.GABLED, across=True)[0]
    assert np.ptp(ridge_ends(across), axis=0).tolist() == [0, 6]
    told = made(RECTANGLE, shape=RoofShape.GABLED, ridge=np.pi / 2)[0]
    assert np.ptp(ridge_ends(told), axis=0) == pytest.approx([0, 6], abs=1e-3)


def test_skillion_is_high_on_the_left_of_its_ridge() -> None:
    soup, _ = made(RECTANGLE, shape=RoofShape.SKILLION, ridge=0.0)
    assert set(ridge_ends(soup)[:, 1].tolist()) == {6.0}


def test_what_hangs_has_an_underside() -> None:
    soup, _ = made(RECTANGLE, shape=RoofShape.FLAT, base=3.0)
    below = soup.surfaces == Surface.GROUND
    assert areas(soup)[below, 2].sum() == pytest.approx(-60)
    assert np.abs(areas(soup).sum(axis=0)).max() < 1e-6  # closed by itself
    assert (soup.corners_local_m[below][:, :, 2] == 3.0).all()


def test_many_at_once_keep_their_features() -> None:
    boxes = [shapely.box(20 * k, 0, 20 * k + 10, 6) for k in range(50)]
    soup, count = made(*boxes, shape=RoofShape.HIPPED)
    assert sorted(set(soup.features.tolist())) == list(range(50))
    for k in (0, 17, 49):
        x = soup.corners_local_m[soup.features == k][:, :, 0]
        assert (x.min(), x.max()) == (20 * k, 20 * k + 10)
    assert count == 50 * 8


def test_nothing_gives_nothing() -> None:
    soup, count = made(shape=RoofShape.FLAT)
    assert (soup.n_triangles, count) == (0, 0)
