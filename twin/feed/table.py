"""A CSV file as columns of text, and text as numbers and times, with every fault counted."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from twin.arrays import Float64Array
from twin.feed.recording import FeedError

#: Texts that mean "no value".
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "--", "?"})
MAX_FILE_BYTES = 512 * 1024 * 1024
_DELIMITERS = ",;\t|"
_TIME_FORMATS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%d.%m.%Y")
#: Whole numbers above these are milliseconds, microseconds, nanoseconds since 1970.
_EPOCH_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file: names of its columns, the cells by column, the line number of each row."""

    path: Path
    names: tuple[str, ...]
    columns: tuple[Sequence[str], ...]
    lines: Sequence[int]
    warnings: tuple[str, ...]

    @property
    def n_rows(self) -> int:
        """Rows below the header."""
        return len(self.lines)

    def column(self, name: str) -> Sequence[str]:
        """The cells of one column.

        Raises
        ------
        FeedError
            There is no such column; the text lists those there are.
        """
        if name not in self.names:
            raise FeedError(
                f"There is no column {name!r} in {self.path}; its columns are"
                f" {shortened(self.names)}"
            )
        return self.columns[self.names.index(name)]


def shortened(names: Sequence[str], most: int = 20) -> str:
    """A list of names for a person, cut after `most`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def read_table(path: Path) -> Table:
    """Read a CSV file with a header line; comma, semicolon, tab or bar between the cells.

    Raises
    ------
    FeedError
        It cannot be read, is empty, or is not a table.
    """
    text = _text_of(path)
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    rows: list[list[str]] = []
    lines: list[int] = []
    n_odd = first_odd = 0
    try:
        reader = csv.reader(text.splitlines(), delimiter=delimiter)
        names = tuple(name.strip() for name in next(reader, []))
        for row in reader:
            if len(row) == len(names):
                rows.append(row)
                lines.append(reader.line_num)
            elif row:
                n_odd += 1
                first_odd = first_odd or reader.line_num
    except csv.Error as error:
        raise FeedError(f"This is not a CSV table ({error}): {path}") from error
    if not names or not any(names) or not rows:
        raise FeedError(f"This file holds no table with a header line and rows: {path}")
    if len(set(names)) < len(names):
        raise FeedError(f"Two columns have the same name in the header line: {path}")
    warnings = (
        (f"{n_odd:,} rows have another number of cells than the header, first in line {first_odd}",)
        if n_odd
        else ()
    )
    return Table(path, names, tuple(zip(*rows, strict=True)), lines, warnings)


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise FeedError(f"The file is larger than {MAX_FILE_BYTES >> 20} MiB: {path}")
        raw = path.read_bytes()
    except OSError as error:
        raise FeedError(f"The file cannot be read ({error.strerror}): {path}") from error
    if b"\0" in raw[:4096]:
        raise FeedError(f"This is not a text file: {path}")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def numbers_of(table: Table, name: str) -> tuple[Float64Array, list[str]]:
    """One column as numbers (n,), NaN for none; and the faults, counted, with the first's place."""
    cells = table.column(name)
    try:
        return np.array(cells, dtype=np.float64), []
    except ValueError:
        pass
    numbers = np.full(len(cells), np.nan)
    n_bad, first_bad = 0, ""
    for row, cell in enumerate(cells):
        try:
            numbers[row] = float(cell)
        except ValueError:
            if cell.strip().lower() not in MISSING:
                n_bad += 1
                first_bad = first_bad or f"{cell[:40]!r} in line {table.lines[row]}"
    faults = [f"{n_bad:,} cells of column {name} are not numbers, first {first_bad}"]
    return numbers, faults if n_bad else []


def is_numeric(table: Table, name: str) -> bool:
    """Whether most of the first 500 cells with something in them are numbers."""
    filled = [c for c in table.column(name)[:500] if c.strip().lower() not in MISSING]
    return sum(map(_is_number, filled)) > len(filled) / 2


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def seconds_of(cells: Sequence[str]) -> Float64Array:
    """Times (n,) in seconds since 1970 (UTC where no zone is told), NaN for what is no time."""
    return np.array([_second_of(cell.strip()) for cell in cells])


def _second_of(cell: str) -> float:
    if _is_number(cell):
        number = float(cell)
        for least, per_second in _EPOCH_UNITS:
            if number > least:
                return number / per_second
        return number
    stamp = _stamp_of(cell)
    if stamp is None:
        return np.nan
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()


def _stamp_of(cell: str) -> datetime | None:
    try:
        return datetime.fromisoformat(cell.replace("/", "-"))
    except ValueError:
        pass
    for pattern in _TIME_FORMATS:
        try:
            return datetime.strptime(cell, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
