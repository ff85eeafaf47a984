"""From decoded parts to what is drawn: placed in the local frame, welded, with light baked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from twin.arrays import Float32Array, Float64Array, Int32Array, UInt8Array
from twin.city.asset import PointCloud, Surface, TriangleSoup
from twin.city.frames import MAX_LOCAL_M
from twin.city.kinds import BY_NORMAL, with_normals
from twin.city.soup import feature_bounds
from twin.tiles.content import TileContent
from twin.tiles.crease import crease_corners
from twin.tiles.light import unit_normals
from twin.tiles.partition import tile_of_soup
from twin.tiles.tile import Tile
from twin.tiles.tileset_frame import Local
from twin.tiles.tileset_parts import MeshPart, PointPart, RawContent
from twin.tiles.tileset_table import feature_table, kinds, merged_columns, surface_codes

_GREY = 128
#: Columns of an imported tile that its features' ids and kinds already tell.
_TOLD = ("id", "kind")


def tile_content(
    raw: RawContent,
    world: Float64Array,
    to_local: Local,
    *,
    with_edges: bool,
    is_imported: bool,
    checkpoint: Callable[[], None],
) -> TileContent:
    """Place and light the decoded parts of one tile. Worker thread; pure.

    Parameters
    ----------
    world : (4, 4) from the content's frame to the tileset's
    to_local : from the tileset's frame to the scene's
    with_edges : find creases where the file brings no lines
    is_imported : written by `civitwin import`: ids and kinds are no attributes then
    checkpoint : called between steps; raising from it stops the work
    """
    columns = merged_columns(raw)
    if is_imported and "name" in columns:
        names = columns["name"] = columns["name"].astype(object)
        names[names == ""] = None
    tiles = []
    lit = [part for part in raw.meshes if _is_lit(part)]
    plain = [part for part in raw.meshes if not _is_lit(part) and part.lines is None]
    if lit:
        tiles += _lit_tiles(lit, world, to_local, with_edges)
    checkpoint()
    if plain:
        codes = surface_codes(*kinds(columns, raw.n_features))
        soup = _soup(plain, world, to_local, codes, raw)
        checkpoint()
        if soup.n_triangles:
            parents = np.full(raw.n_features, -1, np.int32)
            tiles.append(tile_of_soup(soup, parents, with_edges=with_edges))
    checkpoint()
    points = _cloud(raw, world, to_local)
    bounds = _bounds(tiles, points, raw.n_features)
    return TileContent(
        tiles=tuple(tiles),
        features=feature_table(raw, columns, bounds, hidden=_TOLD if is_imported else ()),
        points=points,
        warnings=raw.tally.warnings(),
    )


def _is_lit(part: MeshPart) -> bool:
    """Whether the part brings light that a style can use."""
    light = part.code_light
    if light is None or len(light) != len(part.positions) or not len(light):
        return False
    return bool(light.min() >= 0.0 and light.max() < len(Surface))


def _placed(
    positions: NDArray[np.number], matrix: Float64Array, world: Float64Array, to_local: Local
) -> Float32Array:
    """(V, 3) float32 local; NaN where a point lies absurdly far off."""
    whole = world @ matrix
    local = to_local(positions.astype(np.float64) @ whole[:3, :3].T + whole[:3, 3])
    if local.size and not np.abs(local).max() <= 8 * MAX_LOCAL_M:  # also true for NaN
        local[~(np.abs(local) <= 8 * MAX_LOCAL_M).all(axis=1)] = np.nan
    return local.astype(np.float32)


def _lit_tiles(
    parts: list[MeshPart], world: Float64Array, to_local: Local, with_edges: bool
) -> list[Tile]:
    """Tiles of parts that bring their light: arrays are taken over."""
    lines = [part for part in parts if part.lines is not None]
    edges = [_line_edges(part, world, to_local) for part in lines]
    tiles = []
    for part in parts:
        if part.lines is not None or part.code_light is None:
            continue
        points = _placed(part.positions, part.matrix, world, to_local)
        triangles = part.triangles.astype(np.int32)
        if not np.isfinite(points).all():
            triangles = triangles[np.isfinite(points[triangles].sum(axis=(1, 2)))]
            points = np.nan_to_num(points, posinf=0.0, neginf=0.0)
        features = part.features[triangles[:, 0]]
        if not edges:
            own = _found_edges(points, triangles, part.code_light, features, with_edges)
        else:
            own = _joined(edges)
            edges = [_no_edges()]
        tiles.append(
            Tile(
                points_local_m=points,
                triangles=triangles,
                features=features,
                point_features=part.features.astype(np.float32),
                code_light=part.code_light,
                bounds_min_max_local_m=np.concatenate([points.min(axis=0), points.max(axis=0)]),
                edges_local_m=own[0],
                edge_features=own[1],
                edge_code_light=own[2],
            )
        )
    return tiles


#: Ends (E, 2, 3), features (E,) and coded light (E, 2) of lines.
_Edges = tuple[Float32Array, Int32Array, Float32Array]


def _no_edges() -> _Edges:
    return (
        np.empty((0, 2, 3), np.float32),
        np.empty(0, np.int32),
        np.empty((0, 2), np.float32),
    )


def _joined(edges: list[_Edges]) -> _Edges:
    ends, features, light = zip(*edges, strict=True)
    return np.concatenate(ends), np.concatenate(features), np.concatenate(light)


def _line_edges(part: MeshPart, world: Float64Array, to_local: Local) -> _Edges:
    assert part.lines is not None  # noqa: S101  # chosen by the caller
    assert part.code_light is not None  # noqa: S101
    points = _placed(part.positions, part.matrix, world, to_local)
    sound = part.lines[(part.lines < len(points)).all(axis=1)]
    return points[sound], part.features[sound[:, 0]], part.code_light[sound]


def _found_edges(
    points: Float32Array,
    triangles: Int32Array,
    light: Float32Array,
    features: Int32Array,
    with_edges: bool,
) -> _Edges:
    if not with_edges:
        return _no_edges()
    surfaces = light[triangles[:, 0]].astype(np.uint8)
    ends = crease_corners(points, triangles, unit_normals(points[triangles]), surfaces)
    vertices = triangles.reshape(-1)[ends]
    return points[vertices], features[ends[:, 0] // 3], light[vertices]


def _soup(
    parts: list[MeshPart],
    world: Float64Array,
    to_local: Local,
    codes: UInt8Array,
    raw: RawContent,
) -> TriangleSoup:
    """All triangles that need light, in one; broken ones left out."""
    corners = np.concatenate(
        [_placed(p.positions, p.matrix, world, to_local)[p.triangles] for p in parts]
    )
    features = np.concatenate([part.features[part.triangles[:, 0]] for part in parts])
    sound = np.isfinite(corners.sum(axis=(1, 2)))
    if not sound.all():
        raw.tally.add(
            "bad-point", "Faces with infinite or far-off points were left out", int((~sound).sum())
        )
        corners, features = corners[sound], features[sound]
    normals = unit_normals(corners)
    surfaces = codes[features]
    if (surfaces == BY_NORMAL).any():
        surfaces = with_normals(surfaces, normals.astype(np.float64))
    else:
        surfaces = np.minimum(surfaces, np.uint8(Surface.OTHER))
    return TriangleSoup(corners_local_m=corners, features=features, surfaces=surfaces)


def _cloud(raw: RawContent, world: Float64Array, to_local: Local) -> PointCloud | None:
    """All points in one cloud."""
    if not raw.points:
        return None
    xyz = np.concatenate([_placed(p.positions, p.matrix, world, to_local) for p in raw.points])
    features = np.concatenate([part.features for part in raw.points])
    rgb, classes = None, None
    if any(part.rgb is not None for part in raw.points):
        rgb = np.concatenate([_rgb(part) for part in raw.points])
    if all(part.classes is not None for part in raw.points):
        classes = np.concatenate([p.classes for p in raw.points if p.classes is not None])
    sound = np.isfinite(xyz.sum(axis=1))
    if not sound.all():
        raw.tally.add(
            "bad-point", "Points that are infinite or far off were left out", int((~sound).sum())
        )
        xyz, features = xyz[sound], features[sound]
        rgb = None if rgb is None else rgb[sound]
        classes = None if classes is None else classes[sound]
    return PointCloud(xyz_local_m=xyz, rgb=rgb, classes=classes, features=features)


def _rgb(part: PointPart) -> UInt8Array:
    if part.rgb is None:
        return np.full((len(part.positions), 3), _GREY, np.uint8)
    return part.rgb


def _bounds(tiles: list[Tile], points: PointCloud | None, n_features: int) -> Float32Array:
    """(N, 6) bounds of the features over all their triangles and points."""
    xyz = [tile.points_local_m for tile in tiles]
    rows = [tile.point_features.astype(np.int32) for tile in tiles]
    if points is not None and points.features is not None:
        xyz.append(points.xyz_local_m)
        rows.append(points.features)
    if not xyz:
        return np.full((n_features, 6), np.nan, np.float32)
    return feature_bounds(np.concatenate(xyz), np.concatenate(rows), n_features)
