"""Scheduled vehicles of one service day of a GTFS feed, moving along their shapes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from twin.arrays import Float64Array, Int64Array, UInt32Array
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.feed.gtfs_days import read_calendar
from twin.feed.gtfs_vehicles import Run, chained
from twin.feed.gtfs_ways import Ways, stops_along
from twin.feed.recording import FeedError
from twin.readers.gtfs_tables import (
    Columns,
    GtfsFiles,
    Shapes,
    coded,
    looks_like_gtfs,
    on_earth,
    read_shapes,
)
from twin.sense.model import Unit

#: A vehicle waits at a terminus for its next trip at most so long in sight.
LAYOVER_S = 1800.0
#: Largest stops × pieces of a way that are searched for the best fit.
_MOST_CELLS = 4_000_000
_DAY_S = 86_400.0
_UNIT_KINDS = {
    "0": "tram", "1": "metro", "2": "train", "3": "bus", "4": "ferry", "5": "tram", "6": "gondola",
    "7": "funicular", "11": "bus", "12": "train",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """The vehicles of one day; plays like recorded tracks.

    Attributes
    ----------
    day : the service day; ``elapsed_s`` counts from its noon minus 12 hours, as GTFS does
    zone : the agency's time zone, "" where it tells none
    first_s : when the first vehicle sets out
    units : the vehicles
    trip_units, trip_starts_s, trip_ends_s : (T,) of each trip, by unit and then time
    trip_ways : (T,) number of the way
    waits_s : (T,) how long the vehicle stays in sight after the trip
    knot_starts : (T + 1,) where the stops of each trip begin
    knot_s, knot_m : (K,) time and metres along the way at each arrival and departure
    """

    recognised: str
    warnings: tuple[str, ...]
    day: date
    zone: str
    units: tuple[Unit, ...]
    trip_units: Int64Array
    trip_starts_s: Float64Array
    trip_ends_s: Float64Array
    trip_ways: Int64Array
    waits_s: Float64Array
    knot_starts: Int64Array
    knot_s: Float64Array
    knot_m: Float64Array
    way_starts: Int64Array
    way_m: Float64Array
    way_lonlat_deg: Float64Array

    @property
    def first_s(self) -> float:
        """When the first vehicle sets out."""
        return float(self.trip_starts_s.min())

    @property
    def duration_s(self) -> float:
        """Until the last vehicle has arrived."""
        return float(self.trip_ends_s.max())

    def positions_at(self, elapsed_s: float) -> tuple[UInt32Array, Float64Array]:
        """Indices (k,) of the units in sight and their longitudes and latitudes (k, 2)."""
        first = np.searchsorted(self.trip_units, np.arange(len(self.units)))
        begun = np.bincount(
            self.trip_units, weights=self.trip_starts_s <= elapsed_s, minlength=len(self.units)
        ).astype(np.int64)
        unit = np.flatnonzero(begun)
        trip = first[unit] + begun[unit] - 1
        in_sight = elapsed_s <= self.trip_ends_s[trip] + self.waits_s[trip]
        unit, trip = unit[in_sight], trip[in_sight]
        now = np.minimum(elapsed_s, self.trip_ends_s[trip])
        along = _interpolated(self.knot_starts, self.knot_s, self.knot_m[:, None], trip, now)
        at = _interpolated(
            self.way_starts, self.way_m, self.way_lonlat_deg, self.trip_ways[trip], along[:, 0]
        )
        return unit.astype(np.uint32), at


def _interpolated(
    starts: Int64Array, x: Float64Array, y: Float64Array, row: Int64Array, at: Float64Array
) -> Float64Array:
    """Values (k, d) of ragged rows of rising x (K,) and y (K, d), row by row at `at` (k,)."""
    span = float(np.ptp(x)) + 1.0 if len(x) else 1.0
    low = float(x.min()) if len(x) else 0.0
    number = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    rising = number * span + (x - low)
    found = np.searchsorted(rising, row * span + (at - low), side="right") - 1
    left = np.clip(found, starts[row], starts[row + 1] - 2)
    width = x[left + 1] - x[left]
    share = np.where(width > 0, (at - x[left]) / np.where(width > 0, width, 1.0), 1.0)
    share = np.clip(share, 0.0, 1.0)[:, None]
    out: Float64Array = y[left] + share * (y[left + 1] - y[left])
    return out


def is_timetable(path: Path) -> bool:
    """Whether a path is a GTFS feed; never raises."""
    return looks_like_gtfs(path)


def zone_of(name: str) -> tzinfo:
    """A time zone by its name; UTC where there is none or it is unknown."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def read_timetable(path: Path, today: date, day: date | None = None, kind: str = "") -> Timetable:
    """Read the vehicles of one day.

    Parameters
    ----------
    today : taken where something runs then; else the feed's busiest day
    day : the wanted day
    kind : of the units; "" = by the route's type

    Raises
    ------
    FeedError
        It is no feed, or nothing runs on that day.
    """
    tally = Tally()
    try:
        with GtfsFiles(path, tally) as files:
            return _Maker(files=files, kind=kind).timetable(today, day)
    except ReadError as error:
        raise FeedError(str(error)) from error


