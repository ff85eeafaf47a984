"""Buildings from outlines, heights and a roof shape: flat, gabled, hipped, domed and others.

Every sloping roof is a height over the plan that is linear between a few straight lines, so one
way of cutting serves all of them and any outline, courtyards too.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int32Array, Int64Array, UInt8Array
from twin.city.asset import Surface, TriangleSoup
from twin.city.flat_map import GeometryArray, joined, looking_up, ragged
from twin.city.polygons import Polygons, triangulate
from twin.city.roof_plans import Edges, Frames, frames_of

_DOME_STEPS = 6
#: Buildings that stand on the ground reach so far below it, so that no gap shows on a slope.
FOOT_M = 0.6


class RoofShape(enum.IntEnum):
    """Shape of a roof; what is not among them is drawn as the one it is most like."""

    FLAT = 0
    GABLED = 1
    HIPPED = 2
    PYRAMIDAL = 3
    SKILLION = 4
    DOME = 5
    ROUND = 6
    GAMBREL = 7


#: Across the ridge, -1 to 1: where the roof bends, and how high it is there (share of its rise).
_PROFILES: dict[RoofShape, tuple[tuple[float, ...], tuple[float, ...]]] = {
    RoofShape.GABLED: ((-1.0, 0.0, 1.0), (0.0, 1.0, 0.0)),
    RoofShape.SKILLION: ((-1.0, 1.0), (0.0, 1.0)),
    RoofShape.GAMBREL: ((-1.0, -0.62, 0.0, 0.62, 1.0), (0.0, 0.66, 1.0, 0.66, 0.0)),
    RoofShape.ROUND: (
        tuple(float(v) for v in np.sin(np.linspace(-np.pi / 2, np.pi / 2, 9))),
        tuple(float(v) for v in np.cos(np.linspace(-np.pi / 2, np.pi / 2, 9))),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """Buildings to make.

    Attributes
    ----------
    polygons : (B,) valid shapely polygons, local metres
    features : (B,) rows
    base_m, top_m : (B,) foot and highest point, z
    rise_m : (B,) how much of it the roof is; 0 for flat ones
    shapes : (B,) `RoofShape`
    ridge_rad : (B,) direction of the ridge, counter-clockwise from east; for a skillion, the
        direction square to the way it falls: the high side lies to its left; NaN = along the
        longer side
    across : (B,) the ridge runs along the shorter side instead
    """

    polygons: GeometryArray
    features: Int32Array
    base_m: Float64Array
    top_m: Float64Array
    rise_m: Float64Array
    shapes: UInt8Array
    ridge_rad: Float64Array
    across: BoolArray

    def take(self, rows: BoolArray | Int64Array) -> Bodies:
        """The buildings of some rows."""
        return Bodies(
            polygons=self.polygons[rows],
            features=self.features[rows],
            base_m=self.base_m[rows],
            top_m=self.top_m[rows],
            rise_m=self.rise_m[rows],
            shapes=self.shapes[rows],
            ridge_rad=self.ridge_rad[rows],
            across=self.across[rows],
        )


def solids(bodies: Bodies) -> tuple[TriangleSoup, int]:
    """Walls, roofs and (for what hangs in the air) undersides; and how many surfaces they are."""
    import shapely

    if not len(bodies.polygons):
        return joined([]), 0
    bodies = bodies.take(np.argsort(bodies.shapes, kind="stable"))
    bodies.polygons[:] = shapely.orient_polygons(bodies.polygons)
    pointed = np.isin(bodies.shapes, [RoofShape.PYRAMIDAL, RoofShape.DOME])
    blunt = pointed & ~_star_shaped(bodies.polygons)
    bodies.shapes[blunt] = RoofShape.HIPPED
    parts, count = [_undersides(bodies)], 0
    for shape in RoofShape:
        some = bodies.take(bodies.shapes == shape)
        if len(some.polygons):
            made, n = _made(some, shape)
            parts += made
            count += n
    return joined(parts), count


def _made(bodies: Bodies, shape: RoofShape) -> tuple[list[TriangleSoup], int]:
    if shape in (RoofShape.PYRAMIDAL, RoofShape.DOME):
        return _pointed(bodies, shape)
    plan, owner = ragged(bodies.polygons)
    edges = Edges.of(plan, owner)
    if shape == RoofShape.FLAT:
        tops = bodies.top_m[edges.body]
        return [
            _lids(bodies, plan, owner, bodies.top_m),
            _walls(bodies, edges, tops, tops),
        ], len(owner) + len(edges.a)
    frames = frames_of(bodies.polygons, bodies.ridge_rad, bodies.across)
    height = _hip_height if shape == RoofShape.HIPPED else _profile_height(shape)
    n_surfaces = len(edges.a)
    edges = edges.split(_cuts(frames, edges, shape))
    eaves = bodies.top_m - bodies.rise_m

    def top_of(xy: Float64Array, body: Int64Array) -> Float64Array:
        uv, half = frames.uv(xy, body), frames.half[body]
        top: Float64Array = eaves[body] + bodies.rise_m[body] * height(uv, half)
        return top

    roof, n_pieces = _slopes(bodies, frames, shape, top_of)
    walls = _walls(bodies, edges, top_of(edges.a, edges.body), top_of(edges.b, edges.body))
    return [roof, walls], n_pieces + n_surfaces


def _star_shaped(polygons: GeometryArray) -> BoolArray:
    """Whether all of the outline is seen from the centroid, and there is no courtyard."""
    import shapely

    plan, owner = ragged(polygons)
    edges = Edges.of(plan, owner)
    middle = shapely.get_coordinates(shapely.centroid(polygons))[edges.body]
    a, b = edges.a - middle, edges.b - middle
    star: BoolArray = shapely.get_num_interior_rings(polygons) == 0
    star[edges.body[a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] < -1e-9]] = False
    return star


# -- heights over the plan -------------------------------------------------------------------

_Height = Callable[[Float64Array, Float64Array], Float64Array]


def _profile_height(shape: RoofShape) -> _Height:
    places, heights = _PROFILES[shape]

    def height(uv: Float64Array, half: Float64Array) -> Float64Array:
        share: Float64Array = np.interp(uv[:, 1] / half[:, 1], places, heights)
        return share

    return height


def _hip_height(uv: Float64Array, half: Float64Array) -> Float64Array:
    slope = np.minimum(half[:, 0], half[:, 1])
    inwards = (half - np.abs(uv)).min(axis=1)
    share: Float64Array = np.clip(inwards / slope, 0.0, 1.0)
    return share


def _cuts(frames: Frames, edges: Edges, shape: RoofShape) -> Float64Array:
    """(E, C) shares of each edge where the roof above it bends."""
    half = frames.half[edges.body]
    a, b = frames.uv(edges.a, edges.body), frames.uv(edges.b, edges.body)
    if shape == RoofShape.HIPPED:
        ridge = half[:, 0] - half[:, 1]
        levels = [(p[:, 1], p[:, 0]) for p in (a, b)]
        pairs = [(levels[0][k], levels[1][k]) for k in (0, 1)]
        for sign_u in (1.0, -1.0):
            for sign_v in (1.0, -1.0):
                pairs.append(
                    tuple(sign_u * p[:, 0] - sign_v * p[:, 1] - ridge for p in (a, b))  # type: ignore[arg-type]
                )
    else:
        inner = _PROFILES[shape][0][1:-1]
        pairs = [(a[:, 1] - k * half[:, 1], b[:, 1] - k * half[:, 1]) for k in inner]
    if not pairs:
        return np.full((len(edges.a), 1), np.nan)
    out = np.full((len(edges.a), len(pairs)), np.nan)
    for column, (start, end) in enumerate(pairs):
        crosses = start * end < 0
        out[crosses, column] = start[crosses] / (start[crosses] - end[crosses])
    return out


def _regions(frames: Frames, shape: RoofShape) -> Float64Array:
    """(B, R, 4, 2) quads in which the roof is plane, a little larger than the building."""
    half = frames.half
    margin = 0.05
    u, v = half[:, 0] + margin, half[:, 1] + margin
    if shape == RoofShape.HIPPED:
        ridge = half[:, 0] - half[:, 1]
        long, short = np.maximum(ridge, 0.0), np.maximum(-ridge, 0.0)
        south = [(-u, -v), (u, -v), (long, -short), (-long, -short)]
        east = [(u, -v), (u, v), (long, short), (long, -short)]
        quads = [south, east, [(-x, -y) for x, y in south], [(-x, -y) for x, y in east]]
    else:
        places = np.array(_PROFILES[shape][0])
        stops = [k * half[:, 1] for k in places]
        stops[0], stops[-1] = -v, v
        quads = [
            [(-u, low), (u, low), (u, high), (-u, high)] for low, high in itertools.pairwise(stops)
        ]
    uv = np.array([[np.stack(point, axis=-1) for point in quad] for quad in quads])
    flat = uv.transpose(2, 0, 1, 3).reshape(len(half), -1, 2)
    return frames.xy(flat).reshape(len(half), len(quads), 4, 2)


# -- triangles -------------------------------------------------------------------------------


def _slopes(
    bodies: Bodies,
    frames: Frames,
    shape: RoofShape,
    top_of: Callable[[Float64Array, Int64Array], Float64Array],
) -> tuple[TriangleSoup, int]:
    import shapely

    quads = _regions(frames, shape)
    n_regions = quads.shape[1]
    regions = shapely.polygons(quads.reshape(-1, 4, 2))
    body = np.repeat(np.arange(len(bodies.polygons)), n_regions)
    pieces = shapely.intersection(bodies.polygons[body], regions)
    plan, piece = ragged(pieces)
    found = triangulate(plan)
    corners = plan.vertices[found.corners]
    owner = body[piece[found.surfaces]]
    corners[:, :, 2] = top_of(corners[:, :, :2].reshape(-1, 2), np.repeat(owner, 3)).reshape(-1, 3)
    soup = _soup(looking_up(corners), bodies.features[owner], Surface.ROOF)
    return soup, len(piece)


def _lids(
    bodies: Bodies, plan: Polygons, owner: Int64Array, z_m: Float64Array, *, up: bool = True
) -> TriangleSoup:
    found = triangulate(plan)
    corners = plan.vertices[found.corners]
    body = owner[found.surfaces]
    corners[:, :, 2] = z_m[body][:, None]
    corners = looking_up(corners)
    if not up:
        corners = corners[:, ::-1]
    return _soup(corners, bodies.features[body], Surface.ROOF if up else Surface.GROUND)


def _undersides(bodies: Bodies) -> TriangleSoup:
    hanging = bodies.take(bodies.base_m > 0.5)
    plan, owner = ragged(hanging.polygons)
    return _lids(hanging, plan, owner, hanging.base_m, up=False)


def _walls(bodies: Bodies, edges: Edges, top_a: Float64Array, top_b: Float64Array) -> TriangleSoup:
    base = bodies.base_m[edges.body]
    a, b = (np.concatenate([xy, base[:, None]], axis=1) for xy in (edges.a, edges.b))
    high_a, high_b = a.copy(), b.copy()
    high_a[:, 2], high_b[:, 2] = np.maximum(top_a, base), np.maximum(top_b, base)
    triangles = np.concatenate(
        [np.stack([a, b, high_b], axis=1), np.stack([a, high_b, high_a], axis=1)]
    )
    return _soup(triangles, np.tile(bodies.features[edges.body], 2), Surface.WALL)


def _pointed(bodies: Bodies, shape: RoofShape) -> tuple[list[TriangleSoup], int]:
    """Pyramids and domes: the outline drawn together towards its centroid."""
    import shapely

    plan, owner = ragged(bodies.polygons)
    edges = Edges.of(plan, owner)
    eaves = (bodies.top_m - bodies.rise_m)[edges.body]
    rise = bodies.rise_m[edges.body]
    middle = shapely.get_coordinates(shapely.centroid(bodies.polygons))[edges.body]
    n = 1 if shape == RoofShape.PYRAMIDAL else _DOME_STEPS
    turn = np.linspace(0.0, np.pi / 2, n + 1)
    widths, heights = np.cos(turn), np.sin(turn)
    parts = [_walls(bodies, edges, eaves, eaves)]
    for k in range(n):
        rings = [
            np.concatenate(
                [
                    middle + widths[step] * (end - middle),
                    (eaves + rise * heights[step])[:, None],
                ],
                axis=1,
            )
            for step, end in ((k, edges.a), (k, edges.b), (k + 1, edges.b), (k + 1, edges.a))
        ]
        a, b, c, d = rings
        quads = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
        parts.append(_soup(quads, np.tile(bodies.features[edges.body], 2), Surface.ROOF))
    return parts, len(edges.a) * (1 + n)


def _soup(corners: Float64Array, features: Int32Array, surface: Surface) -> TriangleSoup:
    """Triangles with an area."""
    a, b, c = (corners[:, k] for k in range(3))
    cross = np.cross(b - a, c - a)
    keep = np.einsum("ij,ij->i", cross, cross) > 1e-10
    return TriangleSoup(
        corners_local_m=corners[keep].astype(np.float32),
        features=features[keep].astype(np.int32),
        surfaces=np.full(int(keep.sum()), surface, dtype=np.uint8),
    )
