"""Timetables: which day, where on the way at which second, which vehicle, on the wire."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import zmq

from tests.twin.gtfs_samples import TABLES, feed
from twin.feed.gtfs import read_timetable
from twin.feed.gtfs_vehicles import Run, chained
from twin.feed.gtfs_ways import stops_along
from twin.feed.recording import FeedError
from twin.link import wire
from twin.sense.model import Announcement

ROOT = Path(__file__).resolve().parents[2]
A_MONDAY, A_HOLIDAY, A_TUESDAY = date(2026, 3, 2), date(2026, 4, 6), date(2026, 3, 3)
H = 3600.0


def at(path: Path, day: date, clock: float) -> list[tuple[float, float]]:
    _, lonlat = read_timetable(path, day, day).positions_at(clock)
    return [(round(lon, 5), round(lat, 5)) for lon, lat in lonlat.tolist()]


def test_a_vehicle_follows_its_shape_and_waits_at_stops(tmp_path: Path) -> None:
    path = feed(tmp_path)
    assert at(path, A_MONDAY, 8 * H - 1) == []
    assert at(path, A_MONDAY, 8 * H) == [(16.30, 48.20)]
    assert at(path, A_MONDAY, 8 * H + 300) == [(16.305, 48.20)]
    assert at(path, A_MONDAY, 8 * H + 660) == [(16.31, 48.20)]  # stands at the middle stop
    ((lon, lat),) = at(path, A_MONDAY, 8 * H + 17 * 60)  # half of the way round
    assert (lon, lat) == (pytest.approx(16.315, abs=1e-4), pytest.approx(48.21))
    assert at(path, A_MONDAY, 8 * H + 25 * 60) == [(16.32, 48.20)]  # waits at the terminus
    assert at(path, A_MONDAY, 8 * H + 40 * 60) == [(16.31, 48.20)]  # untimed stop, by its share
    assert at(path, A_MONDAY, 9 * H) == []


def test_one_vehicle_goes_and_comes_back(tmp_path: Path) -> None:
    timetable = read_timetable(feed(tmp_path), A_MONDAY)
    assert [unit.name for unit in timetable.units] == ["1 · 1"]
    assert timetable.units[0].kind == "bus"
    assert (timetable.first_s, timetable.duration_s) == (8 * H, 8 * H + 50 * 60)
    assert timetable.zone == "Europe/Vienna"


def test_calendar_exceptions_and_times_after_midnight(tmp_path: Path) -> None:
    path = feed(tmp_path)
    timetable = read_timetable(path, A_HOLIDAY)
    assert len(timetable.trip_starts_s) == 1
    assert timetable.first_s == 24.5 * H
    ((lon, lat),) = at(path, A_HOLIDAY, 24.75 * H)
    assert (lon, lat) == (pytest.approx(16.315, abs=6e-3), pytest.approx(48.21))
    with pytest.raises(FeedError, match="Nothing runs on 2026-03-03"):
        read_timetable(path, A_TUESDAY, A_TUESDAY)
    assert read_timetable(path, A_TUESDAY).day.weekday() == 0  # the busiest day near it


def test_frequencies_repeat_a_trip(tmp_path: Path) -> None:
    text = "trip_id,start_time,end_time,headway_secs\nt1,10:00:00,11:00:00,600\n"
    timetable = read_timetable(feed(tmp_path, frequencies_txt=text), A_MONDAY)
    assert sorted(timetable.trip_starts_s.tolist()) == [8.5 * H] + [
        10 * H + 600 * k for k in range(6)
    ]
    indices, lonlat = timetable.positions_at(10 * H + 300)
    assert len(indices) == 1
    assert lonlat[0] == pytest.approx([16.305, 48.2])
    assert len(timetable.positions_at(10 * H + 1500)[0]) == 2


def test_without_shapes_vehicles_go_straight(tmp_path: Path) -> None:
    path = feed(tmp_path, shapes_txt=None)
    assert at(path, A_MONDAY, 8 * H + 17 * 60) == [(16.315, 48.20)]
    assert "straight" in " ".join(read_timetable(path, A_MONDAY).warnings)


@pytest.mark.parametrize(
    "times",
    [
        "t1,08:00:00,08:00:00,a,1\n",
        "t1,08:00:00,08:00:00,a,1\nt1,,,b,2\n",
        "t1,08:00:00,08:00:00,a,1\nt1,08:00:00,08:00:00,b,2\n",
        "t1,x,y,a,1\nt1,x,y,b,2\n",
        "t1,08:00:00,08:00:00,no,1\nt1,09:00:00,09:00:00,stop,2\n",
    ],
)
def test_trips_that_cannot_run_are_refused(tmp_path: Path, times: str) -> None:
    head = TABLES["stop_times.txt"].splitlines()[0]
    with pytest.raises(FeedError, match="two stops with times"):
        read_timetable(feed(tmp_path, stop_times_txt=f"{head}\n{times}"), A_MONDAY)


def test_times_that_fall_do_not_move_a_vehicle_back(tmp_path: Path) -> None:
    text = TABLES["stop_times.txt"].replace("08:10:00,08:12:00", "07:10:00,07:12:00")
    timetable = read_timetable(feed(tmp_path, stop_times_txt=text), A_MONDAY)
    lons = [timetable.positions_at(8 * H + 60 * k)[1][0, 0] for k in range(22)]
    assert (np.diff(lons) >= -1e-9).all()


def test_stops_on_a_way_that_crosses_itself_come_in_order() -> None:
    way = np.array([[0, 0], [2, 0], [2, 2], [1, 2], [1, -1]]) / 1000 + [16, 0.0]
    metres = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(way, axis=0).T))]) * 111_195
    stops = np.array([[0, 0], [1, 0], [2, 1], [1, 0], [1, -1]]) / 1000 + [16, 0.0]
    along = stops_along(way, metres, stops)
    assert along is not None
    assert along / 111.195 == pytest.approx([0, 1, 3, 7, 8], abs=1e-2)
    assert stops_along(way, metres, stops + np.array([0.1, 0])) is None


def run(start: float, end: float, first: int, last: int) -> Run:
    return Run(knots=0, way=0, route="R", start_s=start, end_s=end, first_stop=first,
               last_stop=last)  # fmt: skip


def test_vehicles_are_taken_again_where_they_ended() -> None:
    runs = [run(0, 100, 1, 2), run(50, 150, 1, 2), run(120, 220, 2, 1), run(2000, 2100, 9, 1)]
    assert chained(runs) == [[0, 2, 3], [1]] or chained(runs) == [[0, 2], [1, 3]]
    assert chained([run(0, 100, 1, 2), run(99, 200, 2, 1)]) == [[0], [1]]
    assert chained([run(0, 100, 1, 2), run(200, 300, 5, 1)]) == [[0], [1]]  # no time to go there


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("bart.zip", date(2018, 6, 4)),
        ("caltrain_ct.zip", date(2023, 11, 8)),
        ("cairns_gtfs.zip", date(2014, 6, 2)),
    ],
)
def test_real_feeds_move_at_the_speed_of_vehicles(shared_data: Path, name: str, day: date) -> None:
    timetable = read_timetable(shared_data / "gtfs" / name, day, day)
    assert len(timetable.trip_starts_s) > 60
    assert len(timetable.units) < len(timetable.trip_starts_s)
    first, here = timetable.positions_at(17.5 * H)
    second, there = timetable.positions_at(17.5 * H + 10)
    assert len(first) >= 5
    _, i, j = np.intersect1d(first, second, return_indices=True)
    metres = (there[j] - here[i]) * 111_195 * [np.cos(np.radians(here[0, 1])), 1]
    speeds = np.hypot(*metres.T) / 10
    assert 1.0 < np.median(speeds) < 40.0
    assert speeds.max() < 60.0


def test_the_command_publishes_scheduled_units(tmp_path: Path) -> None:
    path = feed(tmp_path)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    sink = context.socket(zmq.PULL)
    sink.set(zmq.LINGER, 0)
    sink.set(zmq.RCVTIMEO, 20_000)
    port = sink.bind_to_random_port("tcp://127.0.0.1")
    command = [sys.executable, "-m", "viewer.cli", "feed", str(path), "--date", "2026-03-02",
               "--start", "08:05", "--speed", "60", "--seconds", "1.5",
               "--samples-in", f"tcp://127.0.0.1:{port}"]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        announced = wire.decode(sink.recv_multipart())
        assert isinstance(announced, Announcement)
        assert [unit.name for unit in announced.units] == ["1 · 1"]
        first = wire.decode(sink.recv_multipart())
        assert isinstance(first, wire.PositionBatch)
        assert first.frame == "geographic"
        assert (first.x[0], first.y[0]) == (pytest.approx(16.305, abs=2e-3), pytest.approx(48.2))
        output, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
        sink.close()
        context.term()
    assert process.returncode == 0
    assert "GTFS timetable of Monday, 2026-03-02: 2 trips, 1 vehicles" in output
    assert "from 08:05 on" in output
