"""Chunks of a city on disk, each sorted along the quadtree, so that any square can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from twin.arrays import BoolArray, Float32Array, Int32Array, Int64Array, UInt8Array
from twin.city.asset import Column, FeatureTable, Surface, TriangleSoup
from twin.importing.cutting import cut
from twin.importing.morton import DEPTH, morton_numbers

#: Features of ground that are wider than this are shared out triangle by triangle.
WIDE_M = 400.0
_VERY_WIDE_M = 3_000.0
#: Depth of the cells in which features are counted (128 m).
CELL_DEPTH = 11
_CELL_SHIFT = 2 * (DEPTH - CELL_DEPTH)
BOUNDS = ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax")
#: Attributes carry this in chunk files, so that one called "id" collides with nothing.
ATTRIBUTE = "@"


class ChunkFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the later passes must know of a chunk without opening it.

    Attributes
    ----------
    columns : "number" or "text" by attribute
    key_ranges : least and greatest Morton number of its features, and of its wide triangles
    """

    n_features: int
    n_triangles: int
    n_wide: int
    n_wide_triangles: int
    kinds: tuple[str, ...]
    columns: dict[str, str]
    key_ranges: tuple[tuple[int, int], ...]
    n_buildings: int = 0
    warnings: dict[str, tuple[str, int]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Triangles:
    """Triangles of a chunk or a square, sorted by ``features`` or (wide ones) by ``keys``."""

    corners_local_m: Float32Array
    features: Int32Array
    surfaces: UInt8Array
    keys: Int64Array


def write_chunk(
    base: Path,
    features: FeatureTable,
    soup: TriangleSoup,
    *,
    warnings: Mapping[str, tuple[str, int]] | None = None,
) -> ChunkFacts:
    """Write a part of a city; the facts come last and say that the chunk is whole.

    Parameters
    ----------
    base : path without ending; ``.arrow``, ``.tri``, ``.npz`` … are added
    features, soup : in the import's local frame; families (building and parts) are whole
    """
    wide = _wide_rows(features, soup)
    keys = _keys(features, soup)
    order = np.argsort(np.where(wide, np.iinfo(np.int64).max, keys), kind="stable")
    n = len(order) - int(wide.sum())
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    parents = np.where(features.parents >= 0, place[features.parents], -1)
    crossing = wide | (wide[features.parents] & (features.parents >= 0))
    parents[crossing] = -1
    near = _near(soup, place, n)
    far = _far(soup, place, n)
    table = _table(features, parents, keys).take(pa.array(order))
    firsts = np.searchsorted(near.features, np.arange(n + 1))
    counts = pa.array(np.append(np.diff(firsts), np.zeros(len(order) - n)), pa.int64())
    table = table.append_column("n_triangles", counts)
    _write_table(base.with_suffix(".arrow"), table)
    _write_triangles(base.with_suffix(".tri"), near)
    _write_triangles(base.with_suffix(".wide"), far)
    _write_cells(base.with_suffix(".npz"), keys[order[:n]], np.diff(firsts), far.keys)
    facts = ChunkFacts(
        n_features=n,
        n_triangles=len(near.features),
        n_wide=len(order) - n,
        n_wide_triangles=len(far.features),
        kinds=tuple(features.counts_by_kind()),
        columns={
            name: "text" if column.dtype == object else "number"
            for name, column in features.attributes.items()
        },
        key_ranges=tuple(
            (int(one[0]), int(one[-1])) for one in (keys[order[:n]], far.keys) if len(one)
        ),
        n_buildings=features.counts_by_kind().get("Building", 0),
        warnings=dict(warnings or {}),
    )
    part = base.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(facts))
    part.rename(base.with_suffix(".json"))
    return facts


def read_facts(base: Path) -> ChunkFacts | None:
    """Facts of a finished chunk, None when it is not there or not finished."""
    path = base.with_suffix(".json")
    if not path.is_file():
        return None
    return msgspec.json.decode(path.read_bytes(), type=ChunkFacts)