@dataclass(slots=True, kw_only=True)
class _Maker:
    files: GtfsFiles
    kind: str
    ways: Ways = field(default_factory=Ways)
    knots: list[tuple[Float64Array, Float64Array]] = field(default_factory=list)
    _way_of_shape: dict[int, int] = field(default_factory=dict)
    _fits: dict[tuple[int, tuple[int, ...]], tuple[int, Float64Array] | None] = field(
        default_factory=dict
    )

    def timetable(self, today: date, wanted: date | None) -> Timetable:
        """Read, fit and chain the trips of the day."""
        files = self.files
        calendar = read_calendar(files)
        trips = files.need("trips.txt", ("trip_id", "route_id", "service_id", "shape_id"))
        services = trips.text("service_id")
        day = wanted or calendar.busiest_day(Counter(services.tolist()), today)
        running = calendar.services_on(day)
        chosen = np.flatnonzero([one in running for one in services.tolist()])
        if not len(chosen):
            raise FeedError(self._nothing(day, calendar.span()))
        runs = self._runs(trips, chosen)
        if not runs:
            raise FeedError(f"No trip of {day} has two stops with times: {files.path}")
        return self._table(runs, day)

    def _nothing(self, day: date, span: tuple[date, date] | None) -> str:
        when = f"; its calendar runs from {span[0]} to {span[1]}" if span else ""
        return f"Nothing runs on {day}{when}, say --date: {self.files.path}"

    def _runs(self, trips: Columns, chosen: Int64Array) -> list[Run]:
        """Trips with their ways and knots, frequencies spread out."""
        times = self.files.need(
            "stop_times.txt",
            ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"),
        )
        ids = trips.text("trip_id")
        routes = trips.text("route_id")
        shapes = read_shapes(self.files)
        shape_row = {name: row for row, name in enumerate(shapes.ids)}
        shape_of = [shape_row.get(one, -1) for one in trips.text("shape_id").tolist()]
        stops = self._stops()
        rows_of = _rows_by_trip(times)
        codes, stop_ids = coded(times, "stop_id")
        place = np.array([stops.get(one, (np.nan, np.nan)) for one in stop_ids]).reshape(-1, 2)
        arrive, depart = times.seconds("arrival_time"), times.seconds("departure_time")
        repeats = self._frequencies()
        runs: list[Run] = []
        for trip in chosen.tolist():
            rows = rows_of.get(ids[trip])
            if rows is None:
                self.files.tally.add("trip-without-stops", "trips have no stop times")
                continue
            knots = _knots(arrive[rows], depart[rows], place[codes[rows]])
            if knots is None:
                self.files.tally.add("bad-trip", "trips have no two placed stops with rising times")
                continue
            kept, seconds = knots
            stop_numbers = tuple(codes[rows][kept].tolist())
            way, along = self._fitted(shapes, shape_of[trip], stop_numbers, place)
            self.knots.append((seconds.ravel(), np.repeat(along, 2)))
            base = Run(
                knots=len(self.knots) - 1,
                way=way,
                route=str(routes[trip]),
                start_s=float(seconds[0, 0]),
                end_s=float(seconds[-1, 1]),
                first_stop=stop_numbers[0],
                last_stop=stop_numbers[-1],
            )
            runs += base.repeated(repeats.get(ids[trip]))
        return runs

    def _stops(self) -> dict[str, tuple[float, float]]:
        table = self.files.need("stops.txt", ("stop_id", "stop_lat", "stop_lon"))
        lonlat = np.stack([table.numbers("stop_lon"), table.numbers("stop_lat")], axis=1)
        good = on_earth(lonlat)
        pairs = zip(table.text("stop_id").tolist(), lonlat.tolist(), good.tolist(), strict=True)
        return {name: (lon, lat) for name, (lon, lat), is_good in pairs if is_good}

    def _frequencies(self) -> dict[str, list[tuple[float, float, float]]]:
        """First, last (exclusive) and every how many seconds, by trip."""
        names = ("trip_id", "start_time", "end_time", "headway_secs")
        table = self.files.table("frequencies.txt", names)
        out: dict[str, list[tuple[float, float, float]]] = {}
        if table is None:
            return out
        columns = (table.seconds("start_time"), table.seconds("end_time"),
                   table.numbers("headway_secs"))  # fmt: skip
        for name, first, last, every in zip(
            table.text("trip_id").tolist(), *(one.tolist() for one in columns), strict=True
        ):
            if every >= 10.0 and last > first:
                out.setdefault(name, []).append((first, last, every))
        return out

    def _fitted(
        self, shapes: Shapes, shape: int, stops: tuple[int, ...], place: Float64Array
    ) -> tuple[int, Float64Array]:
        """The way of a pattern, and metres (s,) along it of its stops; each pattern once."""
        key = (shape, stops)
        found = self._fits.get(key)
        if found is None:
            found = self._fits[key] = self._fit(shapes, shape, place[list(stops)])
        return found

    def _fit(self, shapes: Shapes, shape: int, stops_deg: Float64Array) -> tuple[int, Float64Array]:
        line = shapes.lonlat_deg[shapes.starts[shape] : shapes.starts[shape + 1]]
        if shape >= 0 and len(line) > 1 and len(line) * len(stops_deg) <= _MOST_CELLS:
            if shape not in self._way_of_shape:
                self._way_of_shape[shape] = self.ways.add(line)
            way = self._way_of_shape[shape]
            along = stops_along(line, self.ways.metres[way], stops_deg)
            if along is not None:
                return way, along
        self.files.tally.add("straight", "patterns have no fitting shape; they go straight")
        way = self.ways.add(stops_deg)
        return way, self.ways.metres[way]

    def _table(self, runs: list[Run], day: date) -> Timetable:
        names = self._route_names()
        vehicles = chained(runs)
        units, waits, order = [], [], []
        counts: Counter[str] = Counter()
        for index, vehicle in enumerate(vehicles):
            route = runs[vehicle[0]].route
            title, kind = names.get(route, (route, "bus"))
            counts[route] += 1
            unit_kind = self.kind or kind
            units.append(
                Unit(
                    index=index,
                    id=f"{unit_kind}-{route}-{counts[route]}",
                    name=f"{title} · {counts[route]}",
                    kind=unit_kind,
                )
            )
            order += vehicle
            for this, following in zip(vehicle, [*vehicle[1:], -1], strict=True):
                waits.append(_wait_s(runs, this, following))
        sizes = [len(vehicle) for vehicle in vehicles]
        sorted_runs = [runs[k] for k in order]
        knots = [self.knots[one.knots] for one in sorted_runs]
        warnings = [f"{one.count:,} {one.message[0].lower()}{one.message[1:]}"
                    for one in self.files.tally.warnings()]  # fmt: skip
        return Timetable(
            recognised=f"GTFS timetable of {day:%A}, {day}: {len(runs):,} trips,"
            f" {len(units):,} vehicles",
            warnings=tuple(warnings),
            day=day,
            zone=self._zone(),
            units=tuple(units),
            trip_units=np.repeat(np.arange(len(vehicles)), sizes),
            trip_starts_s=np.array([one.start_s for one in sorted_runs]),
            trip_ends_s=np.array([one.end_s for one in sorted_runs]),
            trip_ways=np.array([one.way for one in sorted_runs], dtype=np.int64),
            waits_s=np.array(waits),
            knot_starts=_starts([len(seconds) for seconds, _ in knots]),
            knot_s=np.concatenate(
                [
                    seconds + one.later_s
                    for (seconds, _), one in zip(knots, sorted_runs, strict=True)
                ]
            ),
            knot_m=np.concatenate([metres for _, metres in knots]),
            way_starts=_starts([len(one) for one in self.ways.metres]),
            way_m=np.concatenate(self.ways.metres),
            way_lonlat_deg=np.concatenate(self.ways.lonlat_deg),
        )

    def _route_names(self) -> dict[str, tuple[str, str]]:
        """Name for a person and kind of vehicle, by route."""
        names = ("route_id", "route_short_name", "route_long_name", "route_type")
        table = self.files.need("routes.txt", names)
        return {
            one: (short or long or one, _kind_of(kind))
            for one, short, long, kind in zip(
                *(table.text(name).tolist() for name in names), strict=True
            )
        }

    def _zone(self) -> str:
        table = self.files.table("agency.txt", ("agency_timezone",))
        if table is None or not table.n_rows:
            return ""
        return str(table.text("agency_timezone")[0]).strip()


