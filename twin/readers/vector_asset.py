"""The last steps of every vector format: place, extrude, lay flat, draw lines, make the asset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array, UInt8Array
from twin.city.asset import (
    CityAsset,
    Column,
    FeatureTable,
    Place,
    StreetNetwork,
    Surface,
    TriangleSoup,
)
from twin.city.flat_map import (
    PATH_M,
    ROAD_M,
    FlatAreas,
    GeometryArray,
    area_heights_m,
    flat_soup,
    joined,
    only_polygons,
)
from twin.city.footprints import FlatFootprints, Footprints, extruded
from twin.city.osm_data import OsmData
from twin.city.osm_places import place_kind
from twin.city.osm_streets import street_network
from twin.city.placing import Placed, place
from twin.city.ribbons import Lines, ribbons
from twin.city.soup import feature_bounds
from twin.city.tally import Tally
from twin.errors import ReadError

#: Look of a polygon that is drawn as a body with a height; else it is a `Surface`.
EXTRUDED = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorParts:
    """Everything of a vector file, in its own CRS.

    Attributes
    ----------
    ids, kind_names, kind_codes, columns : the feature table
    polygons : rings of P polygons
    polygon_rows : (P,) their features
    looks : (P,) `EXTRUDED` or a `Surface`
    spans_m : (P, 2) foot and top above the ground, of extruded ones
    lines : L lines
    line_rows : (L,) their features
    line_widths_m, line_surfaces : (L,)
    line_tags : tags of each line that make it a street ("highway", "name" …), {} for none
    points : (Q, 2)
    point_rows : (Q,) their features
    """

    ids: Sequence[str]
    kind_names: tuple[str, ...]
    kind_codes: Sequence[int]
    columns: Mapping[str, Column]
    polygons: FlatFootprints
    polygon_rows: Int32Array
    looks: UInt8Array
    spans_m: Float64Array
    lines: Lines
    line_rows: Int32Array
    line_widths_m: Float64Array
    line_surfaces: UInt8Array
    line_tags: Sequence[Mapping[str, str]]
    points: Float64Array
    point_rows: Int32Array


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorSource:
    """Where the parts are from: file, reader, names for a person, CRS as text."""

    path: Path
    reader_id: str
    format_name: str
    crs: str
    chosen_crs: str = ""
    version: str = ""


def vector_asset(parts: VectorParts, source: VectorSource, tally: Tally) -> CityAsset:
    """Place and draw everything.

    Raises
    ------
    ReadError
        There is nothing to draw.
    TwinError
        The coordinates cannot be placed.
    """
    n_polygon, n_line = len(parts.polygons.xy), len(parts.lines.xy)
    xy = np.concatenate([parts.polygons.xy, parts.lines.xy, parts.points])
    if not len(xy):
        raise ReadError(
            "The file holds no polygon, line or point to show",
            path=source.path,
            reader_id=source.reader_id,
        )
    ground = np.column_stack([xy, np.zeros(len(xy))])
    placed = place(ground, source.crs, tally, chosen_crs=source.chosen_crs)
    local = placed.xyz_local_m
    soups, n_surfaces, top_m = _polygons(parts, local[:n_polygon], tally)
    lines = Lines(
        xy=local[n_polygon : n_polygon + n_line, :2].astype(np.float64), starts=parts.lines.starts
    )
    soups.append(_ribbons(parts, lines, top_m))
    at = local[n_polygon + n_line :]
    soup = _by_feature(joined(soups))
    features = _features(parts, soup, lines, at, top_m)
    return CityAsset(
        title=source.path.name.split(".")[0],
        format=source.format_name,
        version=source.version,
        origin=placed.origin,
        features=features,
        soup=soup,
        n_surfaces=n_surfaces + lines.n_lines,
        streets=_streets(parts, lines, top_m),
        places=_places(features, at, parts.point_rows),
        warnings=tally.warnings(),
        path=source.path,
        source_crs=placed.source_crs,
        source_bounds=_bounds(placed, soup),
        counts=_counts(parts),
    )


def _counts(parts: VectorParts) -> dict[str, int]:
    counts = {
        "features": len(parts.ids),
        "polygons": len(parts.polygon_rows),
        "lines": len(parts.line_rows),
        "points": len(parts.point_rows),
    }
    return {name: count for name, count in counts.items() if count}


def _polygons(
    parts: VectorParts, local: Float32Array, tally: Tally
) -> tuple[list[TriangleSoup], int, float]:
    """Bodies and flat areas; how many surfaces; height of the highest area."""
    up = parts.looks == EXTRUDED
    points, flat = kept_polygons(parts.polygons, up)
    bodies = Footprints(
        features=parts.polygon_rows[up].tolist(),
        bases_m=parts.spans_m[up, 0].tolist(),
        tops_m=parts.spans_m[up, 1].tolist(),
    )
    soup, n_surfaces = extruded(bodies, flat, local[points], tally)
    shapes, owner = _shapely(*kept_polygons(parts.polygons, ~up), local)
    rows = np.flatnonzero(~up)[owner] if len(owner) else owner
    areas = FlatAreas(
        polygons=shapes,
        features=parts.polygon_rows[rows],
        surfaces=parts.looks[rows],
    )
    heights = area_heights_m(areas)
    top = float(heights.max()) if len(heights) else 0.0
    return [soup, flat_soup(areas, heights, tally)], n_surfaces + len(shapes), top


def kept_polygons(flat: FlatFootprints, keep: BoolArray) -> tuple[Int64Array, FlatFootprints]:
    """Polygons (P,) that are kept, and the numbers of their points in the whole."""
    ring_polygon = np.repeat(np.arange(len(flat.polygon_rings)), flat.polygon_rings)
    rings = keep[ring_polygon]
    points = np.flatnonzero(np.repeat(rings, flat.ring_sizes))
    return points, FlatFootprints(
        xy=flat.xy[points],
        ring_sizes=flat.ring_sizes[rings],
        polygon_rings=flat.polygon_rings[keep],
    )


def _shapely(
    points: Int64Array, flat: FlatFootprints, local: Float32Array
) -> tuple[GeometryArray, Int64Array]:
    """Valid polygons in the local frame, and the polygon each came from."""
    import shapely

    xy = local[points, :2].astype(np.float64)
    usable = flat.ring_sizes >= 3
    if not len(xy) or not usable.any():
        return np.empty(0, dtype=object), np.zeros(0, dtype=np.int64)
    ring = np.repeat(np.arange(len(flat.ring_sizes)), flat.ring_sizes)
    good = usable[ring] & np.isfinite(xy).all(axis=1)
    counts = np.bincount(ring[good], minlength=len(usable))
    usable &= counts >= 3
    good &= usable[ring]
    number = np.cumsum(usable) - 1
    rings = shapely.linearrings(xy[good], indices=number[ring[good]])
    polygon = np.repeat(np.arange(len(flat.polygon_rings)), flat.polygon_rings)[usable]
    first, inverse = np.unique(polygon, return_inverse=True)
    made = shapely.polygons(rings, indices=inverse)
    shapes, owner = only_polygons(made)
    return shapes, first[owner]


def _ribbons(parts: VectorParts, lines: Lines, top_m: float) -> TriangleSoup:
    surfaces = parts.line_surfaces
    rise = np.where(surfaces == Surface.ROAD, ROAD_M, PATH_M)
    rise = np.where(surfaces == Surface.WATER, 0.01, rise)
    return ribbons(lines, parts.line_widths_m, top_m + rise, parts.line_rows, surfaces)


def _streets(parts: VectorParts, lines: Lines, top_m: float) -> StreetNetwork | None:
    """Lines that are roads as a network: they meet where their points lie in the same place."""
    roads = np.array([bool(tags) for tags in parts.line_tags], dtype=bool)
    if not roads.any():
        return None
    chosen = roads[lines.line_of_point()]
    xy = lines.xy[chosen]
    cell = np.round(np.nan_to_num(xy, nan=1e9) * 10.0).astype(np.int64)
    _, first, node = np.unique(cell, axis=0, return_index=True, return_inverse=True)
    sizes = np.diff(lines.starts)[roads]
    data = OsmData(
        node_ids=np.arange(len(first)),
        lonlat_deg=np.zeros((len(first), 2)),
        node_tags={},
        way_ids=np.flatnonzero(roads),
        way_starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        way_nodes=node.reshape(-1).astype(np.int64),
        way_tags=[dict(tags) for tags in parts.line_tags if tags],
        relations=[],
    )
    return street_network(data, xy[first], top_m + ROAD_M)


def _features(
    parts: VectorParts, soup: TriangleSoup, lines: Lines, at: Float32Array, top_m: float
) -> FeatureTable:
    n = len(parts.ids)
    ends = np.column_stack([lines.xy, np.full(len(lines.xy), top_m)]).astype(np.float32)
    points = np.concatenate([soup.corners_local_m.reshape(-1, 3), ends, at])
    rows = np.concatenate(
        [
            np.repeat(soup.features, 3),
            parts.line_rows[lines.line_of_point()] if lines.n_lines else parts.line_rows,
            parts.point_rows,
        ]
    ).astype(np.int32)
    good = np.isfinite(points).all(axis=1)
    return FeatureTable(
        ids=tuple(parts.ids),
        kind_names=parts.kind_names,
        kind_codes=np.array(parts.kind_codes, dtype=np.uint16),
        parents=np.full(n, -1, dtype=np.int32),
        bounds_min_max_local_m=feature_bounds(points[good], rows[good], n),
        attributes=dict(parts.columns),
    )


def _places(features: FeatureTable, at: Float32Array, rows: Int32Array) -> tuple[Place, ...]:
    """Points with a name; their kind from the words of OpenStreetMap, else that of the feature."""
    by_lower = {name.lower(): name for name in features.attributes}
    column = next((by_lower[name] for name in _NAMES if name in by_lower), None)
    if column is None:
        return ()
    places: list[Place] = []
    for row, xyz in zip(rows.tolist(), at.tolist(), strict=True):
        tags = {key: str(value) for key, value in features.attributes_of(row).items()}
        name = tags.get(column)
        if name and np.isfinite(xyz).all():
            x, y, z = (round(value, 2) for value in xyz)
            kind = place_kind(tags) or features.kind(row).lower().replace(" ", "_")
            places.append(
                Place(id=features.ids[row], name=name, kind=kind, xyz_local_m=(x, y, z),
                      feature=row)
            )  # fmt: skip
    return tuple(places)


_NAMES = ("name", "naam", "nom", "nombre", "title", "label", "bezeichnung")


def _bounds(placed: Placed, soup: TriangleSoup) -> tuple[float, ...]:
    bounds = list(placed.source_bounds)
    heights = soup.corners_local_m[:, :, 2]
    if heights.size:
        bounds[2], bounds[5] = float(heights.min()), float(heights.max())
    return tuple(bounds)


def _by_feature(soup: TriangleSoup) -> TriangleSoup:
    order = np.argsort(soup.features, kind="stable")
    return TriangleSoup(
        corners_local_m=soup.corners_local_m[order],
        features=soup.features[order],
        surfaces=soup.surfaces[order],
    )
