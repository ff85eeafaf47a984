"""Measures, cuts, sun, samples, profiles and camera paths against hand-made figures."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twin.box_city import BOX_M, HEIGHT_M, city_of_boxes
from twin.analysis.camera_path import CameraPath, Stop
from twin.analysis.cut import Plane, cap_of, cut_lines
from twin.analysis.finding import Finding, Row
from twin.analysis.measures import angle_deg, path_rows, plan_area_m2, surface_area_m2
from twin.analysis.pose import Pose
from twin.analysis.profile import Drop, curve_along, profile_rows
from twin.analysis.sampling import surface_samples
from twin.analysis.sun import SkyPlace, moment_of, place_of_city, rise_and_set, sun_at
from twin.city.frames import Origin


def test_areas_and_angles_of_a_roof_face():
    roof = np.array([[0, 0, 0], [10, 0, 0], [10, 4, 3], [0, 4, 3]], float)
    assert plan_area_m2(roof) == pytest.approx(40.0)
    assert surface_area_m2(roof) == pytest.approx(50.0)  # 10 x 5 along the slope
    assert angle_deg(roof[0], roof[1], roof[2]) == pytest.approx(90.0)
    assert math.isnan(angle_deg(roof[0], roof[0], roof[1]))


@given(turn=st.floats(0, 6.3), east=st.floats(-1e5, 1e5), north=st.floats(-1e5, 1e5))
def test_an_area_does_not_depend_on_where_it_lies(turn, east, north):
    ring = np.array([[0, 0, 0], [30, 0, 0], [30, 20, 5], [0, 20, 5]], float)
    cos, sin = math.cos(turn), math.sin(turn)
    moved = ring @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]]) + [east, north, 7.0]
    assert plan_area_m2(moved) == pytest.approx(600.0, rel=1e-6)
    assert surface_area_m2(moved) == pytest.approx(surface_area_m2(ring), rel=1e-6)


def test_rows_of_a_path_tell_distance_height_and_area():
    rows = {row.name: row for row in path_rows(np.array([[0, 0, 0], [3, 4, 12.0]]))}
    assert rows["Distance"] == Row("Distance", "13.00", "m")
    assert rows["Horizontal"].value == "5.00"
    assert rows["Height"].value == "+12.00"
    assert "Area on the map" not in rows
    assert path_rows(np.zeros((1, 3))) == ()
    assert Finding(rows=tuple(rows.values())).text.splitlines()[0] == "Distance\t13.00\tm"


def boxes():
    soup = city_of_boxes().soup
    return soup.corners_local_m, soup.features


def test_a_level_cut_through_boxes_gives_their_area():
    cap = cap_of(*boxes(), Plane(np.array([0.0, 0.0, 1.0]), HEIGHT_M / 2))
    assert cap.area_m2 == pytest.approx(9 * BOX_M**2, rel=1e-6)
    assert cap.n_open == 0
    edges = cap.triangles[:, 1:, :2] - cap.triangles[:, :1, :2]
    area = 0.5 * np.abs(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]).sum()
    assert area == pytest.approx(cap.area_m2, rel=1e-6)
    assert np.allclose(cap.triangles[:, :, 2], HEIGHT_M / 2)


def test_boxes_without_floor_stay_open_in_an_upright_cut():
    plane = Plane(np.array([1.0, 0.0, 0.0]), 3.0)
    cap = cap_of(*boxes(), plane)
    assert cap.n_open == 3
    assert cap.area_m2 == 0.0
    assert np.linalg.norm(cap.lines[:, 1] - cap.lines[:, 0], axis=1).sum() == pytest.approx(
        3 * (2 * HEIGHT_M + BOX_M), rel=1e-6
    )


def test_other_planes_cut_caps_and_lines_off():
    half = Plane(np.array([1.0, 0.0, 0.0]), 0.0)  # what lies east goes away
    cap = cap_of(*boxes(), Plane(np.array([0.0, 0.0, 1.0]), 10.0), (half,))
    assert cap.area_m2 == pytest.approx(4.5 * BOX_M**2, rel=1e-6)
    assert cap.lines[:, :, 0].max() <= 1e-9
    assert cap.triangles[:, :, 0].max() <= 1e-9


@given(st.floats(-80, 80), st.floats(0, 3.1))
def test_lines_of_a_cut_lie_in_the_plane(offset, turn):
    plane = Plane(np.array([math.cos(turn), math.sin(turn), 0.0]), offset)
    lines, owners = cut_lines(*boxes(), plane)
    assert len(lines) == len(owners)
    assert np.abs(plane.distance_m(lines)).max(initial=0.0) < 1e-6


def test_a_cut_beside_everything_is_empty():
    cap = cap_of(*boxes(), Plane(np.array([0.0, 0.0, 1.0]), 900.0))
    assert cap.area_m2 == 0.0
    assert len(cap.lines) == len(cap.triangles) == 0


@pytest.mark.parametrize("lat", [-60.0, 0.0, 52.1])
def test_the_noon_sun_stands_as_high_as_latitude_and_declination_say(lat):
    place = SkyPlace(lat_deg=lat, lon_deg=0.0)
    equinox = datetime(2026, 3, 20, 14, 46, tzinfo=UTC)  # declination 0
    noon = max(
        (sun_at(moment_of(equinox.date(), 11 + k / 60, 0.0), place) for k in range(120)),
        key=lambda sun: sun.elevation_rad,
    )
    assert math.degrees(noon.elevation_rad) == pytest.approx(90 - abs(lat), abs=0.3)
    if lat > 1:
        assert math.degrees(noon.azimuth_rad) == pytest.approx(180.0, abs=1.0)
        assert noon.direction()[1] < 0  # towards the south


def test_days_without_sunrise_have_none():
    zone = UTC
    assert rise_and_set(date(2026, 6, 21), zone, SkyPlace(lat_deg=78.0, lon_deg=15.0)) is None
    rise, down = rise_and_set(date(2026, 6, 21), zone, SkyPlace(lat_deg=52.0, lon_deg=5.0))
    assert rise < down


def test_the_hague_knows_its_place_and_how_its_grid_is_turned():
    origin = Origin(crs="EPSG:28992", east_m=78642.0, north_m=457941.0, height_m=0.0)
    place = place_of_city(origin, np.zeros(3))
    assert (place.lat_deg, place.lon_deg) == (
        pytest.approx(52.104, abs=0.01),
        pytest.approx(4.273, abs=0.01),
    )
    assert abs(math.degrees(place.turn_rad)) == pytest.approx(0.88, abs=0.15)
    assert not place_of_city(Origin(crs=None), np.zeros(3)).known


def test_samples_stand_for_equal_areas():
    corners, _ = boxes()
    surfaces = city_of_boxes().soup.surfaces
    samples = surface_samples(corners, surfaces, 4000)
    whole = 9 * (BOX_M**2 + 4 * BOX_M * HEIGHT_M)
    assert samples.area_each_m2 * 4000 == pytest.approx(whole, rel=1e-5)
    roofs, error = samples.area_m2(samples.surfaces == surfaces.max())
    assert abs(roofs - 9 * BOX_M**2) < 4 * error
    assert 0 < error < 0.1 * whole
    again = surface_samples(corners, surfaces, 4000)
    assert np.array_equal(samples.points_m, again.points_m)
    assert len(surface_samples(corners[:0], surfaces[:0], 10).points_m) == 0


def test_a_profile_follows_its_line():
    path = np.array([[0, 0, 9], [30, 40, 9], [30, 100, 9.0]])
    curve = curve_along(path, lambda x, y: Drop(10.0 + x, 10.0 if y < 60 else 12.0), 5.0)
    assert curve.distance_m[-1] == pytest.approx(110.0)
    assert curve.heights_m["Surface"].max() == pytest.approx(45.0)
    assert curve.xyz_local_m[:, 2].max() == pytest.approx(40.0)
    rows = {row.name: row.value for row in profile_rows(curve)}
    assert rows["Surface highest"] == "45.00"
    assert (rows["Ground climbs"], rows["Ground falls"]) == ("2.00", "0.00")


def pose(x, azimuth=0.0, distance=100.0):
    return Pose(focal_m=(x, 0.0, 0.0), distance_m=distance, azimuth_rad=azimuth, elevation_rad=0.5)


def test_a_camera_path_reaches_its_stops_on_time_and_rests_there():
    path = CameraPath(
        [Stop(pose(0), 0, 1), Stop(pose(50, distance=400.0), 4, 2), Stop(pose(80), 3, 0)]
    )
    assert path.arrivals_s == (0.0, 5.0, 10.0)
    assert path.duration_s == 10.0
    assert path.at(5.0).distance_m == pytest.approx(400.0)
    assert path.at(6.5).focal_m[0] == pytest.approx(50.0)
    assert path.at(99.0).focal_m[0] == pytest.approx(80.0)
    assert path.at(-1.0).focal_m[0] == 0.0
    speed = [path.at(t + 1e-3).focal_m[0] - path.at(t).focal_m[0] for t in (1.0, 4.998, 7.0, 9.998)]
    assert np.abs(speed).max() < 1e-4  # it comes to rest at every stay
    assert len(path.frames(10.0)) == 101


def test_a_passed_stop_is_passed_without_a_jerk():
    path = CameraPath([Stop(pose(0), 0, 0), Stop(pose(10), 2, 0), Stop(pose(40), 3, 0)])
    before, after = (path.at(2.0 + s).focal_m[0] for s in (-1e-4, 1e-4))
    assert path.at(2.0).focal_m[0] == pytest.approx(10.0)
    assert (after - before) / 2e-4 == pytest.approx((5.0 * 3 + 10.0 * 2) / 5, rel=1e-3)


def test_the_camera_turns_the_short_way_round():
    path = CameraPath([Stop(pose(0, math.radians(350))), Stop(pose(0, math.radians(10)))])
    middle = math.degrees(path.at(path.duration_s / 2).azimuth_rad) % 360
    assert min(middle, 360 - middle) < 11
    with pytest.raises(ValueError, match="needs a stop"):
        CameraPath([])
