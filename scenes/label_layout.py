"""Blocks of text as ready rectangles, and the greedy choice of those that do not overlap."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scenes.atlas import Atlas, Font
from scenes.billboards import Quads, joined, text_quads, text_width_px
from scenes.view import View
from twin.arrays import BoolArray, Float64Array

#: left, top, right, bottom in device pixels from the top left
LabelBox = tuple[int, int, int, int]
Rgb = tuple[float, float, float]
MOST_BLOCKS = 3000
_CELL_PX = 4
_MARGIN_PX = 2
#: Half the room a symbol needs, logical pixels.
SYMBOL_REACH_PX = 9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextBlock:
    """One or two lines; pixels relative to the anchor, y up."""

    quads: Quads
    left_px: float
    right_px: float
    bottom_px: float
    top_px: float

    def quads_at(self, anchor: Float64Array, offset_px: tuple[float, float]) -> Quads:
        """The same letters at an anchor."""
        n = len(self.quads)
        return Quads(
            anchors=np.tile(np.asarray(anchor, np.float32), (n, 1)),
            corners_px=self.quads.corners_px + np.array(offset_px, np.float32),
            texels=self.quads.texels,
            fill=self.quads.fill,
            halo=self.quads.halo,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """How one line of a label is written."""

    text: str
    font: Font = "body"
    is_muted: bool = False
    spacing_px: float = 0.0


class TextCache:
    """Blocks made before, least recently used ones dropped. GUI thread."""

    def __init__(self, atlas: Atlas, fill: Rgb, muted: Rgb, halo: Rgb) -> None:
        self._atlas = atlas
        self._fill, self._muted, self._halo = fill, muted, halo
        self._blocks: OrderedDict[tuple[tuple[Line, ...], bool], TextBlock] = OrderedDict()

    def block(self, lines: tuple[Line, ...], *, centred: bool = False) -> TextBlock:
        """Lines under each other, around the height of the anchor."""
        key = (lines, centred)
        block = self._blocks.pop(key, None) or self._made(lines, centred)
        self._blocks[key] = block
        if len(self._blocks) > MOST_BLOCKS:
            self._blocks.popitem(last=False)
        return block

    def _made(self, lines: tuple[Line, ...], centred: bool) -> TextBlock:
        atlas, ratio = self._atlas, self._atlas.pixel_ratio
        step = atlas.line_height_px("body")
        total = step * len(lines)
        parts = []
        widest = 0.0
        for row, line in enumerate(lines):
            spacing = line.spacing_px * ratio
            parts.append(
                text_quads(
                    atlas,
                    line.text,
                    (0, 0, 0),
                    (0.0, total / 2 - step * (row + 0.75)),
                    (*(self._muted if line.is_muted else self._fill), 1.0),
                    (*self._halo, 0.9),
                    font=line.font,
                    align=0.5 if centred else 0.0,
                    spacing_px=spacing,
                )
            )
            widest = max(widest, text_width_px(atlas, line.text, line.font, spacing))
        left = -widest / 2 if centred else 0.0
        return TextBlock(
            quads=joined(parts),
            left_px=left,
            right_px=left + widest,
            bottom_px=-total / 2,
            top_px=total / 2,
        )


def place_labels(
    pixels: Float64Array,
    blocks: Sequence[TextBlock],
    offsets_px: Sequence[tuple[float, float]],
    view: View,
    most: int,
    symbols_px: Float64Array,
    n_important: int = 0,
    margin_px: Sequence[int] | None = None,
    kept_free_px: Float64Array | None = None,
    reserved: Sequence[LabelBox] = (),
) -> list[tuple[int, LabelBox]]:
    """Rows (and boxes) of the labels that fit, taken in the order given.

    A coarse raster of the screen remembers what is taken, so each test costs one small slice.

    Parameters
    ----------
    symbols_px : (S, 2) middles of symbols, which only the first ``n_important`` labels may cover
    margin_px : free room around each label, 2 device pixels unless told
    kept_free_px : (F, 2) middles of symbols that no label may cover
    reserved : boxes that belong to others (compass, scale, legend)
    """
    width, height = view.size_px
    taken = np.zeros((height // _CELL_PX + 2, width // _CELL_PX + 2), bool)
    symbols = taken.copy()
    if kept_free_px is not None:
        _take_symbols(taken, kept_free_px, view.pixel_ratio)
    _take_symbols(symbols, symbols_px, view.pixel_ratio)
    for left, top, right, bottom in reserved:
        taken[
            max(top, 0) // _CELL_PX : max(bottom, 0) // _CELL_PX + 1,
            max(left, 0) // _CELL_PX : max(right, 0) // _CELL_PX + 1,
        ] = True
    kept: list[tuple[int, LabelBox]] = []
    for row, block in enumerate(blocks):
        if len(kept) >= most:
            break
        x, y, depth = pixels[row]
        if not (depth > 0 and np.isfinite(x) and np.isfinite(y)):  # behind, or nowhere at all
            continue
        x, y = x + offsets_px[row][0], y - offsets_px[row][1]
        margin = _MARGIN_PX if margin_px is None else margin_px[row]
        box = (
            int(x + block.left_px) - margin,
            int(y - block.top_px) - margin,
            int(x + block.right_px) + margin,
            int(y - block.bottom_px) + margin,
        )
        if box[0] < 0 or box[1] < 0 or box[2] >= width or box[3] >= height:
            continue
        cells = (
            slice(box[1] // _CELL_PX, box[3] // _CELL_PX + 1),
            slice(box[0] // _CELL_PX, box[2] // _CELL_PX + 1),
        )
        if taken[cells].any() or (row >= n_important and symbols[cells].any()):
            continue
        taken[cells] = True
        kept.append((row, box))
    return kept


def _take_symbols(taken: BoolArray, symbols_px: Float64Array, ratio: float) -> None:
    reach = int(SYMBOL_REACH_PX * ratio) // _CELL_PX
    rows, columns = taken.shape
    cells = np.floor(np.nan_to_num(symbols_px, nan=-1e6) / _CELL_PX).astype(np.int64)
    near = (cells > -reach - 1) & (cells < np.array([columns, rows]) + reach)
    cells = cells[near.all(axis=1)]
    for dx in range(-reach, reach + 1):
        for dy in range(-reach, reach + 1):
            x, y = cells[:, 0] + dx, cells[:, 1] + dy
            inside = (x >= 0) & (y >= 0) & (x < columns) & (y < rows)
            taken[y[inside], x[inside]] = True
