"""``civitwin feed``: a recorded series, recorded tracks or a timetable, as live data."""

from __future__ import annotations

import argparse
import re
import signal
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path

from twin.clock import NS_PER_S, SystemClock
from twin.feed.gtfs import Timetable, is_timetable, read_timetable, zone_of
from twin.feed.player import PlayOptions, Progress, play
from twin.feed.recording import FeedError, Recording, Series
from twin.feed.sender import SampleSender
from twin.feed.series import SeriesOptions, read_series
from twin.feed.tracks import read_tracks
from twin.sense.health import duration_text
from viewer.key_arguments import add_keys_argument, configure_of, security_of
from viewer.subcommand import Subcommand

DEFAULT_HUB = "tcp://127.0.0.1:5710"
#: The hub's samples_in is this far above its control port (docs/wire-protocol.md).
SAMPLES_IN_OFFSET = 2
SERIES_SPEED = 60.0
TRACKS_SPEED = 1.0

_EPILOG = """examples:
  a column a sensor, a row every 5 minutes, positions in a second file:
    civitwin feed metr_la_speed_7days.csv --step 300 --property traffic_speed --unit mph \\
        --missing 0 --locations metr_la_sensor_locations.csv
  a column a property, time in columns year, month, day, hour:
    civitwin feed beijing_PRSA_Aotizhongxin.csv --speed 3600
  a row a sensor and time:
    civitwin feed levels.csv --time-column time --id-column gauge --value-column level --unit m
  paths with a time at each vertex, as moving units:
    civitwin feed nyc_taxi_trips_v7.json --kind taxi --start 600 --loop
  scheduled vehicles of a service day, as they are on their way now, or at a time:
    civitwin feed city_gtfs.zip
    civitwin feed city_gtfs.zip --date 2026-11-23 --start 07:45 --speed 10
"""


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, help="CSV table, JSON list of paths, or GTFS (zip or folder)"
    )
    table = parser.add_argument_group("reading a table (found out where it can be)")
    table.add_argument(
        "--time-column",
        default="",
        metavar="NAME[,NAME…]",
        help="time: ISO 8601 or seconds since 1970; or year,month,day,hour",
    )
    table.add_argument(
        "--step",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="time between rows where the table has no time column",
    )
    table.add_argument(
        "--id-column", default="", metavar="NAME", help="column that names the sensor of each row"
    )
    table.add_argument(
        "--value-column",
        action="append",
        default=[],
        metavar="NAME",
        help="column to replay; may be repeated (default: all with numbers)",
    )
    table.add_argument("--property", default="", help="observed property, e.g. traffic_speed")
    table.add_argument("--unit", default="", help="unit of the values, e.g. km/h")
    table.add_argument(
        "--missing", type=float, metavar="NUMBER", help='a number that means "no value"'
    )
    table.add_argument(
        "--locations", type=Path, metavar="FILE", help="table of the sensors' positions"
    )
    table.add_argument("--lat-column", default="", metavar="NAME", help="latitude")
    table.add_argument("--lon-column", default="", metavar="NAME", help="longitude")
    parser.add_argument("--kind", default="", help="kind of the moving units, e.g. taxi")
    parser.add_argument(
        "--speed",
        type=float,
        help=f"recorded seconds a second (default {SERIES_SPEED:g} for tables,"
        f" {TRACKS_SPEED:g} for paths)",
    )
    parser.add_argument(
        "--start",
        type=_start_from_text,
        metavar="SECONDS|HH:MM",
        help="skip so much of the recording; of a timetable, the time of day to begin at",
    )
    parser.add_argument(
        "--date",
        type=_date_from_text,
        metavar="YYYY-MM-DD",
        help="service day of a timetable (default: today, else its busiest day)",
    )
    parser.add_argument("--loop", action="store_true", help="start again at the end")
    parser.add_argument("--seconds", type=float, default=0.0, help="stop after so long")
    parser.add_argument("--source", default="", help="name of the feed (default: the file's)")
    add_destination(parser)


def add_destination(parser: argparse.ArgumentParser) -> None:
    """Where samples go: ``--samples-in``, else the hub's control address plus two ports."""
    add_keys_argument(parser)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--hub", default=DEFAULT_HUB, help=f"the hub (default {DEFAULT_HUB})")
    group.add_argument(
        "--samples-in",
        default="",
        metavar="ADDRESS",
        help="the hub's port for samples itself (default: --hub plus two), or a NATS: nats://…",
    )


def samples_in_of(arguments: argparse.Namespace) -> str:
    """The address to push samples to.

    Raises
    ------
    FeedError
        ``--hub`` is not of the form tcp://HOST:PORT.
    """
    if arguments.samples_in:
        return str(arguments.samples_in)
    host, _, port = str(arguments.hub).rpartition(":")
    if not host.startswith("tcp://") or not port.isdigit():
        raise FeedError(f"--hub takes tcp://HOST:PORT, e.g. {DEFAULT_HUB}, not {arguments.hub}")
    return f"{host}:{int(port) + SAMPLES_IN_OFFSET}"


