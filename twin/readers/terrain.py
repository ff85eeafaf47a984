"""Terrain from GeoTIFF and other rasters of one height a cell, through rasterio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.arrays import Float32Array, Float64Array
from twin.city.asset import CityAsset
from twin.city.frames import Origin, crs_from_text
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import reading
from twin.readers.terrain_mesh import terrain_asset
from twin.readers.terrain_raster import (
    HeightRaster,
    control_pixels,
    crs_xy,
    localised,
    origin_of,
    wanted_extent,
)

if TYPE_CHECKING:
    from rasterio.windows import Window

_ID = "terrain"
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
#: More samples than this are read thinned out.
MOST_SAMPLES = 2_500_000
#: Bytes of one strip or tile of the file at most; a forged header cannot ask for more.
_MOST_BLOCK_BYTES = 256 << 20
_UNITS_M = {
    "m": 1.0, "metre": 1.0, "meter": 1.0, "metres": 1.0, "meters": 1.0,
    "ft": 0.3048, "foot": 0.3048, "feet": 0.3048, "us survey foot": 1200 / 3937,
    "ftus": 1200 / 3937, "us-ft": 1200 / 3937, "cm": 0.01, "dm": 0.1,
}  # fmt: skip


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read a raster of heights, only what the scene needs of it. Any thread.

    Raises
    ------
    ReadError
        It is no raster of heights, or rasterio is not installed.
    """
    rasterio = _rasterio(path)
    tally = Tally()
    with reading(path, _ID):
        try:
            with (
                rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
                rasterio.open(path) as file,
            ):
                raster, origin = _raster(file, path, options, tally)
        except rasterio.errors.RasterioError as error:
            reason = " ".join(str(error).split())[:160].replace(str(path), "the file")
            raise ReadError(
                f"The file is no sound raster ({reason})", path=path, reader_id=_ID
            ) from error
        progress(0.5)
        local = localised(raster, origin, options.focus_local_m, sea_level=False, fills_voids=False)
        tally.add("voids", "Samples without a height are left open", raster.n_voids)
        asset = terrain_asset(local, path, _ID, "GeoTIFF", raster, tally)
    progress(1.0)
    return asset


def _rasterio(path: Path) -> Any:
    try:
        import rasterio
        import rasterio.errors
    except ImportError as error:
        raise ReadError(
            'Terrain rasters need further parts: pip install "civitwin[formats]"',
            path=path,
            reader_id=_ID,
        ) from error
    return rasterio


def _raster(
    file: Any, path: Path, options: ReadOptions, tally: Tally
) -> tuple[HeightRaster, Origin]:
    """The samples that the scene needs, and the frame to put them in."""
    kind = np.dtype(file.dtypes[0])
    if kind.kind not in "iuf" or file.count in (3, 4):
        raise ReadError(
            "The raster is a picture, not heights; a terrain has one number a cell",
            path=path,
            reader_id=_ID,
        )
    block_rows, block_columns = file.block_shapes[0]
    if block_rows * block_columns * kind.itemsize > _MOST_BLOCK_BYTES:
        raise ReadError(
            "The raster has no tiles; cut it with gdal_translate -co TILED=YES",
            path=path,
            reader_id=_ID,
        )
    crs = _crs_text(file) or options.crs
    matrix = np.array(file.transform[:6]).reshape(2, 3)
    if file.transform.is_identity:
        tally.add("not-placed", "The raster does not say where it lies; a cell is taken as 1 m")
        matrix = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, float(file.height)]])
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5)
    whole = HeightRaster(
        heights_m=np.empty((0, 0), np.float32),
        xy_from_pixel=matrix,
        crs=crs,
        n_cells=file.width * file.height,
    )
    given = options.origin
    origin = given or origin_of(whole.xy(control_pixels(file.height, file.width)), crs, 0.0, tally)
    window = _window(file, whole, origin, options, path)
    raster = _read_window(file, whole, window, _unit_m(file, crs, tally), tally)
    if given is None:
        origin = _with_height(origin, raster.heights_m)
    return raster, origin


