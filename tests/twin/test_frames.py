"""Frames: millimetres survive, places on Earth come back, every spelling of a CRS is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.city.frames import (
    Origin,
    TooFarFromOriginError,
    crs_from_text,
    geographic_from_local,
    local_from_geographic,
    local_from_projected,
    projected_from_local,
    utm_crs_at,
)
from twin.city.placing import place, short_crs_name
from twin.city.tally import Tally
from twin.errors import CrsError

RD = Origin(crs="EPSG:7415", east_m=85_000.0, north_m=447_000.0, height_m=2.0)
metres = st.floats(-100_000, 100_000)


@given(st.lists(st.tuples(metres, metres, metres), min_size=1, max_size=20))
def test_projected_coordinates_come_back_within_a_centimetre(
    points: list[tuple[float, ...]],
) -> None:
    projected = np.array(points) + RD.as_array()
    local = local_from_projected(projected, RD)
    assert local.dtype == np.float32
    np.testing.assert_allclose(projected_from_local(local, RD), projected, atol=0.008)


def test_millimetres_survive_large_eastings() -> None:
    near = np.array([[500_000.123, 5_000_000.456, 12.789]])
    local = local_from_projected(near, Origin(crs=None, east_m=500_000.0, north_m=5_000_000.0))
    np.testing.assert_allclose(local, [[0.123, 0.456, 12.789]], atol=1e-6)


def test_too_far_is_said() -> None:
    with pytest.raises(TooFarFromOriginError, match="131 km"):
        local_from_projected(np.array([[300_000.0, 447_000.0, 0.0]]), RD)


def test_empty_and_missing_points_pass() -> None:
    assert local_from_projected(np.empty((0, 3)), RD).shape == (0, 3)
    assert np.isnan(
        local_from_projected(np.array([[np.nan, 447_000, 0], [85_000, 447_000, 0]]), RD)[0, 0]
    )


def test_a_known_place_and_back() -> None:
    # Amersfoort, the origin of the Dutch grid: 155 000 m, 463 000 m.
    local = local_from_geographic(np.array([5.38720621]), np.array([52.15517440]), RD)
    np.testing.assert_allclose(local, [[70_000, 16_000]], atol=1.0)
    np.testing.assert_allclose(
        geographic_from_local(local, RD), [[5.38720621, 52.15517440]], atol=1e-7
    )


def test_without_a_crs_nothing_is_placed() -> None:
    with pytest.raises(CrsError, match="not georeferenced"):
        local_from_geographic(np.zeros(1), np.zeros(1), Origin(crs=None))
    with pytest.raises(CrsError, match="not georeferenced"):
        geographic_from_local(np.zeros((1, 2)), Origin(crs=None))


@pytest.mark.parametrize(
    "text",
    [
        "EPSG:7415",
        " EPSG:7415 ",
        "urn:ogc:def:crs:EPSG::7415",
        "https://www.opengis.net/def/crs/EPSG/0/7415",
    ],
)
def test_spellings_of_a_crs(text: str) -> None:
    assert crs_from_text(text).to_epsg() == 7415
    assert short_crs_name(text) == "EPSG:7415"


def test_unknown_crs() -> None:
    with pytest.raises(CrsError, match="unknown"):
        crs_from_text("EPSG:999999")


@pytest.mark.parametrize(
    ("lon", "lat", "zone"),
    [(-74.0, 40.7, "EPSG:32618"), (4.9, 52.4, "EPSG:32631"), (151.2, -33.9, "EPSG:32756")],
)
def test_utm_zones(lon: float, lat: float, zone: str) -> None:
    assert utm_crs_at(lon, lat) == zone


def placed_centre(xyz: np.ndarray, crs: str) -> tuple[str | None, np.ndarray, Tally]:
    tally = Tally()
    placed = place(xyz, crs, tally)
    return placed.origin.crs, np.ptp(placed.xyz_local_m, axis=0), tally


TOKYO = np.array([[35.60, 139.70, 10.0], [35.61, 139.71, 30.0]])


def test_latitude_first_is_noticed_by_range_and_by_area() -> None:
    crs, size, tally = placed_centre(TOKYO, "EPSG:6697")
    assert crs == "EPSG:32654"
    assert tally.count("axes-swapped") == 1
    np.testing.assert_allclose(size, [906, 1110, 20], rtol=0.02)
    amsterdam = np.array([[52.37, 4.89, 0.0], [52.38, 4.90, 0.0]])
    crs, size, tally = placed_centre(amsterdam, "EPSG:4258")
    assert (crs, tally.count("axes-swapped")) == ("EPSG:32631", 1)
    crs, _, tally = placed_centre(amsterdam[:, [1, 0, 2]], "EPSG:4258")
    assert (crs, tally.count("axes-swapped")) == ("EPSG:32631", 0)


def test_feet_become_metres() -> None:
    new_york = np.array([[980_000.0, 195_000.0, 0.0], [981_000.0, 197_000.0, 100.0]])
    crs, size, _ = placed_centre(new_york, "EPSG:2263")  # US survey feet
    assert crs == "EPSG:32618"
    np.testing.assert_allclose(size, [304.8, 609.6, 30.48], rtol=0.03)


def test_geocentric_coordinates_become_metres_on_the_ground() -> None:
    earth = np.array([[3_925_000.0, 300_000.0, 5_003_000.0], [3_925_000.0, 300_100.0, 5_003_000.0]])
    crs, size, _ = placed_centre(earth, "EPSG:4978")
    assert crs == "EPSG:32631"
    np.testing.assert_allclose(np.hypot(size[0], size[1]), 100, rtol=0.01)


@pytest.mark.parametrize(
    ("xyz", "crs", "words"),
    [
        ([[500.0, 400.0, 0.0]], "EPSG:4326", "not degrees"),
        ([[1e12, 0.0, 0.0]], "EPSG:28992", "larger than any place"),
        ([[0.0, 0.0, 0.0], [400_000.0, 0.0, 0.0]], "EPSG:28992", "spread over 400 km"),
    ],
)
def test_coordinates_that_do_not_fit(xyz: list[list[float]], crs: str, words: str) -> None:
    with pytest.raises(CrsError, match=words):
        place(np.array(xyz), crs, Tally())


def test_the_ground_is_not_set_by_one_low_point() -> None:
    xyz = np.column_stack([np.arange(1000.0), np.zeros(1000), np.full(1000, 30.0)])
    xyz[0, 2] = -900.0
    assert place(xyz, "EPSG:28992", Tally()).origin.height_m == 30.0


def test_no_points_no_place() -> None:
    placed = place(np.empty((0, 3)), "EPSG:28992", Tally())
    assert placed.origin == Origin(crs="EPSG:28992")
    assert placed.source_bounds == (0.0,) * 6
