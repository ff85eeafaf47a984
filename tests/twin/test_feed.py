"""Recorded files become series and tracks; what is wrong is said in one sentence."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import zmq

from twin.clock import NS_PER_S, SystemClock
from twin.errors import TwinError
from twin.feed.player import PlayOptions, Progress, play
from twin.feed.recording import FeedError
from twin.feed.sender import NobodyListensError, SampleSender
from twin.feed.series import SeriesOptions, read_series
from twin.feed.tracks import read_tracks
from twin.link import wire
from twin.samples.address import SampleAddressError
from twin.sense.model import Announcement


def write(tmp_path: Path, text: str, name: str = "file.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_a_row_a_sensor_and_time(tmp_path):
    path = write(tmp_path, "when;gauge;level\n2026-01-01 00:01;b;2.5\n2026-01-01 00:00;a;1\n")
    series = read_series(
        path, SeriesOptions(time_column="when", id_column="gauge", unit="m",
                            observed_property="water_level"),
    )  # fmt: skip
    assert [s.id for s in series.datastreams] == ["a/water_level", "b/water_level"]
    assert series.indices.tolist() == [0, 1]
    assert series.elapsed_s.tolist() == [0.0, 60.0]
    assert series.values.tolist() == [1.0, 2.5]
    assert series.recognised == "2 sensors, a row each (level), 2 rows, time from when"


def test_a_column_a_sensor_without_times(tmp_path):
    places = write(tmp_path, "sensor,latitude,longitude\n11,52.1,4.3\n13,99,4.3\n", "places.csv")
    path = write(tmp_path, "11,12,13\n1,2,3\n0,5,6\n")
    series = read_series(
        path, SeriesOptions(step_s=300, observed_property="noise", locations=places,
                            missing_value=0.0),
    )  # fmt: skip
    assert [s.id for s in series.datastreams] == ["11/noise", "12/noise", "13/noise"]
    assert series.indices.tolist() == [0, 1, 2, 1, 2]
    assert series.elapsed_s.tolist() == [0, 0, 0, 300, 300]
    assert series.interval_s == 300.0
    assert series.things[0].xyz == (4.3, 52.1, 0.0)
    assert [t.frame for t in series.things] == ["geographic", "none", "none"]
    assert "2 of 3 sensors have no position" in series.warnings


def test_a_column_a_property_with_time_in_parts_and_gaps(tmp_path):
    text = "No,year,month,day,hour,PM2.5,TEMP,wd\n1,2013,3,1,0,4,-0.7,N\n2,2013,3,1,1,NA,x,E\n"
    text += "3,2013,3,1,2,7,0.5,E\n"
    series = read_series(write(tmp_path, text, "station.csv"), SeriesOptions())
    assert [s.id for s in series.datastreams] == ["station/pm25", "station/temp"]
    assert [s.name for s in series.datastreams] == ["PM2.5", "TEMP"]
    assert series.datastreams[0].unit == "µg/m³"
    assert series.values.tolist() == [4.0, -0.7, 7.0, 0.5]
    assert "1 cells of column TEMP are not numbers, first 'x' in line 3" in series.warnings


@pytest.mark.parametrize(
    ("cells", "elapsed_s"),
    [
        (["2026-01-01T00:00:00Z", "2026-01-01T01:00:05+01:00"], [0, 5]),
        (["2010/01/01 00:00:00", "2010/01/01 01:00:00"], [0, 3600]),
        (["1700000000", "1700000002.5"], [0, 2.5]),
        (["1700000000000", "1700000002500"], [0, 2.5]),
        (["1700000000000000000", "1700000002500000000"], [0, 2.5]),
        (["31.12.2025 23:59", "01.01.2026 00:00"], [0, 60]),
    ],
)
def test_times_are_understood(tmp_path, cells, elapsed_s):
    path = write(tmp_path, f"time,v\n{cells[0]},1\n{cells[1]},2\n")
    assert read_series(path, SeriesOptions()).elapsed_s.tolist() == elapsed_s


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("a,b\n1,2\n", {}, "No time column .* --step SECONDS .* its columns are a, b"),
        ("a,b\n1,2\n", {"time_column": "t"}, "no column 't' in .*; its columns are a, b"),
        ("time,b\nx,2\n", {}, "holds no times"),
        ("time,b\n2026-01-01,x\n", {}, "No column of numbers"),
        ("time,b\n2026-01-01,x\n", {"value_columns": ("b",)}, "Not one value"),
        ("time,b\n", {}, "no table"),
        ("", {}, "no table"),
        ("time,b,b\n1,2,3\n", {}, "same name"),
        ("time,b\n1,2\n", {"id_column": "z"}, "no column 'z'"),
        ("a\0b", {}, "not a text file"),
    ],
)
def test_bad_tables_are_refused_in_one_sentence(tmp_path, text, options, words):
    with pytest.raises(FeedError, match=words):
        read_series(write(tmp_path, text), SeriesOptions(**options))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FeedError, match="cannot be read"):
        read_series(tmp_path / "none.csv", SeriesOptions())
    with pytest.raises(FeedError, match="cannot be read"):
        read_tracks(tmp_path / "none.json")


def test_rows_of_another_length_are_counted(tmp_path):
    series = read_series(write(tmp_path, "time,b\n1,2\n1,2,3\n\n4\n5,6\n"), SeriesOptions())
    assert series.values.tolist() == [2.0, 6.0]
    assert "2 rows have another number of cells than the header, first in line 3" in series.warnings


def test_tracks_and_entries_that_are_none(tmp_path):
    trips = [
        {"vendor": 0, "path": [[4.0, 52.0], [4.2, 52.0]], "timestamps": [100, 110]},
        {"path": [[4.0, 52.0]], "timestamps": [1]},
        {"path": [[400.0, 52.0], [4.0, 52.0]], "timestamps": [1, 2]},
        {"path": [[4.0, 52.0], [4.0, 52.0]], "timestamps": [2, 1]},
        17,
        {"path": [[5.0, 52.0, 7.0], [5.0, 53.0, 7.0]], "timestamps": [105, 115]},
    ]
    tracks = read_tracks(write(tmp_path, json.dumps(trips), "nyc_taxi.json"))
    assert [u.id for u in tracks.units] == ["taxi-1", "taxi-2"]
    assert tracks.duration_s == 15.0
    assert tracks.warnings == ("4 entries are no paths with times, first entry 2",)
    indices, lonlat_deg = tracks.positions_at(7.5)
    assert indices.tolist() == [0, 1]
    np.testing.assert_allclose(lonlat_deg, [[4.15, 52.0], [5.0, 52.25]])
    assert len(tracks.positions_at(99.0)[0]) == 0


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", "[", '[{"path": [[1]], "timestamps": [1]}]'])
def test_bad_tracks_are_refused(tmp_path, text):
    with pytest.raises(FeedError):
        read_tracks(write(tmp_path, text, "t.json"))


def test_the_real_series_are_read(shared_data):
    traffic = shared_data / "traffic"
    speeds = read_series(
        traffic / "metr_la_speed_7days.csv",
        SeriesOptions(step_s=300, observed_property="traffic_speed", missing_value=0.0,
                      locations=traffic / "metr_la_sensor_locations.csv"),
    )  # fmt: skip
    assert len(speeds.things) == 207
    assert all(thing.frame == "geographic" for thing in speeds.things)
    assert speeds.duration_s == 2016 * 300
    air = read_series(shared_data / "airquality" / "beijing_PRSA_Aotizhongxin.csv", SeriesOptions())
    assert len(air.datastreams) == 11
    assert air.interval_s == 3600.0
    weather = read_series(shared_data / "weather" / "seattle-weather.csv", SeriesOptions())
    assert {s.observed_property for s in weather.datastreams} == {
        "precipitation", "temp_max", "temp_min", "wind",
    }  # fmt: skip
    taxis = read_tracks(shared_data / "trajectories" / "nyc_taxi_trips_v7.json")
    assert len(taxis.units) == 996


class Pull:
    """A hub's samples_in, without the hub."""

    def __enter__(self) -> Pull:
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.PULL)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.RCVTIMEO, 20_000)
        port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.endpoint = f"tcp://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self.context.term()

    def take(self):
        return wire.decode(self.socket.recv_multipart())


