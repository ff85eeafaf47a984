"""Rain as streaks over the part of the city that is looked at, as dense as its gauges report it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenes.layer import LayerType
from scenes.layers.heat_map import measured
from scenes.legend import Legend
from scenes.scene_input import SceneInput
from scenes.stage import Stage
from scenes.stems import Lines
from scenes.view import View
from twin.analysis.interpolation import Interpolation, raster_around
from twin.arrays import Float64Array, Int64Array
from twin.clock import NS_PER_S
from twin.theme import rgb_from_hex

PROPERTY = "rain"
REFRESH_NS = 2 * NS_PER_S
#: Cells of the field between the gauges along its longer side.
FIELD_CELLS = 96
#: Streaks along a side of the square around the middle of the picture: one a cell where it pours.
CELLS = 96
#: That square is so many distances of the eye wide.
WIDE = 1.9
#: Every cell has its streak from this rate on, mm/h; less than the least is dry.
MOST_MM_H, LEAST_MM_H = 25.0, 0.1
#: Where it rains at all so many cells have one, so that a drizzle is seen.
DRIZZLE = 0.08
#: Rates from which rain is called moderate, and heavy, mm/h (as weather services do).
MODERATE, HEAVY = 2.5, 7.6
_OPACITY = 0.55
#: A streak leans a little, so that it is seen from above too; the wind is not known.
_LEAN = 0.10


@dataclass(frozen=True, slots=True)
class RainState:
    """Settings of the rain."""

    reach_m: float = field(
        default=1200.0,
        metadata={"title": "Reach", "unit": "m", "min": 100.0, "max": 5000.0,
                  "help": "Further than this from every gauge no rain is drawn"},
    )  # fmt: skip


class RainVisual:
    """Still streaks: they stand for a rate, and cost a frame only when it or the view changes."""

    def build(self, stage: Stage) -> None:
        """Make the lines, none yet."""
        self._stage = stage
        self._lines = Lines(stage.foreground, 1.2 * stage.pixel_ratio, _OPACITY)
        water = np.array(rgb_from_hex(stage.theme.surface["water"]))
        shade = 1.0 if stage.theme.name == "dark" else 0.62
        self._rgb = np.round(255 * np.clip(water * shade, 0, 1)).astype(np.uint8)
        self._interpolation: Interpolation | None = None
        self._known: tuple[object, ...] = ()
        self._rates: Float64Array = np.empty((0, 0))
        self._moment: tuple[object, ...] = ()
        self._cells: tuple[object, ...] = ()
        self._drawn_ns = 0

    def update(self, given: SceneInput, view: View, state: RainState) -> bool:
        """Follow gauges and camera."""
        moment = (given.catalogue_version, state, given.version)
        is_recent = abs(given.now_ns - self._drawn_ns) < REFRESH_NS
        has_news = moment != self._moment
        if has_news and not (moment[:2] == self._moment[:2] and is_recent):
            self._moment, self._drawn_ns = moment, given.now_ns
            self._measure(given, state)
            self._cells = ()
        middle, cell_m = around(view, self._stage.ground_z_m)
        cells = (*middle, cell_m)
        if cells == self._cells:
            return False
        self._cells = cells
        self._draw(middle, cell_m)
        return True

    def set_visible(self, visible: bool) -> None:
        """Show or hide rain and legend."""
        self._lines.set_visible(visible)
        self._moment = self._cells = ()
        if not visible:
            self._stage.set_legend("rain", None)

    def dispose(self) -> None:
        """Let it stop."""
        self._stage.set_legend("rain", None)
        self._lines.dispose()

    def _measure(self, given: SceneInput, state: RainState) -> None:
        _slots, places, rates = measured(given, PROPERTY)
        self._tell(rates)
        if not len(rates):
            self._interpolation, self._known = None, ()
            return
        known = (places.tobytes(), state.reach_m)
        if known != self._known:
            self._known = known
            raster = raster_around(places[:, :2], state.reach_m, FIELD_CELLS)
            self._interpolation = Interpolation(
                places[:, :2], state.reach_m, "inverse distance", raster
            )
        if self._interpolation is not None:
            self._rates = self._interpolation.field(rates).astype(float)

    def _draw(self, middle: tuple[int, int], cell_m: float) -> None:
        cells = cells_around(middle)
        chance = noise_of(cells)
        places = (cells + 0.1 + 0.8 * chance[:, :2]) * cell_m
        share = shares_of(self._rates_at(places))
        falls = chance[:, 2] < share
        places, share, chance = places[falls], share[falls], chance[falls]
        height_m = 0.12 * CELLS * cell_m / WIDE  # well below the eye, unless that lies low
        length_m = cell_m * (0.8 + 1.2 * share)
        top = np.empty((len(places), 3))
        top[:, :2] = places
        top[:, 2] = self._stage.ground_z_m + length_m + chance[:, 3] * height_m
        foot = top.copy()
        foot[:, 0] += _LEAN * length_m
        foot[:, 2] -= length_m
        ends = np.stack([top, foot], axis=1).astype(np.float32)
        self._lines.set_lines(ends, np.tile(self._rgb, (len(ends), 1)))

    def _rates_at(self, places: Float64Array) -> Float64Array:
        """(n,) mm/h; NaN where no gauge is near."""
        rates = np.full(len(places), np.nan)
        if self._interpolation is None:
            return rates
        raster = self._interpolation.raster
        column = np.floor((places[:, 0] - raster.west_m) / raster.cell_m).astype(np.int64)
        row = np.floor((places[:, 1] - raster.south_m) / raster.cell_m).astype(np.int64)
        inside = (column >= 0) & (column < raster.n_columns) & (row >= 0) & (row < raster.n_rows)
        rates[inside] = self._rates[row[inside], column[inside]]
        return rates

    def _tell(self, rates: Float64Array) -> None:
        if not len(rates):
            self._stage.set_legend("rain", None)
            return
        most, n = float(rates.max()), len(rates)
        word = "dry" if most < LEAST_MM_H else "light"
        word = "moderate" if most >= MODERATE else word
        word = "heavy" if most >= HEAVY else word
        red, green, blue = (int(c) for c in self._rgb)
        classes = ((f"{word}: up to {most:.1f} mm/h", (red, green, blue)),)
        gauges = f"{n:,} gauge{'s' if n != 1 else ''}"
        note = f"inverse distance, {gauges}; no wind known"
        self._stage.set_legend("rain", Legend(title="Rain", classes=classes, note=note))


def around(view: View, ground_z_m: float) -> tuple[tuple[int, int], float]:
    """Cell in the middle of the picture and the side of a cell, both in steps.

    Cells are fixed to the ground, so that streaks stay where they are while the camera pans.
    """
    drop = -view.forward[2]
    height = max(float(view.eye_m[2]) - ground_z_m, 1.0)
    distance = min(height / max(drop, 0.05), 20.0 * height)
    # Sizes in steps of the root of two: the same streaks over a good part of a zoom.
    cell_m = float(2.0 ** (np.ceil(2.0 * np.log2(max(WIDE * distance / CELLS, 0.5))) / 2.0))
    focal = view.eye_m + view.forward * distance
    # Four cells at a time: not every step of the camera makes new lines.
    step = 4
    column, row = (int(np.floor(value / cell_m / step)) * step for value in focal[:2])
    return (column, row), cell_m


def cells_around(middle: tuple[int, int]) -> Int64Array:
    """(CELLS², 2) columns and rows."""
    span = np.arange(CELLS) - CELLS // 2
    columns, rows = np.meshgrid(span + middle[0], span + middle[1])
    return np.column_stack([columns.ravel(), rows.ravel()])


def noise_of(cells: Int64Array) -> Float64Array:
    """(n, 4) numbers from 0 to 1 that look random and are always the same for a cell."""
    mixed = (cells[:, 0] * 73_856_093) ^ (cells[:, 1] * 19_349_663)
    out = np.empty((len(cells), 4))
    for column in range(4):
        mixed = (mixed * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) & (2**63 - 1)
        out[:, column] = (mixed >> 20) % 1_000_003 / 1_000_003.0
    return out


def shares_of(rates_mm_h: Float64Array) -> Float64Array:
    """(n,) how many cells have a streak at a rate, 0 to 1; grows with the rate."""
    wet = np.nan_to_num(rates_mm_h) >= LEAST_MM_H
    full = np.sqrt(np.clip(np.nan_to_num(rates_mm_h) / MOST_MM_H, 0.0, 1.0))
    share = DRIZZLE + (1.0 - DRIZZLE) * full
    return np.where(wet, share, 0.0)


LAYER = LayerType(
    id="rain",
    title="Rain",
    state=RainState,
    visual=RainVisual,
    order=25,
    visible_at_start=False,
)
