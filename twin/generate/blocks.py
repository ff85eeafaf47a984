"""From districts to blocks: split by street lines, then cut by the river."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.generate.chance import fractions
from twin.generate.macro import Macro, StreetLines, lines_of
from twin.generate.polygons import Level, Polygons, clip, joined
from twin.generate.river import River

#: A piece is split while it is this much longer than a block of its district.
SPLIT_RATIO = 1.45
PROMENADE_M = 26.0
#: Keys of streets made by splitting start here; those of rings and avenues lie below.
FIRST_SPLIT_KEY = 1 << 20
_STEPS = 64  # grid lines of one direction in a district, at most


@dataclass(frozen=True, slots=True)
class DistrictPlan:
    """How one macro cell is divided, one row a cell.

    Attributes
    ----------
    axes, origins : (C, 2) grid direction and a grid point
    spacings_m : (C, 2) block length along the axis and across it
    wild : (C,) bool, crooked lines instead of a grid
    park_share : (C,) chance that a large piece stays a park
    """

    axes: Float64Array
    origins: Float64Array
    spacings_m: Float64Array
    wild: BoolArray
    park_share: Float64Array


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks, up to the middle of their streets, one row each.

    Attributes
    ----------
    cells : Polygons, labelled with rows of ``lines``
    macro : (B,) macro cell of each
    park : (B,) bool, left whole as a park
    riverside : (B,) bool, touches the embankment
    """

    cells: Polygons
    lines: StreetLines
    macro: Int64Array
    park: BoolArray
    riverside: BoolArray

    def take(self, rows: Int64Array | BoolArray) -> Blocks:
        """Some of the blocks (the lines stay)."""
        return Blocks(
            self.cells.take(rows),
            self.lines,
            self.macro[rows],
            self.park[rows],
            self.riverside[rows],
        )


def split_into_blocks(macro: Macro, plan: DistrictPlan, seed: int) -> Blocks:
    """Split every district until its pieces have block size."""
    lines = [macro.lines]
    n_lines = len(macro.lines)
    cells, owner = macro.cells, np.arange(len(macro.cells))
    done: list[Polygons] = []
    done_owner: list[Int64Array] = []
    done_park: list[BoolArray] = []
    for depth in range(40):
        cut = _cuts(cells, owner, plan, seed + depth)
        parks = _parks(cells, owner, plan, seed) & (depth > 0) & ~cut.too_big_for_park
        going = cut.wanted & ~parks
        done.append(cells.take(~going))
        done_owner.append(owner[~going])
        done_park.append(parks[~going])
        if not going.any():
            break
        cells, owner = cells.take(going), owner[going]
        labels = n_lines + np.arange(len(cells))
        lines.append(cut.lines_of(going))
        n_lines += len(cells)
        values = cut.levels(cells, going)
        cells = joined([clip(cells, values, labels), clip(cells, -values, labels)])
        owner = np.concatenate([owner, owner])
    every = joined(done)
    none = np.zeros(len(every), dtype=bool)
    return Blocks(
        every, lines_of(lines), np.concatenate(done_owner), np.concatenate(done_park), none
    )


@dataclass(frozen=True, slots=True)
class _Cuts:
    """Where each piece would be cut: the line normal . x = position."""

    wanted: BoolArray
    normals: Float64Array
    positions: Float64Array
    ranks: Int64Array
    keys: Int64Array
    wild: BoolArray
    too_big_for_park: BoolArray

    def levels(self, cells: Polygons, rows: BoolArray) -> Float64Array:
        across: Float64Array = np.einsum("pkc,pc->pk", cells.xy, self.normals[rows])
        return across - self.positions[rows, None]

    def lines_of(self, rows: BoolArray) -> StreetLines:
        normal = self.normals[rows]
        ranks = self.ranks[rows]
        widths = np.where(self.wild[rows], 8.0, np.where(ranks == 1, 16.0, 11.5))
        return StreetLines(
            normal * self.positions[rows, None],
            np.stack([-normal[:, 1], normal[:, 0]], axis=1),
            widths,
            np.where(self.wild[rows], 3, ranks),
            self.keys[rows],
        )