def _kind_of(route_type: str) -> str:
    """Kind of vehicle of a route type, also of the extended ones (100 rail … 900 tram)."""
    if route_type in _UNIT_KINDS:
        return _UNIT_KINDS[route_type]
    extended = {"1": "train", "2": "bus", "4": "metro", "7": "bus", "9": "tram"}
    if len(route_type) == 4 and route_type.startswith("10"):
        return "ferry"
    return extended.get(route_type[:1], "other") if len(route_type) == 3 else "other"


def _rows_by_trip(times: Columns) -> dict[str, Int64Array]:
    """Rows of stop_times of each trip in the order of their stop_sequence."""
    codes, names = coded(times, "trip_id")
    order = np.lexsort((np.nan_to_num(times.numbers("stop_sequence")), codes))
    cuts = np.searchsorted(codes[order], np.arange(len(names) + 1))
    return {name: order[cuts[k] : cuts[k + 1]] for k, name in enumerate(names)}


def _knots(
    arrive: Float64Array, depart: Float64Array, place: Float64Array
) -> tuple[Int64Array, Float64Array] | None:
    """Stops (s,) that count and their arrivals and departures (s, 2); None for fewer than two.

    Times between timed stops are spread evenly over the stops between them.
    """
    kept = np.flatnonzero(np.isfinite(place).all(axis=1))
    arrive, depart = arrive[kept], depart[kept]
    arrive = np.where(np.isnan(arrive), depart, arrive)
    depart = np.where(np.isnan(depart), arrive, depart)
    timed = np.flatnonzero(np.isfinite(arrive))
    if len(timed) < 2:
        return None
    inside = np.arange(timed[0], timed[-1] + 1)
    seconds = np.stack(
        [np.interp(inside, timed, arrive[timed]), np.interp(inside, timed, depart[timed])], axis=1
    )
    rising = np.maximum.accumulate(seconds.ravel()).reshape(-1, 2)
    return (kept[inside], rising) if rising[-1, 1] > rising[0, 0] else None


def _wait_s(runs: list[Run], this: int, following: int) -> float:
    """How long a vehicle is seen to wait after a trip: until its next one from the same stop."""
    if following < 0 or runs[following].first_stop != runs[this].last_stop:
        return 0.0
    gap = runs[following].start_s - runs[this].end_s
    return gap if gap <= LAYOVER_S else 0.0


def _starts(sizes: list[int]) -> Int64Array:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
