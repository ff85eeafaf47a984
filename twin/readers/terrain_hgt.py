"""SRTM terrain tiles (``N43E007.hgt``), plain or compressed; the name says where they lie."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from twin.city.asset import CityAsset
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import reading
from twin.readers.terrain_mesh import terrain_asset
from twin.readers.terrain_raster import HeightRaster, control_pixels, localised, origin_of

_ID = "hgt"
_NAME = re.compile(r"([NS])(\d{2})([EW])(\d{3})", re.IGNORECASE)
#: Samples a side: 1, 3 and 30 arc seconds.
_SIDES = (3601, 1201, 121)
_VOID = -32768
_MOST_BYTES = 2 * _SIDES[0] ** 2


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read a tile. Any thread.

    Raises
    ------
    ReadError
        The name says no place, or the file has not the size of a tile.
    """
    tally = Tally()
    with reading(path, _ID):
        west, south = corner_of(path)
        content = _content(path)
        progress(0.3)
        raster = _raster(content, west, south, path)
        rows, columns = raster.heights_m.shape
        low = float(np.nanmin(raster.heights_m)) if np.isfinite(raster.heights_m).any() else 0.0
        origin = options.origin or origin_of(
            raster.xy(control_pixels(rows, columns)), raster.crs, low, tally
        )
        local = localised(raster, origin, options.focus_local_m, sea_level=True, fills_voids=True)
        progress(0.6)
        tally.add("voids", "Voids of the survey were filled from around them", raster.n_voids)
        asset = terrain_asset(local, path, _ID, "SRTM", raster, tally)
    progress(1.0)
    return asset


def corner_of(path: Path) -> tuple[int, int]:
    """West and south edge in degrees, from the file's name.

    Raises
    ------
    ReadError
        The name is not like N43E007.hgt.
    """
    found = _NAME.search(path.name)
    if found is None or int(found[2]) > 90 or int(found[4]) > 180:
        raise ReadError(
            "The file's name says no place; name it like N43E007.hgt", path=path, reader_id=_ID
        )
    south = int(found[2]) * (1 if found[1].upper() == "N" else -1)
    west = int(found[4]) * (1 if found[3].upper() == "E" else -1)
    return west, south


def _content(path: Path) -> bytes:
    """The bytes of the tile, unpacked; at most those of the largest tile."""
    import gzip
    import zipfile
    import zlib

    try:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as archive:
                names = [n for n in archive.namelist() if n.lower().endswith(".hgt")]
                if not names:
                    raise ReadError("The zip holds no .hgt tile", path=path, reader_id=_ID)
                with archive.open(names[0]) as stream:
                    return stream.read(_MOST_BYTES + 1)
        if path.suffix.lower() == ".gz":
            with gzip.open(path) as stream:
                return stream.read(_MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        reason = " ".join(str(error).split())[:120]
        raise ReadError(
            f"The terrain tile cannot be unpacked ({reason})", path=path, reader_id=_ID
        ) from error
    with path.open("rb") as stream:
        return stream.read(_MOST_BYTES + 1)


def _raster(content: bytes, west: int, south: int, path: Path) -> HeightRaster:
    side = next((n for n in _SIDES if 2 * n * n == len(content)), 0)
    if not side:
        sizes = ", ".join(f"{2 * n * n:,}" for n in _SIDES)
        raise ReadError(
            f"The file has {len(content):,} bytes, but a tile has one of {sizes}; it is cut off"
            " or of another kind",
            path=path,
            reader_id=_ID,
        )
    whole = np.frombuffer(content, ">i2").reshape(side, side)
    heights = whole.astype(np.float32)
    heights[whole == _VOID] = np.nan
    step = 1.0 / (side - 1)
    return HeightRaster(
        heights_m=heights,
        xy_from_pixel=np.array([[step, 0.0, west], [0.0, -step, south + 1.0]]),
        crs="EPSG:4326",
        n_cells=side * side,
        n_voids=int((whole == _VOID).sum()),
    )


def sniff(path: Path, _head: bytes) -> bool:
    """Whether the name is that of a tile, packed or not."""
    return path.name.lower().endswith((".hgt", ".hgt.zip", ".hgt.gz"))


READER = ReaderType(
    id=_ID,
    title="SRTM terrain",
    suffixes=(".hgt.zip", ".hgt.gz", ".hgt"),
    sniff=sniff,
    read=read,
    priority=110,
)