def _cuts(cells: Polygons, owner: Int64Array, plan: DistrictPlan, seed: int) -> _Cuts:
    axis = plan.axes[owner]
    perp = np.stack([-axis[:, 1], axis[:, 0]], axis=1)
    local = cells.xy - plan.origins[owner][:, None]
    low, high = [], []
    for direction in (axis, perp):
        along = np.einsum("pkc,pc->pk", local, direction)
        low.append(along.min(axis=1))
        high.append(along.max(axis=1))
    ratios = np.stack([b - a for a, b in zip(low, high, strict=True)], 1) / plan.spacings_m[owner]
    side = (ratios[:, 1] > ratios[:, 0]).astype(np.int64)
    rows = np.arange(len(cells))
    ratio, spacing = ratios[rows, side], plan.spacings_m[owner, side]
    floor, top = np.stack(low, 1)[rows, side], np.stack(high, 1)[rows, side]
    wild = plan.wild[owner]
    middle = (floor + top) / 2
    step, position = _grid_line(middle, spacing, owner, side)
    own = wild | (position < floor + 0.42 * spacing) | (position > top - 0.42 * spacing)
    chance = fractions(seed, owner, np.round(middle * 16))
    position = np.where(own, middle + (chance - 0.5) * 0.22 * (top - floor), position)
    normal = np.where((side == 0)[:, None], axis, perp)
    normal = _turned(
        normal, np.where(wild, (fractions(seed + 7, np.round(middle * 16)) - 0.5) * 0.36, 0)
    )
    anchor = plan.origins[owner] + np.where((side == 0)[:, None], axis, perp) * position[:, None]
    anchor = np.where(wild[:, None], cells.centres(), anchor)
    grid_key = FIRST_SPLIT_KEY + (owner * 2 + side) * _STEPS + step % _STEPS
    own_key = (1 << 50) + seed * (1 << 24) + rows
    return _Cuts(
        wanted=ratio > SPLIT_RATIO,
        normals=normal,
        positions=np.einsum("pc,pc->p", anchor, normal),
        ranks=np.where(ratio > 3.1, 1, 2),
        keys=np.where(own, own_key, grid_key),
        wild=wild,
        too_big_for_park=ratio > 2.9,
    )


def _grid_line(
    middle: Float64Array, spacing: Float64Array, owner: Int64Array, side: Int64Array
) -> tuple[Int64Array, Float64Array]:
    """Number and place of the grid line nearest the middle; lines stand at uneven distances."""
    step = np.round(middle / spacing).astype(np.int64)
    return step, (step + 0.34 * (fractions(owner, side, step) - 0.5)) * spacing


def _turned(vectors: Float64Array, angle_rad: Float64Array) -> Float64Array:
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    return np.stack(
        [c * vectors[:, 0] - s * vectors[:, 1], s * vectors[:, 0] + c * vectors[:, 1]], axis=1
    )


def _parks(cells: Polygons, owner: Int64Array, plan: DistrictPlan, seed: int) -> BoolArray:
    """Pieces of a few blocks that stay green."""
    blocks = cells.areas() / plan.spacings_m[owner].prod(axis=1)
    chance = fractions(seed + 99, owner, np.round(cells.xy[:, 0, 0]), np.round(cells.xy[:, 0, 1]))
    park: BoolArray = (blocks > 1.6) & (blocks < 7) & (chance < plan.park_share[owner])
    return park


def cut_by_river(blocks: Blocks, river: River) -> Blocks:
    """Take the river and its banks out of the blocks; the cut edges become embankments."""
    lines = blocks.lines
    left_bank = river.half_width_m + PROMENADE_M
    along = np.repeat(river.along[None], 2, axis=0)
    banks = StreetLines(
        np.zeros((2, 2)), along, np.full(2, 18.0), np.full(2, 4), np.array([1 << 60, (1 << 60) + 1])
    )
    sides = river.side_m(blocks.cells.xy.reshape(-1, 2)).reshape(blocks.cells.xy.shape[:2])
    nearest = np.abs(sides).min(axis=1)
    crossed = (sides.max(axis=1) > 0) != (sides.min(axis=1) > 0)
    touched = crossed | (nearest < left_bank)
    dry, wet = blocks.take(~touched), blocks.take(touched)
    parts = [dry]
    for bank, sign in enumerate((1.0, -1.0)):
        label = np.full(len(wet.cells), len(lines) + bank)
        level = _bank_level(river, sign, left_bank)
        values = sign * sides[touched] - left_bank
        cells = clip(wet.cells, values, label, level)
        kept = (cells.counts >= 3) & (cells.areas() > 30.0)
        cut = (cells.labels == len(lines) + bank).any(axis=1)
        parts.append(Blocks(cells.take(kept), lines, wet.macro[kept], wet.park[kept], cut[kept]))
    return Blocks(
        joined([p.cells for p in parts]),
        lines_of([lines, banks]),
        np.concatenate([p.macro for p in parts]),
        np.concatenate([p.park for p in parts]),
        np.concatenate([p.riverside for p in parts]),
    )


def _bank_level(river: River, sign: float, bank_m: float) -> Level:
    def level(xy: Float64Array) -> Float64Array:
        return sign * river.side_m(xy) - bank_m

    return level
