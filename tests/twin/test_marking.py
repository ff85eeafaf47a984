"""Marks on the console: drafts, lines, areas, GeoJSON; following a camera."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest

from twin.analysis.follow import SmoothPose
from twin.analysis.pose import Pose
from twin.city.areas import areas_from_geojson
from twin.city.frames import Origin
from twin.errors import CrsError
from twin.hub.desks.marks import PutMark, unfit_mark
from twin.marking import (
    AREA_PREFIX,
    PURPOSES,
    Draft,
    areas_of_marks,
    marks_geojson,
    middle_of_mark,
    simplified,
)
from twin.room.model import Operator
from twin.room.parts.marks import Mark

ADA = Operator(name="Ada", department="traffic", console_id="c1")
HAGUE = Origin(crs="EPSG:28992", east_m=81_000.0, north_m=455_000.0)
TRIANGLE = ((0.0, 0.0, 2.0), (60.0, 0.0, 2.0), (60.0, 50.0, 2.0))


def mark(kind: str = "area", points=TRIANGLE, **more) -> Mark:
    times = {"made_ns": 1, "changed_ns": 2}
    return Mark(id="m1", kind=kind, points=points, owner=ADA, by=ADA, **times, **more)


def test_every_draft_that_can_be_filled_in_is_fit_for_the_hub() -> None:
    import msgspec

    for purpose in PURPOSES:
        draft = Draft(id="m", kind="area", points=TRIANGLE, purpose=purpose, title=" East ")
        body = msgspec.convert(draft.body(), PutMark)
        assert unfit_mark(body) == ""
        assert body.title == "East"
    again = Draft.of(mark(rev=4, title="East", radius_m=0.0))
    assert again.body()["expected_rev"] == 4


def test_a_line_keeps_its_corners_and_loses_its_needless_points() -> None:
    straight = [(float(x), 0.0, 0.0) for x in range(100)]
    corner = [(99.0, float(y), 0.0) for y in range(1, 50)]
    assert simplified(straight + corner) == ((0.0, 0.0, 0.0), (99.0, 0.0, 0.0), (99.0, 49.0, 0.0))


def test_a_line_never_has_too_many_points_and_stays_near() -> None:
    angle = np.linspace(0, 40, 5_000)
    line = np.column_stack([angle * np.cos(angle), angle * np.sin(angle), 0 * angle])
    kept = np.array(simplified([tuple(p) for p in line.tolist()], 64))
    assert 2 < len(kept) <= 64
    assert (kept[0] == line[0]).all()
    assert (kept[-1] == line[-1]).all()
    away = [_away(point, kept) for point in line[::25]]
    assert max(away) < 2.5


def _away(point: np.ndarray, line: np.ndarray) -> float:
    best = math.inf
    for a, b in itertools.pairwise(line):
        along = b - a
        share = np.clip((point - a) @ along / max(along @ along, 1e-9), 0, 1)
        best = min(best, float(np.linalg.norm(point - a - share * along)))
    return best


def test_one_point_stays_one_line() -> None:
    assert simplified([(1.0, 2.0, 3.0)] * 5) == ((1.0, 2.0, 3.0), (1.0, 2.0, 3.0))


def test_areas_and_cordons_become_areas_of_the_session() -> None:
    ring, circle = areas_of_marks(
        [
            mark(title="East", purpose="cordon"),
            mark("circle", TRIANGLE[:1], radius_m=30.0, purpose="staging"),
            mark("note", TRIANGLE[:1], title="Leak"),
            mark("circle", TRIANGLE[:1]),
        ]
    )
    assert (ring.id, ring.name) == (AREA_PREFIX + "m1", "East")
    assert ring.rings[0][0] == ring.rings[0][-1] == (0.0, 0.0)
    assert circle.name == "Staging"
    radii = [math.hypot(x, y) for x, y in circle.rings[0]]
    assert radii == pytest.approx([30.0] * len(radii))


def test_geojson_of_marks_is_read_back_as_areas(tmp_path: Path) -> None:
    path = tmp_path / "marks.geojson"
    marks = [
        mark(title="East", purpose="cordon", text="Keep out"),
        mark("circle", TRIANGLE[:1], radius_m=30.0, title="Ring"),
        mark("sketch", TRIANGLE),
        mark("note", TRIANGLE[:1], title="Leak"),
    ]
    path.write_bytes(marks_geojson(marks, HAGUE))
    document = json.loads(path.read_text())
    kinds = [feature["geometry"]["type"] for feature in document["features"]]
    assert kinds == ["Polygon", "Point", "LineString", "Point"]
    told = document["features"][0]["properties"]
    assert (told["owner"], told["department"], told["purpose"]) == ("Ada", "traffic", "cordon")
    ring = document["features"][0]["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring)) > 0
    read = areas_from_geojson(path, HAGUE)
    assert [area.name for area in read] == ["East", "Ring"]
    corners = {(round(x), round(y)) for x, y in read[0].rings[0]}
    assert corners == {(0, 0), (60, 0), (60, 50)}


def test_marks_without_a_reference_system_cannot_be_exported() -> None:
    with pytest.raises(CrsError, match="longitude and latitude"):
        marks_geojson([mark()], Origin(crs=None))


def test_a_mark_is_looked_at_from_far_enough() -> None:
    point, distance_m = middle_of_mark(mark())
    assert point == (30.0, 25.0, 2.0)
    assert distance_m >= 160.0
    assert middle_of_mark(mark("circle", TRIANGLE[:1], radius_m=400.0))[1] > 1_000.0


# -- following ----------------------------------------------------------------------------------


def pose(x: float = 0.0, azimuth: float = 0.0, distance: float = 300.0) -> Pose:
    return Pose(focal_m=(x, 0.0, 0.0), distance_m=distance, azimuth_rad=azimuth, elevation_rad=0.5)


def test_a_follower_arrives_without_a_jump() -> None:
    follower = SmoothPose(pose())
    target = pose(100.0, 0.4, 900.0)
    steps = [follower.towards(target, 0.02).focal_m[0] for _ in range(150)]
    assert all(b >= a for a, b in itertools.pairwise(steps))
    assert max(b - a for a, b in itertools.pairwise(steps)) < 13.0
    assert follower.pose.focal_m[0] == pytest.approx(100.0, abs=0.1)
    assert follower.pose.distance_m == pytest.approx(900.0, rel=1e-3)
    rested = follower.towards(target, 5.0)
    assert follower.towards(target, 0.02) is rested, "it comes to rest"


def test_a_follower_turns_the_short_way() -> None:
    follower = SmoothPose(pose(azimuth=0.1))
    first = follower.towards(pose(azimuth=math.tau - 0.1), 0.05)
    assert -0.1 < first.azimuth_rad < 0.1
    for _ in range(100):
        follower.towards(pose(azimuth=math.tau - 0.1), 0.05)
    assert math.cos(follower.pose.azimuth_rad + 0.1) == pytest.approx(1.0)
