"""GTFS timetables (.zip, or a folder's stops.txt): stops as places, routes as coloured lines."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.city.asset import CityAsset, FeatureTable, Material, Place, Surface, TriangleSoup
from twin.city.columns import ColumnsBuilder
from twin.city.flat_map import ROUTE_M, joined
from twin.city.names import UniqueNames
from twin.city.placing import Placed, place
from twin.city.ribbons import lines_of, ribbons
from twin.city.soup import feature_bounds
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import reading
from twin.readers.gtfs_tables import (
    Columns,
    GtfsFiles,
    Shapes,
    coded,
    looks_like_gtfs,
    on_earth,
    read_shapes,
)

_ID = "gtfs"
_WGS84 = "EPSG:4326"
STOP, STATION, ROUTE = "Stop", "Station", "Route"
#: Things farther than this from the middle of the feed are left out.
MAX_REACH_KM = 100.0
_KM_A_DEGREE = 111.2
_COLOUR = re.compile(r"^#?([0-9a-fA-F]{6})$")
_PLAIN = (92, 107, 122, 255)
_RAIL_TYPES = {"0", "1", "2", "5", "7", "12"}
_STOP_COLUMNS = (
    "stop_id", "stop_code", "stop_name", "stop_desc", "stop_lat", "stop_lon", "zone_id",
    "location_type", "parent_station", "wheelchair_boarding", "platform_code",
)  # fmt: skip
_ROUTE_COLUMNS = (
    "route_id", "agency_id", "route_short_name", "route_long_name", "route_desc", "route_type",
    "route_color", "route_url",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feed:
    """What is drawn of a feed."""

    stops: Columns
    routes: Columns
    stop_lonlat: Float64Array
    shapes: Shapes
    shapes_of_route: dict[int, list[int]]
    counts: dict[str, int]


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read a feed. Any thread. The CRS is WGS 84 by definition.

    Raises
    ------
    ReadError
        It is no zip or folder with stops.txt, routes.txt, trips.txt; or no stop has a position.
    """
    del options
    tally = Tally()
    source = path.parent if path.suffix == ".txt" else path
    with reading(path, _ID):
        with GtfsFiles(source, tally) as files:
            feed = _feed(files, tally, progress)
        progress(0.6)
        asset = _asset(feed, path, source, tally)
    progress(1.0)
    return asset


def _feed(files: GtfsFiles, tally: Tally, progress: Progress) -> _Feed:
    stops = files.need("stops.txt", _STOP_COLUMNS)
    routes = files.need("routes.txt", _ROUTE_COLUMNS)
    trips = files.need("trips.txt", ("trip_id", "route_id", "shape_id", "service_id"))
    times = files.table("stop_times.txt", ("trip_id", "stop_id"))
    progress(0.3)
    if times is None:
        tally.add("no-stop-times", "The feed has no stop_times.txt, so nothing moves on it")
    if not files.has("calendar.txt") and not files.has("calendar_dates.txt"):
        tally.add("no-calendar", "The feed says on no day that anything runs")
    shapes = read_shapes(files)
    lonlat = np.stack([stops.numbers("stop_lon"), stops.numbers("stop_lat")], axis=1)
    good = on_earth(lonlat)
    lonlat[~good] = np.nan
    tally.add("bad-position", "Positions that are nowhere on Earth were left out",
              int((~good).sum()))  # fmt: skip
    _name_broken_links(stops, routes, trips, times, tally)
    counts = {
        "stops": stops.n_rows,
        "routes": routes.n_rows,
        "trips": trips.n_rows,
        "shapes": len(shapes.ids),
        "shape_points": len(shapes.lonlat_deg),
        "stop_times": times.n_rows if times is not None else 0,
    }
    return _Feed(
        stops=stops,
        routes=routes,
        stop_lonlat=lonlat,
        shapes=shapes,
        shapes_of_route=_shapes_of_routes(routes, trips, shapes, tally),
        counts=counts,
    )


def _name_broken_links(
    stops: Columns, routes: Columns, trips: Columns, times: Columns | None, tally: Tally
) -> None:
    """Count what names something that the feed does not hold, and ids that come twice."""

    def unknown(table: Columns, name: str, known: Columns) -> int:
        codes, values = coded(table, name)
        there = set(known.text(name).tolist())
        missing = np.array([value not in there for value in values], dtype=bool)
        return int(missing[codes].sum()) if len(codes) else 0

    for table, key in ((stops, "stop_id"), (routes, "route_id"), (trips, "trip_id")):
        _, values = coded(table, key)
        tally.add(f"repeated-{key}", f"Rows repeat a {key}", table.n_rows - len(values))
    tally.add("unknown-route", "Trips name routes that are not in the feed",
              unknown(trips, "route_id", routes))  # fmt: skip
    if times is not None:
        tally.add("unknown-stop", "Stop times name stops that are not in the feed",
                  unknown(times, "stop_id", stops))  # fmt: skip
        tally.add("unknown-trip", "Stop times name trips that are not in the feed",
                  unknown(times, "trip_id", trips))  # fmt: skip
        without = trips.n_rows - len(
            set(trips.text("trip_id").tolist()) & set(coded(times, "trip_id")[1])
        )
        tally.add("trip-without-stops", "Trips have no stop times", without)


