"""IFC building models, read in a process of its own under bounds on time and memory."""

from __future__ import annotations

import importlib.util
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from time import monotonic
from typing import IO

import msgspec
import numpy as np

from twin.arrays import Float64Array, Int32Array, UInt8Array
from twin.city.asset import CityAsset, FeatureTable, Material, Surface, TriangleSoup
from twin.city.columns import ColumnsBuilder
from twin.city.frames import crs_from_text, utm_crs_at
from twin.city.kinds import BY_NORMAL, with_normals
from twin.city.names import UniqueNames
from twin.city.placing import Placed, place, short_crs_name
from twin.city.soup import feature_bounds
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import SNIFF_BYTES, Progress, ReaderType, ReadOptions
from twin.readers.border import reading
from twin.readers.ifc_worker import Table

_ID = "ifc"
#: The whole reading may take this long, and this long without a sign of progress (plus a second
#: for each megabyte, for the library tells nothing while it parses).
MAX_SECONDS, MAX_SILENT_SECONDS = 1800.0, 120.0
#: A scale further from 1 than this is a mistake in units, not a map projection's.
MAX_SCALE = 1.1
_SURFACES = {
    "IfcWall": Surface.WALL, "IfcCurtainWall": Surface.WALL, "IfcWindow": Surface.WALL,
    "IfcDoor": Surface.WALL, "IfcColumn": Surface.WALL, "IfcBeam": Surface.WALL,
    "IfcPlate": Surface.WALL, "IfcMember": Surface.WALL, "IfcRoof": Surface.ROOF,
    "IfcRoad": Surface.ROAD, "IfcPavement": Surface.PAVED, "IfcKerb": Surface.PAVED,
    "IfcRailway": Surface.RAIL, "IfcRail": Surface.RAIL, "IfcBridge": Surface.BRIDGE,
    "IfcSite": Surface.TERRAIN, "IfcGeographicElement": Surface.GREEN,
    "IfcEarthworksFill": Surface.TERRAIN, "IfcFurniture": Surface.OTHER,
    "IfcRailing": Surface.OTHER, "IfcFlowTerminal": Surface.OTHER,
}  # fmt: skip


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read one IFC file. Any thread; a cancelled reading ends its process at once.

    Raises
    ------
    ReadError
        The library is absent, refuses the file, or needs too long or too much memory.
    """
    tally = Tally()
    with reading(path, _ID), tempfile.TemporaryDirectory(prefix="civitwin-ifc-") as folder:
        with path.open("rb") as stream:
            head = stream.read(SNIFF_BYTES)
        if not sniff(path, head):
            raise ReadError("The file is not IFC", path=path, reader_id=_ID)
        _require_library(path)
        if not _is_whole(path):
            tally.add("truncated", "The file ends too early; read what is there")
        _run_worker(path, Path(folder), lambda done: progress(0.9 * done))
        table = msgspec.json.decode((Path(folder) / "table.json").read_bytes(), type=Table)
        with np.load(Path(folder) / "arrays.npz") as arrays:
            asset = _asset(path, table, dict(arrays), options, tally)
    progress(1.0)
    return asset


def _require_library(path: Path) -> None:
    # A bundled program is no Python interpreter that could run the worker, and has no extras.
    if importlib.util.find_spec("ifcopenshell") is None or getattr(sys, "frozen", False):
        raise ReadError(
            'IFC needs an extra library; install it with pip install "civitwin[formats]"',
            path=path,
            reader_id=_ID,
        )


def _is_whole(path: Path) -> bool:
    """Whether the file's last line is that of a STEP file."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 256))
        return b"END-ISO-10303-21" in stream.read()


def _run_worker(path: Path, folder: Path, progress: Progress) -> None:
    """Run the worker to its end; whatever happens here ends it."""
    silent_s = MAX_SILENT_SECONDS + path.stat().st_size / 1e6
    worker = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "twin.readers.ifc_worker", str(path.resolve()), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    said = ""
    try:
        lines = _lines_of(worker)
        ends_at = monotonic() + MAX_SECONDS
        while True:
            wait_s = min(silent_s, ends_at - monotonic())
            line = lines.get(timeout=max(0.01, wait_s))
            if line is None:
                break
            word, _, text = line.partition(" ")
            if word == "progress":
                progress(float(text))
            elif word == "error":
                said = text
        status = worker.wait(timeout=10)
    except queue.Empty as error:
        raise ReadError(
            "Reading the IFC file took too long and was stopped", path=path, reader_id=_ID
        ) from error
    finally:
        _end(worker)
    if status != 0:
        reason = f"({said})" if said else "(it is broken, or needs more memory than there is)"
        raise ReadError(f"The IFC file cannot be read {reason}", path=path, reader_id=_ID)


def _lines_of(worker: subprocess.Popen[bytes]) -> queue.Queue[str | None]:
    """Lines of the worker's output as they come, None at its end."""
    lines: queue.Queue[str | None] = queue.Queue()
    output: IO[bytes] | None = worker.stdout

    def forward() -> None:
        if output is not None:
            for line in output:
                lines.put(line.decode("utf-8", "replace").strip())
        lines.put(None)

    threading.Thread(target=forward, name="ifc-output", daemon=True).start()
    return lines


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    worker.wait()
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            pipe.close()


