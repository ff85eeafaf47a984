"""The bones of the city: a central square, rings and radial avenues, and the districts between."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.arrays import Float64Array, Int64Array
from twin.generate.polygons import Polygons, joined, padded

SPOKES = 7
#: Keys 1 to 7 are the avenues that start at the central square.
AVENUE_KEYS = SPOKES + 1
SQUARE_M = 46.0
#: A ring's chords grow longer than this: the next ring has twice as many avenues.
LONGEST_CHORD_M = 640.0


@dataclass(frozen=True, slots=True)
class StreetLines:
    """Straight street pieces, one row a label.

    Attributes
    ----------
    starts, directions : (L, 2) a point and the unit direction
    widths_m : (L,) between the pavements' inner edges
    ranks : (L,) 0 avenue or ring, 1 main street, 2 street, 3 old lane, 4 embankment
    keys : (L,) equal for pieces of one street
    """

    starts: Float64Array
    directions: Float64Array
    widths_m: Float64Array
    ranks: Int64Array
    keys: Int64Array

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True, slots=True)
class Macro:
    """Districts' cells before they are split into blocks.

    Attributes
    ----------
    cells : Polygons, labelled with rows of ``lines``
    rings, spokes, n_spokes : (C,) place of each cell; ring 0 is the central square
    reach : (C,) 0 in the middle to 1 at the outermost ring
    old : (C,) bool, inside the old town
    """

    cells: Polygons
    lines: StreetLines
    rings: Int64Array
    spokes: Int64Array
    n_spokes: Int64Array
    reach: Float64Array
    old: Int64Array


def lines_of(parts: list[StreetLines]) -> StreetLines:
    """One table of several."""
    return StreetLines(
        np.concatenate([p.starts for p in parts]),
        np.concatenate([p.directions for p in parts]),
        np.concatenate([p.widths_m for p in parts]),
        np.concatenate([p.ranks for p in parts]),
        np.concatenate([p.keys for p in parts]),
    )


def chords(
    a: Float64Array, b: Float64Array, width_m: float, rank: int, keys: Int64Array
) -> StreetLines:
    """Lines from points to points."""
    step = b - a
    direction = step / np.hypot(step[:, 0], step[:, 1])[:, None]
    n = len(a)
    return StreetLines(a, direction, np.full(n, width_m), np.full(n, rank), keys)


def ring_radii(old_radius_m: float, radius_m: float) -> tuple[list[float], int]:
    """Radii of the rings, and how many of them lie in the old town."""
    n_old = max(2, round((old_radius_m - SQUARE_M) / 82.0))
    radii = list(np.linspace(SQUARE_M, old_radius_m, n_old + 1))
    step = 270.0
    while radii[-1] < radius_m:
        radii.append(radii[-1] + step)
        step = min(step * 1.12, 620.0)
    return [float(r) for r in radii], n_old


def macro_of(old_radius_m: float, radius_m: float, rng: np.random.Generator) -> Macro:
    """Lay out rings and avenues until `radius_m` is covered."""
    radii, n_old = ring_radii(old_radius_m, radius_m)
    builder = _Builder(rng=rng, n_old=n_old)
    builder.begin(radii[0])
    for ring in range(1, len(radii)):
        builder.annulus(ring, radii[ring - 1], radii[ring])
    return builder.finish()


class _Builder:
    """Grows the rings outwards."""

    def __init__(self, *, rng: np.random.Generator, n_old: int) -> None:
        self._rng = rng
        self._n_old = n_old
        self._parts: list[Polygons] = []
        self._lines: list[StreetLines] = []
        self._places: list[Int64Array] = []
        self._n_lines = 0
        self._angles = np.zeros(0)
        self._nodes = np.zeros((0, 2))
        self._ring_labels = np.zeros(0, dtype=np.int64)
        self._avenues = np.zeros(0, dtype=np.int64)
        self._next_key = 0

    def begin(self, radius_m: float) -> None:
        """The central square."""
        step = 2 * math.pi / SPOKES
        self._angles = np.arange(SPOKES) * step + self._rng.uniform(-0.16, 0.16, SPOKES) * step
        self._nodes = self._polar(radius_m, 0.05)
        self._ring_labels = self._add_ring(width_m=10.0, rank=3)
        self._avenues = self._fresh(SPOKES)
        square = padded(self._nodes[None], self._ring_labels[None])
        self._parts.append(square)
        self._places.append(np.array([[0, 0, SPOKES]]))

    def annulus(self, ring: int, inner_m: float, outer_m: float) -> None:
        """One ring of cells between two ring streets."""
        chord = 2 * math.pi * inner_m / len(self._angles)
        if chord > LONGEST_CHORD_M * (0.55 if ring > self._n_old else 0.4):
            self._double()
        inner, inner_labels = self._nodes, self._ring_labels
        n, old = len(self._angles), ring <= self._n_old
        turn = self._rng.uniform(-0.05, 0.05, n) * 2 * math.pi / n
        self._angles = self._angles + turn
        self._nodes = self._polar(outer_m, 0.035 if old else 0.05 * (outer_m - inner_m) / outer_m)
        gate = ring == self._n_old
        width, rank = (24.0, 0) if gate else (9.0, 3) if old else (20.0, 0)
        self._ring_labels = self._add_ring(width_m=width, rank=rank)
        spokes = chords(inner, self._nodes, 12.0 if old else 22.0, 0, self._avenues)
        sides = self._n_lines + np.arange(n)
        self._add(spokes)
        after = np.roll(np.arange(n), -1)
        corners = np.stack([inner, self._nodes, self._nodes[after], inner[after]], axis=1)
        labels = np.stack([sides, self._ring_labels, sides[after], inner_labels], axis=1)
        self._parts.append(padded(corners, labels))
        self._places.append(np.column_stack([np.full(n, ring), np.arange(n), np.full(n, n)]))

    def finish(self) -> Macro:
        """The layout."""
        places = np.concatenate(self._places)
        rings = places[:, 0]
        return Macro(
            cells=joined(self._parts),
            lines=lines_of(self._lines),
            rings=rings,
            spokes=places[:, 1],
            n_spokes=places[:, 2],
            reach=rings / rings.max(),
            old=(rings <= self._n_old).astype(np.int64),
        )

    def _double(self) -> None:
        """Twice as many avenues: new ones begin half-way along the ring's chords."""
        nodes, after = self._nodes, np.roll(self._nodes, -1, axis=0)
        gaps = np.roll(self._angles, -1) - self._angles
        gaps[-1] += 2 * math.pi
        self._angles = np.stack([self._angles, self._angles + gaps / 2], axis=1).ravel()
        self._nodes = np.stack([nodes, (nodes + after) / 2], axis=1).reshape(-1, 2)
        self._ring_labels = np.repeat(self._ring_labels, 2)
        self._avenues = np.stack([self._avenues, self._fresh(len(nodes))], axis=1).ravel()

    def _polar(self, radius_m: float, noise: float) -> Float64Array:
        radius = radius_m * (1 + self._rng.uniform(-noise, noise, len(self._angles)))
        return np.column_stack([radius * np.cos(self._angles), radius * np.sin(self._angles)])

    def _add_ring(self, *, width_m: float, rank: int) -> Int64Array:
        labels = self._n_lines + np.arange(len(self._nodes))
        keys = np.repeat(self._fresh(1), len(self._nodes))
        self._add(chords(self._nodes, np.roll(self._nodes, -1, axis=0), width_m, rank, keys))
        return labels

    def _add(self, lines: StreetLines) -> None:
        self._lines.append(lines)
        self._n_lines += len(lines)

    def _fresh(self, n: int) -> Int64Array:
        keys = self._next_key + np.arange(n)
        self._next_key += n
        return keys
