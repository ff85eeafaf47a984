"""Looking after a history: segments become a file a day, old days are thinned, older ones go."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from twin.history.files import RAW, THIN, WHOLE, HistoryError, day_of, days_of, put_in_place


@dataclass(frozen=True, slots=True)
class Rules:
    """How long what is kept, in days.

    Attributes
    ----------
    exact_days : every value; older days are thinned to one row a minute
    thin_days : thinned days; older ones go
    """

    exact_days: int = 35
    thin_days: int = 400


def compact(folder: Path, today: date) -> list[date]:
    """Make one sorted file, and a thinned one, of each past day's segments; the days done.

    Raises `HistoryError`.
    """
    done = []
    whole = days_of(folder, WHOLE)
    for day, files in days_of(folder, RAW).items():
        if day >= today:
            continue
        sources = [*whole.get(day, ()), *files]
        _write(
            folder / WHOLE / f"{day.isoformat()}.parquet",
            "SELECT datastream, t, any_value(value) AS value, any_value(quality) AS quality"
            " FROM read_parquet(?) GROUP BY datastream, t ORDER BY datastream, t",
            sources,
        )
        thin_day(folder, day, [folder / WHOLE / f"{day.isoformat()}.parquet"])
        shutil.rmtree(folder / RAW / day.isoformat())
        done.append(day)
    return done


def apply_rules(folder: Path, today: date, rules: Rules | None = None) -> tuple[int, int]:
    """Thin and drop old days; how many of each. Raises `HistoryError`."""
    rules = rules or Rules()
    if not 0 < rules.exact_days <= rules.thin_days:
        raise HistoryError("Days are kept exactly for a day or more, and thinned ones longer")
    compact(folder, today)
    n_thinned = n_dropped = 0
    for day, files in days_of(folder, WHOLE).items():
        if day < today - timedelta(rules.exact_days):
            thin_day(folder, day, files)
            for file in files:
                file.unlink()
            n_thinned += 1
    for day, files in days_of(folder, THIN).items():
        if day < today - timedelta(rules.thin_days):
            for file in files:
                file.unlink(missing_ok=True)
            n_dropped += 1
    return n_thinned, n_dropped


def today_of(now_ns: int) -> date:
    """The day of now, UTC."""
    return day_of(now_ns)


def thin_day(folder: Path, day: date, files: list[Path]) -> None:
    """Write a day thinned to minutes; its exact values stay. Raises `HistoryError`."""
    _write(
        folder / THIN / f"{day.isoformat()}.parquet",
        "SELECT datastream, t // 60000000000 * 60000000000 AS t, count(*) AS n,"
        " min(value) AS low, max(value) AS high, avg(value) AS mean, arg_max(value, t) AS last"
        " FROM read_parquet(?) WHERE quality < 2 GROUP BY ALL ORDER BY datastream, t",
        files,
    )


def _write(place: Path, sql: str, sources: list[Path]) -> None:
    import duckdb

    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_suffix(".part")
    quoted = str(beside).replace("'", "''")
    try:
        with duckdb.connect() as database:
            database.execute(
                f"COPY ({sql}) TO '{quoted}' (FORMAT PARQUET, COMPRESSION ZSTD,"
                " ROW_GROUP_SIZE 122880)",
                [[str(source) for source in sources]],
            )
    except duckdb.Error as error:
        beside.unlink(missing_ok=True)
        said = str(error).splitlines()[0]
        raise HistoryError(f"A day of the history cannot be written ({said}): {place}") from error
    put_in_place(beside, place)
