"""A whole invented city from one seed: plan, solids, streets, names, places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.city.asset import CityAsset, StreetNetwork, TriangleSoup
from twin.city.frames import Origin
from twin.errors import TwinError
from twin.generate import landmarks, trees
from twin.generate.addresses import Addresses, columns_of
from twin.generate.assemble import Series, table_of
from twin.generate.bridges import bridges_soup, deck_z_m
from twin.generate.buildings import Buildings, buildings_of, buildings_soup
from twin.generate.countryside import countryside_soup, green_fields, wood_trees
from twin.generate.ground import markings, plain_and_river, streets_and_yards
from twin.generate.layout import STADIUM_LEAST_M, Layout, layout_of
from twin.generate.macro import AVENUE_KEYS
from twin.generate.names import city_name, district_names, street_names
from twin.generate.network import SPEEDS_MPS, Pieces, pieces_of
from twin.generate.parks import parks_soup
from twin.generate.places import PlaceMaker
from twin.generate.river import BANK_Z_M
from twin.generate.solids import joined_soup
from twin.generate.zoning import RULES, Use
from twin.readers.base import Progress, no_progress

LEAST_BUILDINGS, MOST_BUILDINGS = 500, 1_000_000
#: The invented city lies in the open North Sea, in UTM zone 31, where no real one is.
ORIGIN = Origin(crs="EPSG:32631", east_m=490_000.0, north_m=6_195_000.0, height_m=0.0)
_MOST_TREES = 25_000
_LEAST_TREES, _TREES_EACH = 3500, 0.08


def generate_city(
    n_buildings: int = 5000, seed: int = 1, progress: Progress = no_progress
) -> CityAsset:
    """Make up a city. The same numbers give the same city, bit for bit.

    Its georeference is plausible but invented: `ORIGIN` lies in the open North Sea.

    Parameters
    ----------
    n_buildings : 500 to 1,000,000; met exactly
    seed : 1 or more
    progress : called with the fraction done; raising from it cancels

    Raises
    ------
    TwinError
        There cannot be a city of so many buildings.
    """
    if not LEAST_BUILDINGS <= n_buildings <= MOST_BUILDINGS:
        raise TwinError(
            f"A demo city has {LEAST_BUILDINGS} to {MOST_BUILDINGS} buildings, not {n_buildings}; "
            "choose a number in that range"
        )
    if seed < 0:
        raise TwinError(f"The seed of a demo city is 0 or more, not {seed}; choose another")
    progress(0.0)
    layout = layout_of(n_buildings, seed)
    progress(0.2)
    city = _Parts.of(layout, seed)
    progress(0.3)
    soup = city.soup(seed)
    progress(0.8)
    columns = columns_of(city.addresses, city.buildings, city.series.length)
    features = table_of(city.series, soup, columns)
    progress(0.9)
    places = PlaceMaker(
        layout=layout,
        pieces=city.pieces,
        addresses=city.addresses,
        buildings=city.buildings,
        bridge_rows=city.bridge_rows,
        park_rows=city.block_rows,
        seed=seed,
    ).places()
    asset = CityAsset(
        title=city_name(seed),
        format="Demo city",
        version="1",
        origin=ORIGIN,
        features=features,
        soup=soup,
        n_surfaces=soup.n_triangles,
        lods=("2",),
        lod_drawn="2",
        streets=city.network(),
        places=places,
    )
    progress(1.0)
    return asset


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is known of a city once its layout stands."""

    layout: Layout
    pieces: Pieces
    buildings: Buildings
    series: Series
    addresses: Addresses
    line_rows: Int64Array
    block_rows: Int64Array
    bridge_rows: Int64Array
    tree_xy: Float64Array
    tree_rows: Int64Array
    nature_rows: Int64Array
    fields: BoolArray
    field_rows: Int64Array

    @classmethod
    def of(cls, layout: Layout, seed: int) -> _Parts:
        """Reserve feature rows and give names."""
        blocks = layout.blocks
        pieces = pieces_of(blocks, layout.river)
        buildings = buildings_of(layout.lots, layout.uses, layout.reach, layout.office_xy, seed)
        tree_xy = _tree_points(layout, pieces, seed)
        series = Series()
        series.add("building", "Building", len(buildings.use) + int(layout.stadium >= 0))
        used = np.unique(blocks.cells.labels[blocks.cells.real()])
        line_rows = np.full(len(blocks.lines), -1, dtype=np.int64)
        line_rows[used] = series.add("road", "Road", len(used))
        bridge_rows = series.add("bridge", "Bridge", int(pieces.bridge.sum()))
        park = layout.uses == Use.PARK
        block_rows = np.zeros(len(park), dtype=np.int64)
        block_rows[~park] = series.add("land", "LandUse", int((~park).sum()))
        block_rows[park] = series.add("park", "PlantCover", int(park.sum()))
        nature = [
            series.add("plain", "TINRelief", 1),
            series.add("river", "WaterBody", 1),
            series.add("shore", "PlantCover", 1),
        ]
        fields = green_fields(layout.outside, seed)
        field_rows = series.add("field", "LandUse", int(fields.sum()))
        tree_rows = series.add("tree", "SolitaryVegetationObject", len(tree_xy))
        ranks = np.full(len(blocks.lines), 9, dtype=np.int64)
        ranks[used] = blocks.lines.ranks[used]
        keys, street = np.unique(blocks.lines.keys, return_inverse=True)
        lowest = np.full(len(keys), 9, dtype=np.int64)
        np.minimum.at(lowest, street.reshape(-1), ranks)
        addresses = Addresses(
            layout=layout,
            street_of_line=street.reshape(-1),
            street_names=street_names(lowest, seed),
            district_names=district_names(int(layout.districts.max()) + 1, seed),
            line_rows=line_rows,
            bridge_rows=bridge_rows,
            bridge_lines=pieces.labels[pieces.bridge],
            block_rows=block_rows,
            nature_rows=np.concatenate(nature),
        )
        return cls(
            layout,
            pieces,
            buildings,
            series,
            addresses,
            line_rows,
            block_rows,
            bridge_rows,
            tree_xy,
            tree_rows,
            np.concatenate(nature),
            fields,
            field_rows,
        )

    def soup(self, seed: int) -> TriangleSoup:
        """All triangles."""
        layout, blocks = self.layout, self.layout.blocks
        green = _green(layout)
        park = layout.uses == Use.PARK
        good_park = park & layout.plots.has_yard
        start, end = self.pieces.ends()
        bridge = self.pieces.bridge
        plain, water, shore = (int(row) for row in self.nature_rows)
        shore_z = np.where(
            np.abs(layout.river.side_m(self.tree_xy)) < layout.river.half_width_m + 14,
            BANK_Z_M,
            0.0,
        )
        return joined_soup(
            [
                buildings_soup(layout.lots, self.buildings),
                *self._landmarks(),
                streets_and_yards(
                    blocks.cells, layout.plots, layout.uses, green, self.block_rows, self.line_rows
                ),
                parks_soup(layout.plots.yard[good_park], self.block_rows[good_park], seed),
                markings(self.pieces, blocks.lines, self.line_rows),
                bridges_soup(
                    start[bridge],
                    end[bridge],
                    blocks.lines.widths_m[self.pieces.labels[bridge]],
                    self.bridge_rows,
                    layout.river,
                ),
                plain_and_river(layout.river, 1.3 * layout.radius_m, plain, water, shore),
                countryside_soup(layout.outside, self.fields, self.field_rows, AVENUE_KEYS, plain),
                trees.trees_soup(self.tree_xy, shore_z, self.tree_rows, seed),
            ]
        )

    def _landmarks(self) -> list[TriangleSoup]:
        layout, parts = self.layout, []
        centres = layout.blocks.cells.centres()
        hall = np.flatnonzero(self.buildings.block == layout.town_hall)
        if len(hall):
            row = int(hall[0])
            eaves = float(self.buildings.eaves_m[row])
            parts.append(landmarks.clock_tower(self.buildings.centres[row], row, eaves))
        if layout.stadium >= 0:
            centre = centres[layout.stadium]
            parts.append(landmarks.stadium(centre, STADIUM_LEAST_M, len(self.buildings.use)))
        return parts

    def network(self) -> StreetNetwork:
        """The street graph, with decks of bridges cut where they are highest."""
        pieces, lines = self.pieces, self.layout.blocks.lines
        labels = pieces.labels
        streets = self.addresses.street_of_line[labels]
        names = self.addresses.street_names
        nodes = np.column_stack([pieces.nodes, np.zeros(len(pieces.nodes))])
        edges, bridge = pieces.edges, np.flatnonzero(pieces.bridge)
        crown = nodes[edges[bridge]].mean(axis=1)
        crown[:, 2] = deck_z_m(np.array([0.5]))[0]
        tops = len(nodes) + np.arange(len(bridge))
        halves = np.concatenate(
            [np.stack([edges[bridge, 0], tops], 1), np.stack([tops, edges[bridge, 1]], 1)]
        )
        kept = np.flatnonzero(~pieces.bridge)
        order = np.concatenate([kept, bridge, bridge])
        return StreetNetwork(
            nodes_local_m=np.concatenate([nodes, crown]).astype(np.float32),
            edges=np.concatenate([edges[kept], halves]).astype(np.int32),
            names=[names[k] for k in streets[order].tolist()],
            widths_m=lines.widths_m[labels[order]].astype(np.float32),
            speeds_mps=SPEEDS_MPS[lines.ranks[labels[order]]].astype(np.float32),
        )


