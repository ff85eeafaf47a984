"""What stands where: the character of each district and the building rules that go with it."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.generate.blocks import Blocks, DistrictPlan
from twin.generate.chance import fractions
from twin.generate.macro import Macro
from twin.generate.river import River


class Use(enum.IntEnum):
    """How a block is built up. The value is the row in the tables of `RULES`."""

    OLD = 0
    TOWERS = 1
    PERIMETER = 2
    ROWS = 3
    SLABS = 4
    VILLAS = 5
    INDUSTRY = 6
    CIVIC = 7
    PARK = 8
    SQUARE = 9
    STADIUM = 10
    FIELD = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Building rules of one `Use`.

    Attributes
    ----------
    block_m : length and depth of its blocks
    pavement_m, setback_m : from the kerb to the plot, and on to the front wall
    depth_m, width_m, gap_m : of one building; gap 0 = party walls
    closed : the row runs round the corners
    shortest_m : shorter street fronts stay empty
    storeys : fewest and most
    flat, hip : share of flat and hipped roofs; the rest are gables
    green : the ground behind the pavement is green
    """

    block_m: tuple[float, float]
    pavement_m: float
    setback_m: float
    depth_m: float
    width_m: float
    gap_m: float
    closed: bool
    shortest_m: float
    storeys: tuple[int, int]
    flat: float
    hip: float
    green: bool


def _rule(
    block: tuple[float, float],
    edge: tuple[float, float],
    size: tuple[float, float, float],
    closed: bool,
    storeys: tuple[int, int],
    roofs: tuple[float, float],
    green: bool,
) -> Rule:
    return Rule(
        block_m=block,
        pavement_m=edge[0],
        setback_m=edge[1],
        depth_m=size[0],
        width_m=size[1],
        gap_m=size[2],
        closed=closed,
        shortest_m=6.0 if closed else 18.0,
        storeys=storeys,
        flat=roofs[0],
        hip=roofs[1],
        green=green,
    )


#: By `Use`; parks, squares and stadiums have no rows of buildings.
RULES: tuple[Rule, ...] = (
    _rule((68, 60), (1.8, 0.0), (9.5, 9.5, 0), True, (3, 4), (0.06, 0.06), False),
    _rule((92, 84), (4.5, 0.5), (27, 31, 0), True, (7, 14), (1.0, 0.0), False),
    _rule((108, 78), (3.2, 0.0), (13, 16.5, 0), True, (4, 6), (0.38, 0.12), True),
    _rule((128, 62), (2.4, 3.5), (9.5, 6.9, 0), False, (2, 3), (0.05, 0.0), True),
    _rule((132, 92), (3.0, 7.0), (12.5, 50, 15), False, (5, 11), (1.0, 0.0), True),
    _rule((124, 74), (2.0, 5.0), (10.5, 11.5, 6.5), False, (1, 2), (0.06, 0.5), True),
    _rule((180, 128), (2.4, 8.0), (38, 58, 13), False, (2, 3), (0.6, 0.0), False),
    _rule((108, 78), (3.5, 2.5), (15, 40, 0), True, (4, 5), (0.75, 0.25), True),
)
N_BUILT = len(RULES)


def rule_column(name: str, uses: Int64Array) -> Float64Array:
    """One number of the rules, by block; 0 where nothing is built."""
    values = [float(getattr(rule, name)) for rule in RULES]
    table = np.array([*values, *([0.0] * (len(Use) - N_BUILT))])
    return table[uses]


def district_uses(macro: Macro, city_radius_m: float, river: River, seed: int) -> Int64Array:
    """(C,) `Use` that dominates each macro cell."""
    centres = macro.cells.centres()
    reach = np.hypot(centres[:, 0], centres[:, 1]) / city_radius_m
    chance = fractions(seed, 11, np.arange(len(centres)))
    old = macro.old.astype(bool)
    old_reach = reach[old].max()
    uses = np.select(
        [
            reach > 1.2,
            reach < 0.50,
            (reach < 0.76) & (chance < 0.26),
            (reach < 0.76) & (chance < 0.50),
            reach < 0.76,
            chance < 0.10,
            chance < 0.34,
        ],
        [
            Use.FIELD,
            Use.PERIMETER,
            Use.PERIMETER,
            Use.SLABS,
            Use.ROWS,
            Use.SLABS,
            Use.ROWS,
        ],
        default=Use.VILLAS,
    )
    angle = np.arctan2(centres[:, 1], centres[:, 0]) - river.angle_rad
    angle = (angle + math.pi) % (2 * math.pi) - math.pi
    office = (np.abs(angle - 0.75) < 0.62) & (reach < max(old_reach + 0.20, 0.36))
    uses = np.where(office, Use.TOWERS, uses)
    works = (reach > 0.55) & (uses != Use.FIELD) & (np.abs(angle + 0.15) < 0.42) & (chance < 0.85)
    uses = np.where(works, Use.INDUSTRY, uses)
    return np.where(old, Use.OLD, uses).astype(np.int64)


def district_plan(macro: Macro, uses: Int64Array, city_radius_m: float, seed: int) -> DistrictPlan:
    """Grid direction and block size of each macro cell."""
    xy = macro.cells.xy
    rows = np.arange(len(xy))
    pick = fractions(seed, 21, rows)
    outer, side_a, side_b = xy[:, 2] - xy[:, 1], xy[:, 1] - xy[:, 0], xy[:, 2] - xy[:, 3]
    axis = np.where((pick < 0.5)[:, None], outer, np.where((pick < 0.75)[:, None], side_a, side_b))
    axis = axis / np.hypot(axis[:, 0], axis[:, 1])[:, None]
    field = np.array([max(300.0, city_radius_m / 6), max(200.0, city_radius_m / 9)])
    sizes = np.tile(field, (len(Use), 1))
    sizes[:N_BUILT] = [rule.block_m for rule in RULES]
    size = sizes[uses]
    size = size * (0.88 + 0.24 * fractions(seed, 22, rows))[:, None]
    swapped = fractions(seed, 23, rows) < 0.4
    size = np.where(swapped[:, None], size[:, ::-1], size)
    square = macro.rings == 0
    size[square] = 1e6
    return DistrictPlan(
        axes=axis,
        origins=xy[:, 1],
        spacings_m=size,
        wild=uses == Use.OLD,
        park_share=np.select(
            [uses == Use.FIELD, np.isin(uses, [Use.OLD, Use.TOWERS])], [0.0, 0.02], 0.035
        ),
    )


def block_uses(blocks: Blocks, district: Int64Array, seed: int) -> Int64Array:
    """(B,) `Use` of each block: the district's, with a few strangers, parks and small squares."""
    centres = np.round(blocks.cells.centres()).astype(np.int64)
    chance = fractions(seed, 31, centres[:, 0], centres[:, 1])
    own = district[blocks.macro]
    stray = np.select(
        [own == Use.PERIMETER, own == Use.ROWS, own == Use.VILLAS],
        [Use.SLABS, Use.PERIMETER, Use.ROWS],
        default=own,
    )
    uses = np.where(chance < 0.07, stray, own)
    small: BoolArray = blocks.cells.areas() < 700.0
    open_square = (own == Use.OLD) & (chance > 0.965)
    uses = np.where((open_square | small) & (own != Use.FIELD), Use.SQUARE, uses)
    return np.where(blocks.park, Use.PARK, uses).astype(np.int64)