def _run(arguments: argparse.Namespace) -> int:
    endpoint = samples_in_of(arguments)
    recording = _read(arguments)
    speed = arguments.speed
    if speed is None:
        speed = SERIES_SPEED if isinstance(recording, Series) else TRACKS_SPEED
    if speed <= 0.0 or arguments.seconds < 0.0:
        raise FeedError("--speed must be above 0 and --seconds not below it")
    start_s = _start_s(arguments.start, recording)
    if not 0.0 <= start_s < recording.duration_s:
        raise FeedError(
            f"--start must be 0 to {recording.duration_s:.0f} s, the recording's length"
        )
    _say_what(arguments.file, recording, speed, start_s)
    clock, stop, line = SystemClock(), threading.Event(), _ProgressLine(arguments.file.name)
    source = arguments.source or _source_name(arguments.file)
    configure = configure_of(security_of(arguments))
    with SampleSender(endpoint=endpoint, source=source, clock=clock, configure=configure) as sender:
        sender.connect()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        options = PlayOptions(
            speed=speed, start_s=start_s, loop=arguments.loop, seconds=arguments.seconds
        )
        play(recording, sender, options, clock, stop, line.show)
        line.end()
        lost = f", {sender.n_lost:,} found nobody listening" if sender.n_lost else ""
        print(f"Sent {sender.n_sent:,} samples to {endpoint}{lost}")
    return 0


def _start_from_text(text: str) -> float:
    """Seconds of "600", "07:45" or "07:45:30".

    Raises
    ------
    argparse.ArgumentTypeError
        It is none of them.
    """
    pieces = text.split(":")
    try:
        numbers = [float(piece) for piece in pieces]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 3 or not all(0.0 <= number < 1e9 for number in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} is neither seconds nor HH:MM")
    if len(numbers) == 1:
        return numbers[0]
    hours, minutes, seconds = [*numbers, 0.0][:3]
    return 3600.0 * hours + 60.0 * minutes + seconds


def _date_from_text(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not YYYY-MM-DD") from error


def _start_s(given: float | None, recording: Recording) -> float:
    """What was asked for; else the beginning, for today's timetable the time of day now."""
    if given is not None or not isinstance(recording, Timetable):
        return given or 0.0
    now = datetime.fromtimestamp(SystemClock().now_ns() / NS_PER_S, tz=zone_of(recording.zone))
    now_s = 3600.0 * now.hour + 60.0 * now.minute + now.second
    is_running = recording.first_s <= now_s < recording.duration_s
    return now_s if is_running and now.date() == recording.day else recording.first_s


def _read(arguments: argparse.Namespace) -> Recording:
    if is_timetable(arguments.file):
        today = datetime.fromtimestamp(SystemClock().now_ns() / NS_PER_S, tz=UTC).date()
        return read_timetable(arguments.file, today, arguments.date, arguments.kind)
    if arguments.date is not None:
        raise FeedError(f"--date is for GTFS timetables, which this is not: {arguments.file}")
    if arguments.file.suffix.lower() == ".json":
        return read_tracks(arguments.file, arguments.kind)
    options = SeriesOptions(
        time_column=arguments.time_column,
        id_column=arguments.id_column,
        value_columns=tuple(arguments.value_column),
        observed_property=arguments.property,
        unit=arguments.unit,
        step_s=arguments.step,
        locations=arguments.locations,
        lat_column=arguments.lat_column,
        lon_column=arguments.lon_column,
        missing_value=arguments.missing,
    )
    return read_series(arguments.file, options)


def _say_what(path: Path, recording: Recording, speed: float, start_s: float) -> None:
    print(f"{path.name}: {recording.recognised}")
    for warning in recording.warnings:
        print(f"  {warning}")
    if isinstance(recording, Timetable):
        begin = f"{int(start_s // 3600):02}:{int(start_s % 3600 // 60):02}"
        print(f"  from {begin} on, {speed:g} times as fast as the clock", flush=True)
        return
    recorded = duration_text(recording.duration_s)
    took = duration_text((recording.duration_s - start_s) / speed)
    print(f"  {recorded} recorded, replayed {speed:g} times as fast in {took}", flush=True)


def _source_name(path: Path) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem)[:64] or "feed"


class _ProgressLine:
    """One line on stderr, rewritten once a second; nothing where stderr is no terminal."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._left = ""

    def show(self, progress: Progress) -> None:
        """Rewrite the line when its text changed."""
        left = duration_text(progress.left_s)
        if sys.stderr.isatty() and left != self._left:
            self._left = left
            text = f"{self._name}: {progress.part:4.0%}, {left} left, {progress.n_sent:,} samples"
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._left:
            print(file=sys.stderr)


SUBCOMMAND = Subcommand(
    id="feed",
    help="Replay a recorded series, recorded tracks or a timetable as live data",
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    run=_run,
)