def _with_height(origin: Origin, heights: Float32Array) -> Origin:
    known = heights[np.isfinite(heights)]
    low = float(np.round(known.min())) if known.size else 0.0
    return Origin(crs=origin.crs, east_m=origin.east_m, north_m=origin.north_m, height_m=low)


def _crs_text(file: Any) -> str:
    if not file.crs:
        return ""
    code = file.crs.to_epsg()
    return f"EPSG:{code}" if code else str(file.crs.to_wkt())


def _unit_m(file: Any, crs: str, tally: Tally) -> float:
    """Metres in one unit of height: what the band says, else a vertical CRS, else a metre."""
    said = (file.units[0] or "").strip().lower()
    if said in _UNITS_M:
        return _UNITS_M[said]
    if crs:
        axes = crs_from_text(crs).axis_info
        if len(axes) > 2:
            return float(axes[2].unit_conversion_factor)
        if axes and axes[0].unit_name not in ("metre", "degree"):
            tally.add(
                "height-unit",
                f"The file gives places in {axes[0].unit_name} and no unit of height;"
                " heights are taken as metres",
            )
    return 1.0


def _window(
    file: Any, raster: HeightRaster, origin: Origin, options: ReadOptions, path: Path
) -> Window:
    from rasterio.windows import Window

    wanted = wanted_extent(options.focus_local_m)
    if wanted is None:
        return Window(0, 0, file.width, file.height)
    x, y = np.meshgrid(np.linspace(wanted[0], wanted[2], 9), np.linspace(wanted[1], wanted[3], 9))
    around = np.column_stack([x.ravel(), y.ravel()])
    pixel = raster.pixel(crs_xy(around, raster.crs, origin))
    low = np.clip(np.floor(np.nanmin(pixel, axis=0)) - 2, 0, (file.width, file.height))
    high = np.clip(np.ceil(np.nanmax(pixel, axis=0)) + 3, 0, (file.width, file.height))
    size = (high - low).astype(int)
    if (size < 2).any():
        raise ReadError(
            "The terrain does not reach the rest of the scene", path=path, reader_id=_ID
        )
    return Window(int(low[0]), int(low[1]), int(size[0]), int(size[1]))


def _read_window(
    file: Any, whole: HeightRaster, window: Window, unit_m: float, tally: Tally
) -> HeightRaster:
    """Read a window, thinned out to a bounded number of samples."""
    from rasterio.enums import Resampling

    step = max(1.0, float(np.sqrt(window.width * window.height / MOST_SAMPLES)))
    shape = (max(1, round(window.height / step)), max(1, round(window.width / step)))
    way = Resampling.average if step > 1.0 else Resampling.nearest
    heights = file.read(1, window=window, out_shape=shape, resampling=way, masked=True)
    if step > 1.0:
        tally.add("thinned", f"The raster was read at every {step:.1f} cells each way")
    found = heights.astype(np.float32).filled(np.nan)
    found[~(np.abs(found) < 1e6)] = np.nan
    metres = (found * file.scales[0] + file.offsets[0]) * unit_m
    per_row, per_column = window.height / shape[0], window.width / shape[1]
    first = (
        window.col_off + (per_column - 1) / 2,
        window.row_off + (per_row - 1) / 2,
    )
    matrix: Float64Array = whole.xy_from_pixel.copy()
    matrix[:, 2] += matrix[:, :2] @ first
    matrix[:, :2] = matrix[:, :2] * (per_column, per_row)
    return HeightRaster(
        heights_m=metres.astype(np.float32),
        xy_from_pixel=matrix,
        crs=whole.crs,
        n_cells=whole.n_cells,
        n_voids=int(np.isnan(metres).sum()),
    )


def sniff(path: Path, head: bytes) -> bool:
    """Whether it is a TIFF, or an ASCII grid by its name."""
    return head.startswith(_TIFF) or (
        path.suffix.lower() == ".asc" and head[:5].lower() == b"ncols"
    )


READER = ReaderType(
    id=_ID,
    title="Terrain raster (GeoTIFF)",
    suffixes=(".tiff", ".tif", ".asc"),
    sniff=sniff,
    read=read,
    priority=60,
)