def _shapes_of_routes(
    routes: Columns, trips: Columns, shapes: Shapes, tally: Tally
) -> dict[int, list[int]]:
    """Shapes by row of the route, the most used first."""
    row_of_route = {name: row for row, name in enumerate(routes.text("route_id").tolist())}
    row_of_shape = {name: row for row, name in enumerate(shapes.ids)}
    uses: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    missing = 0
    for route, shape in zip(
        trips.text("route_id").tolist(), trips.text("shape_id").tolist(), strict=True
    ):
        number = row_of_shape.get(shape, -1)
        missing += number < 0
        if number >= 0 and route in row_of_route:
            uses[row_of_route[route]][number] += 1
    tally.add("no-shape", "Trips have no way on the map; they go straight from stop to stop",
              missing)  # fmt: skip
    return {route: sorted(one, key=lambda s: -one[s]) for route, one in uses.items()}


def _asset(feed: _Feed, path: Path, source: Path, tally: Tally) -> CityAsset:
    n_stops = feed.stops.n_rows
    lonlat = np.concatenate([feed.stop_lonlat, feed.shapes.lonlat_deg])
    lonlat = _near(lonlat, tally)
    if not np.isfinite(lonlat).all(axis=1).any():
        raise ReadError("No stop of the feed has a position", path=path, reader_id=_ID)
    placed = place(np.column_stack([lonlat, np.zeros(len(lonlat))]), _WGS84, tally)
    xy = placed.xyz_local_m[:, :2].astype(np.float64)
    rows = _Rows(UniqueNames(), [], ColumnsBuilder())
    places = _add_stops(feed, xy[:n_stops], rows)
    soup, materials, n_lines = _add_routes(feed, xy[n_stops:], rows)
    return _finished(feed, path, source, tally, placed, rows, places, soup, materials, n_lines, xy)


@dataclass(slots=True)
class _Rows:
    names: UniqueNames
    codes: list[int]
    columns: ColumnsBuilder

    def add(self, name: str, code: int, attributes: dict[str, str]) -> int:
        """Add a feature; empty attributes are left out."""
        row = len(self.names)
        self.names.take(name)
        self.codes.append(code)
        self.columns.add(row, {key: value for key, value in attributes.items() if value})
        return row


def _near(lonlat: Float64Array, tally: Tally) -> Float64Array:
    good = np.isfinite(lonlat).all(axis=1)
    if not good.any():
        return lonlat
    middle = np.median(lonlat[good], axis=0)
    away = (lonlat - middle) * _KM_A_DEGREE
    away[:, 0] *= np.cos(np.radians(middle[1]))
    with np.errstate(invalid="ignore"):
        far = np.hypot(away[:, 0], away[:, 1]) > MAX_REACH_KM
    tally.add(
        "far-away", f"Stops and ways over {MAX_REACH_KM:g} km from the middle were left out",
        int(far.sum()),
    )  # fmt: skip
    return np.where(far[:, None], np.nan, lonlat)


def _add_stops(feed: _Feed, xy: Float64Array, rows: _Rows) -> tuple[Place, ...]:
    """A feature a stop, a place for each that has a position and is no platform of a station."""
    text = {name: feed.stops.text(name).tolist() for name in _STOP_COLUMNS}
    rail = bool(set(feed.routes.text("route_type").tolist()) <= _RAIL_TYPES)
    places = []
    for k in range(feed.stops.n_rows):
        is_station = text["location_type"][k] == "1"
        attributes = {name: text[name][k] for name in _STOP_COLUMNS[1:]}
        attributes["name"] = text["stop_name"][k]
        row = rows.add(f"stop/{text['stop_id'][k]}", 1 if is_station else 0, attributes)
        placed = bool(np.isfinite(xy[k]).all()) and text["location_type"][k] in ("", "0", "1")
        if placed and (is_station or not text["parent_station"][k]):
            x, y = (round(value, 2) for value in xy[k].tolist())
            kind = "station" if is_station or rail else "bus_stop"
            name = text["stop_name"][k] or text["stop_id"][k]
            places.append(
                Place(id=f"stop/{text['stop_id'][k]}", name=name, kind=kind,
                      xyz_local_m=(x, y, 0.0), feature=row)
            )  # fmt: skip
    return tuple(places)


