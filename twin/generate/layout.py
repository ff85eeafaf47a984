"""The whole plan of a city before anything has a height: blocks, their uses, and footprints."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.generate.blocks import Blocks, cut_by_river, split_into_blocks
from twin.generate.chance import fractions
from twin.generate.ground import Plots, plots_of
from twin.generate.lots import Lots, lots_of
from twin.generate.macro import Macro, macro_of
from twin.generate.river import River, river_of
from twin.generate.zoning import Use, block_uses, district_plan, district_uses

#: Ground a building takes on average with its share of streets, water and parks (first guess).
GROUND_EACH_M2 = 640.0
STADIUM_LEAST_M = 52.0
#: How far fields are laid out, in city radii.
COUNTRY_REACH = 2.1


@dataclass(frozen=True, slots=True)
class Layout:
    """Blocks sorted from the centre outwards, and the buildings' footprints on them.

    Attributes
    ----------
    outside : Blocks, around the city, not built
    uses, reach, districts : (B,) of each block; reach is 0 at the centre, 1 at the edge
    office_xy : (2,) middle of the towers
    town_hall, stadium : block, -1 for none
    hospitals : blocks
    """

    river: River
    radius_m: float
    old_radius_m: float
    blocks: Blocks
    outside: Blocks
    plots: Plots
    uses: Int64Array
    reach: Float64Array
    districts: Int64Array
    lots: Lots
    office_xy: Float64Array
    town_hall: int
    stadium: int
    hospitals: Int64Array


def layout_of(n_buildings: int, seed: int) -> Layout:
    """Plan a city with exactly `n_buildings` footprints (a stadium counts as one)."""
    radius = math.sqrt(n_buildings * GROUND_EACH_M2 / math.pi)
    while True:
        layout = _planned(n_buildings, radius, seed)
        if layout is not None:
            return layout
        radius *= 1.12


def _planned(n_buildings: int, radius_m: float, seed: int) -> Layout | None:
    """A plan, or None where the radius is too small for so many buildings."""
    rng = np.random.default_rng(seed)
    old_radius = min(float(np.clip(300 * (n_buildings / 5000) ** 0.22, 190, 640)), 0.42 * radius_m)
    macro = _stretched(
        macro_of(old_radius, COUNTRY_REACH * radius_m, rng), float(rng.uniform(0, 6.28))
    )
    river = river_of(radius_m, old_radius, rng)
    by_district = district_uses(macro, radius_m, river, seed)
    blocks = split_into_blocks(macro, district_plan(macro, by_district, radius_m, seed), seed)
    blocks = cut_by_river(blocks, river)
    field = by_district[blocks.macro] == Use.FIELD
    order, reach = _outwards(blocks, macro, field, radius_m, seed)
    blocks = blocks.take(order)
    uses = block_uses(blocks, by_district, seed)
    uses[macro.rings[blocks.macro] == 0] = Use.SQUARE
    town_hall, hospitals, stadium = _landmarks(blocks, uses, reach[order], n_buildings)
    plots = plots_of(blocks.cells, blocks.lines, uses)
    lots = lots_of(plots.kerb, plots.has_kerb, uses, seed)
    wanted = n_buildings - int(stadium >= 0)
    if lots.building.max(initial=-1) + 1 < wanted:
        return None
    lots = lots.take(lots.building < wanted)
    n_blocks = int(lots.block.max()) + 1
    keep = np.arange(len(uses)) < n_blocks
    centres = blocks.cells.centres()
    office = by_district[blocks.macro] == Use.TOWERS
    office_xy = centres[office & keep].mean(axis=0) if (office & keep).any() else np.zeros(2)
    return Layout(
        river=river,
        radius_m=radius_m,
        old_radius_m=old_radius,
        blocks=blocks.take(keep),
        outside=blocks.take(~keep),
        plots=Plots(plots.kerb[keep], plots.yard[keep], plots.has_kerb[keep], plots.has_yard[keep]),
        uses=uses[keep],
        reach=reach[order][keep],
        districts=_districts(macro)[blocks.macro[keep]],
        lots=lots,
        office_xy=office_xy,
        town_hall=town_hall,
        stadium=stadium,
        hospitals=hospitals[hospitals < n_blocks],
    )


def _stretched(macro: Macro, turn_rad: float) -> Macro:
    """Turn the layout and draw it out from east to west; straight lines stay straight."""
    c, s = math.cos(turn_rad), math.sin(turn_rad)
    matrix = np.array([[c, s], [-s, c]]) @ np.diag([1.14, 0.90])
    lines = macro.lines
    direction = lines.directions @ matrix
    direction /= np.hypot(direction[:, 0], direction[:, 1])[:, None]
    cells = type(macro.cells)(macro.cells.xy @ matrix, macro.cells.counts, macro.cells.labels)
    moved = type(lines)(lines.starts @ matrix, direction, lines.widths_m, lines.ranks, lines.keys)
    return Macro(cells, moved, macro.rings, macro.spokes, macro.n_spokes, macro.reach, macro.old)


def _outwards(
    blocks: Blocks, macro: Macro, field: BoolArray, radius_m: float, seed: int
) -> tuple[Int64Array, Float64Array]:
    """Order of building, and reach of each block; some districts run further out than others."""
    centres = blocks.cells.centres()
    reach = np.hypot(centres[:, 0] / 1.14, centres[:, 1] / 0.90) / radius_m
    sector = macro.spokes * 16 // macro.n_spokes
    lobe = fractions(seed, 71, sector)[blocks.macro]
    key = reach * (0.93 + 0.16 * lobe) + 100.0 * field
    return np.argsort(key, kind="stable"), np.clip(reach, 0, 1.2)


def _landmarks(
    blocks: Blocks, uses: Int64Array, reach: Float64Array, n_buildings: int
) -> tuple[int, Int64Array, int]:
    """Choose blocks for the town hall, hospitals and a stadium; changes `uses` there."""
    areas, centres = blocks.cells.areas(), blocks.cells.centres()
    free = ~blocks.riverside & (blocks.cells.counts == 4)
    old = np.flatnonzero(free & (uses == Use.OLD) & (areas > 2000))[:14]
    town_hall = int(old[_inner_radius(blocks, old).argmax()]) if len(old) else -1
    if town_hall >= 0:
        uses[town_hall] = Use.CIVIC
    plain = free & np.isin(uses, [Use.PERIMETER, Use.ROWS, Use.SLABS, Use.VILLAS])
    n_hospitals = int(np.clip(round(n_buildings / 6000), 1, 24)) + int(n_buildings > 2500)
    hospitals = _spread_blocks(np.flatnonzero(plain & (areas > 6000)), centres, reach, n_hospitals)
    uses[hospitals] = Use.CIVIC
    if not ((uses == Use.PARK) & (reach < 0.7)).any():
        rows = np.flatnonzero(free & np.isin(uses, [Use.PERIMETER, Use.ROWS]) & (reach < 0.7))
        uses[rows[areas[rows].argmax()] if len(rows) else -1] = Use.PARK
    stadium = -1
    if n_buildings >= 2000:
        room = (
            free
            & (areas > 15000)
            & (reach < 0.86)
            & np.isin(uses, [Use.INDUSTRY, Use.SLABS, Use.ROWS])
        )
        radius = _inner_radius(blocks, room)
        rows = np.flatnonzero(room)[radius > STADIUM_LEAST_M + 12]
        if len(rows):
            stadium = int(rows[np.abs(reach[rows] - 0.62).argmin()])
            uses[stadium] = Use.STADIUM
    return town_hall, hospitals, stadium


def _inner_radius(blocks: Blocks, rows: Int64Array | BoolArray) -> Float64Array:
    """(R,) distance from each block's centre to its nearest edge."""
    cells = blocks.cells.take(rows)
    step = cells.ends() - cells.xy
    length = np.hypot(step[..., 0], step[..., 1])
    to = cells.centres()[:, None] - cells.xy
    away = step[..., 0] * to[..., 1] - step[..., 1] * to[..., 0]
    away = np.where(length > 0.01, away / np.maximum(length, 0.01), np.inf)
    nearest: Float64Array = away.min(axis=1)
    return nearest


def _spread_blocks(
    rows: Int64Array, centres: Float64Array, reach: Float64Array, n: int
) -> Int64Array:
    """`n` blocks far from each other, the first one a third of the way out."""
    rows = rows[reach[rows] < 0.85]
    if not len(rows):
        return rows
    chosen = [int(rows[np.abs(reach[rows] - 0.34).argmin()])]
    away = np.hypot(*(centres[rows] - centres[chosen[0]]).T)
    while len(chosen) < min(n, len(rows)):
        chosen.append(int(rows[away.argmax()]))
        away = np.minimum(away, np.hypot(*(centres[rows] - centres[chosen[-1]]).T))
    return np.array(chosen)


def _districts(macro: Macro) -> Int64Array:
    """(C,) number of each macro cell's district, 0 the old town, rising outwards."""
    first = int(macro.rings[macro.old.astype(bool)].max()) + 1
    group = (macro.rings - first) // 2
    sectors = np.maximum(macro.n_spokes // 2, 5)
    sector = macro.spokes * sectors // macro.n_spokes
    key = np.where(macro.old > 0, -1, group * 100_000 + sector)
    return np.unique(key, return_inverse=True)[1].reshape(-1).astype(np.int64)
