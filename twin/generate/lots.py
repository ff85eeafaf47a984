"""Buildings' footprints: quads along the fronts of each block, in rows round a courtyard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin.arrays import BoolArray, Float64Array, Int64Array
from twin.generate.chance import fractions
from twin.generate.polygons import inset, ring_areas
from twin.generate.zoning import N_BUILT, Use, rule_column


@dataclass(frozen=True, slots=True)
class Lots:
    """Footprint quads, ordered by block. A building has one quad, or two at a corner.

    Attributes
    ----------
    quads : (Q, 4, 2) float64, counter-clockwise: front start, front end, back end, back start
    block, slot : (Q,) block and the edge of its cell in front
    building : (Q,) 0.., rising with the block
    shared_start, shared_end : (Q,) bool, that side is inside the same building
    """

    quads: Float64Array
    block: Int64Array
    slot: Int64Array
    building: Int64Array
    shared_start: BoolArray
    shared_end: BoolArray

    def take(self, rows: BoolArray) -> Lots:
        """Some of the quads."""
        return Lots(
            self.quads[rows],
            self.block[rows],
            self.slot[rows],
            self.building[rows],
            self.shared_start[rows],
            self.shared_end[rows],
        )


def lots_of(plots: Float64Array, fits: BoolArray, uses: Int64Array, seed: int) -> Lots:
    """Lay rows of buildings along the edges of plots.

    Parameters
    ----------
    plots : (B, K, 2) blocks between the kerbs
    fits : (B,) which of them exist
    uses : (B,) `Use`
    """
    fronts = _fronts(plots, fits, uses)
    counts = fronts.counts
    total = int(counts.sum())
    edge = np.repeat(np.arange(counts.size), counts.ravel())
    first = np.concatenate([[0], np.cumsum(counts.ravel())])
    place = np.arange(total) - first[edge]
    low, high = fronts.cuts(edge, place, seed)
    block, slot = edge // plots.shape[1], edge % plots.shape[1]
    leader = _leaders(fronts, uses, edge, place, first)
    building = np.unique(leader, return_inverse=True)[1].reshape(-1)
    closed = fronts.closed[block]
    last = place == counts.ravel()[edge] - 1
    paired = np.bincount(building, minlength=1)[building] > 1 if total else closed
    civic = uses[block] == Use.CIVIC
    return Lots(
        fronts.quads(edge, low, high),
        block,
        slot,
        building.astype(np.int64),
        closed & paired & ((place == 0) | civic),
        closed & paired & ((last & (place > 0)) | civic),
    )


@dataclass(frozen=True, slots=True)
class _Fronts:
    """The building line of every plot edge, (B, K) each."""

    start: Float64Array
    along: Float64Array
    length: Float64Array
    low: Float64Array
    high: Float64Array
    depth: Float64Array
    counts: Int64Array
    closed: BoolArray
    gap: Float64Array

    def cuts(
        self, edge: Int64Array, place: Int64Array, seed: int
    ) -> tuple[Float64Array, Float64Array]:
        """Begin and end of each building along its front."""
        slots = self.counts.shape[1]
        block = edge // slots
        low, high = self.low.ravel()[edge], self.high.ravel()[edge]
        length, count = self.length.ravel()[edge], self.counts.ravel()[edge]
        corner = np.minimum(2.6, (high - low) / 2)
        step = (high - low - 2 * corner) / np.maximum(count - 2, 1)

        def party(j: Int64Array) -> Float64Array:
            shift = np.where((j > 1) & (j < count - 1), fractions(seed, 41, edge, j) - 0.5, 0.0)
            middle = low + corner + (j - 1 + 0.4 * shift) * step
            middle = np.where(count == 2, (low + high) / 2, middle)
            return np.where(j == 0, 0.0, np.where(j == count, length, middle))

        pitch = (high - low) / np.maximum(count, 1)
        gap = np.minimum(self.gap[block], 0.35 * pitch)
        free_low = low + place * pitch + gap / 2
        free_high = low + (place + 1) * pitch - gap / 2
        closed = self.closed[block]
        return np.where(closed, party(place), free_low), np.where(
            closed, party(place + 1), free_high
        )

    def quads(self, edge: Int64Array, low: Float64Array, high: Float64Array) -> Float64Array:
        """(Q, 4, 2) footprints."""
        slots = self.counts.shape[1]
        start, along = self.start.reshape(-1, 2)[edge], self.along.reshape(-1, 2)[edge]
        inward = np.stack([-along[:, 1], along[:, 0]], axis=1)
        floor, top = self.low.ravel()[edge], self.high.ravel()[edge]
        back = inward * self.depth[edge // slots][:, None]
        return np.stack(
            [
                start + along * low[:, None],
                start + along * high[:, None],
                start + along * np.clip(high, floor, top)[:, None] + back,
                start + along * np.clip(low, floor, top)[:, None] + back,
            ],
            axis=1,
        )


def _fronts(plots: Float64Array, fits: BoolArray, uses: Int64Array) -> _Fronts:
    shape = plots.shape[:2]
    edge_in = rule_column("pavement_m", uses) + rule_column("setback_m", uses)
    line, has_line = inset(plots, np.broadcast_to(edge_in[:, None], shape))
    step = np.roll(line, -1, axis=1) - line
    length = np.hypot(step[..., 0], step[..., 1])
    along = step / np.maximum(length, 1e-9)[..., None]
    mean_width = ring_areas(line) / np.maximum(length.sum(axis=1), 1e-9)
    depth = np.minimum(rule_column("depth_m", uses), 0.95 * mean_width)
    back, has_back = inset(line, np.broadcast_to(depth[:, None], shape))
    low = ((back - line) * along).sum(axis=-1)
    high = ((np.roll(back, -1, axis=1) - line) * along).sum(axis=-1)
    low, high = np.maximum(low, 0.0), np.minimum(high, length)
    closed = rule_column("closed", uses) > 0
    built = fits & has_line & has_back & (uses < N_BUILT) & (depth > 4.5)
    counts = _counts(low, high, length, uses, closed) * built[:, None]
    return _Fronts(
        line, along, length, low, high, depth, counts, closed, rule_column("gap_m", uses)
    )


def _counts(
    low: Float64Array,
    high: Float64Array,
    length: Float64Array,
    uses: Int64Array,
    closed: BoolArray,
) -> Int64Array:
    """(B, K) buildings along each front."""
    width, gap = rule_column("width_m", uses)[:, None], rule_column("gap_m", uses)[:, None]
    width = np.maximum(width, 1.0)
    free = high - low
    ring = np.where(free < 9.0, 1, 2 + np.round(np.maximum(free - 5.2, 0) / width))
    loose = np.floor((free + gap) / (width + gap))
    loose = np.where((loose < 1) & (free > 0.55 * width), 1, loose)
    counts = np.where(closed[:, None], ring, loose)
    usable = (free > 2.0) & (length > rule_column("shortest_m", uses)[:, None])
    return np.where(usable, counts, 0).astype(np.int64)


def _leaders(
    fronts: _Fronts, uses: Int64Array, edge: Int64Array, place: Int64Array, first: Int64Array
) -> Int64Array:
    """The quad whose building each quad belongs to."""
    slots = fronts.counts.shape[1]
    block = edge // slots
    own = np.arange(len(edge))
    following = _next_front(fronts.length, fronts.counts)
    target = following.ravel()[edge]
    last = (place == fronts.counts.ravel()[edge] - 1) & (place > 0)
    joins = fronts.closed[block] & last & (target >= 0)
    leader = np.where(joins, first[np.maximum(target, 0)], own)
    first_of_block = first[np.arange(len(uses)) * slots]
    return np.where(uses[block] == Use.CIVIC, first_of_block[block], leader)


def _next_front(length: Float64Array, counts: Int64Array) -> Int64Array:
    """(B, K) number of the edge after each, -1 where that one has no buildings."""
    n_blocks, slots = counts.shape
    alive = length > 0.01
    twice = np.concatenate([alive, alive], axis=1)
    index = np.where(twice, np.arange(2 * slots), 4 * slots)
    ahead = np.minimum.accumulate(index[:, ::-1], axis=1)[:, ::-1]
    ahead = ahead[:, 1 : slots + 1] % slots
    after = np.arange(n_blocks)[:, None] * slots + ahead
    return np.where(counts.ravel()[after] > 0, after, -1)
