"""Point clouds (LAS, LAZ, COPC) through laspy, thinned to a stated number of points."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from twin.arrays import Float64Array, UInt8Array
from twin.city.asset import CityAsset, FeatureTable, PointCloud, TriangleSoup
from twin.city.placing import place
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import reading

_ID = "las"
#: Points kept of a file.
MOST_POINTS = 2_000_000
_CHUNK = 50_000
#: Points read at once where all of them are wanted.
_PIECE = 500_000
_HEADER_BYTES = 227
_MOST_VLRS = 100_000


@dataclass(slots=True)
class _Kept:
    """What is kept of the points read so far."""

    xyz: list[Float64Array] = field(default_factory=list)
    rgb: list[np.ndarray] = field(default_factory=list)
    classes: list[UInt8Array] = field(default_factory=list)

    def add(self, record: Any, step: int, first: int) -> None:
        """Keep every `step`-th point, counted from the `first` of the record."""
        some = slice(first, None, step)
        xyz = np.column_stack([record.x[some], record.y[some], record.z[some]])
        self.xyz.append(xyz.astype(np.float64))
        self.classes.append(np.asarray(record.classification[some]).astype(np.uint8))
        if "red" in record.point_format.dimension_names:
            bands = [np.asarray(record[name][some]) for name in ("red", "green", "blue")]
            self.rgb.append(np.column_stack(bands))

    @property
    def n_points(self) -> int:
        """How many."""
        return sum(len(one) for one in self.xyz)


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read a point cloud. Any thread.

    Raises
    ------
    ReadError
        It is no sound LAS file, holds no point, or laspy is not installed.
    """
    laspy = _laspy(path)
    tally = Tally()
    with reading(path, _ID):
        _check_header(path)
        try:
            # One thread: many need the table at the end, which a file that is cut off has lost.
            with laspy.open(path, laz_backend=laspy.LazBackend.Lazrs) as file:
                header = file.header
                n_points = int(header.point_count)
                crs = _crs_text(header, tally)
                kept = _Kept()
                if any(one.user_id == "copc" for one in header.vlrs):
                    chunks = _by_level(laspy, path)
                else:
                    chunks = _all(file, _there(path, header))
                _keep(chunks, kept, n_points, progress, tally)
        except (laspy.errors.LaspyException, EOFError) as error:
            raise ReadError(
                f"The point cloud is cut off or broken ({_short(error)})", path=path, reader_id=_ID
            ) from error
        if not kept.n_points:
            raise ReadError("The file holds no point", path=path, reader_id=_ID)
        n_lost = n_points - _there(path, header)
        tally.add("cut-off", "The file ends early; points are missing", n_lost)
        if kept.n_points < n_points - n_lost and not tally.count("cut-off"):
            tally.add(
                "thinned",
                f"{kept.n_points:,} of {n_points:,} points are shown",
                n_points - kept.n_points,
            )
        asset = _asset(path, kept, n_points, crs or options.crs, str(header.version), tally)
    progress(1.0)
    return asset


@dataclass(slots=True, kw_only=True)
class CloudFile:
    """A point cloud that is read piece by piece.

    Attributes
    ----------
    n_points : as the file says
    bounds : (6,) xmin ymin zmin xmax ymax zmax in the file's CRS, as its header says
    crs_text : "" = it names none
    chunks : places (n, 3) float64 in the file's CRS, colours (n, 3) uint8 or None, classes (n,)
    """

    n_points: int
    bounds: Float64Array
    crs_text: str
    chunks: Iterator[tuple[Float64Array, UInt8Array | None, UInt8Array]]


@contextmanager
def opened_cloud(path: Path, tally: Tally) -> Iterator[CloudFile]:
    """Open a point cloud to read all of its points in chunks; one that is cut off ends early.

    Raises
    ------
    ReadError
        It is no sound LAS file, or laspy is not installed.
    """
    laspy = _laspy(path)
    with reading(path, _ID):
        _check_header(path)
        try:
            file = laspy.open(path, laz_backend=laspy.LazBackend.Lazrs)
        except (laspy.errors.LaspyException, EOFError) as error:
            raise ReadError(
                f"The point cloud is cut off or broken ({_short(error)})", path=path, reader_id=_ID
            ) from error
    with file:
        header = file.header
        bounds = np.concatenate([header.mins, header.maxs]).astype(np.float64)
        if not np.isfinite(bounds).all() or (bounds[:3] > bounds[3:]).any():
            raise ReadError("The point cloud's header has no sound bounds", path=path)
        yield CloudFile(
            n_points=int(header.point_count),
            bounds=bounds,
            crs_text=_crs_text(header, tally),
            chunks=_pieces(file, path, _there(path, header), tally),
        )


def _pieces(
    file: Any, path: Path, n_points: int, tally: Tally
) -> Iterator[tuple[Float64Array, UInt8Array | None, UInt8Array]]:
    done, wide = 0, None
    while done < n_points:
        try:
            record = file.read_points(min(_PIECE, n_points - done))
        except Exception as error:
            if not done:
                raise ReadError(
                    f"The point cloud is cut off or broken ({_short(error)})",
                    path=path,
                    reader_id=_ID,
                ) from error
            tally.add("cut-off", f"The file ends early or is broken inside ({_short(error)})")
            return
        if not len(record):
            return
        kept = _Kept()
        kept.add(record, 1, 0)
        rgb = None
        if kept.rgb:
            bands = kept.rgb[0]
            wide = bool(bands.max(initial=0) > 255) if wide is None else wide
            rgb = (bands >> 8 if wide else np.minimum(bands, 255)).astype(np.uint8)
        yield kept.xyz[0], rgb, kept.classes[0]
        done += len(record)