def read_cells(base: Path) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Cells in use with their numbers of features and triangles."""
    with np.load(base.with_suffix(".npz")) as file:
        return file["cells"], file["features"], file["triangles"]


def read_part(base: Path, facts: ChunkFacts, first: int, end: int) -> tuple[pa.Table, Triangles]:
    """Features of the Morton numbers ``first <= m < end`` and their triangles.

    ``parent`` and ``features`` count within what is returned.
    """
    with pa.memory_map(str(base.with_suffix(".arrow"))) as source:
        table = pa.ipc.open_file(source).read_all()
        keys = table["key"].to_numpy()[: facts.n_features]
        low, high = np.searchsorted(keys, [first, end]).tolist()
        before = int(table["n_triangles"].to_numpy()[:low].sum())
        part = _copied(table.slice(low, high - low))
    count = int(part["n_triangles"].to_numpy().sum())
    triangles = _read_triangles(base.with_suffix(".tri"), facts.n_triangles, before, before + count)
    parents = part["parent"].to_numpy()
    parents = np.where(parents >= 0, parents - low, -1).astype(np.int32)
    part = part.set_column(part.schema.get_field_index("parent"), "parent", pa.array(parents))
    return part, Triangles(
        corners_local_m=triangles.corners_local_m,
        features=triangles.features - np.int32(low),
        surfaces=triangles.surfaces,
        keys=triangles.keys,
    )


def read_wide(base: Path, facts: ChunkFacts) -> pa.Table:
    """The wide features of a chunk."""
    with pa.memory_map(str(base.with_suffix(".arrow"))) as source:
        table = pa.ipc.open_file(source).read_all()
        return _copied(table.slice(facts.n_features, facts.n_wide))


def read_wide_triangles(base: Path, facts: ChunkFacts, first: int, end: int) -> Triangles:
    """Triangles of wide features in a square; ``features`` count from the first wide one."""
    n = facts.n_wide_triangles
    keys = _mapped(base.with_suffix(".wide"), n, 3)
    low, high = np.searchsorted(keys, [first, end]).tolist()
    return _read_triangles(base.with_suffix(".wide"), n, low, high)


def _copied(table: pa.Table) -> pa.Table:
    """Own memory, so that the file may be let go."""
    rows = pa.array(np.arange(len(table)))
    taken: pa.Table = table.combine_chunks().take(rows)
    return taken


def _wide_rows(features: FeatureTable, soup: TriangleSoup) -> BoolArray:
    bounds = features.bounds_min_max_local_m
    width = np.nan_to_num(np.maximum(bounds[:, 3] - bounds[:, 0], bounds[:, 4] - bounds[:, 1]))
    built = np.isin(soup.surfaces, [Surface.WALL, Surface.ROOF])
    n_built = np.bincount(soup.features[built], minlength=len(width))
    n_all = np.bincount(soup.features, minlength=len(width))
    wide: BoolArray = ((width > WIDE_M) & (n_built < 0.3 * n_all)) | (width > _VERY_WIDE_M)
    return wide


def _keys(features: FeatureTable, soup: TriangleSoup) -> Int64Array:
    """(N,) Morton number of the middle of each feature's family."""
    root = np.arange(features.n_features)
    for _ in range(8):
        above = features.parents[root]
        root = np.where(above >= 0, above, root)
    bounds = features.bounds_min_max_local_m.astype(np.float64)
    low, high = np.full((len(root), 2), np.inf), np.full((len(root), 2), -np.inf)
    there = np.isfinite(bounds[:, 0])
    np.minimum.at(low, root[there], bounds[there, :2])
    np.maximum.at(high, root[there], bounds[there, 3:5])
    middle = np.where(np.isfinite(low), (low + np.where(np.isfinite(high), high, 0.0)) / 2, np.nan)
    placed = np.isfinite(middle[:, 0])
    if placed.any():  # what has no geometry stays with the first that has
        middle[~placed] = middle[np.flatnonzero(placed)[0]]
    elif soup.n_triangles == 0:
        middle[:] = 0.0
    return morton_numbers(middle)[root]


def _near(soup: TriangleSoup, place: Int64Array, n: int) -> Triangles:
    owner = place[soup.features]
    order = np.argsort(owner, kind="stable")
    order = order[: int((owner < n).sum())]
    return Triangles(
        corners_local_m=soup.corners_local_m[order],
        features=owner[order].astype(np.int32),
        surfaces=soup.surfaces[order],
        keys=np.zeros(len(order), np.int64),
    )


