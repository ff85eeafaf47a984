"""Point clouds of any size as 3D Tiles: each tile adds points to those of the tiles above it.

Points are read once, in chunks, and written to a file a square; memory grows with neither their
number nor their density. A square that is too full hands the rest on to its quarters.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float64Array, UInt8Array
from twin.city.frames import MAX_LOCAL_M, Origin, local_from_projected
from twin.city.placing import place
from twin.city.scene_file import SCENE_NAME, SceneFile, SceneSource
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.importing.cloud_glb import cloud_glb
from twin.importing.earth import ecef_from_local
from twin.importing.finishing import WORK, ImportReport
from twin.importing.top_levels import TILES, TILESET
from twin.importing.tree import TileNode, write_tileset
from twin.ramps import colours_from_values
from twin.readers.las import CloudFile, opened_cloud

#: Points a square keeps where there are more below it, and most points of any tile.
KEPT, MOST = 30_000, 120_000
#: Deeper than this no square is quartered: many points in one place stay together.
DEEPEST = 16
#: A tile counts as coarse as so many distances between its points: then they are seen as a surface
#: where viewers refine to 16 pixels.
SPACINGS = 8.0
_RECORD = np.dtype([("xyz", "<f4", 3), ("rgb", "u1", 3), ("kind", "u1")])
_MIX = np.uint64(0x9E3779B97F4A7C15)
#: Level, column, row of a square.
Square: TypeAlias = tuple[int, int, int]
Points: TypeAlias = NDArray[Any]


@dataclass(slots=True, kw_only=True)
class CloudFrame:
    """Where the squares lie, local metres."""

    west_m: float
    south_m: float
    side_m: float

    def columns_rows(self, xyz: NDArray[np.float32], level: int) -> tuple[Any, Any]:
        """Column and row of each point (n, 3) among the squares of a level."""
        n = 1 << level
        scaled = (xyz[:, :2].astype(np.float64) - (self.west_m, self.south_m)) * (n / self.side_m)
        cells = np.clip(np.floor(scaled).astype(np.int64), 0, n - 1)
        return cells[:, 0], cells[:, 1]


@dataclass(slots=True)
class _Spill:
    """Points by square, on disk."""

    folder: Path
    counts: dict[Square, int] = field(default_factory=dict)

    def path(self, square: Square) -> Path:
        return self.folder / "-".join(map(str, square))

    def add(self, frame: CloudFrame, points: Points, level: int) -> None:
        """Append points to the squares of a level."""
        if not len(points):
            return
        columns, rows = frame.columns_rows(points["xyz"], level)
        keys = (columns << 32) | rows
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        starts = np.flatnonzero(np.diff(keys, prepend=keys[0] - 1))
        for first, end in zip(starts, [*starts[1:], len(keys)], strict=True):
            square = (level, int(keys[first] >> 32), int(keys[first] & 0xFFFFFFFF))
            with self.path(square).open("ab") as file:
                file.write(points[order[first:end]].tobytes())
            self.counts[square] = self.counts.get(square, 0) + int(end - first)

    def take(self, square: Square) -> Points:
        """All points of a square; its file goes."""
        points = np.fromfile(self.path(square), _RECORD)
        self.path(square).unlink()
        del self.counts[square]
        return points


def import_cloud(
    path: Path,
    folder: Path,
    *,
    crs: str = "",
    told: Callable[[float, str], None],
    check: Callable[[], None] = lambda: None,
) -> ImportReport:
    """Make ``tileset.json``, ``tiles/`` and ``scene.toml`` of a LAS, LAZ or COPC file.

    Parameters
    ----------
    check : called now and then; raises to end the import, which leaves the folder without a tileset

    Raises
    ------
    ReadError
        The file is no sound point cloud, or its CRS is not in metres.
    """
    work = folder / WORK
    shutil.rmtree(work, ignore_errors=True)
    (work / "squares").mkdir(parents=True)
    tally = Tally()
    with opened_cloud(path, tally) as cloud:
        origin = _origin(path, cloud, crs, tally)
        low, high = (_local(cloud.bounds[part], origin) for part in (slice(0, 3), slice(3, 6)))
        side = max(float((high - low)[:2].max()), 1.0)
        frame = CloudFrame(west_m=float(low[0]), south_m=float(low[1]), side_m=side)
        spill = _Spill(work / "squares")
        n_points = _share_out(cloud, origin, frame, spill, tally, told, check)
    if not n_points:
        raise ReadError("The file holds no point", path=path)
    tiles = work / TILES
    tiles.mkdir()
    made = _Maker(frame, spill, tiles, n_points, told, check).run()
    title = path.name.split(".")[0]
    extras = {
        "version": 1,
        "title": title,
        "crs": origin.crs or "",
        "east_m": origin.east_m,
        "north_m": origin.north_m,
        "height_m": origin.height_m,
    }
    write_tileset(work / TILESET, made.root, transform=ecef_from_local(origin), extras=extras)
    _publish(work, folder, title, origin)
    told(1.0, "Done")
    return ImportReport(
        folder=folder,
        title=title,
        n_features=0,
        n_buildings=0,
        n_triangles=0,
        n_points=n_points,
        n_tiles=made.n_tiles,
        n_bytes=made.n_bytes,
        crs=origin.crs,
        warnings=tuple((one.message, one.count) for one in tally.warnings()),
    )


def _origin(path: Path, cloud: CloudFile, crs: str, tally: Tally) -> Origin:
    """Where the cloud lies: its corners are placed as a file of points is."""
    corners = cloud.bounds.reshape(2, 3)
    placed = place(corners, cloud.crs_text, tally, chosen_crs=crs)
    if placed.origin.crs != placed.source_crs:
        raise ReadError(
            "A point cloud is imported from a projected CRS in metres; bring it into one first",
            path=path,
        )
    return placed.origin


def _local(xyz: Float64Array, origin: Origin) -> Float64Array:
    local: Float64Array = local_from_projected(xyz.reshape(1, 3), origin)[0].astype(np.float64)
    return local


def _share_out(
    cloud: CloudFile,
    origin: Origin,
    frame: CloudFrame,
    spill: _Spill,
    tally: Tally,
    told: Callable[[float, str], None],
    check: Callable[[], None],
) -> int:
    """Give every point to a square of a level, by chance; how many there were."""
    shares = level_shares(cloud.n_points)
    n_done = 0
    for xyz, rgb, kinds in cloud.chunks:
        check()
        near = np.abs(xyz - origin.as_array()).max(axis=1) <= MAX_LOCAL_M
        tally.add("far-points", "Points far away from all others were left out", int((~near).sum()))
        points = np.zeros(int(near.sum()), _RECORD)
        points["xyz"] = local_from_projected(xyz[near], origin)
        points["kind"] = kinds[near]
        points["rgb"] = _by_height(points["xyz"], cloud, origin) if rgb is None else rgb[near]
        levels = np.searchsorted(shares, chances(n_done, len(points)), side="right")
        for level in range(len(shares)):
            spill.add(frame, points[levels == level], level)
        n_done += len(points)
        told(0.6 * min(1.0, n_done / max(cloud.n_points, 1)), "Reading")
    return n_done


def _by_height(xyz: NDArray[np.float32], cloud: CloudFile, origin: Origin) -> UInt8Array:
    low, high = cloud.bounds[2] - origin.height_m, cloud.bounds[5] - origin.height_m
    rgba = colours_from_values(xyz[:, 2].astype(float), low, max(high, low + 1.0), "viridis")
    return rgba[:, :3]


def level_shares(n_points: int) -> Float64Array:
    """(L,) up to which chance, 0 to 1, a point belongs to a level: each has four times as many."""
    n_levels = 1
    while KEPT * (4**n_levels - 1) // 3 < n_points and n_levels < DEEPEST:
        n_levels += 1
    totals = np.cumsum(4.0 ** np.arange(n_levels))
    shares: Float64Array = totals / totals[-1]
    return shares


def chances(first: int, n: int) -> Float64Array:
    """(n,) numbers from 0 to 1 that look random; the same for the same point in each run."""
    numbers = (np.arange(first, first + n, dtype=np.uint64) + np.uint64(1)) * _MIX
    numbers ^= numbers >> np.uint64(31)
    numbers *= _MIX
    found: Float64Array = (numbers >> np.uint64(11)).astype(np.float64) / 2.0**53
    return found


@dataclass(slots=True)
class _Maker:
    """From squares to tiles and their tree."""

    frame: CloudFrame
    spill: _Spill
    folder: Path
    n_points: int
    told: Callable[[float, str], None]
    check: Callable[[], None]
    n_tiles: int = 0
    n_bytes: int = 0
    n_done: int = 0

    @property
    def root(self) -> TileNode:
        """The whole tree, after `run`."""
        return self._nodes[0, 0, 0]

    _nodes: dict[Square, TileNode] = field(default_factory=dict)

    def run(self) -> _Maker:
        """Write all tiles, level by level."""
        for level in range(DEEPEST + 1):
            for square in sorted(one for one in self.spill.counts if one[0] == level):
                self.check()
                self._tile(square)
        self._join()
        return self

    def _tile(self, square: Square) -> None:
        points = self.spill.take(square)
        level = square[0]
        if len(points) > MOST and level < DEEPEST:
            kept = chances(0, len(points)) < KEPT / len(points)
            self.spill.add(self.frame, points[~kept], level + 1)
            points = points[kept]
        name = "-".join(map(str, square)) + ".glb"
        content = cloud_glb(points["xyz"], points["rgb"], points["kind"], level)
        (self.folder / name).write_bytes(content)
        self.n_tiles += 1
        self.n_bytes += len(content)
        self.n_done += len(points)
        self.told(0.6 + 0.38 * self.n_done / self.n_points, "Building tiles")
        low, high = points["xyz"].min(axis=0), points["xyz"].max(axis=0)
        self._nodes[square] = TileNode(
            bounds=[float(value) for value in (*low, *high)],
            error_m=self._spacing(len(points), level),
            n_triangles=0,
            uri=f"{TILES}/{name}",
            node=name,
            level=level,
            adds=True,
        )

    def _spacing(self, n: int, level: int) -> float:
        side = self.frame.side_m / (1 << level)
        return SPACINGS * side / float(np.sqrt(max(n, 1)))

    def _join(self) -> None:
        """Hang every square on the one above it; boxes hold what is below, leaves have no error."""
        for level in range(DEEPEST, 0, -1):
            for square in sorted(one for one in self._nodes if one[0] == level):
                node, above = self._nodes[square], (level - 1, square[1] // 2, square[2] // 2)
                if not node.children:
                    node.error_m = 0.0
                if above not in self._nodes:
                    self._nodes[above] = TileNode(
                        bounds=list(node.bounds),
                        error_m=self._spacing(1, level - 1),
                        n_triangles=0,
                        level=level - 1,
                        adds=True,
                    )
                parent = self._nodes[above]
                parent.children.append(node)
                parent.bounds = _around(parent.bounds, node.bounds)
                parent.error_m = max(parent.error_m, 1.2 * node.error_m)
        if not self.root.children:
            self.root.error_m = 0.0


def _around(a: list[float], b: list[float]) -> list[float]:
    low = [min(one, other) for one, other in zip(a[:3], b[:3], strict=True)]
    return low + [max(one, other) for one, other in zip(a[3:], b[3:], strict=True)]


def _publish(work: Path, folder: Path, title: str, origin: Origin) -> None:
    """Replace what a finished folder consists of; the tileset comes last."""
    (folder / TILESET).unlink(missing_ok=True)
    shutil.rmtree(folder / TILES, ignore_errors=True)
    (work / TILES).replace(folder / TILES)
    SceneFile(
        path=folder / SCENE_NAME,
        title=title,
        crs=origin.crs or "",
        origin=(origin.east_m, origin.north_m, origin.height_m),
        sources=(SceneSource(id="points", path=TILESET, title=title),),
    ).save()
    (work / TILESET).replace(folder / TILESET)
    shutil.rmtree(work)


def clouds_among(paths: tuple[str, ...]) -> list[str]:
    """Those of the files that are point clouds, by their names."""
    return [one for one in paths if one.lower().endswith((".las", ".laz"))]