def _add_routes(
    feed: _Feed, xy: Float64Array, rows: _Rows
) -> tuple[TriangleSoup, tuple[Material, ...], int]:
    """A feature a route; ribbons along its shapes in its colour."""
    text = {name: feed.routes.text(name).tolist() for name in _ROUTE_COLUMNS}
    width, step = _line_width_m(xy)
    lines: list[Float64Array] = []
    features: list[int] = []
    heights: list[float] = []
    materials: list[Material] = []
    looks: list[int] = []
    for k in range(feed.routes.n_rows):
        attributes = {name: text[name][k] for name in _ROUTE_COLUMNS[1:]}
        name = " ".join(filter(None, (text["route_short_name"][k], text["route_long_name"][k])))
        attributes["name"] = name or text["route_id"][k]
        row = rows.add(f"route/{text['route_id'][k]}", 2, attributes)
        materials.append(Material(rgba=_rgba(text["route_color"][k]), name=attributes["name"]))
        for shape in feed.shapes_of_route.get(k, ()):
            line = xy[feed.shapes.starts[shape] : feed.shapes.starts[shape + 1]]
            line = line[np.isfinite(line).all(axis=1)]
            if len(line) > 1:
                lines.append(line)
                features.append(row)
                heights.append(ROUTE_M + step * k)
                looks.append(k)
    ids = np.array(features, dtype=np.int32)
    soup = ribbons(
        lines_of(lines),
        np.full(len(lines), width),
        np.array(heights, dtype=np.float64),
        ids,
        np.full(len(lines), Surface.OTHER, dtype=np.uint8),
    )
    first = feed.stops.n_rows
    coloured = TriangleSoup(
        corners_local_m=soup.corners_local_m,
        features=soup.features,
        surfaces=soup.surfaces,
        materials=(soup.features - first).astype(np.int32),
    )
    return coloured, tuple(materials), len(lines)


def _line_width_m(xy: Float64Array) -> tuple[float, float]:
    """Width of lines and height between routes, to be seen in a view of the whole network."""
    good = xy[np.isfinite(xy).all(axis=1)]
    extent = float(np.ptp(good, axis=0).max()) if len(good) else 0.0
    width = min(max(extent / 320.0, 4.0), 300.0)
    return width, 0.01 * width


def _rgba(text: str) -> tuple[int, int, int, int]:
    found = _COLOUR.match(text.strip())
    if not found:
        return _PLAIN
    red, green, blue = bytes.fromhex(found[1])
    return red, green, blue, 255


def _discs(xy: Float64Array, rows: Int64Array, radius_m: float) -> TriangleSoup:
    """A small flat disc where each stop is."""
    good = np.isfinite(xy).all(axis=1)
    at = xy[good]
    ends = np.repeat(at, 2, axis=0)
    ends[1::2, 0] += 0.03 + 0 * ends[1::2, 0]
    lines = lines_of(list(ends.reshape(-1, 2, 2)))
    n = len(at)
    return ribbons(
        lines,
        np.full(n, 2 * radius_m),
        np.full(n, ROUTE_M + 0.5 * radius_m),
        rows[good].astype(np.int32),
        np.full(n, Surface.MARKING, dtype=np.uint8),
    )


def _finished(
    feed: _Feed,
    path: Path,
    source: Path,
    tally: Tally,
    placed: Placed,
    rows: _Rows,
    places: tuple[Place, ...],
    soup: TriangleSoup,
    materials: tuple[Material, ...],
    n_lines: int,
    xy: Float64Array,
) -> CityAsset:
    n = len(rows.names)
    n_stops = feed.stops.n_rows
    width, _ = _line_width_m(xy)
    discs = _discs(xy[:n_stops], np.arange(n_stops), 0.9 * width)
    looks = np.concatenate(
        [np.full(discs.n_triangles, -1, dtype=np.int32),
         soup.materials if soup.materials is not None else np.zeros(0, np.int32)]
    )  # fmt: skip
    both = joined([discs, soup])
    whole = TriangleSoup(
        corners_local_m=both.corners_local_m,
        features=both.features,
        surfaces=both.surfaces,
        materials=looks,
    )
    if not whole.n_triangles:
        tally.add("nothing-to-draw", "The feed holds nothing that can be drawn")
    features = FeatureTable(
        ids=tuple(rows.names.row_of),
        kind_names=(STOP, STATION, ROUTE),
        kind_codes=np.array(rows.codes, dtype=np.uint16),
        parents=np.full(n, -1, dtype=np.int32),
        bounds_min_max_local_m=feature_bounds(
            whole.corners_local_m.reshape(-1, 3), np.repeat(whole.features, 3), n
        ),
        attributes=rows.columns.columns(n, tally),
    )
    return CityAsset(
        title=(source if source.is_dir() else path).name.split(".")[0],
        format="GTFS",
        version="",
        origin=placed.origin,
        features=features,
        soup=whole,
        n_surfaces=n_lines,
        places=places,
        warnings=tally.warnings(),
        path=path,
        source_crs=placed.source_crs,
        source_bounds=placed.source_bounds,
        materials=materials,
        counts=feed.counts,
    )


def sniff(path: Path, head: bytes) -> bool:
    """Whether a zip holds the tables of a feed, or a stops.txt stands among them."""
    if head.startswith(b"PK\x03\x04"):
        return looks_like_gtfs(path)
    return path.name == "stops.txt" and looks_like_gtfs(path.parent)


READER = ReaderType(
    id=_ID,
    title="GTFS timetable",
    suffixes=(".gtfs.zip", ".zip", "stops.txt"),
    sniff=sniff,
    read=read,
    priority=110,
)
