"""From an OpenStreetMap file to a city: features, a flat map, buildings, streets, places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from twin.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from twin.city.asset import Column, FeatureTable, Place, StreetNetwork, Surface, TriangleSoup
from twin.city.flat_map import (
    ROAD_M,
    FlatAreas,
    GeometryArray,
    area_heights_m,
    flat_soup,
    joined,
)
from twin.city.names import UniqueNames
from twin.city.osm_areas import Outlines, outlines
from twin.city.osm_buildings import BuildingRows, measured, parents_of_parts
from twin.city.osm_columns import tag_columns
from twin.city.osm_data import OsmData
from twin.city.osm_lines import dashes, is_hidden, line_look, lines_soup
from twin.city.osm_places import Spot, place_kind, places_of_spots, signal_places
from twin.city.osm_points import is_point_of_interest, is_tree, trees
from twin.city.osm_sea import sea_polygons
from twin.city.osm_streets import middle_lines, runs_of, street_network
from twin.city.osm_tags import (
    BUILDING,
    PART,
    POINT,
    TREE,
    WATER,
    Tags,
    area_look,
    is_below_ground,
    is_building,
    is_part,
    is_wood,
    street_name,
)
from twin.city.roof_shapes import FOOT_M, solids
from twin.city.soup import feature_bounds
from twin.city.tally import Tally

_COUNTED = (
    "building", "building:part", "highway", "railway", "waterway", "natural", "landuse", "leisure",
    "amenity",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class OsmCity:
    """What becomes a `CityAsset`."""

    features: FeatureTable
    soup: TriangleSoup
    n_surfaces: int
    streets: StreetNetwork | None
    places: tuple[Place, ...]


def counts_of(data: OsmData) -> dict[str, int]:
    """Nodes, ways and relations; of each well-known key, the ways that have it."""
    keys = Counter(key for tags in data.way_tags for key in tags if key in _COUNTED)
    counts = {
        "nodes": len(data.node_ids),
        "ways": len(data.way_ids),
        "relations": len(data.relations),
        "multipolygons": sum(one.tags.get("type") == "multipolygon" for one in data.relations),
        "buildings with height or levels": sum(
            "building" in tags and ("height" in tags or "building:levels" in tags)
            for tags in data.way_tags
        ),
    }
    counts |= {key: keys[key] for key in _COUNTED}
    return {name: count for name, count in counts.items() if count}


def osm_city(
    data: OsmData, xy: Float64Array, tally: Tally, edge: Float64Array | None = None
) -> OsmCity:
    """Make the city of a file. Any thread.

    Parameters
    ----------
    xy : (N, 2) local metres of the nodes, NaN where not placed
    edge : (4, 2) corners of the extract, None where the file does not tell them
    """
    return _Maker(data=data, xy=xy, tally=tally, edge=edge).city()


@dataclass(slots=True, kw_only=True)
class _Maker:
    data: OsmData
    xy: Float64Array
    tally: Tally
    edge: Float64Array | None
    names: UniqueNames = field(default_factory=UniqueNames)
    kinds: dict[str, int] = field(default_factory=dict)
    codes: list[int] = field(default_factory=list)
    tags: list[Tags] = field(default_factory=list)
    parents: dict[int, int] = field(default_factory=dict)
    parts: list[TriangleSoup] = field(default_factory=list)
    points: list[tuple[int, Float64Array]] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)
    n_surfaces: int = 0
    top_m: float = 0.0
    drawn_m: dict[int, tuple[float, str]] = field(default_factory=dict)

    def city(self) -> OsmCity:
        """Make everything; the order of the steps is the order of the rows."""
        found = outlines(self.data, self.xy, self.tally)
        solid = np.array([is_building(tags) or is_part(tags) for tags in found.tags], dtype=bool)
        roofs = self._buildings(found, solid)
        self._areas(found, ~solid)
        self._lines()
        streets = street_network(self.data, self.xy, self.top_m + ROAD_M)
        self._markings()
        signals = self._nodes(roofs)
        places = (*places_of_spots(self.spots), *signals)
        soup = joined(self.parts)
        return OsmCity(
            features=self._features(soup),
            soup=_by_feature(soup),
            n_surfaces=self.n_surfaces,
            streets=streets,
            places=places,
        )

    def _row(self, name: str, kind: str, tags: Tags) -> int:
        row = len(self.names)
        self.names.take(name)
        self.codes.append(self.kinds.setdefault(kind, len(self.kinds)))
        self.tags.append(tags)
        return row

    # -- what stands ------------------------------------------------------------------------

    def _buildings(self, found: Outlines, solid: BoolArray) -> _Roofs:
        rows = {
            owner: self._row(
                found.ids[owner],
                BUILDING if is_building(found.tags[owner]) else PART,
                found.tags[owner],
            )
            for owner in np.flatnonzero(solid).tolist()
            if not is_below_ground(found.tags[owner]) or is_building(found.tags[owner])
        }
        chosen = np.flatnonzero([owner in rows for owner in found.owners.tolist()])
        owners = found.owners[chosen].tolist()
        given = BuildingRows(
            polygons=found.polygons[chosen],
            rows=np.array([rows[owner] for owner in owners], dtype=np.int32),
            is_part=np.array([not is_building(found.tags[owner]) for owner in owners], bool),
            tags=[found.tags[owner] for owner in owners],
        )
        parent, replaced = parents_of_parts(given)
        for part in np.flatnonzero(parent >= 0).tolist():
            self.parents[int(given.rows[part])] = int(given.rows[parent[part]])
        made = measured(given, parent, self.tally)
        for row, top, source in zip(
            given.rows.tolist(), made.bodies.top_m.tolist(), made.sources, strict=True
        ):
            self.drawn_m[row] = (top, source)
        soup, count = solids(made.bodies.take(~replaced))
        self.parts.append(soup)
        self.n_surfaces += count
        roofs = _Roofs(given.polygons, given.rows.astype(np.int64), made.bodies.top_m)
        self._spots_of_areas(rows, found, roofs)
        return roofs

    def _spots_of_areas(
        self, rows: Mapping[int, int], found: Outlines, roofs: _Roofs | None
    ) -> None:
        """Places that are buildings or areas: in their middle, on their roof."""
        import shapely

        wanted = {owner: row for owner, row in rows.items() if place_kind(found.tags[owner])}
        seen: set[int] = set()
        for k in np.flatnonzero(np.isin(found.owners, list(wanted))).tolist():
            owner = int(found.owners[k])
            if owner in seen:
                continue
            seen.add(owner)
            x, y = shapely.get_coordinates(shapely.point_on_surface(found.polygons[k]))[0]
            row = wanted[owner]
            z = self.drawn_m[row][0] if roofs is not None else self.top_m
            self.spots.append(Spot(found.ids[owner], found.tags[owner], (x, y, z), row))

    # -- the flat map -----------------------------------------------------------------------

    def _areas(self, found: Outlines, flat: BoolArray) -> None:
        looks = {k: area_look(found.tags[k]) for k in np.flatnonzero(flat).tolist()}
        rows = {
            owner: self._row(found.ids[owner], look[0], found.tags[owner])
            for owner, look in looks.items()
            if look is not None
        }
        chosen = np.flatnonzero([owner in rows for owner in found.owners.tolist()])
        polygons = found.polygons[chosen]
        owners = found.owners[chosen].tolist()
        features = [rows[owner] for owner in owners]
        surfaces = [look[1] for owner in owners if (look := looks[owner]) is not None]
        sea = self._sea()
        if len(sea):
            features += [self._row("sea", WATER, {"natural": "coastline"})] * len(sea)
            surfaces += [Surface.WATER] * len(sea)
            polygons = np.concatenate([polygons, sea])
        areas = FlatAreas(
            polygons=polygons,
            features=np.array(features, dtype=np.int32),
            surfaces=np.array(surfaces, dtype=np.uint8),
        )
        heights = area_heights_m(areas)
        self.top_m = float(heights.max()) if len(heights) else 0.0
        self.parts.append(flat_soup(areas, heights, self.tally))
        self.n_surfaces += len(polygons)
        woods = [k for k, owner in enumerate(owners) if is_wood(found.tags[owner])]
        self.parts.append(
            trees(self.data, self.xy, polygons[woods], areas.features[woods], self._tree_row)
        )
        self._spots_of_areas(rows, found, None)

    def _sea(self) -> GeometryArray:
        used = self.xy[self.data.way_nodes[self.data.way_nodes >= 0]]
        used = used[np.isfinite(used).all(axis=1)]
        if not len(used):
            return np.empty(0, dtype=object)
        low, high = np.percentile(used, [1.0, 99.0], axis=0)
        radius = 0.5 * float(np.hypot(*(high - low)))
        middle = (low + high) / 2
        return sea_polygons(self.data, self.xy, middle, radius, self.edge, self.tally)

    def _lines(self) -> None:
        lines, looks, tags, rows = [], [], [], []
        missing = 0
        for way, own in enumerate(self.data.way_tags):
            look = line_look(own)
            if look is None:
                continue
            row = self._row(f"way/{self.data.way_ids[way]}", look.kind, own)
            runs = runs_of(self.data, self.xy, way)
            missing += not runs
            for run in runs:
                self.points.append((row, self.xy[run]))
                if not is_hidden(own):
                    lines.append(self.xy[run])
                    looks.append(look)
                    tags.append(own)
                    rows.append(row)
        self.parts.append(lines_soup(lines, looks, tags, rows, self.top_m))
        self.n_surfaces += len(lines)
        self.tally.add("ways-without-nodes", "Ways whose nodes are not in the file", missing)

    def _markings(self) -> None:
        lines, ways = middle_lines(self.data, self.xy)
        rows = [self.names.row_of[f"way/{self.data.way_ids[way]}"] for way in ways]
        decks = [self.data.way_tags[way].get("bridge", "no") != "no" for way in ways]
        self.parts.append(dashes(lines, rows, decks, self.top_m))

    # -- points -----------------------------------------------------------------------------

    def _tree_row(self, name: str, tags: Tags, points: Float64Array) -> int:
        row = self._row(name, TREE, tags)
        self.points.append((row, points))
        return row

    def _nodes(self, roofs: _Roofs) -> list[Place]:
        """Features of points of interest, spots of those that are places; gives the signals."""
        nodes = [
            node
            for node, tags in self.data.node_tags.items()
            if is_point_of_interest(tags) and not is_tree(tags) and np.isfinite(self.xy[node, 0])
        ]
        under, tops = roofs.under(self.xy[nodes])
        signals: list[tuple[int, int]] = []
        for node, feature, top in zip(nodes, under.tolist(), tops.tolist(), strict=True):
            tags = self.data.node_tags[node]
            name = f"node/{self.data.node_ids[node]}"
            row = self._row(name, POINT, tags)
            self.points.append((row, self.xy[[node]]))
            if tags.get("highway") == "traffic_signals":
                signals.append((node, row))
            else:
                x, y = self.xy[node].tolist()
                spot = Spot(name, tags, (x, y, max(top, 0.0)), feature if feature >= 0 else row)
                self.spots.append(spot)
        return self._signals(signals)

    def _signals(self, signals: list[tuple[int, int]]) -> list[Place]:
        nodes = np.array([node for node, _ in signals], dtype=np.int64)
        names: dict[int, list[str]] = {node: [] for node in nodes.tolist()}
        owner = np.repeat(np.arange(len(self.data.way_ids)), np.diff(self.data.way_starts))
        for k in np.flatnonzero(np.isin(self.data.way_nodes, nodes)).tolist():
            tags = self.data.way_tags[int(owner[k])]
            if line_look(tags) is not None and "highway" in tags:
                name = street_name(tags)
                names[int(self.data.way_nodes[k])] += [name] if name else []
        return signal_places(
            [f"node/{self.data.node_ids[node]}" for node in nodes.tolist()],
            [row for _, row in signals],
            self.xy[nodes],
            [names[node] for node in nodes.tolist()],
            self.top_m,
        )

    # -- the table --------------------------------------------------------------------------

    def _features(self, soup: TriangleSoup) -> FeatureTable:
        n = len(self.names)
        bounds = self._bounds(soup, n)
        columns: dict[str, Column] = tag_columns(self.tags)
        if self.drawn_m:
            height = np.full(n, np.nan)
            source = np.full(n, None, dtype=object)
            rows = list(self.drawn_m)
            height[rows] = [top for top, _ in self.drawn_m.values()]
            source[rows] = [where for _, where in self.drawn_m.values()]
            columns["height drawn"], columns["height from"] = height, source
        parents = np.full(n, -1, dtype=np.int32)
        parents[list(self.parents)] = list(self.parents.values())
        return FeatureTable(
            ids=tuple(self.names.row_of),
            kind_names=tuple(self.kinds),
            kind_codes=np.array(self.codes, dtype=np.uint16),
            parents=parents,
            bounds_min_max_local_m=bounds,
            attributes=columns,
        )

    def _bounds(self, soup: TriangleSoup, n: int) -> Float32Array:
        """Of triangles, and of lines and points that are not drawn; without buried feet."""
        corners = soup.corners_local_m.reshape(-1, 3)
        corners = np.where(corners == np.float32(-FOOT_M), np.float32(0.0), corners)
        sizes = [len(xy) for _, xy in self.points]
        xy = np.concatenate([np.zeros((0, 2)), *(xy for _, xy in self.points)])
        loose = np.column_stack([xy, np.full(len(xy), self.top_m)]).astype(np.float32)
        rows = np.repeat(np.array([row for row, _ in self.points], dtype=np.int32), sizes)
        return feature_bounds(
            np.concatenate([corners, loose]),
            np.concatenate([np.repeat(soup.features, 3), rows]),
            n,
        )


@dataclass(frozen=True, slots=True)
class _Roofs:
    """Outlines, their rows and roofs."""

    polygons: GeometryArray
    rows: Int64Array
    top_m: Float64Array

    def under(self, xy: Float64Array) -> tuple[Int64Array, Float64Array]:
        """The building (K,) over each point, -1 for none, and its roof's height (NaN)."""
        import shapely

        rows = np.full(len(xy), -1, dtype=np.int64)
        tops = np.full(len(xy), np.nan)
        if len(self.polygons) and len(xy):
            tree = shapely.STRtree(self.polygons)
            point, polygon = tree.query(shapely.points(xy), predicate="within")
            order = np.argsort(self.top_m[polygon], kind="stable")
            point, polygon = point[order], polygon[order]
            rows[point], tops[point] = self.rows[polygon], self.top_m[polygon]
        return rows, tops


def _by_feature(soup: TriangleSoup) -> TriangleSoup:
    """Triangles in the order of their features."""
    order = np.argsort(soup.features, kind="stable")
    return TriangleSoup(
        corners_local_m=soup.corners_local_m[order],
        features=soup.features[order],
        surfaces=soup.surfaces[order],
    )
