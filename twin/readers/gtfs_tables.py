"""The tables of a GTFS feed, from a zip or a folder, as Arrow columns of text."""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float64Array, Int32Array
from twin.city.tally import Tally
from twin.errors import ReadError

_ID = "gtfs"
#: Larger tables must be cut first; a city's own are far smaller.
MAX_TABLE_BYTES = 192 << 20
_LONGEST_HEADER = 65_536
_BOM = b"\xef\xbb\xbf"
REQUIRED = ("stops.txt", "routes.txt", "trips.txt", "stop_times.txt")

TextArray = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Columns:
    """Some columns of one table, as text; "" where a cell or the whole column is missing.

    Attributes
    ----------
    n_rows : how many rows the table has
    names : columns that the file really has
    """

    table: Any
    n_rows: int
    names: frozenset[str]

    def text(self, name: str) -> TextArray:
        """(n,) str objects."""
        values: TextArray = self.table.column(name).to_numpy(zero_copy_only=False)
        return values

    def numbers(self, name: str) -> Float64Array:
        """(n,) float64, NaN for what is no number."""
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = pc.utf8_trim_whitespace(self.table.column(name))
        good = pc.match_substring_regex(cells, r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?$")
        cells = pc.if_else(good, cells, pa.scalar(None, pa.string()))
        numbers = pc.fill_null(pc.cast(pc.utf8_ltrim(cells, characters="+"), pa.float64()), np.nan)
        out: Float64Array = numbers.to_numpy(zero_copy_only=False).astype(np.float64)
        return out

    def seconds(self, name: str) -> Float64Array:
        """(n,) seconds since the service day's midnight of H:MM:SS (may pass 24:00), else NaN."""
        import pyarrow as pa
        import pyarrow.compute as pc

        cells = pc.utf8_trim_whitespace(self.table.column(name)).combine_chunks()
        good = pc.match_substring_regex(cells, r"^\d{1,3}:[0-5]\d:[0-5]\d$")
        pieces = pc.list_flatten(pc.split_pattern(pc.filter(cells, good), ":"))
        numbers = pc.cast(pieces, pa.int32()).to_numpy(zero_copy_only=False).reshape(-1, 3)
        out = np.full(self.n_rows, np.nan)
        rows = good.to_numpy(zero_copy_only=False).astype(bool)
        out[rows] = numbers @ np.array([3600, 60, 1])
        return out


@dataclass(slots=True)
class GtfsFiles:
    """The files of one feed. Use as a context; one thread."""

    path: Path
    tally: Tally
    _archive: zipfile.ZipFile | None = None
    _members: dict[str, zipfile.ZipInfo] = field(default_factory=dict)

    def __enter__(self) -> GtfsFiles:
        """Open the zip.

        Raises
        ------
        ReadError
            It is no zip, or a broken one.
        """
        if self.path.is_dir():
            return self
        try:
            self._archive = zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise ReadError(
                "The file is no zip, so it is no GTFS feed", path=self.path, reader_id=_ID
            ) from error
        self._members = _members(self._archive)
        return self

    def __exit__(self, *_: object) -> None:
        if self._archive is not None:
            self._archive.close()

    def has(self, name: str) -> bool:
        """Whether the feed has a table."""
        return name in self._members if self._archive else (self.path / name).is_file()

    def table(self, name: str, columns: Sequence[str]) -> Columns | None:
        """Some columns of a table, None where the feed has no such table or it is empty.

        Raises
        ------
        ReadError
            The table is too large, or no table at all.
        """
        if not self.has(name):
            return None
        content = self._content(name)
        if not content.strip():
            return None
        return self._parsed(name, content, columns)

    def need(self, name: str, columns: Sequence[str]) -> Columns:
        """As `table`, of a table without which there is no feed.

        Raises
        ------
        ReadError
            Also where the feed has no such table.
        """
        found = self.table(name, columns)
        if found is None:
            raise ReadError(f"The GTFS feed has no {name}", path=self.path, reader_id=_ID)
        return found

    def _content(self, name: str) -> bytes:
        if self._archive is None:
            size = (self.path / name).stat().st_size
        else:
            size = self._members[name].file_size
        if size > MAX_TABLE_BYTES:
            raise ReadError(
                f"{name} is larger than {MAX_TABLE_BYTES >> 20} MiB; cut the feed to the city",
                path=self.path,
                reader_id=_ID,
            )
        if self._archive is None:
            return (self.path / name).read_bytes()
        try:
            return self._archive.read(self._members[name])
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
            reason = " ".join(str(error).split())[:120]
            raise ReadError(
                f"{name} cannot be unpacked ({reason})", path=self.path, reader_id=_ID
            ) from error
        except zlib_error() as error:
            raise ReadError(
                f"{name} cannot be unpacked ({error})", path=self.path, reader_id=_ID
            ) from error

    def _parsed(self, name: str, content: bytes, columns: Sequence[str]) -> Columns:
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        head, _, _ = content[:_LONGEST_HEADER].removeprefix(_BOM).lstrip(b"\r\n").partition(b"\n")
        header = next(csv.reader(io.StringIO(head.decode("utf-8", "replace").strip("\r"))), [])
        names = _unique(header)
        bad: list[int] = []
        is_utf8 = _is_utf8(content)
        if not is_utf8:
            self.tally.add("not-utf8", "Tables that are not UTF-8 were read as Latin-1")

        def skip(_row: Any) -> str:
            bad.append(1)
            return "skip"

        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(content),
                read_options=arrow_csv.ReadOptions(
                    column_names=names,
                    skip_rows=1,
                    encoding="utf8" if is_utf8 else "latin-1",
                    use_threads=False,
                ),
                parse_options=arrow_csv.ParseOptions(
                    newlines_in_values=True, invalid_row_handler=skip
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(columns, pa.string()),
                    include_columns=list(columns),
                    include_missing_columns=True,
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            reason = " ".join(str(error).split())[:120]
            raise ReadError(
                f"{name} is no table ({reason})", path=self.path, reader_id=_ID
            ) from error
        self.tally.add(
            "bad-rows", "Rows with another number of cells than their header were left out",
            len(bad),
        )  # fmt: skip
        filled = [column.fill_null("") for column in table.columns]
        return Columns(
            table=pa.table(dict(zip(columns, filled, strict=True))),
            n_rows=table.num_rows,
            names=frozenset(names),
        )


def _is_utf8(content: bytes) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), 1 << 20):
            decoder.decode(content[start : start + (1 << 20)])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def zlib_error() -> type[Exception]:
    """The error of a damaged stream inside a zip."""
    import zlib

    return zlib.error


