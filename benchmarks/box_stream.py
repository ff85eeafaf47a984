"""A city of boxes of any size, made up tile by tile: a `TileSource` without a file.

A quadtree over a square: a leaf holds 32 x 32 buildings, a coarser node as many blocks, each the
size of 2^k x 2^k buildings and as high as their mean. So every tile costs the same, and coarser
levels are really simpler.
"""

import threading
import time

import numpy as np

from twin.city.asset import FeatureTable, Surface
from twin.errors import ReadError, SourceUnreachableError
from twin.tiles.content import LoadCancelledError, NodeRecord, TileContent
from twin.tiles.tile import LIGHT_MAX, LIGHT_SCALE, Tile

SIDE = 32
PITCH_M = 25.0
HIGHEST_M = 60.0
_CORNERS = np.array([[x, y, z] for z in (0, 1) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
_FACES = np.array([(0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7), (4, 5, 6, 7)])
_LIGHT = (0.8, 0.5, 0.55, 0.75, 1.0)
_SURFACE = (Surface.WALL,) * 4 + (Surface.ROOF,)


class BoxStream:
    """``4 ** levels`` leaves of 1024 buildings; level 0 is the root.

    ``missing`` and ``down`` are keys that fail for good or until they are taken out; ``slow_s`` is
    how long each load takes besides.
    """

    id = "boxes"
    title = "Boxes"

    def __init__(self, levels: int, *, edges: bool = True, slow_s: float = 0.0) -> None:
        self.levels = levels
        self.edges = edges
        self.slow_s = slow_s
        self.size_m = SIDE * PITCH_M * 2**levels
        self.missing: set[str] = set()
        self.down: set[str] = set()
        self.loads: list[str] = []
        self.gate: threading.Event | None = None
        self.closed = False
        self.root = self._record(0, 0, 0)

    @property
    def n_buildings(self) -> int:
        """All of them."""
        return SIDE * SIDE * 4**self.levels

    def expand(self, node: NodeRecord) -> tuple[NodeRecord, ...]:
        """The four nodes below."""
        level, i, j = (int(part) for part in node.key.split("/"))
        self._check(node.key + "/more")
        return tuple(
            self._record(level + 1, 2 * i + di, 2 * j + dj) for di in (0, 1) for dj in (0, 1)
        )

    def load(self, node: NodeRecord, is_cancelled) -> TileContent:
        """Boxes of one node."""
        if self.gate is not None:
            while not self.gate.wait(0.005):
                if is_cancelled():
                    raise LoadCancelledError(node.key)
        if self.slow_s:
            time.sleep(self.slow_s)
        self._check(node.key)
        self.loads.append(node.key)
        level, i, j = (int(part) for part in node.key.split("/"))
        return self._content(level, i, j)

    def close(self) -> None:
        """Nothing to let go of."""
        self.closed = True

    def _check(self, key: str) -> None:
        if key in self.missing:
            raise ReadError("The tile is not there", path=key)
        if key in self.down:
            raise SourceUnreachableError(f"The server does not answer: {key}")

    def _record(self, level: int, i: int, j: int) -> NodeRecord:
        side_m = self.size_m / 2**level
        middle = np.array(
            [(i + 0.5) * side_m - self.size_m / 2, (j + 0.5) * side_m - self.size_m / 2,
             HIGHEST_M / 2]
        )  # fmt: skip
        block_m = PITCH_M * 2 ** (self.levels - level)
        return NodeRecord(
            centre_local_m=middle,
            half_axes_local_m=np.diag([side_m / 2, side_m / 2, HIGHEST_M / 2]),
            geometric_error_m=0.0 if level == self.levels else 0.3 * block_m,
            is_additive=False,
            contents=(f"{level}/{i}/{j}",),
            has_more=level < self.levels,
            key=f"{level}/{i}/{j}",
        )

    def _content(self, level: int, i: int, j: int) -> TileContent:
        block_m = PITCH_M * 2 ** (self.levels - level)
        column, row = np.divmod(np.arange(SIDE * SIDE), SIDE)
        x, y = i * SIDE + column, j * SIDE + row
        scale = 2 ** (self.levels - level)
        low = np.column_stack([x, y]) * block_m - self.size_m / 2
        heights = _heights(x * scale, y * scale, scale)
        ids = [f"b{a}-{b}" for a, b in zip((x * scale).tolist(), (y * scale).tolist(), strict=True)]
        return _boxes(low, 0.72 * block_m, heights, ids, edges=self.edges and scale == 1)


def _heights(x: np.ndarray, y: np.ndarray, scale: int) -> np.ndarray:
    """Heights by hashing; those of blocks are nearer to the mean."""
    mixed = (x.astype(np.uint64) * np.uint64(73856093)) ^ (
        y.astype(np.uint64) * np.uint64(19349663)
    )
    mixed = (mixed * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
    share = mixed.astype(float) / 2**24
    return 22.0 + (share - 0.5) * 36.0 / np.sqrt(scale)


def _boxes(low, size_m, heights, ids, *, edges) -> TileContent:
    n = len(low)
    half = 0.5 * size_m
    points = np.empty((n, 8, 3))
    points[:, :, :2] = low[:, None] + half * (1.0 + _CORNERS[None, :, :2]) + 0.1 * size_m
    points[:, :, 2] = _CORNERS[None, :, 2] * heights[:, None]
    faces = points[:, _FACES].astype(np.float32)  # n, 5, 4, 3
    codes = np.array(_SURFACE) + np.array(_LIGHT) / LIGHT_MAX * LIGHT_SCALE
    first = np.arange(n * 5, dtype=np.int32)[:, None] * 4
    triangles = (first + np.array([0, 1, 2, 0, 2, 3], np.int32)).reshape(-1, 3)
    code_light = np.broadcast_to(codes[None, :, None], (n, 5, 4)).reshape(-1).astype(np.float32)
    flat = faces.reshape(-1, 3)
    bounds = np.hstack([points.min(axis=1), points.max(axis=1)]).astype(np.float32)
    roof = faces[:, 4]
    lines = np.stack([roof, np.roll(roof, -1, axis=1)], axis=2).reshape(-1, 2, 3)
    n_lines = len(lines) if edges else 0
    tile = Tile(
        points_local_m=np.ascontiguousarray(flat),
        triangles=triangles,
        features=np.repeat(np.arange(n, dtype=np.int32), 10),
        point_features=np.repeat(np.arange(n), 20).astype(np.float32),
        code_light=code_light,
        bounds_min_max_local_m=np.concatenate([flat.min(axis=0), flat.max(axis=0)]),
        edges_local_m=lines[:n_lines],
        edge_features=np.repeat(np.arange(n, dtype=np.int32), 4)[:n_lines],
        edge_code_light=np.full((n_lines, 2), codes[4], np.float32),
    )
    table = FeatureTable(
        ids=ids,
        kind_names=("Building",),
        kind_codes=np.zeros(n, np.uint16),
        parents=np.full(n, -1, np.int32),
        bounds_min_max_local_m=bounds,
        attributes={
            "height": heights.astype(float),
            "use": np.array(["flats", "offices"], object)[(heights > 22).astype(int)],
        },
    )
    return TileContent(tiles=(tile,), features=table)
