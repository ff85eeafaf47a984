"""From a CSV table to series: a row a sensor and time, or a column a sensor or a property."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin.arrays import Float64Array, Int64Array, UInt32Array
from twin.feed.recording import FeedError, Series, usual_interval_s
from twin.feed.table import Table, is_numeric, numbers_of, read_table, seconds_of, shortened
from twin.sense.model import OBSERVED_PROPERTIES, Datastream, Thing

_TIME_NAMES = ("time", "timestamp", "datetime", "date_time", "date", "phenomenontime")
_TIME_PARTS = ("year", "month", "day", "hour", "minute", "second")
_NOT_VALUES = {"no", "index", "row", "latitude", "longitude", "lat", "lon", "lng"}
_PROPERTY_ALIASES = {"pm2_5": "pm25"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesOptions:
    """How to read a table; empty = find out.

    Attributes
    ----------
    time_column : its name, or several names of parts joined by commas (year,month,day,hour)
    id_column : the column that names the sensor (a row a sensor and time)
    value_columns : the columns to replay
    observed_property, unit : for all values
    step_s : time between rows where the table has no time column
    locations, lat_column, lon_column : table of positions (default: the table itself)
    missing_value : a number that means "no value"
    """

    time_column: str = ""
    id_column: str = ""
    value_columns: tuple[str, ...] = ()
    observed_property: str = ""
    unit: str = ""
    step_s: float = 0.0
    locations: Path | None = None
    lat_column: str = ""
    lon_column: str = ""
    missing_value: float | None = None


@dataclass(slots=True)
class _Found:
    """Observations before they are sorted: stream number, seconds, value, one array a column."""

    streams: list[tuple[str, str]]
    stream_of: Int64Array
    seconds: Float64Array
    values: Float64Array
    text: str
    warnings: list[str]
    titles: dict[str, str]


def read_series(path: Path, options: SeriesOptions) -> Series:
    """Read a recorded CSV file.

    Raises
    ------
    FeedError
        No such column, no times, no numbers: one sentence that says what to do.
    """
    table = read_table(path)
    seconds, time_names, time_text = _times(table, options)
    names = _value_columns(table, options, set(time_names))
    if options.id_column:
        found = _rows_of_sensors(table, options, seconds, names)
    elif _columns_are_sensors(names, options):
        found = _columns(table, seconds, names, [(n, options.observed_property) for n in names])
        found.text = f"{len(names)} sensors, one a column"
    else:
        thing = path.stem
        streams = [(thing, options.observed_property or _slug(name)) for name in names]
        found = _columns(table, seconds, names, streams)
        found.text = f"{len(names)} properties of one sensor ({shortened(names)})"
        found.titles = {_slug(name): name for name in names}
    found.text += f", {table.n_rows:,} rows, {time_text}"
    found.warnings[:0] = table.warnings
    return _series(table, options, found)


def _times(table: Table, options: SeriesOptions) -> tuple[Float64Array, Sequence[str], str]:
    by_lower = {name.lower(): name for name in table.names}
    parts = [by_lower[part] for part in _TIME_PARTS if part in by_lower]
    if options.time_column:
        names = [name.strip() for name in options.time_column.split(",")]
    elif options.step_s > 0.0:
        rows = np.arange(table.n_rows, dtype=np.float64) * options.step_s
        return rows, (), f"a row every {options.step_s:g} s"
    else:
        single = [by_lower[name] for name in _TIME_NAMES if name in by_lower]
        names = single[:1] or (parts if len(parts) >= 3 else [])
    if not names:
        raise FeedError(
            f"No time column was found in {table.path}: say --time-column NAME, or --step SECONDS"
            f" between its rows; its columns are {shortened(table.names)}"
        )
    cells = [table.column(name) for name in names]
    seconds = seconds_of(cells[0]) if len(names) == 1 else _joined_times(cells)
    if not np.isfinite(seconds).any():
        raise FeedError(
            f"Column {', '.join(names)} holds no times ({cells[0][0][:40]!r} …) in {table.path}"
        )
    return seconds, names, f"time from {', '.join(names)}"


def _joined_times(cells: Sequence[Sequence[str]]) -> Float64Array:
    """Times of separate columns year, month, day and maybe hour, minute, second."""
    texts = []
    for row in zip(*cells, strict=True):
        number = [part.strip().zfill(2) for part in row] + ["00"] * (6 - len(row))
        texts.append(f"{'-'.join(number[:3])} {':'.join(number[3:6])}")
    return seconds_of(texts)


def _value_columns(table: Table, options: SeriesOptions, time_names: set[str]) -> list[str]:
    if options.value_columns:
        for name in options.value_columns:
            table.column(name)
        return list(options.value_columns)
    skipped = time_names | {options.id_column, options.lat_column, options.lon_column}
    skipped |= {n for n in table.names if n.lower() in _NOT_VALUES or n.lower() in _TIME_PARTS}
    names = [n for n in table.names if n not in skipped and n and is_numeric(table, n)]
    if not names:
        raise FeedError(
            f"No column of numbers was found in {table.path}: say --value-column NAME;"
            f" its columns are {shortened(table.names)}"
        )
    return names


def _columns_are_sensors(names: Sequence[str], options: SeriesOptions) -> bool:
    are_numbers = len(names) > 1 and all(name.isdigit() for name in names)
    return (
        are_numbers
        or options.locations is not None
        or (bool(options.observed_property) and len(names) > 1)
    )


def _columns(
    table: Table,
    seconds: Float64Array,
    names: Sequence[str],
    streams: Sequence[tuple[str, str]],
) -> _Found:
    warnings: list[str] = []
    columns = []
    for name in names:
        numbers, faults = numbers_of(table, name)
        columns.append(numbers)
        warnings += faults
    return _Found(
        streams=[(thing, prop or "value") for thing, prop in streams],
        stream_of=np.tile(np.arange(len(names)), table.n_rows),
        seconds=np.repeat(seconds, len(names)),
        values=np.column_stack(columns).ravel(),
        text="",
        warnings=warnings,
        titles={},
    )


def _rows_of_sensors(
    table: Table, options: SeriesOptions, seconds: Float64Array, names: Sequence[str]
) -> _Found:
    ids, number_of = np.unique(np.array(table.column(options.id_column)), return_inverse=True)
    one = len(names) == 1 and options.observed_property
    properties = [options.observed_property if one else _slug(name) for name in names]
    found = _columns(table, seconds, names, [("", prop) for prop in properties])
    n_columns = len(names)
    found.stream_of = (number_of[:, None] * n_columns + np.arange(n_columns)).ravel()
    found.streams = [(str(sensor), prop) for sensor in ids for prop in properties]
    found.text = f"{len(ids)} sensors, a row each ({shortened(names)})"
    return found


def _series(table: Table, options: SeriesOptions, found: _Found) -> Series:
    good = np.isfinite(found.values) & np.isfinite(found.seconds)
    if options.missing_value is not None:
        good &= found.values != options.missing_value
    n_left_out = len(good) - int(np.count_nonzero(good))
    if n_left_out:
        found.warnings.append(f"{n_left_out:,} of {len(good):,} cells hold no value or no time")
    if n_left_out == len(good):
        raise FeedError(f"Not one value with a time was found in {table.path}")
    order = np.argsort(found.seconds[good], kind="stable")
    seconds = found.seconds[good][order]
    indices = found.stream_of[good][order].astype(np.uint32)
    values = found.values[good][order]
    elapsed_s = seconds - seconds[0]
    interval_s = usual_interval_s(indices, elapsed_s)
    things = _things(table, options, found)
    return Series(
        recognised=found.text,
        warnings=tuple(found.warnings),
        things=things,
        datastreams=_datastreams(options, found, indices, values),
        indices=indices,
        elapsed_s=elapsed_s,
        values=values,
        interval_s=interval_s,
    )


def _datastreams(
    options: SeriesOptions, found: _Found, indices: UInt32Array, values: Float64Array
) -> tuple[Datastream, ...]:
    ranges: dict[str, tuple[float, float]] = {}
    for prop in {prop for _, prop in found.streams}:
        own = [i for i, (_, p) in enumerate(found.streams) if p == prop]
        chosen = values[np.isin(indices, own)]
        low, high = np.percentile(chosen, [1, 99]) if len(chosen) else (0.0, 0.0)
        ranges[prop] = (float(f"{low:.3g}"), float(f"{high:.3g}"))
    streams = []
    for index, (thing, prop) in enumerate(found.streams):
        title = found.titles.get(prop, prop)
        title, unit, _, _ = OBSERVED_PROPERTIES.get(prop, (title, "", 0.0, 0.0))
        streams.append(
            Datastream(
                index=index,
                id=f"{thing}/{prop}",
                thing_id=thing,
                observed_property=prop,
                name=title,
                unit=options.unit or unit,
                min=ranges[prop][0],
                max=ranges[prop][1],
            )
        )
    return tuple(streams)


def _things(table: Table, options: SeriesOptions, found: _Found) -> tuple[Thing, ...]:
    ids = list(dict.fromkeys(thing for thing, _ in found.streams))
    places = _places(table, options, ids)
    if not places:
        found.warnings.append("No positions: the sensors appear in the lists, not on the map")
    elif len(places) < len(ids):
        found.warnings.append(f"{len(ids) - len(places)} of {len(ids)} sensors have no position")
    return tuple(
        Thing(id=name, name=name, kind="sensor", frame="geographic", xyz=(*places[name], 0.0))
        if name in places
        else Thing(id=name, name=name, kind="sensor", frame="none")
        for name in ids
    )


def _places(
    table: Table, options: SeriesOptions, ids: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """Longitude and latitude by sensor, from the table of positions or the table itself."""
    source = read_table(options.locations) if options.locations else table
    by_lower = {name.lower(): name for name in source.names}
    lat = options.lat_column or by_lower.get("latitude") or by_lower.get("lat") or ""
    lon = options.lon_column or by_lower.get("longitude") or by_lower.get("lon") or ""
    if not lat or not lon:
        if options.locations:
            raise FeedError(
                f"No position columns were found in {source.path}: say --lat-column and"
                f" --lon-column; its columns are {shortened(source.names)}"
            )
        return {}
    lats, lons = numbers_of(source, lat)[0], numbers_of(source, lon)[0]
    wanted = set(ids)
    keys = max(source.columns, key=lambda cells: len(wanted & {cell.strip() for cell in cells}))
    is_on_earth = (np.abs(lats) <= 90.0) & (np.abs(lons) <= 180.0)
    return {
        key.strip(): (float(x), float(y))
        for key, x, y, good in zip(keys, lons, lats, is_on_earth, strict=True)
        if good and key.strip() in wanted
    }


def _slug(name: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "value"
    return _PROPERTY_ALIASES.get(slug, slug)