def _unique(header: list[str]) -> list[str]:
    """Names without spaces around, a repeated or empty one made different."""
    seen: set[str] = set()
    out = []
    for number, name in enumerate(header):
        name = name.strip().strip('"').lower()
        if not name or name in seen:
            name = f"{name}#{number}"
        seen.add(name)
        out.append(name)
    return out


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Tables by name; those that lie least deep in folders win."""
    out: dict[str, zipfile.ZipInfo] = {}
    depth: dict[str, int] = {}
    for one in archive.infolist():
        inside = PurePosixPath(one.filename)
        if one.is_dir() or inside.suffix != ".txt" or "__MACOSX" in inside.parts:
            continue
        if len(inside.parts) < depth.get(inside.name, 99):
            out[inside.name], depth[inside.name] = one, len(inside.parts)
    return out


def looks_like_gtfs(path: Path) -> bool:
    """Whether a zip or a folder holds a feed; never raises."""
    try:
        if path.is_dir():
            return (path / "stops.txt").is_file() and (path / "trips.txt").is_file()
        if not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as archive:
            names = set(_members(archive))
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False
    return len(names & set(REQUIRED)) >= 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """Ways of vehicles: shape_ids (S,), starts (S + 1,), lonlat_deg (P, 2), told_dist (P,)."""

    ids: list[str]
    starts: NDArray[np.int64]
    lonlat_deg: Float64Array
    told_dist: Float64Array


def read_shapes(files: GtfsFiles) -> Shapes:
    """All points of shapes.txt in order; empty where there is none."""
    names = ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence", "shape_dist_traveled")
    table = files.table("shapes.txt", names)
    if table is None:
        none = np.zeros(0)
        return Shapes(
            ids=[], starts=np.zeros(1, np.int64), lonlat_deg=np.zeros((0, 2)), told_dist=none
        )
    lonlat = np.stack([table.numbers("shape_pt_lon"), table.numbers("shape_pt_lat")], axis=1)
    good = on_earth(lonlat)
    files.tally.add("bad-position", "Positions that are nowhere on Earth were left out",
                    int((~good).sum()))  # fmt: skip
    codes, ids = coded(table, "shape_id")
    order = np.lexsort((np.nan_to_num(table.numbers("shape_pt_sequence")), codes))
    order = order[good[order]]
    counts = np.bincount(codes[order], minlength=len(ids))
    return Shapes(
        ids=ids,
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        lonlat_deg=lonlat[order],
        told_dist=table.numbers("shape_dist_traveled")[order],
    )


def coded(table: Columns, name: str) -> tuple[Int32Array, list[str]]:
    """Numbers (n,) of a column's values, and the values by number."""
    column = table.table.column(name).combine_chunks().dictionary_encode()
    codes: Int32Array = column.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    return codes, column.dictionary.to_pylist()


def on_earth(lonlat_deg: Float64Array) -> NDArray[np.bool_]:
    """(n,) whether positions are; 0, 0 is what feeds write for "unknown"."""
    with np.errstate(invalid="ignore"):
        inside = (np.abs(lonlat_deg[:, 0]) <= 180) & (np.abs(lonlat_deg[:, 1]) <= 90)
        good: NDArray[np.bool_] = inside & (np.abs(lonlat_deg) > 1e-6).any(axis=1)
    return good