def _green(layout: Layout) -> BoolArray:
    """(B,) whether the yard is a lawn."""
    table = np.array([rule.green for rule in RULES] + [True] * (len(Use) - len(RULES)))
    table[Use.SQUARE] = False
    table[Use.STADIUM] = False
    return table[layout.uses]


def _tree_points(layout: Layout, pieces: Pieces, seed: int) -> Float64Array:
    """(N, 2) trees along avenues, in parks, gardens and on the shores."""
    parks = (layout.uses == Use.PARK) & layout.plots.has_yard
    bare = np.ones(len(layout.uses), dtype=bool)
    bare[layout.lots.block] = False
    bare &= (layout.uses < Use.PARK) & layout.plots.has_yard
    reach = 0.98 * layout.radius_m
    step = max(18.0, reach / 400)
    points = np.concatenate(
        [
            trees.avenue_trees(pieces, layout.blocks.lines),
            trees.scattered_trees(layout.plots.yard[parks], 190.0, seed),
            trees.scattered_trees(layout.plots.yard[bare], 150.0, seed + 1),
            trees.garden_trees(layout.lots, _green(layout), seed),
            _clear_of_bridges(
                trees.shore_trees(layout.river, np.arange(-reach, reach, step), seed), pieces
            ),
            wood_trees(layout.outside, seed),
        ]
    )
    most = min(_MOST_TREES, _LEAST_TREES + int(_TREES_EACH * len(layout.lots.block)))
    return points[:: max(1, -(-len(points) // most))]


def _clear_of_bridges(points: Float64Array, pieces: Pieces) -> Float64Array:
    """The points that do not stand on a bridge."""
    start, end = pieces.ends()
    for a, b in zip(start[pieces.bridge], end[pieces.bridge], strict=True):
        along = (b - a) / np.hypot(*(b - a))
        to = points - a
        points = points[np.abs(to[:, 0] * along[1] - to[:, 1] * along[0]) > 18.0]
    return points
