"""How much detail a symbol gets: by its distance, and by how crowded it is on the screen."""

from __future__ import annotations

import enum

import numpy as np

from scenes.view import View
from twin.arrays import BoolArray, Float64Array, UInt8Array

#: Sizes of a logical pixel at the symbol, metres, up to which it is near, or half way.
NEAR_M_PER_PX, MIDDLE_M_PER_PX = 0.26, 0.75
#: A cell of the screen with more symbols than this shows them as dots.
CROWD_CELL_PX, CROWD = 88.0, 3


class Detail(enum.IntEnum):
    """What a symbol is drawn as while nothing is wrong with it."""

    FAR = 0  # at most a tiny dot
    MIDDLE = 1  # a dot; a small icon for the important kinds
    NEAR = 2  # an icon


def details_of(view: View, pixels: Float64Array, inside: BoolArray) -> UInt8Array:
    """(N,) `Detail` of things that `View.project` put at ``pixels`` (N, 3)."""
    per_px = view.metres_per_px(1.0) * pixels[:, 2] * view.pixel_ratio
    details = np.full(len(pixels), Detail.FAR, np.uint8)
    details[per_px < MIDDLE_M_PER_PX] = Detail.MIDDLE
    near = inside & (per_px < NEAR_M_PER_PX)
    crowded = crowds(pixels, inside, CROWD_CELL_PX * view.pixel_ratio) > CROWD
    details[near & ~crowded] = Detail.NEAR
    return details


def crowds(pixels: Float64Array, inside: BoolArray, cell_px: float) -> np.ndarray:
    """(N,) how many of those ``inside`` share the cell of each; 0 for the others."""
    counts = np.zeros(len(pixels), np.int64)
    rows = np.flatnonzero(inside)
    _, cell, n = np.unique(_cells(pixels[rows], cell_px), return_inverse=True, return_counts=True)
    counts[rows] = n[cell]
    return counts


def chosen(
    pixels: Float64Array, inside: BoolArray, weight: Float64Array, cell_px: float
) -> BoolArray:
    """(N,) bool: the weightiest, then nearest, symbol of each cell of the screen."""
    rows = np.flatnonzero(inside)
    order = rows[np.lexsort((pixels[rows, 2], -weight[rows]))]
    _, first = np.unique(_cells(pixels[order], cell_px), return_index=True)
    kept = np.zeros(len(pixels), bool)
    kept[order[first]] = True
    return kept


def _cells(pixels: Float64Array, cell_px: float) -> np.ndarray:
    cells = np.floor(pixels[:, :2] / cell_px).astype(np.int64)
    numbers: np.ndarray = cells[:, 0] * 100_003 + cells[:, 1]
    return numbers
