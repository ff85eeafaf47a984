"""OpenStreetMap (.osm.pbf, .osm, .osm.gz, .osm.bz2): houses, streets, water, green, places."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twin.arrays import BoolArray, Float64Array
from twin.city.asset import CityAsset
from twin.city.frames import Origin, local_from_geographic
from twin.city.osm_city import counts_of, osm_city
from twin.city.osm_data import OsmData, rows_of
from twin.city.placing import Placed, place
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import reading
from twin.readers.osm_source import read_osm

_ID = "osm"
_WGS84 = "EPSG:4326"
#: Things farther than this from the middle of the file are the far ends of ferries and the like.
MAX_REACH_KM = 60.0
_KM_A_DEGREE = 111.2


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read a map. Any thread. The CRS is WGS 84 by definition; `options.crs` is not needed.

    Raises
    ------
    ReadError
        The file is broken from its beginning, too large, or holds nothing to draw.
    """
    del options
    tally = Tally()
    with reading(path, _ID):
        data = read_osm(path, tally, progress)
        progress(0.4)
        _count_missing(data, tally)
        near = _near(data, tally)
        if not near.any():
            raise ReadError("The file holds no node with a position", path=path, reader_id=_ID)
        placed, xy = _placed(data, near, tally)
        city = osm_city(data, xy, tally, _edge(data, placed.origin))
        progress(0.9)
        if not city.soup.n_triangles:
            tally.add("nothing-to-draw", "The file holds no surface that can be drawn")
        if not city.features.n_features:
            raise ReadError(
                "The file holds no house, street or other thing to show", path=path, reader_id=_ID
            )
    progress(1.0)
    bounds = list(placed.source_bounds)
    heights = city.soup.corners_local_m[:, :, 2]
    bounds[2], bounds[5] = 0.0, float(heights.max()) if heights.size else 0.0
    return CityAsset(
        title=path.name.split(".")[0],
        format="OpenStreetMap",
        version="0.6",
        origin=placed.origin,
        features=city.features,
        soup=city.soup,
        n_surfaces=city.n_surfaces,
        streets=city.streets,
        places=city.places,
        warnings=tally.warnings(),
        path=path,
        source_crs=placed.source_crs,
        source_bounds=tuple(bounds),
        counts=counts_of(data),
    )


def _near(data: OsmData, tally: Tally) -> BoolArray:
    """(N,) nodes near the middle of what is drawn."""
    lonlat = data.lonlat_deg
    if not len(lonlat):
        return np.zeros(0, dtype=bool)
    middle = np.median(lonlat, axis=0)
    away = (lonlat - middle) * _KM_A_DEGREE
    away[:, 0] *= np.cos(np.radians(middle[1]))
    near: BoolArray = np.hypot(away[:, 0], away[:, 1]) <= MAX_REACH_KM
    tally.add(
        "far-away",
        f"Points over {MAX_REACH_KM:g} km from the middle of the file were left out",
        int((~near).sum()),
    )
    return near


def _placed(data: OsmData, near: BoolArray, tally: Tally) -> tuple[Placed, Float64Array]:
    ground = np.column_stack([data.lonlat_deg[near], np.zeros(int(near.sum()))])
    placed = place(ground, _WGS84, tally)
    xy = np.full((len(near), 2), np.nan)
    xy[near] = placed.xyz_local_m[:, :2]
    return placed, xy


def _edge(data: OsmData, origin: Origin) -> Float64Array | None:
    """(4, 2) local corners of the extract."""
    if data.box_deg is None:
        return None
    west, south, east, north = data.box_deg
    if not (-180 <= west < east <= 180 and -85 <= south < north <= 85):
        return None
    corners = np.array([[west, south], [east, south], [east, north], [west, north]])
    xy = local_from_geographic(corners[:, 0], corners[:, 1], origin)
    return xy if np.isfinite(xy).all() else None


def _count_missing(data: OsmData, tally: Tally) -> None:
    """Name what the file refers to but does not hold."""
    tally.add(
        "missing-nodes",
        "Ways name nodes that are not in the file; they are drawn as far as it goes",
        int((data.way_nodes < 0).sum()),
    )
    known = {
        "n": data.node_ids,
        "w": np.sort(data.way_ids),
        "r": np.sort(np.array([one.id for one in data.relations], dtype=np.int64)),
    }
    missing = sum(
        int((rows_of(known[kind], ids) < 0).sum()) for kind, ids in data.member_ids.items()
    )
    tally.add(
        "missing-members",
        "Relations name members that are not in the file (usual at the edge of an extract)",
        missing,
    )


def sniff(path: Path, head: bytes) -> bool:
    """Whether the file looks like OpenStreetMap data; never raises."""
    name = path.name.lower()
    if name.endswith((".osm", ".osm.gz", ".osm.bz2", ".osm.pbf", ".pbf")):
        return True
    return b"<osm" in head[:4096] or b"OSMHeader" in head[:64]


READER = ReaderType(
    id=_ID,
    title="OpenStreetMap",
    suffixes=(".osm.pbf", ".osm.gz", ".osm.bz2", ".osm", ".pbf"),
    sniff=sniff,
    read=read,
    priority=60,
)
