"""Decoded pieces of a tile's contents, before they are placed and lit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float32Array, Float64Array, Int32Array, Int64Array, UInt8Array
from twin.city.asset import Column
from twin.city.tally import Tally

#: Most triangles, points and features of one tile; a content that claims more is refused.
MAX_TRIANGLES = 3_000_000
MAX_POINTS = 10_000_000
MAX_FEATURES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshPart:
    """Triangles of one primitive.

    Attributes
    ----------
    positions : (V, 3) numbers, in the frame of ``matrix``
    triangles : (T, 3) integers, rows of ``positions``
    matrix : (4, 4) float64 to the content's frame, z up
    features : (V,) int32 rows of the content's features
    code_light : (V,) float32, see `twin.tiles.tile.Tile`; None = to be baked here
    lines : (E, 2) integers, rows of ``positions``: edges that came with the file
    """

    positions: NDArray[Any]
    triangles: NDArray[Any]
    matrix: Float64Array
    features: Int32Array
    code_light: Float32Array | None = None
    lines: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointPart:
    """Points of one primitive or ``pnts``: like `MeshPart`.

    Attributes
    ----------
    rgb : (P, 3) uint8 or None
    classes : (P,) uint8 or None
    features : (P,) int32
    """

    positions: NDArray[Any]
    matrix: Float64Array
    features: Int32Array
    rgb: UInt8Array | None = None
    classes: UInt8Array | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A run of feature rows with its columns."""

    first: int
    count: int
    columns: Mapping[str, Column]


@dataclass(slots=True)
class RawContent:
    """Everything decoded from the contents of one tile so far. One thread.

    Attributes
    ----------
    tally : what was odd
    common : attributes of the content now being decoded, given to all its features
    """

    tally: Tally = field(default_factory=Tally)
    meshes: list[MeshPart] = field(default_factory=list)
    points: list[PointPart] = field(default_factory=list)
    n_features: int = 0
    common: Mapping[str, str | float] = field(default_factory=dict)
    _blocks: dict[str, Block] = field(default_factory=dict)
    _n_triangles: int = 0
    _n_points: int = 0

    @property
    def blocks(self) -> Mapping[str, Block]:
        """Runs of feature rows, by the content (and table) they came from."""
        return self._blocks

    def rows_of(self, key: str, count: int, columns: Mapping[str, Column] | None = None) -> int:
        """First row of a run of features, made when it is new.

        Raises
        ------
        ValueError
            There would be too many.
        """
        found = self._blocks.get(key)
        if found is None:
            if self.n_features + count > MAX_FEATURES:
                raise ValueError(f"a tile holds over {MAX_FEATURES:,} features")
            shared = {name: _constant(value, count) for name, value in self.common.items()}
            found = self._blocks[key] = Block(self.n_features, count, shared | dict(columns or {}))
            self.n_features += count
        return found.first

    def add_mesh(self, part: MeshPart) -> None:
        """Take triangles; those on absent points are left out."""
        triangles = part.triangles
        self._n_triangles += len(triangles)
        if self._n_triangles > MAX_TRIANGLES:
            raise ValueError(f"a tile holds over {MAX_TRIANGLES:,} triangles")
        n_vertices = len(part.positions)
        if len(triangles) and int(triangles.max()) >= n_vertices:
            sound = (triangles < n_vertices).all(axis=1)
            self.tally.add("bad-face", "Faces on absent points were left out", int((~sound).sum()))
            part = replace(part, triangles=triangles[sound])
        if len(part.triangles) or part.lines is not None:
            self.meshes.append(part)

    def add_points(self, part: PointPart) -> None:
        """Take points."""
        self._n_points += len(part.positions)
        if self._n_points > MAX_POINTS:
            raise ValueError(f"a tile holds over {MAX_POINTS:,} points")
        if len(part.positions):
            self.points.append(part)


def _constant(value: str | float, count: int) -> Column:
    if isinstance(value, str):
        return np.full(count, value, dtype=object)
    return np.full(count, float(value))


def instanced(part: MeshPart, matrices: Float64Array, features: Int64Array | None) -> MeshPart:
    """A part repeated under matrices (I, 4, 4), all in one.

    Parameters
    ----------
    features : (I,) feature row of each copy; None = each copy has the part's own

    Raises
    ------
    ValueError
        The copies have too many points.
    """
    n_copies, n_vertices = len(matrices), len(part.positions)
    if n_copies * n_vertices > 3 * MAX_TRIANGLES:
        raise ValueError(f"instances in a tile make over {3 * MAX_TRIANGLES:,} points")
    whole = matrices @ part.matrix
    flat = np.asarray(part.positions, np.float64)
    positions = np.einsum("iab,vb->iva", whole[:, :3, :3], flat) + whole[:, None, :3, 3]
    shift = np.arange(n_copies)[:, None, None] * n_vertices
    triangles = part.triangles[None].astype(np.int64) + shift
    flipped = np.linalg.det(whole[:, :3, :3]) < 0
    triangles[flipped] = triangles[flipped][:, :, ::-1]
    rows = np.tile(part.features, n_copies) if features is None else features.repeat(n_vertices)
    return MeshPart(
        positions=positions.reshape(-1, 3),
        triangles=triangles.reshape(-1, 3),
        matrix=np.eye(4),
        features=rows.astype(np.int32),
    )