def _laspy(path: Path) -> Any:
    try:
        import laspy
        import laspy.errors
    except ImportError as error:
        raise ReadError(
            'Point clouds need further parts: pip install "civitwin[formats]"',
            path=path,
            reader_id=_ID,
        ) from error
    return laspy


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or type(error).__name__


def _check_header(path: Path) -> None:
    """Refuse a header whose numbers cannot be true, before anything trusts them.

    Raises
    ------
    ReadError
        The file is cut off, or no LAS file.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEADER_BYTES)
    if len(head) < _HEADER_BYTES:
        raise ReadError("The point cloud is cut off in its header", path=path, reader_id=_ID)
    header_size, offset, n_vlrs = struct.unpack_from("<HII", head, 94)
    if header_size < _HEADER_BYTES or offset > path.stat().st_size or n_vlrs > _MOST_VLRS:
        raise ReadError(
            "The point cloud's header is broken, or the file is cut off", path=path, reader_id=_ID
        )


def _crs_text(header: Any, tally: Tally) -> str:
    try:
        crs = header.parse_crs()
    except Exception as error:  # noqa: BLE001 - whatever stands in the record is the file's fault
        tally.add("bad-crs", f"The CRS record cannot be understood ({_short(error)})")
        return ""
    if crs is None:
        return ""
    code = crs.to_epsg(min_confidence=100)
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def _all(file: Any, n_points: int) -> Iterator[tuple[Any, int, int]]:
    """Chunks of the file with the step at which each is thinned and where that begins."""
    step = max(1, -(-n_points // MOST_POINTS))
    done = 0
    while done < n_points:
        record = file.read_points(min(_CHUNK, n_points - done))
        yield record, step, -done % step
        done += len(record)


def _there(path: Path, header: Any) -> int:
    """Points that the file can hold by its size; compressed ones cannot be told."""
    n_points = int(header.point_count)
    if header.are_points_compressed:
        return n_points
    n_bytes = path.stat().st_size - int(header.offset_to_point_data)
    return min(n_points, n_bytes // int(header.point_format.size))


def _by_level(laspy: Any, path: Path) -> Iterator[tuple[Any, int, int]]:
    """Octree levels from the coarsest, each finer, until the number of points is reached."""
    kept = 0
    with laspy.CopcReader.open(path) as reader:
        for level in range(32):
            record = reader.query(level=level)
            if not len(record):
                return
            step = max(1, -(-len(record) // max(MOST_POINTS - kept, 1)))
            kept += -(-len(record) // step)
            yield record, step, 0
            if kept >= MOST_POINTS or step > 1:
                return


def _keep(
    chunks: Iterator[tuple[Any, int, int]],
    kept: _Kept,
    n_points: int,
    progress: Callable[[float], None],
    tally: Tally,
) -> None:
    """Take the chunks; one that is broken ends them, if there was a good one before."""
    done = 0
    while True:
        try:
            record, step, first = next(chunks)
            if not len(record):
                return
            kept.add(record, step, first)
        except StopIteration:
            break
        except Exception as error:
            if not kept.n_points:
                raise EOFError(_short(error)) from error
            tally.add("cut-off", f"The file ends early or is broken inside ({_short(error)})")
            return
        done += len(record)
        progress(0.9 * min(1.0, done / max(n_points, 1)))


def _asset(
    path: Path, kept: _Kept, n_points: int, crs: str, version: str, tally: Tally
) -> CityAsset:
    placed = place(np.concatenate(kept.xyz), crs, tally)
    local = placed.xyz_local_m
    title = path.name.split(".")[0]
    bounds = np.concatenate([np.nanmin(local, axis=0), np.nanmax(local, axis=0)])
    table = FeatureTable(
        ids=(title,),
        kind_names=("PointCloud",),
        kind_codes=np.zeros(1, np.uint16),
        parents=np.full(1, -1, np.int32),
        bounds_min_max_local_m=bounds[None, :].astype(np.float32),
        attributes={
            "name": np.array([title], dtype=object),
            "points": np.array([float(n_points)]),
        },
    )
    classes = np.concatenate(kept.classes)
    return CityAsset(
        title=title,
        format="LAS",
        version=version,
        origin=placed.origin,
        features=table,
        soup=TriangleSoup(
            corners_local_m=np.empty((0, 3, 3), np.float32),
            features=np.empty(0, np.int32),
            surfaces=np.empty(0, np.uint8),
        ),
        warnings=tally.warnings(),
        path=path,
        source_crs=placed.source_crs,
        source_bounds=placed.source_bounds,
        points=PointCloud(
            xyz_local_m=local,
            rgb=_rgb(kept.rgb),
            classes=classes if classes.any() else None,
        ),
        counts={"points": n_points},
    )


def _rgb(bands: list[np.ndarray]) -> UInt8Array | None:
    """8-bit colours; None when there are none. Files hold 16 bits, or 8 by mistake."""
    if not bands:
        return None
    rgb = np.concatenate(bands)
    if not rgb.any():
        return None
    return (rgb >> 8 if rgb.max() > 255 else rgb).astype(np.uint8)


def sniff(_path: Path, head: bytes) -> bool:
    """Whether the first bytes are those of LAS and LAZ."""
    return head.startswith(b"LASF")


READER = ReaderType(
    id=_ID,
    title="Point cloud (LAS, LAZ, COPC)",
    suffixes=(".copc.laz", ".laz", ".las"),
    sniff=sniff,
    read=read,
    priority=60,
)
