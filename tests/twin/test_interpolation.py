"""Fields between points: exact at the points, within their range, nothing beyond their reach."""

import numpy as np
import pytest

from twin.analysis.interpolation import METHODS, Interpolation, hull_of, raster_around

POINTS = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0], [100.0, 100.0], [50.0, 40.0]])


def cell_of(raster, x, y):
    return int((y - raster.south_m) / raster.cell_m), int((x - raster.west_m) / raster.cell_m)


@pytest.mark.parametrize("method", METHODS)
def test_a_field_meets_its_points_and_stays_between_them(method):
    raster = raster_around(POINTS, 60.0)
    values = np.array([1.0, 2.0, 3.0, 4.0, 9.0])
    field = Interpolation(POINTS, 60.0, method, raster).field(values)
    assert field.shape == (raster.n_rows, raster.n_columns)
    assert field[cell_of(raster, 50.0, 40.0)] == pytest.approx(9.0, abs=0.4)
    known = field[np.isfinite(field)]
    assert known.min() >= 1.0 - 1e-5
    assert known.max() <= 9.0 + 1e-5


def test_triangles_are_linear_and_end_at_the_hull():
    raster = raster_around(POINTS, 200.0)
    plane = POINTS @ np.array([0.02, 0.03]) + 1.0
    field = Interpolation(POINTS, 200.0, "triangles", raster).field(plane)
    x, y = raster.middles_m()
    expected = x[None] * 0.02 + y[:, None] * 0.03 + 1.0
    inside = (x[None] > 1) & (x[None] < 99) & (y[:, None] > 1) & (y[:, None] < 99)
    assert np.allclose(field[inside], expected[inside], atol=1e-4)
    assert np.isnan(field[cell_of(raster, 50.0, -20.0)])


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_said_beyond_the_reach(method):
    far = np.array([[0.0, 0.0], [400.0, 0.0], [0.0, 400.0]])
    raster = raster_around(far, 80.0)
    field = Interpolation(far, 80.0, method, raster).field(np.ones(3))
    assert np.isnan(field[cell_of(raster, 150.0, 150.0)])
    x, y = raster.middles_m()
    away = np.min([np.hypot(x[None] - px, y[:, None] - py) for px, py in far], axis=0)
    assert not np.isfinite(field[away > 80.0]).any()


def test_one_point_speaks_for_its_circle():
    one = np.array([[10.0, 20.0]])
    raster = raster_around(one, 50.0)
    field = Interpolation(one, 50.0, "inverse distance", raster).field(np.array([7.0]))
    assert np.isfinite(field).mean() == pytest.approx(np.pi / 4, abs=0.01)
    assert np.nanmin(field) == np.nanmax(field) == 7.0
    assert np.isnan(Interpolation(one, 50.0, "triangles", raster).field(np.array([7.0]))).all()


def test_the_hull_closes_and_points_on_a_line_have_none():
    hull = hull_of(POINTS)
    assert hull[0].tolist() == hull[-1].tolist()
    assert {tuple(corner) for corner in hull} == {(0, 0), (100, 0), (0, 100), (100, 100)}
    assert len(hull_of(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]))) == 0
