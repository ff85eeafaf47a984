"""What symbols are on the screen, so that a click finds them before the buildings behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from scenes.pick import Pick
from scenes.view import View
from twin.arrays import Float32Array, Float64Array, Int64Array

GRAB_PX = 13.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SymbolSet:
    """Symbols of one layer.

    Attributes
    ----------
    xyz_local_m : (N, 3) float32, their anchors
    ids : N ids of things, units, marks, alarms or incidents
    lift_px : how far above its anchor the middle of a symbol is drawn, logical pixels
    grab_px : how near a click must be, logical pixels
    """

    kind: Literal["thing", "unit", "mark", "alarm", "incident"]
    xyz_local_m: Float32Array
    ids: Sequence[str]
    lift_px: float = 0.0
    grab_px: float = GRAB_PX


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Badges:
    """Numbers in place of crowded symbols.

    Attributes
    ----------
    middles_local_m : (k, 3) float32
    counts : (k,) how many each stands for
    spreads_m : (k,) how far those lie from its middle at most
    """

    middles_local_m: Float32Array
    counts: Int64Array
    spreads_m: Float64Array


NO_BADGES = Badges(
    middles_local_m=np.zeros((0, 3), np.float32),
    counts=np.zeros(0, np.int64),
    spreads_m=np.zeros(0),
)


class SymbolIndex:
    """The symbols of all layers, by layer. GUI thread."""

    def __init__(self) -> None:
        self._sets: dict[str, SymbolSet] = {}
        #: Ids of things that a badge stands for now; their own symbols are left out.
        self.stood_for: frozenset[str] = frozenset()

        self._badges = NO_BADGES

    def stand_for(self, ids: frozenset[str], badges: Badges | None = None) -> None:
        """Say which things badges stand for, and where those are: no label covers them."""
        self.stood_for = ids
        self._badges = badges or NO_BADGES

    def put(self, layer_id: str, symbols: SymbolSet) -> None:
        """Replace the symbols of a layer."""
        self._sets[layer_id] = symbols

    def remove(self, layer_id: str) -> None:
        """Forget the symbols of a layer."""
        self._sets.pop(layer_id, None)

    def ids(self, layer_id: str) -> Sequence[str]:
        """Ids of the symbols that a layer shows now."""
        symbols = self._sets.get(layer_id)
        return () if symbols is None else symbols.ids

    def pixels(self, view: View) -> Float64Array:
        """(N, 2) middles of full symbols in front of the eye, device pixels from the top left.

        Dots, which are grabbed from nearer than `GRAB_PX`, are left out.
        """
        badges = view.project(self._badges.middles_local_m)
        parts = [badges[badges[:, 2] > 0, :2]]
        for symbols in self._sets.values():
            if symbols.grab_px < GRAB_PX:
                continue
            projected = view.project(symbols.xyz_local_m)
            parts.append(projected[projected[:, 2] > 0, :2])
        return np.concatenate(parts)

    def nearest(self, view: View, x_px: float, y_px: float) -> Pick | None:
        """The symbol under a pixel (the nearest to it within reach), None when there is none."""
        best_px = np.inf
        found: Pick | None = None
        for symbols in self._sets.values():
            if not len(symbols.ids):
                continue
            pixels = view.project(symbols.xyz_local_m)
            away = np.hypot(
                pixels[:, 0] - x_px, pixels[:, 1] - symbols.lift_px * view.pixel_ratio - y_px
            )
            away[(pixels[:, 2] <= 0) | np.isnan(away)] = np.inf
            row = int(away.argmin())
            if away[row] < min(best_px, symbols.grab_px * view.pixel_ratio):
                best_px, found = float(away[row]), _pick(symbols, row)
        return found or self._badge_at(view, x_px, y_px)

    def _badge_at(self, view: View, x_px: float, y_px: float) -> Pick | None:
        """The foremost badge under a pixel."""
        badges = self._badges
        pixels = view.project(badges.middles_local_m)
        away = np.hypot(pixels[:, 0] - x_px, pixels[:, 1] - y_px)
        hit = np.flatnonzero((pixels[:, 2] > 0) & (away < GRAB_PX * view.pixel_ratio))
        if not len(hit):
            return None
        row = int(hit[np.argmin(pixels[hit, 2])])
        x, y, z = (float(c) for c in badges.middles_local_m[row])
        return Pick(
            xyz_local_m=(x, y, z),
            n_stood_for=int(badges.counts[row]),
            spread_m=float(badges.spreads_m[row]),
        )


def _pick(symbols: SymbolSet, row: int) -> Pick:
    x, y, z = (float(c) for c in symbols.xyz_local_m[row])
    if symbols.kind == "unit":
        return Pick(xyz_local_m=(x, y, z), unit_id=symbols.ids[row])
    if symbols.kind == "mark":
        return Pick(xyz_local_m=(x, y, z), mark_id=symbols.ids[row])
    if symbols.kind == "alarm":
        return Pick(xyz_local_m=(x, y, z), alarm_id=symbols.ids[row])
    if symbols.kind == "incident":
        return Pick(xyz_local_m=(x, y, z), incident_id=symbols.ids[row])
    return Pick(xyz_local_m=(x, y, z), thing_id=symbols.ids[row])