def _asset(
    path: Path,
    table: Table,
    arrays: dict[str, np.ndarray],
    options: ReadOptions,
    tally: Tally,
) -> CityAsset:
    n_features = len(table.ids)
    if not n_features:
        raise ReadError("The IFC file holds no building elements", path=path, reader_id=_ID)
    tally.add("bad-body", "Elements whose shape could not be made are not drawn", table.failed)
    placed = _placed(arrays["corners"].reshape(-1, 3), table, options, tally)
    soup = _soup(placed, arrays, table)
    if not soup.n_triangles:
        tally.add("nothing-to-draw", "The file holds no surface that can be drawn")
    columns, names = ColumnsBuilder(), UniqueNames()
    for row, attributes in enumerate(table.attributes):
        columns.add(row, attributes)
        names.take(table.ids[row])
    kinds = tuple(dict.fromkeys(table.kinds))
    features = FeatureTable(
        ids=tuple(names.row_of),
        kind_names=kinds,
        kind_codes=np.array([kinds.index(kind) for kind in table.kinds], dtype=np.uint16),
        parents=np.array(table.parents, dtype=np.int32),
        bounds_min_max_local_m=feature_bounds(
            soup.corners_local_m.reshape(-1, 3), np.repeat(soup.features, 3), n_features
        ),
        attributes=columns.columns(n_features, tally),
    )
    return CityAsset(
        title=path.name.split(".")[0],
        format="IFC",
        version=table.schema.removeprefix("IFC"),
        origin=placed.origin,
        features=features,
        soup=soup,
        n_surfaces=soup.n_triangles,
        warnings=tally.warnings(),
        path=path,
        source_crs=placed.source_crs,
        source_bounds=placed.source_bounds,
        materials=tuple(Material(rgba=rgba) for rgba in table.colours),
        counts=table.counts,
    )


def _soup(placed: Placed, arrays: dict[str, np.ndarray], table: Table) -> TriangleSoup:
    corners = placed.xyz_local_m.reshape(-1, 3, 3)
    features: Int32Array = arrays["features"].astype(np.int32)
    codes = np.array([_surface_of(kind) for kind in table.kinds] or [0], dtype=np.uint8)[features]
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normals = np.cross(a, b).astype(np.float64)
    lengths = np.linalg.norm(normals, axis=1)
    solid = lengths > 0
    normals[solid] /= lengths[solid, None]
    surfaces: UInt8Array = with_normals(codes, normals)
    colours: Int32Array = arrays["colours"].astype(np.int32)
    return TriangleSoup(
        corners_local_m=corners[solid],
        features=features[solid],
        surfaces=surfaces[solid],
        materials=colours[solid] if table.colours else None,
    )


def _surface_of(kind: str) -> int:
    """Shade of an IFC class; roofs, walls and floors by their normals where it tells nothing."""
    for name, surface in _SURFACES.items():
        if kind.startswith(name):
            return int(surface)
    return BY_NORMAL


def _placed(points_m: Float64Array, table: Table, options: ReadOptions, tally: Tally) -> Placed:
    """Points (N, 3) of the model, metres, brought to its CRS and then to the local frame."""
    if table.east_north_height is not None:
        scale = table.scale
        if not 1 / MAX_SCALE < scale < MAX_SCALE:
            tally.add("odd-scale", "The file's map scale fits no map and was taken as 1")
            scale = 1.0
        turned = _turned(points_m, *table.x_axis) * scale
        return place(
            turned + np.array(table.east_north_height),
            short_crs_name(table.crs),
            tally,
            chosen_crs=options.crs,
        )
    if table.site_lon_lat_height is not None and not options.crs:
        lon, lat, height_m = table.site_lon_lat_height
        tally.add("site-placed", "Placed roughly, by the latitude and longitude of the site")
        crs = utm_crs_at(lon, lat)
        east, north = _utm(crs, lon, lat)
        north_x, north_y = table.true_north
        turned = _turned(points_m, north_y, north_x)
        return place(turned + np.array([east, north, height_m]), crs, tally)
    return place(points_m, "", tally, chosen_crs=options.crs)


def _turned(points: Float64Array, cosine: float, sine: float) -> Float64Array:
    """Points turned so that their x axis points along (cosine, sine), which need no length 1."""
    length = float(np.hypot(cosine, sine)) or 1.0
    c, s = cosine / length, sine / length
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    out: Float64Array = points @ turn.T
    return out


def _utm(crs: str, lon: float, lat: float) -> tuple[float, float]:
    import pyproj

    to_map = pyproj.Transformer.from_crs("EPSG:4326", crs_from_text(crs), always_xy=True)
    east, north = to_map.transform(lon, lat)
    return float(east), float(north)


def sniff(_path: Path, head: bytes) -> bool:
    """Whether it is a STEP file of an IFC schema."""
    return head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"ISO-10303-21") and b"IFC" in head


READER = ReaderType(id=_ID, title="IFC", suffixes=(".ifc",), sniff=sniff, read=read, priority=60)