def play_to(pull: Pull, recording, options: PlayOptions) -> list[Progress]:
    seen: list[Progress] = []
    clock = SystemClock()
    with SampleSender(endpoint=pull.endpoint, source="rec", clock=clock) as sender:
        sender.connect()
        play(recording, sender, options, clock, threading.Event(), seen.append)
    return seen


def test_a_series_is_replayed_in_order_and_based_on_now(tmp_path):
    rows = "".join(f"2020-01-01 00:00:{i:02d},{i}\n" for i in range(40))
    series = read_series(write(tmp_path, "time,v\n" + rows), SeriesOptions())
    before_ns = SystemClock().now_ns()
    with Pull() as pull:
        seen = play_to(pull, series, PlayOptions(speed=100.0))
        assert seen[-1].part == 1.0
        assert (seen[-1].n_sent, seen[-1].n_lost) == (40, 0)
        announced = pull.take()
        assert isinstance(announced, Announcement)
        assert announced.datastreams[0].interval_s == pytest.approx(0.01)
        values: list[float] = []
        times: list[int] = []
        seqs: list[int] = []
        while len(values) < 40:
            batch = pull.take()
            assert batch.epoch == announced.epoch
            values += batch.values.tolist()
            times += batch.t_ns.tolist()
            seqs.append(batch.seq)
    assert values == list(range(40))
    assert seqs == list(range(len(seqs)))
    np.testing.assert_allclose(np.diff(times), 0.01 * NS_PER_S, atol=2)
    assert before_ns <= times[0] <= SystemClock().now_ns()


def test_a_replay_starts_in_the_middle_and_loops(tmp_path):
    series = read_series(write(tmp_path, "time,v\n0,0\n10,1\n20,2\n"), SeriesOptions())
    with Pull() as pull:
        play_to(pull, series, PlayOptions(speed=100.0, start_s=10.0, loop=True, seconds=0.45))
        values: list[float] = []
        while len(values) < 4:
            message = pull.take()
            values += [] if isinstance(message, Announcement) else message.values.tolist()
    assert values == [1.0, 2.0, 1.0, 2.0]


def test_tracks_are_replayed_as_positions(tmp_path):
    trips = [{"path": [[4.0, 52.0], [4.2, 52.0]], "timestamps": [0, 10]}]
    tracks = read_tracks(write(tmp_path, json.dumps(trips)), "bus")
    with Pull() as pull:
        play_to(pull, tracks, PlayOptions(speed=10.0))
        assert pull.take().units == tracks.units
        first = pull.take()
        assert isinstance(first, wire.PositionBatch)
        assert first.frame == "geographic"
        assert first.x[0] == pytest.approx(4.0, abs=0.01)
        assert np.isnan(first.heading_rad).all()
        assert pull.take().x[0] > first.x[0]


@pytest.mark.parametrize("endpoint", ["tcp://127.0.0.1:9", "nonsense"])
def test_nobody_listening_is_said(endpoint):
    with (
        pytest.raises(TwinError) as caught,
        SampleSender(endpoint=endpoint, source="x", clock=SystemClock()) as sender,
    ):
        sender.connect(timeout_s=0.2)
    assert isinstance(caught.value, NobodyListensError | SampleAddressError)
