"""GTFS as a city: stops, coloured routes, and feeds that break the rules."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.twin.gtfs_samples import TABLES, feed
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import open_city
from twin.readers.gtfs_tables import MAX_TABLE_BYTES, GtfsFiles, looks_like_gtfs


def test_stops_are_places_and_routes_are_lines_in_their_colour(tmp_path: Path) -> None:
    asset = open_city(feed(tmp_path))
    assert asset.format == "GTFS"
    assert asset.counts == {
        "stops": 3, "routes": 1, "trips": 3, "shapes": 2, "shape_points": 7, "stop_times": 8
    }  # fmt: skip
    assert [(place.name, place.kind) for place in asset.places] == [
        ("West, main", "bus_stop"),
        ("Middle", "bus_stop"),
        ("East", "bus_stop"),
    ]
    route = asset.features.ids.index("route/R")
    looks = asset.soup.materials
    assert looks is not None
    (look,) = set(looks[asset.soup.features == route].tolist())
    assert asset.materials[look].rgba == (0xFF, 0x88, 0x00, 255)
    bounds = asset.features.bounds_min_max_local_m[route]
    assert bounds[3] - bounds[0] == pytest.approx(
        0.02 * 111_195 * np.cos(np.radians(48.2)), rel=0.02
    )
    assert asset.warnings == ()
    west, east = (np.array(asset.places[k].xyz_local_m) for k in (0, 2))
    assert np.linalg.norm(east - west) == pytest.approx(1486, rel=0.01)


def test_a_folder_is_read_through_its_stops(tmp_path: Path) -> None:
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text)
    assert open_city(tmp_path / "stops.txt").counts["trips"] == 3


def test_odd_spellings_are_no_obstacle(tmp_path: Path) -> None:
    stops = (
        '\ufeffstop_lon, "stop_name" ,stop_id,stop_lat\r\n'
        '16.30,"two\r\nlines",a,48.2\r\n16.31,"a ""quoted"" name",b,+48.2\r\n\r\n16.32,c,c,48.2\r\n'
    )
    asset = open_city(feed(tmp_path, stops_txt=stops, shapes_txt=None, calendar_dates_txt=None))
    assert [place.name for place in asset.places][1:] == ['a "quoted" name', "c"]
    assert {one.kind: one.count for one in asset.warnings} == {"no-shape": 3}
    assert asset.counts["shape_points"] == 0


@pytest.mark.parametrize(
    ("table", "text", "kinds"),
    [
        ("stops_txt", TABLES["stops.txt"].replace("48.20,16.31", "0,0"), {"bad-position": 1}),
        ("stops_txt", TABLES["stops.txt"].replace("48.20,16.31", "far,out"), {"bad-position": 1}),
        ("stops_txt", TABLES["stops.txt"].replace("16.32", "26.32"), {"far-away": 1}),
        ("stops_txt", TABLES["stops.txt"] + "b,Again,48.2,16.3,0\n", {"repeated-stop_id": 1}),
        ("stops_txt", TABLES["stops.txt"] + "d,too,few\n", {"bad-rows": 1}),
        ("stop_times_txt", TABLES["stop_times.txt"] + "t9,1:00:00,1:00:00,x,1\n",
         {"unknown-stop": 1, "unknown-trip": 1}),
        ("trips_txt", TABLES["trips.txt"] + "t4,Q,mon,\n",
         {"unknown-route": 1, "trip-without-stops": 1, "no-shape": 1}),
        ("stop_times_txt", None, {"no-stop-times": 1}),
    ],
)  # fmt: skip
def test_what_is_odd_is_named(
    tmp_path: Path, table: str, text: str | None, kinds: dict[str, int]
) -> None:
    asset = open_city(feed(tmp_path, **{table: text}))
    assert {one.kind: one.count for one in asset.warnings} == kinds


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"routes_txt": ""}, "no routes.txt"),
        ({"stops_txt": "stop_id\na\n", "shapes_txt": None}, "No stop of the feed has a position"),
    ],
)
def test_what_cannot_be_drawn_says_why(
    tmp_path: Path, changed: dict[str, str | None], words: str
) -> None:
    with pytest.raises(ReadError, match=words):
        open_city(feed(tmp_path, **changed))


def test_latin_1_is_read_with_a_warning(tmp_path: Path) -> None:
    path = feed(tmp_path, stops_txt=None)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(
            "stops.txt", TABLES["stops.txt"].replace("Middle", "Mühle").encode("latin-1")
        )
    asset = open_city(path)
    assert asset.places[1].name == "Mühle"
    assert [one.kind for one in asset.warnings] == ["not-utf8"]


def test_a_zip_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.readers.gtfs_tables.MAX_TABLE_BYTES", 1 << 20)
    with pytest.raises(ReadError, match="cut the feed"):
        open_city(feed(tmp_path, stop_times_txt="x" * (2 << 20)))
    assert MAX_TABLE_BYTES < 1 << 28


def test_times_and_numbers(tmp_path: Path) -> None:
    path = feed(tmp_path, stop_times_txt="trip_id,at\na,7:05:09\nb,25:00:00\nc,\nd,1:60:00\ne,x\n")
    with GtfsFiles(path, Tally()) as files:
        table = files.need("stop_times.txt", ("trip_id", "at", "missing"))
    assert table.n_rows == 5
    assert table.seconds("at")[:2].tolist() == [25_509, 90_000]
    assert np.isnan(table.seconds("at")[2:]).all()
    assert np.isnan(table.numbers("missing")).all()
    assert table.text("missing").tolist() == [""] * 5


def test_other_zips_are_no_feeds(tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("stops.txt", "a")
    assert not looks_like_gtfs(other)
    assert not looks_like_gtfs(tmp_path)
    assert not looks_like_gtfs(tmp_path / "nowhere")
    assert looks_like_gtfs(feed(tmp_path))
