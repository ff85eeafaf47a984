"""Heights, roofs and facts of the buildings, and their triangles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.city.asset import TriangleSoup
from twin.generate.chance import fractions
from twin.generate.lots import Lots
from twin.generate.solids import Roof, Solids, joined_soup, soup_of_solids
from twin.generate.zoning import RULES, Use, rule_column

STOREY_M = 3.1
_TOWER_SHRINK = 0.80


@dataclass(frozen=True, slots=True)
class Buildings:
    """Facts of N buildings.

    Attributes
    ----------
    use, storeys, year, block, slot : (N,) int64; block and slot of the front door
    eaves_m, height_m : (N,) float64
    centres : (N, 2)
    roofs : (N,) `Roof`
    tower_storeys : (N,) storeys of the tower on top, 0 for none
    """

    use: Int64Array
    storeys: Int64Array
    year: Int64Array
    block: Int64Array
    slot: Int64Array
    eaves_m: Float64Array
    height_m: Float64Array
    centres: Float64Array
    roofs: Int64Array
    tower_storeys: Int64Array


def buildings_of(
    lots: Lots, uses: Int64Array, reach: Float64Array, office_xy: Float64Array, seed: int
) -> Buildings:
    """Choose heights and roofs.

    Parameters
    ----------
    uses, reach : (B,) of the blocks; reach is 0 in the centre and 1 at the city's edge
    office_xy : (2,) middle of the towers
    """
    _, first = np.unique(lots.building, return_index=True)
    block = lots.block[first]
    use = uses[block]
    number = np.arange(len(first))
    chance, taste = fractions(seed, 51, number), fractions(seed, 52, block)
    fewest = np.array([rule.storeys[0] for rule in RULES])[use]
    most = np.array([rule.storeys[1] for rule in RULES])[use]
    chance = np.where(use == Use.ROWS, 0.5, chance)  # a terrace has one height
    mixed = np.clip(0.55 * chance + 0.55 * taste - 0.3 * reach[block] + 0.1, 0, 0.999)
    storeys = (fewest + np.floor(mixed * (most - fewest + 1))).astype(np.int64)
    centres = lots.quads[first].mean(axis=1)
    tower = _tower_storeys(use, centres, office_xy, chance, fractions(seed, 53, number))
    storeys = np.where(tower > 0, 3 + (taste * 3).astype(np.int64), storeys)
    roof_pick = np.where(rule_column("closed", use) > 0, fractions(seed, 54, number), taste)
    flat, hip = rule_column("flat", use), rule_column("hip", use)
    roofs = np.select([roof_pick < flat, roof_pick < flat + hip], [Roof.FLAT, Roof.HIP], Roof.GABLE)
    hall = np.where(use == Use.INDUSTRY, 1.25, 1.0)
    eaves = storeys * STOREY_M * hall + np.where(use == Use.VILLAS, 0.2, 0.9)
    eaves = eaves + (chance - 0.5) * 0.7
    year = 2021 - (95 * np.sqrt(1.02 - np.minimum(reach[block], 1)) * (0.4 + chance)).astype(
        np.int64
    )
    year = np.where(use == Use.OLD, 1640 + (chance * 270).astype(np.int64), year)
    rise = _rise(lots.quads[first], roofs, use)
    return Buildings(
        use=use,
        storeys=np.where(tower > 0, tower, storeys),
        year=year,
        block=block,
        slot=lots.slot[first],
        eaves_m=eaves,
        height_m=np.where(tower > 0, eaves + _above(tower, storeys), eaves + rise),
        centres=centres,
        roofs=roofs.astype(np.int64),
        tower_storeys=tower,
    )


def _above(tower: Int64Array, podium: Int64Array) -> Float64Array:
    height: Float64Array = np.maximum(tower - podium, 2) * (STOREY_M + 0.4)
    return height


def _tower_storeys(
    use: Int64Array,
    centres: Float64Array,
    office_xy: Float64Array,
    chance: Float64Array,
    other: Float64Array,
) -> Int64Array:
    away = np.hypot(*(centres - office_xy).T)
    spread = max(float(np.median(away[use == Use.TOWERS])) if (use == Use.TOWERS).any() else 1, 90)
    tall = 9 + 34 * np.exp(-((away / (1.15 * spread)) ** 2)) * (0.35 + 0.65 * other)
    return np.where((use == Use.TOWERS) & (chance < 0.42), tall, 0).astype(np.int64)


def _rise(quads: Float64Array, roofs: Int64Array, use: Int64Array) -> Float64Array:
    depth = np.hypot(*((quads[:, 2] + quads[:, 3] - quads[:, 0] - quads[:, 1]) / 2).T)
    pitch = np.where(use == Use.INDUSTRY, 0.06, np.where(use == Use.OLD, 0.46, 0.36))
    return np.where(roofs == Roof.FLAT, 0.0, pitch * depth)


def buildings_soup(lots: Lots, buildings: Buildings) -> TriangleSoup:
    """Triangles of all buildings; the feature row is the building's number."""
    row = lots.building
    use, roofs = buildings.use[row], buildings.roofs[row].copy()
    shared: BoolArray = lots.shared_start | lots.shared_end
    roofs[shared & (roofs == Roof.HIP)] = Roof.GABLE
    quads = lots.quads
    hidden_start, hidden_end = _hidden(lots, buildings, roofs)
    body = Solids(
        quads=quads,
        base_m=np.zeros(len(row)),
        eaves_m=buildings.eaves_m[row],
        rise_m=_rise(quads, roofs, use),
        roofs=roofs,
        features=row,
        open_start=lots.shared_start | hidden_start,
        open_end=lots.shared_end | hidden_end,
    )
    return joined_soup([soup_of_solids(body), soup_of_solids(_towers(lots, buildings))])


