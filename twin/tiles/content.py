"""What one tile of a streamed city holds once it is decoded, and where such tiles come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from twin.arrays import Float64Array
from twin.city.asset import FeatureTable, PointCloud, ReadWarning
from twin.tiles.tile import Tile


class LoadCancelledError(Exception):
    """A tile is no longer wanted; `TileSource.load` stopped because ``is_cancelled`` said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileContent:
    """Drawable content of one node, in the scene's local frame. Never changed once made.

    Attributes
    ----------
    tiles : meshes; ``Tile.features`` and ``Tile.point_features`` count within this content
    features : the n features of this content; ``parents`` are rows of this content or -1
    points : a point cloud, None without
    warnings : what was odd in it
    """

    tiles: tuple[Tile, ...]
    features: FeatureTable
    points: PointCloud | None = None
    warnings: tuple[ReadWarning, ...] = ()

    @property
    def n_bytes(self) -> int:
        """Bytes of all arrays: what the memory budget counts for it on the CPU side."""
        total = 0
        for tile in self.tiles:
            for name in Tile.__slots__:
                total += getattr(tile, name).nbytes
        total += self.features.bounds_min_max_local_m.nbytes
        if self.points is not None:
            total += self.points.xyz_local_m.nbytes
            for array in (self.points.rgb, self.points.classes, self.points.features):
                total += 0 if array is None else array.nbytes
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRecord:
    """One node of a tileset, as a source tells it.

    Attributes
    ----------
    centre_local_m : (3,) float64, middle of the bounding volume, scene's local frame
    half_axes_local_m : (3, 3) float64, rows = half axes of the oriented box around it
    geometric_error_m : error left when this node is drawn instead of its children
    is_additive : ADD refinement: drawn together with its children; else they replace it
    contents : opaque keys for `TileSource.load`, usually URIs; empty = nothing to draw
    children : nodes below, known now; empty when ``has_more``
    has_more : all children are behind `TileSource.expand` (an external tileset, a subtree)
    key : for messages: the URI or the implicit coordinates
    """

    centre_local_m: Float64Array
    half_axes_local_m: Float64Array
    geometric_error_m: float
    is_additive: bool
    contents: tuple[str, ...]
    children: tuple[NodeRecord, ...] = ()
    has_more: bool = False
    key: str = ""


class TileSource(Protocol):
    """A tileset that is read piece by piece. `load` and `expand` are called on worker threads.

    Both raise `twin.errors.ReadError` for what is broken or absent (one sentence) and
    `SourceUnreachableError` for what may work later (a slow or failing server); `load` raises
    `LoadCancelledError` when ``is_cancelled`` says so.
    """

    @property
    def id(self) -> str:
        """Permanent within the scene."""
        ...

    @property
    def title(self) -> str:
        """Name for a person."""
        ...

    @property
    def root(self) -> NodeRecord:
        """The first node; small, read when the source was opened."""
        ...

    def expand(self, node: NodeRecord) -> Sequence[NodeRecord]:
        """Children of a node that ``has_more``. Blocking; any thread."""
        ...

    def load(self, node: NodeRecord, is_cancelled: Callable[[], bool]) -> TileContent:
        """All contents of a node, decoded. Blocking; any thread, several at once."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