def _far(soup: TriangleSoup, place: Int64Array, n: int) -> Triangles:
    owner = place[soup.features]
    rows = np.flatnonzero(owner >= n)
    corners, sources = cut(soup.corners_local_m[rows])
    keys = morton_numbers(corners[:, :, :2].mean(axis=1))
    order = np.argsort(keys, kind="stable")
    rows = rows[sources[order]]
    return Triangles(
        corners_local_m=corners[order],
        features=(owner[rows] - n).astype(np.int32),
        surfaces=soup.surfaces[rows],
        keys=keys[order],
    )


def _table(features: FeatureTable, parents: Int64Array, keys: Int64Array) -> pa.Table:
    kinds = pa.DictionaryArray.from_arrays(
        pa.array(features.kind_codes.astype(np.int32)), pa.array(features.kind_names, pa.string())
    )
    columns: dict[str, pa.Array] = {
        "key": pa.array(keys),
        "id": pa.array(list(features.ids), pa.string()),
        "kind": kinds.cast(pa.string()),
        "parent": pa.array(parents.astype(np.int32)),
    }
    bounds = features.bounds_min_max_local_m
    columns |= {name: pa.array(bounds[:, k]) for k, name in enumerate(BOUNDS)}
    columns |= {ATTRIBUTE + name: _arrow(one) for name, one in features.attributes.items()}
    return pa.table(columns)


def _arrow(column: Column) -> pa.Array:
    if column.dtype == object:
        return pa.array(column, pa.string(), from_pandas=True)
    return pa.array(column, pa.float64(), from_pandas=True)


def _write_table(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())


_TYPES = ((np.float32, 9), (np.int32, 1), (np.uint8, 1), (np.int64, 1))


def _write_triangles(path: Path, triangles: Triangles) -> None:
    """Corners, features, surfaces, keys, each as one block."""
    with path.open("wb") as file:
        for values in (
            triangles.corners_local_m,
            triangles.features,
            triangles.surfaces,
            triangles.keys if path.suffix == ".wide" else triangles.keys[:0],
        ):
            file.write(np.ascontiguousarray(values).data)


def _read_triangles(path: Path, n: int, low: int, high: int) -> Triangles:
    if low >= high:
        return no_triangles()
    corners, features, surfaces = (_mapped(path, n, block, low, high) for block in range(3))
    wide = path.suffix == ".wide"
    return Triangles(
        corners_local_m=corners.reshape(-1, 3, 3),
        features=features,
        surfaces=surfaces,
        keys=_mapped(path, n, 3, low, high) if wide else np.zeros(high - low, np.int64),
    )


def no_triangles() -> Triangles:
    """None at all."""
    return Triangles(
        corners_local_m=np.zeros((0, 3, 3), np.float32),
        features=np.zeros(0, np.int32),
        surfaces=np.zeros(0, np.uint8),
        keys=np.zeros(0, np.int64),
    )


def _mapped(path: Path, n: int, block: int, low: int = 0, high: int | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN202
    """Values ``low`` to ``high`` of one block of `_write_triangles`, read from disk."""
    dtype, width = _TYPES[block]
    offset = sum(n * np.dtype(kind).itemsize * w for kind, w in _TYPES[:block])
    item = np.dtype(dtype).itemsize * width
    end = n if high is None else high
    return np.fromfile(path, dtype, (end - low) * width, offset=offset + low * item)


def _write_cells(path: Path, keys: Int64Array, counts: Int64Array, wide_keys: Int64Array) -> None:
    cells = np.concatenate([keys, wide_keys]) >> _CELL_SHIFT
    used, group = np.unique(cells, return_inverse=True)
    n = len(keys)
    triangles = np.concatenate([counts, np.ones(len(wide_keys), np.int64)])
    np.savez(
        path,
        cells=used,
        features=np.bincount(group[:n], minlength=len(used)),
        triangles=np.bincount(group, triangles, len(used)).astype(np.int64),
    )