def _hidden(lots: Lots, buildings: Buildings, roofs: Int64Array) -> tuple[BoolArray, BoolArray]:
    """(Q,) and (Q,) whether the wall at the start or end stands against a taller neighbour."""
    eaves = buildings.eaves_m[lots.building]
    gable = roofs == Roof.GABLE
    ridge = eaves + _rise(lots.quads, roofs, buildings.use[lots.building])
    gap = np.abs(lots.quads[:-1, [1, 2]] - lots.quads[1:, [0, 3]]).max(axis=(1, 2))
    touching = (gap < 1e-3) & (lots.block[1:] == lots.block[:-1])

    def covers(tall: slice, low: slice) -> BoolArray:
        crest = np.where(gable[low], ridge[low], eaves[low])
        top = np.where(gable[tall], ridge[tall], eaves[tall])
        covered: BoolArray = touching & (eaves[low] <= eaves[tall]) & (crest <= top)
        return covered

    first, second = slice(None, -1), slice(1, None)
    start, end = np.zeros(len(eaves), dtype=bool), np.zeros(len(eaves), dtype=bool)
    end[:-1] = covers(second, first)
    start[1:] = covers(first, second)
    return start, end


def _towers(lots: Lots, buildings: Buildings) -> Solids:
    """Towers stand back from the edges of their podium."""
    rows = np.flatnonzero((buildings.tower_storeys[lots.building] > 0) & ~lots.shared_end)
    _, first = np.unique(lots.building[rows], return_index=True)
    rows = rows[first]
    quads = lots.quads[rows]
    middle = quads.mean(axis=1, keepdims=True)
    owner = lots.building[rows]
    none = np.zeros(len(rows), dtype=bool)
    return Solids(
        quads=middle + _TOWER_SHRINK * (quads - middle),
        base_m=buildings.eaves_m[owner],
        eaves_m=buildings.height_m[owner],
        rise_m=np.zeros(len(rows)),
        roofs=np.zeros(len(rows), dtype=np.int64),
        features=owner,
        open_start=none,
        open_end=none,
    )
